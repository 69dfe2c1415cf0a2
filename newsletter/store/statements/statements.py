"""Statements with their content and set send times, and the feeds that some come from."""

import json
import logging
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import fields, replace
from datetime import datetime
from itertools import filterfalse
from typing import Any, TypeVar, cast

from newsletter.domain.errors import Fault
from newsletter.domain.statements.content import Content
from newsletter.domain.statements.draft import DraftText
from newsletter.domain.statements.feed import FeedRecord, ItemState, KnownItem
from newsletter.domain.statements.statement import Statement, StoredStatement, texts_of
from newsletter.domain.subscribers.address import mailbox
from newsletter.domain.wording import read_words, stored_words
from newsletter.store import database

T = TypeVar("T")
_log = logging.getLogger("newsletter.store")
_SELECT_STORED = """
    SELECT statement.slug, statement.translation_of, statement.document AS statement,
        statement.content_hash, statement.fingerprint, statement.present, statement.writers
    FROM statement
"""
_IS_LISTED = """
    (statement.present = 1 OR EXISTS (SELECT 1 FROM campaign
        WHERE campaign.slug = statement.slug AND campaign.started_at IS NOT NULL))
"""
_SELECT_UNSETTLED = f"""
    {_SELECT_STORED} WHERE NOT EXISTS (
        SELECT 1 FROM campaign
        WHERE started_at IS NOT NULL AND state <> 'cancelled' AND id = (
            SELECT MAX(id) FROM campaign AS latest WHERE latest.slug = statement.slug))
"""


def mailboxes(writers: Collection[str]) -> str:
    """Return the writers' mailboxes, each between two blanks, for the board's search."""
    return "".join(f" {mailbox(writer)} " for writer in writers)


_FOLDED_CHARS = 1_000
"""Characters that are folded at a time: decomposing stacked marks takes quadratic time."""


def fold_text(words: str) -> str:
    """Return a text without case and accents, as a search compares it."""
    starts = range(0, len(words), _FOLDED_CHARS)
    parts = (unicodedata.normalize("NFKD", words[at : at + _FOLDED_CHARS]) for at in starts)
    folded = "".join(parts).casefold()
    return folded if folded.isascii() else "".join(filterfalse(unicodedata.combining, folded))


def searched_text(text: Statement | DraftText, slug: str = "") -> str:
    """Return the folded words of a text that the board's search compares, the title first."""
    parts = (text.title, slug, text.subject, text.summary, text.preview, text.body)
    return fold_text("\n".join(parts))


def read_text(kind: type[T], row: Mapping[str, Any]) -> T | None:
    """Return the text of a row. A damaged one is logged, stops no other, and gives None."""
    names = {each.name for each in fields(cast("Any", kind))}
    values = {name: row[name] for name in row if name.partition(".")[0] in names}
    try:
        return database.from_row(kind, values)
    except ValueError:
        name = next(str(row[key]) for key in ("slug", "key", "number") if row.get(key))
        _log.error("the stored text of %s cannot be read", name)
        return None


def readable(kind: type[T], rows: Iterable[Mapping[str, Any]]) -> list[T]:
    """Return the texts of these rows, without damaged ones."""
    return [text for row in rows if (text := read_text(kind, row)) is not None]


_SOURCES_READ_KEY = "sources read"


