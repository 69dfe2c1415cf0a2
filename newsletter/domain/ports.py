"""Interfaces to the outside, in the words of their callers. Each has two implementations or
more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from newsletter.domain.delivery.batch import Answer, OutgoingBatch
    from newsletter.domain.delivery.provider import Capabilities, LookupResult, PreparedRequest
    from newsletter.domain.errors import InvalidInput
    from newsletter.domain.events import Event
    from newsletter.domain.statements.content import Content
    from newsletter.domain.statements.feed import ExtractedStatement, FetchedFeed, Item
    from newsletter.domain.statements.statement import Reading, Statement


class Source(Protocol):
    """A source of statements."""

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
        """Render a statement, with translations in the same content.

        The same statements give the same content. ``test`` marks a test mail. Raises InvalidInput.
        """
        ...


class Provider(Protocol):
    """The outside service that sends for us."""

    @property
    def name(self) -> str: ...

    @property
    def capabilities(self) -> Capabilities: ...

    def prepare(self, batch: OutgoingBatch) -> PreparedRequest:
        """Build the bytes: pure, the same for the same batch. Raises InvalidInput."""
        ...

    def hand_over(self, prepared: PreparedRequest) -> Answer:
        """Make the call. Never raise for an error of the network or the provider.

        Return LATE if the claim is over or would be before the call must begin.
        """
        ...

    def look_up(self, batch: OutgoingBatch) -> LookupResult:
        """Ask what the provider has of an attempt. Hands nothing over; raises as little."""
        ...

    def close(self) -> None:
        """Close connections that no call uses."""
        ...


class Webhook(Protocol):
    """A provider's posts to us."""

    def read(self, headers: Mapping[str, str], body: bytes, now: datetime) -> tuple[Event, ...]:
        """Return the events in a post. ``headers`` have names in lower case.

        Raises Forged for an unsigned or old post, and for nothing else: a signed post that cannot
        be understood is an event of kind OTHER.
        """
        ...


class Links(Protocol):
    """Signed words in links."""

    def unsubscribe_tokens(self, campaign_id: int, subscriber_ids: Sequence[int]) -> list[str]:
        """One token each, of ``[A-Za-z0-9_-]`` and of one length, always the same for the same."""
        ...

    def read_unsubscribe(self, token: str) -> tuple[int, int] | None:
        """(campaign id, subscriber id) if we signed it, else None."""
        ...

    def email_token(self, email_id: int) -> str:
        """The word in the link of an email, of ``[A-Za-z0-9_-]``."""
        ...

    def read_email(self, token: str) -> int | None:
        """The email's id if we signed it, else None."""
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


class Feed(Protocol):
    """A source of statements that is visited over the network."""

    @property
    def name(self) -> str: ...

    @property
    def address(self) -> str: ...

    @property
    def every(self) -> timedelta:
        """The interval between visits."""
        ...

    def fetch(self, bookmark: str) -> FetchedFeed:
        """Visit the feed once. Raises FeedUnreadable for any error of the network or the feed."""
        ...

    def compose(self, items: Sequence[Item]) -> Sequence[ExtractedStatement | InvalidInput]:
        """Extract a statement from each item, or return why there is none.

        Raises FeedUnreadable if that cannot be done now.
        """
        ...
