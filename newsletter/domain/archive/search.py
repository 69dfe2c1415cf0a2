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
