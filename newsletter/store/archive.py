"""The words of what went out, in an index of SQLite (FTS5).

The one place that speaks its dialect. PostgreSQL, which this version does not know, has tsvector.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    column,
    delete,
    exists,
    func,
    insert,
    literal,
    literal_column,
    select,
    table,
)

from newsletter.domain.archive import Hit, Hits, Searchable, Stretch, Term
from newsletter.store.repository import Repository
from newsletter.store.schema import tables

INDEX = "archive_words"
"""Its name, and what the names of the tables that it is made of begin with."""

_OPEN, _CLOSE = "\x02", "\x03"
_CONTROLS = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0)], " ")
_TOKENS = 32
"""Words of an excerpt; 64 are the most that there can be."""
_TITLE_COUNTS = 5.0

_kept = tables.archive_text.c
_words = table(INDEX, column("rowid"), column("title"), column("text"), column(INDEX))
_itself: ColumnElement[Any] = literal_column(INDEX)
_campaign = tables.campaign.c


class Search(Repository):
    """The words of what went out. Nothing else is ever found, nor counted."""

    def missing(self, slugs: Collection[str] | None = None) -> list[tuple[str, str]]:
        """(slug, hash) of what went out last of each statement, where its words are not kept.

        With ``slugs``, of these alone.
        """
        kept = exists().where(
            _kept.slug == _campaign.slug, _kept.content_hash == _campaign.content_hash
        )
        newest = (
            select(func.max(_campaign.id))
            .where(_campaign.started_at.is_not(None))
            .group_by(_campaign.slug)
        )
        if slugs is not None:
            newest = newest.where(_campaign.slug.in_(slugs))
        rows = self._connection.execute(
            select(_campaign.slug, _campaign.content_hash)
            .where(_campaign.id.in_(newest), ~kept)
            .order_by(_campaign.id)
        )
        return [(row.slug, row.content_hash) for row in rows]

    def put(self, searchable: Searchable) -> None:
        """Keep a statement's words, in the place of those that were kept under its slug."""
        # two control characters mark what was found, and may not stand in the words themselves
        title, text = (field.translate(_CONTROLS) for field in (searchable.title, searchable.text))
        self._drop(searchable.slug)
        row = {"slug": searchable.slug, "content_hash": searchable.content_hash}
        row |= {"language": searchable.language, "title": title, "text": text}
        number = self._connection.execute(
            insert(tables.archive_text).values(row).returning(_kept.id)
        ).scalar_one()
        self._connection.execute(insert(_words).values(rowid=number, title=title, text=text))

    def _drop(self, slug: str) -> None:
        """The index keeps no words itself: it has to be told which ones to forget."""
        found = select(literal("delete"), _kept.id, _kept.title, _kept.text)
        self._connection.execute(
            insert(_words).from_select(
                [INDEX, "rowid", "title", "text"], found.where(_kept.slug == slug)
            )
        )
        self._connection.execute(delete(tables.archive_text).where(_kept.slug == slug))

    def find(self, terms: Sequence[Term], *, skip: int = 0, most: int) -> Hits:
        """Statements that have all terms, the best first; none where there are no terms.

        Neither case nor accents count. A title counts for more than the text.
        """
        if not terms:
            return Hits(count=0, shown=())
        fits = _fits(terms)
        count = self._number(_joined(func.count()).where(fits, _went_out()))
        # in two steps: sorting would cut an excerpt out of every hit
        best = self._connection.scalars(
            _joined(_kept.id)
            .where(fits, _went_out())
            .order_by(func.bm25(_itself, _TITLE_COUNTS, 1.0), _kept.id.desc())
            .limit(most)
            .offset(skip)
        ).all()
        rows = self._connection.execute(
            _joined(
                _kept.id,
                _kept.slug,
                _kept.language,
                func.highlight(_itself, 0, _OPEN, _CLOSE).label("title"),
                func.snippet(_itself, 1, _OPEN, _CLOSE, "…", _TOKENS).label("excerpt"),
            ).where(fits, _words.c.rowid.in_(best))
        ).all()
        hits = {
            row.id: Hit(
                slug=row.slug,
                language=row.language,
                title=tuple(_stretches(row.title)),
                excerpt=tuple(_stretches(row.excerpt)),
            )
            for row in rows
        }
        return Hits(count=count, shown=tuple(hits[number] for number in best))


def _joined(*columns: ColumnElement[Any]) -> Select[Any]:
    joined = tables.archive_text.join(_words, _words.c.rowid == _kept.id)
    return select(*columns).select_from(joined)


def _fits(terms: Sequence[Term]) -> ColumnElement[bool]:
    """All terms are in it. Each is a string of the index's language: nothing in it is a word of
    that language, and a quotation mark is written twice.
    """
    written = (
        '"{}"{}'.format(term.text.replace('"', '""'), "" if term.whole else "*") for term in terms
    )
    return _itself.op("MATCH", is_comparison=True)(" ".join(written))


def _went_out() -> ColumnElement[bool]:
    """They are the words of what went out last of the statement."""
    last = (
        select(_campaign.content_hash)
        .where(_campaign.slug == _kept.slug, _campaign.started_at.is_not(None))
        .order_by(_campaign.id.desc())
        .limit(1)
    )
    return _kept.content_hash == last.scalar_subquery()


def _stretches(marked: str) -> Iterator[Stretch]:
    first, *others = marked.split(_OPEN)
    pieces = [(first, False)]
    for other in others:
        found, _, after = other.partition(_CLOSE)
        pieces += [(found, True), (after, False)]
    return (Stretch(text=text, found=found) for text, found in pieces if text)
