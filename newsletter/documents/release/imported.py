"""The results of an import: the statement, the dropped lines, and the guesses."""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, replace
from datetime import date

from newsletter.documents.release.words import words
from newsletter.domain.errors import InvalidInput
from newsletter.domain.wording import say

MAX_PICTURE_BYTES = 10_000_000
"""Size limit of an uploaded picture, in bytes."""


@dataclass(frozen=True, kw_only=True)
class DroppedLine:
    line: int
    """Line in the file or paragraph of a Word file, from 1; 0 if it has no line."""
    text: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class MadePicture:
    """A re-encoded picture, which emails may show."""

    kind: str = ""
    """The media type."""
    data: bytes = b""
    width: int = 0
    height: int = 0


@dataclass(frozen=True, kw_only=True)
class ImportedPicture(MadePicture):
    """A picture of a file, with the file's description of it."""

    source: str
    """The path of the image in the file, its ``cid:`` or its ``data:`` address."""
    alt: str
    """The description of the image, or ""."""
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
    """An embargo that the text mentions. A person sets its end or waives it."""
    guessed: bool = False
    """Whether the title is only a guess."""
    pictures: tuple[ImportedPicture, ...] = ()
    """Pictures in the file, which are not in the body."""
    language: str = ""
    """The BCP 47 tag that the file or its letters indicate, or ""."""


@dataclass(frozen=True, kw_only=True)
class Pasted:
    """The result of a paste, with sentences on the parts that were left out or changed."""

    markdown: str
    left_out: tuple[str, ...] = ()


def unusable(file: str, pattern: str, **values: object) -> InvalidInput:
    """Return the error for a file without a usable statement: a clause after its name."""
    return InvalidInput.at(file, say(pattern, **values))


_LANGUAGE_TAG_PATTERN = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,8}){0,3}", re.IGNORECASE)
_MAX_READ_CHARS = 20_000
"""Characters that are read to identify the script."""
_KANA, _HAN = ("HIRAGANA", "KATAKANA"), ("CJK",)
_SCRIPTS = {
    tuple(names.split()): (tags.split(), [pair.split("=") for pair in letters.split()])
    for names, tags, letters in (row.split(" / ") for row in words("scripts"))
}
"""Prefixes of the Unicode names of a script's letters → its languages, and letters of one."""
_NO_SCRIPT: tuple[str, ...] = ()
_MIN_KANA_SHARE = 0.1
"""Minimum share of kana in a Japanese text, which also has Chinese characters."""


def detect_language(text: str, declared: str = "") -> str:
    """Return the BCP 47 tag of a text's language, or "". ``declared`` is the page's declaration.

    The letters come first, because pages often declare the default of their software.
    """
    declared = declared.strip() if _LANGUAGE_TAG_PATTERN.fullmatch(declared.strip()) else ""
    letters = [letter for letter in text[:_MAX_READ_CHARS].lower() if letter.isalpha()]
    counts: Counter[tuple[str, ...]] = Counter()
    for letter, number in Counter(letters).items():
        name = unicodedata.name(letter, "")
        counts[next(filter(name.startswith, _SCRIPTS), _NO_SCRIPT)] += number
    if not letters:
        return ""
    script = counts.most_common(1)[0][0]
    if script == _HAN and counts[_KANA] > _MIN_KANA_SHARE * len(letters):
        script = _KANA
    if script == _NO_SCRIPT:
        return "" if any(_base(declared) in one for one, _ in _SCRIPTS.values()) else declared
    languages, hints = _SCRIPTS[script]
    if _base(declared) in languages:
        return declared
    present = set(letters)
    return next((one for marks, one in hints if not marks or present & set(marks)), "")


def with_language(document: ImportedDocument, usual: str) -> ImportedDocument:
    """Return the document without its language if that is the ``usual`` one, else with a note."""
    if not document.language or _base(document.language) == _base(usual):
        return replace(document, language="")
    names = dict(row.split() for row in words("languages"))
    name = names.get(_base(document.language), f"another language ({document.language})")
    note = f"The text was taken to be in {name}: look whether its language is right."
    return replace(document, notes=(*document.notes, note))


def _base(language: str) -> str:
    return language.partition("-")[0].lower()
