"""What readers decide about themselves, as it is kept."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from newsletter.domain.subscribers.preference import Preferences


class Choices(Protocol):
    """What readers choose: each of it stands once the transaction is committed."""

    def of(self, subscriber_id: int) -> Preferences | None:
        """What the person chose; None where nobody has this number any more."""
        ...

    def depart(self, links: Sequence[tuple[int, int]], at: datetime) -> list[tuple[int, int]]:
        """End what the links of mails speak of, each a campaign's id and a subscriber's.

        That is the subscriptions to the campaign's lists; all of them, where nobody knows its
        lists any more. Returns the links of whom these books do not know.
        """
        ...

    def depart_from_all(self, campaign_id: int, subscriber_id: int, at: datetime) -> None:
        """End all subscriptions, as the link that came with a campaign asks."""
        ...

    def describe(self, subscriber_id: int, *, name: str, language: str, timezone: str) -> None:
        """Write down what the person said of themselves."""
        ...

    def join(self, subscriber_id: int, lists: Collection[str], at: datetime) -> frozenset[str]:
        """Confirm subscriptions, those that had ended too; returns where there was none before."""
        ...

    def leave(self, subscriber_id: int, lists: Collection[str], at: datetime) -> frozenset[str]:
        """End subscriptions; returns where there was one."""
        ...

    def pause(self, subscriber_id: int, until: datetime | None) -> None:
        """Send nothing until then; None ends a pause."""
        ...

    def any_over(self, at: datetime) -> bool:
        """Whether a pause is over by then."""
        ...

    def resume(self, at: datetime) -> int:
        """End every pause that is over by then; returns how many."""
        ...


class Dossiers(Protocol):
    """All that is kept of one person, for whoever asks what that is."""

    def of(self, subscriber_id: int) -> Mapping[str, object]:
        """In words, numbers, lists and mappings, as JSON has them; times in ISO, UTC.

        What is left out are keyed hashes, which say nothing to anybody.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Trace:
    """One place that quotes an address."""

    kind: str
    key: tuple[str | int, ...]


class Traces(Protocol):
    """Where providers quote an address. To look for it takes long, and holds nobody up."""

    def of(self, address: str) -> list[Trace]:
        """Places that hold it, in large or small letters, and as JSON or a link writes it."""
        ...

    def left(self) -> bool:
        """Whether somebody was erased and ``Store.scrub`` was not done since."""
        ...

    def erase(self, traces: Sequence[Trace]) -> None:
        """Delete what was told, and empty the reasons."""
        ...
