"""address + password, or an identity → second factor → session; and a fresh factor in between.

A sign-in does not reveal who has an account: a wrong password, an unknown address and too many
failures cost the same and get the same answer.
"""

import json
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from enum import Enum

from newsletter.credentials import codes, id_tokens
from newsletter.credentials.codes import hash_of
from newsletter.credentials.id_tokens import Identity, Unproven
from newsletter.domain.errors import NotFound, Refused
from newsletter.domain.staff.account import (
    Limit,
    Session,
    SignInBy,
    Stage,
    exceeded,
    limits_on_passwords,
)
from newsletter.domain.wording import say
from newsletter.pipeline.staff.proofs import (
    OTHER_PERSON,
    PasskeyAnswer,
    PasswordCheck,
    Place,
    Proofs,
    Refusal,
    SignedIn,
    folded,
    named,
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
        if SignInBy.PASSWORD not in proofs.ways_in(role, credential):
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
    """Log a failed attempt. The owner gets a notice of many failures once a day."""
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


class Errand(Enum):
    """What a browser leaves for the identity provider for."""

    SIGN_IN = "sign in"
    """Anybody signs in."""
    CONNECT = "connect"
    """The person who is signed in connects the account there."""
    PROVE = "prove"
    """The person who is signed in gives a fresh factor there."""
    JOIN = "join"
    """The owner of a link opens an account."""


def leave(
    errand: Errand,
    address: str = "",
    onward: str = "/desk",
    link: int = 0,
    name: str = "",
    *,
    place: Place,
    proofs: Proofs,
) -> str:
    """Note that a browser leaves for the identity provider, and where it goes on afterwards.

    A person who is signed in has an address; who joins, the number of a link, its address, and a
    typed name. Return the word for its cookie, which works once, within ten minutes. Raises Refused
    beyond the limit.
    """
    limit = Limit(key=f"provider {place.network}", most=60, within=timedelta(minutes=5))
    with proofs.store.begin() as tx:
        if proofs.attempt(tx, [limit]) is None:
            raise Refused(say("Too many people are signing in just now. Try again in a minute."))
        away = proofs.begin(tx, address, Stage.AWAY, place)
        kept = json.dumps([errand.value, onward, link, name])
        tx.sessions.ask(hash_of(away.word), kept, tx.now)
    return away.word


def come_back(
    word: str,
    state: str,
    identify: Callable[[], Identity],
    *,
    join: Callable[[Transaction, int, str, Identity, Place, Proofs], SignedIn],
    place: Place,
    proofs: Proofs,
    before: str = "",
) -> tuple[SignedIn, str] | Refusal:
    """Let the person whom the provider names do what they left for; return also where they go on.

    ``word`` is in the cookie of the browser that left, ``before`` in that of its session.
    ``identify`` asks the provider, without an open transaction; ``join`` uses a link. Raises
    NotFound and Refused.
    """
    with proofs.store.begin() as tx:
        away = tx.sessions.half(hash_of(word))
        if away is None or away.stage is not Stage.AWAY or not id_tokens.is_state(state, word):
            return Refusal.OVER
        asked = tx.sessions.answered(away.hash)
        tx.sessions.end(away.hash)
        if asked is None or not away.alive(tx.now):
            return Refusal.OVER
    said, onward, link, name = json.loads(asked[0])
    errand = Errand(said)
    try:
        identity = identify()
        with proofs.store.begin() as tx:
            if errand is Errand.JOIN:
                return join(tx, link, name, identity, place, proofs), onward
            if errand is Errand.SIGN_IN:
                return _enter(tx, identity, before, place, proofs), onward
            session = proofs.holder(tx, hash_of(before))
            if session.address != away.address:
                return Refusal.OVER
            since = away.created_at - id_tokens.LEEWAY if errand is Errand.PROVE else None
            return _confirm(tx, identity, session, since, place, proofs), onward
    except (Refused, NotFound) as error:
        why = f"{said}: {error}, from {_where(place)}"
        with proofs.store.begin() as tx:
            tx.audit.enter("nobody", "sign-in refused", away.address or _NOBODY, why)
        if isinstance(error, Unproven):
            return Refusal.UNNAMED
        raise


def _enter(
    tx: Transaction, identity: Identity, before: str, place: Place, proofs: Proofs
) -> SignedIn:
    """Sign in the owner of an identity, which creates no account. Raises Unproven."""
    who = tx.accounts.owner_of(identity.issuer, identity.subject)
    who = who or _recognise(tx, identity, proofs)
    role, credential = tx.staff.role(who), tx.accounts.get(who)
    if role is None or credential is None:
        raise Unproven(f"no account is of {named(identity)}")
    tx.sessions.end(hash_of(before))
    stage = proofs.next_stage(role, credential, identity)
    if stage is Stage.WHOLE:
        _note(tx, who, f"with an account of {identity.issuer}", place, proofs)
    fresh_at = identity.authenticated_at if identity.has_factor else None
    return proofs.begin(tx, who, stage, place, fresh_at=fresh_at)


def _recognise(tx: Transaction, identity: Identity, proofs: Proofs) -> str:
    """Return the owner of the address that the provider verified, and connect them; else ""."""
    who = folded(identity.email)
    credential = tx.accounts.get(who)
    # the address of another account at this provider may have gone to another person
    if credential is None or credential.issuer == identity.issuer:
        return ""
    _connect(tx, identity, who, "by its email address", proofs)
    return who


def _connect(tx: Transaction, identity: Identity, who: str, how: str, proofs: Proofs) -> None:
    tx.accounts.connect(who, identity.issuer, identity.subject)
    tx.audit.enter(who, "connect", who, f"{named(identity)}, {how}")
    proofs.tell(tx, who, f"Your account at {identity.issuer} signs you in from now on.")


def _confirm(
    tx: Transaction,
    identity: Identity,
    session: Session,
    since: datetime | None,
    place: Place,
    proofs: Proofs,
) -> SignedIn:
    """Connect an identity with the person who is signed in with a fresh factor.

    If it is to prove them again, it counts as a fresh factor: the provider asked ``since`` then.
    """
    owner, at = tx.accounts.owner_of(identity.issuer, identity.subject), identity.authenticated_at
    credential = tx.accounts.get(session.address)
    if credential is None or owner not in {session.address, None if since is None else ""}:
        raise Refused(OTHER_PERSON)
    if since is None:
        if not session.fresh(tx.now):
            raise Refused(say("That took too long. Connect the account again."))
        _connect(tx, identity, session.address, "while signed in", proofs)
        return proofs.renew(tx, session, place, fresh=False)
    if credential.has_factor and not identity.has_factor:
        raise Refused(say("No second factor was asked for there. Use your code instead."))
    if at is None or at < since:
        raise Refused(say("You were not asked there who you are. Nothing was changed."))
    how = f"with an account of {identity.issuer}, from {_where(place)}"
    tx.audit.enter(session.address, "step-up", session.address, how)
    return proofs.renew(tx, session, place)


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
