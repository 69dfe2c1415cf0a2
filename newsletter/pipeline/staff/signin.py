"""address + password → second factor → session; and a fresh factor in between.

A sign-in does not reveal who has an account: a wrong password, an unknown address and too many
failures cost the same and get the same answer.
"""

from collections.abc import Iterable
from datetime import timedelta

from newsletter.credentials import codes
from newsletter.credentials.codes import hash_of
from newsletter.domain.staff.account import Limit, Session, Stage, limits_on_passwords
from newsletter.pipeline.staff.proofs import (
    PasskeyAnswer,
    PasswordCheck,
    Place,
    Proofs,
    Refusal,
    SignedIn,
    folded,
)
from newsletter.store.sql import Transaction

_DAY = timedelta(days=1)
_NOBODY = "an unknown address"
_STOPPED = "no more are looked at for some minutes"


def sign_in(
    address: str, password: str, *, place: Place, proofs: Proofs, before: str = ""
) -> SignedIn | Refusal:
    """Take a password. ``before`` is what the browser's cookie held: that session ends.

    Raises Busy where too many passwords are being worked out just now.
    """
    who = folded(address)
    device = codes.device_of(proofs.key, who, place.device)
    with proofs.store.read() as tx:
        is_familiar = tx.throttle.knows(who, place.network, tx.now)
    limits = limits_on_passwords(who, place.network, is_familiar=is_familiar, device=device)
    is_known = is_familiar or device != ""
    compared = proofs.compare(who, password, limits, place, is_known=is_known)
    if compared is None:
        return Refusal.TOO_OFTEN
    with proofs.store.begin() as tx:
        # the account may have changed while the password was worked out
        role, credential = tx.staff.role(who), tx.accounts.get(who)
        now = credential.password if role and credential else ""
        if not compared.is_right or now != compared.hashed:
            subject = who if role else _NOBODY
            _fail(tx, "sign-in refused", "wrong password", subject, limits, place, proofs)
            return Refusal.WRONG
        assert role and credential  # noqa: S101, PT018 - else no password fits
        tx.throttle.take_back(compared.counted)
        tx.sessions.end(hash_of(before))
        stage = proofs.next_stage(role, credential)
        if stage is Stage.WHOLE:
            _note(tx, who, "with a password", place, proofs)
        return proofs.begin(tx, who, stage, place)


def _fail(
    tx: Transaction,
    action: str,
    why: str,
    subject: str,
    limits: Iterable[Limit],
    place: Place,
    proofs: Proofs,
) -> None:
    """One line for one attempt; its owner hears once a day that somebody tries and tries."""
    last = proofs.is_last(tx, limits)
    detail = f"{why}, from {_where(place)}" + (f"; {_STOPPED}" if last else "")
    tx.audit.enter("nobody", action, subject, detail)
    told = Limit(key=f"told {subject}", most=1, within=_DAY)
    if last and subject != _NOBODY and proofs.attempt(tx, [told]) is not None:
        what = f"Somebody tried several times to sign in as you, from {_where(place)}, and failed."
        proofs.tell(tx, subject, what)


def second(
    word: str, code: str | PasskeyAnswer, *, place: Place, proofs: Proofs
) -> SignedIn | Refusal:
    """Take a one-time or recovery code, or a passkey, of somebody whose password was right."""
    with proofs.store.begin() as tx:
        half = tx.sessions.half(hash_of(word))
        if half is None or half.stage is not Stage.HALF or not half.alive(tx.now):
            return Refusal.OVER
        if tx.staff.role(half.address) is None:
            return Refusal.OVER
        denied = _deny(tx, half, code, place, proofs, "sign-in refused")
        if denied is not None:
            return denied
        tx.sessions.end(half.hash)
        how = "with a passkey" if isinstance(code, PasskeyAnswer) else "with a second factor"
        _note(tx, half.address, how, place, proofs)
        return proofs.begin(tx, half.address, Stage.WHOLE, place, fresh=True)


def step_up(
    hashed: bytes, proof: str | PasskeyAnswer, *, place: Place, proofs: Proofs
) -> SignedIn | Refusal:
    """Take a fresh factor of somebody who is signed in: a code or a passkey, or the password of
    who has neither.

    Raises Refused where the session is over, or too many passwords are being worked out.
    """
    with proofs.store.read() as tx:
        session = proofs.holder(tx, hashed)
        credential = tx.accounts.get(session.address)
        limits = proofs.code_limits(tx, session.address, place)
    if credential is None:
        return Refusal.WRONG
    compared = None
    if not credential.has_factor and isinstance(proof, str):
        compared = proofs.compare(session.address, proof, limits, place)
        if compared is None:
            return Refusal.TOO_OFTEN
    with proofs.store.begin() as tx:
        session = proofs.holder(tx, hashed)
        denied = _deny(tx, session, compared or proof, place, proofs, "step-up refused")
        if denied is not None:
            return denied
        tx.audit.enter(session.address, "step-up", session.address, _where(place))
        return proofs.renew(tx, session, place)


def _deny(
    tx: Transaction,
    session: Session,
    proof: str | PasskeyAnswer | PasswordCheck,
    place: Place,
    proofs: Proofs,
    action: str,
) -> Refusal | None:
    """Return why a factor is refused, or None. A password was compared and counted before."""
    address = session.address
    limits = proofs.code_limits(tx, address, place)
    counted = proof.counted if isinstance(proof, PasswordCheck) else proofs.attempt(tx, limits)
    if counted is None:
        return Refusal.TOO_OFTEN
    wrong = _wrong(tx, session, proof, proofs)
    if wrong is None:
        tx.throttle.take_back(counted)
        return None
    denied, why = wrong
    _fail(tx, action, why, address, limits, place, proofs)
    return denied


def _wrong(
    tx: Transaction, session: Session, proof: str | PasskeyAnswer | PasswordCheck, proofs: Proofs
) -> tuple[Refusal, str] | None:
    """Check a second factor and mark it as used. Return why it is refused, and a log entry."""
    if isinstance(proof, PasskeyAnswer):
        return proofs.sign(tx, session, proof)
    credential = tx.accounts.get(session.address)
    if isinstance(proof, PasswordCheck):
        now = credential.password if credential else ""
        right = proof.is_right and now == proof.hashed
    else:
        right = credential is not None and proofs.spend(tx, credential, proof)
    return None if right else (Refusal.WRONG, "wrong code")


def sign_out(hashed: bytes, *, proofs: Proofs) -> None:
    """End a session, however far it has come. To sign out twice is no fault."""
    with proofs.store.begin() as tx:
        session = tx.sessions.get(hashed)
        if tx.sessions.end(hashed) and session is not None:
            tx.audit.enter(session.address, "sign-out", session.address, session.browser)


def halfway(word: str, *, proofs: Proofs) -> Session | None:
    """Return the session of a person who must still give a second factor; None without one."""
    with proofs.store.read() as tx:
        half = tx.sessions.half(hash_of(word)) if word else None
    return half if half is not None and half.alive(proofs.store.clock.now()) else None


def _note(tx: Transaction, address: str, how: str, place: Place, proofs: Proofs) -> None:
    """Log a sign-in. A sign-in from a new place is mailed to the person."""
    tx.audit.enter(address, "sign-in", address, f"{how}, from {_where(place)}")
    if not tx.throttle.knows(address, place.network, tx.now):
        what = f"You signed in from a place that is new to us: {_where(place)}."
        proofs.tell(tx, address, what)


def _where(place: Place) -> str:
    return (
        ", ".join(named for named in (place.browser, place.network) if named) or "an unknown place"
    )
