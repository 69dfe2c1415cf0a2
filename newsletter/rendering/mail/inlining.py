"""Inline style sheets with premailer, after checks (docs/decisions/0004)."""

import logging
import re
from collections.abc import MutableMapping
from functools import lru_cache
from threading import Lock
from typing import Any

import cssutils
import premailer.cache
from premailer import Premailer

from newsletter.rendering.mail.files import EXTERNAL_STYLE_PATTERN

_DOCTYPE = "<!DOCTYPE html>"
_STYLE_OR_LINK_PATTERN = re.compile(r"<style\b.*?</style>|<link\b", re.IGNORECASE | re.DOTALL)

_USELESS_BGCOLOR_PATTERN = re.compile(r'(<(?:p|img) [^<>]*) bgcolor="#[0-9a-f]{6}"')
"""A ``bgcolor`` that premailer adds to an element that cannot have one."""

_TEXT_ALIGN_PATTERN = re.compile(
    r'(<(?:td|th|p)\b(?![^<>]* align=)[^<>]*?)( style=["\'][^<>]*?)(?:; )?'
    r"\btext-align:(left|center|right)"
)
"""A ``text-align`` style, which becomes ``align``: more mail programs read the attribute."""

_CSS_BLANK_PATTERN = re.compile(r"""("[^"]*"|'[^']*')|([{};:,])\s+| (?={)|;(?=})""")
"""Blanks and semicolons that CSS does not need. Quoted words stay as they are."""
_ATTRIBUTE_PATTERN = re.compile(r""" ([a-z:-]+)=("[^"]*"|'[^']*')""")
_TAG_PATTERN = re.compile(r"""<[a-z][a-z0-9]*(?: [a-z:-]+(?:="[^"]*"|='[^']*')?)+>""")

# premailer's cache and cssutils' serialiser belong to the whole process
_PREMAILER_LOCK = Lock()


def inline(html: str) -> str:
    """Move the rules of every ``<style>`` without ``data-premailer="ignore"`` to its elements.

    Inlining again changes nothing. Raises ValueError, with a remedy, for HTML that premailer would
    break or for which it would fetch files.
    """
    if not html.startswith(_DOCTYPE):
        raise ValueError(f"does not begin with {_DOCTYPE}: put it first, spelt like this")
    # in the text of an email, @import is only a word
    found = EXTERNAL_STYLE_PATTERN.search("".join(_STYLE_OR_LINK_PATTERN.findall(html)))
    if found:
        raise ValueError(f"holds {found.group()}: put the rules themselves into a <style>")
    with _PREMAILER_LOCK:
        result = _transform(html)
    # premailer removes the attribute from styles that stay: a second run would inline them
    result = result.replace("<style>", '<style data-premailer="ignore">')
    result = _USELESS_BGCOLOR_PATTERN.sub(r"\1", result)
    return _shorten(_TEXT_ALIGN_PATTERN.sub(r'\1 align="\3"\2', result))


def _shorten(html: str) -> str:
    """Leave out the blanks of style sheets and style attributes."""

    def shorten(css: str) -> str:
        return _CSS_BLANK_PATTERN.sub(r"\1\2", css)

    def shorten_attribute(found: re.Match[str]) -> str:
        name, value = found.groups()
        return (
            f" {name}={value[0]}{shorten(value[1:-1])}{value[0]}" if name == "style" else found[0]
        )

    html = _STYLE_OR_LINK_PATTERN.sub(lambda sheet: shorten(sheet[0]), html)
    # tag by tag: a text may hold style="..." too
    return _TAG_PATTERN.sub(lambda tag: _ATTRIBUTE_PATTERN.sub(shorten_attribute, tag[0]), html)


def _transform(html: str) -> str:
    # premailer's cache serves three functions, which may get each other's values. So the entries
    # with a plain text as key are deleted: the styles of elements. Selectors and styles of rules
    # stay, as parsing selectors takes longest.
    cache: MutableMapping[tuple[Any, ...], Any] = premailer.cache.cache
    for key in [key for key in cache if len(key) == 1 and type(key[0]) is str]:
        del cache[key]
    # cssutils warns of newer CSS, such as rules for dark screens
    cssutils.log.setLevel(logging.CRITICAL)
    cssutils.ser.prefs.minimizeColorHash = False
    # cssutils fetches an @import even if premailer is configured to fetch nothing
    cssutils.util._defaultFetcher = lambda _url: (None, b"")
    inlined: str = _Inliner(**_PREMAILER_OPTIONS).transform(html, pretty_print=False)
    return inlined


class _Selector(str):
    """A selector that equals no str, so that premailer's cache cannot mix it up with a style."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Selector) and str.__eq__(self, other)

    def __hash__(self) -> int:
        return str.__hash__(self)


_PREMAILER_OPTIONS: dict[str, Any] = {
    "strip_important": False,  # else dark and narrow rules lose to the style attributes
    "disable_validation": True,
    "allow_network": False,
    "align_floating_images": False,
    "cache_css_parsing": False,
    # else sizes of pictures are overwritten by what styles say
    "disable_basic_attributes": ["width", "height", "align", "valign"],
}


class _Inliner(Premailer):  # type: ignore[misc] # it ships no types
    """Caches the parsed rules: mails share style sheets, and parsing takes over half the time."""

    def _parse_style_rules(self, css_body: str | None, ruleset_index: int) -> Any:
        return _rules(css_body, ruleset_index)


@lru_cache(maxsize=16)
def _rules(css: str | None, sheet_number: int) -> Any:
    """Parse a style sheet of a mail. Return its rules, and the CSS to keep in a style."""
    rules, other_rules = Premailer(**_PREMAILER_OPTIONS)._parse_style_rules(css, sheet_number)
    return [(weight, _Selector(selector), style) for weight, selector, style in rules], other_rules
