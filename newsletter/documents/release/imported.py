"""The result of an import: the statement, all that was left out, and each guess."""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, replace
from datetime import date

from newsletter.documents.release.words import words
from newsletter.domain.errors import Fault, InvalidInput

MAX_PICTURE_BYTES = 10_000_000
"""Size limit of an uploaded picture, in bytes."""


@dataclass(frozen=True, kw_only=True)
class DroppedLine:
    """A line outside of the body, and the reason."""

    line: int
    """In the file, from 1; in a Word file the paragraph; 0 if it has no place."""
    text: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class MadePicture:
    """A picture that was encoded again, and that mails may show."""

    kind: str = ""
    """Its media type."""
    data: bytes = b""
    width: int = 0
    height: int = 0


@dataclass(frozen=True, kw_only=True)
class ImportedPicture(MadePicture):
    """A picture of a file, and the file's words about it."""

    source: str
    """Its place in the file."""
    alt: str
    """Its description, or ""."""
    caption: str = ""
    above: str = ""

    @property
    def note(self) -> str:
        where = f"behind “…{self.above}”" if self.above else "at the top"
        below = f", with the caption “{self.caption}”" if self.caption else ""
        return f"It stood {where}{below}."


@dataclass(frozen=True, kw_only=True)
class Embargo:
    """An embargo that a file imposes on its own text."""

    words: str
    until: str = ""
    """The suggested value of ``embargo_until``, or ""."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ImportedDocument:
    """The result of an import. Each line is in the title, the body or ``dropped``."""

    title: str
    date: date | None
    body: str
    dropped: tuple[DroppedLine, ...]
    notes: tuple[str, ...]
    """Each guess, as a sentence for the person who imports."""
    summary: str = ""
    subject: str = ""
    embargo: Embargo | None = None
    """An embargo in the text; a person sets its end or waives it."""
    guessed: bool = False
    """Whether the title is only a guess."""
    pictures: tuple[ImportedPicture, ...] = ()
    """Pictures in the file; they are not in the body."""
    language: str = ""
    """Its BCP 47 tag, as far as the file or its letters tell."""


@dataclass(frozen=True, kw_only=True)
class Pasted:
    """The result of a paste, and sentences on the parts left out or changed."""

    markdown: str
    left_out: tuple[str, ...] = ()


def unusable(file: str, message: str) -> InvalidInput:
    """Return the error for a file without a usable statement."""
    return InvalidInput([Fault(file=file, message=message)])


# --- its language ------------------------------------------------------------------------------

_TAG = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,8}){0,3}", re.IGNORECASE)
_READ = 20_000
"""Characters to read to identify the script."""
_KANA, _HAN = ("HIRAGANA", "KATAKANA"), ("CJK",)
_SCRIPTS = {
    tuple(names.split()): (tags.split(), [told.split("=") for told in letters.split()])
    for names, tags, letters in (row.split(" / ") for row in words("scripts"))
}
"""How Unicode's names of a script's letters begin, its languages, and the letters that tell one."""
_NO_SCRIPT: tuple[str, ...] = ()
_LEAST_KANA = 0.1
"""Minimum share of kana in a Japanese text; the rest may be Chinese characters."""


def language_of(text: str, declared: str = "") -> str:
    """Return a BCP 47 tag, or "". ``declared`` is the page's own declaration.

    Letters decide first: pages often declare the default of their software.
    """
    declared = declared.strip() if _TAG.fullmatch(declared.strip()) else ""
    letters = [letter for letter in text[:_READ].lower() if letter.isalpha()]
    counts: Counter[tuple[str, ...]] = Counter()
    for letter, number in Counter(letters).items():
        name = unicodedata.name(letter, "")
        counts[next(filter(name.startswith, _SCRIPTS), _NO_SCRIPT)] += number
    if not letters:
        return ""
    script = counts.most_common(1)[0][0]
    if script == _HAN and counts[_KANA] > _LEAST_KANA * len(letters):
        script = _KANA
    if script == _NO_SCRIPT:
        return "" if any(_base(declared) in one for one, _ in _SCRIPTS.values()) else declared
    languages, told_by = _SCRIPTS[script]
    if _base(declared) in languages:
        return declared
    present = set(letters)
    return next((one for some, one in told_by if not some or present & set(some)), "")


def with_language(document: ImportedDocument, usual: str) -> ImportedDocument:
    """Keep the language only if it differs from the ``usual`` one, with a note."""
    if not document.language or _base(document.language) == _base(usual):
        return replace(document, language="")
    names = dict(row.split() for row in words("languages"))
    name = names.get(_base(document.language), f"another language ({document.language})")
    note = f"The text was taken to be in {name}: look whether its language is right."
    return replace(document, notes=(*document.notes, note))


def _base(language: str) -> str:
    return language.partition("-")[0].lower()
