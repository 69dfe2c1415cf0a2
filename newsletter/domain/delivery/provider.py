"""Requests to providers, and the capabilities of a provider."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from newsletter.domain.clock import NotAfter
from newsletter.domain.delivery.batch import OutgoingBatch
from newsletter.domain.statements.content import MAX_NAME, Content


@dataclass(frozen=True, kw_only=True)
class PreparedRequest:
    """A batch in the very bytes that will leave."""

    batch: OutgoingBatch
    body: bytes
    not_after: NotAfter | None = None
    """The call does not begin later; None if there is no claim."""


class Replay(Enum):
    """Whether sending the same attempt again can reach a reader twice."""

    NEVER = "never"
    """It can: an unknown attempt is not sent again."""
    KEYED = "keyed"
    """It cannot while the provider knows the attempt's key, if the bytes are the same."""
    SAFE = "safe"
    """It never can: each message has a name, and the provider keeps one message of a name."""


_ENVELOPE = 2048
"""The most bytes of a recipient apart from the bodies: addresses, ids, tokens."""
_NAME = 12 * MAX_NAME
"""The most bytes of a name in one greeting, in its longest JSON form."""


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """The capabilities of a provider, so that the pipeline need not know which one it is."""

    max_recipients: int
    """The most recipients in one call."""
    max_bytes: int = 0
    """The most bytes in one call; 0 if the provider names no limit."""
    bodies: bool = False
    """Each recipient costs a body of their own; otherwise all share one."""
    answers_each: bool = False
    """An answer has an outcome for each recipient; otherwise a refusal is of all."""
    replay: Replay = Replay.NEVER
    key_lives: timedelta = timedelta(0)
    """The time after an attempt in which its key is known; only if ``replay`` is KEYED."""
    settles_in: timedelta | None = None
    """The time until the provider's records have all of an attempt; None: it keeps none."""
    records_kept: timedelta | None = None
    """The time for which they keep it; None: as long as we look."""

    def recipients_for(self, content: Content) -> int:
        """Return the most recipients of this content in one call; at least one."""
        if not self.max_bytes:
            return self.max_recipients
        # The longest JSON there is of it: providers' own forms are shorter.
        body = len(json.dumps([content.html, content.text, content.headers])) + _ENVELOPE
        names = content.greetings * _NAME
        shared = (self.max_bytes - body) // (_ENVELOPE + names)
        fit = self.max_bytes // (body + names) if self.bodies else shared
        return max(1, min(self.max_recipients, fit))


@dataclass(frozen=True, kw_only=True)
class LookupResult:
    """The result of searching a provider's records for an attempt."""

    found: Mapping[int, str] = field(default_factory=dict)
    """Subscriber id → the provider's id: whose message it has."""
    whole: bool = False
    """All records of the attempt were read, so a member without one is absent."""
    reason: str = ""
    dated: datetime | None = None
    """When the last page was read, by the provider's clock if it said so."""
    retry_after: timedelta | None = None
    all_or_none: bool = False
    """The provider takes all of a call or nothing: one record proves all."""


TRY = "send yourself a test: newsletter send SLUG --to YOU"


class Level(Enum):
    """The gravity of a finding."""

    OK = "ok"
    """Everything is right."""
    WARNING = "warning"
    """It could not be verified, or could be better."""
    FAULT = "fault"
    """It must be repaired."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """The result of one check."""

    what: str
    level: Level
    detail: str
    advice: str = ""


def well(what: str, detail: str) -> Finding:
    return Finding(what=what, level=Level.OK, detail=detail)


def uncertain(what: str, detail: str, advice: str = TRY) -> Finding:
    """Return that something could not be verified, or could be better."""
    return Finding(what=what, level=Level.WARNING, detail=detail, advice=advice)


def wrong(what: str, detail: str, advice: str = "") -> Finding:
    """Return that something must be repaired."""
    return Finding(what=what, level=Level.FAULT, detail=detail, advice=advice)