class Statements(database.Repository):
    """Statements as last read, and all content that was ever rendered."""

    def all(self) -> list[StoredStatement]:
        return self._list(f"{_SELECT_STORED} ORDER BY slug")

    def _list(self, sql: str, **values: object) -> list[StoredStatement]:
        return readable(StoredStatement, self._db.mappings(sql, **values))

    def find(self, slugs: Collection[str]) -> list[StoredStatement]:
        return self._list(
            f"{_SELECT_STORED} WHERE slug IN (SELECT value FROM json_each(:slugs)) ORDER BY slug",
            slugs=sorted(slugs),
        )

    def changed_since(self, since: int | None) -> tuple[int, list[str]]:
        """Return the number of the last change, and the slugs that changed after ``since``.

        Changes are of the text, presence, content, approvals, send time, campaigns (except counts)
        and issues of digests. With None, no slugs are returned.
        """
        if since is None:
            return self._db.value("SELECT MAX(number) FROM changed_statement") or 0, []
        rows = self._db.rows(
            "SELECT number, slug FROM changed_statement WHERE number > :since ORDER BY number",
            since=since,
        )
        return (rows[-1][0] if rows else since), [slug for _, slug in rows]

    def find_faults(self, fingerprint: str) -> tuple[Fault, ...] | None:
        """Return the faults of the sources if their fingerprint is the last read one, else None."""
        stored = self._db.value("SELECT value FROM meta WHERE key = :key", key=_SOURCES_READ_KEY)
        stored_fingerprint, _, faults = (stored or "").partition(" ")
        if stored_fingerprint != fingerprint:
            return None
        read = database.from_json(tuple[Fault, ...], faults)
        return tuple(replace(fault, message=read_words(fault.message)) for fault in read)

    def record_reading(self, fingerprint: str, faults: tuple[Fault, ...]) -> None:
        """Store that the sources were read completely at this fingerprint, with these faults."""
        stored = [vars(fault) | {"message": stored_words(fault.message)} for fault in faults]
        faults_json = json.dumps(stored)
        self._db.put("meta", "key", key=_SOURCES_READ_KEY, value=f"{fingerprint} {faults_json}")

    def list_unsettled(self) -> list[StoredStatement]:
        """Return the statements whose newest campaign has not begun, or was cancelled, by slug."""
        return self._list(f"{_SELECT_UNSETTLED} ORDER BY slug")

    def list_planned(self) -> list[StoredStatement]:
        """Return the unsettled statements that may have a time to be sent or an embargo, by slug.

        A translation or a correction may have the embargo of its original.
        """
        return self._list(
            f"""
            {_SELECT_UNSETTLED} AND present = 1 AND (
                instr(document, '"send_at":null') = 0 OR instr(document, '"embargo_until":null') = 0
                OR translation_of <> '' OR instr(document, '"corrects":""') = 0
                OR slug IN (SELECT slug FROM schedule)
                OR slug IN (SELECT slug FROM campaign WHERE state IN ('scheduled', 'paused')))
            ORDER BY slug
            """,
        )

    def list_newest(self, limit: int | None) -> list[StoredStatement]:
        """Return the statements of ``count``, the last changed first."""
        return self._list(
            f"{_SELECT_STORED} JOIN changed_statement ON changed_statement.slug = statement.slug"
            f" WHERE {_IS_LISTED} ORDER BY changed_statement.number DESC LIMIT :limit",
            limit=database.NO_LIMIT if limit is None else limit,
        )

    def list_after(self, slug: str, limit: int) -> list[StoredStatement]:
        """Return the statements of ``count`` with slugs after this one, by slug."""
        return self._list(
            f"{_SELECT_STORED} WHERE {_IS_LISTED} AND slug > :slug ORDER BY slug LIMIT :limit",
            slug=slug,
            limit=limit,
        )

    def all_slugs(self) -> list[str]:
        """Return the slugs of all statements, also of damaged ones."""
        return self._db.column("SELECT slug FROM statement ORDER BY slug")

    def count(self) -> int:
        """Return the number of statements that their source has, or whose sending has begun."""
        return self._db.number(f"SELECT COUNT(*) FROM statement WHERE {_IS_LISTED}")

    def find_slugs(self, beginning: str, limit: int) -> list[str]:
        """Return slugs with this beginning: first those that their source has, then the newest."""
        # not LIKE, because a typed % or _ would match anything
        return self._db.column(
            "SELECT slug FROM statement WHERE substr(slug, 1, length(:beginning)) = :beginning"
            " ORDER BY present DESC, changed_at DESC, slug LIMIT :limit",
            beginning=beginning,
            limit=limit,
        )

    def get(self, slug: str) -> StoredStatement | None:
        return self._db.cached(self._get, slug)

    def _get(self, slug: str) -> StoredStatement | None:
        return next(iter(self._list(f"{_SELECT_STORED} WHERE slug = :slug", slug=slug)), None)

    def has_slug(self, slug: str) -> bool:
        """Return whether a statement has this slug, also a damaged one."""
        return self._db.has_row("SELECT 1 FROM statement WHERE slug = :slug", slug=slug)

    def find_translations(self, slug: str) -> list[StoredStatement]:
        """Return the statements with this ``translation_of``, even if their source lacks them."""
        return self._db.cached(self._find_translations, slug)

    def _find_translations(self, slug: str) -> list[StoredStatement]:
        query = (
            f"{_SELECT_STORED} WHERE translation_of IN (SELECT value FROM json_each(:slugs))"
            " AND statement.translation_of <> '' ORDER BY slug"
        )
        rows = self._db.of_statement(dict, query, slug, key="translation_of")
        return readable(StoredStatement, rows)

    def find_same_text(self, statement: Statement) -> list[StoredStatement]:
        """Return the other statements that have the same words, or had them in a campaign."""
        [(slug, text_hash)] = texts_of(statement)
        return self._list(
            f"{_SELECT_STORED} WHERE slug <> :slug AND (text_hash = :text_hash OR slug IN"
            " (SELECT slug FROM campaign WHERE text_hash = :text_hash)) ORDER BY slug",
            slug=slug,
            text_hash=text_hash,
        )

    def put(self, stored: StoredStatement, at: datetime) -> None:
        """Insert the statement, or replace the one with its slug."""
        self._db.change(
            """
            INSERT INTO statement (slug, document, content_hash, fingerprint, present, writers,
                mailboxes, translation_of, progress, sought, text_hash, changed_at, content_since)
            VALUES (:slug, :statement, :content_hash, :fingerprint, :present, :writers,
                :mailboxes, :translation_of, :progress, :sought, :text_hash, :at, :at)
            ON CONFLICT (slug) DO UPDATE SET document = excluded.document,
                content_hash = excluded.content_hash, fingerprint = excluded.fingerprint,
                present = excluded.present, writers = excluded.writers,
                mailboxes = excluded.mailboxes, translation_of = excluded.translation_of,
                progress = excluded.progress, sought = excluded.sought,
                text_hash = excluded.text_hash, changed_at = excluded.changed_at,
                content_since = CASE WHEN statement.content_hash = excluded.content_hash
                    THEN statement.content_since ELSE excluded.content_since END
            """,
            slug=stored.statement.slug,
            mailboxes=mailboxes(stored.writers),
            translation_of=stored.statement.translation_of,
            progress=stored.statement.progress,
            sought=searched_text(stored.statement, stored.statement.slug),
            text_hash=dict(texts_of(stored.statement))[stored.slug],
            at=at,
            **vars(stored),
        )

    def content_since(self, slug: str) -> datetime | None:
        """Return when the content hash of a statement last changed; None without a statement."""
        return _find_moment(self._db, "content_since", "statement", slug)

    def store_content(self, content: Content, at: datetime) -> str:
        """Store content under its content hash, once; return the hash."""
        digest = content.content_hash()
        self._db.insert_new("content", content_hash=digest, document=content, created_at=at)
        return digest

    def get_content(self, digest: str) -> Content | None:
        """Return the content with this hash, or None if it is unknown or cannot be read."""
        return self.get_contents([digest]).get(digest)

    def get_contents(self, digests: Collection[str]) -> dict[str, Content]:
        """Return hash → content, without those that are unknown or cannot be read."""
        rows = self._db.rows(
            "SELECT content_hash, document FROM content"
            " WHERE content_hash IN (SELECT value FROM json_each(:digests))",
            digests=sorted(set(digests)),
        )
        contents = {}
        for digest, text in rows:
            with suppress(ValueError):  # a damaged row stops no other
                contents[digest] = database.from_json(Content, text)
        return contents


