"""Translates batches to calls of a provider, and reads its answers: a verdict for each reader."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from newsletter.domain.delivery.batch import Answer, Outcome, OutgoingBatch, Verdict
from newsletter.domain.delivery.provider import Capabilities
from newsletter.domain.statements.content import Content, Recipient
from newsletter.domain.wording import say
from newsletter.providers.common.bodies import Template, cached_by_content, fill_for_each
from newsletter.providers.common.options import ProviderOptions
from newsletter.transport.http import HttpRequest, HttpResponse, json_post, longest, retry_after

_VERDICT_OF_STATUS = {
    401: Verdict.CONFIGURATION,
    403: Verdict.CONFIGURATION,
    404: Verdict.CONFIGURATION,
    413: Verdict.SPLIT,
    429: Verdict.RETRY,
    # these do not prove that nothing was accepted: a 409 may mean that it was accepted before
    **dict.fromkeys((408, 409, 425), Verdict.UNKNOWN),
    # nor do unregistered statuses: a proxy's 460 or 499 means that it stopped waiting
    **dict.fromkeys(set(range(400, 500)) - {int(status) for status in HTTPStatus}, Verdict.UNKNOWN),
}
_RETRYABLE_VERDICTS = frozenset({Verdict.RETRY, Verdict.QUOTA})


class Translator(Protocol):
    """Translates a batch to one provider's HTTP call, and reads the answer. Does no I/O."""

    @property
    def name(self) -> str: ...

    @property
    def capabilities(self) -> Capabilities: ...

    def build(self, batch: OutgoingBatch) -> HttpRequest:
        """Return the call: equal bytes for equal batches. Raises InvalidInput for the content."""

    def parse(self, batch: OutgoingBatch, response: HttpResponse) -> Answer:
        """Return a verdict for each recipient; UNKNOWN for an answer that cannot be read."""


def make_answer(
    response: HttpResponse,
    verdict: Verdict,
    reason: str,
    *,
    provider_id: str = "",
    wait: timedelta | None = None,
) -> Answer:
    """Return one outcome for the whole call. A retry waits for ``wait`` and Retry-After."""
    outcome = Outcome(verdict=verdict, reason=reason, provider_id=provider_id)
    due_after = longest(wait, retry_after(response)) if verdict in _RETRYABLE_VERDICTS else None
    return Answer(outcome=outcome, retry_after=due_after)


def accept_with_id(response: HttpResponse, provider_id: object, unknown_reason: str) -> Answer:
    """Return ACCEPTED with the provider's id, or UNKNOWN if that is no text or empty."""
    if isinstance(provider_id, str) and provider_id:
        return make_answer(response, Verdict.ACCEPTED, "", provider_id=provider_id)
    return make_answer(response, Verdict.UNKNOWN, unknown_reason)


def accept_with_ids(batch: OutgoingBatch, response: HttpResponse, ids: Any) -> Answer:
    """Return ACCEPTED with the first id, or UNKNOWN if not each recipient has one."""
    are_texts = isinstance(ids, list) and list(map(type, ids)) == [str] * len(batch.recipients)
    why = say("HTTP {status} without an id for each message", status=str(response.status))
    return accept_with_id(response, ids[0] if are_texts and all(ids) else "", why)


def refuse_by_status(
    batch: OutgoingBatch,
    response: HttpResponse,
    reason: str,
    otherwise: Verdict = Verdict.CONFIGURATION,
) -> Answer:
    """Return the outcome of a refused call by its status, ``otherwise`` for an unlisted 4xx.

    The default stops the campaign, and rejects no recipient.
    """
    verdict = otherwise if response.status // 100 == 4 else Verdict.UNKNOWN
    verdict = _VERDICT_OF_STATUS.get(response.status, verdict)
    if verdict is Verdict.SPLIT and len(batch.recipients) == 1:
        verdict = Verdict.CONFIGURATION  # each message of the campaign is as large
    return make_answer(response, verdict, reason)


def reject_or_split(batch: OutgoingBatch) -> Verdict:
    """Return REJECTED for a batch of one, else SPLIT, at which the sender halves the batch."""
    return Verdict.REJECTED if len(batch.recipients) == 1 else Verdict.SPLIT


