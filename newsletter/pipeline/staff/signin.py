"""address + password, or an identity → second factor → session; and a fresh factor in between.

A sign-in does not reveal who has an account: a wrong password, an unknown address and too many
failures cost the same and get the same answer.
"""

from collections.abc import Callable, Iterable
from datetime import timedelta

from newsletter.credentials import codes, id_tokens
from newsletter.credentials.codes import hash_of
from newsletter.credentials.id_tokens import Identity, Unproven
from newsletter.domain.errors import Refused
from newsletter.domain.staff.account import Limit, Session, Stage, exceeded, limits_on_passwords
from newsletter.domain.wording import say
from newsletter.pipeline.staff.proofs import (
    PasskeyAnswer,
    PasswordCheck,
    Place,
    Proofs,
    Refusal,
    SignedIn,
    folded,
    one_line,
)
from newsletter.store.sql import Transaction

_DAY = timedelta(days=1)
_NOBODY = "an unknown address"
_LONGEST_SUBJECT = 80
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
        if not role.includes(proofs.rules.passwords):
            tx.audit.enter("nobody", "sign-in refused", who, "passwords are off for this role")
            return Refusal.WRONG
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
    last = exceeded(limits, tx.now, tx.throttle.count)
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
        return proofs.begin(tx, half.address, Stage.WHOLE, place, fresh_at=tx.now)


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


# --- by an identity provider


def leave(onward: str, *, place: Place, proofs: Proofs) -> str:
    """Note that a browser leaves for the identity provider, and where it goes on afterwards.

    Return the word for its cookie, which works once, within ten minutes. Raises Refused beyond the
    limit.
    """
    limit = Limit(key=f"provider {place.network}", most=60, within=timedelta(minutes=5))
    with proofs.store.begin() as tx:
        if proofs.attempt(tx, [limit]) is None:
            raise Refused(say("Too many people are signing in just now. Try again in a minute."))
        away = proofs.begin(tx, "", Stage.AWAY, place)
        tx.sessions.ask(hash_of(away.word), onward, tx.now)
    return away.word


def come_back(
    word: str,
    state: str,
    identify: Callable[[], Identity],
    *,
    place: Place,
    proofs: Proofs,
    before: str = "",
) -> tuple[SignedIn, str] | Refusal:
    """Sign in the person whom the provider names; return also where they go on.

    ``word`` is in the cookie of the browser that left, ``before`` in that of its session.
    ``identify`` asks the provider, without an open transaction.
    """
    with proofs.store.begin() as tx:
        away = tx.sessions.half(hash_of(word))
        if away is None or away.stage is not Stage.AWAY or not id_tokens.is_state(state, word):
            return Refusal.OVER
        asked = tx.sessions.answered(away.hash)
        tx.sessions.end(away.hash)
        if asked is None or not away.alive(tx.now):
            return Refusal.OVER
    try:
        identity = identify()
        with proofs.store.begin() as tx:
            return _enter(tx, identity, before, place, proofs), asked[0]
    except Unproven as error:
        with proofs.store.begin() as tx:
            tx.audit.enter("nobody", "sign-in refused", _NOBODY, f"{error}, from {_where(place)}")
        return Refusal.UNNAMED


def _enter(
    tx: Transaction, identity: Identity, before: str, place: Place, proofs: Proofs
) -> SignedIn:
    """Sign in the owner of an identity, which creates no account. Raises Unproven."""
    session = tx.sessions.get(hash_of(before))
    if session is not None and not (session.alive(tx.now) and session.fresh(tx.now)):
        session = None
    who = tx.accounts.owner_of(identity.issuer, identity.subject)
    who = who or _connect(tx, identity, session, proofs)
    role, credential = tx.staff.role(who), tx.accounts.get(who)
    if role is None or credential is None:
        raise Unproven(f"no account is of {_named(identity)}")
    if session is not None and session.address == who:
        return proofs.renew(tx, session, place, fresh=False)
    tx.sessions.end(hash_of(before))
    stage = Stage.WHOLE if identity.has_factor else proofs.next_stage(role, credential)
    if stage is Stage.WHOLE:
        _note(tx, who, f"with an account of {identity.issuer}", place, proofs)
    fresh_at = identity.authenticated_at if identity.has_factor else None
    return proofs.begin(tx, who, stage, place, fresh_at=fresh_at)


def _connect(tx: Transaction, identity: Identity, session: Session | None, proofs: Proofs) -> str:
    """Connect an identity that comes for the first time; return the account, or "".

    It belongs to the person who is signed in with a fresh factor, else to the owner of the address
    that the provider verified.
    """
    who = session.address if session else folded(identity.email)
    credential = tx.accounts.get(who)
    # the address of another account at this provider may have gone to another person
    if credential is None or (session is None and credential.issuer == identity.issuer):
        return ""
    tx.accounts.connect(who, identity.issuer, identity.subject)
    how = "while signed in" if session else "by its email address"
    tx.audit.enter(who, "connect", who, f"{_named(identity)}, {how}")
    proofs.tell(tx, who, f"Your account at {identity.issuer} signs you in from now on.")
    return who


def _named(identity: Identity) -> str:
    return f"{one_line(identity.subject, _LONGEST_SUBJECT)} at {identity.issuer}"


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
