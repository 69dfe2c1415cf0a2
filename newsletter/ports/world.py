"""What lies outside: the time, sources of statements, the renderer, the provider, links."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from newsletter.domain.errors import Fault, NewsletterError

if TYPE_CHECKING:
    from newsletter.domain.delivery.batch import Answer, OutgoingBatch
    from newsletter.domain.delivery.epoch import Absence, Location, Witness
    from newsletter.domain.events.event import Event
    from newsletter.domain.statements.content import Content
    from newsletter.domain.statements.statement import Statement


class Clock(Protocol):
    """The time."""

    def now(self) -> datetime:
        """The instant, aware, in UTC."""
        ...

    def uptime(self) -> timedelta:
        """Time since some moment in the past: nobody can set it, and it runs on during sleep."""
        ...


@dataclass(frozen=True, kw_only=True)
class NotAfter:
    """Until when something may begin to leave: as long as the claim on it holds.

    A wall clock may be put back, so the uptime counts too: whichever is over first.
    """

    clock: Clock
    until: datetime
    uptime: timedelta

    @classmethod
    def after(cls, lease: timedelta, clock: Clock) -> NotAfter:
        """So long from now on."""
        return cls(clock=clock, until=clock.now() + lease, uptime=clock.uptime() + lease)

    def left(self) -> timedelta:
        """How much of it is left; nothing or less once it is over."""
        return min(self.until - self.clock.now(), self.uptime - self.clock.uptime())


class Watermark(Protocol):
    """How far sending has come, kept outside the database: it does not go back with a restore."""

    def location(self) -> Location:
        """Where the database's file lies."""
        ...

    def read(self) -> Witness | Absence: ...

    def write(self, witness: Witness) -> None:
        """Begin with this. It is durable then. Raises StoreUnavailable."""
        ...

    def follow(self, claims: int) -> None:
        """Raises Refused where as many claims were noted before: the database was exchanged."""
        ...

    def note(self, claims: int) -> None:
        """Note a claim before its call leaves; the highest number stays.

        Raises StoreUnavailable: then nothing may leave.
        """
        ...

    def close(self) -> None:
        """Let go of it; ``write`` takes hold again."""
        ...


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a source holds at the moment. A faulty statement does not hide the others."""

    statements: tuple[Statement, ...]
    faults: tuple[Fault, ...] = ()
    complete: bool = True
    """False when the source itself could not be read: then what is missing is not gone."""


class Source(Protocol):
    """Where statements come from."""

    def read(self) -> Reading:
        """Read all statements. Raises nothing for what a person wrote wrong."""
        ...


class Renderer(Protocol):
    """Turns a statement into content."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the same statement could be rendered into other content."""
        ...

    def prepare(self) -> None:
        """Make ready to render. Raises InvalidInput for what keeps any statement from it."""
        ...

    def render(
        self, statement: Statement, translations: Sequence[Statement] = (), *, test: bool = False
    ) -> Content:
        """Render, with translations that are to stand in the same content.

        The same statements give the same content. With ``test``, readers are told that it is a
        test mail. Raises InvalidInput.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """A batch in the very bytes that will leave."""

    batch: OutgoingBatch
    body: bytes
    content_type: str = ""
    not_after: NotAfter | None = None
    """Its call does not begin later; None where no claim is behind it."""


class Replay(Enum):
    """Whether handing the same attempt over again can reach a reader twice."""

    NEVER = "never"
    """It can: an unknown attempt is not repeated."""
    KEYED = "keyed"
    """It cannot while the provider knows the attempt's key, if the bytes are the same."""
    SAFE = "safe"
    """It cannot, however often: each message has a name, and the provider keeps one of a name."""


_ENVELOPE = 2048
"""Bytes a recipient needs beside the bodies, at the most: addresses, names, ids, tokens."""


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """What a provider can do, so that the pipeline need not know which one it is."""

    max_recipients: int
    """At most so many recipients in one call."""
    max_bytes: int = 0
    """At most so many bytes in one call; 0 where the provider names no limit."""
    bodies: bool = False
    """Each recipient costs a body of their own; otherwise all share one."""
    answers_each: bool = False
    """An answer says of each recipient what became of them; otherwise a refusal is of all."""
    replay: Replay = Replay.NEVER
    key_lives: timedelta = timedelta(0)
    """So long after an attempt its key is known; only where ``replay`` is KEYED."""
    settles_in: timedelta | None = None
    """So long after an attempt the provider's records name all it took; None: nothing to ask."""
    records_kept: timedelta | None = None
    """So long after an attempt they still do; None: as long as anybody looks."""

    def recipients_for(self, content: Content) -> int:
        """At most so many recipients of this content in one call; never less than one."""
        if not self.max_bytes:
            return self.max_recipients
        # The longest JSON there is of it: providers' own forms are shorter.
        body = len(json.dumps([content.html, content.text, content.headers])) + _ENVELOPE
        fit = self.max_bytes // body if self.bodies else (self.max_bytes - body) // _ENVELOPE
        return max(1, min(self.max_recipients, fit))


