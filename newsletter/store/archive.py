"""The full-text search of the archive, by words without case and accents.

SQLite indexes the words with FTS5, PostgreSQL as a tsvector. Both return the matches of a query by
``archive_words``, which is FTS5's table and PostgreSQL's function.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from newsletter.domain.archive import Heading, Hit, Hits, PublicNote, Searchable, Snippet, Term
from newsletter.store.database import Repository
from newsletter.store.statements.statements import fold_text

_EXCERPT_WORDS = 32
_LEADING_WORDS = 5
"""Words of an excerpt before the first hit."""
_MAX_WORD_CHARS = 500
"""Longer words are cut, because PostgreSQL's limit is 2,046 bytes."""
_CONTROLS = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0)], " ")
_IS_LAST_SENT = """
    archive_text.content_hash = (
        SELECT content_hash FROM campaign
        WHERE campaign.slug = archive_text.slug AND started_at IS NOT NULL
        ORDER BY campaign.id DESC LIMIT 1)
"""
"""A condition: the indexed content is the last that was sent of the statement."""
_WITHDRAWN_SLUGS = """
    SELECT slug FROM public_note WHERE kind = 'withdrawn' AND NOT EXISTS (
        SELECT 1 FROM public_note AS later
        WHERE later.slug = public_note.slug AND later.id > public_note.id AND later.kind <> 'note')
"""
"""A query of the slugs of statements whose text staff took off the web."""
_PARTS_OF_ISSUES = """
    SELECT issue.name || '-' || issue.day AS digest, part.value AS slug
    FROM issue CROSS JOIN json_each(issue.parts) AS part
"""


class PublicNotes(Repository):
    """The notes on the web pages of statements. None is ever changed or deleted."""

    def add(self, note: PublicNote) -> None:
        self._db.insert("public_note", **vars(note))

    def list_for(self, slugs: Collection[str]) -> list[PublicNote]:
        """Return the notes on the pages of these statements, oldest first."""
        return self._db.all(
            PublicNote,
            'SELECT slug, at, "by", kind, words FROM public_note'
            " WHERE slug IN (SELECT value FROM json_each(:slugs)) ORDER BY id",
            slugs=sorted(slugs),
        )

    def find_withdrawn(self, slugs: Collection[str]) -> set[str]:
        """Return the given slugs whose text staff took off the web."""
        return set(
            self._db.column(
                f"{_WITHDRAWN_SLUGS} AND slug IN (SELECT value FROM json_each(:slugs))",
                slugs=sorted(slugs),
            )
        )

    def find_withdrawn_parts(self, slugs: Collection[str]) -> list[tuple[str, str]]:
        """Return (digest, part) of these digests, for parts whose text was ever off the web."""
        return self._db.rows(
            f"SELECT digest, slug FROM ({_PARTS_OF_ISSUES}) AS listed"
            " WHERE digest IN (SELECT value FROM json_each(:slugs))"
            " AND slug IN (SELECT slug FROM public_note WHERE kind = 'withdrawn')",
            slugs=sorted(slugs),
        )

    def find_sending(self, slug: str) -> list[int]:
        """Return the begun campaigns that may send a text: its own, its translations, digests."""
        return self._db.column(
            "SELECT id FROM campaign WHERE state IN ('sending', 'paused', 'attention')"
            " AND started_at IS NOT NULL AND (:slug IN (slug, translates)"
            f" OR slug IN (SELECT digest FROM ({_PARTS_OF_ISSUES}) AS listed WHERE slug = :slug))",
            slug=slug,
        )


