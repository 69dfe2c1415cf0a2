"""Tokens of the HTTP API. Admins create and revoke them. They end if their creator is no admin."""

from collections.abc import Sequence
from datetime import timedelta

from newsletter.credentials.codes import hash_token, new_token
from newsletter.domain.errors import NotFound
from newsletter.domain.staff.role import Role
from newsletter.domain.staff.token import MAX_TOKEN_LIFETIME, PREFIX, Scope, Token
from newsletter.domain.wording import one_line, say
from newsletter.pipeline.ledger import act_as
from newsletter.pipeline.staff.proofs import Proofs
from newsletter.store.sql import Store

_MAX_NAME_CHARS = 60
_USE_STORE_INTERVAL = timedelta(hours=1)
"""The interval at which the last use of a token is stored."""


def make(
    name: str, scopes: Sequence[Scope], lifetime: timedelta, *, by: str, proofs: Proofs
) -> tuple[Token, str]:
    """Create a token, and email its creator a notice. Return it with its secret.

    Only the hash of the secret is stored. Raises Refused for anyone but an admin.
    """
    secret = PREFIX + new_token()
    with act_as(proofs.store, by, Role.ADMIN, "make a token", in_person=True) as (tx, actor):
        token = Token(
            id=0,
            name=one_line(name, _MAX_NAME_CHARS) or "Without a name",
            by=actor,
            scopes=tuple(scopes),
            made_at=tx.now,
            expires_at=tx.now + min(lifetime, MAX_TOKEN_LIFETIME),
        )
        token = tx.tokens.add(token, hash_token(secret))
        rights = tuple(scope.value for scope in token.scopes)
        values = {"token": token.name, "rights": rights, "until": token.expires_at}
        tx.audit.enter(actor, "make token", f"tokens/{token.id}", **values)
        text = "A token for the API was made in your name: {token}."
        proofs.tell(tx, actor, say(text, token=token.name))
    return token, secret


def revoke(token_id: int, *, by: str, proofs: Proofs) -> Token:
    """Revoke a token. Raises NotFound, and Refused for anyone but an admin."""
    with act_as(proofs.store, by, Role.ADMIN, "revoke a token", in_person=True) as (tx, actor):
        token = tx.tokens.revoke(token_id, tx.now)
        if token is None:
            raise NotFound(say("This token was revoked already."))
        tx.audit.enter(actor, "revoke token", f"tokens/{token_id}", token=token.name, of=token.by)
    return token


def bearer(secret: str, *, store: Store) -> Token | None:
    """Return the valid token with this secret, and store its use; None if there is none."""
    if not secret.startswith(PREFIX):
        return None
    with store.read() as tx:
        token, now = tx.tokens.find(hash_token(secret)), tx.now
        is_admins = token is not None and tx.staff.role(token.by) is Role.ADMIN
    if token is None or not is_admins or not token.is_valid(now):
        return None
    if token.used_at is None or now - token.used_at >= _USE_STORE_INTERVAL:
        with store.begin(is_durable=False) as tx:
            tx.tokens.use(token.id, now)
    return token
