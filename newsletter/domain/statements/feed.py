"""The items of a feed, and which of them become statements."""

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

MOST_AT_ONCE = 50
"""The most new items of one visit. More of them mean that the site moved or was filled again."""
_FIRST_RETRY = timedelta(minutes=1)
_LATE = timedelta(hours=1)
_MAX_WAIT = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Item:
    """One entry of a feed, as the feed has it."""

    id: str
    """The feed's id; else its link; else made of its title and date."""
    title: str = ""
    """In plain words, on one line."""
    link: str = ""
    published: datetime | None = None
    content: str = ""
    markup: bool = True
    """``content`` is HTML; else plain words."""
    whole: bool = True
    """``content`` is the text itself and no summary of it."""
    summary: str = ""
    """In plain words, on one line."""
    language: str = ""
    base: str = ""
    """The address that relative links in ``content`` count from."""

    def fingerprint(self) -> str:
        """Changes whenever readers would get something else."""
        at = self.published.isoformat() if self.published else ""
        parts = [self.title, self.link, at, self.content, self.summary, self.language]
        packed = json.dumps([*parts, self.markup, self.whole])
        return hashlib.sha256(packed.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, kw_only=True)
class ExtractedStatement:
    """The parts of a statement that an item decides."""

    title: str
    body: str
    """Markdown."""
    summary: str = ""
    date: calendar_date | None = None
    language: str = ""
    """Empty where the feed names none."""
    link: str = ""
    notes: tuple[str, ...] = ()
    """Parts that were left out or guessed, each in a sentence."""


class ItemState(Enum):
    """The state of an item of a feed."""

    PASSED = "passed over"
    """It was there at the first visit, or is older: never taken."""
    TAKEN = "taken"
    """A statement was made of it."""
    UNUSABLE = "unusable"
    """No statement can be made of it as it is; it is taken when that changes."""


@dataclass(frozen=True, kw_only=True)
class KnownItem:
    """An item as it was last seen."""

    number: int = 0
    """Within the workspace; 0 until it is stored."""
    id: str
    link: str
    title: str
    published: datetime | None
    state: ItemState
    fingerprint: str
    slug: str = ""
    """The slug of its statement, if there is one."""
    composed: ExtractedStatement | None = None
    """The text of its statement; None if there is none, it stays as it is, or was not asked for."""


@dataclass(frozen=True, kw_only=True)
class FeedRecord:
    """The state of a feed between visits."""

    address: str = ""
    """The address of the last visit. At another address all items count as old."""
    first_at: datetime | None = None
    """The first visit that returned items; older items are never taken."""
    visited_at: datetime | None = None
    succeeded_at: datetime | None = None
    next_at: datetime | None = None
    bookmark: str = ""
    """The feed reader's own note for asking only for new items."""
    failures: int = 0
    """Visits in vain, one after the other."""
    failure: str = ""
    remark: str = ""
    """A finding of the last successful visit, for a person."""
    revision: int = 0
    """Grows with each visit."""


@dataclass(frozen=True, kw_only=True)
class ClassifiedItems:
    """The items of one visit, by what happens with each."""

    fresh: tuple[Item, ...] = ()
    """To be taken."""
    old: tuple[Item, ...] = ()
    """New to us, and passed over."""
    known: tuple[tuple[KnownItem, Item], ...] = ()
    """Seen before: changed, or under another id now."""
    remark: str = ""


def classify(
    items: Sequence[Item], known: Iterable[KnownItem], *, record: FeedRecord
) -> ClassifiedItems:
    """Decide about all items that the feed lists."""
    listed: dict[str, Item] = {}
    for item in items:
        # of two with one id the newest, which a feed lists first
        listed.setdefault(item.id, item)
    by_id = {item.id: item for item in known}
    met, strangers = _match_known_items(listed, by_id)
    changed = tuple(
        (before, item)
        for before, item in met
        if before.id != item.id
        or (before.state is not ItemState.PASSED and before.fingerprint != item.fingerprint())
    )
    # if no item of a feed is known any more, the feed was moved or filled again; one item may be
    # news
    renewed = len(listed) > 1 and bool(by_id) and len(strangers) == len(listed)
    fresh, old, remark = _parted(strangers, record, renewed=renewed)
    doubles = len(items) - len(listed)
    doubled = [f"{doubles} of its items have the id of another and do not count"] if doubles else []
    remarks = "; ".join([*doubled, *([remark] if remark else [])])
    return ClassifiedItems(fresh=tuple(fresh), old=tuple(old), known=changed, remark=remarks)


