"""Searches a provider's records, page by page, for the messages of an attempt.

An empty result proves absence only if the filters work. So the last question is a control: the same
filters must find a message that is known to be in the log.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, ClassVar
from urllib.parse import urlencode

from newsletter.domain.delivery.batch import OutgoingBatch
from newsletter.domain.delivery.mime import ascii_domain
from newsletter.transport.http import HttpRequest, HttpResponse

MAX_PAGES = 400
RECORDS_COMPLETE_AFTER = timedelta(minutes=30)
"""After this time records count as complete, if the provider documents no time."""
MAX_CLOCK_ERROR = timedelta(days=3)
"""The largest error of our clock that a search allows for."""
_MAX_CONTROL_SAMPLES = 5
Query = Mapping[str, str] | Sequence[tuple[str, str]]


class Purpose(Enum):
    ATTEMPT = "attempt"
    """Search for the messages to recipients around the time of the attempt."""
    MESSAGE = "message"
    """Fetch one message that was found, with its metadata."""
    LATEST = "latest"
    """Fetch recent messages, from which the control is chosen."""
    CONTROL = "control"
    """Search for a known message with the filters of ATTEMPT."""


@dataclass(frozen=True, kw_only=True)
class Question(HttpRequest):
    """A request to a provider's records, with its purpose."""

    purpose: Purpose
    expected: frozenset[str] = frozenset()
    """For ATTEMPT, the addresses that were searched; for CONTROL, the message ids to find."""
    following: tuple["Question", ...] = ()


@dataclass(frozen=True, kw_only=True)
class Page:
    found: Mapping[int, str] = field(default_factory=dict)
    """Subscriber id → provider's message id, for recipients of the attempt on this page."""
    next: Question | None = None
    is_check: bool = False
    """Whether the page is of a second filter, which checks that the first missed no one."""


class Inquiry(ABC):
    """Builds one provider's questions about an attempt, and reads the answers. Does no I/O."""

    records_delay = RECORDS_COMPLETE_AFTER
    """The time after an attempt until the records have each accepted message."""
    kept_for: timedelta | None = None
    """How long the smallest plan keeps records; None if longer than look-ups need."""
    all_or_none: ClassVar[bool] = False
    """Whether the provider accepts either the whole call or nothing."""
    rows_key: ClassVar[str]
    """The JSON key of a page's messages."""
    id_key: ClassVar[str]
    """The JSON key of a message's id."""

    def __init__(self, url: str, headers: Mapping[str, str], timeout: timedelta) -> None:
        self._url = url
        self._headers = headers
        self._timeout = timeout

    @abstractmethod
    def first_question(self, batch: OutgoingBatch) -> Question:
        """Return the question for the first page of records that may have the attempt."""

    @abstractmethod
    def read_attempt(self, batch: OutgoingBatch, question: Question, payload: Any) -> Page:
        """Read the JSON of ATTEMPT or MESSAGE. May raise any error."""

    @abstractmethod
    def control_question(self, batch: OutgoingBatch, rows: list[dict[str, Any]]) -> Question:
        """Return the question for messages of ``rows`` by the same filters. Raises ValueError."""

    def read(self, batch: OutgoingBatch, question: Question, response: HttpResponse) -> Page:
        """Read an answer. May raise any error for an unreadable answer or a failed control."""
        payload = json.loads(response.body)
        if question.purpose is Purpose.CONTROL:
            ids = {str(row[self.id_key]) for row in payload[self.rows_key]}
            # both of two, because a misread OR may find one of them
            if len(question.expected & ids) < min(2, len(question.expected)):
                raise ValueError("messages that are there were not found either")
            return Page()
        if question.purpose is Purpose.LATEST:
            # Brevo leaves an empty list out
            return Page(next=self.control_question(batch, payload.get(self.rows_key) or []))
        return self.read_attempt(batch, question, payload)

    def question(
        self, purpose: Purpose, query: Query, expected: frozenset[str] = frozenset(), path: str = ""
    ) -> Question:
        url = f"{self._url}{path}?{urlencode(query)}".rstrip("?")
        return Question(
            method="GET", url=url, headers=self._headers, purpose=purpose, expected=expected
        )


def chain(questions: Sequence[Question]) -> Question:
    """Return the first question, with the others as ``following``."""
    return replace(questions[0], following=tuple(questions[1:]))


def search_window(at: datetime, timeout: timedelta = timedelta(0)) -> tuple[datetime, datetime]:
    """Return (begin, end) of the time in which the provider must have taken a call of ``at``."""
    whole_second = at.replace(microsecond=0)  # SendGrid's queries take whole seconds
    return whole_second - MAX_CLOCK_ERROR, whole_second + timeout + MAX_CLOCK_ERROR


def sample_addresses(batch: OutgoingBatch) -> list[str]:
    """Return up to five addresses, each as sent and in lower case, because a log may have either.

    Non-ASCII addresses are left out, because no provider documents how its log writes them.
    """
    sent_addresses = [ascii_domain(recipient.address) for recipient in batch.recipients]
    in_ascii = [address for address in sent_addresses if address.isascii()]
    sample = in_ascii[:: max(1, len(in_ascii) // _MAX_CONTROL_SAMPLES)][:_MAX_CONTROL_SAMPLES]
    return list(dict.fromkeys(form for one in sample for form in (one, one.lower())))


def whole_batch(batch: OutgoingBatch, provider_id: str) -> Page:
    """Return a page with all recipients, for a provider that accepts a whole call or nothing."""
    return Page(found={recipient.subscriber_id: provider_id for recipient in batch.recipients})


def ids_of_attempt(
    batch: OutgoingBatch, messages: Iterable[tuple[Mapping[str, str], str]]
) -> dict[int, str]:
    """Return subscriber id → message id, for the messages whose metadata has the attempt's id."""
    numbers = {str(each.subscriber_id): each.subscriber_id for each in batch.recipients}
    return {
        numbers[metadata["subscriber"]]: name
        for metadata, name in messages
        if metadata.get("attempt") == batch.attempt_id and metadata["subscriber"] in numbers
    }


def require_addresses(question: Question, addresses: Iterable[str]) -> None:
    """Raise ValueError if the filter returned records of other addresses than the expected ones."""
    if not {address.lower() for address in addresses} <= {
        address.lower() for address in question.expected
    }:
        raise ValueError("records of others came: the filter was not understood")
