"""The language of a text: what its page says, where its letters do not speak against it."""

import re
from collections import Counter
from dataclasses import replace

from newsletter.documents.release.imported import ImportedDocument

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
    script = _script(letters)
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


def _script(letters: list[str]) -> str:
    """That of most letters; nothing where there are none."""
    counts = Counter(_script_of(letter) for letter in letters)
    return counts.most_common(1)[0][0] if counts else ""


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
