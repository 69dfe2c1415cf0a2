"""The curve of a cumulative count over time, and bars: geometry for a template, and a table.

The plot has no view box: its text keeps its size, and x is in percent of the width. Only the curve
is stretched, in a box of ``CHART_WIDTH`` by ``CHART_HEIGHT``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from math import ceil, log10
from typing import NamedTuple

CHART_WIDTH, CHART_HEIGHT = 500, 180
_MAX_GRID_LINES, _MAX_TIME_LABELS = 5, 4
_PLOTTED_RATIO = 0.98
"""Part of the total at which the plot ends: some deliveries are reported days later."""
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Curve:
    """A cumulative count over time."""

    first: datetime
    half_at: datetime
    """The time at which half of the total was reached."""
    last: datetime
    path: str
    """The SVG path, from the lower left corner."""
    lines: tuple[tuple[float, int], ...]
    """(y in pixels, value) of each grid line."""
    rows: tuple[tuple[datetime, int], ...]
    """(time, count so far) at equal intervals, from the start on."""


def build_curve(minutes: Sequence[tuple[datetime, int]], start: datetime) -> Curve | None:
    """Return the curve of a count since ``start``; None if ``minutes`` is empty.

    ``minutes`` holds (minute, count in that minute), oldest first.
    """
    if not minutes:
        return None
    sums = accumulate(count for _, count in minutes)
    points = [(at + _MINUTE, so_far) for (at, _), so_far in zip(minutes, sums, strict=True)]
    first, total = minutes[0][0], points[-1][1]
    start = min(start, first)

    def reached(part: float) -> timedelta:
        return next(at for at, so_far in points if so_far >= part * total) - start

    step = _MINUTE * ceil(reached(_PLOTTED_RATIO) / _MINUTE / _MAX_TIME_LABELS)
    times = ceil(reached(_PLOTTED_RATIO) / step)  # no time is shown that is still to come
    span, rise = step * times, _grid_step(total)
    grid = [rise * number for number in range(ceil(total / rise) + 1)]
    visible_points = [(at, value) for at, value in points if at <= start + span]
    corners = [(start, 0), (first, 0), *visible_points, (start + span, visible_points[-1][1])]
    return Curve(
        first=first,
        half_at=start + reached(0.5),
        last=minutes[-1][0],
        path="M"
        + "L".join(
            f"{CHART_WIDTH * ((at - start) / span):.1f} {CHART_HEIGHT * (1 - value / grid[-1]):.1f}"
            for at, value in corners
        ),
        lines=tuple((CHART_HEIGHT * (1 - value / grid[-1]), value) for value in grid),
        rows=tuple(
            (at, max((value for when, value in points if when <= at), default=0))
            for at in (start + step * number for number in range(times + 1))
        ),
    )


class Bars(NamedTuple):
    """Bars, each with a number above and one below zero; ``width`` in percent, y in pixels."""

    lines: Sequence[tuple[float, int]]
    """(y, value) of each grid line."""
    bars: Sequence[tuple[float, float, float, float]]
    """(x in percent, y of the upper end, height above zero, height below zero) of each bar."""
    width: float


def build_bars(pairs: Sequence[tuple[int, int]]) -> Bars:
    """Return the bars of (number shown above zero, number shown below zero)."""
    most_up, most_down = map(max, zip(*pairs, strict=True))
    step = _grid_step(max(1, most_up, most_down))
    top, bottom = step * ceil(most_up / step), step * ceil(most_down / step)
    scale, slot = CHART_HEIGHT / max(top + bottom, step), 100 / len(pairs)
    lines = [((top - value) * scale, abs(value)) for value in range(-bottom, top + 1, step)]
    bars = [
        (slot * (number + 0.2), (top - up) * scale, up * scale, down * scale)
        for number, (up, down) in enumerate(pairs)
    ]
    return Bars(lines, bars, slot * 0.6)


def _grid_step(highest: int) -> int:
    """Return the round distance of grid lines from 0 to at least ``highest``."""
    power: int = 10 ** max(ceil(log10(highest / _MAX_GRID_LINES)) - 1, 0)
    rounds = (power * one for one in (1, 2, 5, 10))
    return next(rise for rise in rounds if rise * _MAX_GRID_LINES >= highest)
