"""Who is signed in at the desk, by the hash of what their browser's cookie holds."""

from datetime import datetime

from sqlalchemy import Connection, Row, delete, insert, select, update

from newsletter.domain.staff.member import Session
from newsletter.store.schema import accounts
from newsletter.store.schema.columns import from_ms, maybe_from_ms, to_ms

_session = accounts.session.c


class Sessions:
    """Who is signed in, with which browsers."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, hashed: bytes) -> Session | None:
        row = self._connection.execute(
            select(accounts.session).where(_session.hash == hashed)
        ).one_or_none()
        return None if row is None else _read(row)

    def of(self, address: str) -> list[Session]:
        """Those of one person, the latest first."""
        mine = select(accounts.session).where(_session.address == address)
        rows = self._connection.execute(mine.order_by(_session.seen_at.desc())).all()
        return [_read(row) for row in rows]

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
            )
        )

    def seen(self, hashed: bytes, at: datetime) -> None:
        self._connection.execute(
            update(accounts.session).where(_session.hash == hashed).values(seen_at=to_ms(at))
        )

    def end(self, hashed: bytes) -> None:
        self._connection.execute(delete(accounts.session).where(_session.hash == hashed))

    def end_all(self, address: str, *, but: bytes = b"") -> int:
        """End those of one person, but for one; returns how many that were."""
        theirs = (_session.address == address, _session.hash != but)
        return self._connection.execute(delete(accounts.session).where(*theirs)).rowcount

    def end_everybody(self) -> int:
        """End all of them; returns how many that were."""
        return self._connection.execute(delete(accounts.session)).rowcount


def _read(row: Row[tuple[object, ...]]) -> Session:
    return Session(
        hash=row.hash,
        address=row.address,
        created_at=from_ms(row.created_at),
        seen_at=from_ms(row.seen_at),
        stepped_up_at=maybe_from_ms(row.stepped_up_at),
        browser=row.browser,
    )
