"""A person's own account: password, second factor, passkeys, recovery codes, sessions.

A change of password, factor or passkeys ends the person's other sessions and emails them a notice.
A passkey is an addition to an authenticator app, whose codes work without JavaScript.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from secrets import token_hex
from typing import Any

from newsletter.credentials import codes, passkeys
from newsletter.credentials.codes import hash_token
from newsletter.credentials.passwords import password_fault
from newsletter.domain.campaigns.notices import NoticeKind
from newsletter.domain.errors import NotFound, Refused
from newsletter.domain.staff.account import (
    MAX_NAME_CHARS,
    MAX_PASSKEYS,
    Credential,
    Passkey,
    RelyingParty,
    Session,
    SignInBy,
    SignInStage,
    limits_on_codes,
)
from newsletter.domain.wording import Sentence, one_line, say
from newsletter.pipeline.ledger import find_role
from newsletter.pipeline.staff.proofs import Proofs, Refusal, SignedIn, identity_text
from newsletter.store.sql import Transaction

_SAME_PASSWORD = say("This is the password that you have. Choose another one.")
_TOO_MANY_FAILURES = say("There were too many failures. Wait 5 minutes, then try again.")


@dataclass(frozen=True, kw_only=True)
class Overview:
    """The values on the page of a person's own account."""

    credential: Credential | None
    requires_factor: bool
    """The role requires a second factor."""
    usable_methods: frozenset[SignInBy]
    """The methods by which the person can sign in now."""
    allowed_methods: frozenset[SignInBy]
    codes_left: int
    passkeys: Sequence[Passkey]
    sessions: Sequence[Session]


def load_overview(address: str, *, proofs: Proofs) -> Overview:
    """Return the account. Raises NotFound if the address is not among the staff."""
    with proofs.store.read() as tx:
        role, credential = find_role(tx, address), tx.accounts.get(address)
        return Overview(
            credential=credential,
            requires_factor=proofs.rules.demands_factor(role),
            usable_methods=proofs.methods(role, credential),
            allowed_methods=proofs.methods(role),
            codes_left=tx.accounts.count_unused_codes(address),
            passkeys=tx.passkeys.list_for(address),
            sessions=[
                session for session in tx.sessions.list_for(address) if session.is_alive(tx.now)
            ],
        )


