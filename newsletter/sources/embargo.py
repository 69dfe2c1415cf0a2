"""What a line about an embargo says of its end, as a suggestion for the person who imports."""

import re
from datetime import time

from newsletter.sources.dates import dates_in

_CLOCK = re.compile(
    r"\b(?P<hour>[01]?\d|2[0-3])(?:[:.h](?P<minute>[0-5]\d))?\s*"
    r"(?P<half>a\.?m\b\.?|p\.?m\b\.?|uhr\b|hours\b|hrs\b|h\b)",
    re.IGNORECASE,
)
_BARE_CLOCK = re.compile(r"\b(?P<hour>[01]?\d|2[0-3])[:h](?P<minute>[0-5]\d)\b")
_NAMED = {"noon": time(12), "midday": time(12), "midnight": time(0), "mittag": time(12)}


def embargo_note(text: str, line: int) -> str:
    """A sentence that asks for ``embargo_until``, with what to write where the line tells it."""
    days = [found.value for found in dates_in(text)]
    day = days[0] if len(days) == 1 else None
    hour = _time(text)
    if day is None or hour is None:
        return f"Line {line} speaks of an embargo: set embargo_until."
    value = f"{day} {hour:%H:%M}"
    return (
        f"Line {line} speaks of an embargo: set embargo_until, as in 'embargo_until: {value}' if "
        "that time is in your own zone."
    )


def _time(text: str) -> time | None:
    found = _CLOCK.search(text) or _BARE_CLOCK.search(text)
    if found is None:
        named = [value for name, value in _NAMED.items() if name in text.lower()]
        return named[0] if len(named) == 1 else None
    hour, minute = int(found["hour"]), int(found["minute"] or 0)
    half = (found.groupdict().get("half") or "").lower()[:1]
    if half in {"a", "p"}:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "p" else 0)
    return time(hour, minute)