def _find_moment(db: database.Database, column: str, table: str, slug: str) -> datetime | None:
    query = (
        f"SELECT slug, {column} FROM {table} WHERE slug IN (SELECT value FROM json_each(:slugs))"
    )
    return next(
        (database.as_instant(row[column]) for row in db.of_statement(dict, query, slug)), None
    )


class Schedules(database.Repository):
    """Send times that staff set, which replace the statement's own ``send_at``."""

    def get(self, slug: str) -> datetime | None:
        return _find_moment(self._db, "send_at", "schedule", slug)

    def put(self, slug: str, at: datetime | None) -> None:
        """Set the send time of a statement; None deletes it."""
        self._db.change("DELETE FROM schedule WHERE slug = :slug", slug=slug)
        if at is not None:
            self._db.insert("schedule", slug=slug, send_at=at)


_SELECT_ITEM = "SELECT number, id, link, title, published, state, fingerprint"


class Feeds(database.Repository):
    """Feeds by name, each with its state and its items."""

    def get_record(self, feed: str) -> FeedRecord:
        """Return the state of a feed, or an empty record before the first visit."""
        found = self._db.first(
            FeedRecord,
            "SELECT address, first_at, visited_at, succeeded_at, next_at, bookmark, failures,"
            " failure, remark, revision FROM feed WHERE name = :feed",
            feed=feed,
        )
        return found or FeedRecord()

    def list_items(self, feed: str) -> list[KnownItem]:
        """Return the known items, in the order in which they were first seen."""
        return self._db.all(
            KnownItem,
            f"{_SELECT_ITEM}, COALESCE(slug, '') AS slug FROM feed_item WHERE feed = :feed"
            " ORDER BY number",
            feed=feed,
        )

    def list_statement_items(self, feed: str) -> list[KnownItem]:
        """Return the items that became statements, with their texts, in the same order.

        An item whose text is damaged has none.
        """
        query = (
            f"{_SELECT_ITEM}, slug, document AS composed FROM feed_item"
            " WHERE feed = :feed AND slug IS NOT NULL ORDER BY number"
        )
        return [
            read_text(KnownItem, row) or database.from_row(KnownItem, {**row, "composed": ""})
            for row in self._db.mappings(query, feed=feed)
        ]

    def count_by_state(self, feed: str) -> dict[ItemState, int]:
        """Return state → number of items; a state without items is left out."""
        rows = self._db.rows(
            "SELECT state, COUNT(*) FROM feed_item WHERE feed = :feed GROUP BY state", feed=feed
        )
        return {ItemState(state): count for state, count in rows}

    def find_slugs(self) -> set[str]:
        return set(self._db.column("SELECT slug FROM feed_item WHERE slug IS NOT NULL"))

    def put(self, feed: str, record: FeedRecord, items: Iterable[KnownItem], at: datetime) -> None:
        """Store the result of a visit. Items with the number 0 are added, others updated."""
        self._db.put("feed", "name", name=feed, **vars(record) | {"revision": record.revision + 1})
        for item in items:
            values = {**vars(item), "slug": item.slug or None, "changed_at": at}
            del values["number"]
            if composed := values.pop("composed"):  # else the stored text stays
                values["document"] = composed
            if item.number:
                self._db.update("feed_item", {"number": item.number}, **values)
            else:
                self._db.insert("feed_item", feed=feed, seen_at=at, **{"document": "", **values})
