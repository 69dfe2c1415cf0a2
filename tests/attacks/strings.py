"""Strings that make a regular expression go back as often as it can.

They come from the pattern itself: the text before a repetition, then the repeated part, thousands
of times, then something that cannot follow. And the same with the beginning repeated, since a
search begins again at each of them.
"""

import re
from collections.abc import Sequence
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

_ALWAYS = (" ", "\n", " \n", "a", "a ", "1", "- ", "<a ", "&a", '"', "[[", "_", "a@", "a.", "a-")
_CATEGORIES = {
    codes.CATEGORY_DIGIT: "1",
    codes.CATEGORY_NOT_DIGIT: "a",
    codes.CATEGORY_SPACE: " ",
    codes.CATEGORY_NOT_SPACE: "a",
    codes.CATEGORY_WORD: "a",
    codes.CATEGORY_NOT_WORD: " ",
}
_TRIED = " a1\t\n<>\"'-.&@:_A!\x00é\u2028*[("


def pumps(pattern: re.Pattern[Any]) -> list[tuple[str, str]]:
    """(text before, repeated text), for each repetition of a pattern and some others."""
    source = pattern.pattern
    if isinstance(source, bytes):
        source = source.decode("latin-1")
    tree = parser.parse(
        source, pattern.flags & ~re.UNICODE if isinstance(pattern.pattern, bytes) else pattern.flags
    )
    found: list[tuple[str, str]] = []
    _walk(list(tree), "", found)
    whole = "".join(_one(item) for item in tree)
    begun = [before for before, _ in found] + [whole[: len(whole) // 2], whole]
    return list(dict.fromkeys(found + [("", one) for one in (*begun, *_ALWAYS) if one]))


def pumped(pump: tuple[str, str], length: int) -> str:
    """A text of about that length."""
    before, again = pump
    return before + again * max(1, length // len(again))


def _walk(items: Sequence[Any], before: str, found: list[tuple[str, str]]) -> None:
    """Go through a pattern in order; ``before`` is a text that matches what came so far."""
    for item in items:
        kind, about = item
        for part in _parts(kind, about):
            _walk(list(part), before, found)
        if kind in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT) and about[1] > 20:
            again = "".join(_one(one) for one in about[2])
            for pump in dict.fromkeys([again, *_letters(about[2])]):
                if pump:
                    found.append((before, pump))
                    if before:
                        found.append(("", before + pump))
            if _has_branch(about[2]):  # a word that two of its branches can take
                found.append((before, " 12"))
        before += _one(item)


def _parts(kind: Any, about: Any) -> list[Any]:
    if kind is codes.SUBPATTERN:
        return [about[3]]
    if kind is codes.BRANCH:
        return list(about[1])
    if kind in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
        return [about[2]]
    if kind in (codes.ASSERT, codes.ASSERT_NOT):
        return [about[1]]
    return [about] if kind is codes.ATOMIC_GROUP else []


def _has_branch(items: Sequence[Any]) -> bool:
    return any(
        kind is codes.BRANCH or (kind is codes.SUBPATTERN and _has_branch(about[3]))
        for kind, about in items
    )


def _letters(items: Sequence[Any]) -> list[str]:
    """Several letters that a repeated set takes."""
    if len(items) == 1 and items[0][0] in (codes.IN, codes.NOT_LITERAL, codes.ANY):
        return [letter for letter in _TRIED if _takes(items[0], letter)][:6]
    return []


def _takes(item: Any, letter: str) -> bool:
    kind, about = item
    if kind is codes.ANY:
        return letter != "\n"
    if kind is codes.NOT_LITERAL:
        return bool(letter != chr(about))
    inside, negated = False, False
    for one, what in about:
        if one is codes.NEGATE:
            negated = True
        elif one is codes.LITERAL:
            inside |= letter == chr(what)
        elif one is codes.RANGE:
            inside |= what[0] <= ord(letter) <= what[1]
        elif one is codes.CATEGORY:
            inside |= bool(re.match(_ESCAPES[what], letter))
    return inside is not negated


_ESCAPES = {
    codes.CATEGORY_DIGIT: r"\d",
    codes.CATEGORY_NOT_DIGIT: r"\D",
    codes.CATEGORY_SPACE: r"\s",
    codes.CATEGORY_NOT_SPACE: r"\S",
    codes.CATEGORY_WORD: r"\w",
    codes.CATEGORY_NOT_WORD: r"\W",
}


def _one(item: Any) -> str:
    """Return a short text that matches one part of a pattern, as far as it can be derived."""
    kind, about = item
    if kind is codes.LITERAL:
        return chr(about)
    if kind in (codes.IN, codes.NOT_LITERAL, codes.ANY):
        return next((letter for letter in _TRIED if _takes(item, letter)), _first(about, kind))
    if kind is codes.CATEGORY:
        return _CATEGORIES[about]
    if kind is codes.BRANCH:
        return "".join(_one(one) for one in about[1][0])
    if kind is codes.SUBPATTERN:
        return "".join(_one(one) for one in about[3])
    if kind is codes.ATOMIC_GROUP:
        return "".join(_one(one) for one in about)
    if kind in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
        return "".join(_one(one) for one in about[2]) * max(about[0], min(1, about[1]))
    return ""


def _first(about: Any, kind: Any) -> str:
    """Some letter of a set that holds none of the usual ones."""
    if kind is codes.IN:
        for one, what in about:
            if one is codes.LITERAL:
                return chr(what)
            if one is codes.RANGE:
                return chr(what[0])
    return ""