@dataclass(frozen=True, kw_only=True)
class Sighting:
    """What a provider's records say of an attempt."""

    found: Mapping[int, str] = field(default_factory=dict)
    """Subscriber id → the provider's id: whose message it has."""
    whole: bool = False
    """All that the provider has of it was read, so that whoever is not there is not there now."""
    reason: str = ""
    """Where it is not whole, in words why."""
    retry_after: timedelta | None = None


class Provider(Protocol):
    """The outside service that sends for us."""

    @property
    def name(self) -> str: ...

    @property
    def capabilities(self) -> Capabilities: ...

    def prepare(self, batch: OutgoingBatch) -> Parcel:
        """Build the bytes: pure, the same for the same batch. Raises InvalidInput."""
        ...

    def hand_over(self, parcel: Parcel) -> Answer:
        """Make the one call. Never raises for what the network or the provider does.

        LATE where the claim on the parcel is over, or would be before the call has to be.
        """
        ...

    def look_up(self, batch: OutgoingBatch) -> Sighting:
        """Ask what the provider has of an attempt. Hands nothing over; raises as little."""
        ...


class Forged(NewsletterError):
    """What was posted to us was not signed by the provider, or so long ago that it is a replay."""


class Webhook(Protocol):
    """What a provider posts to us, in its own words."""

    def read(self, headers: Mapping[str, str], body: bytes, now: datetime) -> tuple[Event, ...]:
        """The events in a post: none, one or many. ``headers`` have names in lower case.

        Raises Forged for what the provider did not sign or what is stale, and for nothing else:
        what is signed and not understood is an event of kind OTHER.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Told:
    """One page of what a provider tells when it is asked for events."""

    events: tuple[Event, ...]
    until: datetime | None
    """All before this was told by now, but for what is listed late; None: not known yet."""


class History(Protocol):
    """Events that a provider lists, for those whom no webhook can reach."""

    @property
    def reach(self) -> timedelta:
        """Events so long ago are still listed."""
        ...

    @property
    def lateness(self) -> timedelta:
        """An event may be listed so long after it happened."""
        ...

    def read(self, begin: datetime, end: datetime) -> Iterator[Told]:
        """A bounded number of pages. Raises ProviderUnreachable or InvalidConfiguration."""
        ...


class Level(Enum):
    """How much something that was looked at matters."""

    OK = "ok"
    """It is as it has to be."""
    WARNING = "warning"
    """It could not be proved, or might be better."""
    FAULT = "fault"
    """It has to be mended."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing looked at."""

    what: str
    level: Level
    detail: str
    advice: str = ""
    """What to do, where something is to be done."""


class Examiner(Protocol):
    """Finds out whether the provider would take our mail, without handing any over."""

    def examine(self) -> tuple[Finding, ...]:
        """Look. Raises ProviderUnreachable."""
        ...


class Links(Protocol):
    """Signed words in links."""

    def unsubscribe_tokens(self, campaign_id: int, subscriber_ids: Sequence[int]) -> list[str]:
        """One token each, of ``[A-Za-z0-9_-]`` and of one length, always the same for the same."""
        ...

    def read_unsubscribe(self, token: str) -> tuple[int, int] | None:
        """(campaign id, subscriber id) if we signed it, else None."""
        ...

    def letter_token(self, letter_id: int) -> str:
        """The word in the link of a letter, of ``[A-Za-z0-9_-]``."""
        ...

    def read_letter(self, token: str) -> int | None:
        """The letter's id if we signed it, else None."""
        ...

    def preferences_token(self, subscriber_id: int, at: datetime) -> str:
        """The word that opens somebody's preferences; ``at`` is kept to the minute."""
        ...

    def read_preferences(self, token: str) -> tuple[int, datetime] | None:
        """(subscriber id, when it was signed) if we signed it, else None."""
        ...

    def message_ids(self, campaign_id: int, subscriber_ids: Sequence[int]) -> list[str]:
        """The part of Message-ID before the @, always the same for the same delivery."""
        ...
