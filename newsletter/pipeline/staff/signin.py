"""Signing in: by password or identity provider, then by a second factor; and the step-up.

A wrong password and an unknown address get the same response, after the same time.
"""

import json
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from enum import Enum

from newsletter.credentials import codes, id_tokens
from newsletter.credentials.codes import hash_token
from newsletter.credentials.id_tokens import Identity, Unproven
from newsletter.domain.errors import NotFound, Refused
from newsletter.domain.staff.account import (
    Limit,
    Session,
    SignInBy,
    SignInStage,
    is_exceeded,
    limit_of_network,
    limits_on_passwords,
)
from newsletter.domain.subscribers.address import fold_or_empty
from newsletter.domain.wording import say
from newsletter.pipeline.staff.proofs import (
    NO_SIGN_IN_TIME,
    SIGNED_IN_AS_ANOTHER,
    PasskeyAnswer,
    PasswordCheck,
    Proofs,
    Refusal,
    SignedIn,
    identity_text,
)
from newsletter.store.sql import Transaction

_UNKNOWN_ADDRESS = "an unknown address"


def sign_in(address: str, password: str, *, proofs: Proofs, before: str = "") -> SignedIn | Refusal:
    """Sign in with a password. The session with the token ``before``, from the cookie, ends.

    Raises Busy if too many passwords are being hashed.
    """
    who = fold_or_empty(address)
    device = codes.find_device(proofs.key, who, proofs.client.device)
    with proofs.store.read() as tx:
        is_familiar = tx.throttle.knows_network(who, proofs.client.network, tx.now)
    limits = limits_on_passwords(who, proofs.client.network, is_familiar=is_familiar, device=device)
    is_known = is_familiar or device != ""
    compared = proofs.check_password(who, password, limits, is_known=is_known)
    if compared is None:
        return Refusal.TOO_OFTEN
    with proofs.store.begin() as tx:
        # the account may have changed while the password was hashed
        role, credential = tx.staff.role(who), tx.accounts.get(who)
        now = credential.password if role and credential else ""
        if not compared.is_right or now != compared.password_hash:
            subject = who if role else _UNKNOWN_ADDRESS
            _log_failure(tx, "sign-in refused", say("wrong password"), subject, limits, proofs)
            return Refusal.WRONG
        assert role and credential  # noqa: S101, PT018 - without both no password is right
        tx.throttle.delete_failures(compared.counted)
        if SignInBy.PASSWORD not in proofs.methods(role, credential):
            why = say("passwords are off for this role")
            tx.audit.enter("nobody", "sign-in refused", who, why=why)
            return Refusal.WRONG
        tx.sessions.end(hash_token(before))
        stage = proofs.next_stage(role, credential)
        if stage is SignInStage.WHOLE:
            _log_sign_in(tx, who, say("with a password"), proofs)
        return proofs.begin(tx, who, stage)


def _log_failure(
    tx: Transaction, action: str, reason: str, subject: str, limits: Iterable[Limit], proofs: Proofs
) -> None:
    """Log a failed attempt. At the limit the owner gets a notice, at most once a day."""
    is_last = is_exceeded(limits, tx.now, tx.throttle.count_failures)
    limit_note = say("no more are looked at for some minutes") if is_last else ""
    values = {"why": reason, "client": proofs.client.text, "then": limit_note}
    tx.audit.enter("nobody", action, subject, **values)
    limit = Limit(key=f"told {subject}", max_count=1, period=timedelta(days=1))
    if is_last and subject != _UNKNOWN_ADDRESS and proofs.attempt(tx, [limit]) is not None:
        what = "Somebody tried several times to sign in as you, from {client}, and failed."
        proofs.tell(tx, subject, say(what, client=proofs.client.text))


def confirm_second_factor(
    token: str, code: str | PasskeyAnswer, *, proofs: Proofs
) -> SignedIn | Refusal:
    """Complete a sign-in with a one-time code, a recovery code or a passkey."""
    with proofs.store.begin() as tx:
        session = tx.sessions.find_incomplete(hash_token(token))
        is_half = session is not None and session.stage is SignInStage.HALF
        if session is None or not is_half or not session.is_alive(tx.now):
            return Refusal.OVER
        if tx.staff.role(session.address) is None:
            return Refusal.OVER
        refusal = _check_factor(tx, session, code, proofs, "sign-in refused")
        if refusal is not None:
            return refusal
        tx.sessions.end(session.hash)
        is_passkey = isinstance(code, PasskeyAnswer)
        method = say("with a passkey") if is_passkey else say("with a second factor")
        _log_sign_in(tx, session.address, method, proofs)
        return proofs.begin(tx, session.address, SignInStage.WHOLE, fresh_at=tx.now)


