"""The items of a feed. New items become statements."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date as calendar_date
from datetime import datetime, timedelta
from enum import Enum
from typing import TypeVar
from urllib.parse import urlsplit

from newsletter.domain.errors import NewsletterError

MAX_NEW_ITEMS = 50
"""The maximum number of new items in one visit. More mean that the feed was moved or rebuilt."""
_FIRST_RETRY = timedelta(minutes=1)
_LATE = timedelta(hours=1)
_MAX_WAIT = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Item:
    """An item of a feed."""

    id: str
    """The item's id in the feed; else its link; else a hash of its title and date."""
    title: str = ""
    """Plain text on one line."""
    link: str = ""
    published: datetime | None = None
    content: str = ""
    markup: bool = True
    """``content`` is HTML; otherwise it is plain text."""
    is_full: bool = True
    """``content`` is the full text, not a summary."""
    summary: str = ""
    """Plain text on one line."""
    language: str = ""
    base: str = ""
    """The base URL of relative links in ``content``."""

    def fingerprint(self) -> str:
        """Return a hash of all that readers would get."""
        at = self.published.isoformat() if self.published else ""
        parts = [self.title, self.link, at, self.content, self.summary, self.language]
        packed = json.dumps([*parts, self.markup, self.is_full])
        return hashlib.sha256(packed.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, kw_only=True)
class ExtractedStatement:
    """The parts of a statement, extracted from an item."""

    title: str
    body: str
    """Markdown."""
    summary: str = ""
    date: calendar_date | None = None
    language: str = ""
    """Empty if the feed names no language."""
    link: str = ""
    notes: tuple[str, ...] = ()
    """Parts that were left out or guessed, each in a sentence."""


class ItemState(Enum):
    """The state of an item of a feed."""

    PASSED = "passed over"
    """The item is as old as the first visit, or older: it never becomes a statement."""
    TAKEN = "taken"
    """The item became a statement."""
    UNUSABLE = "unusable"
    """No statement can be made of the item. It is tried again if it changes."""


@dataclass(frozen=True, kw_only=True)
class KnownItem:
    """A stored item of a feed."""

    number: int = 0
    """The number within the workspace; 0 until it is stored."""
    id: str
    link: str
    title: str
    published: datetime | None
    state: ItemState
    fingerprint: str
    slug: str = ""
    """The slug of the item's statement, if there is one."""
    composed: ExtractedStatement | None = None
    """The extracted text. None if it did not change, or cannot be or was not extracted."""


@dataclass(frozen=True, kw_only=True)
class FeedRecord:
    """The state of a feed between visits."""

    address: str = ""
    """The URL of the last visit. After a change of URL all items count as old."""
    first_at: datetime | None = None
    """The first visit that returned items. Older items are never taken."""
    visited_at: datetime | None = None
    succeeded_at: datetime | None = None
    next_at: datetime | None = None
    bookmark: str = ""
    """A value with which the feed reader asks only for new items."""
    failures: int = 0
    """The number of failed visits in a row."""
    failure: str = ""
    remark: str = ""
    """A note about the last successful visit, for a person."""
    revision: int = 0
    """A number that grows with each visit."""


@dataclass(frozen=True, kw_only=True)
class ClassifiedItems:
    """The items of one visit that must be stored."""

    fresh: tuple[Item, ...] = ()
    """Unknown items that become statements."""
    old: tuple[Item, ...] = ()
    """Unknown items that are skipped, as they are old."""
    known: tuple[tuple[KnownItem, Item], ...] = ()
    """Known items that changed or have a new id: as stored, and as listed now."""
    remark: str = ""


def classify(
    items: Sequence[Item], known: Iterable[KnownItem], *, record: FeedRecord
) -> ClassifiedItems:
    """Return what to store of the items that a feed lists, the newest first."""
    items_by_key: dict[str, Item] = {}
    for item in items:  # of two items with one id, the newest counts
        items_by_key.setdefault(item.id, item)
    by_id = {item.id: item for item in known}
    matches, unmatched = _match_known_items(items_by_key, by_id)
    changed = tuple(
        (before, item)
        for before, item in matches
        if before.id != item.id
        or (before.state is not ItemState.PASSED and before.fingerprint != item.fingerprint())
    )
    # several items and none of them known: the feed was moved or rebuilt; a single one may be news
    is_rebuilt = len(items_by_key) > 1 and bool(by_id) and len(unmatched) == len(items_by_key)
    fresh, old, remark = _split_unknown(unmatched, record, is_rebuilt=is_rebuilt)
    doubles = len(items) - len(items_by_key)
    if doubles:
        doubled = f"{doubles} of its items have the id of another and do not count"
        remark = f"{doubled}; {remark}" if remark else doubled
    return ClassifiedItems(fresh=tuple(fresh), old=tuple(old), known=changed, remark=remark)


