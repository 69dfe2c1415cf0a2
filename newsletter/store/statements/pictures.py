"""Pictures of texts at the desk, under names that nobody guesses."""

from typing import Any

from sqlalchemy import Connection, Row, insert, select

from newsletter.domain.statements.draft import Picture
from newsletter.store.schema import writing
from newsletter.store.schema.columns import from_ms, to_ms

_picture = writing.picture.c
_FACTS = [column for column in writing.picture.c if column.name != "data"]


class Pictures:
    """Pictures. None is ever changed, and none is taken away: mails that have gone out show it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, picture: Picture, data: bytes) -> None:
        self._connection.execute(
            insert(writing.picture).values(
                name=picture.name,
                draft=picture.draft,
                kind=picture.kind,
                data=data,
                width=picture.width,
                height=picture.height,
                alt=picture.alt,
                by=picture.by,
                at=to_ms(picture.at),
            )
        )

    def of(self, draft: str) -> list[Picture]:
        """Those of one text, the newest first."""
        mine = select(*_FACTS).where(_picture.draft == draft)
        rows = self._connection.execute(mine.order_by(_picture.at.desc(), _picture.name)).all()
        return [_read(row) for row in rows]

    def data(self, name: str) -> tuple[str, bytes] | None:
        """The media type and the bytes of a picture."""
        query = select(_picture.kind, _picture.data).where(_picture.name == name)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else (row.kind, row.data)


def _read(row: Row[Any]) -> Picture:
    return Picture(
        name=row.name,
        draft=row.draft,
        kind=row.kind,
        width=row.width,
        height=row.height,
        alt=row.alt,
        by=row.by,
        at=from_ms(row.at),
    )
