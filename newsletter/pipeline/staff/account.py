"""One's own account: password, second factor by app or passkey, recovery codes, sessions.

A change of any of these ends the person's other sessions, and a notice is mailed. A passkey
complements an authenticator app: a code also works in a browser without script.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from newsletter.credentials import codes, passkeys
from newsletter.credentials.codes import hash_of
from newsletter.credentials.passwords import password_fault
from newsletter.domain.campaigns.notices import NoticeKind
from newsletter.domain.errors import NotFound, Refused
from newsletter.domain.staff.account import (
    MAX_NAME_CHARACTERS,
    MAX_PASSKEYS,
    Credential,
    Passkey,
    RelyingParty,
    Session,
    SignInBy,
    Stage,
    limits_on_codes,
)
from newsletter.domain.wording import say
from newsletter.pipeline.staff.proofs import Place, Proofs, Refusal, SignedIn, one_line
from newsletter.store.sql import Transaction

_ENDED = "other sessions ended"
_WAIT = say("There were too many failures. Wait 5 minutes, then try again.")


@dataclass(frozen=True, kw_only=True)
class Overview:
    """A person's own account as its page shows it."""

    credential: Credential | None
    demanded: bool
    """Their role demands a second factor."""
    ways: frozenset[SignInBy]
    """How they may sign in with what they have."""
    allowed: frozenset[SignInBy]
    """How their role may."""
    codes_left: int
    passkeys: Sequence[Passkey]
    sessions: Sequence[Session]


@dataclass(frozen=True, kw_only=True)
class Enrolment:
    """The secret that an authenticator app reads while a second factor is set up."""

    secret: str
    address: str
    """For a QR code: ``otpauth://…``."""


@dataclass(frozen=True, kw_only=True)
class EnrolmentResult:
    """A second factor that is in force, and the recovery codes, which are shown once."""

    signed_in: SignedIn
    codes: tuple[str, ...]


def overview(address: str, *, proofs: Proofs) -> Overview:
    """Return the account. Raises NotFound if the address is not among the staff."""
    with proofs.store.read() as tx:
        role = tx.staff.role(address)
        if role is None:
            raise NotFound(f"{address} is not among the staff")
        credential = tx.accounts.get(address)
        return Overview(
            credential=credential,
            demanded=proofs.rules.demands_factor(role),
            ways=proofs.ways_in(role, credential),
            allowed=proofs.ways_in(role),
            codes_left=tx.accounts.codes_left(address),
            passkeys=tx.passkeys.of(address),
            sessions=[session for session in tx.sessions.of(address) if session.alive(tx.now)],
        )


def choose_notices(hashed: bytes, muted: Sequence[NoticeKind], *, proofs: Proofs) -> None:
    """Choose the kinds of notices that the session's owner gets no email of."""
    with proofs.store.begin() as tx:
        address = proofs.holder(tx, hashed).address
        tx.accounts.mute(address, muted)
        said = ", ".join(kind.value for kind in muted) or "none"
        tx.audit.enter(address, "choose notices", address, f"no email of: {said}")


def choose_language(hashed: bytes, language: str, *, proofs: Proofs) -> None:
    """Choose the desk's language for the session's owner; "" leaves it to the browser."""
    with proofs.store.begin() as tx:
        address = proofs.holder(tx, hashed).address
        tx.staff.speak(address, language)
        tx.audit.enter(address, "choose language", address, language or "the browser's")


# --- calendar


def change_feed(hashed: bytes, word: str, *, proofs: Proofs) -> None:
    """Give the calendar of the session's owner an address with this word; "" ends it."""
    with proofs.store.begin() as tx:
        address = proofs.holder(tx, hashed).address
        tx.accounts.set_feed(address, hash_of(word) if word else None)
        tx.audit.enter(address, "renew calendar" if word else "end calendar", address, "link")


# --- password


def change_password(
    hashed: bytes, old: str, new: str, *, place: Place, proofs: Proofs
) -> SignedIn | tuple[str, str]:
    """Set another password. Return a field and its fault if it is refused.

    Raises Refused if the session is over or too many passwords are being hashed.
    """
    with proofs.store.read() as tx:
        address = proofs.holder(tx, hashed).address
    limits = limits_on_codes(address, place.network, is_familiar=True)
    compared = proofs.compare(address, old, limits, place)
    if compared is None:
        return "old", _WAIT
    if not compared.is_right:
        return "old", say("This is not your password.")
    wrong = password_fault(new, address) or (_SAME if new == old else "")
    made = "" if wrong else proofs.new_hash(new)
    with proofs.store.begin() as tx:
        tx.throttle.take_back(compared.counted)
        if wrong:
            return "new", wrong
        session = proofs.holder(tx, hashed)
        credential = tx.accounts.get(session.address)
        if credential is None or credential.password != compared.hashed:
            raise Refused("your password was changed in the meantime; nothing more was changed")
        tx.accounts.set_password(session.address, made, tx.now)
        told = "Your password was changed."
        return proofs.changed(tx, session, "password", _ENDED, told, place)