# without an accepted message, the verdict that stops the campaign comes first
_VERDICT_PRECEDENCE = (
    Verdict.ACCEPTED,
    Verdict.CONFIGURATION,
    Verdict.QUOTA,
    Verdict.RETRY,
    Verdict.UNKNOWN,
    Verdict.REJECTED,
)


def read_outcomes(
    batch: OutgoingBatch, payload: object, read: Callable[[Recipient, Any], Outcome | None]
) -> list[Outcome]:
    """Return an outcome for each recipient, in order; [] unless each entry can be read."""
    if not isinstance(payload, list) or len(payload) != len(batch.recipients):
        return []
    items = [read(*each) for each in zip(batch.recipients, payload, strict=True)]
    understood = [item for item in items if item]
    return understood if len(understood) == len(items) else []


def combine(batch: OutgoingBatch, items: list[Outcome], response: HttpResponse) -> Answer:
    """Combine the outcomes of ``read_outcomes``; UNKNOWN if there are none."""
    if not items:
        ununderstood = "HTTP {status} without one understood answer for each recipient"
        why = say(ununderstood, status=str(response.status))
        return Answer(outcome=Outcome(verdict=Verdict.UNKNOWN, reason=why))
    return combine_outcomes(batch, items, retry_after(response))


def combine_outcomes(
    batch: OutgoingBatch, items: Sequence[Outcome], retry_after: timedelta | None = None
) -> Answer:
    """Combine the recipients' outcomes, in their order, into one answer with exceptions.

    SPLIT means a refusal that does not say whether this message or all messages are at fault. It
    becomes REJECTED if the message is the only one or another was accepted, else CONFIGURATION.
    """
    is_one_at_fault = len(items) == 1 or any(item.verdict is Verdict.ACCEPTED for item in items)
    verdict = Verdict.REJECTED if is_one_at_fault else Verdict.CONFIGURATION
    items = [replace(i, verdict=verdict) if i.verdict is Verdict.SPLIT else i for i in items]
    by_verdict = {item.verdict: item for item in reversed(items)}
    outcome = by_verdict[next(each for each in _VERDICT_PRECEDENCE if each in by_verdict)]
    exceptions = {
        recipient.subscriber_id: item
        for recipient, item in zip(batch.recipients, items, strict=True)
        if item.verdict is not outcome.verdict or item.verdict is Verdict.REJECTED
    }
    wait = retry_after if by_verdict.keys() & _RETRYABLE_VERDICTS else None
    return Answer(outcome=outcome, exceptions=exceptions, retry_after=wait)


_T = TypeVar("_T")


class BatchTranslator(Generic[_T]):
    """A translator with the URL, headers, limits and cached content of its requests."""

    name: ClassVar[str]
    label: ClassVar[str]
    """The provider's name in messages to people."""
    limits: ClassVar[Capabilities]
    """The provider's capabilities, before the setting ``batch_size`` lowers them."""

    def __init__(
        self,
        options: ProviderOptions,
        url: str,
        headers: Mapping[str, str],
        encode: Callable[[Content], _T],
    ) -> None:
        max_recipients = self.limits.max_recipients
        self.capabilities = replace(
            self.limits, max_recipients=min(max_recipients, options.batch_size or max_recipients)
        )
        self._url = url
        self._headers = headers
        self._compiled = cached_by_content(encode)

    def fill_entries(self, template: Template, batch: OutgoingBatch) -> bytes:
        """Return the template filled for each recipient, joined by commas. Raises InvalidInput."""
        return b",".join(
            fill_for_each(template, batch, limit=self.limits.max_recipients, label=self.label)
        )

    def post(self, body: bytes) -> HttpRequest:
        return json_post(self._url, self._headers, body)


class MessageTranslator(BatchTranslator[Template]):
    """A translator whose calls contain a whole message for each recipient, within ``frame``."""

    frame: ClassVar[bytes] = b"%b"

    def build(self, batch: OutgoingBatch) -> HttpRequest:
        """Return a POST of JSON. Raises InvalidInput for content that would be misread."""
        return self.post(self.frame % self.fill_entries(self._compiled(batch.content), batch))
