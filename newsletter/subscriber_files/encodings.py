"""The encoding of a file of subscribers: found from its bytes, or asked for, but never guessed.

A file that is not Unicode comes from a spreadsheet of some country. Each line is read in each of
these countries' encodings. A reading is plausible if the accented letters of the line belong to one
language and occur where letters occur. The one encoding in which nearly all lines are plausible is
used. If there are several, the file is refused and the readings are shown.
"""

import codecs
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from itertools import islice
from unicodedata import category

from newsletter.domain.errors import Fault, InvalidInput
from newsletter.formats.text import encoding_by_head
from newsletter.subscriber_files.members import Member, readable

_CHUNK = 1 << 18
_MAX_LINE = 1 << 16
_MAX_LINES = 20_000
"""Lines with a letter beyond ASCII that are looked at."""
_CLEARLY = 4
"""So many times more implausible lines every other encoding has to have."""

_WESTERN = (
    *("áéíóúüñªº", "àâæçéèêëîïôœùûüÿ", "äöüßé", "àáâãçéêíóôõúüªº", "àèéìíîòóùúªº", "åäöéàü"),
    *("æøåéêòóôü", "áéëïóöüèê", "áðéíóúýþæö", "àçèéíïòóúü", "äöõüšž"),
)
_CENTRAL = (
    *("ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "čćđšž", "ăâîşţ"),
    *("äöüßé", "çë"),
)
_ALPHABETS: Mapping[str, tuple[str, ...]] = {
    "cp1252": _WESTERN,
    "cp1250": _CENTRAL,
    "cp1254": ("çğıöşüâîû", "äöüßé"),
    "cp1257": ("āčēģīķļņšūž", "ąčęėįšųūž", "äöõüšž", "ąćęłńóśźż", "äöüßé"),
    "mac_roman": _WESTERN,
}
"""Encoding → the letters beyond ASCII of each language that is written in it."""

NAMES = {
    "cp1252": "Windows-1252",
    "cp1250": "Windows-1250",
    "cp1254": "Windows-1254",
    "cp1257": "Windows-1257",
    "mac_roman": "Mac Roman",
}


def encoding_in(member: Member, given: str = "") -> str:
    """The encoding of a file: the one ``given``, Unicode, or the one that its letters show.

    Raises InvalidInput for an encoding that is unknown, and for a file that may be in several.
    """
    if given:
        try:
            return codecs.lookup(given).name
        except LookupError as error:
            message = f"{given!r} is no encoding; write one like windows-1252 or mac-roman"
            raise InvalidInput([Fault(file="--encoding", message=message)]) from error
    return unicode_in(member) or _by_letters(member)


def unicode_in(member: Member) -> str:
    """UTF-8 or UTF-16, with or without a byte order mark; empty for anything else."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with readable(member.file), member.open() as stream:
        chunk = stream.read(_CHUNK)
        by_head = encoding_by_head(chunk)
        if by_head:
            return by_head
        try:
            while chunk:
                decoder.decode(chunk)
                chunk = stream.read(_CHUNK)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return ""
    return "utf-8"


@dataclass(frozen=True, kw_only=True)
class _Reading:
    encoding: str
    implausible: int
    """Lines."""
    words: bool
    """A letter beyond ASCII occurs inside a word."""


def _by_letters(member: Member) -> str:
    lines = list(islice(_beyond_ascii(member), _MAX_LINES))
    readings = sorted(_readings([line for _, line in lines]), key=lambda each: each.implausible)
    best, *others = readings
    if best.words and all(best.implausible * _CLEARLY < each.implausible for each in others):
        return best.encoding
    if not any(each.words for each in readings):
        return "cp1252"  # letters that stand alone tell nothing: what reads it names the byte
    raise InvalidInput([_ambiguous(member.file, *lines[0])])


def _beyond_ascii(member: Member) -> Iterator[tuple[int, bytes]]:
    with readable(member.file), member.open() as stream:
        lines = iter(partial(stream.readline, _MAX_LINE), b"")
        for number, line in enumerate(lines, start=1):
            if not line.isascii():
                yield number, line


def _readings(lines: list[bytes]) -> Iterator[_Reading]:
    """Each way in which the lines can be read; of encodings that read them alike the first."""
    used = bytes(sorted(set().union(*lines)))
    seen = set()
    for encoding in _ALPHABETS:
        text = used.decode(encoding, "replace")
        if text not in seen:
            seen.add(text)
            decoded = [line.decode(encoding, "replace") for line in lines]
            yield _Reading(
                encoding=encoding,
                implausible=sum(not _plausible(line, encoding) for line in decoded),
                words=any(_IN_WORDS.search(line) for line in decoded),
            )


_IN_WORDS = re.compile(r"[A-Za-z][^\W\d_\x00-\x7f]|[^\W\d_\x00-\x7f][A-Za-z]")


def _plausible(line: str, encoding: str) -> bool:
    broken, alphabets = _rules(encoding)
    if broken.search(line):
        return False
    letters = {letter for letter in line.lower() if letter > "\x7f" and letter.isalpha()}
    return any(letters <= alphabet for alphabet in alphabets)


_SIGNS = frozenset({"Sc", "Sk", "Sm", "No"})
"""Categories of what touches no letter: currencies, accents alone, sums, small figures."""


@cache
def _rules(encoding: str) -> tuple[re.Pattern[str], tuple[frozenset[str], ...]]:
    """Return the characters that occur in no word, and the alphabets of an encoding."""
    beyond = bytes(range(128, 256)).decode(encoding, "replace")
    upper = re.escape("".join(letter for letter in beyond if letter.isupper()))
    lower = re.escape("".join(letter for letter in beyond if letter.islower()))
    marks = "".join(
        mark for mark in beyond if not (mark.isalpha() or mark.isspace() or mark in "’‘")
    )
    signs = re.escape("".join(mark for mark in marks if category(mark) in _SIGNS))
    letter = r"[^\W\d_]"
    broken = re.compile(
        rf"\ufffd|[a-z{lower}][{upper}]|[{lower}][A-Z]|{letter}[{upper}][a-z{lower}]"
        rf"|{letter}[{re.escape(marks)}]{letter}|{letter}[{signs}]|[{signs}]{letter}"
    )
    return broken, tuple(frozenset(letters) for letters in _ALPHABETS[encoding])


def _ambiguous(file: str, number: int, line: bytes) -> Fault:
    words = re.findall(rb"[\x80-\xff\w]+", line)
    word = next((word for word in words if not word.isascii()), line)
    by_text: dict[str, str] = {}
    for encoding, name in NAMES.items():
        text = word.decode(encoding, "replace")
        if "\ufffd" not in text:
            by_text.setdefault(text, name)
    readings = ", ".join(f"{text!r} in {name}" for text, name in by_text.items())
    message = (
        f"is not UTF-8, and its letters may be {readings}; say which it is, like"
        " --encoding windows-1252, or save the file as CSV UTF-8"
    )
    return Fault(file=file, line=number, message=message)
