"""Digest emails and their issues: no local date has two of a name."""

import json
from collections.abc import Collection
from datetime import date, datetime
from functools import cache

from pydantic import TypeAdapter
from sqlalchemy import Row, delete, exists, func, select, tuple_
from sqlalchemy.dialects.sqlite import insert

from newsletter.domain.campaigns.digest import Issue
from newsletter.domain.statements.statement import Statement
from newsletter.store.repository import Repository
from newsletter.store.schema import tables
from newsletter.store.schema.columns import from_ms, to_ms
from newsletter.store.statements.statements import last_of

_DASHES = 3
"""A slug of an issue has them at the least: it ends with a date."""
_AT_ONCE = 500
_NONE = "null"
"""How a document says that no statement was made."""
_campaign = tables.campaign.c
_digest = tables.digest.c
_issue = tables.issue.c


@cache  # not at the import: building takes milliseconds
def _as_statement() -> TypeAdapter[Statement | None]:
    return TypeAdapter[Statement | None](Statement | None)


class Digests(Repository):
    """Since when each digest email is configured, and its issues."""

    def since(self) -> dict[str, datetime]:
        """Name → when the digest email began, for each that is configured."""
        rows = self._connection.execute(select(tables.digest)).all()
        return {row.name: from_ms(row.since) for row in rows}

    def begin(self, name: str, at: datetime) -> None:
        """One that was not there, and gathers nothing older. Known ones stay as they are."""
        self._connection.execute(
            insert(tables.digest).values(name=name, since=to_ms(at)).on_conflict_do_nothing()
        )

    def end(self, name: str) -> None:
        """It is not configured any more. Its issues stay."""
        self._connection.execute(delete(tables.digest).where(_digest.name == name))

    def issues(self) -> list[Issue]:
        """All issues, by name and day."""
        query = select(tables.issue).order_by(_issue.name, _issue.day)
        return [_read(row) for row in self._connection.execute(query).all()]

    def some(self, slugs: Collection[str]) -> list[Issue]:
        """Those whose statement has one of these slugs, by name and day."""
        named = [tuple(slug.rsplit("-", 3)) for slug in slugs if slug.count("-") >= _DASHES]
        keys = sorted((name, "-".join(day)) for name, *day in named)
        found = []
        for start in range(0, len(keys), _AT_ONCE):
            which = tuple_(_issue.name, _issue.day).in_(keys[start : start + _AT_ONCE])
            query = select(tables.issue).where(which).order_by(_issue.name, _issue.day)
            found += [_read(row) for row in self._connection.execute(query).all()]
        return found

    def waiting(self) -> list[Issue]:
        """Those with a statement that has not begun to go out, by name and day."""
        slug = _issue.name.concat("-").concat(_issue.day)
        began = exists().where(_campaign.id == last_of(slug), _campaign.started_at.is_not(None))
        waits = select(tables.issue).where(_issue.document != _NONE, ~began)
        rows = self._connection.execute(waits.order_by(_issue.name, _issue.day)).all()
        return [_read(row) for row in rows]

    def last(self, name: str) -> date | None:
        """The day of the newest issue of a digest email."""
        day = self._connection.scalar(select(func.max(_issue.day)).where(_issue.name == name))
        return None if day is None else date.fromisoformat(day)

    def put(self, issue: Issue, at: datetime) -> None:
        """Insert it, or replace what is stored under its name and day."""
        values = {
            "upto": to_ms(issue.upto),
            "document": _as_statement().dump_json(issue.statement).decode(),
            "parts": json.dumps(issue.parts),
            "changed_at": to_ms(at),
        }
        adding = insert(tables.issue).values(name=issue.name, day=issue.day.isoformat(), **values)
        self._connection.execute(
            adding.on_conflict_do_update(index_elements=["name", "day"], set_=values)
        )


def _read(row: Row[tuple[object, ...]]) -> Issue:
    return Issue(
        name=row.name,
        day=date.fromisoformat(row.day),
        upto=from_ms(row.upto),
        statement=_as_statement().validate_json(row.document),
        parts=tuple(json.loads(row.parts)),
    )
