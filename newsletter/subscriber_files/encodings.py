"""Detect the encoding of a text file.

A file that is not Unicode comes from a spreadsheet. A line is plausible in an encoding if its
accented letters belong to one language and stand where letters can. If only one encoding makes
nearly all lines plausible, it is used. Otherwise the file is refused, with the readings.
"""

import codecs
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import IO
from unicodedata import category

from newsletter.documents.encoding import encoding_by_head
from newsletter.domain.errors import Fault, InvalidInput
from newsletter.domain.wording import say
from newsletter.tables import load_table

CHUNK_BYTES = 1 << 18
_MAX_LINE_BYTES = 1 << 16
_MAX_LINES = 20_000
"""The maximum number of lines with non-ASCII letters to decode."""
_MIN_RATIO = 4
"""An encoding is chosen if any other has this many times as many implausible lines."""

_ENCODINGS = load_table("newsletter.subscriber_files", "encodings.yaml")
_ALPHABETS_OF_ENCODING: Mapping[str, list[str]] = {
    encoding: known["alphabets"] for encoding, known in _ENCODINGS.items()
}
"""Encoding → the non-ASCII letters of each language that uses it."""
NAMES: Mapping[str, str] = {encoding: known["name"] for encoding, known in _ENCODINGS.items()}


@dataclass(frozen=True, kw_only=True)
class MemoryFile:
    """An uploaded file in memory, or the table of an uploaded workbook."""

    name: str
    data: bytes
    sha256: str = ""
    """SHA-256 of the workbook; "" for any other file."""

    def __str__(self) -> str:
        return self.name

    @property
    def suffix(self) -> str:
        return ".csv" if self.sha256 else PurePosixPath(self.name).suffix

    def open(self, mode: str = "rb") -> io.BytesIO:
        return io.BytesIO(self.data)


Source = Path | MemoryFile


@dataclass(frozen=True, kw_only=True)
class Member:
    """A text file, or a file in a ZIP."""

    file: str
    """The name of the file in error messages."""
    name: str
    open: Callable[[], IO[bytes]]
    packed: bool = False


@contextmanager
def readable(file: str) -> Iterator[None]:
    """Raise an error of the system or of the ZIP as InvalidInput."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise InvalidInput.at(file, say("cannot be unpacked; export it again")) from error
    except OSError as error:
        unreadable = "cannot be read: {error}; check its name and permissions"
        raise InvalidInput.at(file, say(unreadable, error=error.strerror or str(error))) from error


def encoding_in(member: Member, encoding: str = "") -> str:
    """Return the encoding of a file: ``encoding``, Unicode, or the only plausible one.

    Raises InvalidInput for an unknown encoding, and if several are plausible.
    """
    if encoding:
        try:
            return codecs.lookup(encoding).name
        except LookupError as error:
            unknown = "{name!r} is no encoding; write one like windows-1252 or mac-roman"
            raise InvalidInput.at("--encoding", say(unknown, name=encoding)) from error
    return unicode_in(member) or _guess_encoding(member)


def unicode_in(member: Member) -> str:
    """Return the encoding of a file in UTF-8 or UTF-16; "" for any other file."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with readable(member.file), member.open() as stream:
        chunk = stream.read(CHUNK_BYTES)
        by_head = encoding_by_head(chunk)
        if by_head:
            return by_head
        try:
            while chunk:
                decoder.decode(chunk)
                chunk = stream.read(CHUNK_BYTES)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return ""
    return "utf-8"


@dataclass(frozen=True, kw_only=True)
class _Guess:
    encoding: str
    implausible: int
    """The number of implausible lines."""
    has_words: bool
    """A non-ASCII letter stands next to an ASCII letter."""
    is_one_language: bool
    """All lines together use the letters of one language."""


