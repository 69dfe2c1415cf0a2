"""The items of a feed, and the decision which of them become statements."""

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
"""The maximum of new items in one visit. More of them mean that the feed moved or was rebuilt."""
_FIRST_RETRY = timedelta(minutes=1)
_LATE = timedelta(hours=1)
_MAX_WAIT = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Item:
    """An item of a feed, as the feed has it."""

    id: str
    """The item's id in the feed; else its link; else a hash of its title and date."""
    title: str = ""
    """Plain text on one line."""
    link: str = ""
    published: datetime | None = None
    content: str = ""
    markup: bool = True
    """``content`` is HTML; otherwise it is plain text."""
    whole: bool = True
    """``content`` is the full text, not a summary."""
    summary: str = ""
    """Plain text on one line."""
    language: str = ""
    base: str = ""
    """The base URL of relative links in ``content``."""

    def fingerprint(self) -> str:
        """Return a hash that changes whenever readers would get something else."""
        at = self.published.isoformat() if self.published else ""
        parts = [self.title, self.link, at, self.content, self.summary, self.language]
        packed = json.dumps([*parts, self.markup, self.whole])
        return hashlib.sha256(packed.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, kw_only=True)
class ExtractedStatement:
    """The parts of a statement that were extracted from an item."""

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
    """It was there at the first visit, or is older: it never becomes a statement."""
    TAKEN = "taken"
    """It became a statement."""
    UNUSABLE = "unusable"
    """No statement can be made of it as it is; it is tried again when it changes."""


@dataclass(frozen=True, kw_only=True)
class KnownItem:
    """An item as the last visit found it."""

    number: int = 0
    """The number within the workspace; 0 until it is stored."""
    id: str
    link: str
    title: str
    published: datetime | None
    state: ItemState
    fingerprint: str
    slug: str = ""
    """The slug of its statement, if there is one."""
    composed: ExtractedStatement | None = None
    """The extracted text; None if there is none, if it is unchanged or was not extracted."""


@dataclass(frozen=True, kw_only=True)
class FeedRecord:
    """The state of a feed between visits."""

    address: str = ""
    """The URL of the last visit. At another URL all items count as old."""
    first_at: datetime | None = None
    """The first visit that returned items; older items are never taken."""
    visited_at: datetime | None = None
    succeeded_at: datetime | None = None
    next_at: datetime | None = None
    bookmark: str = ""
    """An opaque value of the feed reader, for asking only for new items."""
    failures: int = 0
    """The number of failed visits in a row."""
    failure: str = ""
    remark: str = ""
    """A note about the last successful visit, for a person."""
    revision: int = 0
    """A number that grows with each visit."""


@dataclass(frozen=True, kw_only=True)
class ClassifiedItems:
    """The items of one visit, by what happens to each."""

    fresh: tuple[Item, ...] = ()
    """New items that become statements."""
    old: tuple[Item, ...] = ()
    """New items that are skipped because they are old."""
    known: tuple[tuple[KnownItem, Item], ...] = ()
    """Known items that changed, or that have another id now."""
    remark: str = ""


def classify(
    items: Sequence[Item], known: Iterable[KnownItem], *, record: FeedRecord
) -> ClassifiedItems:
    """Decide about all items that the feed lists."""
    items_by_key: dict[str, Item] = {}
    for item in items:
        # of two with one id the newest, which a feed lists first
        items_by_key.setdefault(item.id, item)
    by_id = {item.id: item for item in known}
    matches, unmatched = _match_known_items(items_by_key, by_id)
    changed = tuple(
        (before, item)
        for before, item in matches
        if before.id != item.id
        or (before.state is not ItemState.PASSED and before.fingerprint != item.fingerprint())
    )
    # if no item of a feed is known any more, the feed was moved or filled again; one item may be
    # news
    is_rebuilt = len(items_by_key) > 1 and bool(by_id) and len(unmatched) == len(items_by_key)
    fresh, old, remark = _split_unknown(unmatched, record, is_rebuilt=is_rebuilt)
    doubles = len(items) - len(items_by_key)
    doubled = [f"{doubles} of its items have the id of another and do not count"] if doubles else []
    remarks = "; ".join([*doubled, *([remark] if remark else [])])
    return ClassifiedItems(fresh=tuple(fresh), old=tuple(old), known=changed, remark=remarks)


