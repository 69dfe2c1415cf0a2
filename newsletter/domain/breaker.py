"""The breaker: when readers or their servers object to a campaign so much that it has to stop."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

_LEAST_ACCEPTED = 200
_COMPLAINTS = Fraction(1, 1000)
_HARD = Fraction(5, 100)


@dataclass(frozen=True, kw_only=True)
class Damage:
    """How many readers of a campaign complained, and how many mailboxes did not exist."""

    complained: int = 0
    hard: int = 0


def objections(damage: Damage, accepted: int, overruled: Damage) -> tuple[str, ...]:
    """Why the campaign has to stop, in figures; empty where it may go on.

    From 200 accepted on: complaints of 0.1 %, or hard bounces of 5 %. ``overruled`` is what a
    person saw and let go on all the same: that objection counts again when it has doubled.
    """
    return tuple(
        f"{count:,} of {accepted:,} accepted {what}"
        f" ({100 * count / accepted:.2f} %; from {float(100 * limit):g} % on it stops)"
        for count, limit, before, what in _measures(damage, overruled)
        if _trips(count, accepted, limit) and count >= 2 * before
    )


def overrule(damage: Damage, accepted: int, before: Damage) -> Damage:
    """What a person overrules who lets a campaign go on at this damage."""
    counts = (
        count if _trips(count, accepted, limit) else earlier
        for count, limit, earlier, _ in _measures(damage, before)
    )
    return Damage(complained=next(counts), hard=next(counts))


def _measures(damage: Damage, other: Damage) -> Iterator[tuple[int, Fraction, int, str]]:
    yield damage.complained, _COMPLAINTS, other.complained, "were reported as spam"
    yield damage.hard, _HARD, other.hard, "came back since there is no such mailbox"


def _trips(count: int, accepted: int, limit: Fraction) -> bool:
    return accepted >= _LEAST_ACCEPTED and count > 0 and count >= limit * accepted
