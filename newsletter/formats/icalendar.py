"""Write a calendar for calendar programs (RFC 5545).

A library is not worth its weight here: a few properties of events at an instant, without time
zones, recurrence or alarms, take an escape and a fold.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

_FOLD_BYTES = 75
"""The longest line, without its end (RFC 5545, 3.1)."""
_HEAD = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//newsletter//desk//EN", "METHOD:PUBLISH")


def calendar_file(name: str, events: Iterable[Mapping[str, str | datetime]]) -> bytes:
    """Return a calendar. Each event is property → text, or an instant."""
    lines = [*_HEAD, f"X-WR-CALNAME:{_value(name)}", "REFRESH-INTERVAL;VALUE=DURATION:PT1H"]
    for event in events:
        properties = (f"{key}:{_value(value)}" for key, value in event.items())
        lines += ["BEGIN:VEVENT", *properties, "END:VEVENT"]
    return "".join(f"{_folded(line)}\r\n" for line in [*lines, "END:VCALENDAR"]).encode()


def _value(value: str | datetime) -> str:
    """Escape a text. It becomes one line, without control characters."""
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    plain = " ".join("".join(c if c.isprintable() else " " for c in value).split())
    return plain.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")


def _folded(line: str) -> str:
    """Break a line that is too long, never within a character."""
    parts, part = [], ""
    for character in line:
        if len((part + character).encode()) > _FOLD_BYTES:
            parts.append(part)
            part = " "
        part += character
    return "\r\n".join([*parts, part])
