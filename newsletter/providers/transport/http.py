"""What all providers say and hear over HTTP: calls, answers, and how an answer is read."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Protocol

from newsletter.domain.delivery.batch import Answer, Outcome, OutgoingBatch, Verdict
from newsletter.domain.delivery.provider import Capabilities
from newsletter.domain.errors import NewsletterError

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
    **dict.fromkeys(set(range(400, 500)) - {int(one) for one in HTTPStatus}, Verdict.UNKNOWN),
}
_SINCE_1970 = 1_000_000_000
"""No wait is so many seconds long: a header that says so names an instant."""


@dataclass(frozen=True, kw_only=True)
class HttpRequest:
    """What a call sends. Headers and body hold secrets and addresses, so ``repr`` leaves them."""

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
    """When it came, by our clock, where somebody looked at it."""

    @property
    def dated(self) -> datetime | None:
        """When it was given: by its own Date, which no wrong clock of ours moves, or by ours."""
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
        """The same bytes for the same batch. Raises InvalidInput for what cannot be said."""
        ...

    def parse(self, batch: OutgoingBatch, response: HttpResponse) -> Answer:
        """One verdict for each recipient; UNKNOWN for what is not understood."""
        ...


def answer_by_status(response: HttpResponse, reason: str) -> Answer | None:
    """What the status alone says, or None for 2xx and those 4xx that each provider uses its way."""
    verdict = _BY_STATUS.get(response.status)
    if verdict is None and response.status // 100 in {2, 4}:
        return None
    outcome = Outcome(verdict=verdict or Verdict.UNKNOWN, reason=reason)
    wait = retry_after(response) if verdict is Verdict.RETRY else None
    return Answer(outcome=outcome, retry_after=wait)


def retry_after(response: HttpResponse) -> timedelta | None:
    """Retry-After as 0 to LONGEST_WAIT; a date is compared with that of the answer.

    None when it is absent or makes no sense (RFC 9110, 10.2.3).
    """
    value = response.headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]+", value):
        return min(timedelta(seconds=int(value[:9])), LONGEST_WAIT)
    return until(value, response)


def until(date: str, response: HttpResponse) -> timedelta | None:
    """How long after the answer an HTTP date is: 0 to LONGEST_WAIT, or None."""
    try:
        return _after(response, parsedate_to_datetime(date))
    except (TypeError, ValueError, OverflowError):
        return None


def reset_after(response: HttpResponse, name: str) -> timedelta | None:
    """What a header says of when a limit ends: in seconds from now, or in seconds since 1970."""
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