def step_up(token_hash: bytes, proof: str | PasskeyAnswer, *, proofs: Proofs) -> SignedIn | Refusal:
    """Renew a session with a fresh second factor, or the password if the account has none.

    Raises Refused if the session has ended or too many passwords are being hashed.
    """
    with proofs.store.read() as tx:
        session = proofs.find_session(tx, token_hash)
        credential = tx.accounts.get(session.address)
        limits = proofs.code_limits(tx, session.address)
    if credential is None:
        return Refusal.WRONG
    compared = None
    if not credential.has_factor and isinstance(proof, str):
        compared = proofs.check_password(session.address, proof, limits)
        if compared is None:
            return Refusal.TOO_OFTEN
    with proofs.store.begin() as tx:
        session = proofs.find_session(tx, token_hash)
        refusal = _check_factor(tx, session, compared or proof, proofs, "step-up refused")
        if refusal is not None:
            return refusal
        tx.audit.enter(session.address, "step-up", session.address, client=proofs.client.text)
        return proofs.renew(tx, session)


def _check_factor(
    tx: Transaction,
    session: Session,
    proof: str | PasskeyAnswer | PasswordCheck,
    proofs: Proofs,
    action: str,
) -> Refusal | None:
    """Check a proof and count it if it is wrong. Return the refusal, or None."""
    address = session.address
    limits = proofs.code_limits(tx, address)
    counted = proof.counted if isinstance(proof, PasswordCheck) else proofs.attempt(tx, limits)
    if counted is None:
        return Refusal.TOO_OFTEN
    fault = _factor_fault(tx, session, proof, proofs)
    if fault is None:
        tx.throttle.delete_failures(counted)
        return None
    refusal, why = fault
    _log_failure(tx, action, why, address, limits, proofs)
    return refusal


def _factor_fault(
    tx: Transaction, session: Session, proof: str | PasskeyAnswer | PasswordCheck, proofs: Proofs
) -> tuple[Refusal, str] | None:
    """Check a second factor and mark it as used. Return None, or the refusal and an audit text."""
    if isinstance(proof, PasskeyAnswer):
        return proofs.check_passkey(tx, session, proof)
    credential = tx.accounts.get(session.address)
    if isinstance(proof, PasswordCheck):
        now = credential.password if credential else ""
        is_right = proof.is_right and now == proof.password_hash
    else:
        is_right = credential is not None and proofs.use_code(tx, credential, proof)
    return None if is_right else (Refusal.WRONG, say("wrong code"))


class SignInPurpose(Enum):
    SIGN_IN = "sign in"
    """Sign in at the desk."""
    CONNECT = "connect"
    """Connect the account at the provider with the signed-in person."""
    PROVE = "prove"
    """Give a fresh second factor for the signed-in person."""
    JOIN = "join"
    """Open an account with an invitation link."""


def leave_for_provider(
    purpose: SignInPurpose,
    address: str = "",
    next_path: str = "/desk",
    link: int = 0,
    name: str = "",
    *,
    proofs: Proofs,
) -> str:
    """Store why a browser goes to the identity provider. Return a token for its cookie.

    The token is valid once, for FACTOR_TIMEOUT. ``next_path`` is the page to show afterwards.
    ``address`` is that of the signed-in person, or of the link for JOIN, which also has the id of
    the ``link`` and a typed ``name``. Raises Refused for too many requests of a network.
    """
    limit = limit_of_network("provider", proofs.client.network, 60, timedelta(minutes=5))
    with proofs.store.begin() as tx:
        if proofs.attempt(tx, [limit]) is None:
            raise Refused(say("Too many people are signing in just now. Try again in a minute."))
        token = proofs.begin(tx, address, SignInStage.AWAY).token
        state = json.dumps([purpose.value, next_path, link, name])
        tx.sessions.store_challenge(hash_token(token), state, tx.now)
    return token


def return_from_provider(
    token: str,
    state: str,
    identify: Callable[[], Identity],
    *,
    join: Callable[[Transaction, int, str, Identity, Proofs], SignedIn],
    proofs: Proofs,
    before: str = "",
) -> tuple[SignedIn, str] | Refusal:
    """Do what the browser went to the identity provider for. Return the session and the next page.

    ``token`` is that of ``leave_for_provider``, ``before`` that of the session, both from cookies.
    ``identify`` asks the provider for the identity. ``join`` uses a link. Raises NotFound and
    Refused.
    """
    with proofs.store.begin() as tx:
        away = tx.sessions.find_incomplete(hash_token(token))
        if (
            away is None
            or away.stage is not SignInStage.AWAY
            or not id_tokens.is_state(state, token)
        ):
            return Refusal.OVER
        request = tx.sessions.take_challenge(away.hash)
        tx.sessions.end(away.hash)
        if request is None or not away.is_alive(tx.now):
            return Refusal.OVER
    purpose_name, next_path, link, name = json.loads(request[0])
    purpose = SignInPurpose(purpose_name)
    try:
        identity = identify()
        with proofs.store.begin() as tx:
            if purpose is SignInPurpose.JOIN:
                return join(tx, link, name, identity, proofs), next_path
            if purpose is SignInPurpose.SIGN_IN:
                return _sign_in_by_identity(tx, identity, before, proofs), next_path
            session = proofs.find_session(tx, hash_token(before))
            if session.address != away.address:
                return Refusal.OVER
            is_proof = purpose is SignInPurpose.PROVE
            since = away.created_at - id_tokens.CLOCK_LEEWAY if is_proof else None
            return _confirm_identity(tx, identity, session, since, proofs), next_path
    except (Refused, NotFound) as error:
        values = {"purpose": purpose_name, "why": str(error), "client": proofs.client.text}
        with proofs.store.begin() as tx:
            tx.audit.enter("nobody", "sign-in refused", away.address or _UNKNOWN_ADDRESS, **values)
        if isinstance(error, Unproven):
            return Refusal.UNNAMED
        raise


