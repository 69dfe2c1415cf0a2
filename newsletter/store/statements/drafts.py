"""Texts at the desk, their versions and pictures. What was handed in is never changed any more."""

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, Row, Select, func, insert, select, update

from newsletter.domain.errors import Defect
from newsletter.domain.statements.draft import (
    Draft,
    DraftText,
    Found,
    HandedIn,
    Picture,
    Version,
    VersionKind,
)
from newsletter.store.schema import desk_tables
from newsletter.store.schema.columns import from_ms, maybe_from_ms, to_ms

_draft = desk_tables.draft.c
_version = desk_tables.version.c
_AT_ONCE = 500
_THERE = _draft.deleted_at.is_(None)


@cache  # not at the import: building takes milliseconds
def _as_text() -> TypeAdapter[DraftText]:
    return TypeAdapter(DraftText)


@cache
def _as_found() -> TypeAdapter[Found]:
    return TypeAdapter(Found)


class Drafts:
    """Texts at the desk. One that was deleted is not there, though its versions are kept."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    # --- asking

    def get(self, key: str) -> Draft | None:
        return self._one(_draft.key == key)

    def of(self, slug: str) -> Draft | None:
        """The text that was handed in as this statement."""
        return self._one(_draft.slug == slug, _draft.slug != "")

    def has(self, slug: str) -> bool:
        """Whether a text is or was known under this slug, even if it was deleted since."""
        query = select(_draft.key).where(_draft.slug == slug, _draft.slug != "")
        return self._connection.scalar(query) is not None

    def unseen(self, most: int, *, skip: int = 0) -> list[Draft]:
        """Those that were never handed in, what was changed last first: at most so many."""
        query = _drafts().where(_THERE, _draft.slug == "")
        query = query.order_by(_draft.changed_at.desc(), _draft.key)
        rows = self._connection.execute(query.limit(most).offset(skip)).all()
        return [_draft_of(row) for row in rows]

    def versions(self, key: str, most: int, *, skip: int = 0) -> list[Version]:
        """Those of a text, the newest first: at most so many."""
        query = select(desk_tables.version).where(_version.draft == key)
        query = query.order_by(_version.number.desc()).limit(most).offset(skip)
        return [_version_of(row) for row in self._connection.execute(query).all()]

    def count(self, key: str) -> int:
        """How many versions a text has."""
        mine = select(func.count()).select_from(desk_tables.version).where(_version.draft == key)
        return int(self._connection.scalar(mine) or 0)

    def version(self, key: str, number: int) -> Version | None:
        """That of this text with this number: none of another text."""
        query = select(desk_tables.version).where(_version.draft == key, _version.number == number)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else _version_of(row)

    def aside(self, key: str, by: str) -> Version | None:
        """What this person last typed beside the text that counts."""
        theirs = (_version.draft == key, _version.by == by)
        query = select(desk_tables.version).where(*theirs, _version.kind == VersionKind.ASIDE.value)
        row = self._connection.execute(query.order_by(_version.number.desc()).limit(1)).first()
        return None if row is None else _version_of(row)

    def handed_in(self) -> list[HandedIn]:
        """What the pipeline knows of all texts, by slug."""
        return self._handed_in(_known())

    def some(self, slugs: Collection[str]) -> list[HandedIn]:
        """The same, of these slugs alone."""
        named, found = sorted(slugs), []
        for start in range(0, len(named), _AT_ONCE):
            which = _draft.slug.in_(named[start : start + _AT_ONCE])
            found += self._handed_in(_known().where(which))
        return found

    # --- changing

    def add(self, draft: Draft) -> Draft:
        """A new text with its first version, whose number is given to it."""
        self._connection.execute(
            insert(desk_tables.draft).values(
                key=draft.key,
                copied_of=draft.copied_of,
                found=_as_found().dump_json(draft.found).decode(),
                revision=draft.revision,
                head=0,
                created_at=to_ms(draft.created_at),
                created_by=draft.created_by,
                changed_at=to_ms(draft.changed_at),
                changed_by=draft.changed_by,
            )
        )
        number = self.keep(draft.key, draft.version)
        self._change(draft.key, head=number)
        return self._there(draft.key)

    def keep(self, key: str, version: Version) -> int:
        """One more version of a text; returns its number."""
        values = {"draft": key, **_values(version), "began_at": to_ms(version.began_at)}
        adding = insert(desk_tables.version).values(values).returning(_version.number)
        return int(self._connection.scalar(adding) or 0)

    def grow(self, version: Version) -> None:
        """Put what was typed further into a version that goes on."""
        self._connection.execute(
            update(desk_tables.version)
            .where(_version.number == version.number, _version.handed_in_at.is_(None))
            .values(_values(version))
        )

    def close(self, number: int) -> None:
        """Whatever is typed next is another version."""
        self._connection.execute(
            update(desk_tables.version).where(_version.number == number).values(closed=1)
        )

    def advance(self, key: str, head: int, *, by: str, at: datetime) -> Draft:
        """The text is this version now, and has changed once more."""
        changed = {"changed_at": to_ms(at), "changed_by": by}
        self._change(key, head=head, revision=_draft.revision + 1, **changed)
        return self._there(key)

    def hand_in(self, key: str, slug: str, number: int, *, by: str, at: datetime) -> None:
        """From now on the pipeline knows this version of it, under this slug."""
        handed = {"handed_in_at": to_ms(at), "handed_in_by": by, "closed": 1}
        self._connection.execute(
            update(desk_tables.version).where(_version.number == number).values(handed)
        )
        self._change(key, slug=slug, handed_in=number, taken_back=0)

    def take_back(self, key: str) -> None:
        """What was handed in waits for nobody any more."""
        self._change(key, taken_back=1)

    def looked_through(self, key: str) -> None:
        """Somebody has looked at what the import left out."""
        self._change(key, found=_as_found().dump_json(Found()).decode())

    def delete(self, key: str, at: datetime) -> None:
        """It is not there any more."""
        self._change(key, deleted_at=to_ms(at))

    def _change(self, key: str, **values: Any) -> None:
        self._connection.execute(update(desk_tables.draft).where(_draft.key == key).values(values))

    def _there(self, key: str) -> Draft:
        found = self.get(key)
        if found is None:
            raise Defect(f"the text {key} at the desk is gone")
        return found

    def _one(self, *which: Any) -> Draft | None:
        row = self._connection.execute(_drafts().where(_THERE, *which)).one_or_none()
        return None if row is None else _draft_of(row)

    def _handed_in(self, query: Select[Any]) -> list[HandedIn]:
        return [
            HandedIn(
                key=row.draft_key,
                slug=row.draft_slug,
                version=_version_of(row),
                taken_back=bool(row.draft_taken_back),
            )
            for row in self._connection.execute(query.order_by(_draft.slug)).all()
        ]


@cache
def _drafts() -> Select[Any]:
    named = [column.label(f"draft_{column.name}") for column in desk_tables.draft.c]
    joined = desk_tables.version.join(desk_tables.draft, _draft.head == _version.number)
    return select(*named, *desk_tables.version.c).select_from(joined)


@cache
def _known() -> Select[Any]:
    named = [one.label(f"draft_{one.name}") for one in (_draft.key, _draft.slug, _draft.taken_back)]
    joined = desk_tables.version.join(desk_tables.draft, _draft.handed_in == _version.number)
    return (
        select(*named, *desk_tables.version.c).select_from(joined).where(_THERE, _draft.slug != "")
    )


def _draft_of(row: Row[Any]) -> Draft:
    return Draft(
        key=row.draft_key,
        version=_version_of(row),
        revision=row.draft_revision,
        created_at=from_ms(row.draft_created_at),
        created_by=row.draft_created_by,
        changed_at=from_ms(row.draft_changed_at),
        changed_by=row.draft_changed_by,
        slug=row.draft_slug,
        handed_in=row.draft_handed_in,
        taken_back=bool(row.draft_taken_back),
        copied_of=row.draft_copied_of,
        found=_as_found().validate_json(row.draft_found),
    )


def _version_of(row: Row[Any]) -> Version:
    return Version(
        number=row.number,
        kind=VersionKind(row.kind),
        text=_as_text().validate_json(row.document),
        by=row.by,
        writers=tuple(json.loads(row.writers)),
        began_at=from_ms(row.began_at),
        at=from_ms(row.at),
        closed=bool(row.closed),
        handed_in_at=maybe_from_ms(row.handed_in_at),
        handed_in_by=row.handed_in_by,
    )


def _values(version: Version) -> dict[str, Any]:
    writers: Sequence[str] = version.writers
    return {
        "kind": version.kind.value,
        "by": version.by,
        "writers": json.dumps(writers),
        "document": _as_text().dump_json(version.text).decode(),
        "at": to_ms(version.at),
        "closed": int(version.closed),
    }


_picture = desk_tables.picture.c
_FACTS = [column for column in desk_tables.picture.c if column.name != "data"]


class Pictures:
    """Pictures. None is ever changed, and none is taken away: mails that have gone out show it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, picture: Picture, data: bytes) -> None:
        self._connection.execute(
            insert(desk_tables.picture).values(
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