def _guess_encoding(member: Member) -> str:
    with readable(member.file), member.open() as stream:
        numbered_lines = enumerate(iter(partial(stream.readline, _MAX_LINE_BYTES), b""), start=1)
        lines = list(islice((each for each in numbered_lines if not each[1].isascii()), _MAX_LINES))
    readings = sorted(_guesses([line for _, line in lines]), key=lambda each: each.implausible)
    best, *others = readings
    if best.has_words and all(best.implausible * _MIN_RATIO < each.implausible for each in others):
        return best.encoding
    equals = [each for each in readings if each.implausible == best.implausible]
    fitting = [each for each in equals if each.is_one_language]
    if best.has_words and len(fitting) == 1:
        return fitting[0].encoding
    if not any(each.has_words for each in readings):
        return "cp1252"  # single letters prove nothing; an invalid byte is reported later
    raise InvalidInput([_ambiguity_fault(member.file, *lines[0])])


def _guesses(lines: list[bytes]) -> Iterator[_Guess]:
    """Yield a guess for each different text of the lines, with the first encoding that gives it."""
    used_bytes = bytes(sorted(set().union(*lines)))
    seen_texts = set()
    for encoding in _ALPHABETS_OF_ENCODING:
        text = used_bytes.decode(encoding, "replace")
        if text not in seen_texts:
            seen_texts.add(text)
            decoded_lines = [line.decode(encoding, "replace") for line in lines]
            yield _Guess(
                encoding=encoding,
                implausible=sum(not _is_plausible(line, encoding) for line in decoded_lines),
                has_words=any(_MIXED_WORD_PATTERN.search(line) for line in decoded_lines),
                is_one_language=_is_plausible("\n".join(decoded_lines), encoding),
            )


_MIXED_WORD_PATTERN = re.compile(r"[A-Za-z][^\W\d_\x00-\x7f]|[^\W\d_\x00-\x7f][A-Za-z]")


def _is_plausible(line: str, encoding: str) -> bool:
    broken_pattern, alphabets = _rules(encoding)
    letters = {letter for letter in line.lower() if letter > "\x7f" and letter.isalpha()}
    return not broken_pattern.search(line) and any(letters <= alphabet for alphabet in alphabets)


_SIGN_CATEGORIES = frozenset({"Sc", "Sk", "Sm", "No"})
"""Unicode categories of characters that are never next to a letter."""


@cache
def _rules(encoding: str) -> tuple[re.Pattern[str], tuple[frozenset[str], ...]]:
    """Return the pattern of characters in impossible places, and the alphabets of an encoding."""
    high_characters = bytes(range(128, 256)).decode(encoding, "replace")
    capitals = re.escape("".join(letter for letter in high_characters if letter.isupper()))
    small = re.escape("".join(letter for letter in high_characters if letter.islower()))
    marks = "".join(
        mark for mark in high_characters if not (mark.isalpha() or mark.isspace() or mark in "’‘")
    )
    signs = re.escape("".join(mark for mark in marks if category(mark) in _SIGN_CATEGORIES))
    letter = r"[^\W\d_]"
    broken_pattern = re.compile(
        rf"\ufffd|[a-z{small}][{capitals}]|[{small}][A-Z]|{letter}[{capitals}][a-z{small}]"
        rf"|{letter}[{re.escape(marks)}]{letter}|{letter}[{signs}]|[{signs}]{letter}"
    )
    return broken_pattern, tuple(frozenset(letters) for letters in _ALPHABETS_OF_ENCODING[encoding])


def _ambiguity_fault(file: str, number: int, line: bytes) -> Fault:
    words = re.findall(rb"[\x80-\xff\w]+", line)
    word = next((word for word in words if not word.isascii()), line)
    by_text: dict[str, str] = {}
    for encoding, name in NAMES.items():
        text = word.decode(encoding, "replace")
        if "\ufffd" not in text:
            by_text.setdefault(text, name)
    message = say(
        "is not UTF-8, and its letters may be {readings}; import the spreadsheet itself, or save"
        " it as CSV UTF-8; or say which it is, like --encoding windows-1252",
        readings=", ".join(f"{text!r} ({name})" for text, name in by_text.items()),
    )
    return Fault(file=file, line=number, message=message)
