"""Interfaces to sources, providers, feeds and the renderer. Each has several implementations."""

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
        """Read all statements. Faults in their texts are returned, not raised."""
        ...


class Renderer(Protocol):
    """A renderer that turns a statement into content."""

    @property
    def fingerprint(self) -> str:
        """Return a value that changes whenever a statement could be rendered into other content."""
        ...

    def prepare(self) -> None:
        """Prepare to render. Raises InvalidInput for a fault that affects every statement."""
        ...

    def render(
        self, statement: Statement, translations: Sequence[Statement] = (), *, test: bool = False
    ) -> Content:
        """Render a statement, with translations in the same content.

        The same statements give the same content. ``test`` marks a test mail. Raises InvalidInput.
        """
        ...


class Provider(Protocol):
    """An external service that sends email."""

    @property
    def name(self) -> str: ...

    @property
    def capabilities(self) -> Capabilities: ...

    def prepare(self, batch: OutgoingBatch) -> PreparedRequest:
        """Build the request: the same bytes for equal batches. Raises InvalidInput."""
        ...

    def hand_over(self, prepared: PreparedRequest) -> Answer:
        """Make the call. Never raise for an error of the network or the provider.

        Return LATE if the claim is over or would be before the call must begin.
        """
        ...

    def look_up(self, batch: OutgoingBatch) -> LookupResult:
        """Search the provider's records for an attempt. Like ``hand_over``, it does not raise."""
        ...

    def close(self) -> None:
        """Close all connections that no call uses."""
        ...


class Webhook(Protocol):
    """The parser of the webhook posts of a provider."""

    def read(self, headers: Mapping[str, str], body: bytes, now: datetime) -> tuple[Event, ...]:
        """Return the events in a post.

        ``headers`` have names in lower case. Raises Forged for an unsigned or old post, and for
        nothing else: a signed post that cannot be parsed is an event of kind OTHER.
        """
        ...


class Links(Protocol):
    """Signs and verifies the tokens in links."""

    def unsubscribe_tokens(self, campaign_id: int, subscriber_ids: Sequence[int]) -> list[str]:
        """Return a token for each subscriber: ``[A-Za-z0-9_-]``, one length, deterministic."""
        ...

    def read_unsubscribe(self, token: str) -> tuple[int, int] | None:
        """Return (campaign id, subscriber id) if the signature is valid, else None."""
        ...

    def email_token(self, email_id: int) -> str:
        """Return the token for the link of an email, of ``[A-Za-z0-9_-]``."""
        ...

    def read_email(self, token: str) -> int | None:
        """Return the email's id if the signature is valid, else None."""
        ...

    def preferences_token(self, subscriber_id: int, at: datetime) -> str:
        """Return the token of a link to preferences; it contains ``at`` to the minute."""
        ...

    def read_preferences(self, token: str) -> tuple[int, datetime] | None:
        """Return (subscriber id, time of signing) if the signature is valid, else None."""
        ...

    def message_ids(self, campaign_id: int, subscriber_ids: Sequence[int]) -> list[str]:
        """Return the local part of Message-ID for each delivery; deterministic."""
        ...


class Feed(Protocol):
    """A source of statements that is visited over the network."""

    @property
    def name(self) -> str: ...

    @property
    def address(self) -> str: ...

    @property
    def every(self) -> timedelta:
        """Return the interval between visits."""
        ...

    def fetch(self, bookmark: str) -> FetchedFeed:
        """Visit the feed once. Raises FeedUnreadable for any error of the network or the feed."""
        ...

    def compose(self, items: Sequence[Item]) -> Sequence[ExtractedStatement | InvalidInput]:
        """Extract a statement from each item, or return why there is none.

        Raises FeedUnreadable if that cannot be done now.
        """
        ...
