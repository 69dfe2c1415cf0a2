"""Proofs of identity, sessions and notices that the stages of accounts share. It is no stage."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from newsletter.credentials import codes, passkeys
from newsletter.credentials.codes import hash_of, new_word
from newsletter.credentials.id_tokens import Identity
from newsletter.credentials.passwords import Busy, Passwords
from newsletter.domain.errors import Refused
from newsletter.domain.staff.account import (
    CHALLENGE_LIFETIME,
    RECOVERY_CODES,
    Credential,
    Limit,
    RelyingParty,
    Session,
    SignInBy,
    Stage,
    exceeded,
    limits_on_codes,
    methods_for,
)
from newsletter.domain.staff.role import DeskRules, Role
from newsletter.domain.subscribers.address import fold
from newsletter.domain.wording import moment, say
from newsletter.store.sql import Store, Transaction


class Refusal(Enum):
    """The reason for refusing a sign-in."""

    WRONG = "wrong"
    """The password, code or passkey is wrong."""
    TOO_OFTEN = "too often"
    """There were too many failures; whether it was right is not said."""
    UNFIT = "unfit"
    """The passkey's answer proves nothing."""
    COPIED = "copied"
    """A passkey counts fewer signatures than before: another device may have the same key."""
    UNNAMED = "unnamed"
    """The identity provider named no one with an account."""
    OVER = "over"
    """The step before was too long ago: sign in again."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """The origin of a request."""

    browser: str = ""
    network: str = ""
    """Empty where a proxy does not say."""
    device: str = ""
    """The cookie that the browser keeps of an earlier sign-in; anybody can make one up."""


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """The new session after a sign-in or a step-up."""

    address: str
    word: str
    """For the cookie; only its hash is kept."""
    stage: Stage


@dataclass(frozen=True, kw_only=True)
class PasswordCheck:
    """A password that was compared with an account's, and counted as a failure until it is not."""

    is_right: bool
    hashed: str
    counted: tuple[int, ...]
    """Takes the failure back."""


@dataclass(frozen=True, kw_only=True)
class PasskeyAnswer:
    """A browser's answer with a passkey, given instead of a code."""

    answer: str
    """JSON, as WebAuthn writes it (``AuthenticationResponseJSON``)."""
    party: RelyingParty


