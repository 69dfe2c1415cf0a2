"""Providers: prepared requests, capabilities, look-ups, and findings of checks."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from newsletter.domain.clock import NotAfter
from newsletter.domain.delivery.batch import OutgoingBatch
from newsletter.domain.statements.content import MAX_GREETING_CHARS, Content
from newsletter.domain.wording import say


@dataclass(frozen=True, kw_only=True)
class PreparedRequest:
    """A batch as the bytes of its request."""

    batch: OutgoingBatch
    body: bytes
    not_after: NotAfter | None = None
    """The time after which the call may not begin; None without a claim."""


class Replay(Enum):
    """The rule for repeating an attempt whose outcome is unknown."""

    NEVER = "never"
    """Never: the provider might send a message twice."""
    KEYED = "keyed"
    """With the same bytes, while the provider still knows the idempotency key of the attempt."""
    SAFE = "safe"
    """Always: each message has an id, and the provider accepts each id once."""


_ENVELOPE_BYTES = 2048
"""The maximum size of addresses, ids and tokens of one recipient."""
_MAX_NAME_BYTES = 12 * MAX_GREETING_CHARS
"""The maximum size of a name in one greeting, as escaped JSON."""


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """The capabilities of a provider."""

    max_recipients: int
    """The maximum number of recipients in one call."""
    max_bytes: int = 0
    """The maximum size of a request, in bytes; 0 if the provider names no limit."""
    own_body: bool = False
    """The request has a body for each recipient; otherwise all recipients share one."""
    replay: Replay = Replay.NEVER
    key_lifetime: timedelta = timedelta(0)
    """How long after an attempt the provider knows its key; only if ``replay`` is KEYED."""
    records_delay: timedelta | None = None
    """The time until the records show an attempt; None if the provider keeps no records."""
    records_kept: timedelta | None = None
    """How long the provider keeps its records; None if longer than needed."""

    def recipients_for(self, content: Content) -> int:
        """Return the maximum number of recipients of this content in one call; at least 1."""
        if not self.max_bytes:
            return self.max_recipients
        # json.dumps escapes each character that is not ASCII: no provider's request is longer
        body = len(json.dumps([content.html, content.text, content.headers])) + _ENVELOPE_BYTES
        names = content.greetings * _MAX_NAME_BYTES
        shared = (self.max_bytes - body) // (_ENVELOPE_BYTES + names)
        fit = self.max_bytes // (body + names) if self.own_body else shared
        return max(1, min(self.max_recipients, fit))


@dataclass(frozen=True, kw_only=True)
class LookupResult:
    """The result of searching a provider's records for an attempt."""

    found: Mapping[int, str] = field(default_factory=dict)
    """Subscriber id → the provider's id of the message that the records show."""
    is_complete: bool = False
    """All records of the attempt were read: a member without a record was not sent to."""
    reason: str = ""
    read_at: datetime | None = None
    """When the last page of records was read, by the provider's clock if it gave a time."""
    retry_after: timedelta | None = None
    all_or_none: bool = False
    """The provider accepts a call as a whole: one record proves that all were accepted."""


SEND_TEST_ADVICE = "send yourself a test: newsletter send SLUG --to YOU"


class Level(Enum):
    """The severity of a finding."""

    OK = "ok"
    """The check passed."""
    WARNING = "warning"
    """The check gave no result, or advises an improvement."""
    FAULT = "fault"
    """The check failed: an operator must repair something."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """The result of one check."""

    what: str
    level: Level
    detail: str
    advice: str = ""


def passed(what: str, detail: str) -> Finding:
    return Finding(what=what, level=Level.OK, detail=detail)


def unclear(what: str, detail: str, advice: str = SEND_TEST_ADVICE) -> Finding:
    return Finding(what=what, level=Level.WARNING, detail=detail, advice=advice)


def failed(what: str, detail: str, advice: str = "", **values: object) -> Finding:
    said = {"detail": say(detail, **values), "advice": say(advice, **values)}
    return Finding(what=what, level=Level.FAULT, **said)
