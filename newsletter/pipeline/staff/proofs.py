"""Passwords, codes, passkeys, sessions and notices, for all stages of accounts."""

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
from newsletter.domain.wording import Sentence, moment, one_line, say
from newsletter.store.sql import Store, Transaction


class Refusal(Enum):
    """The reason for refusing a sign-in."""

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
    browser: str = ""
    network: str = ""
    """The network of the client's address; "" if a proxy hides it."""
    device: str = ""
    """The device cookie of an earlier sign-in, not verified."""

    @property
    def text(self) -> str:
        """The browser and the network, for the audit log and for notices."""
        place = ", ".join(filter(None, (self.browser, self.network)))
        return place or say("an unknown place")


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """The new session after a sign-in or a step-up."""

    address: str
    token: str
    """The session token for the cookie. Only its hash is stored."""
    stage: SignInStage


@dataclass(frozen=True, kw_only=True)
class PasswordCheck:
    """The result of comparing a password. It is counted as a failure until that is taken back."""

    is_right: bool
    password_hash: str
    """The stored hash that the password was compared with."""
    counted: tuple[int, ...]
    """The ids with which the counted failure is taken back."""


@dataclass(frozen=True, kw_only=True)
class PasskeyAnswer:
    """The browser's answer with a passkey, instead of a code."""

    answer: str
    """The JSON text of an ``AuthenticationResponseJSON`` (WebAuthn)."""
    party: RelyingParty


