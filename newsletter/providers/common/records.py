"""Questions to a provider's records, page by page: does it have the attempt, and what happened?

An empty log proves absence only if it would have shown the message. So the last question about an
attempt is a control: a message that is surely there, asked for by the same filters.
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

MOST_PAGES = 400
SETTLES_IN = timedelta(minutes=30)
"""For providers that name no time after which their records are complete. Our own."""
MAX_CLOCK_ERROR = timedelta(days=3)
"""Of our clock at an attempt. A reader gets few messages, so it costs little."""
_SAMPLES = 5
Query = Mapping[str, str] | Sequence[tuple[str, str]]


class About(Enum):
    """The purpose of a question."""

    ATTEMPT = "attempt"
    """The messages to readers around the time of the attempt."""
    MESSAGE = "message"
    """One of those messages, with our metadata."""
    LATEST = "latest"
    """Any messages that the log shows: out of them the control is made."""
    CONTROL = "control"
    """Those messages again, by the filters that were used for the attempt."""


@dataclass(frozen=True, kw_only=True)
class Question(HttpRequest):
    """A request, with the facts that are needed to read its answer."""

    about: About
    of: frozenset[str] = frozenset()
    """For ATTEMPT, the addresses asked for; for CONTROL, the ids that have to come back."""
    then: tuple["Question", ...] = ()


@dataclass(frozen=True, kw_only=True)
class Page:
    """The content of one page of a provider's records."""

    found: Mapping[int, str] = field(default_factory=dict)
    """Subscriber id → the provider's id, for those of the attempt that stand on it."""
    more: Question | None = None
    checks: bool = False
    """It was asked for in another way. A reader on it should have been found before."""


class Inquiry(ABC):
    """Asks, in one provider's words, what it has of an attempt. Does no input or output."""

    settles_in = SETTLES_IN
    """So long after an attempt the provider's records name all it took."""
    kept_for: timedelta | None = None
    """Every plan keeps records for so long, or longer than anybody looks. Older prove nothing."""
    all_or_none: ClassVar[bool] = False
    """The provider takes all of a call or nothing."""
    rows: ClassVar[str]
    """Under which name a page holds its messages."""
    row_id: ClassVar[str]
    """Under which name a message holds its id."""

    def __init__(self, url: str, headers: Mapping[str, str], timeout: timedelta) -> None:
        self._url = url
        self._headers = headers
        self._timeout = timeout

    @abstractmethod
    def ask(self, batch: OutgoingBatch) -> Question:
        """The question for the first page of records in which the attempt would stand."""

    @abstractmethod
    def found(self, batch: OutgoingBatch, asked: Question, payload: Any) -> Page:
        """Read a page about the attempt. Raises any error."""

    @abstractmethod
    def control_question(self, batch: OutgoingBatch, rows: list[dict[str, Any]]) -> Question:
        """Ask by the same filters for messages that are there. Raises any error if there are
        none."""

    def read(self, batch: OutgoingBatch, asked: Question, response: HttpResponse) -> Page:
        """Read the page of a question. Raises any error if it is not understood."""
        payload = json.loads(response.body)
        if asked.about is About.CONTROL:
            ids = {str(row[self.row_id]) for row in payload[self.rows]}
            # two, where two are asked for: one alone may come by half of an OR
            if len(asked.of & ids) < min(2, len(asked.of)):
                raise ValueError("messages that are there were not found either")
            return Page()
        if asked.about is About.LATEST:
            # Brevo leaves an empty list out
            return Page(more=self.control_question(batch, payload.get(self.rows) or []))
        return self.found(batch, asked, payload)

    def question(
        self, about: About, query: Query, of: frozenset[str] = frozenset(), path: str = ""
    ) -> Question:
        """A question by GET."""
        url = f"{self._url}{path}?{urlencode(query)}".rstrip("?")
        return Question(method="GET", url=url, headers=self._headers, about=about, of=of)


def chained(questions: Sequence[Question]) -> Question:
    """The first of them, knowing the others."""
    return replace(questions[0], then=tuple(questions[1:]))


def around(at: datetime, timeout: timedelta = timedelta(0)) -> tuple[datetime, datetime]:
    """The time in which a message of a call of this moment must have been taken."""
    whole = at.replace(microsecond=0)  # SendGrid's queries take whole seconds
    return whole - MAX_CLOCK_ERROR, whole + timeout + MAX_CLOCK_ERROR


def samples(batch: OutgoingBatch) -> list[str]:
    """Return up to five addresses, as sent and in small letters: a log keeps either.

    For providers that take a call whole. Addresses beyond ASCII are left out, because no document
    says how a log writes them.
    """
    handed = [ascii_domain(recipient.address) for recipient in batch.recipients]
    plain = [address for address in handed if address.isascii()]
    some = plain[:: max(1, len(plain) // _SAMPLES)][:_SAMPLES]
    return list(dict.fromkeys(form for one in some for form in (one, one.lower())))


def all_of(batch: OutgoingBatch, provider_id: str) -> Page:
    """The whole batch is there, as one of it is: such a provider takes all of a call or nothing."""
    return Page(found={recipient.subscriber_id: provider_id for recipient in batch.recipients})


def of_attempt(
    batch: OutgoingBatch, messages: Iterable[tuple[Mapping[str, str], str]]
) -> dict[int, str]:
    """Subscriber id → message id, for the messages whose metadata names the attempt."""
    numbers = {str(each.subscriber_id): each.subscriber_id for each in batch.recipients}
    return {
        numbers[about["subscriber"]]: name
        for about, name in messages
        if about.get("attempt") == batch.attempt_id and about["subscriber"] in numbers
    }


def refuse_others(asked: Question, addresses: Iterable[str]) -> None:
    """Raise ValueError for records of others: then the filter was not understood."""
    if not {address.lower() for address in addresses} <= {address.lower() for address in asked.of}:
        raise ValueError("records of others came: the filter was not understood")
