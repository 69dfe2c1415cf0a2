"""Languages, as the Unicode consortium has them (CLDR): their names, and their direction."""

from functools import lru_cache

from babel import Locale, UnknownLocaleError

_EVERYBODYS = {"en": "en-001"}
"""21 September 2011, where ``en-US`` has September 21, 2011."""
_NAMES = {"ht": "Kreyòl ayisyen", "id": "Bahasa Indonesia", "tl": "Tagalog"}
"""Where people write another name than CLDR has."""


def base_language(language: str) -> str:
    """``pt`` of ``pt-BR``."""
    return language.partition("-")[0].lower()


@lru_cache(maxsize=64)
def locale_of(tag: str) -> Locale | None:
    """What is known of a language or its variant; English of no region is everybody's.

    Of a region that nobody knows, the language alone counts.
    """
    for name in (tag, base_language(tag)):
        try:
            return Locale.parse(_EVERYBODYS.get(name.lower(), name), sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    return None


@lru_cache(maxsize=128)
def direction(language: str) -> str:
    """``rtl`` for languages written from right to left, else ``ltr``."""
    locale = locale_of(language)
    return "rtl" if locale and locale.character_order == "right-to-left" else "ltr"


@lru_cache(maxsize=128)
def language_name(language: str) -> str:
    """What a language calls itself, with a variant as its tag names it: Português (BR).

    One that nobody knows is called by its tag.
    """
    plain, _, variant = language.partition("-")
    locale = locale_of(plain)
    name = _NAMES.get(plain.lower()) or str((locale and locale.get_language_name(locale)) or "")
    if not name:
        return language
    name = name[:1].upper() + name[1:]
    return f"{name} ({variant})" if variant else name
