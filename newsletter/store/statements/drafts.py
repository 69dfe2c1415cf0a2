"""Texts at the desk, their versions and pictures. What was handed in is never changed any more."""

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, func, insert, select, update

from newsletter.domain.errors import Defect
from newsletter.domain.statements.draft import (
    Draft,
    Found,
    HandedIn,
    Picture,
    Version,
    VersionKind,
)
from newsletter.store.repository import Repository
from newsletter.store.schema import desk_tables
from newsletter.store.schema.columns import fields_of

_draft = desk_tables.draft.c
_version = desk_tables.version.c
_AT_ONCE = 500
_THERE = _draft.deleted_at.is_(None)


class Drafts(Repository):
    """Texts at the desk. One that was deleted is not there, though its versions are kept."""

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
        return self._list(_draft_of, query.limit(most).offset(skip))

    def versions(self, key: str, most: int, *, skip: int = 0) -> list[Version]:
        """Those of a text, the newest first: at most so many."""
        query = select(*_TEXT).where(_version.draft == key)
        query = query.order_by(_version.number.desc()).limit(most).offset(skip)
        return self._list(Version, query)

    def count(self, key: str) -> int:
        """How many versions a text has."""
        mine = select(func.count()).select_from(desk_tables.version).where(_version.draft == key)
        return self._number(mine)

    def version(self, key: str, number: int) -> Version | None:
        """That of this text with this number: none of another text."""
        return self._version(_version.draft == key, _version.number == number)

    def aside(self, key: str, by: str) -> Version | None:
        """What this person last typed beside the text that counts."""
        aside = _version.kind == VersionKind.ASIDE
        return self._version(_version.draft == key, _version.by == by, aside)

    def handed_in(self) -> list[HandedIn]:
        """What the pipeline knows of all texts, by slug."""
        return self._list(_handed_in, _known())

    def some(self, slugs: Collection[str]) -> list[HandedIn]:
        """The same, of these slugs alone."""
        named, found = sorted(slugs), []
        for start in range(0, len(named), _AT_ONCE):
            which = _draft.slug.in_(named[start : start + _AT_ONCE])
            found += self._list(_handed_in, _known().where(which))
        return found

    # --- changing

    def add(self, draft: Draft) -> Draft:
        """A new text with its first version, whose number is given to it."""
        values = {name: value for name, value in vars(draft).items() if name != "version"}
        # a version names its draft and a draft its version: one of them has to come first
        self._connection.execute(insert(desk_tables.draft).values(values | {"head": 0}))
        number = self.keep(draft.key, draft.version)
        self._change(draft.key, head=number)
        return self._there(draft.key)

    def keep(self, key: str, version: Version) -> int:
        """One more version of a text; returns its number."""
        values = vars(version) | {"draft": key, "number": None}
        adding = insert(desk_tables.version).values(values).returning(_version.number)
        return self._number(adding)

    def grow(self, version: Version) -> None:
        """Put what was typed further into a version that goes on."""
        grown = ("kind", "by", "writers", "text", "at", "closed")
        self._connection.execute(
            update(desk_tables.version)
            # whatever an open page still holds, what was handed in is approved as it stands
            .where(_version.number == version.number, _version.handed_in_at.is_(None))
            .values({name: getattr(version, name) for name in grown})
        )

    def close(self, number: int) -> None:
        """Whatever is typed next is another version."""
        self._connection.execute(
            update(desk_tables.version).where(_version.number == number).values(closed=True)
        )

    def advance(self, key: str, head: int, *, by: str, at: datetime) -> Draft:
        """The text is this version now, and has changed once more."""
        changed = {"changed_at": at, "changed_by": by}
        self._change(key, head=head, revision=_draft.revision + 1, **changed)
        return self._there(key)

    def hand_in(self, key: str, slug: str, number: int, *, by: str, at: datetime) -> None:
        """From now on the pipeline knows this version of it, under this slug."""
        handed = {"handed_in_at": at, "handed_in_by": by, "closed": True}
        self._connection.execute(
            update(desk_tables.version).where(_version.number == number).values(handed)
        )
        self._change(key, slug=slug, handed_in=number, taken_back=False)

    def take_back(self, key: str) -> None:
        """What was handed in waits for nobody any more."""
        self._change(key, taken_back=True)

    def looked_through(self, key: str) -> None:
        """Somebody has looked at what the import left out."""
        self._change(key, found=Found())

    def delete(self, key: str, at: datetime) -> None:
        """It is not there any more."""
        self._change(key, deleted_at=at)

    def _change(self, key: str, **values: Any) -> None:
        self._connection.execute(update(desk_tables.draft).where(_draft.key == key).values(values))

    def _there(self, key: str) -> Draft:
        found = self.get(key)
        if found is None:
            raise Defect(f"the text {key} at the desk is gone")
        return found

    def _one(self, *which: Any) -> Draft | None:
        return self._first(_draft_of, _drafts().where(_THERE, *which))

    def _version(self, *which: Any) -> Version | None:
        """The newest of those."""
        query = select(*_TEXT).where(*which).order_by(_version.number.desc()).limit(1)
        return self._first(Version, query)


_TEXT = fields_of(Version, desk_tables.version)


def _of_draft(*columns: Any) -> list[Any]:
    return [column.label(f"draft_{column.key}") for column in columns]


@cache
def _drafts() -> Select[Any]:
    joined = desk_tables.version.join(desk_tables.draft, _draft.head == _version.number)
    return select(*_of_draft(*fields_of(Draft, desk_tables.draft)), *_TEXT).select_from(joined)


@cache
def _known() -> Select[Any]:
    joined = desk_tables.version.join(desk_tables.draft, _draft.handed_in == _version.number)
    named = _of_draft(_draft.key, _draft.slug, _draft.taken_back)
    known = select(*named, *_TEXT).select_from(joined).where(_THERE, _draft.slug != "")
    return known.order_by(_draft.slug)


def _draft_of(**row: Any) -> Draft:
    return Draft(**_with_version(row))


def _handed_in(**row: Any) -> HandedIn:
    return HandedIn(**_with_version(row))


def _with_version(row: Mapping[str, Any]) -> dict[str, Any]:
    """What is said of the text, and the version beside it."""
    said = {name: row[name] for name in row if name.startswith("draft_")}
    version = Version(**{name: row[name] for name in row if name not in said})
    return {"version": version} | {name.removeprefix("draft_"): said[name] for name in said}


_picture = desk_tables.picture.c


class Pictures(Repository):
    """Pictures. None is ever changed, and none is taken away: mails that have gone out show it."""

    def add(self, picture: Picture, data: bytes) -> None:
        self._connection.execute(insert(desk_tables.picture).values(data=data, **vars(picture)))

    def of(self, draft: str) -> list[Picture]:
        """Those of one text, the newest first."""
        mine = select(*fields_of(Picture, desk_tables.picture)).where(_picture.draft == draft)
        return self._list(Picture, mine.order_by(_picture.at.desc(), _picture.name))

    def data(self, name: str) -> tuple[str, bytes] | None:
        """The media type and the bytes of a picture."""
        query = select(_picture.kind, _picture.data).where(_picture.name == name)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else (row.kind, row.data)
