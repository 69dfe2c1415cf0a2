"""The staff with their roles, and the tokens of the API."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from newsletter.domain.staff.account import name_of
from newsletter.domain.staff.role import Role
from newsletter.domain.staff.token import Token
from newsletter.store.database import Repository


class Staff(Repository):
    """The members of staff."""

    def roles(self) -> dict[str, Role]:
        """Return the role of each person, by folded address."""
        return {address: Role(role) for address, role, _, _ in self._rows()}

    def role(self, address: str) -> Role | None:
        """Return the role of a person, or None if the address is not among the staff."""
        return self.roles().get(address)

    def names(self) -> dict[str, str]:
        """Return folded address → name of all staff; without a name, one made of the address."""
        return {address: name or name_of(address) for address, _, name, _ in self._rows()}

    def given_names(self) -> dict[str, str]:
        """Return folded address → name, of staff with a name."""
        return {address: name for address, _, name, _ in self._rows() if name}

    def languages(self) -> dict[str, str]:
        """Return folded address → the language that the person chose for the desk."""
        return {address: language for address, _, _, language in self._rows() if language}

    def _rows(self) -> Sequence[tuple[str, str, str, str]]:
        query = "SELECT address, role, name, language FROM staff ORDER BY address"
        return self._db.cached(self._db.rows, query)

    def change(self, address: str, **columns: str) -> None:
        """Change a person's ``name``, or the ``language`` of the desk ("" is the browser's)."""
        self._db.update("staff", {"address": address}, **columns)

    def put(self, address: str, role: Role, at: datetime) -> None:
        """Add a person, or change the person's role."""
        self._db.change(
            "INSERT INTO staff (address, role, added_at) VALUES (:address, :role, :at)"
            " ON CONFLICT (address) DO UPDATE SET role = excluded.role",
            address=address,
            role=role,
            at=at,
        )

    def remove(self, address: str) -> bool:
        return self._db.changes("DELETE FROM staff WHERE address = :address", address=address)


_SELECT = 'SELECT id, name, "by", scopes, made_at, expires_at, used_at, revoked_at FROM token'


class Tokens(Repository):
    """Tokens of the API. Revoked ones are kept, so that the desk can show them."""

    def add(self, token: Token, hash: bytes) -> Token:
        values = {name: value for name, value in vars(token).items() if name != "id"}
        values["scopes"] = [scope.value for scope in token.scopes]
        number = self._db.insert("token", returning="id", hash=hash, **values)
        return Token(**vars(token) | {"id": number})

    def find(self, hash: bytes) -> Token | None:
        """Return the token whose secret has this hash, even if it is revoked or expired."""
        return self._db.first(Token, f"{_SELECT} WHERE hash = :hash", hash=hash)

    def list_newest(self, limit: int) -> list[Token]:
        return self._db.all(Token, f"{_SELECT} ORDER BY id DESC LIMIT :limit", limit=limit)

    def use(self, token_id: int, at: datetime) -> None:
        self._db.update("token", {"id": token_id}, used_at=at)

    def revoke(self, token_id: int, at: datetime) -> Token | None:
        """Revoke a token; return it, or None if there is none or it was revoked before."""
        is_revoked = self._db.update("token", {"id": token_id, "revoked_at": None}, revoked_at=at)
        query = f"{_SELECT} WHERE id = :id"
        return self._db.first(Token, query, id=token_id) if is_revoked else None

    def revoke_by(self, creator: str, at: datetime) -> None:
        self._db.update("token", {"by": creator, "revoked_at": None}, revoked_at=at)

    def note_request(
        self, token_id: int, key: bytes, request: bytes, at: datetime
    ) -> tuple[bytes, str | None] | None:
        """Store a request under the hash of its idempotency key; return None if it is new.

        Return (hash of the content, id of the created resource as JSON) of an earlier request. The
        id is None if that request is under way or was interrupted.
        """
        expired_at = at - timedelta(days=1)
        self._db.change("DELETE FROM idempotency_key WHERE at < :before", before=expired_at)
        values = {"token_id": token_id, "key": key}
        if self._db.insert_new("idempotency_key", **values, request=request, at=at):
            return None
        [row] = self._db.rows(
            "SELECT request, made FROM idempotency_key WHERE token_id = :token_id AND key = :key",
            **values,
        )
        return row[0], row[1]

    def note_result(self, token_id: int, key: bytes, resource_id: str) -> None:
        """Store the id of the resource that a request created."""
        self._db.update("idempotency_key", {"token_id": token_id, "key": key}, made=resource_id)

    def forget(self, token_id: int, key: bytes) -> None:
        """Delete a refused request, so that it can be sent again."""
        self._db.change(
            "DELETE FROM idempotency_key WHERE token_id = :id AND key = :key", id=token_id, key=key
        )
