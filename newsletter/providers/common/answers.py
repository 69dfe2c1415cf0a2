"""The meaning of a provider's answer for the recipients of a batch."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Protocol

from newsletter.domain.delivery.batch import Answer, Outcome, OutgoingBatch, Verdict
from newsletter.domain.delivery.provider import Capabilities
from newsletter.domain.statements.content import Recipient
from newsletter.transport.http import HttpRequest, HttpResponse, retry_after

_BY_STATUS = {
    401: Verdict.CONFIGURATION,
    403: Verdict.CONFIGURATION,
    404: Verdict.CONFIGURATION,
    413: Verdict.SPLIT,
    429: Verdict.RETRY,
    # these do not prove that nothing was taken: a 409 may say that it is there already
    **dict.fromkeys((408, 409, 425), Verdict.UNKNOWN),
    # nor does what no standard knows: a proxy's 460 or 499 says that it stopped listening
    **dict.fromkeys(set(range(400, 500)) - {int(status) for status in HTTPStatus}, Verdict.UNKNOWN),
}
_LATER = frozenset({Verdict.RETRY, Verdict.QUOTA})


class Translator(Protocol):
    """Says a batch in one provider's words and reads the answer. Does no input or output."""

    @property
    def name(self) -> str: ...

    @property
    def capabilities(self) -> Capabilities: ...

    def build(self, batch: OutgoingBatch) -> HttpRequest:
        """Return the same bytes for the same batch. Raises InvalidInput for content it cannot
        express."""
        ...

    def parse(self, batch: OutgoingBatch, response: HttpResponse) -> Answer:
        """Return one verdict for each recipient; UNKNOWN for an answer that is not understood."""
        ...


def answered(
    response: HttpResponse, verdict: Verdict, reason: str, *, provider_id: str = ""
) -> Answer:
    """Return one outcome for the whole call, with the wait that the answer asks for."""
    outcome = Outcome(verdict=verdict, reason=reason, provider_id=provider_id)
    wait = retry_after(response) if verdict in _LATER else None
    return Answer(outcome=outcome, retry_after=wait)


def refused(
    batch: OutgoingBatch,
    response: HttpResponse,
    reason: str,
    otherwise: Verdict = Verdict.CONFIGURATION,
) -> Answer:
    """Return the refusal of the whole call by its status.

    ``otherwise`` is the verdict of other 4xx. An unknown one stops the campaign, not a reader.
    """
    usual = otherwise if response.status // 100 == 4 else Verdict.UNKNOWN
    verdict = _BY_STATUS.get(response.status, usual)
    if verdict is Verdict.SPLIT and len(batch.recipients) == 1:
        verdict = Verdict.CONFIGURATION  # one message that is too large is so for everybody
    return answered(response, verdict, reason)


def at_fault(batch: OutgoingBatch) -> Verdict:
    """Somebody in the batch is refused, and the answer does not say who: halve it until it does."""
    return Verdict.REJECTED if len(batch.recipients) == 1 else Verdict.SPLIT


# if none was accepted, the reason that stops all of them comes first
_LEADING = (
    Verdict.ACCEPTED,
    Verdict.CONFIGURATION,
    Verdict.QUOTA,
    Verdict.RETRY,
    Verdict.UNKNOWN,
    Verdict.REJECTED,
)


def read_each(
    batch: OutgoingBatch, payload: object, read: Callable[[Recipient, Any], Outcome | None]
) -> list[Outcome]:
    """Return the outcome of each recipient, in order; empty if any is not understood."""
    if not isinstance(payload, list) or len(payload) != len(batch.recipients):
        return []
    items = [read(*each) for each in zip(batch.recipients, payload, strict=True)]
    understood = [item for item in items if item]
    return understood if len(understood) == len(items) else []


def by_item(batch: OutgoingBatch, items: list[Outcome], response: HttpResponse) -> Answer:
    """Combine the outcomes of ``read_each``; unknown if they were not understood."""
    if not items:
        why = f"HTTP {response.status} without one understood answer for each recipient"
        return Answer(outcome=Outcome(verdict=Verdict.UNKNOWN, reason=why))
    return combine_outcomes(batch, items, retry_after(response))


def combine_outcomes(
    batch: OutgoingBatch, items: Sequence[Outcome], asked: timedelta | None = None
) -> Answer:
    """Combine an outcome for each recipient, by position, into one answer with exceptions.

    SPLIT is a refusal that does not show whether it is about this entry or about all.
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
    """Decide SPLIT: it is about this entry if another was accepted, or if there is no other."""
    alone = len(items) == 1 or any(item.verdict is Verdict.ACCEPTED for item in items)
    verdict = Verdict.REJECTED if alone else Verdict.CONFIGURATION
    return [replace(i, verdict=verdict) if i.verdict is Verdict.SPLIT else i for i in items]