_SAME = say("This is the password that you have. Choose another one.")


# --- identity provider


def disconnect(hashed: bytes, *, place: Place, proofs: Proofs) -> SignedIn:
    """End sign-ins with the account at the identity provider. A verified address does not connect
    it again.

    Raises Refused if the person could not sign in any more.
    """
    with proofs.store.begin() as tx:
        session = proofs.holder(tx, hashed)
        role, credential = tx.staff.role(session.address), tx.accounts.get(session.address)
        if role is None or credential is None or not credential.subject:
            raise Refused(say("No account is connected."))
        if not proofs.ways_in(role, credential) - {SignInBy.PROVIDER}:
            raise Refused(say("You sign in with this account alone, so it stays connected."))
        tx.accounts.connect(session.address, credential.issuer, "")
        named = f"{one_line(credential.subject, MAX_NAME_CHARACTERS)} at {credential.issuer}"
        told = f"Your account at {credential.issuer} does not sign you in any more."
        return proofs.changed(tx, session, "disconnect", named, told, place)


# --- second factor


def begin_factor(hashed: bytes, *, stage: Stage, proofs: Proofs) -> None:
    """Begin to set a second factor up. One that there is goes on until a new one is proved."""
    with proofs.store.begin() as tx:
        session = proofs.holder(tx, hashed, stage=stage)
        tx.accounts.prepare_factor(session.address, codes.new_salt())


def enrolment(hashed: bytes, *, stage: Stage, issuer: str, proofs: Proofs) -> Enrolment | None:
    """Return the second factor that is being set up; None if none is. Raises Refused without
    session."""
    with proofs.store.read() as tx:
        address = proofs.holder(tx, hashed, stage=stage).address
        credential = tx.accounts.get(address)
    if credential is None or not credential.pending:
        return None
    secret = codes.secret(proofs.key, credential.pending)
    uri = codes.address_of(secret, account=address, issuer=issuer)
    return Enrolment(secret=secret, address=uri)


def confirm_factor(
    hashed: bytes, code: str, *, stage: Stage, place: Place, proofs: Proofs
) -> EnrolmentResult | Refusal:
    """Turn a second factor on by its first code."""
    with proofs.store.begin() as tx:
        session = proofs.holder(tx, hashed, stage=stage)
        limits = proofs.code_limits(tx, session.address, place)
        counted = proofs.attempt(tx, limits)
        if counted is None:
            return Refusal.TOO_OFTEN
        credential = tx.accounts.get(session.address)
        if credential is None or not credential.pending:
            return Refusal.WRONG
        step = codes.step_of(code, codes.secret(proofs.key, credential.pending), tx.now)
        if step is None:
            return Refusal.WRONG
        tx.throttle.take_back(counted)
        tx.accounts.confirm_factor(session.address, step, tx.now)
        made = proofs.new_codes(tx, session.address)
        told = "A second factor was set up for your account."
        entered = proofs.changed(tx, session, "second factor", _ENDED, told, place)
    return EnrolmentResult(signed_in=entered, codes=made)


def drop_factor(hashed: bytes, *, place: Place, proofs: Proofs) -> SignedIn:
    """Remove the second factor, and the passkeys with it.

    Raises Refused if the role needs a second factor.
    """
    with proofs.store.begin() as tx:
        session = proofs.holder(tx, hashed)
        role = tx.staff.role(session.address)
        if role is not None and proofs.rules.demands_factor(role):
            raise Refused(
                f"the role {role.value} needs a second factor; set up another one instead"
            )
        tx.accounts.drop_factor(session.address)
        told = "The second factor of your account was removed, with its passkeys."
        return proofs.changed(tx, session, "second factor removed", _ENDED, told, place)


# --- recovery codes


def renew_codes(hashed: bytes, *, proofs: Proofs) -> tuple[str, ...]:
    """Return new recovery codes; the earlier ones no longer work. Raises Refused."""
    with proofs.store.begin() as tx:
        address = proofs.holder(tx, hashed).address
        credential = tx.accounts.get(address)
        if credential is None or not credential.has_factor:
            raise Refused("recovery codes are for those who have a second factor; set one up first")
        made = proofs.new_codes(tx, address)
        tx.audit.enter(address, "recovery codes", address, "made anew")
        proofs.tell(tx, address, "New recovery codes were made for your account.")
    return made


