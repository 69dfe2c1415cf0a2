"""What reading the answer of a feed gives, who reads it, and how both are said in JSON."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Protocol

from newsletter.documents.release.imported import unusable
from newsletter.domain.errors import InvalidInput
from newsletter.domain.statements.feed import ExtractedStatement, FeedUnreadable, Item
from newsletter.sources.feeds.fetching import Page

Text = ExtractedStatement | InvalidInput
"""What was made of an item, or why nothing was."""


@dataclass(frozen=True, kw_only=True)
class Listed:
    """What one answer of a feed lists."""

    items: tuple[Item, ...] = ()
    remark: str = ""
    """What a person should know of it."""
    count: int = 0
    """Entries that there are, also those that are no items."""
    latest: datetime | None = None
    """When the last of its entries was changed, where it says so."""


class Reader(Protocol):
    """Reads what strangers wrote. Each raises FeedUnreadable where it cannot."""

    def feed(self, page: Page) -> Listed:
        """RSS, Atom or JSON Feed, whichever is there."""
        ...

    def posts(self, page: Page, site: str) -> Listed:
        """A page of WordPress posts."""
        ...

    def category(self, page: Page) -> int | None:
        """The number of the one category that WordPress found."""
        ...

    def compose(self, items: Sequence[Item], *, zone: str, now: datetime) -> list[Text]:
        """A statement's text of each item."""
        ...


@contextmanager
def whatever_it_holds() -> Iterator[None]:
    """A feed is of strangers' making: what nobody foresaw in it must not stop all sending."""
    try:
        yield
    except FeedUnreadable:
        raise
    except Exception as error:
        what = f"it holds something that this program stumbles over ({type(error).__name__})"
        raise FeedUnreadable(f"{what}; please report it with its url") from error


def plain_item(item: Item) -> dict[str, Any]:
    """An item as JSON can say it."""
    return asdict(item) | {"published": _plain_time(item.published)}


def item_of(said: Mapping[str, Any]) -> Item:
    """The item that was said so."""
    return Item(**{**said, "published": _time(said["published"])})


def plain_listed(listed: Listed) -> dict[str, Any]:
    """The answer of a feed as JSON can say it."""
    return {
        "items": [plain_item(item) for item in listed.items],
        "remark": listed.remark,
        "count": listed.count,
        "latest": _plain_time(listed.latest),
    }


def listed_of(said: Mapping[str, Any]) -> Listed:
    """The answer that was said so."""
    items = tuple(item_of(item) for item in said["items"])
    return Listed(**{**said, "items": items, "latest": _time(said["latest"])})


def plain_text(text: Text) -> dict[str, Any]:
    """What was made of an item as JSON can say it."""
    if isinstance(text, InvalidInput):
        return {"unusable": [[fault.file, fault.message] for fault in text.faults]}
    return {"text": asdict(text) | {"date": text.date.isoformat() if text.date else None}}


def text_of(said: Mapping[str, Any]) -> Text:
    """What was said so to be made of an item."""
    if "unusable" in said:
        [[file, message]] = said["unusable"]
        return unusable(file, message)
    text = said["text"]
    made = date.fromisoformat(text["date"]) if text["date"] else None
    return ExtractedStatement(**{**text, "date": made, "notes": tuple(text["notes"])})


def _plain_time(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
