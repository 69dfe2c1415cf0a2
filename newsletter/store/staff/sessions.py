"""Who is signed in at the desk, by the hash of what their browser's cookie holds."""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Row, delete, insert, or_, select, update

from newsletter.domain.staff.account import ABSOLUTE, HALF, IDLE, Session, Stage
from newsletter.store.schema import accounts
from newsletter.store.schema.columns import from_ms, maybe_from_ms, to_ms

_session = accounts.session.c


class Sessions:
    """Who is signed in, with which browsers."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, hashed: bytes) -> Session | None:
        """The one of somebody who is signed in: with the second factor, where one is asked for."""
        return self._one(_session.hash == hashed, _session.stage == Stage.WHOLE.value)

    def half(self, hashed: bytes) -> Session | None:
        """The one of somebody of whom something is still asked. It opens the desk to nobody."""
        return self._one(_session.hash == hashed, _session.stage != Stage.WHOLE.value)

    def of(self, address: str) -> list[Session]:
        """Where one person is signed in, the latest first."""
        mine = (_session.address == address, _session.stage == Stage.WHOLE.value)
        query = select(accounts.session).where(*mine).order_by(_session.seen_at.desc())
        return [_read(row) for row in self._connection.execute(query)]

    def begin(self, session: Session) -> None:
        stepped = session.stepped_up_at
        self._connection.execute(
            insert(accounts.session).values(
                hash=session.hash,
                address=session.address,
                created_at=to_ms(session.created_at),
                seen_at=to_ms(session.seen_at),
                stepped_up_at=None if stepped is None else to_ms(stepped),
                browser=session.browser,
                network=session.network,
                stage=session.stage.value,
            )
        )

    def seen(self, hashed: bytes, at: datetime) -> None:
        self._connection.execute(
            update(accounts.session).where(_session.hash == hashed).values(seen_at=to_ms(at))
        )

    def ask(self, hashed: bytes, challenge: str, at: datetime) -> None:
        """Keep what a device is to sign; what was asked before does nothing any more."""
        self._connection.execute(
            update(accounts.session)
            .where(_session.hash == hashed)
            .values(challenge=challenge, challenge_at=to_ms(at))
        )

    def answered(self, hashed: bytes) -> tuple[str, datetime] | None:
        """What was asked last, and when: once, to whoever comes first. None: nothing is."""
        query = select(_session.challenge, _session.challenge_at).where(_session.hash == hashed)
        row = self._connection.execute(query).one_or_none()
        if row is None or not row.challenge:
            return None
        spent = update(accounts.session).where(
            _session.hash == hashed, _session.challenge == row.challenge
        )
        first = self._connection.execute(spent.values(challenge="")).rowcount == 1
        return (row.challenge, from_ms(row.challenge_at)) if first else None

    def end(self, hashed: bytes) -> bool:
        """End one, however far it has come; tells whether there was one."""
        ended = delete(accounts.session).where(_session.hash == hashed)
        return self._connection.execute(ended).rowcount == 1

    def end_all(self, address: str, *, but: bytes = b"") -> int:
        """End those of one person, but for one; returns how many that were."""
        theirs = (_session.address == address, _session.hash != but)
        return self._connection.execute(delete(accounts.session).where(*theirs)).rowcount

    def end_everybody(self) -> int:
        """End all of them; returns how many that were."""
        return self._connection.execute(delete(accounts.session)).rowcount

    def clear(self, now: datetime) -> int:
        """Forget those that are over by themselves; returns how many."""
        half = (_session.stage != Stage.WHOLE.value) & (_session.created_at <= to_ms(now - HALF))
        old = _session.created_at <= to_ms(now - ABSOLUTE)
        over = or_(old, _session.seen_at <= to_ms(now - IDLE), half)
        return self._connection.execute(delete(accounts.session).where(over)).rowcount

    def _one(self, *which: ColumnElement[bool]) -> Session | None:
        row = self._connection.execute(select(accounts.session).where(*which)).one_or_none()
        return None if row is None else _read(row)


def _read(row: Row[tuple[object, ...]]) -> Session:
    return Session(
        hash=row.hash,
        address=row.address,
        created_at=from_ms(row.created_at),
        seen_at=from_ms(row.seen_at),
        stepped_up_at=maybe_from_ms(row.stepped_up_at),
        browser=row.browser,
        network=row.network,
        stage=Stage(row.stage),
    )