# --- sessions


def end_session(hashed: bytes, key: str, *, proofs: Proofs) -> None:
    """End another session of the same person. Raises NotFound if it is not theirs."""
    with proofs.store.begin() as tx:
        address = proofs.holder(tx, hashed).address
        theirs = [session for session in tx.sessions.of(address) if session.key == key]
        if not theirs:
            raise NotFound("This session has ended already, or it is not yours.")
        tx.sessions.end(theirs[0].hash)
        tx.audit.enter(address, "end session", address, theirs[0].browser)


def end_others(hashed: bytes, *, proofs: Proofs) -> int:
    """End all other sessions of one's own; returns how many."""
    with proofs.store.begin() as tx:
        address = proofs.holder(tx, hashed).address
        ended = tx.sessions.end_all(address, but=hashed)
        tx.audit.enter(address, "end session", address, f"all others, {ended}")
    return ended


def begin_passkey(hashed: bytes, *, party: RelyingParty, proofs: Proofs) -> dict[str, Any]:
    """Return the browser's options for creating a passkey. Raises Refused."""
    with proofs.store.begin() as tx:
        session = proofs.holder(tx, hashed)
        known = _known(tx, session.address)
        return passkeys.to_make(
            party,
            proofs.ask(tx, session),
            handle=passkeys.handle_of(proofs.key, session.address),
            address=session.address,
            known=[passkey.id for passkey in known],
        )


def add_passkey(
    hashed: bytes, answer: str, *, name: str, party: RelyingParty, place: Place, proofs: Proofs
) -> SignedIn | Refusal:
    """Keep a passkey that a browser made. Raises Refused where there can be no more."""
    with proofs.store.begin() as tx:
        session = proofs.holder(tx, hashed)
        _known(tx, session.address)
        challenge = proofs.asked(tx, session)
        if challenge is None:
            return Refusal.UNFIT
        try:
            named, public, count = passkeys.made(party, challenge, answer)
        except passkeys.Unfit as error:
            tx.audit.enter(session.address, "passkey refused", session.address, str(error))
            return Refusal.UNFIT
        passkey = Passkey(
            id=named,
            address=session.address,
            party=party.id,
            name=one_line(name, MAX_NAME_CHARACTERS) or place.browser or "A passkey",
            public=public,
            signatures=count,
            made_at=tx.now,
        )
        if not tx.passkeys.add(passkey):
            return Refusal.UNFIT
        told = f"The passkey “{passkey.name}” was added to your account."
        return proofs.changed(tx, session, "passkey", f"{passkey.name} added", told, place)


def remove_passkey(hashed: bytes, key: str, *, place: Place, proofs: Proofs) -> SignedIn:
    """Remove one of the person's passkeys. Raises NotFound if it is not theirs."""
    with proofs.store.begin() as tx:
        session = proofs.holder(tx, hashed)
        mine = [passkey for passkey in tx.passkeys.of(session.address) if passkey.key == key]
        if not mine:
            raise NotFound("This passkey was removed already, or it is not yours.")
        tx.passkeys.remove(mine[0].id)
        told = f"The passkey “{mine[0].name}” was removed from your account."
        return proofs.changed(tx, session, "passkey", f"{mine[0].name} removed", told, place)


def ask_for_passkey(word: str, *, party: RelyingParty, proofs: Proofs) -> dict[str, Any] | None:
    """Return the browser's options for using a passkey; None if the person has none.

    The person is signed in, or has given the right password.
    """
    hashed = hash_of(word)
    with proofs.store.begin() as tx:
        session = tx.sessions.get(hashed) or tx.sessions.half(hashed)
        if session is None or not session.alive(tx.now):
            return None
        known = [
            passkey.id for passkey in tx.passkeys.of(session.address) if passkey.party == party.id
        ]
        if not known or session.stage is Stage.ENROLLING:
            return None
        return passkeys.to_show(party, proofs.ask(tx, session), known)


def _known(tx: Transaction, address: str) -> list[Passkey]:
    """Return the passkeys, if one more may be added. Raises Refused."""
    credential = tx.accounts.get(address)
    if credential is None or not credential.has_factor:
        raise Refused("set up an authenticator app first; a passkey is an addition to it")
    known = tx.passkeys.of(address)
    if len(known) >= MAX_PASSKEYS:
        raise Refused(f"an account has {MAX_PASSKEYS} passkeys at most; remove one first")
    return known