def _parted(
    strangers: Sequence[Item], record: FeedRecord, *, renewed: bool
) -> tuple[list[Item], list[Item], str]:
    """Return the unknown items to take, those to skip, and a finding."""
    if record.first_at is None:
        return [], list(strangers), ""
    bound = (record.succeeded_at if renewed else None) or record.first_at
    old = [stranger for stranger in strangers if _is_old(stranger, bound, undated=renewed)]
    fresh = [stranger for stranger in strangers if not _is_old(stranger, bound, undated=renewed)]
    if len(fresh) > MOST_AT_ONCE:
        return [], list(strangers), f"{len(fresh)} new items at once are no news: none was taken"
    if renewed and old:
        return fresh, old, "none of its items was known: what may be old was passed over"
    return fresh, old, ""


def _match_known_items(
    listed: Mapping[str, Item], by_id: Mapping[str, KnownItem]
) -> tuple[list[tuple[KnownItem, Item]], list[Item]]:
    """Return each known item with the listed one, and the listed items that are new.

    An item under another id is a known one if nothing else can be: the id that we know is not
    listed any more, and its link, or its title and date, lead to one item on either side.
    """
    met = [(by_id[key], item) for key, item in listed.items() if key in by_id]
    strangers = {key: item for key, item in listed.items() if key not in by_id}
    absent = {key: one for key, one in by_id.items() if key not in listed}
    for mark in (_link_key, _title_key):
        theirs, ours = _unique(strangers.values(), mark), _unique(absent.values(), mark)
        for key in theirs.keys() & ours.keys():
            met.append((ours[key], theirs[key]))
            del strangers[theirs[key].id], absent[ours[key].id]
    return met, list(strangers.values())


Listed = TypeVar("Listed", Item, KnownItem)


def _unique(items: Iterable[Listed], mark: Callable[[Item | KnownItem], str]) -> dict[str, Listed]:
    found: dict[str, list[Listed]] = {}
    for item in items:
        found.setdefault(mark(item), []).append(item)
    return {key: same[0] for key, same in found.items() if key and len(same) == 1}


def _link_key(one: Item | KnownItem) -> str:
    """Return a link that identifies a page. The front page of a site identifies none."""
    try:
        parts = urlsplit(one.link)
    except ValueError:
        return ""
    page = parts.path.strip("/")
    return f"{parts.netloc}/{page}?{parts.query}" if page or parts.query else ""


def _title_key(one: Item | KnownItem) -> str:
    at = one.published.isoformat() if one.published else ""
    return f"{one.title.casefold()} {at}" if one.title else ""


def _is_old(item: Item, bound: datetime, *, undated: bool) -> bool:
    return undated if item.published is None else item.published < bound


def next_visit(
    now: datetime, *, every: timedelta, failures: int, asked: timedelta | None, share: float
) -> datetime:
    """Return the time of the next visit after so many failures in a row.

    ``asked`` is a server's Retry-After. ``share`` (0 to 1) spreads the visits of many workspaces
    over a tenth of the interval.
    """
    wait = every
    if failures:
        # failures have no end, and a timedelta has
        doubled = _FIRST_RETRY * 2 ** min(failures - 1, 20)
        wait = max(min(doubled, max(every, _LATE)), min(asked or _FIRST_RETRY, _MAX_WAIT))
    return now + wait * (1 + share / 10)


class FeedUnreadable(NewsletterError):
    """A feed could not be read. The message says why and what to do; it names no moment."""

    def __init__(self, message: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


@dataclass(frozen=True, kw_only=True)
class FetchedFeed:
    """The result of one visit to a feed."""

    items: tuple[Item, ...] = ()
    """The newest first."""
    bookmark: str = ""
    """To be handed in at the next visit."""
    unchanged: bool = False
    """Nothing is new since the bookmark: ``items`` is empty for that reason."""
    remark: str = ""
