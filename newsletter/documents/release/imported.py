"""What an import makes of a file: the statement, all that was left out, and each guess."""

import re
from collections import Counter
from dataclasses import dataclass, replace
from datetime import date

from newsletter.documents.release.embargo import Embargo
from newsletter.domain.errors import Fault, InvalidInput

LARGEST_PICTURE = 10_000_000
"""Of a picture that is given."""


@dataclass(frozen=True, kw_only=True)
class Dropped:
    """A line that is not in the body, and why."""

    line: int
    """In the file, from 1; of a Word file the paragraph; 0 where it has no place."""
    text: str
    why: str


@dataclass(frozen=True, kw_only=True)
class ImportedPicture:
    """A picture that a file holds, made anew, and what the file says of it."""

    source: str
    """Where it lies in the file."""
    alt: str
    """What it shows, or nothing where the file does not say it."""
    caption: str = ""
    above: str = ""
    """The last words above it."""
    kind: str = ""
    """Its media type."""
    data: bytes = b""
    width: int = 0
    height: int = 0

    @property
    def note(self) -> str:
        """Where it stood, and what stood below it."""
        where = f"behind “…{self.above}”" if self.above else "at the top"
        below = f", with the caption “{self.caption}”" if self.caption else ""
        return f"It stood {where}{below}."


@dataclass(frozen=True, kw_only=True)
class ImportedDocument:
    """What was made of a file. Each line of it is in the title, the body or ``dropped``."""

    title: str
    date: date | None
    body: str
    """Markdown."""
    dropped: tuple[Dropped, ...]
    notes: tuple[str, ...]
    """Each guess, in a sentence, for the person who imports."""
    summary: str = ""
    subject: str = ""
    embargo: Embargo | None = None
    """What the file says of an embargo on its text; a person sets its end or waives it."""
    guessed: bool = False
    """The title is the best that there was."""
    pictures: tuple[ImportedPicture, ...] = ()
    """Those that the file itself holds; they are not in the body."""
    language: str = ""
    """Its BCP 47 tag, as far as the file or its letters tell."""


@dataclass(frozen=True, kw_only=True)
class Pasted:
    """What was made of a pasted text, and what was left out or changed, in sentences."""

    markdown: str
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class MadePicture:
    """A picture as mails may show it."""

    kind: str
    """Its media type."""
    data: bytes
    width: int
    height: int
    notes: tuple[str, ...] = ()
    """What was lost on the way, in sentences."""


def unusable(file: str, message: str) -> InvalidInput:
    """The error of a file that no statement can be made of."""
    return InvalidInput([Fault(file=file, message=message)])


# --- its language ------------------------------------------------------------------------------

_TAG = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,8}){0,3}", re.IGNORECASE)
"""As BCP 47 has them."""
_READ = 20_000
"""Characters that tell a script."""
_SCRIPTS = {
    "arabic": {"ar", "fa", "ur", "ps", "ckb", "sd", "ug"},
    "hebrew": {"he", "iw", "yi"},
}
_NAMES = {
    "en": "English",
    "de": "German",
    "fr": "French",
    "es": "Spanish",
    "it": "Italian",
    "pt": "Portuguese",
    "nl": "Dutch",
    "ar": "Arabic",
    "fa": "Persian",
    "ur": "Urdu",
    "he": "Hebrew",
    "iw": "Hebrew",
}
_OTHERS = "other"
_PERSIAN, _URDU = frozenset("پچژگ"), frozenset("ٹڈڑںے")
"""Letters that Arabic does not have; Urdu has those of Persian too."""


def language_of(text: str, said: str = "") -> str:
    """A BCP 47 tag, or nothing. ``said`` is what a page says of itself.

    Pages often say what the system says that they were made with, so letters come before it.
    """
    said = said.strip() if _TAG.fullmatch(said.strip()) else ""
    letters = [one for one in text[:_READ] if one.isalpha()]
    counts = Counter(map(_script_of, letters))
    script = counts.most_common(1)[0][0] if counts else ""
    if script == _OTHERS:
        return "" if _base(said) in set().union(*_SCRIPTS.values()) else said
    if _base(said) in _SCRIPTS.get(script, ()):
        return said
    return _guess(script, set(letters))


def with_language(document: ImportedDocument, usual: str) -> ImportedDocument:
    """The document with its language only where that is not the ``usual`` one, and a note then."""
    if not document.language or _base(document.language) == _base(usual):
        return replace(document, language="")
    name = _NAMES.get(_base(document.language), f"another language ({document.language})")
    note = f"The text was taken to be in {name}: look whether its language is right."
    return replace(document, notes=(*document.notes, note))


def _script_of(letter: str) -> str:
    if "\u0590" <= letter <= "\u05ff":
        return "hebrew"
    return "arabic" if "\u0600" <= letter <= "\u06ff" else _OTHERS


def _guess(script: str, letters: set[str]) -> str:
    if script != "arabic":
        return "he" if script == "hebrew" else ""
    if letters & _URDU:
        return "ur"
    return "fa" if letters & _PERSIAN else "ar"


def _base(language: str) -> str:
    return language.partition("-")[0].lower()
