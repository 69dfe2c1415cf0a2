"""Interfaces to sources and providers. Each has several implementations."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from newsletter.domain.delivery.batch import Answer, OutgoingBatch
from newsletter.domain.delivery.provider import Capabilities, LookupResult, PreparedRequest
from newsletter.domain.events import Event
from newsletter.domain.statements.statement import Reading


class Source(Protocol):
    """A source of statements."""

    def read(self) -> Reading:
        """Read all statements. Faults in their texts are returned, not raised."""


class Provider(Protocol):
    """An email provider."""

    @property
    def name(self) -> str: ...

    @property
    def capabilities(self) -> Capabilities: ...

    def prepare(self, batch: OutgoingBatch) -> PreparedRequest:
        """Return the request. Equal batches give the same bytes. Raises InvalidInput."""

    def send(self, prepared: PreparedRequest) -> Answer:
        """Make the call. An error of the network or the provider is an outcome, never raised.

        The outcome is LATE if the claim ends before the call can begin.
        """

    def look_up(self, batch: OutgoingBatch) -> LookupResult:
        """Search the provider's records for an attempt. Errors are in the result, never raised."""

    def close(self) -> None:
        """Close all connections that no call uses."""


class Webhook(Protocol):
    """The parser of a provider's webhook posts."""

    def read(self, headers: Mapping[str, str], body: bytes, now: datetime) -> tuple[Event, ...]:
        """Return the events in a post.

        ``headers`` have names in lower case. Raises Forged for an unsigned or old post, and for
        nothing else: a signed post that cannot be parsed is an event of kind OTHER.
        """
