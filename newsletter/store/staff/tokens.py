"""Tokens of the HTTP API, found by the hash of their secret alone, and their idempotency keys."""

from datetime import datetime, timedelta

from newsletter.domain.staff.token import Token
from newsletter.store.database import Repository

_SELECT = 'SELECT id, name, "by", scopes, made_at, expires_at, used_at, revoked_at FROM token'


class Tokens(Repository):
    """Tokens. A revoked one is kept, so that the desk can show it."""

    def add(self, token: Token, hash: bytes) -> Token:
        """Add a token; return it with its id."""
        values = {name: value for name, value in vars(token).items() if name != "id"}
        values["scopes"] = [scope.value for scope in token.scopes]
        number = self._db.insert("token", returning="id", hash=hash, **values)
        return Token(**vars(token) | {"id": number})

    def find(self, hash: bytes) -> Token | None:
        """Return the token whose secret has this hash, also if it works no more."""
        return self._db.first(Token, f"{_SELECT} WHERE hash = :hash", hash=hash)

    def newest(self, most: int) -> list[Token]:
        """Return the tokens, the newest first."""
        return self._db.all(Token, f"{_SELECT} ORDER BY id DESC LIMIT :most", most=most)

    def use(self, number: int, at: datetime) -> None:
        """Note when a token was used."""
        self._db.update("token", {"id": number}, used_at=at)

    def revoke(self, number: int, at: datetime) -> Token | None:
        """Revoke a token; return it, or None if there is none or it was revoked before."""
        changed = self._db.changes(
            "UPDATE token SET revoked_at = :at WHERE id = :id AND revoked_at IS NULL",
            id=number,
            at=at,
        )
        found = f"{_SELECT} WHERE id = :id"
        return self._db.first(Token, found, id=number) if changed else None

    def revoke_by(self, maker: str, at: datetime) -> None:
        """Revoke all tokens that a person made."""
        self._db.change(
            'UPDATE token SET revoked_at = :at WHERE "by" = :maker AND revoked_at IS NULL',
            maker=maker,
            at=at,
        )

    # --- idempotency keys

    def note_request(
        self, number: int, key: bytes, request: bytes, at: datetime
    ) -> tuple[bytes, str | None] | None:
        """Note a request under the hash of its key. Return the earlier one, if there was one.

        It is the hash of its content, and what names the resource that it made, as JSON; None while
        it is under way, or if it was cut off.
        """
        before = at - timedelta(days=1)
        self._db.change("DELETE FROM idempotency_key WHERE at < :before", before=before)
        values = {"token_id": number, "key": key}
        if self._db.insert_new("idempotency_key", **values, request=request, at=at):
            return None
        [row] = self._db.rows(
            "SELECT request, made FROM idempotency_key WHERE token_id = :token_id AND key = :key",
            **values,
        )
        return row[0], row[1]

    def note_result(self, number: int, key: bytes, made: str) -> None:
        """Note what names the resource that a request made."""
        self._db.update("idempotency_key", {"token_id": number, "key": key}, made=made)

    def forget(self, number: int, key: bytes) -> None:
        """Forget a request that was refused, so that it can be sent again."""
        self._db.change(
            "DELETE FROM idempotency_key WHERE token_id = :id AND key = :key", id=number, key=key
        )