def _sign_in_by_identity(
    tx: Transaction, identity: Identity, before: str, proofs: Proofs
) -> SignedIn:
    """Sign in the account of an identity. Raises Unproven if there is none."""
    who = tx.accounts.find_by_identity(identity.issuer, identity.subject)
    who = who or _connect_by_email(tx, identity, proofs)
    role, credential = tx.staff.role(who), tx.accounts.get(who)
    if role is None or credential is None:
        raise Unproven(say("no account is of {account}", account=identity_text(identity)))
    tx.sessions.end(hash_token(before))
    stage = proofs.next_stage(role, credential, identity)
    if stage is SignInStage.WHOLE:
        way = say("with an account of {issuer}", issuer=identity.issuer)
        _log_sign_in(tx, who, way, proofs)
    fresh_at = identity.authenticated_at if identity.has_factor else None
    return proofs.begin(tx, who, stage, fresh_at=fresh_at)


def _connect_by_email(tx: Transaction, identity: Identity, proofs: Proofs) -> str:
    """Connect the account of the verified email address. Return the address; "" without one."""
    who = fold_or_empty(identity.email)
    credential = tx.accounts.get(who)
    # the provider may have given the address of a connected account to another person
    if credential is None or credential.issuer == identity.issuer:
        return ""
    _connect(tx, identity, who, say("by its email address"), proofs)
    return who


def _connect(tx: Transaction, identity: Identity, address: str, proof: str, proofs: Proofs) -> None:
    tx.accounts.change(address, issuer=identity.issuer, subject=identity.subject)
    tx.audit.enter(address, "connect", address, account=identity_text(identity), proof=proof)
    connected = "Your account at {issuer} signs you in from now on."
    proofs.tell(tx, address, say(connected, issuer=identity.issuer))


def _confirm_identity(
    tx: Transaction, identity: Identity, session: Session, since: datetime | None, proofs: Proofs
) -> SignedIn:
    """Connect an identity with the session's owner, or accept it as a fresh factor.

    It is a factor if ``since`` is set: the person must have authenticated there after that time.
    """
    owner = tx.accounts.find_by_identity(identity.issuer, identity.subject)
    at = identity.authenticated_at
    credential = tx.accounts.get(session.address)
    if credential is None or owner not in {session.address, None if since is None else ""}:
        raise Refused(SIGNED_IN_AS_ANOTHER)
    if since is None:
        if not session.has_fresh_factor(tx.now):
            raise Refused(say("That took too long. Connect the account again."))
        _connect(tx, identity, session.address, say("while signed in"), proofs)
        return proofs.renew(tx, session, with_factor=False)
    if credential.has_factor and not identity.has_factor:
        raise Refused(say("No second factor was asked for there. Use your code instead."))
    if at is None:
        raise Refused(NO_SIGN_IN_TIME)
    if at < since:
        raise Refused(say("You were not asked there who you are. Nothing was changed."))
    way = say("with an account of {issuer}", issuer=identity.issuer)
    values = {"way": way, "client": proofs.client.text}
    tx.audit.enter(session.address, "step-up", session.address, **values)
    return proofs.renew(tx, session)


def sign_out(token_hash: bytes, *, proofs: Proofs) -> None:
    """End a session. It is no error if it has ended before."""
    with proofs.store.begin() as tx:
        session = tx.sessions.get(token_hash)
        if tx.sessions.end(token_hash) and session is not None:
            tx.audit.enter(session.address, "sign-out", session.address, browser=session.browser)


def find_half_session(token: str, *, proofs: Proofs) -> Session | None:
    with proofs.store.read() as tx:
        session = tx.sessions.find_incomplete(hash_token(token)) if token else None
    return session if session and session.is_alive(proofs.store.clock.now()) else None


def _log_sign_in(tx: Transaction, address: str, way: str, proofs: Proofs) -> None:
    """Log a sign-in. If it is from a new network, the person gets a notice."""
    tx.audit.enter(address, "sign-in", address, way=way, client=proofs.client.text)
    if not tx.throttle.knows_network(address, proofs.client.network, tx.now):
        what = "You signed in from a place that is new to us: {client}."
        proofs.tell(tx, address, say(what, client=proofs.client.text))
