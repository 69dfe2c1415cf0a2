"""Puts an answer together from what a provider says of each entry in a call."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from newsletter.domain.delivery import Answer, Outcome, OutgoingBatch, Verdict

_LATER = frozenset({Verdict.RETRY, Verdict.QUOTA})
# where nobody was accepted, what stops all of them leads
_LEADING = (
    Verdict.ACCEPTED,
    Verdict.CONFIGURATION,
    Verdict.QUOTA,
    Verdict.RETRY,
    Verdict.UNKNOWN,
    Verdict.REJECTED,
)


def put_together(
    batch: OutgoingBatch, items: Sequence[Outcome], retry_after: timedelta | None = None
) -> Answer:
    """One answer from an outcome for each recipient, by place; whoever differs is an exception.

    SPLIT stands for a refusal that does not show whether it is about this entry or about what
    all get.
    """
    items = _decided(items)
    first = {item.verdict: item for item in reversed(items)}
    outcome = first[next(verdict for verdict in _LEADING if verdict in first)]
    differ = {
        recipient.subscriber_id: item
        for recipient, item in zip(batch.recipients, items, strict=True)
        if item.verdict is not outcome.verdict or item.verdict is Verdict.REJECTED
    }
    wait = retry_after if first.keys() & _LATER else None
    return Answer(outcome=outcome, exceptions=differ, retry_after=wait)


def _decided(items: Sequence[Outcome]) -> list[Outcome]:
    """It is about this entry where another was accepted, or there is no other."""
    alone = len(items) == 1 or any(item.verdict is Verdict.ACCEPTED for item in items)
    verdict = Verdict.REJECTED if alone else Verdict.CONFIGURATION
    return [replace(i, verdict=verdict) if i.verdict is Verdict.SPLIT else i for i in items]
