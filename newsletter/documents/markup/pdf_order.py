"""In which order people read what stands on a page of a PDF: column by column, and right to left.

A PDF sets letters where they stand: those of Arabic and Hebrew mostly from left to right, and the
lines of two columns beside each other.
"""

import unicodedata
from collections.abc import Sequence
from itertools import groupby, pairwise
from typing import Protocol, TypeVar

_RIGHT, _LEFT, _DIGIT, _NEUTRAL = "R", "L", "D", "N"
_KINDS = {"R": _RIGHT, "AL": _RIGHT, "NSM": _RIGHT, "L": _LEFT, "EN": _DIGIT, "AN": _DIGIT}
_PAIRS = {"(": ")", "[": "]", "{": "}", "«": "»"}
_MIRRORED = str.maketrans(_PAIRS | {end: begin for begin, end in _PAIRS.items()})


def runs_to_the_left(text: str) -> bool:
    """Whether a text holds letters that are read from right to left."""
    return any(unicodedata.bidirectional(one) in {"R", "AL"} for one in text)


def is_right_to_left(text: str) -> bool:
    """Whether most letters of a text are read from right to left."""
    kinds = list(map(_kind, text))
    return kinds.count(_RIGHT) > kinds.count(_LEFT)


def reading_order(letters: Sequence[str], *, to_left: bool) -> list[int]:
    """The places of letters, which come from left to right, in the order in which they are read.

    ``to_left`` tells a text most of which is read from right to left. By the rules of UAX 9,
    without its embeddings.
    """
    order = list(range(len(letters)))
    levels = _levels([_kind(one) for one in letters], base=int(to_left))
    for level in (2, 1):  # UAX 9, rule L2
        deep = {n for n in order if levels[n] >= level}
        parts = [(inside, list(run)) for inside, run in groupby(order, deep.__contains__)]
        order = [n for inside, run in parts for n in (reversed(run) if inside else run)]
    return order


def _kind(letter: str) -> str:
    return _KINDS.get(unicodedata.bidirectional(letter[:1] or " "), _NEUTRAL)


def _levels(kinds: Sequence[str], base: int) -> list[int]:
    """How deep each letter is embedded: 1 is read from right to left, 0 and 2 from left to right.

    ``base`` is that of the text: 1 where most of its letters are of Arabic or Hebrew.
    """
    levels = [base] * len(kinds)
    strong = [n for n, kind in enumerate(kinds) if kind != _NEUTRAL]
    for place, n in enumerate(strong):
        # in a text from left to right, figures beside Arabic words alone are a part of these
        beside = {kinds[neighbour] for neighbour in strong[max(0, place - 1) : place + 2]}
        amid = base or (kinds[n] == _DIGIT and _LEFT not in beside and _RIGHT in beside)
        levels[n] = 1 if kinds[n] == _RIGHT else 2 if amid else 0
    for before, after in pairwise(strong):
        around = levels[before], levels[after]
        one = _LEFT in {kinds[before], kinds[after]} or after - before == 2  # 10:30, 1,250
        level = 2 if around == (2, 2) and one else min(*around, 1)
        levels[before + 1 : after] = [level] * (after - before - 1)
    return levels


def is_mirrored(text: str) -> bool:
    """Whether brackets of a text that was read from right to left close before they open.

    Some programs write which bracket is seen, and some which one was typed.
    """
    opened = 0
    for one in text:
        opened += (one in _PAIRS) - (one in _PAIRS.values())
        if opened < 0:
            return True
    return False


def mirrored(text: str) -> str:
    """A text with its brackets the other way round."""
    return text.translate(_MIRRORED)


# --- columns -----------------------------------------------------------------------------------


class Placed(Protocol):
    """A line where it stands; in points from the left and from the foot of its page."""

    @property
    def left(self) -> float:
        """Where it begins."""

    @property
    def right(self) -> float:
        """Where it ends."""

    @property
    def top(self) -> float:
        """Its upper edge."""

    @property
    def text(self) -> str:
        """Its words."""


_Line = TypeVar("_Line", bound=Placed)
_FEWEST, _MOST = 4, 500
"""Lines of a column, and of a page on which columns are looked for."""
_GUTTER = 8
"""Points between two columns."""
_LONG = 20
"""Characters of a line of running text in a column; cells of tables mostly have fewer."""
_MOST_SHORT = 0.4


def in_columns(lines: Sequence[_Line]) -> list[list[_Line]]:
    """The lines of a page in parts, each of one column, in the order in which they are read.

    What goes over several columns parts what is above it from what is below.
    """
    gutter = _gutter(lines) if len(lines) <= _MOST else None
    if gutter is None:
        return [list(lines)] if lines else []
    parts: list[list[_Line]] = []
    rest = sorted(lines, key=lambda line: -line.top)
    wide = [gutter - _GUTTER < line.right and line.left < gutter for line in rest]
    for over, group in groupby(range(len(rest)), key=wide.__getitem__):
        part = [rest[n] for n in group]
        if over:
            parts.append(part)
            continue
        # each side again: it may itself be of two columns
        before = [line for line in part if line.right <= gutter]
        parts += in_columns(before)
        parts += in_columns([line for line in part if line not in before])
    return parts


def _gutter(lines: Sequence[_Line]) -> float | None:
    """Where the right one of two columns begins, or None."""
    starts = sorted({round(line.left) for line in lines})
    # nothing stands left of the first
    for start in starts[1:]:
        before = [line for line in lines if line.right <= start - _GUTTER]
        behind = [line for line in lines if line.left >= start - 1]
        if all(_is_column(side) for side in (before, behind)) and _beside(before, behind):
            return float(start - 1)
    return None


def _is_column(lines: Sequence[_Line]) -> bool:
    short = sum(len(line.text) < _LONG for line in lines)
    return len(lines) >= _FEWEST and short <= _MOST_SHORT * len(lines)


def _beside(before: Sequence[_Line], behind: Sequence[_Line]) -> bool:
    """Whether most of the shorter column stands beside the other one."""
    shared = [
        sum(
            min(one.top for one in other) <= line.top <= max(one.top for one in other)
            for line in own
        )
        for own, other in ((before, behind), (behind, before))
    ]
    # one less than a column has: the first or last line of it may stick out
    return max(shared) >= _FEWEST - 1
