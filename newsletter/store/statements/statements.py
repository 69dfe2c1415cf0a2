"""Statements, their content, and times that staff set."""

import unicodedata
from collections.abc import Collection
from datetime import datetime
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import (
    ColumnElement,
    ScalarSelect,
    Select,
    bindparam,
    case,
    delete,
    exists,
    func,
    select,
    text,
)
from sqlalchemy.dialects.sqlite import insert

from newsletter.domain.campaigns.campaign import CampaignState
from newsletter.domain.errors import Defect
from newsletter.domain.statements.content import Content
from newsletter.domain.statements.statement import StoredStatement
from newsletter.domain.subscribers.address import mailbox
from newsletter.store.repository import Repository
from newsletter.store.schema import tables
from newsletter.store.schema.columns import fields_of, to_ms


def last_of(slug: ColumnElement[str]) -> ScalarSelect[int]:
    """The id of the newest campaign of a statement."""
    of = tables.campaign.alias("of")
    newest = select(func.max(of.c.id)).where(of.c.slug == slug)
    return newest.correlate_except(of).scalar_subquery()


def mailboxes(writers: Collection[str]) -> str:
    """The mailboxes of all who wrote in it, each between blanks, as the board compares them."""
    return "".join(f" {mailbox(writer)} " for writer in writers)


def sought(words: str) -> str:
    """Words as they are compared in a search: neither case nor accents count."""
    plain = unicodedata.normalize("NFKD", words.casefold())
    return "".join(character for character in plain if not unicodedata.combining(character))


_AT_ONCE = 500
"""Slugs that one query names."""
_statement = tables.statement.c
_changed = tables.changed_statement.c
_campaign = tables.campaign.c
_IS_TRANSLATION = text("statement.translation_of <> ''")
"""In the words of the partial index of such statements: SQLite uses it for nothing else."""


@cache  # not at the import: most commands read no content, and building takes milliseconds
def _as_content() -> TypeAdapter[Content]:
    return TypeAdapter(Content)


