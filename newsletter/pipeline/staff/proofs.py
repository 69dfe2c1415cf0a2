"""Proofs of identity, sessions and notices that the stages of accounts share. It is no stage."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from newsletter.credentials import codes, passkeys
from newsletter.credentials.codes import hash_token, new_token
from newsletter.credentials.id_tokens import Identity
from newsletter.credentials.passwords import Busy, Passwords
from newsletter.domain.errors import Refused
from newsletter.domain.staff.account import (
    CHALLENGE_LIFETIME,
    RECOVERY_CODE_COUNT,
    Credential,
    Limit,
    RelyingParty,
    Session,
    SignInBy,
    SignInStage,
    is_exceeded,
    limits_on_codes,
    methods_for,
)
from newsletter.domain.staff.role import DeskRules, Role
from newsletter.domain.subscribers.address import fold
from newsletter.domain.wording import moment, say
from newsletter.store.sql import Store, Transaction


class Refusal(Enum):
    """Why a sign-in is refused."""

    WRONG = "wrong"
    """The password, code or passkey is wrong."""
    TOO_OFTEN = "too often"
    """There were too many failures. The proof was not checked."""
    UNFIT = "unfit"
    """The passkey's answer is invalid."""
    COPIED = "copied"
    """The passkey's signature count went back: another device may have a copy of the key."""
    UNNAMED = "unnamed"
    """The identity provider proved no identity with an account."""
    OVER = "over"
    """The previous step of the sign-in has expired: sign in again."""


@dataclass(frozen=True, kw_only=True)
class Client:
    """The client of a request."""

    browser: str = ""
    network: str = ""
    """The client's network; "" if a proxy hides it."""
    device: str = ""
    """The device cookie of an earlier sign-in, not yet verified."""

    def __str__(self) -> str:
        """Return the browser and the network, for the audit log and for notices."""
        return ", ".join(filter(None, (self.browser, self.network))) or "an unknown place"


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """The new session after a sign-in or a step-up."""

    address: str
    token: str
    """The session token for the cookie; only its hash is stored."""
    stage: SignInStage


@dataclass(frozen=True, kw_only=True)
class PasswordCheck:
    """The result of comparing a password, which counts as a failure until that is taken back."""

    is_right: bool
    password_hash: str
    counted: tuple[int, ...]
    """The ids of the counted failure, with which it is taken back."""


@dataclass(frozen=True, kw_only=True)
class PasskeyAnswer:
    """The browser's answer with a passkey, instead of a code."""

    answer: str
    """The JSON text of an ``AuthenticationResponseJSON`` (WebAuthn)."""
    party: RelyingParty


