"""Greetings by name: what of a person's name a mail may say.

Names come from files and forms of others. What a mail says of them is made of letters, so that it
needs no escaping in HTML, JSON or a provider's template, and nothing that a mail program would
turn into a link; all else is greeted as somebody without a name.
"""

import re
import unicodedata

MOST_FALLBACKS = 10
"""So many different words for readers without a name, in all languages of a mail."""
LONGEST = 60
"""Characters."""
LONGEST_WORD = 30
"""Characters that a telephone holds on one line."""

_LONGEST_RAW = 4 * LONGEST
"""Of more than this not even the blanks are counted."""
_QUOTES = str.maketrans(dict.fromkeys("'‘ʼ`´", "’"))
_SIGNS = {" ": " ", "-": "-", "‐": "-", "‑": "-", "’": "'", ".": ".", ",": ",", "·": "-"}
_JOINERS = "\u200c\u200d"
"""Nobody sees them; Persian and Indian names are spelled with them."""
_SPEAKABLE = re.compile(r"'?a[am' .,-]*[am.]|a")
"""Of a name's shape: a letter, a mark above or below one, and the signs that names have."""
_NOT_IN_A_NAME = re.compile(
    r"m{4}"  # marks piled up
    r"|[' ,-][',.-]|'[ .,]|\.\.|\.[' ,-]?[',-]{2}|,(?! )"
    rf"|[am'.]{{{LONGEST_WORD + 1}}}"
    r"|\.(?=a)(?!am{0,3}(?:[-. ,]|\Z))"  # forum.example is an address, J.R. are initials
)


def speakable(name: str) -> str:
    """The name as a mail says it; empty where no mail should.

    At most 60 characters: letters of any script, blanks, ``-``, ``.``, ``,``, ``·`` and ``’``,
    for which ``'`` is taken.
    """
    if len(name) > _LONGEST_RAW or any(map(_unseen, name)):
        return ""
    said = " ".join(unicodedata.normalize("NFC", name).translate(_QUOTES).split()).rstrip(" ,")
    shape = "".join(map(_shape, said))
    fits = len(said) <= LONGEST and _SPEAKABLE.fullmatch(shape)
    return said if fits and not _NOT_IN_A_NAME.search(shape) else ""


def _unseen(character: str) -> bool:
    """Line breaks, control characters, and marks that turn what follows around."""
    kind = unicodedata.category(character)
    return (kind[0] in "C" and character not in _JOINERS) or kind in {"Zl", "Zp"}


def _shape(character: str) -> str:
    kind = unicodedata.category(character)[0]
    if kind == "M" or character in _JOINERS:
        return "m"
    return "a" if kind == "L" else _SIGNS.get(character, "!")