class Statements(Repository):
    """Statements as they were last read, and all content that was ever rendered from them."""

    def all(self) -> list[StoredStatement]:
        return self._list(StoredStatement, _stored().order_by(_statement.slug))

    def some(self, slugs: Collection[str]) -> list[StoredStatement]:
        """Those of these slugs that are known, by slug."""
        named, found = sorted(slugs), []
        for start in range(0, len(named), _AT_ONCE):
            which = _statement.slug.in_(named[start : start + _AT_ONCE])
            found += self._list(StoredStatement, _stored().where(which).order_by(_statement.slug))
        return found

    def changed_since(self, since: int | None) -> tuple[int, list[str]]:
        """What something happened to since a mark, and the mark to ask with the next time.

        That is what says something about a slug: its text, present or not, what was rendered of
        it, approvals, a set time, its campaigns but for their figures, an issue of a digest email.
        None gives the mark alone: for whoever looks at everything.
        """
        if since is None:
            return self._number(select(func.max(_changed.number))), []
        rows = self._connection.execute(
            select(_changed.number, _changed.slug)
            .where(_changed.number > since)
            .order_by(_changed.number)
        ).all()
        return (rows[-1].number if rows else since), [row.slug for row in rows]

    def unsettled(self) -> list[StoredStatement]:
        """Those whose newest campaign has not begun, or was cancelled, by slug."""
        return self._list(StoredStatement, _unsettled())

    def newest(self, most: int | None) -> list[StoredStatement]:
        """Those that are present, what something happened to last first: at most so many."""
        return self._list(
            StoredStatement,
            _stored()
            .join(tables.changed_statement, _changed.slug == _statement.slug)
            .where(_statement.present == 1)
            .order_by(_changed.number.desc())
            .limit(most),
        )

    def count(self) -> int:
        """How many are present."""
        present = select(func.count()).select_from(tables.statement).where(_statement.present == 1)
        return self._number(present)

    def slugs(self, beginning: str, most: int) -> list[str]:
        """At most so many that begin so: those that are present first, then the newest."""
        # not LIKE, in which % and _ of what somebody typed would stand for anything
        begins = func.substr(_statement.slug, 1, len(beginning)) == beginning
        return list(
            self._connection.scalars(
                select(_statement.slug)
                .where(begins)
                .order_by(_statement.present.desc(), _statement.changed_at.desc(), _statement.slug)
                .limit(most)
            )
        )

    def get(self, slug: str) -> StoredStatement | None:
        return self._first(StoredStatement, _one(), named=slug)

    def translations(self, slug: str) -> list[StoredStatement]:
        """Those that name this statement in ``translation_of``, by slug, present or not."""
        of = (_statement.translation_of == slug, _IS_TRANSLATION)
        return self._list(StoredStatement, _stored().where(*of).order_by(_statement.slug))

    def put(self, stored: StoredStatement, at: datetime) -> None:
        """Insert it, or replace what is stored under its slug."""
        values = {
            "translation_of": stored.statement.translation_of,
            "progress": stored.statement.progress.value,
            "mailboxes": mailboxes(stored.writers),
            "sought": sought(f"{stored.statement.title} {stored.statement.slug}"),
            "changed_at": at,
            **vars(stored),
        }
        statement = insert(tables.statement).values(
            slug=stored.statement.slug, content_since=at, **values
        )
        same = _statement.content_hash == stored.content_hash
        since = case((same, _statement.content_since), else_=to_ms(at))
        self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=["slug"], set_=values | {"content_since": since}
            )
        )

    def content_since(self, slug: str) -> datetime | None:
        """When the content hash of a statement became what it is; None where there is no such."""
        since: datetime | None = self._connection.scalar(_since(), {"named": slug})
        return since

    def keep_content(self, content: Content, at: datetime) -> str:
        """Store content under its content hash, once, and return the content hash."""
        digest = content.content_hash()
        self._connection.execute(
            insert(tables.content)
            .values(
                content_hash=digest,
                document=_as_content().dump_json(content).decode(),
                created_at=at,
            )
            .on_conflict_do_nothing()
        )
        return digest

    def content(self, digest: str) -> Content | None:
        document = self._connection.scalar(_content(), {"of": digest})
        return None if document is None else _read_content(digest, document)

    def contents(self, digests: Collection[str]) -> dict[str, Content]:
        """Return those that there are of these hashes, at most some hundreds."""
        content = tables.content.c
        query = select(content.content_hash, content.document)
        rows = self._connection.execute(query.where(content.content_hash.in_(set(digests))))
        return {digest: _read_content(digest, document) for digest, document in rows}


def _read_content(digest: str, document: str) -> Content:
    try:
        return _as_content().validate_json(document)
    except ValidationError as error:
        raise Defect(f"the content {digest[:12]} is not what was stored") from error


# Building a statement takes longer than running it, so those of each look are built once.


@cache
def _stored() -> Select[Any]:
    return select(*fields_of(StoredStatement, tables.statement))


@cache
def _unsettled() -> Select[Any]:
    gone = exists().where(
        _campaign.id == last_of(_statement.slug),
        _campaign.started_at.is_not(None),
        _campaign.state != CampaignState.CANCELLED.value,
    )
    return _stored().where(~gone).order_by(_statement.slug)


@cache
def _one() -> Select[Any]:
    return _stored().where(_statement.slug == bindparam("named"))


@cache
def _since() -> Select[Any]:
    return select(_statement.content_since).where(_statement.slug == bindparam("named"))


@cache
def _content() -> Select[Any]:
    return select(tables.content.c.document).where(tables.content.c.content_hash == bindparam("of"))


class Schedules(Repository):
    """Times that a member of staff set, which outrank the statement's own ``send_at``."""

    def get(self, slug: str) -> datetime | None:
        query = select(tables.schedule.c.send_at).where(tables.schedule.c.slug == slug)
        return self._connection.scalar(query)

    def put(self, slug: str, at: datetime | None) -> None:
        self._connection.execute(delete(tables.schedule).where(tables.schedule.c.slug == slug))
        if at is not None:
            self._connection.execute(insert(tables.schedule).values(slug=slug, send_at=at))
