"""A search in the archive and its results, and notes on the web pages of statements."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

MAX_SEARCH_CHARS = 200
"""The rest of a longer search is ignored."""

FORMATS = {
    "feed.rss": ("RSS", "application/rss+xml"),
    "feed.atom": ("Atom", "application/atom+xml"),
    "feed.json": ("JSON Feed", "application/feed+json"),
}
"""Feed file → the name of its format for people, and its media type."""
_MAX_TERMS = 16
_MIN_PREFIX_CHARS = 3
_QUOTE_SIGNS = str.maketrans(dict.fromkeys("“”„«»", '"'))
_TERM_PATTERN = re.compile(r'"([^"]+)"|([^\s"]+)')


@dataclass(frozen=True, kw_only=True)
class Term:
    """A word or phrase of a search."""

    text: str
    """Contains a letter or a digit; all other characters are ignored."""
    is_whole_word: bool
    """Only the whole word matches: the term was quoted, or is short."""


def parse_search(typed: str) -> tuple[Term, ...]:
    """Return the words and quoted phrases of a search, at most ``_MAX_TERMS``."""
    legible = "".join(
        " " if unicodedata.category(character) in {"Cc", "Cs"} else character
        for character in typed[:MAX_SEARCH_CHARS]
    )
    matches = _TERM_PATTERN.findall(unicodedata.normalize("NFC", legible).translate(_QUOTE_SIGNS))
    parsed_terms = (
        Term(text=phrase or word, is_whole_word=bool(phrase) or len(word) < _MIN_PREFIX_CHARS)
        for phrase, word in matches
        if any(map(str.isalnum, phrase or word))
    )
    return tuple(dict.fromkeys(parsed_terms))[:_MAX_TERMS]


@dataclass(frozen=True, kw_only=True)
class Heading:
    """A statement in a list of the archive."""

    language: str
    title: str
    opening: str
    """The preview line: inboxes show it after the subject, lists show it below the title."""
    date: str = ""
    """The statement's own date, in ISO 8601; empty if it has none."""


@dataclass(frozen=True, kw_only=True)
class Searchable(Heading):
    """The indexed text of a statement whose sending has begun."""

    slug: str
    content_hash: str
    text: str
    """The text below the title, without markup."""


class NoteKind(Enum):
    """The effect of a note on the web page of a statement."""

    NOTE = "note"
    """The page shows the note, with its date, above the text."""
    WITHDRAWN = "withdrawn"
    """The page shows the note, which gives the reason, in place of the text."""
    RESTORED = "restored"
    """The page shows the text again."""


@dataclass(frozen=True, kw_only=True)
class PublicNote:
    """A note that staff wrote on the web page of a sent statement."""

    slug: str
    at: datetime
    by: str
    kind: NoteKind
    words: str


@dataclass(frozen=True, kw_only=True)
class Snippet:
    """A part of an excerpt, and whether it matches the search."""

    text: str
    is_match: bool


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A statement that contains all terms of a search."""

    slug: str
    language: str
    title: tuple[Snippet, ...]
    excerpt: tuple[Snippet, ...]
    """The text around the match, or its beginning if only the title matches."""
    date: str = ""


@dataclass(frozen=True, kw_only=True)
class Hits:
    """One page of search results."""

    count: int
    """The number of results on all pages."""
    shown: tuple[Hit, ...]