@dataclass(frozen=True, kw_only=True)
class Proofs:
    """Checks the proofs of identity in a request."""

    store: Store
    key: bytes
    """The workspace's key for salts and codes. It is not in the database."""
    passwords: Passwords
    rules: DeskRules
    zone: str
    """The time zone of times in emails to staff."""
    issuer: str = ""
    """The issuer of the identity provider; "" without one."""
    client: Client

    def methods(self, role: Role, credential: Credential | None = None) -> frozenset[SignInBy]:
        """Return the methods by which a person with this credential, or a new account, signs in."""
        return methods_for(role, self.rules, self.issuer, credential)

    def begin(
        self, tx: Transaction, address: str, stage: SignInStage, *, fresh_at: datetime | None = None
    ) -> SignedIn:
        """Begin a session with a new token. ``fresh_at`` is the time of the second factor.

        Expired sessions of all staff are deleted.
        """
        tx.sessions.clear(tx.now)
        if stage is SignInStage.WHOLE:
            tx.throttle.add_network(address, self.client.network, tx.now)
        return self._add_session(tx, address, stage, tx.now, fresh_at)

    def renew(self, tx: Transaction, before: Session, *, with_factor: bool = True) -> SignedIn:
        """Continue a session with a new token. ``with_factor``: a second factor was given now."""
        tx.sessions.end(before.hash)
        whole = SignInStage.WHOLE
        # the lifetime of a complete session begins when it is complete
        created_at = before.created_at if before.stage is whole else tx.now
        fresh_at = tx.now if with_factor else before.stepped_up_at
        return self._add_session(tx, before.address, whole, created_at, fresh_at)

    def _add_session(
        self,
        tx: Transaction,
        address: str,
        stage: SignInStage,
        created_at: datetime,
        fresh_at: datetime | None,
    ) -> SignedIn:
        token = new_token()
        session = Session(
            hash=hash_token(token),
            address=address,
            created_at=created_at,
            seen_at=tx.now,
            stepped_up_at=fresh_at,
            browser=self.client.browser,
            network=self.client.network,
            stage=stage,
        )
        tx.sessions.begin(session)
        return SignedIn(address=address, token=token, stage=stage)

    def find_session(
        self, tx: Transaction, hashed: bytes, *, stage: SignInStage = SignInStage.WHOLE
    ) -> Session:
        """Return the session with this token hash and stage. Raises Refused if there is none."""
        is_complete = stage is SignInStage.WHOLE
        session = tx.sessions.get(hashed) if is_complete else tx.sessions.find_incomplete(hashed)
        if session is None or session.stage is not stage or not session.is_alive(tx.now):
            raise Refused(say("You were signed out in the meantime. Sign in again."))
        if tx.staff.role(session.address) is None:
            raise Refused(say("{who} is not among the staff any more", who=session.address))
        return session

    def next_stage(
        self, role: Role, credential: Credential, identity: Identity | None = None
    ) -> SignInStage:
        """Return the stage of the session after the right password, or after an identity."""
        if identity is not None and identity.has_factor:
            return SignInStage.WHOLE
        if credential.has_factor:
            return SignInStage.HALF
        return SignInStage.ENROLLING if self.rules.demands_factor(role) else SignInStage.WHOLE

    def lacks_factor(self, role: Role, credential: Credential | None) -> bool:
        """Return whether a signed-in person must set up a second factor now."""
        if credential is None or SignInBy.PROVIDER in self.methods(role, credential):
            return False
        return self.next_stage(role, credential) is SignInStage.ENROLLING

    def check_password(
        self, address: str, password: str, limits: Iterable[Limit], *, is_known: bool = True
    ) -> PasswordCheck | None:
        """Compare a password with that of an account. Return None if a limit is reached.

        If a limit is reached or the queue is full, nothing is hashed or stored. Raises Busy if the
        queue is full.
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
                # an unknown address takes as long: otherwise its time would reveal it
                is_right = self.passwords.matches(password, hashed)
            except Busy:
                with self.store.begin() as tx:
                    tx.throttle.delete_failures(counted)
                raise
        return PasswordCheck(is_right=is_right, password_hash=hashed, counted=tuple(counted))

    def new_hash(self, password: str) -> str:
        """Return the hash of a new password, for a person with a session or a link. Raises Busy."""
        with self.passwords.queue(is_known=True):
            return self.passwords.hash(password)

    def attempt(self, tx: Transaction, limits: Iterable[Limit]) -> list[int] | None:
        """Count an attempt as failed. Return the ids to take that back; None if a limit is reached.

        It is counted before its check, so that parallel attempts cannot exceed a limit.
        """
        limits = tuple(limits)
        if is_exceeded(limits, tx.now, tx.throttle.count_failures):
            return None
        # a set: for two limits with one key, a failure counts once
        return tx.throttle.record_failure({limit.key for limit in limits}, tx.now)

    def code_limits(self, tx: Transaction, address: str) -> tuple[Limit, ...]:
        is_familiar = tx.throttle.knows_network(address, self.client.network, tx.now)
        return limits_on_codes(address, self.client.network, is_familiar=is_familiar)

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
                used = "A recovery code was used. {count} are left."
                one_left = "A recovery code was used. 1 is left."
                self.tell(tx, address, say(one_left, used, count=left))
            return is_valid
        step = codes.find_step(code, codes.secret(self.key, credential.factor), tx.now)
        return step is not None and tx.accounts.use_step(address, step)

    def new_codes(self, tx: Transaction, address: str) -> tuple[str, ...]:
        """Replace the recovery codes. Return the new codes: only their hashes are stored."""
        new = codes.new_recovery_codes(RECOVERY_CODE_COUNT)
        hashes = [codes.recovery_hash(self.key, address, code) for code in new]
        tx.accounts.renew_codes(address, hashes)
        return new

    def new_challenge(self, tx: Transaction, session: Session) -> str:
        """Return a new WebAuthn challenge for a session. It is valid once."""
        challenge = passkeys.new_challenge()
        tx.sessions.store_challenge(session.hash, challenge, tx.now)
        return challenge

    def take_challenge(self, tx: Transaction, session: Session) -> str | None:
        """Delete the challenge of a session and return it; None if it has expired."""
        challenge, made_at = tx.sessions.take_challenge(session.hash) or (None, tx.now)
        return challenge if tx.now - made_at < CHALLENGE_LIFETIME else None

    def check_passkey(
        self, tx: Transaction, session: Session, signed: PasskeyAnswer
    ) -> tuple[Refusal, str] | None:
        """Check a passkey's answer. Return None, or the refusal and a text for the audit log."""
        challenge = self.take_challenge(tx, session)
        if challenge is None:
            return Refusal.UNFIT, say("no challenge, or it was used or too old")
        keys = [
            one for one in tx.passkeys.list_for(session.address) if one.party == signed.party.id
        ]
        known = {one.id: one.public for one in keys}
        try:
            used, count = passkeys.verify_assertion(signed.party, challenge, signed.answer, known)
        except passkeys.InvalidPasskey as error:
            return Refusal.UNFIT, str(error)
        [passkey] = [one for one in keys if one.id == used]
        if passkey.is_cloned(count):
            self.tell(tx, session.address, say(_COPIED, name=passkey.name))
            counted = "the passkey {name} counts {now} after {before}"
            why = say(counted, name=passkey.name, now=count, before=passkey.signatures)
            return Refusal.COPIED, why
        tx.passkeys.use(used, count, tx.now)
        return None

    def tell(self, tx: Transaction, address: str, notice: Sentence) -> None:
        """Email a person a notice about their account, in the language that they chose."""
        what = say("{notice} It happened on {at}.", notice=notice, at=moment(tx.now, self.zone))
        tx.emails.inform(address, what, tx.now, language=tx.staff.languages().get(address, ""))


_MAX_SUBJECT_CHARS = 80
SIGNED_IN_AS_ANOTHER = say("You signed in there as another person. Nothing was changed.")
NO_SIGN_IN_TIME = say(
    "The identity provider does not say when you signed in there, so nothing was changed. Use your"
    " code or password instead. Without them, use “Forgot your password?” on the sign-in page, or"
    " ask an admin for a link."
)
_COPIED = say(
    "Your passkey “{name}” was refused: it may have been copied. Remove it on your account page,"
    " and add another one."
)


def identity_text(identity: Identity | Credential) -> str:
    subject = one_line(identity.subject, _MAX_SUBJECT_CHARS)
    return say("{subject} at {issuer}", subject=subject, issuer=identity.issuer)
