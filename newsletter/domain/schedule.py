"""When a campaign may start.

Wall times keep their zone; the hour that a clock change skips or repeats is refused, not guessed.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo


def resolve(wall: datetime, zone: str) -> datetime:
    """Turn a wall time into an instant, in UTC.

    A time that already has an offset is only converted. Raises ValueError, saying what to write,
    for a time that the clock change skips or repeats.
    """
    if wall.tzinfo is not None:
        return wall.astimezone(UTC)
    first, second = (
        wall.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC) for fold in (0, 1)
    )
    if first == second:
        return first
    if first > second:  # in the gap, fold=0 reads the offset before the change
        later = first.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        raise ValueError(
            f"{wall:%Y-%m-%d %H:%M} does not exist in {zone}: the clocks go forward over it; "
            f"write {later:%Y-%m-%d %H:%M}, or another time"
        )
    earlier, after = (
        instant.astimezone(ZoneInfo(zone)).isoformat(sep=" ", timespec="minutes")
        for instant in (first, second)
    )
    raise ValueError(
        f"{wall:%Y-%m-%d %H:%M} comes twice in {zone}, as the clocks go back; "
        f"write which one: {earlier} or {after}"
    )


def release_time(
    *,
    approved_at: datetime,
    undo_window: timedelta,
    send_at: datetime | None,
    embargo_until: datetime | None,
) -> datetime:
    """The earliest instant at which anything may be handed over. All instants are aware."""
    times = [approved_at + undo_window]
    times += [instant for instant in (send_at, embargo_until) if instant is not None]
    return max(times)


_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def parse_duration(text: str) -> timedelta:
    """Read ``30s``, ``5m``, ``2h`` or ``1d``. Raises ValueError for anything else."""
    number, unit = text[:-1], text[-1:]
    if unit not in _UNITS or not (number.isascii() and number.isdigit()) or len(number) > 9:
        raise ValueError(f"{text!r} is not a duration; write it like 30s, 5m, 2h or 1d")
    return timedelta(seconds=int(number) * _UNITS[unit])


def format_duration(duration: timedelta) -> str:
    """Write a duration the way it is read, in the largest unit that divides it."""
    seconds = int(duration.total_seconds())
    for unit in ("d", "h", "m"):
        if seconds and seconds % _UNITS[unit] == 0:
            return f"{seconds // _UNITS[unit]}{unit}"
    return f"{seconds}s"