def _split_unknown(
    items: Sequence[Item], record: FeedRecord, *, is_rebuilt: bool
) -> tuple[list[Item], list[Item], str]:
    """Return the new items to take, the old items to skip, and a remark or "".

    An item without a date counts as old only if the feed was rebuilt.
    """
    if record.first_at is None:
        return [], list(items), ""
    bound = (record.succeeded_at if is_rebuilt else None) or record.first_at
    old_items: list[Item] = []
    fresh: list[Item] = []
    for item in items:
        is_old = is_rebuilt if item.published is None else item.published < bound
        (old_items if is_old else fresh).append(item)
    if len(fresh) > MAX_NEW_ITEMS:
        return [], list(items), f"{len(fresh)} new items at once are no news: none was taken"
    if is_rebuilt and old_items:
        return fresh, old_items, "none of its items was known: what may be old was passed over"
    return fresh, old_items, ""


def _match_known_items(
    items_by_key: Mapping[str, Item], by_id: Mapping[str, KnownItem]
) -> tuple[list[tuple[KnownItem, Item]], list[Item]]:
    """Return pairs of a known and a listed item, and the listed items that are unknown.

    An item whose id has changed is recognised by its link, else by its title and date, if no other
    item of the feed has the same.
    """
    matches = [(by_id[key], item) for key, item in items_by_key.items() if key in by_id]
    unmatched = {key: item for key, item in items_by_key.items() if key not in by_id}
    absent = {key: one for key, one in by_id.items() if key not in items_by_key}
    for key_of in (_link_key, _title_key):
        items, knowns = _unique(unmatched.values(), key_of), _unique(absent.values(), key_of)
        for key in items.keys() & knowns.keys():
            matches.append((knowns[key], items[key]))
            del unmatched[items[key].id], absent[knowns[key].id]
    return matches, list(unmatched.values())


Listed = TypeVar("Listed", Item, KnownItem)


def _unique(
    items: Iterable[Listed], key_of: Callable[[Item | KnownItem], str]
) -> dict[str, Listed]:
    """Return the items whose key no other item has, by key."""
    items_of_key: dict[str, list[Listed]] = {}
    for item in items:
        items_of_key.setdefault(key_of(item), []).append(item)
    return {key: same[0] for key, same in items_of_key.items() if key and len(same) == 1}


def _link_key(item: Item | KnownItem) -> str:
    """Return a key of the link, or "" for the front page of a site, which identifies no item."""
    try:
        parts = urlsplit(item.link)
    except ValueError:
        return ""
    page = parts.path.strip("/")
    return f"{parts.netloc}/{page}?{parts.query}" if page or parts.query else ""


def _title_key(item: Item | KnownItem) -> str:
    at = item.published.isoformat() if item.published else ""
    return f"{item.title.casefold()} {at}" if item.title else ""


def next_visit(
    now: datetime, *, every: timedelta, failures: int, retry_after: timedelta | None, share: float
) -> datetime:
    """Return the time of the next visit after this many failures in a row.

    ``retry_after`` is the wait that the server asked for. ``share``, from 0 to 1, spreads the
    visits of many workspaces over a tenth of the wait.
    """
    wait = every
    if failures:
        # a higher power would overflow a timedelta
        doubled = _FIRST_RETRY * 2 ** min(failures - 1, 20)
        wait = max(min(doubled, max(every, _LATE)), min(retry_after or _FIRST_RETRY, _MAX_WAIT))
    return now + wait * (1 + share / 10)


class FeedUnreadable(NewsletterError):
    """The feed could not be read. The message says why, and what to do."""

    def __init__(self, message: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


@dataclass(frozen=True, kw_only=True)
class FetchedFeed:
    """The result of one visit to a feed."""

    items: tuple[Item, ...] = ()
    """The items, the newest first."""
    bookmark: str = ""
    """The value to pass to the next visit."""
    unchanged: bool = False
    """The feed has not changed since the bookmark; ``items`` is empty."""
    remark: str = ""
