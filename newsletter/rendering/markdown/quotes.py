"""Turn straight quotation marks into typographic ones, in linear time.

markdown-it's own rule finds the same pairs in quadratic time: it searches all open marks, and
copies the text at each mark.
"""

import re
from dataclasses import dataclass, field

from markdown_it.common.utils import isMdAsciiPunct, isPunctChar, isWhiteSpace
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

_MARK = re.compile(r"['\"]")
_APOSTROPHE = "’"
_BREAKS = frozenset({"softbreak", "hardbreak"})

Quotes = tuple[str, str]
"""The opening and the closing mark."""


def typographic_quotes(state: StateCore) -> None:
    """Replace ``smartquotes`` with the same result. A rule for the parser."""
    written = state.md.options.quotes
    pairs = {'"': (written[0], written[1]), "'": (written[2], written[3])}
    for token in state.tokens:
        if token.type == "inline" and token.children and _MARK.search(token.content):
            _Line(token.children, pairs).change()


@dataclass(kw_only=True)
class _Level:
    """The open marks at one level of emphasis, the last one last."""

    level: int
    open: list[tuple[int, int]] = field(default_factory=list)
    """Token and place of each."""
    by_mark: dict[str, list[int]] = field(default_factory=lambda: {"'": [], '"': []})
    """Indexes in ``open``, by mark."""

    def push(self, mark: str, where: tuple[int, int]) -> None:
        self.by_mark[mark].append(len(self.open))
        self.open.append(where)

    def pop(self, mark: str) -> tuple[int, int] | None:
        """Return the last open mark of a kind; later ones stay unclosed."""
        numbers = self.by_mark[mark]
        if not numbers:
            return None
        first = numbers[-1]
        where = self.open[first]
        del self.open[first:]
        for others in self.by_mark.values():
            while others and others[-1] >= first:
                others.pop()
        return where


class _Line:
    """The tokens of one block of text."""

    def __init__(self, tokens: list[Token], pairs: dict[str, Quotes]) -> None:
        self._tokens = tokens
        self._pairs = pairs
        self._levels: list[_Level] = []
        self._changed: dict[int, dict[int, str]] = {}
        """Token → place → replacement."""

    def change(self) -> None:
        for number, token in enumerate(self._tokens):
            while self._levels and self._levels[-1].level > token.level:
                self._levels.pop()
            if token.type == "text":
                for found in _MARK.finditer(token.content):
                    self._mark(number, found.start(), found.group())
        for number, places in self._changed.items():
            token = self._tokens[number]
            token.content = "".join(places.get(at, one) for at, one in enumerate(token.content))

    def _mark(self, number: int, at: int, mark: str) -> None:
        level = self._tokens[number].level
        opens, closes = self._may(number, at, mark)
        here = self._levels[-1] if self._levels else None
        opened = here.pop(mark) if closes and here and here.level == level else None
        if opened:
            opening, closing = self._pairs[mark]
            self._put(*opened, opening)
            self._put(number, at, closing)
        elif opens:
            if not self._levels or self._levels[-1].level < level:
                self._levels.append(_Level(level=level))
            self._levels[-1].push(mark, (number, at))
        elif mark == "'":
            self._put(number, at, _APOSTROPHE)

    def _put(self, number: int, at: int, written: str) -> None:
        self._changed.setdefault(number, {})[at] = written

    # --- what stands around a mark

    def _may(self, number: int, at: int, mark: str) -> tuple[bool, bool]:
        """Whether a mark may open and may close, by CommonMark's rules for its neighbours."""
        before, after = self._before(number, at), self._after(number, at)
        if mark == after == '"' and before in "0123456789":  # 1"": inches
            return False, False
        blank_before, blank_after = _is_blank(before), _is_blank(after)
        sign_before, sign_after = _is_sign(before), _is_sign(after)
        opens = not blank_after and (not sign_after or blank_before or sign_before)
        closes = not blank_before and (not sign_before or blank_after or sign_after)
        # within a word it is no quotation, between two signs it may be one
        return (sign_before, sign_after) if opens and closes else (opens, closes)

    def _before(self, number: int, at: int) -> str:
        if at:
            return self._shown(number, at - 1)[-1]
        for other in range(number - 1, -1, -1):
            token = self._tokens[other]
            if token.type in _BREAKS:
                break
            if token.content:
                return self._shown(other, len(token.content) - 1)[-1]
        return " "

    def _after(self, number: int, at: int) -> str:
        content = self._tokens[number].content
        if at + 1 < len(content):
            return content[at + 1]
        for other in range(number + 1, len(self._tokens)):
            token = self._tokens[other]
            if token.type in _BREAKS:
                break
            if token.content:
                return token.content[0]
        return " "

    def _shown(self, number: int, at: int) -> str:
        return self._changed.get(number, {}).get(at) or self._tokens[number].content[at]


def _is_blank(character: str) -> bool:
    return isWhiteSpace(ord(character))


def _is_sign(character: str) -> bool:
    return isMdAsciiPunct(ord(character)) or isPunctChar(character)
