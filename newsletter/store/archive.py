"""The words of what went out, in an index of SQLite (FTS5).

The one place that speaks its dialect. PostgreSQL, which this version does not know, has tsvector.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

from newsletter.domain.archive import Heading, Hit, Hits, Searchable, Stretch, Term
from newsletter.store.repository import Repository

INDEX = "archive_words"
"""Its name, and what the names of the tables that it is made of begin with."""

_OPEN, _CLOSE = "\x02", "\x03"
_CONTROLS = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0)], " ")
_WENT_OUT_LAST = """
    archive_text.content_hash = (
        SELECT content_hash FROM campaign
        WHERE campaign.slug = archive_text.slug AND started_at IS NOT NULL
        ORDER BY campaign.id DESC LIMIT 1)
"""
"""The words are those of what went out last of the statement."""


class Search(Repository):
    """The words of what went out. Nothing else is ever found, nor counted."""

    def missing(self, slugs: Collection[str] | None = None) -> list[tuple[str, str]]:
        """Return (slug, hash) of what went out last of each statement whose words are not kept.

        With ``slugs``, of these alone.
        """
        return self._db.rows(
            """
            SELECT slug, content_hash FROM campaign
            WHERE id IN (
                SELECT MAX(id) FROM campaign
                WHERE started_at IS NOT NULL
                    AND (:slugs IS NULL OR slug IN (SELECT value FROM json_each(:slugs)))
                GROUP BY slug)
            AND NOT EXISTS (
                SELECT 1 FROM archive_text
                WHERE archive_text.slug = campaign.slug
                    AND archive_text.content_hash = campaign.content_hash)
            ORDER BY id
            """,
            slugs=None if slugs is None else sorted(slugs),
        )

    def put(self, searchable: Searchable) -> None:
        """Keep a statement's words, in the place of those that were kept under its slug."""
        # two control characters mark what was found, and may not stand in the words themselves
        title, text = (field.translate(_CONTROLS) for field in (searchable.title, searchable.text))
        # the index keeps no words itself: it has to be told which ones to forget
        self._db.change(
            "INSERT INTO archive_words (archive_words, rowid, title, text)"
            " SELECT 'delete', id, title, text FROM archive_text WHERE slug = :slug",
            slug=searchable.slug,
        )
        self._db.change("DELETE FROM archive_text WHERE slug = :slug", slug=searchable.slug)
        number = self._db.value(
            "INSERT INTO archive_text (slug, content_hash, language, title, opening, text)"
            " VALUES (:slug, :content_hash, :language, :title, :opening, :text) RETURNING id",
            slug=searchable.slug,
            content_hash=searchable.content_hash,
            language=searchable.language,
            title=title,
            opening=searchable.opening,
            text=text,
        )
        self._db.change(
            "INSERT INTO archive_words (rowid, title, text) VALUES (:number, :title, :text)",
            number=number,
            title=title,
            text=text,
        )

    def headings(self, hashes: Mapping[str, str]) -> dict[str, Heading]:
        """Return the headings of these statements, by slug; none of those that are not indexed.

        ``hashes`` is slug → hash of the content that the heading has to be of.
        """
        rows = self._db.rows(
            "SELECT slug, content_hash, language, title, opening FROM archive_text"
            " WHERE slug IN (SELECT value FROM json_each(:slugs)) AND title <> ''",
            slugs=sorted(hashes),
        )
        return {
            slug: Heading(language=language, title=title, opening=opening)
            for slug, content_hash, language, title, opening in rows
            if content_hash == hashes[slug]
        }

    def find(self, terms: Sequence[Term], *, skip: int = 0, most: int) -> Hits:
        """Return statements that have all terms, the best first; none if there are no terms.

        Neither case nor accents count. A title counts for more than the text.
        """
        if not terms:
            return Hits(count=0, shown=())
        words = " ".join(map(_written, terms))
        count = self._db.value(
            f"""
            SELECT COUNT(*) FROM archive_text
            JOIN archive_words ON archive_words.rowid = archive_text.id
            WHERE archive_words MATCH :words AND {_WENT_OUT_LAST}
            """,
            words=words,
        )
        # in two steps: sorting would cut an excerpt out of every hit
        best = self._db.column(
            f"""
            SELECT archive_text.id FROM archive_text
            JOIN archive_words ON archive_words.rowid = archive_text.id
            WHERE archive_words MATCH :words AND {_WENT_OUT_LAST}
            ORDER BY bm25(archive_words, 5.0, 1.0), archive_text.id DESC LIMIT :most OFFSET :skip
            """,
            words=words,
            most=most,
            skip=skip,
        )
        rows = self._db.rows(
            """
            SELECT archive_text.id, archive_text.slug, archive_text.language,
                highlight(archive_words, 0, char(2), char(3)),
                snippet(archive_words, 1, char(2), char(3), '…', 32)
            FROM archive_text JOIN archive_words ON archive_words.rowid = archive_text.id
            WHERE archive_words MATCH :words
                AND archive_words.rowid IN (SELECT value FROM json_each(:best))
            """,
            words=words,
            best=best,
        )
        hits = {
            number: Hit(
                slug=slug,
                language=language,
                title=tuple(_stretches(title)),
                excerpt=tuple(_stretches(excerpt)),
            )
            for number, slug, language, title, excerpt in rows
        }
        return Hits(count=count, shown=tuple(hits[number] for number in best))


def _written(term: Term) -> str:
    """Return a term as a string of the index's language, in which no word is an operator."""
    return '"{}"{}'.format(term.text.replace('"', '""'), "" if term.whole else "*")


def _stretches(marked: str) -> Iterator[Stretch]:
    first, *others = marked.split(_OPEN)
    pieces = [(first, False)]
    for other in others:
        found, _, after = other.partition(_CLOSE)
        pieces += [(found, True), (after, False)]
    return (Stretch(text=text, found=found) for text, found in pieces if text)