@dataclass(frozen=True, kw_only=True)
class OwnAccount:
    """The account of a session's owner. All methods raise Refused if the session has ended."""

    proofs: Proofs
    token_hash: bytes
    stage: SignInStage = SignInStage.WHOLE
    """The stage that the session must have."""

    def choose_notices(self, muted: Sequence[NoticeKind]) -> None:
        """Set the kinds of notices that are not emailed to the owner."""
        with self._begin() as (tx, session):
            address = session.address
            tx.accounts.change(address, muted=[kind.value for kind in muted])
            kinds = tuple(say(kind.value) for kind in muted)
            tx.audit.enter(address, "choose notices", address, kinds=kinds)

    def choose_language(self, language: str) -> None:
        """Set the language of the desk for the owner; "" is the browser's language."""
        with self._begin() as (tx, session):
            address = session.address
            tx.staff.change(address, language=language)
            tx.audit.enter(address, "choose language", address, language=language)

    def change_feed(self, token: str) -> None:
        """Set the token in the URL of the owner's calendar; "" ends the URL."""
        with self._begin() as (tx, session):
            address = session.address
            tx.accounts.change(address, feed=hash_token(token) if token else None)
            tx.audit.enter(address, "renew calendar" if token else "end calendar", address)

    def change_password(self, current: str, new: str) -> SignedIn | tuple[str, str]:
        """Set a new password. Return the new session, or (form field, fault).

        Raises Refused if too many passwords are being hashed.
        """
        with self.proofs.store.read() as tx:
            address = self._session(tx).address
        limits = limits_on_codes(address, self.proofs.client.network, is_familiar=True)
        compared = self.proofs.check_password(address, current, limits)
        if compared is None:
            return "old", _TOO_MANY_FAILURES
        if not compared.is_right:
            return "old", say("This is not your password.")
        fault = password_fault(new, address) or (_SAME_PASSWORD if new == current else "")
        new_hash = "" if fault else self.proofs.new_hash(new)
        with self.proofs.store.begin() as tx:
            tx.throttle.delete_failures(compared.counted)
            if fault:
                return "new", fault
            session = self._session(tx)
            credential = tx.accounts.get(session.address)
            if credential is None or credential.password != compared.password_hash:
                raise Refused(say("Your password was changed meanwhile. Nothing more was changed."))
            tx.accounts.change(session.address, password=new_hash, password_at=tx.now)
            return self._finish(tx, session, "password", say("Your password was changed."))

    def disconnect(self) -> SignedIn:
        """Disconnect the account at the identity provider. Return the new session.

        A later sign-in there does not connect it again. Raises Refused if the owner could then not
        sign in.
        """
        with self._begin() as (tx, session):
            role, credential = tx.staff.role(session.address), tx.accounts.get(session.address)
            if role is None or credential is None or not credential.subject:
                raise Refused(say("No account is connected."))
            if not self.proofs.methods(role, credential) - {SignInBy.PROVIDER}:
                raise Refused(say("You sign in with this account alone, so it stays connected."))
            tx.accounts.change(session.address, issuer=credential.issuer, subject="")
            account = identity_text(credential)
            text = "Your account at {issuer} does not sign you in any more."
            message = say(text, issuer=credential.issuer)
            return self._finish(tx, session, "disconnect", message, account=account)

    def begin_factor(self) -> None:
        """Prepare a second factor. An existing one stays until a code confirms the new one."""
        with self._begin() as (tx, session):
            tx.accounts.change(session.address, pending=token_hex(20))

    def enrolment(self, *, issuer: str) -> tuple[str, str]:
        """Return the secret of the prepared second factor, and its URI for a QR code, or two ""."""
        with self.proofs.store.read() as tx:
            address = self._session(tx).address
            secret = self._prepared_secret(tx, address)
        return secret, secret and codes.totp_uri(secret, account=address, issuer=issuer)

    def confirm_factor(self, code: str) -> tuple[SignedIn, tuple[str, ...]] | Refusal:
        """Enable the prepared second factor. Return the new session, and the recovery codes."""
        with self._begin() as (tx, session):
            counted = self.proofs.attempt(tx, self.proofs.code_limits(tx, session.address))
            if counted is None:
                return Refusal.TOO_OFTEN
            secret = self._prepared_secret(tx, session.address)
            step = codes.find_step(code, secret, tx.now) if secret else None
            if step is None:
                return Refusal.WRONG
            tx.throttle.delete_failures(counted)
            tx.accounts.confirm_factor(session.address, step, tx.now)
            new_codes = self.proofs.new_codes(tx, session.address)
            message = say("A second factor was set up for your account.")
            return self._finish(tx, session, "second factor", message), new_codes

    def _prepared_secret(self, tx: Transaction, address: str) -> str:
        credential = tx.accounts.get(address)
        pending = credential.pending if credential else ""
        return codes.secret(self.proofs.key, pending) if pending else ""

    def drop_factor(self) -> SignedIn:
        """Remove the second factor and the passkeys. Return the new session.

        Raises Refused if the role requires a second factor.
        """
        with self._begin() as (tx, session):
            role = tx.staff.role(session.address)
            if role is not None and self.proofs.rules.demands_factor(role):
                needs = "the role {role} needs a second factor; set up another one instead"
                raise Refused(say(needs, role=say(role.value)))
            tx.accounts.drop_factor(session.address)
            message = say("The second factor of your account was removed, with its passkeys.")
            return self._finish(tx, session, "second factor removed", message)

    def renew_codes(self) -> tuple[str, ...]:
        """Return new recovery codes; the earlier ones no longer work."""
        with self._begin() as (tx, session):
            address = session.address
            credential = tx.accounts.get(address)
            if credential is None or not credential.has_factor:
                none = "recovery codes are for those who have a second factor; set one up first"
                raise Refused(say(none))
            codes = self.proofs.new_codes(tx, address)
            tx.audit.enter(address, "recovery codes", address)
            self.proofs.tell(tx, address, say("New recovery codes were made for your account."))
        return codes

    def end_session(self, key: str) -> None:
        """End another session of the owner, by its key. Raises NotFound."""
        with self._begin() as (tx, session):
            address = session.address
            other = next((one for one in tx.sessions.list_for(address) if one.key == key), None)
            if other is None:
                raise NotFound(say("This session has ended already, or it is not yours."))
            tx.sessions.end(other.hash)
            tx.audit.enter(address, "end session", address, browser=other.browser)

    def end_others(self) -> int:
        """End all other sessions of the owner. Return how many."""
        with self._begin() as (tx, session):
            address = session.address
            ended = tx.sessions.end_all(address, except_hash=self.token_hash)
            tx.audit.enter(address, "end sessions", address, number=ended)
        return ended

    def begin_passkey(self, *, party: RelyingParty) -> dict[str, Any]:
        """Return the browser's options for creating a passkey."""
        with self._begin() as (tx, session):
            known = _passkeys_with_room(tx, session.address)
            return passkeys.creation_options(
                party,
                self.proofs.new_challenge(tx, session),
                handle=passkeys.user_handle(self.proofs.key, session.address),
                address=session.address,
                known=[passkey.id for passkey in known],
            )

    def add_passkey(self, answer: str, *, name: str, party: RelyingParty) -> SignedIn | Refusal:
        """Verify and store a new passkey. Raises Refused if the account has too many."""
        with self._begin() as (tx, session):
            _passkeys_with_room(tx, session.address)
            challenge = self.proofs.take_challenge(tx, session)
            if challenge is None:
                return Refusal.UNFIT
            try:
                passkey_id, public, count = passkeys.verify_creation(party, challenge, answer)
            except passkeys.InvalidPasskey as error:
                why = str(error)
                tx.audit.enter(session.address, "passkey refused", session.address, why=why)
                return Refusal.UNFIT
            passkey = Passkey(
                id=passkey_id,
                address=session.address,
                party=party.id,
                name=one_line(name, MAX_NAME_CHARS) or self.proofs.client.browser or "A passkey",
                public=public,
                signatures=count,
                made_at=tx.now,
            )
            if not tx.passkeys.add(passkey):
                return Refusal.UNFIT
            message = say("The passkey “{name}” was added to your account.", name=passkey.name)
            return self._finish(tx, session, "passkey", message, passkey=passkey.name)

    def remove_passkey(self, key: str) -> SignedIn:
        """Remove a passkey of the owner, by its key. Return the new session. Raises NotFound."""
        with self._begin() as (tx, session):
            own = tx.passkeys.list_for(session.address)
            passkey = next((one for one in own if one.key == key), None)
            if passkey is None:
                raise NotFound(say("This passkey was removed already, or it is not yours."))
            tx.passkeys.remove(passkey.id)
            message = say("The passkey “{name}” was removed from your account.", name=passkey.name)
            return self._finish(tx, session, "passkey removed", message, passkey=passkey.name)

    def _session(self, tx: Transaction) -> Session:
        return self.proofs.find_session(tx, self.token_hash, stage=self.stage)

    @contextmanager
    def _begin(self) -> Iterator[tuple[Transaction, Session]]:
        with self.proofs.store.begin() as tx:
            yield tx, self._session(tx)

    def _finish(
        self, tx: Transaction, session: Session, action: str, notice: Sentence, **values: str
    ) -> SignedIn:
        """End the owner's other sessions, renew the token of this one, and email a notice.

        Return the renewed session.
        """
        tx.sessions.end_all(session.address, except_hash=session.hash)
        # only a new second factor was given just now
        signed_in = self.proofs.renew(tx, session, with_factor=action == "second factor")
        if session.stage is not SignInStage.WHOLE:
            tx.throttle.add_network(session.address, self.proofs.client.network, tx.now)
        tx.audit.enter(session.address, action, session.address, **values)
        self.proofs.tell(tx, session.address, notice)
        return signed_in


