"""HTTP requests and responses of all providers, and the meaning of a response."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Protocol

from newsletter.domain.delivery.batch import Answer, Outcome, OutgoingBatch, Verdict
from newsletter.domain.delivery.provider import Capabilities
from newsletter.domain.errors import NewsletterError
from newsletter.domain.statements.content import Recipient

LONGEST_WAIT = timedelta(hours=1)
_LONGEST_REASON = 200
_BEFORE_AT = re.compile(r"(?<![^\s<>\"'(),:;])[^\s<>\"'(),:;]+@")
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
_SINCE_1970 = 1_000_000_000
"""No wait is so many seconds long: a header that says so names an instant."""


@dataclass(frozen=True, kw_only=True)
class HttpRequest:
    """One request. Headers and body contain secrets and addresses, so ``repr`` leaves them out."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, kw_only=True)
class HttpResponse:
    """A full answer. The names in ``headers`` are in lower case; ``body`` is as it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)
    at: datetime | None = None
    """When it arrived, by our clock, if that was noted."""

    @property
    def dated(self) -> datetime | None:
        """Return its time: its own Date, which our clock cannot falsify, or the time of arrival."""
        try:
            date = parsedate_to_datetime(self.headers["date"])
        except (KeyError, TypeError, ValueError, OverflowError):
            return self.at
        return date if date.tzinfo else self.at


class AnswerLost(NewsletterError):
    """The request began to leave and no full answer came: it may or may not have been taken."""


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


def json_post(url: str, headers: Mapping[str, str], body: bytes) -> HttpRequest:
    """A call with JSON."""
    headers = {**headers, "Content-Type": "application/json"}
    return HttpRequest(method="POST", url=url, headers=headers, body=body)


def retry_after(response: HttpResponse) -> timedelta | None:
    """Retry-After as 0 to LONGEST_WAIT; a date is compared with that of the answer.

    None when it is absent or makes no sense (RFC 9110, 10.2.3).
    """
    value = response.headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]+", value):
        return min(timedelta(seconds=int(value[:9])), LONGEST_WAIT)
    return until(value, response)


def until(date: str, response: HttpResponse) -> timedelta | None:
    """Return the time from the answer to an HTTP date: 0 to LONGEST_WAIT, or None."""
    try:
        return _after(response, parsedate_to_datetime(date))
    except (TypeError, ValueError, OverflowError):
        return None


def reset_after(response: HttpResponse, name: str) -> timedelta | None:
    """Return the end of a limit in a header: in seconds from now, or in seconds since 1970."""
    value = response.headers.get(name, "").strip()
    if not re.fullmatch(r"[0-9]{1,11}", value):
        return None
    if int(value) < _SINCE_1970:
        return min(timedelta(seconds=int(value)), LONGEST_WAIT)
    return _after(response, datetime.fromtimestamp(int(value), UTC))


def _after(response: HttpResponse, instant: datetime) -> timedelta | None:
    """Raises TypeError for an instant without a zone."""
    if response.dated is None:
        return None
    return min(max(instant - response.dated, timedelta(0)), LONGEST_WAIT)


def json_object(response: HttpResponse) -> dict[str, Any] | None:
    """The body as a JSON object, or None if it is anything else."""
    try:
        value = json.loads(response.body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def words(text: object) -> str:
    """A provider's words for people: one line, shortened, without the name in an address."""
    line = " ".join("".join(c if c.isprintable() else " " for c in str(text)[:5000]).split())
    line = _BEFORE_AT.sub("…@", line)
    return line if len(line) <= _LONGEST_REASON else line[: _LONGEST_REASON - 1] + "…"


# if none was accepted, the reason that stops all of them comes first
_LEADING = (
    Verdict.ACCEPTED,
    Verdict.CONFIGURATION,
    Verdict.QUOTA,
    Verdict.RETRY,
    Verdict.UNKNOWN,
    Verdict.REJECTED,
)


def longest(*waits: timedelta | None) -> timedelta | None:
    return max((wait for wait in waits if wait is not None), default=None)


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
    return put_together(batch, items, retry_after(response))


def put_together(
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
