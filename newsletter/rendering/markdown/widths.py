"""How wide words are, as far as that can be told without the reader's font."""

import unicodedata
from functools import lru_cache

LETTER = 0.6
"""Width of an ordinary letter, in times its size, in the widest font that a brand may have."""

_NARROW = frozenset("iljtfrI.,:;'’‘|!()[]/ \u00a0\u202f")
_BROAD = frozenset("mwMW@%—…&")


@lru_cache(maxsize=4096)
def ems(word: str) -> float:
    """The width of a word in one line, in times the size of its letters: rather too much.

    The widths are those of Verdana, rounded up: the other fonts are narrower.
    """
    return sum(map(_of, word))


def _of(character: str) -> float:
    if unicodedata.combining(character) or unicodedata.category(character) == "Cf":
        return 0.0
    if character in _NARROW:
        return 0.45
    if character in _BROAD or unicodedata.east_asian_width(character) in {"W", "F"}:
        return 1.05
    if character.isupper():
        return 0.74
    return 0.64