class Search(Repository):
    """The index of sent statements."""

    def put(self, searchable: Searchable) -> None:
        """Index a statement, and delete the earlier entry with its slug."""
        title, text = (field.translate(_CONTROLS) for field in (searchable.title, searchable.text))
        self._db.change("DELETE FROM archive_text WHERE slug = :slug", slug=searchable.slug)
        self._db.insert(
            "archive_text",
            **{**vars(searchable), "title": title, "text": text},
            title_words=" ".join(_fold_words(title)),
            text_words=" ".join(_fold_words(text)),
        )

    def find_headings(self, hashes: Mapping[str, str]) -> dict[str, Heading]:
        """Return slug → heading, for indexed statements with these content hashes.

        ``hashes`` is slug → content hash.
        """
        rows = self._db.rows(
            "SELECT slug, content_hash, language, title, opening, date FROM archive_text"
            " WHERE slug IN (SELECT value FROM json_each(:slugs)) AND title <> ''",
            slugs=sorted(hashes),
        )
        return {
            slug: Heading(language=language, title=title, opening=opening, date=date)
            for slug, content_hash, language, title, opening, date in rows
            if content_hash == hashes[slug]
        }

    def find(self, terms: Sequence[Term], *, skip: int = 0, limit: int) -> Hits:
        """Return the statements that contain all terms, the best match first.

        Case and accents are ignored. A match in the title counts more. Without a word in each term
        there are no hits.
        """
        phrases = [_Phrase(tuple(_fold_words(term.text)), term.is_whole_word) for term in terms]
        if not phrases or not all(phrase.words for phrase in phrases):
            return Hits(count=0, shown=())
        query = " AND ".join(map(str, phrases))
        hits = f"""
            FROM archive_words(:query) AS hit JOIN archive_text ON archive_text.id = hit.rowid
            WHERE {_IS_LAST_SENT} AND slug NOT IN ({_WITHDRAWN_SLUGS}
                -- digests contain their words
                UNION SELECT digest FROM ({_PARTS_OF_ISSUES}) AS listed
                WHERE slug IN ({_WITHDRAWN_SLUGS}))
        """
        count = self._db.value(f"SELECT COUNT(*) {hits}", query=query)
        best = self._db.rows(
            f"SELECT slug, language, title, text, date {hits}"
            " ORDER BY hit.rank, archive_text.id DESC LIMIT :limit OFFSET :skip",
            query=query,
            limit=limit,
            skip=skip,
        )
        shown = (
            Hit(
                slug=slug,
                language=language,
                title=tuple(_mark_hits(title, _find_matches(phrases, title))),
                excerpt=tuple(_make_excerpt(text, _find_matches(phrases, text))),
                date=date,
            )
            for slug, language, title, text, date in best
        )
        return Hits(count=count, shown=tuple(shown))


@dataclass(frozen=True)
class _Phrase:
    """Consecutive folded words. Unless ``is_whole``, the last one is the start of a word."""

    words: tuple[str, ...]
    is_whole: bool

    def __str__(self) -> str:
        """Return the phrase in the query syntax of FTS5 and of PostgreSQL's ``archive_words``."""
        return " + ".join(f'"{word}"' for word in self.words) + ("" if self.is_whole else " *")

    def matches_at(self, at: int, words: Sequence[str]) -> bool:
        *complete, last = words[at : at + len(self.words)]
        return (*complete, last if self.is_whole else last[: len(self.words[-1])]) == self.words


def _word_pattern(text: str) -> re.Pattern[str]:
    """Return the pattern of a word in this text: letters and digits with their combining marks.

    Without marks, Hindi words would be split. The module ``re`` has no class of marks.
    """
    marks = "".join(sorted(sign for sign in set(text) if unicodedata.category(sign)[0] == "M"))
    return re.compile(rf"[^\W_](?:[^\W_]|[{marks}])*" if marks else r"[^\W_]+")


def _fold_words(text: str) -> list[str]:
    """Return the words of a text without case and accents."""
    return [fold_text(word[:_MAX_WORD_CHARS]) for word in _word_pattern(text).findall(text)]


def _find_matches(phrases: Sequence[_Phrase], text: str) -> list[tuple[int, int]]:
    """Return (start, end) of each match in order; matches that overlap are joined."""
    words = list(_word_pattern(text).finditer(text))
    folded_words = [fold_text(word[0][:_MAX_WORD_CHARS]) for word in words]
    found: list[tuple[int, int]] = []
    for index, word in enumerate(words):
        ends = [
            words[index + len(phrase.words) - 1].end()
            for phrase in phrases
            if phrase.matches_at(index, folded_words)
        ]
        if ends and found and word.start() < found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], *ends))
        elif ends:
            found.append((word.start(), max(ends)))
    return found


def _make_excerpt(text: str, spans: Sequence[tuple[int, int]]) -> Iterator[Snippet]:
    """Yield the words around the first match, or the first words of the text."""
    word_starts = [word.start() for word in _word_pattern(text).finditer(text)]
    first = word_starts.index(spans[0][0]) if spans else 0
    first_shown = max(min(first - _LEADING_WORDS, len(word_starts) - _EXCERPT_WORDS), 0)
    end = first_shown + _EXCERPT_WORDS
    start = word_starts[first_shown] if first_shown else 0
    stop = word_starts[end] if end < len(word_starts) else len(text)
    if first_shown:
        yield Snippet(text="…", is_match=False)
    visible_spans = [
        (one - start, min(other, stop) - start) for one, other in spans if start <= one < stop
    ]
    yield from _mark_hits(text[start:stop].rstrip(), visible_spans)
    if end < len(word_starts):
        yield Snippet(text="…", is_match=False)


def _mark_hits(text: str, spans: Sequence[tuple[int, int]]) -> Iterator[Snippet]:
    position = 0
    for start, end in [*spans, (len(text), len(text))]:
        if position < start:
            yield Snippet(text=text[position:start], is_match=False)
        if start < end:
            yield Snippet(text=text[start:end], is_match=True)
        position = end
