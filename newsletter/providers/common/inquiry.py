"""What inquiries share: questions that know which ones follow, and whom of a batch to ask for.

A log that shows nothing proves an absence only if it would have shown something. So the last
question is a control: a message that is surely there, asked for by the very same filters.
"""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

from newsletter.domain.delivery.batch import OutgoingBatch
from newsletter.domain.delivery.mime import ascii_domain
from newsletter.providers.common.calls import Page
from newsletter.providers.transport.http import HttpRequest

SETTLES_IN = timedelta(minutes=30)
"""For providers that name no time after which their records are complete. Our own."""
_WRONG = timedelta(days=3)
"""Our clock may have been wrong by so much. A reader gets few messages, so it costs little."""
_SAMPLES = 5
LOOKS_FOR = timedelta(days=3)
"""For providers that keep their records longer than anybody looks."""


class About(Enum):
    """What a question asks for."""

    ATTEMPT = "attempt"
    """What readers got around the time of the attempt."""
    MESSAGE = "message"
    """One of those messages, with what we handed over beside it."""
    LATEST = "latest"
    """Any messages that the log shows: out of them the control is made."""
    CONTROL = "control"
    """Those messages again, by the filters that were used for the attempt."""


@dataclass(frozen=True, kw_only=True)
class Question(HttpRequest):
    """A call, with what its answer has to be measured by."""

    about: About
    of: frozenset[str] = frozenset()
    """For ATTEMPT, the addresses asked for; for CONTROL, the ids that have to come back."""
    then: tuple["Question", ...] = ()


def chained(questions: Sequence[Question]) -> Question:
    """The first of them, knowing the others."""
    return replace(questions[0], then=tuple(questions[1:]))


def question(asked: HttpRequest) -> Question:
    """What was asked. Raises TypeError for a call that is no question."""
    if not isinstance(asked, Question):
        raise TypeError("only what an inquiry asked can be read by it")
    return asked


def around(at: datetime, timeout: timedelta = timedelta(0)) -> tuple[datetime, datetime]:
    """The time in which a message of a call of this moment must have been taken."""
    whole = at.replace(microsecond=0)
    return whole - _WRONG, whole + timeout + _WRONG


def samples(batch: OutgoingBatch) -> list[str]:
    """Up to five addresses, as they were handed over and in small letters: a log keeps either.

    For providers that take a call as a whole. Addresses beyond ASCII are left out: nobody says
    how a log writes them.
    """
    handed = [ascii_domain(one.address) for one in batch.recipients]
    plain = [address for address in handed if address.isascii()]
    some = plain[:: max(1, len(plain) // _SAMPLES)][:_SAMPLES]
    return list(dict.fromkeys(form for one in some for form in (one, one.lower())))


def all_of(batch: OutgoingBatch, provider_id: str) -> Page:
    """The whole batch is there, as one of it is: such a provider takes all of a call or nothing."""
    return Page(found={one.subscriber_id: provider_id for one in batch.recipients})


def refuse_others(asked: Question, addresses: Iterable[str]) -> None:
    """Raises ValueError if records of others came: then the filter was not understood."""
    if not {address.lower() for address in addresses} <= {address.lower() for address in asked.of}:
        raise ValueError("records of others came: the filter was not understood")


def absent(asked: Question, ids: Set[str], *, least: int = 1) -> Page:
    """The end of an absence. Raises ValueError where the control was not found either."""
    if len(asked.of & ids) < least:
        raise ValueError("messages that are there were not found either")
    return Page(found={})
