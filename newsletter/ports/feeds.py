"""Sources that are visited over the network, and what is remembered of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from newsletter.domain.errors import InvalidInput, NewsletterError

if TYPE_CHECKING:
    from newsletter.domain.statements.feed import Composed, FeedRecord, Item, KnownItem


class FeedUnreadable(NewsletterError):
    """A feed could not be read. The message says why and what to do; it names no moment."""

    def __init__(self, message: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """What one visit to a feed brought."""

    items: tuple[Item, ...] = ()
    """The newest first."""
    bookmark: str = ""
    """To be handed in at the next visit."""
    unchanged: bool = False
    """Nothing is new since the bookmark: ``items`` is empty for that reason."""
    complete: bool = True
    """``items`` is all that the feed lists, not only what changed since the bookmark."""
    remark: str = ""


class Feed(Protocol):
    """A source of statements that is visited over the network."""

    @property
    def name(self) -> str: ...

    @property
    def address(self) -> str:
        """Where it is, and which part of it is meant."""
        ...

    @property
    def every(self) -> timedelta:
        """How often to visit it."""
        ...

    @property
    def trusted(self) -> bool:
        """What is new in it counts as approved."""
        ...

    def fetch(self, bookmark: str, wanted: Sequence[str] = ()) -> Fetched:
        """Visit it once. ``wanted`` are ids to bring even where they are old.

        Raises FeedUnreadable for all that the network or the feed does.
        """
        ...

    def compose(self, items: Sequence[Item]) -> Sequence[Composed | InvalidInput]:
        """Make a statement's text of each item, or say why there is none.

        Raises FeedUnreadable where that cannot be done just now.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class FeedCounts:
    """How many items of a feed are known, and of how many a statement was made."""

    seen: int = 0
    taken: int = 0
    unusable: int = 0


@dataclass(frozen=True, kw_only=True)
class TakenItem:
    """An item of which a statement was made."""

    known: KnownItem
    composed: Composed


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What is written down of one visit."""

    record: FeedRecord
    items: Sequence[KnownItem] = ()
    """New where their number is 0; else they replace what is stored under it."""
    composed: Mapping[str, Composed] = field(default_factory=dict)
    """By slug, of those that are new or changed."""


class Feeds(Protocol):
    """What is remembered of each feed and its items, by the feed's name."""

    def record(self, feed: str) -> FeedRecord:
        """An empty one where it was never visited."""
        ...

    def items(self, feed: str) -> list[KnownItem]:
        """All that are known, in the order in which they were first seen."""
        ...

    def taken(self, feed: str) -> list[TakenItem]: ...

    def counts(self, feed: str) -> FeedCounts: ...

    def slugs(self) -> set[str]:
        """Those of all items of all feeds."""
        ...

    def put(self, feed: str, findings: Findings, at: datetime) -> None: ...
