"""Failures to sign in, counted for a day; and the networks from which people do sign in.

Addresses and networks stand here as keyed hashes alone.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, select
from sqlalchemy.dialects.sqlite import insert as insert_or

from newsletter.store.schema import accounts
from newsletter.store.schema.columns import to_ms

_throttle = accounts.throttle.c
_familiar = accounts.familiar.c
_KEPT, _REMEMBERED = timedelta(days=1), timedelta(days=90)


class Throttle:
    """``hash_address`` gives a keyed hash of what something counts against."""

    def __init__(self, connection: Connection, hash_address: Callable[[str], bytes]) -> None:
        self._connection = connection
        self._hash = hash_address

    def failed(self, keys: Iterable[str], at: datetime) -> list[int]:
        """Count a failure against each of these, and forget those of before yesterday.

        Returns what takes these back.
        """
        rows = [{"key": self._key(one), "at": to_ms(at)} for one in keys]
        counted = insert(accounts.throttle).returning(_throttle.id)
        numbers = list(self._connection.scalars(counted, rows))
        old = delete(accounts.throttle).where(_throttle.at < to_ms(at - _KEPT))
        self._connection.execute(old)
        return numbers

    def take_back(self, numbers: Iterable[int]) -> None:
        """These were no failures after all."""
        self._connection.execute(delete(accounts.throttle).where(_throttle.id.in_(list(numbers))))

    def count(self, key: str, since: datetime) -> int:
        """How many failures count against this since then."""
        query = select(func.count()).where(
            _throttle.key == self._key(key), _throttle.at > to_ms(since)
        )
        return self._connection.scalar(query) or 0

    def know(self, address: str, network: str, at: datetime) -> None:
        """Somebody signed in from there."""
        values = {"address": address, "network": self._key(network), "at": to_ms(at)}
        self._connection.execute(
            insert_or(accounts.familiar)
            .values(values)
            .on_conflict_do_update(index_elements=["address", "network"], set_={"at": to_ms(at)})
        )

    def knows(self, address: str, network: str, now: datetime) -> bool:
        """Whether they signed in from there lately."""
        query = select(func.count()).where(
            _familiar.address == address,
            _familiar.network == self._key(network),
            _familiar.at > to_ms(now - _REMEMBERED),
        )
        return bool(self._connection.scalar(query))

    def _key(self, said: str) -> bytes:
        return self._hash(f"{said.encode().hex()}@throttle")
