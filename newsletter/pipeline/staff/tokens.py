"""Tokens of the HTTP API: made and revoked by admins, and valid while their maker is one."""

from collections.abc import Sequence
from datetime import timedelta

from newsletter.credentials.codes import hash_of, new_word
from newsletter.domain.errors import NotFound
from newsletter.domain.staff.role import Role
from newsletter.domain.staff.token import MAX_LIFETIME, PREFIX, Scope, Token
from newsletter.pipeline.ledger import authorise
from newsletter.pipeline.staff.proofs import Proofs, one_line
from newsletter.store.sql import Store

_LONGEST_NAME = 60
_KNOWN_FOR = timedelta(hours=1)
"""The last use is stored again only after so long."""


def make(
    name: str, scopes: Sequence[Scope], lives: timedelta, *, by: str, proofs: Proofs
) -> tuple[Token, str]:
    """Make a token that acts in the name of its maker, and mail them that it was made.

    Return it with its secret, which is kept nowhere. Raises Refused for anybody but an admin.
    """
    secret = PREFIX + new_word()
    with proofs.store.begin() as tx:
        actor = authorise(tx, by, Role.ADMIN, "make a token")
        token = Token(
            id=0,
            name=one_line(name, _LONGEST_NAME) or "Without a name",
            by=actor,
            scopes=tuple(scopes),
            made_at=tx.now,
            expires_at=tx.now + min(lives, MAX_LIFETIME),
        )
        token = tx.tokens.add(token, hash_of(secret))
        rights = ", ".join(scope.value for scope in token.scopes)
        until = f"until {token.expires_at:%Y-%m-%d}"
        tx.audit.enter(actor, "make token", f"token {token.id}", f"{token.name}: {rights}; {until}")
        proofs.tell(tx, actor, f"A token for the API was made in your name: {token.name}.")
    return token, secret


def revoke(number: int, *, by: str, proofs: Proofs) -> Token:
    """Revoke a token. Raises NotFound, and Refused for anybody but an admin."""
    with proofs.store.begin() as tx:
        actor = authorise(tx, by, Role.ADMIN, "revoke a token")
        token = tx.tokens.revoke(number, tx.now)
        if token is None:
            raise NotFound("This token was revoked already.")
        tx.audit.enter(actor, "revoke token", f"token {number}", f"{token.name}, of {token.by}")
    return token


def bearer(secret: str, *, store: Store) -> Token | None:
    """Return the token with this secret, and note its use; None if it opens nothing."""
    if not secret.startswith(PREFIX):
        return None
    with store.read() as tx:
        token, now = tx.tokens.find(hash_of(secret)), tx.now
        is_admins = token is not None and tx.staff.role(token.by) is Role.ADMIN
    if token is None or not is_admins or not token.works(now):
        return None
    if token.used_at is None or now - token.used_at >= _KNOWN_FOR:
        with store.begin(lasting=False) as tx:
            tx.tokens.use(token.id, now)
    return token