def ask_for_passkey(token: str, *, party: RelyingParty, proofs: Proofs) -> dict[str, Any] | None:
    """Return the browser's options for using a passkey; None if the person has none.

    ``token`` is the token of a session, or of a sign-in whose password was right.
    """
    token_hash = hash_token(token)
    with proofs.store.begin() as tx:
        session = tx.sessions.get(token_hash) or tx.sessions.find_incomplete(token_hash)
        if session is None or not session.is_alive(tx.now):
            return None
        known = [
            passkey.id
            for passkey in tx.passkeys.list_for(session.address)
            if passkey.party == party.id
        ]
        if not known or session.stage is SignInStage.ENROLLING:
            return None
        return passkeys.request_options(party, proofs.new_challenge(tx, session), known)


def _passkeys_with_room(tx: Transaction, address: str) -> list[Passkey]:
    """Return the person's passkeys. Raises Refused if they may not add one."""
    credential = tx.accounts.get(address)
    if credential is None or not credential.has_factor:
        raise Refused(say("Set up an authenticator app first. A passkey stands beside it."))
    known = tx.passkeys.list_for(address)
    if len(known) >= MAX_PASSKEYS:
        many = "an account has {most} passkeys at most; remove one first"
        raise Refused(say(many, most=MAX_PASSKEYS))
    return known