def _split_unknown(
    items: Sequence[Item], record: FeedRecord, *, is_rebuilt: bool
) -> tuple[list[Item], list[Item], str]:
    """Return the unknown items to take, those to skip, and a note."""
    if record.first_at is None:
        return [], list(items), ""
    bound = (record.succeeded_at if is_rebuilt else None) or record.first_at
    old_items = [item for item in items if _is_old(item, bound, undated=is_rebuilt)]
    fresh = [item for item in items if not _is_old(item, bound, undated=is_rebuilt)]
    if len(fresh) > MAX_NEW_ITEMS:
        return [], list(items), f"{len(fresh)} new items at once are no news: none was taken"
    if is_rebuilt and old_items:
        return fresh, old_items, "none of its items was known: what may be old was passed over"
    return fresh, old_items, ""


def _match_known_items(
    items_by_key: Mapping[str, Item], by_id: Mapping[str, KnownItem]
) -> tuple[list[tuple[KnownItem, Item]], list[Item]]:
    """Return each known item with its listed item, and the listed items that are unknown.

    A listed item with another id is a known one if its known id is not listed any more, and if its
    link, or its title and date, belong to exactly one item on either side.
    """
    matches = [(by_id[key], item) for key, item in items_by_key.items() if key in by_id]
    unmatched = {key: item for key, item in items_by_key.items() if key not in by_id}
    absent = {key: one for key, one in by_id.items() if key not in items_by_key}
    for mark in (_link_key, _title_key):
        items, knowns = _unique(unmatched.values(), mark), _unique(absent.values(), mark)
        for key in items.keys() & knowns.keys():
            matches.append((knowns[key], items[key]))
            del unmatched[items[key].id], absent[knowns[key].id]
    return matches, list(unmatched.values())


Listed = TypeVar("Listed", Item, KnownItem)


def _unique(
    items: Iterable[Listed], key_of: Callable[[Item | KnownItem], str]
) -> dict[str, Listed]:
    found: dict[str, list[Listed]] = {}
    for item in items:
        found.setdefault(key_of(item), []).append(item)
    return {key: same[0] for key, same in found.items() if key and len(same) == 1}


def _link_key(item: Item | KnownItem) -> str:
    """Return the link if it identifies a page; the front page of a site identifies no item."""
    try:
        parts = urlsplit(item.link)
    except ValueError:
        return ""
    page = parts.path.strip("/")
    return f"{parts.netloc}/{page}?{parts.query}" if page or parts.query else ""


def _title_key(item: Item | KnownItem) -> str:
    at = item.published.isoformat() if item.published else ""
    return f"{item.title.casefold()} {at}" if item.title else ""


def _is_old(item: Item, bound: datetime, *, undated: bool) -> bool:
    return undated if item.published is None else item.published < bound


def next_visit(
    now: datetime, *, every: timedelta, failures: int, retry_after: timedelta | None, share: float
) -> datetime:
    """Return the time of the next visit after this many failures in a row.

    ``retry_after`` is what a server asked for. ``share`` (0 to 1) spreads the visits of many
    workspaces over a tenth of the interval.
    """
    wait = every
    if failures:
        # failures have no end, and a timedelta has
        doubled = _FIRST_RETRY * 2 ** min(failures - 1, 20)
        wait = max(min(doubled, max(every, _LATE)), min(retry_after or _FIRST_RETRY, _MAX_WAIT))
    return now + wait * (1 + share / 10)


class FeedUnreadable(NewsletterError):
    """The feed could not be read. The message says why and what to do, without a time."""

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
