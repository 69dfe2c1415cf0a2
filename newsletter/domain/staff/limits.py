"""How many failures are put up with, and against what each counts.

Nobody is shut out for good. Where somebody signed in from lately, only their own failures there
count: strangers cannot keep them from their account.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

_SOON = timedelta(minutes=5)
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Limit:
    """So many failures within a time."""

    key: str
    """What they count against."""
    most: int
    within: timedelta


def of_passwords(address: str, network: str, *, familiar: bool) -> tuple[Limit, ...]:
    """Against guessing one person's password, and everybody's. ``network`` may be unknown."""
    pair = Limit(key=f"password {address} {network}", most=10, within=_SOON)
    if familiar:
        return (pair,)
    person = Limit(key=f"password {address}", most=60, within=_HOUR)
    everybody = Limit(key="password", most=600, within=_SOON)
    if not network:  # a proxy of ours that does not say whom it speaks for
        return pair, person, everybody
    return pair, Limit(key=f"network {network}", most=30, within=_HOUR), person, everybody


def of_codes(address: str, network: str, *, familiar: bool) -> tuple[Limit, ...]:
    """Against guessing one person's codes: whoever does has their password already."""
    key = f"code {address} {network}" if familiar else f"code {address}"
    return Limit(key=key, most=5, within=_SOON), Limit(key=key, most=50, within=_DAY)


def exceeded(limits: Iterable[Limit], now: datetime, count: Callable[[str, datetime], int]) -> bool:
    """Whether one more is one too many; ``count`` tells how many failures there were since."""
    return any(count(limit.key, now - limit.within) >= limit.most for limit in limits)
