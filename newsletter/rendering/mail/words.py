"""Read the fixed words of mails and pages from gettext catalogues.

``words/words.pot`` has each sentence in English, under its key in templates and code;
``words/fi.po`` has it in Finnish (docs/decisions/0027).
"""

import re
from collections import ChainMap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from gettext import c2py
from io import StringIO
from operator import attrgetter
from pathlib import Path
from typing import Any

from babel.messages.catalog import Message
from babel.messages.pofile import PoFileError, read_po

from newsletter.domain.errors import Fault, InvalidInput
from newsletter.rendering.languages import base_language
from newsletter.rendering.mail.files import DEFAULT, page_templates
from newsletter.rendering.mail.templates import Templates
from newsletter.rendering.sentences import Language

_SOURCE = f"{DEFAULT}words/words.pot"
_FALLBACK_LANGUAGE = "en"
_OPTIONAL_KEYS = ("date", "months")
"""Keys that only a workspace sets; without them CLDR writes the dates."""
_NO_FALLBACK_KEYS = (*_OPTIONAL_KEYS, "watch")
"""Keys without an English fallback: a missing one is empty."""
_GAP_PATTERN = re.compile(r"\{[^{}]*\}")


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """The translations of one file, without untranslated, fuzzy and obsolete ones."""

    words: dict[str, str] = field(default_factory=dict)
    """Key → translation."""
    forms: dict[str, Sequence[str]] = field(default_factory=dict)
    """Key → all plural forms."""
    plural: str = ""
    """The file's plural expression, in gettext's C syntax."""


class Wordings:
    """The fixed words by language. A workspace's words replace the default ones.

    The constructor raises InvalidInput for unreadable words of a workspace. Default words are read
    on first use.
    """

    def __init__(self, templates: Templates) -> None:
        self._templates = templates
        self._files = templates.files.sources
        self._known: dict[str, Mapping[str, str]] = {}
        self._files_of: dict[str, list[str]] = {_FALLBACK_LANGUAGE: []}
        for name in sorted(self._files, key=lambda name: name.startswith(DEFAULT)):
            if name.endswith(".po"):
                # gettext writes pt_BR where tags of languages have pt-BR
                tag = name.rpartition("/")[2].removesuffix(".po").replace("_", "-")
                self._files_of.setdefault(tag, []).append(name)
                if DEFAULT not in name and self._files.get(DEFAULT + name) is not self._files[name]:
                    self._read(name)

    @property
    def languages(self) -> tuple[str, ...]:
        return tuple(sorted(self._files_of))

    def of(self, language: str) -> tuple[Mapping[str, str], bool]:
        """Return key → words, and whether they are in the language. If not, they are in English."""
        tags = (tag for tag in (language, base_language(language)) if tag in self._files_of)
        tag = next(tags, "")
        if tag not in self._known:  # of all that browsers ask for, no more than there are files
            own = ChainMap(*(found.words for found in self._catalogues(tag, base_language(tag))))
            english = ChainMap(*(found.words for found in self._catalogues(_FALLBACK_LANGUAGE)))
            without_fallback = {key: own.get(key, "") for key in _NO_FALLBACK_KEYS}
            self._known[tag] = {**english, **own, **without_fallback}
        return self._known[tag], bool(tag)

    def count_text(self, key: str, count: int, language: str) -> str:
        """Return a sentence in the plural form for a count, with the gap ``{count}``."""
        catalogues = self._catalogues(language, base_language(language), _FALLBACK_LANGUAGE)
        found = next(found for found in catalogues if key in found.forms)
        return found.forms[key][c2py(found.plural)(count)]

    def _catalogues(self, *languages: str) -> Iterator[Catalogue]:
        """Yield the catalogues of the languages, the workspace's before the default ones."""
        for tag in dict.fromkeys(languages):
            yield from map(self._read, self._files_of.get(tag, ()))
            if tag == _FALLBACK_LANGUAGE:
                yield _read_source(self._files[_SOURCE])

    def _read(self, name: str) -> Catalogue:
        return _read_catalogue(self._files[name], self._templates.place(name), self._files[_SOURCE])


@lru_cache(maxsize=8)
def _read_source(text: str) -> Catalogue:
    """Parse words.pot, whose messages are English."""
    found = Catalogue(plural="n != 1")
    for message in filter(attrgetter("id"), read_po(StringIO(text))):
        messages: dict[str, Any] = found.forms if message.pluralizable else found.words
        messages[message.context or ""] = message.id
    return found


@lru_cache(maxsize=64)
def _read_catalogue(text: str, file: str, source: str) -> Catalogue:
    """Parse a catalogue. Raises InvalidInput, also if a translation has other gaps than English."""
    try:
        messages = read_po(StringIO(text), abort_invalid=True)
        c2py(messages.plural_expr)
    except (PoFileError, ValueError) as error:  # ValueError for a fault in its header
        line = error.lineno + 1 if isinstance(error, PoFileError) else 0
        raise InvalidInput.at(file, f"is not a gettext catalogue: {error}", line=line) from error
    english = _read_source(source)
    sentences = {**english.words, **english.forms}
    found = Catalogue(plural=messages.plural_expr)
    faults = []
    for message in messages:
        # skip fuzzy messages, and messages with an untranslated plural form
        if not message.id or message.fuzzy or not all(_as_texts(message.string)):
            continue
        key = message.context or ""
        if key not in _OPTIONAL_KEYS:
            # skip the translation of a former sentence, which may be wrong now
            if message.id != sentences.get(key):
                continue
            faults += _gap_faults(message, file)
        target: dict[str, Any] = found.forms if message.pluralizable else found.words
        target[key] = message.string
    if faults:
        raise InvalidInput(faults)
    return found


def _as_texts(found: Any) -> Sequence[str]:
    return found if isinstance(found, tuple) else [found]


def _gap_faults(message: Message, file: str) -> list[Fault]:
    """Return faults if a translation's gaps in braces differ from those of its sentence."""
    expected, actual = (
        sorted(set(_GAP_PATTERN.findall(" ".join(_as_texts(found)))))
        for found in (message.id, message.string)
    )
    if expected == actual:
        return []
    expected_list = ", ".join(expected) or "nothing"
    fault = f"{message.context} has to hold in braces what it does in English: {expected_list}"
    return [Fault(file=file, line=message.lineno or 0, message=fault)]


@cache
def desk_languages() -> Mapping[str, Language]:
    """Return the languages of the desk by code, English first."""
    return {"en": Language(code="en")} | {
        Path(name).stem: Language(code=Path(name).stem, catalogue=text)
        for name, text in page_templates("desk").sources.items()
        if name.startswith("words/") and name.endswith(".po")
    }


def desk_language(code: str) -> Language:
    """Return the language of the desk with this code or its base, else English."""
    languages = desk_languages()
    return languages.get(code) or languages.get(base_language(code), languages["en"])
