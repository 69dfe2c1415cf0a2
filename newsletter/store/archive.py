"""The full-text search of the archive, by words that are folded here.

FTS5 indexes them on SQLite, and a tsvector holds them on PostgreSQL. ``archive_words`` returns the
matches of a query on both: FTS5's table has the name of PostgreSQL's function.
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
"""Longer words are not indexed: PostgreSQL's limit is 2,046 bytes."""
_CONTROLS = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0)], " ")
_IS_LAST_SENT = """
    archive_text.content_hash = (
        SELECT content_hash FROM campaign
        WHERE campaign.slug = archive_text.slug AND started_at IS NOT NULL
        ORDER BY campaign.id DESC LIMIT 1)
"""
"""The indexed words are those of the last sent content of the statement."""
_WITHDRAWN_SLUGS = """
    SELECT slug FROM public_note WHERE kind = 'withdrawn' AND NOT EXISTS (
        SELECT 1 FROM public_note AS later
        WHERE later.slug = public_note.slug AND later.id > public_note.id AND later.kind <> 'note')
"""
"""A subquery: the slugs of the statements whose text a person took off the web."""


class PublicNotes(Repository):
    """The notes on the web pages of statements. None is ever changed or deleted."""

    def add(self, note: PublicNote) -> None:
        self._db.insert("public_note", **vars(note))

    def of(self, slugs: Collection[str]) -> list[PublicNote]:
        """Return the notes on the pages of these statements, oldest first."""
        return self._db.all(
            PublicNote,
            'SELECT slug, at, "by", kind, words FROM public_note'
            " WHERE slug IN (SELECT value FROM json_each(:slugs)) ORDER BY id",
            slugs=sorted(slugs),
        )

    def find_withdrawn(self, slugs: Collection[str]) -> set[str]:
        """Return those of these slugs whose text a person took off the web."""
        return set(
            self._db.column(
                f"{_WITHDRAWN_SLUGS} AND slug IN (SELECT value FROM json_each(:slugs))",
                slugs=sorted(slugs),
            )
        )


class Search(Repository):
    """The index of sent statements."""

    def put(self, searchable: Searchable) -> None:
        """Index a statement, in place of an earlier entry with its slug."""
        title, text = (field.translate(_CONTROLS) for field in (searchable.title, searchable.text))
        self._db.change("DELETE FROM archive_text WHERE slug = :slug", slug=searchable.slug)
        self._db.insert(
            "archive_text",
            **{**vars(searchable), "title": title, "text": text},
            title_words=" ".join(_words(title)),
            text_words=" ".join(_words(text)),
        )

    def find_headings(self, hashes: Mapping[str, str]) -> dict[str, Heading]:
        """Return the headings of indexed statements, by slug.

        ``hashes`` is slug → hash of the content that the heading must come from. Other statements
        are left out.
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
        """Return the statements that contain all terms, best match first; none without a term.

        Case and accents are ignored. A title weighs more than the text.
        """
        phrases = [_Phrase(tuple(_words(term.text)), term.is_whole_word) for term in terms]
        if not phrases or not all(phrase.words for phrase in phrases):
            return Hits(count=0, shown=())
        query = " AND ".join(map(str, phrases))
        hits = f"""
            FROM archive_words(:query) AS hit JOIN archive_text ON archive_text.id = hit.rowid
            WHERE {_IS_LAST_SENT} AND slug NOT IN ({_WITHDRAWN_SLUGS})
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
                title=tuple(_mark_hits(title, _find(phrases, title))),
                excerpt=tuple(_excerpt(text, _find(phrases, text))),
                date=date,
            )
            for slug, language, title, text, date in best
        )
        return Hits(count=count, shown=tuple(shown))


@dataclass(frozen=True)
class _Phrase:
    """Consecutive folded words. The last word is a prefix, unless ``is_whole``."""

    words: tuple[str, ...]
    is_whole: bool

    def __str__(self) -> str:
        """Return the phrase in the query syntax of FTS5 and of PostgreSQL's ``archive_words``."""
        return " + ".join(f'"{word}"' for word in self.words) + ("" if self.is_whole else " *")

    def is_at(self, at: int, words: Sequence[str]) -> bool:
        *whole, last = words[at : at + len(self.words)]
        return (*whole, last if self.is_whole else last[: len(self.words[-1])]) == self.words


def _word_pattern(text: str) -> re.Pattern[str]:
    """Return the pattern of a word in the text: letters and digits, with their marks.

    Without its marks, Hindi text falls apart. The module ``re`` has no class for them.
    """
    marks = "".join(sorted(sign for sign in set(text) if unicodedata.category(sign)[0] == "M"))
    return re.compile(rf"[^\W_](?:[^\W_]|[{marks}])*" if marks else r"[^\W_]+")


def _words(text: str) -> list[str]:
    """Return the folded words of a text, without case and accents."""
    return [fold_text(word[:_MAX_WORD_CHARS]) for word in _word_pattern(text).findall(text)]


def _find(phrases: Sequence[_Phrase], text: str) -> list[tuple[int, int]]:
    """Return the start and end of each match, in the order of the text, without overlaps."""
    words = list(_word_pattern(text).finditer(text))
    folded_words = [fold_text(word[0][:_MAX_WORD_CHARS]) for word in words]
    found: list[tuple[int, int]] = []
    for index, word in enumerate(words):
        ends = [
            words[index + len(phrase.words) - 1].end()
            for phrase in phrases
            if phrase.is_at(index, folded_words)
        ]
        if ends and found and word.start() < found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], *ends))
        elif ends:
            found.append((word.start(), max(ends)))
    return found


def _excerpt(text: str, spans: Sequence[tuple[int, int]]) -> Iterator[Snippet]:
    """Yield the words around the first match; the first words if there is none."""
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
