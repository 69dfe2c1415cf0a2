"""Interfaces to sources and providers. Each has several implementations."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from newsletter.domain.delivery.batch import Answer, OutgoingBatch
    from newsletter.domain.delivery.provider import Capabilities, LookupResult, PreparedRequest
    from newsletter.domain.events import Event
    from newsletter.domain.statements.statement import Reading


class Source(Protocol):
    """A source of statements."""

    def read(self) -> Reading:
        """Read all statements. Faults in their texts are returned, not raised."""
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
