"""The report of a campaign: one figure for each word, in a bar and by domain."""

from collections.abc import Mapping
from typing import Any

WORDS: Mapping[str, str] = {
    "delivered": "delivered",
    "bounced": "bounced",
    "unreported": "no report yet",
    "accepted": "accepted by the provider",
    "pending": "waiting",
    "rejected": "rejected by the provider",
    "suppressed": "left before their turn",
    "cancelled": "cancelled",
    "unknown": "unknown",
}
"""Figure → its word."""
_BAR, _NARROWEST = 1000, 4
"""The width of the bar, and of its narrowest part, which is to be seen."""


def headline(figures: Mapping[str, Any]) -> str:
    """Return the figure that the report leads with.

    Without events, or while emails wait, it is what the provider accepted.
    """
    reported = figures["delivered"] + figures["bounced"]
    is_known = figures["events_received"] and not figures["pending"]
    return "delivered" if is_known and reported <= figures["accepted"] else "accepted"


def parts(figures: Mapping[str, Any]) -> list[tuple[str, str, int, float, float]]:
    """Return (figure, word, people, begin, width) of each part of the bar above zero.

    They come to the audience in sum.
    """
    unreported = figures["accepted"] - figures["delivered"] - figures["bounced"]
    split = ("delivered", "bounced", "unreported")
    left_out = split if headline(figures) == "accepted" else ("accepted",)
    counts = {name: {"unreported": unreported, **figures}[name] for name in WORDS}
    shown = {name: count for name, count in counts.items() if count and name not in left_out}
    widths = {
        name: max(count / sum(shown.values()), _NARROWEST / _BAR) for name, count in shown.items()
    }
    found, begin = [], 0.0
    for name, share in widths.items():
        width = _BAR * share / sum(widths.values())
        found.append((name, WORDS[name], shown[name], round(begin, 2), round(width, 2)))
        begin += width
    return found
