"""Read the lines of a plain text, normalise their blanks, and find how they were wrapped."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from newsletter.documents.release.words import pattern

_LINE_END_PATTERN = re.compile(r"\r\n?|\n|\f|\v|\u2028|\u2029|\x85")
_INVISIBLE_PATTERN = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u200b\u2060\ufeff\u202a-\u202e\u2066-\u2069]"
)
_LIGATURES = {sign: unicodedata.normalize("NFKC", chr(sign)) for sign in range(0xFB00, 0xFB07)}
"""The ligatures in PDFs: ff, fi, fl, ffi, ffl and two of st."""
_SOFT_HYPHEN_PATTERN, _BLANKS_PATTERN = re.compile(r"\xad\s*$"), re.compile(r"[^\S\n]+")
_MAX_WRAP_CHARS = 130
_MAX_FOOT_LINES, _LINES_ABOVE_EACH = 8, 4
"""Maximum lines of a foot that is not wrapped, and lines of the text for each of them."""
_SENTENCE_END_PATTERN = re.compile(r"[.!?…][\"'”’»)\]]*$")
_MAX_DATELINE_CHARS = 200
_MAX_QUOTED_CHARS = 61
_MAX_SHOWN_CHARS = 80
_DATELINE_PATTERN = pattern("datelines", flags=0)


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line that is not blank."""

    number: int
    """Line in the text, from 1; 0 if most of the text is on one line."""
    text: str
    """The text with single blanks, and none around it."""
    gap_above: bool
    """Whether a blank line is before this one."""
    hyphenated: bool = False
    """Whether it ends with a soft hyphen, so that its last word continues in the next line."""
    cells: tuple[str, ...] = ()
    """The parts between tabs, if it has two or more."""
    is_group: bool = False
    """Whether it is a whole list, table or quotation."""
    link_count: int = 0
    """Number of links to pages, if the line has no other words."""

    @property
    def location(self) -> str:
        """Return where the line is, within a sentence: ``line 12``, or its first words."""
        if self.number:
            return f"line {self.number}"
        return f"“{cut_text(self.text, _MAX_QUOTED_CHARS)}”"

    @property
    def opening(self) -> str:
        """Return where the line is, at the beginning of a sentence."""
        return self.location[0].upper() + self.location[1:]


def read_lines(text: str) -> list[Line]:
    """Return the lines of a text that are not blank, without invisible characters."""
    lines: list[Line] = []
    has_gap = False
    for number, raw_line in enumerate(_LINE_END_PATTERN.split(text), start=1):
        clean = _clean_line(raw_line)
        if clean:
            hyphen = bool(_SOFT_HYPHEN_PATTERN.search(raw_line))
            cells = tuple(map(_clean_line, raw_line.strip(" \r").split("\t")))
            cells = cells if len(cells) > 1 and cells[0] else ()
            lines.append(
                Line(number=number, text=clean, gap_above=has_gap, hyphenated=hyphen, cells=cells)
            )
        has_gap = not clean
    return lines


def _clean_line(raw: str) -> str:
    return _BLANKS_PATTERN.sub(" ", _INVISIBLE_PATTERN.sub("", raw)).translate(_LIGATURES).strip()


def normalise(text: str) -> str:
    """Return a text with single blanks for blanks and line ends, without invisible characters."""
    plain = _INVISIBLE_PATTERN.sub("", _LINE_END_PATTERN.sub(" ", text))
    return _BLANKS_PATTERN.sub(" ", plain).translate(_LIGATURES)


def cut_text(text: str, limit: int = _MAX_SHOWN_CHARS) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


@lru_cache(maxsize=128)  # a page's title is compared with each of its lines
def match_key(text: str) -> str:
    """Return only the letters and digits of a text, in lower case and without accents."""
    # the Turkish ı becomes I in capitals, and then i in lower case
    decomposed = unicodedata.normalize("NFKD", text.casefold().replace("ı", "i"))
    return "".join(letter for letter in decomposed if letter.isalnum())


def find_wrap_width(lines: Sequence[Line]) -> int:
    """Return the width of hard-wrapped text in characters, or 0 if each line is a paragraph.

    Each line is a paragraph if one is longer than any wrap, or blank lines surround all long ones.
    A foot of a few lines may be longer.
    """
    # a web address cannot be wrapped
    wrappable = (line for line in lines if "://" not in line.text or " " in line.text)
    foot_start = len(lines) - min(_MAX_FOOT_LINES, len(lines) // _LINES_ABOVE_EACH)
    width_above = max((len(line.text) for line in lines[:foot_start]), default=0)
    unwrapped = [line for line in lines[foot_start:] if len(line.text) > width_above]
    lengths = sorted(len(line.text) for line in wrappable if line not in unwrapped)
    if not lengths or lengths[-1] > _MAX_WRAP_CHARS:
        return 0
    long_lengths = [length for length in lengths if length * 2 >= lengths[-1]]
    has_line_below = any(
        len(line.text) * 2 >= lengths[-1] and not below.gap_above for line, below in pairwise(lines)
    )
    if len(long_lengths) < 2 or not has_line_below or lengths[-1] < 40:
        return 0
    return long_lengths[int(0.9 * (len(long_lengths) - 1))]  # a URL may be longer


def ends_sentence(text: str) -> bool:
    return bool(_SENTENCE_END_PATTERN.search(text))


def begins_dateline(text: str) -> bool:
    """Return whether a line begins with a place and a dash, as in ``(Dallas, Texas) –``."""
    return bool(_DATELINE_PATTERN.match(text[:_MAX_DATELINE_CHARS]))


def is_title_case(text: str) -> bool:
    """Return whether most of the longer words of a line are capitalised."""
    words = [word for word in re.findall(r"[^\W\d_][\w’'-]*", text) if len(word) > 3]
    return not words or sum(word[0].isupper() for word in words) >= 0.6 * len(words)


def begins_amid(text: str) -> bool:
    """Return whether a line can only continue a sentence."""
    first = text[0]
    # a closing bracket or a comma continues; the excepted signs begin a word, quotation or item
    closing = unicodedata.category(first) in {"Pe", "Po", "Pd"}
    return first.islower() or (closing and first not in "¿¡*#&@%\"'•·")


def is_prose(lines: Sequence[Line], index: int, width: int) -> bool:
    """Return whether a line is running text: long, a sentence, or wrapped."""
    text = lines[index].text
    if len(text) >= 160 or (len(text) >= 60 and ends_sentence(text)):
        return True
    is_long = len(text) >= 60 if width else len(text) >= 100 or ends_sentence(text)
    if begins_dateline(text) and is_long and not text.isupper():
        return True
    if not width or len(text) < 0.8 * width:
        return False
    following = lines[index + 1 : index + 3]
    if any(line.gap_above for line in following[:1]) or not following:
        return False
    is_paragraph_long = len(following) == 2 and not following[1].gap_above
    ends_below = len(following[0].text) >= 60 and ends_sentence(following[0].text)
    is_full_below = is_paragraph_long and len(following[0].text) >= 0.8 * width
    return not is_title_case(text) or is_full_below or ends_below
