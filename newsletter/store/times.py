"""Instants as the tables hold them: whole milliseconds since 1970, UTC; a pace, microseconds."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_MICROSECOND = timedelta(microseconds=1)


def to_ms(instant: datetime) -> int:
    """An aware instant as stored. Raises TypeError for a naive one."""
    return (instant - _EPOCH) // _MILLISECOND


def from_ms(stored: int) -> datetime:
    """A stored instant, aware, in UTC."""
    return _EPOCH + stored * _MILLISECOND


def maybe_from_ms(stored: int | None) -> datetime | None:
    """The same for a column that may be empty."""
    return None if stored is None else from_ms(stored)


def to_us(instant: datetime) -> int:
    """An aware instant in microseconds: a turn may last less than a millisecond."""
    return (instant - _EPOCH) // _MICROSECOND


def from_us(stored: int) -> datetime:
    """An instant stored in microseconds, aware, in UTC."""
    return _EPOCH + stored * _MICROSECOND
