"""What a person typed into the search field of the archive, as terms to look for."""

import re
import unicodedata
from dataclasses import dataclass

LONGEST = 200
"""Characters that are read of what was typed."""

_MOST = 16
_SHORT = 3
_QUOTES = str.maketrans(dict.fromkeys("“”„«»", '"'))
_TERM = re.compile(r'"([^"]+)"|([^\s"]+)')


@dataclass(frozen=True, kw_only=True)
class Term:
    """A word or a phrase to look for."""

    text: str
    """With a letter or a digit in it; whatever else is in it means nothing."""
    whole: bool
    """It was put in quotes, or is short: words that merely begin so do not count."""


def terms(typed: str) -> tuple[Term, ...]:
    """The words, and the phrases in quotes. Whatever is typed, they are few and harmless."""
    legible = "".join(
        " " if unicodedata.category(character) in {"Cc", "Cs"} else character
        for character in typed[:LONGEST]
    )
    found = _TERM.findall(unicodedata.normalize("NFC", legible).translate(_QUOTES))
    made = (
        Term(text=phrase or word, whole=bool(phrase) or len(word) < _SHORT)
        for phrase, word in found
        if any(map(str.isalnum, phrase or word))
    )
    return tuple(dict.fromkeys(made))[:_MOST]


@dataclass(frozen=True, kw_only=True)
class Searchable:
    """The words of a statement that began to go out."""

    slug: str
    content_hash: str
    """Of the content that they were taken from."""
    language: str
    title: str
    text: str
    """What it says below its title, without markup."""


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """A piece of text, and whether it is what was looked for."""

    text: str
    found: bool


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A statement in which all terms were found."""

    slug: str
    language: str
    title: tuple[Stretch, ...]
    excerpt: tuple[Stretch, ...]
    """Of the text, around what was found; its beginning, where that is in the title alone."""


@dataclass(frozen=True, kw_only=True)
class Hits:
    """A part of what was found."""

    count: int
    """Of all there are."""
    shown: tuple[Hit, ...]
