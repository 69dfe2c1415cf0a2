"""The terms of a search in the archive, its results, and notes on the pages of statements."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

MAX_SEARCH_CHARACTERS = 200
"""The longest search, in characters; the rest is ignored."""

KINDS = {
    "feed.rss": ("RSS", "application/rss+xml"),
    "feed.atom": ("Atom", "application/atom+xml"),
    "feed.json": ("JSON Feed", "application/feed+json"),
}
"""The feeds: file → its kind as people call it, and its media type."""
_MAX_TERMS = 16
_SHORT = 3
_QUOTES = str.maketrans(dict.fromkeys("“”„«»", '"'))
_TERM = re.compile(r'"([^"]+)"|([^\s"]+)')


@dataclass(frozen=True, kw_only=True)
class Term:
    """A word or a phrase to look for."""

    text: str
    """With a letter or a digit in it; whatever else is in it means nothing."""
    whole: bool
    """Only the whole word matches: the term was quoted, or is short."""


def terms(typed: str) -> tuple[Term, ...]:
    """Return the words, and the phrases in quotes; few and harmless, whatever is typed."""
    legible = "".join(
        " " if unicodedata.category(character) in {"Cc", "Cs"} else character
        for character in typed[:MAX_SEARCH_CHARACTERS]
    )
    found = _TERM.findall(unicodedata.normalize("NFC", legible).translate(_QUOTES))
    made = (
        Term(text=phrase or word, whole=bool(phrase) or len(word) < _SHORT)
        for phrase, word in found
        if any(map(str.isalnum, phrase or word))
    )
    return tuple(dict.fromkeys(made))[:_MAX_TERMS]


@dataclass(frozen=True, kw_only=True)
class Heading:
    """A statement in a list of the archive."""

    language: str
    title: str
    opening: str
    """The line that an inbox shows behind the subject, and a list below the title."""
    date: str = ""
    """The statement's own date, in ISO 8601; empty if it has none."""


@dataclass(frozen=True, kw_only=True)
class Searchable(Heading):
    """The words of a statement that began to go out."""

    slug: str
    content_hash: str
    """The hash of the indexed content."""
    text: str
    """The text below the title, without markup."""


class NoteKind(Enum):
    """The effect of a note on the page of a statement."""

    NOTE = "note"
    """It stands above the text, with its date."""
    WITHDRAWN = "withdrawn"
    """It gives the reason for taking the text off the web."""
    RESTORED = "restored"
    """It puts the text back."""


@dataclass(frozen=True, kw_only=True)
class PublicNote:
    """A person's words on the web page of a statement that went out."""

    slug: str
    at: datetime
    by: str
    kind: NoteKind
    words: str


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """A piece of text, and whether it matches the search."""

    text: str
    found: bool


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A statement in which all terms were found."""

    slug: str
    language: str
    title: tuple[Stretch, ...]
    excerpt: tuple[Stretch, ...]
    """The text around the match, or its beginning if only the title matches."""
    date: str = ""


@dataclass(frozen=True, kw_only=True)
class Hits:
    """One page of the results."""

    count: int
    """The number of all results."""
    shown: tuple[Hit, ...]
