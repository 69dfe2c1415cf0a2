"""Statements, content, staff, set times and holds."""

from datetime import datetime

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection, Row, delete, select
from sqlalchemy.dialects.sqlite import insert

from newsletter.domain.errors import Defect
from newsletter.domain.message import Content
from newsletter.domain.statement import Role, Statement
from newsletter.ports import HoldKind, StoredStatement
from newsletter.store import copies, tables
from newsletter.store.times import maybe_from_ms, to_ms

_STATEMENT = TypeAdapter(Statement)
_CONTENT = TypeAdapter(Content)


class SqlStatements:
    """Statements as they were last read, and all content that was ever rendered from them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def all(self) -> list[StoredStatement]:
        rows = self._connection.execute(
            select(tables.statement).order_by(tables.statement.c.slug)
        ).all()
        return [_stored(row) for row in rows]

    def get(self, slug: str) -> StoredStatement | None:
        row = self._connection.execute(
            select(tables.statement).where(tables.statement.c.slug == slug)
        ).one_or_none()
        return None if row is None else _stored(row)

    def translations(self, slug: str) -> list[StoredStatement]:
        rows = self._connection.execute(
            select(tables.statement)
            .where(tables.statement.c.translation_of == slug)
            .order_by(tables.statement.c.slug)
        ).all()
        return [_stored(row) for row in rows]

    def put(self, stored: StoredStatement, at: datetime) -> None:
        values = {
            "translation_of": stored.statement.translation_of,
            "document": _STATEMENT.dump_json(stored.statement).decode(),
            "digest": stored.digest,
            "fingerprint": stored.fingerprint,
            "present": int(stored.present),
            "changed_at": to_ms(at),
        }
        statement = insert(tables.statement).values(slug=stored.statement.slug, **values)
        self._connection.execute(
            statement.on_conflict_do_update(index_elements=["slug"], set_=values)
        )

    def keep_content(self, content: Content, at: datetime) -> str:
        digest = content.digest()
        self._connection.execute(
            insert(tables.content)
            .values(
                digest=digest,
                document=_CONTENT.dump_json(content).decode(),
                created_at=to_ms(at),
            )
            .on_conflict_do_nothing()
        )
        return digest

    def content(self, digest: str) -> Content | None:
        document = self._connection.scalar(
            select(tables.content.c.document).where(tables.content.c.digest == digest)
        )
        try:
            return None if document is None else _CONTENT.validate_json(document)
        except ValidationError as error:
            raise Defect(f"the content {digest[:12]} is not what was stored") from error


def _stored(row: Row[tuple[object, ...]]) -> StoredStatement:
    return StoredStatement(
        statement=_STATEMENT.validate_json(row.document),
        digest=row.digest,
        fingerprint=row.fingerprint,
        present=bool(row.present),
    )


class SqlStaff:
    """Those who may act."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def roles(self) -> dict[str, Role]:
        rows = self._connection.execute(select(tables.staff).order_by(tables.staff.c.address)).all()
        return {row.address: Role(row.role) for row in rows}

    def put(self, address: str, role: Role, at: datetime) -> None:
        self._connection.execute(
            insert(tables.staff)
            .values(address=address, role=role.value, added_at=to_ms(at))
            .on_conflict_do_update(index_elements=["address"], set_={"role": role.value})
        )


class SqlSchedules:
    """Times that a member of staff set, which outrank the statement's own ``send_at``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, slug: str) -> datetime | None:
        return maybe_from_ms(
            self._connection.scalar(
                select(tables.schedule.c.send_at).where(tables.schedule.c.slug == slug)
            )
        )

    def put(self, slug: str, at: datetime | None) -> None:
        self._connection.execute(delete(tables.schedule).where(tables.schedule.c.slug == slug))
        if at is not None:
            self._connection.execute(insert(tables.schedule).values(slug=slug, send_at=to_ms(at)))


class SqlHold:
    """Why nothing may be sent, if anything forbids it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def reasons(self) -> dict[HoldKind, str]:
        rows = self._connection.execute(
            select(tables.meta.c.key, tables.meta.c.value).where(
                tables.meta.c.key.in_(_HOLDS.values())
            )
        ).all()
        noted = {row.key: row.value for row in rows}
        return {kind: noted[key] for kind, key in _HOLDS.items() if key in noted}

    def reason(self) -> str:
        return "; ".join(self.reasons().values())

    def put(self, kind: HoldKind, reason: str) -> None:
        statement = insert(tables.meta).values(key=_HOLDS[kind], value=reason)
        self._connection.execute(
            statement.on_conflict_do_update(index_elements=["key"], set_={"value": reason})
        )

    def release(self, kind: HoldKind) -> None:
        self._connection.execute(delete(tables.meta).where(tables.meta.c.key == _HOLDS[kind]))


_HOLDS = {HoldKind.DOUBT: copies.DOUBT, HoldKind.STOP: copies.STOP}