@dataclass(frozen=True, kw_only=True)
class Proofs:
    """``key`` is the workspace's key for salts and codes. It is not in the database."""

    store: Store
    key: bytes
    passwords: Passwords
    rules: DeskRules
    zone: str
    """In which emails to the staff say times."""
    issuer: str = ""
    """The identity provider of the staff; empty without one."""

    def ways_in(self, role: Role, credential: Credential | None = None) -> frozenset[SignInBy]:
        """Return how a person may sign in: with this credential, or else with a new account."""
        return methods_for(role, self.rules, self.issuer, credential)

    # --- sessions

    def begin(
        self,
        tx: Transaction,
        address: str,
        stage: Stage,
        place: Place,
        *,
        fresh_at: datetime | None = None,
    ) -> SignedIn:
        """Begin a session under a new token, and delete expired sessions.

        ``fresh_at`` is when a second factor was given.
        """
        tx.sessions.clear(tx.now)
        word = new_word()
        session = Session(
            hash=hash_of(word),
            address=address,
            created_at=tx.now,
            seen_at=tx.now,
            stepped_up_at=fresh_at,
            browser=place.browser,
            network=place.network,
            stage=stage,
        )
        tx.sessions.begin(session)
        if stage is Stage.WHOLE:
            tx.throttle.know(address, place.network, tx.now)
        return SignedIn(address=address, word=word, stage=stage)

    def renew(
        self, tx: Transaction, before: Session, place: Place, *, fresh: bool = True
    ) -> SignedIn:
        """Continue a session in the same browser under a new token, without extending it."""
        tx.sessions.end(before.hash)
        word = new_word()
        tx.sessions.begin(
            Session(
                hash=hash_of(word),
                address=before.address,
                # one that was only half counts its days from when it is whole
                created_at=before.created_at if before.stage is Stage.WHOLE else tx.now,
                seen_at=tx.now,
                stepped_up_at=tx.now if fresh else before.stepped_up_at,
                browser=place.browser,
                network=place.network,
            )
        )
        return SignedIn(address=before.address, word=word, stage=Stage.WHOLE)

    def holder(self, tx: Transaction, hashed: bytes, *, stage: Stage = Stage.WHOLE) -> Session:
        """Return the session if it has reached this stage and has not expired. Raises Refused."""
        whole = stage is Stage.WHOLE
        session = tx.sessions.get(hashed) if whole else tx.sessions.half(hashed)
        if session is None or session.stage is not stage or not session.alive(tx.now):
            raise Refused("you were signed out in the meantime; sign in again")
        if tx.staff.role(session.address) is None:
            raise Refused(f"{session.address} is not among the staff any more")
        return session

    def next_stage(
        self, role: Role, credential: Credential, identity: Identity | None = None
    ) -> Stage:
        """Return the stage after the right password, or by an identity."""
        if identity is not None and identity.has_factor:
            return Stage.WHOLE
        if credential.has_factor:
            return Stage.HALF
        return Stage.ENROLLING if self.rules.demands_factor(role) else Stage.WHOLE

    # --- passwords

    def compare(
        self,
        address: str,
        password: str,
        limits: Iterable[Limit],
        place: Place,
        *,
        is_known: bool = True,
    ) -> PasswordCheck | None:
        """Compare a password with that of an account. None: a limit refuses it.

        The only place where passwords are compared. What a limit or a full queue refuses costs no
        hash and no write, and a full queue counts against no account. Raises Busy.
        """
        limits = tuple(limits)
        with self.store.read() as tx:
            if exceeded(limits, tx.now, tx.throttle.count):
                return None
        with self.passwords.queue(place.network, is_known=is_known):
            with self.store.begin() as tx:
                counted = self.attempt(tx, limits)
                role, credential = tx.staff.role(address), tx.accounts.get(address)
            if counted is None:
                return None
            hashed = credential.password if role and credential else ""
            try:
                # between transactions, and also for an unknown address: Argon2 takes long
                # enough that its absence could be timed
                right = self.passwords.fits(password, hashed)
            except Busy:
                with self.store.begin() as tx:
                    tx.throttle.take_back(counted)
                raise
        return PasswordCheck(is_right=right, hashed=hashed, counted=tuple(counted))

    def new_hash(self, password: str) -> str:
        """Hash a new password of somebody for whom a session or a link vouches. Raises Busy."""
        # between two transactions: Argon2 takes long, and keeps no other writer waiting
        with self.passwords.queue(is_known=True):
            return self.passwords.hash(password)

    # --- failures

    def attempt(self, tx: Transaction, limits: Iterable[Limit]) -> list[int] | None:
        """Count one attempt as failed before it is checked, so that parallel attempts cannot exceed
        a limit.

        Return the ids that undo the count; None if the limit is reached.
        """
        limits = tuple(limits)
        if exceeded(limits, tx.now, tx.throttle.count):
            return None
        # a set: where two limits have one key, a failure counts once
        return tx.throttle.failed({limit.key for limit in limits}, tx.now)

    def code_limits(self, tx: Transaction, address: str, place: Place) -> tuple[Limit, ...]:
        is_familiar = tx.throttle.knows(address, place.network, tx.now)
        return limits_on_codes(address, place.network, is_familiar=is_familiar)

    # --- codes

    def spend(self, tx: Transaction, credential: Credential, code: str) -> bool:
        """Check a one-time or recovery code and mark it as used. Return whether it was right and
        unused."""
        address = credential.address
        if not credential.has_factor:
            return False
        if codes.is_recovery_code(code):
            hashed = codes.recovery_hash(self.key, address, code)
            used = tx.accounts.use_code(address, hashed, tx.now)
            if used:
                left = tx.accounts.codes_left(address)
                self.tell(tx, address, f"A recovery code was used. {left} are left.")
            return used
        step = codes.step_of(code, codes.secret(self.key, credential.factor), tx.now)
        return step is not None and tx.accounts.use_step(address, step)

    def new_codes(self, tx: Transaction, address: str) -> tuple[str, ...]:
        """Recovery codes in the place of those that there were. They are shown once."""
        made = codes.new_recovery_codes(RECOVERY_CODES)
        hashes = [codes.recovery_hash(self.key, address, code) for code in made]
        tx.accounts.renew_codes(address, hashes)
        return made

    # --- passkeys

    def ask(self, tx: Transaction, session: Session) -> str:
        """Create and return the challenge that a device signs for this session: once, within
        minutes."""
        challenge = passkeys.new_challenge()
        tx.sessions.ask(session.hash, challenge, tx.now)
        return challenge

    def asked(self, tx: Transaction, session: Session) -> str | None:
        """Return the challenge of this session, once; None if it has expired."""
        found = tx.sessions.answered(session.hash)
        if found is None or tx.now - found[1] >= CHALLENGE_LIFETIME:
            return None
        return found[0]

    def sign(
        self, tx: Transaction, session: Session, signed: PasskeyAnswer
    ) -> tuple[Refusal, str] | None:
        """Take what a passkey signed; returns why it is refused, also for the audit log."""
        challenge = self.asked(tx, session)
        if challenge is None:
            return Refusal.UNFIT, "passkey refused: no challenge, or it was used or too old"
        mine = [one for one in tx.passkeys.of(session.address) if one.party == signed.party.id]
        known = {one.id: one.public for one in mine}
        try:
            used, count = passkeys.shown(signed.party, challenge, signed.answer, known)
        except passkeys.Unfit as error:
            return Refusal.UNFIT, f"passkey refused: {error}"
        [passkey] = [one for one in mine if one.id == used]
        if passkey.repeats(count):
            name = passkey.name
            self.tell(tx, session.address, f"Your passkey “{name}” was refused: {_COPIED}")
            return (
                Refusal.COPIED,
                f"passkey {name} refused: it counts {count} after {passkey.signatures}",
            )
        tx.passkeys.use(used, count, tx.now)
        return None

    # --- who knows of it

    def changed(
        self, tx: Transaction, session: Session, action: str, detail: str, told: str, place: Place
    ) -> SignedIn:
        """Finish a change of credentials.

        End the person's other sessions, continue this one under a new token, and mail a notice.
        """
        tx.sessions.end_all(session.address, but=session.hash)
        # of all that is changed, only a new second factor was shown just now
        entered = self.renew(tx, session, place, fresh=action == "second factor")
        if session.stage is not Stage.WHOLE:
            tx.throttle.know(session.address, place.network, tx.now)
        tx.audit.enter(session.address, action, session.address, detail)
        self.tell(tx, session.address, told)
        return entered

    def tell(self, tx: Transaction, address: str, what: str) -> None:
        """Mail somebody what happened to their account."""
        tx.emails.tell(address, f"{what} It happened on {moment(tx.now, self.zone)}.", tx.now)


_LONGEST_SUBJECT = 80
OTHER_PERSON = say("You signed in there as another person. Nothing was changed.")
_COPIED = "it may have been copied. Remove it on your account page, and add another one."


def folded(address: str) -> str:
    """Return the folded address of an account; empty if it is invalid."""
    try:
        return fold(address[:254])
    except ValueError:
        return ""


def one_line(typed: str, longest: int) -> str:
    """Return a typed name without invisible characters; may be empty."""
    seen = (character if character.isprintable() else " " for character in typed)
    return " ".join("".join(seen).split())[:longest].strip()


def named(identity: Identity) -> str:
    """Return an identity for the audit log."""
    return f"{one_line(identity.subject, _LONGEST_SUBJECT)} at {identity.issuer}"
