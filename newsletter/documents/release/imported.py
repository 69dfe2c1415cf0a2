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
    "hebrew": (0x0590, 0x05FF, {"he", "iw", "yi"}),
    "arabic": (0x0600, 0x06FF, {"ar", "fa", "ur", "ps", "ckb", "sd", "ug"}),
    "greek": (0x0370, 0x03FF, {"el"}),
    "cyrillic": (0x0400, 0x04FF, {"ru", "uk", "be", "bg", "sr", "mk", "kk", "ky", "mn", "tg"}),
    "devanagari": (0x0900, 0x097F, {"hi", "mr", "ne", "sa"}),
    "thai": (0x0E00, 0x0E7F, {"th"}),
    "kana": (0x3040, 0x30FF, {"ja"}),
    "han": (0x4E00, 0x9FFF, {"zh", "yue", "ja"}),
    "hangul": (0xAC00, 0xD7A3, {"ko"}),
}
"""The first and last letter of each, and the languages that are written in it."""
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
    "el": "Greek",
    "ru": "Russian",
    "uk": "Ukrainian",
    "hi": "Hindi",
    "th": "Thai",
    "zh": "Chinese",
    "ja": "Japanese",
    "ko": "Korean",
}
_OTHERS = "other"
_TOLD_BY = {
    "arabic": (("ٹڈڑںے", "ur"), ("پچژگ", "fa"), ("", "ar")),
    "cyrillic": (("їєґ", "uk"), ("ў", "be"), ("ыэ", "ru")),
    "hebrew": (("", "he"),),
    "greek": (("", "el"),),
    "devanagari": (("", "hi"),),
    "thai": (("", "th"),),
    "kana": (("", "ja"),),
    "han": (("", "zh"),),
    "hangul": (("", "ko"),),
}
"""Letters by one of which a language is known; where none are named it is what the script says."""
_LEAST_KANA = 0.1
"""Of Japanese; the rest may all be Chinese characters."""


def language_of(text: str, said: str = "") -> str:
    """A BCP 47 tag, or nothing. ``said`` is what a page says of itself.

    Pages often say what the system says that they were made with, so letters come before it.
    """
    said = said.strip() if _TAG.fullmatch(said.strip()) else ""
    letters = [letter for letter in text[:_READ].lower() if letter.isalpha()]
    counts: Counter[str] = Counter()
    for letter, number in Counter(letters).items():
        scripts = (name for name, (a, z, _) in _SCRIPTS.items() if a <= ord(letter) <= z)
        counts[next(scripts, _OTHERS)] += number
    if not letters:
        return ""
    script = counts.most_common(1)[0][0]
    if script == "han" and counts["kana"] > _LEAST_KANA * len(letters):
        script = "kana"
    if script == _OTHERS:
        return "" if any(_base(said) in one for _, _, one in _SCRIPTS.values()) else said
    if _base(said) in _SCRIPTS[script][2]:
        return said
    present = set(letters)
    return next((one for some, one in _TOLD_BY[script] if not some or present & set(some)), "")


def with_language(document: ImportedDocument, usual: str) -> ImportedDocument:
    """The document with its language only where that is not the ``usual`` one, and a note then."""
    if not document.language or _base(document.language) == _base(usual):
        return replace(document, language="")
    name = _NAMES.get(_base(document.language), f"another language ({document.language})")
    note = f"The text was taken to be in {name}: look whether its language is right."
    return replace(document, notes=(*document.notes, note))


def _base(language: str) -> str:
    return language.partition("-")[0].lower()
