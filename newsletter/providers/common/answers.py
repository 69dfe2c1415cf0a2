"""What an answer means that says nothing special, and what many answers in one mean together."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from newsletter.domain.delivery.batch import Answer, Outcome, OutgoingBatch, Verdict
from newsletter.domain.statements.content import Recipient
from newsletter.providers.transport.http import HttpResponse, answer_by_status, retry_after

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


def refused(response: HttpResponse, reason: str, *, alone: bool) -> Answer:
    """A refusal by its status: a 4xx that nobody knows stops the campaign, not a reader.

    ``alone``: the batch has one recipient. One message that is too large is so for everybody.
    """
    if response.status == 413 and alone:
        return Answer(outcome=Outcome(verdict=Verdict.CONFIGURATION, reason=reason))
    return answer_by_status(response, reason) or Answer(
        outcome=Outcome(verdict=Verdict.CONFIGURATION, reason=reason)
    )


def at_fault(*, alone: bool) -> Verdict:
    """Somebody in the batch is refused, and the answer does not say who: halve it until it does."""
    return Verdict.REJECTED if alone else Verdict.SPLIT


def longest(*waits: timedelta | None) -> timedelta | None:
    return max((wait for wait in waits if wait is not None), default=None)


def read_each(
    batch: OutgoingBatch, payload: object, read: Callable[[Recipient, Any], Outcome | None]
) -> list[Outcome]:
    """What is said of each recipient, in order; nothing if any of it is not understood."""
    if not isinstance(payload, list) or len(payload) != len(batch.recipients):
        return []
    items = [read(*each) for each in zip(batch.recipients, payload, strict=True)]
    understood = [item for item in items if item]
    return understood if len(understood) == len(items) else []


def by_item(batch: OutgoingBatch, items: list[Outcome], response: HttpResponse) -> Answer:
    """Put together what ``read_each`` read; unknown where it was not understood."""
    if not items:
        why = f"HTTP {response.status} without one understood answer for each recipient"
        return Answer(outcome=Outcome(verdict=Verdict.UNKNOWN, reason=why))
    return put_together(batch, items, retry_after(response))


def put_together(
    batch: OutgoingBatch, items: Sequence[Outcome], asked: timedelta | None = None
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
    wait = asked if first.keys() & _LATER else None
    return Answer(outcome=outcome, exceptions=differ, retry_after=wait)


def _decided(items: Sequence[Outcome]) -> list[Outcome]:
    """It is about this entry where another was accepted, or there is no other."""
    alone = len(items) == 1 or any(item.verdict is Verdict.ACCEPTED for item in items)
    verdict = Verdict.REJECTED if alone else Verdict.CONFIGURATION
    return [replace(i, verdict=verdict) if i.verdict is Verdict.SPLIT else i for i in items]
