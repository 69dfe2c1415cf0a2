"""Names and directions of languages, from Unicode's CLDR."""

import re
from functools import lru_cache
from unicodedata import normalize

from babel import Locale, UnknownLocaleError

_INTERNATIONAL_LOCALES = {"en": "en-001"}
"""Language → locale. English without a region writes 21 September 2011, as en-US does not."""
_OWN_NAMES = {"ht": "Kreyòl ayisyen", "id": "Bahasa Indonesia", "tl": "Tagalog"}
"""Language → the name to use instead of CLDR's."""

_OFFERED_TAG_PATTERN = re.compile(r"[a-z]{2}(?:_[A-Z][A-Za-z]{1,3})?")
"""CLDR tags to choose from: two letters, with a script or region that has its own name."""


def base_language(language: str) -> str:
    """Return ``pt`` for ``pt-BR``."""
    return language.partition("-")[0].lower()


@lru_cache(maxsize=64)
def locale_of(tag: str) -> Locale | None:
    """Return the CLDR locale of a language tag, or None for an unknown language.

    English without a region is international. An unknown region is ignored.
    """
    for name in (tag, base_language(tag)):
        try:
            return Locale.parse(_INTERNATIONAL_LOCALES.get(name.lower(), name), sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    return None


@lru_cache(maxsize=128)
def direction(language: str) -> str:
    """Return ``rtl`` for languages written from right to left, else ``ltr``."""
    locale = locale_of(language)
    return "rtl" if locale and locale.character_order == "right-to-left" else "ltr"


@lru_cache(maxsize=128)
def language_name(language: str, shown_in: str = "") -> str:
    """Return a language's name in ``shown_in``, by default its own: Português (BR).

    The tag's variant is added. An unknown language is named by its tag.
    """
    base, _, variant = language.partition("-")
    locale = locale_of(base)
    own_name = "" if shown_in else _OWN_NAMES.get(base.lower(), "")
    name = own_name or str(
        (locale and locale.get_language_name(locale_of(shown_in) or locale)) or ""
    )
    if not name:
        return language
    name = name[:1].upper() + name[1:]
    return f"{name} ({variant})" if variant else name


@lru_cache(maxsize=8)
def language_choices(shown_in: str) -> tuple[tuple[str, str], ...]:
    """Return (tag, name in ``shown_in``) of each language to choose from, sorted by name."""
    locale = Locale.parse(shown_in, sep="-")
    names = [
        (
            tag.replace("_", "-"),
            str(locale.languages.get(tag) or Locale.parse(tag).get_display_name(locale)),
        )
        for tag in map(str, Locale.parse("en").languages)
        if _OFFERED_TAG_PATTERN.fullmatch(tag)
    ]
    found = [(tag, name[:1].upper() + name[1:]) for tag, name in names]
    return tuple(sorted(found, key=lambda one: normalize("NFKD", one[1]).casefold()))
