"""Failing over: when what waits for the first provider goes to the second one instead."""

from datetime import datetime, timedelta

from newsletter.domain.delivery import Verdict
from newsletter.domain.pacing import Pace


def fails_over(verdict: Verdict, pace: Pace, now: datetime, after: timedelta) -> bool:
    """Whether this answer of the first provider, after which the pace is this, is one too many.

    Only answers by which nothing was handed over can be: what is unknown goes nowhere else.
    """
    if verdict is Verdict.CONFIGURATION:
        return True
    return verdict is Verdict.RETRY and fails_for_long(pace, now, after)


def fails_for_long(pace: Pace, now: datetime, after: timedelta) -> bool:
    """Whether the provider has taken nothing for so long."""
    return pace.failing_since is not None and now - pace.failing_since >= after
