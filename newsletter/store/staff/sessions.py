"""Who is signed in at the desk, and failures to sign in, counted for a day.

A cookie, an address and a network stand here as hashes alone.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, insert, or_, select, update
from sqlalchemy.dialects.sqlite import insert as insert_or

from newsletter.domain.staff.account import ABSOLUTE, HALF, IDLE, Session, Stage
from newsletter.store.repository import AddressRepository, Repository
from newsletter.store.schema import staff_tables
from newsletter.store.schema.columns import fields_of

_session = staff_tables.session.c
_FIELDS = fields_of(Session, staff_tables.session)


class Sessions(Repository):
    """Who is signed in, with which browsers."""

    def get(self, hashed: bytes) -> Session | None:
        """The one of somebody who is signed in: with the second factor, where one is asked for."""
        return self._one(_session.hash == hashed, _session.stage == Stage.WHOLE)

    def half(self, hashed: bytes) -> Session | None:
        """The one of somebody of whom something is still asked. It opens the desk to nobody."""
        return self._one(_session.hash == hashed, _session.stage != Stage.WHOLE)

    def of(self, address: str) -> list[Session]:
        """Where one person is signed in, the latest first."""
        mine = (_session.address == address, _session.stage == Stage.WHOLE)
        query = select(*_FIELDS).where(*mine).order_by(_session.seen_at.desc())
        return self._list(Session, query)

    def begin(self, session: Session) -> None:
        self._connection.execute(insert(staff_tables.session).values(vars(session)))

    def seen(self, hashed: bytes, at: datetime) -> None:
        self._connection.execute(
            update(staff_tables.session).where(_session.hash == hashed).values(seen_at=at)
        )

    def ask(self, hashed: bytes, challenge: str, at: datetime) -> None:
        """Keep what a device is to sign; what was asked before does nothing any more."""
        self._connection.execute(
            update(staff_tables.session)
            .where(_session.hash == hashed)
            .values(challenge=challenge, challenge_at=at)
        )

    def answered(self, hashed: bytes) -> tuple[str, datetime] | None:
        """What was asked last, and when: once, to whoever comes first. None: nothing is."""
        query = select(_session.challenge, _session.challenge_at).where(_session.hash == hashed)
        row = self._connection.execute(query).one_or_none()
        if row is None or not row.challenge:
            return None
        spent = update(staff_tables.session).where(
            _session.hash == hashed, _session.challenge == row.challenge
        )
        first = self._connection.execute(spent.values(challenge="")).rowcount == 1
        return (row.challenge, row.challenge_at) if first else None

    def end(self, hashed: bytes) -> bool:
        """End one, however far it has come; tells whether there was one."""
        ended = delete(staff_tables.session).where(_session.hash == hashed)
        return self._connection.execute(ended).rowcount == 1

    def end_all(self, address: str, *, but: bytes = b"") -> int:
        """End those of one person, but for one; returns how many that were."""
        theirs = (_session.address == address, _session.hash != but)
        return self._connection.execute(delete(staff_tables.session).where(*theirs)).rowcount

    def end_everybody(self) -> int:
        """End all of them; returns how many that were."""
        return self._connection.execute(delete(staff_tables.session)).rowcount

    def clear(self, now: datetime) -> int:
        """Forget those that are over by themselves; returns how many."""
        half = (_session.stage != Stage.WHOLE) & (_session.created_at <= now - HALF)
        old = _session.created_at <= now - ABSOLUTE
        over = or_(old, _session.seen_at <= now - IDLE, half)
        return self._connection.execute(delete(staff_tables.session).where(over)).rowcount

    def _one(self, *which: ColumnElement[bool]) -> Session | None:
        return self._first(Session, select(*_FIELDS).where(*which))


_failure = staff_tables.sign_in_failure.c
_known = staff_tables.known_network.c
_KEPT, _REMEMBERED = timedelta(days=1), timedelta(days=90)


class Throttle(AddressRepository):
    """``hash_address`` gives a keyed hash of what something counts against."""

    def failed(self, keys: Iterable[str], at: datetime) -> list[int]:
        """Count a failure against each of these, and forget those of before yesterday.

        Returns what takes these back.
        """
        rows = [{"key": self._key(key), "at": at} for key in keys]
        counted = insert(staff_tables.sign_in_failure).returning(_failure.id)
        numbers = list(self._connection.scalars(counted, rows))
        old = delete(staff_tables.sign_in_failure).where(_failure.at < at - _KEPT)
        self._connection.execute(old)
        return numbers

    def take_back(self, numbers: Iterable[int]) -> None:
        """These were no failures after all."""
        self._connection.execute(
            delete(staff_tables.sign_in_failure).where(_failure.id.in_(list(numbers)))
        )

    def count(self, key: str, since: datetime) -> int:
        """How many failures count against this since then."""
        query = select(func.count()).where(_failure.key == self._key(key), _failure.at > since)
        return self._number(query)

    def know(self, address: str, network: str, at: datetime) -> None:
        """Somebody signed in from there."""
        values = {"address": address, "network": self._key(network), "at": at}
        self._connection.execute(
            insert_or(staff_tables.known_network)
            .values(values)
            .on_conflict_do_update(index_elements=["address", "network"], set_={"at": at})
        )

    def knows(self, address: str, network: str, now: datetime) -> bool:
        """Whether they signed in from there lately."""
        query = select(func.count()).where(
            _known.address == address,
            _known.network == self._key(network),
            _known.at > now - _REMEMBERED,
        )
        return bool(self._connection.scalar(query))

    def _key(self, key: str) -> bytes:
        # what folds addresses does not touch hexadecimal digits, so that no two keys become one
        return self._hash(f"{key.encode().hex()}@throttle")