@dataclass(frozen=True, kw_only=True)
class Proofs:
    """Checks the proofs in a request.

    ``key`` is the workspace's, for salts and codes; not in the database.
    """

    store: Store
    key: bytes
    passwords: Passwords
    rules: DeskRules
    zone: str
    """The time zone of times in emails to staff."""
    issuer: str = ""
    """The issuer of the staff's identity provider; "" without one."""
    client: Client
    """The client of the request in which a person proves who they are."""

    def ways_in(self, role: Role, credential: Credential | None = None) -> frozenset[SignInBy]:
        """Return the ways to sign in that a role allows, with this credential or a new account."""
        return methods_for(role, self.rules, self.issuer, credential)

    # --- sessions

    def begin(
        self, tx: Transaction, address: str, stage: SignInStage, *, fresh_at: datetime | None = None
    ) -> SignedIn:
        """Begin a session with a new token, and delete expired sessions.

        ``fresh_at`` is when a second factor was given.
        """
        tx.sessions.clear(tx.now)
        token = new_token()
        session = Session(
            hash=hash_token(token),
            address=address,
            created_at=tx.now,
            seen_at=tx.now,
            stepped_up_at=fresh_at,
            browser=self.client.browser,
            network=self.client.network,
            stage=stage,
        )
        tx.sessions.begin(session)
        if stage is SignInStage.WHOLE:
            tx.throttle.add_network(address, self.client.network, tx.now)
        return SignedIn(address=address, token=token, stage=stage)

    def renew(self, tx: Transaction, before: Session, *, with_factor: bool = True) -> SignedIn:
        """Continue a session with a new token, not longer; ``with_factor``: a second factor."""
        tx.sessions.end(before.hash)
        token = new_token()
        tx.sessions.begin(
            Session(
                hash=hash_token(token),
                address=before.address,
                # one that was only half counts its days from when it is whole
                created_at=before.created_at if before.stage is SignInStage.WHOLE else tx.now,
                seen_at=tx.now,
                stepped_up_at=tx.now if with_factor else before.stepped_up_at,
                browser=self.client.browser,
                network=self.client.network,
            )
        )
        return SignedIn(address=before.address, token=token, stage=SignInStage.WHOLE)

    def find_session(
        self, tx: Transaction, hashed: bytes, *, stage: SignInStage = SignInStage.WHOLE
    ) -> Session:
        """Return the session with this token hash and stage. Raises Refused without one."""
        is_complete = stage is SignInStage.WHOLE
        session = tx.sessions.get(hashed) if is_complete else tx.sessions.find_incomplete(hashed)
        if session is None or session.stage is not stage or not session.is_alive(tx.now):
            raise Refused("you were signed out in the meantime; sign in again")
        if tx.staff.role(session.address) is None:
            raise Refused(f"{session.address} is not among the staff any more")
        return session

    def next_stage(
        self, role: Role, credential: Credential, identity: Identity | None = None
    ) -> SignInStage:
        """Return the session stage after the right password, or after an identity."""
        if identity is not None and identity.has_factor:
            return SignInStage.WHOLE
        if credential.has_factor:
            return SignInStage.HALF
        return SignInStage.ENROLLING if self.rules.demands_factor(role) else SignInStage.WHOLE

    def lacks_factor(self, role: Role, credential: Credential | None) -> bool:
        """Return whether the settings demand a factor by now that a signed-in person lacks."""
        if credential is None or SignInBy.PROVIDER in self.ways_in(role, credential):
            return False
        return self.next_stage(role, credential) is SignInStage.ENROLLING

    # --- passwords

    def check_password(
        self, address: str, password: str, limits: Iterable[Limit], *, is_known: bool = True
    ) -> PasswordCheck | None:
        """Compare a password with that of an account. Return None if a limit is reached.

        All password checks go through here. A reached limit or a full queue costs no hash and no
        write, and a full queue counts as no failure. Raises Busy.
        """
        limits = tuple(limits)
        with self.store.read() as tx:
            if is_exceeded(limits, tx.now, tx.throttle.count_failures):
                return None
        with self.passwords.queue(self.client.network, is_known=is_known):
            with self.store.begin() as tx:
                counted = self.attempt(tx, limits)
                role, credential = tx.staff.role(address), tx.accounts.get(address)
            if counted is None:
                return None
            hashed = credential.password if role and credential else ""
            try:
                # between transactions, and also for an unknown address: Argon2 takes long
                # enough that its absence could be timed
                is_right = self.passwords.matches(password, hashed)
            except Busy:
                with self.store.begin() as tx:
                    tx.throttle.delete_failures(counted)
                raise
        return PasswordCheck(is_right=is_right, password_hash=hashed, counted=tuple(counted))

    def new_hash(self, password: str) -> str:
        """Return the hash of a new password, for a person with a session or a link. Raises Busy."""
        # between two transactions: Argon2 takes long, and keeps no other writer waiting
        with self.passwords.queue(is_known=True):
            return self.passwords.hash(password)

    # --- failures

    def attempt(self, tx: Transaction, limits: Iterable[Limit]) -> list[int] | None:
        """Count an attempt as failed before its check, so that parallel ones cannot exceed a limit.

        Return the ids with which the count is taken back; None if a limit is reached.
        """
        limits = tuple(limits)
        if is_exceeded(limits, tx.now, tx.throttle.count_failures):
            return None
        # a set: where two limits have one key, a failure counts once
        return tx.throttle.record_failure({limit.key for limit in limits}, tx.now)

    def code_limits(self, tx: Transaction, address: str) -> tuple[Limit, ...]:
        is_familiar = tx.throttle.knows_network(address, self.client.network, tx.now)
        return limits_on_codes(address, self.client.network, is_familiar=is_familiar)

    # --- codes

    def use_code(self, tx: Transaction, credential: Credential, code: str) -> bool:
        """Check a one-time or recovery code and mark it as used. Return whether it was valid."""
        address = credential.address
        if not credential.has_factor:
            return False
        if codes.is_recovery_code(code):
            hashed = codes.recovery_hash(self.key, address, code)
            is_valid = tx.accounts.use_code(address, hashed, tx.now)
            if is_valid:
                left = tx.accounts.count_unused_codes(address)
                self.tell(tx, address, f"A recovery code was used. {left} are left.")
            return is_valid
        step = codes.step_of(code, codes.secret(self.key, credential.factor), tx.now)
        return step is not None and tx.accounts.use_step(address, step)

    def new_codes(self, tx: Transaction, address: str) -> tuple[str, ...]:
        """Replace the recovery codes. Return the new ones, which are shown once."""
        new = codes.new_recovery_codes(RECOVERY_CODE_COUNT)
        hashes = [codes.recovery_hash(self.key, address, code) for code in new]
        tx.accounts.renew_codes(address, hashes)
        return new

    # --- passkeys

    def new_challenge(self, tx: Transaction, session: Session) -> str:
        """Create the WebAuthn challenge of a session, valid once and for minutes. Return it."""
        challenge = passkeys.new_challenge()
        tx.sessions.store_challenge(session.hash, challenge, tx.now)
        return challenge

    def take_challenge(self, tx: Transaction, session: Session) -> str | None:
        """Return the challenge of this session and delete it; None if it has expired."""
        found = tx.sessions.take_challenge(session.hash)
        if found is None or tx.now - found[1] >= CHALLENGE_LIFETIME:
            return None
        return found[0]

    def check_passkey(
        self, tx: Transaction, session: Session, signed: PasskeyAnswer
    ) -> tuple[Refusal, str] | None:
        """Check a passkey's answer. Return None, or the refusal and its text for the audit log."""
        challenge = self.take_challenge(tx, session)
        if challenge is None:
            return Refusal.UNFIT, "passkey refused: no challenge, or it was used or too old"
        keys = [one for one in tx.passkeys.of(session.address) if one.party == signed.party.id]
        known = {one.id: one.public for one in keys}
        try:
            id_, count = passkeys.verify_assertion(signed.party, challenge, signed.answer, known)
        except passkeys.Unfit as error:
            return Refusal.UNFIT, f"passkey refused: {error}"
        [passkey] = [one for one in keys if one.id == id_]
        if passkey.is_cloned(count):
            name = passkey.name
            self.tell(tx, session.address, f"Your passkey “{name}” was refused: {_COPIED_ADVICE}")
            return (
                Refusal.COPIED,
                f"passkey {name} refused: it counts {count} after {passkey.signatures}",
            )
        tx.passkeys.use(id_, count, tx.now)
        return None

    # --- who knows of it

    def tell(self, tx: Transaction, address: str, notice: str) -> None:
        """Mail a person a notice of what happened to their account."""
        tx.emails.inform(address, f"{notice} It happened on {moment(tx.now, self.zone)}.", tx.now)


_MAX_SUBJECT_CHARS = 80
SIGNED_IN_AS_ANOTHER = say("You signed in there as another person. Nothing was changed.")
NO_SIGN_IN_TIME = say(
    "The identity provider does not say when you signed in there, so nothing was changed. Use your"
    " code or password instead. Without them, use “Forgot your password?” on the sign-in page, or"
    " ask an admin for a link."
)
_COPIED_ADVICE = "it may have been copied. Remove it on your account page, and add another one."


def fold_or_empty(address: str) -> str:
    """Return the folded address of an account; "" if it is invalid."""
    try:
        return fold(address[:254])
    except ValueError:
        return ""


def one_line(name: str, longest: int) -> str:
    """Return a typed name on one line, at most ``longest`` characters; may be empty."""
    characters = (character if character.isprintable() else " " for character in name)
    return " ".join("".join(characters).split())[:longest].strip()


def identity_text(identity: Identity) -> str:
    """Return an identity as text for the audit log."""
    return f"{one_line(identity.subject, _MAX_SUBJECT_CHARS)} at {identity.issuer}"
