"""Access: sessions, failed sign-ins, and tokens of the API.

No stored value is a secret: cookies, tokens, addresses and networks are hashes.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from newsletter.domain.staff.account import FACTOR_TIMEOUT, IDLE_TIMEOUT, SESSION_LIFETIME, Session
from newsletter.domain.staff.token import Token
from newsletter.store.database import AddressRepository, Repository, as_instant

_SELECT_SESSION = (
    "SELECT hash, address, stage, created_at, seen_at, stepped_up_at, browser, network FROM session"
)


class Sessions(Repository):
    """The sessions of signed-in people, by the hash of the session token."""

    def get(self, hashed: bytes) -> Session | None:
        """Return a session whose sign-in is complete, so that it opens the desk."""
        return self._db.first(
            Session, f"{_SELECT_SESSION} WHERE hash = :hash AND stage = 'whole'", hash=hashed
        )

    def find_incomplete(self, hashed: bytes) -> Session | None:
        """Return a session whose sign-in is not complete. It does not open the desk."""
        return self._db.first(
            Session, f"{_SELECT_SESSION} WHERE hash = :hash AND stage <> 'whole'", hash=hashed
        )

    def list_for(self, address: str) -> list[Session]:
        """Return the sessions of a person, the latest first."""
        return self._db.all(
            Session,
            f"{_SELECT_SESSION} WHERE address = :address AND stage = 'whole' ORDER BY seen_at DESC",
            address=address,
        )

    def begin(self, session: Session) -> None:
        self._db.insert("session", **vars(session))

    def record_use(self, hashed: bytes, at: datetime) -> None:
        self._db.update("session", {"hash": hashed}, seen_at=at)

    def store_challenge(self, hashed: bytes, challenge: str, at: datetime) -> None:
        """Replace the challenge that a passkey must sign."""
        self._db.update("session", {"hash": hashed}, challenge=challenge, challenge_at=at)

    def take_challenge(self, hashed: bytes) -> tuple[str, datetime] | None:
        """Return and delete (challenge, time of its creation); None if there is none."""
        rows = self._db.rows(
            "SELECT challenge, challenge_at FROM session WHERE hash = :hash AND challenge <> ''",
            hash=hashed,
        )
        if not rows:
            return None
        [(challenge, made_at)] = rows
        count = self._db.update("session", {"hash": hashed, "challenge": challenge}, challenge="")
        return (challenge, as_instant(made_at)) if count == 1 else None

    def end(self, hashed: bytes) -> bool:
        return self._db.changes("DELETE FROM session WHERE hash = :hash", hash=hashed)

    def end_all(self, address: str, *, except_hash: bytes = b"") -> int:
        """End a person's sessions except one; return the number of ended ones."""
        return self._db.change(
            "DELETE FROM session WHERE address = :address AND hash <> :but",
            address=address,
            but=except_hash,
        )

    def clear(self, now: datetime) -> int:
        """Delete expired sessions; return their number."""
        return self._db.change(
            "DELETE FROM session WHERE created_at <= :oldest OR seen_at <= :idle_since"
            " OR (stage <> 'whole' AND created_at <= :half_since)",
            oldest=now - SESSION_LIFETIME,
            idle_since=now - IDLE_TIMEOUT,
            half_since=now - FACTOR_TIMEOUT,
        )


_FAILURE_RETENTION, _DEVICE_RETENTION = timedelta(days=1), timedelta(days=90)


class Throttle(AddressRepository):
    """Counts of failed sign-ins. ``hash_address`` returns the keyed hash of a limit's key."""

    def record_failure(self, keys: Iterable[str], at: datetime) -> list[int]:
        """Count a failure against each of these keys, and delete failures older than a day.

        Return the ids of the new failures, for ``delete_failures``.
        """
        failure_ids = [
            self._db.insert("sign_in_failure", returning="id", key=self._key(key), at=at)
            for key in keys
        ]
        self._db.change(
            "DELETE FROM sign_in_failure WHERE at < :before", before=at - _FAILURE_RETENTION
        )
        return failure_ids

    def delete_failures(self, failure_ids: Iterable[int]) -> None:
        """Delete failures by their ids, after a sign-in that succeeded."""
        self._db.change_each(
            "DELETE FROM sign_in_failure WHERE id = :id",
            ({"id": failure_id} for failure_id in failure_ids),
        )

    def count_failures(self, key: str, since: datetime, until: datetime) -> int:
        """Return the number of failures against this key between two times."""
        return self._db.number(
            "SELECT COUNT(*) FROM sign_in_failure"
            " WHERE key = :key AND at > :since AND at <= :until",
            key=self._key(key),
            since=since,
            until=until,
        )

    def add_network(self, address: str, network: str, at: datetime) -> None:
        key = self._key(network)
        self._db.put("known_network", "address, network", address=address, network=key, at=at)

    def knows_network(self, address: str, network: str, now: datetime) -> bool:
        """Return whether a person signed in from a network in the last 90 days."""
        return self._db.has_row(
            "SELECT 1 FROM known_network"
            " WHERE address = :address AND network = :network AND at > :since",
            address=address,
            network=self._key(network),
            since=now - _DEVICE_RETENTION,
        )

    def _key(self, key: str) -> bytes:
        # hexadecimal digits, because the hash folds addresses and two keys must not become one
        return self._hash(f"{key.encode().hex()}@throttle")


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
