"""Visit feeds: RSS, Atom, JSON Feed, and the posts of WordPress sites."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any
from urllib.parse import urlencode

from newsletter.domain.clock import Clock
from newsletter.domain.errors import InvalidInput
from newsletter.domain.statements.feed import ExtractedStatement, FeedUnreadable, Fetched, Item
from newsletter.sources.feeds.fetching import Fetcher, Page, checked
from newsletter.sources.feeds.markup import address, clean, instant, plain
from newsletter.sources.feeds.readers import Listed, SandboxReader, whatever_it_holds
from newsletter.sources.feeds.syndication import values_of

_FIELDS = "id,link,date_gmt,modified_gmt,title,content,excerpt"
_PER_PAGE = 100
_MOST_PAGES = 10
_OVERLAP = timedelta(days=1)
"""WordPress compares with the site's wall time; no zone differs by more."""
_CONDITIONS = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}
"""A header of the last answer → the header that asks for changes since."""
_CUT_OFF = ("[…]", "[...]", "…")


@dataclass(kw_only=True)
class _Polled:
    """The settings of a feed of either kind."""

    name: str
    every: timedelta
    trusted: bool
    fetcher: Fetcher
    reader: SandboxReader
    clock: Clock
    zone: str

    def compose(self, items: Sequence[Item]) -> list[ExtractedStatement | InvalidInput]:
        """Return a statement's text of each item, or why there is none."""
        return self.reader.compose(items, zone=self.zone, now=self.clock.now())


@dataclass(kw_only=True)
class SyndicatedFeed(_Polled):
    """A feed in RSS, Atom or JSON Feed."""

    address: str

    def fetch(self, bookmark: str, wanted: Sequence[str] = ()) -> Fetched:
        """Read the feed, if it changed since the bookmark."""
        with whatever_it_holds():
            kept = json.loads(bookmark) if bookmark else {}
            conditions = {_CONDITIONS[key]: value for key, value in kept.items()}
            page = self.fetcher.get(self.address, conditions)
            remark = f"it has moved for good: write {page.moved_to}" if page.moved_to else ""
            # without a bookmark, no changes were asked for
            if page.status == 304 and bookmark:
                return Fetched(bookmark=bookmark, unchanged=True)
            checked(page)
            listed = self.reader.feed(page)
            headers = {key: page.headers.get(key, "") for key in _CONDITIONS}
            # a value that no header field can hold would fail each visit from now on
            fit = {key: v for key, v in headers.items() if v and v.isascii() and v.isprintable()}
            return Fetched(
                items=listed.items,
                bookmark=json.dumps(fit) if fit else "",
                remark="; ".join(filter(None, (remark, listed.remark))),
            )


@dataclass(kw_only=True)
class WordPressFeed(_Polled):
    """The posts of a WordPress site, or of a category by number or slug.

    After ``within`` no further page is read.
    """

    site: str
    category: str
    within: timedelta = timedelta(seconds=30)
    _number: str = field(default="", init=False)

    @property
    def address(self) -> str:
        """Another category is another feed, whose present posts are old."""
        return f"{self.site} ({self.category})" if self.category else self.site

    def fetch(self, bookmark: str, wanted: Sequence[str] = ()) -> Fetched:
        """Read the posts changed since the bookmark, or the wanted ones."""
        with whatever_it_holds():
            return self._fetch(bookmark, wanted)

    def _fetch(self, bookmark: str, wanted: Sequence[str]) -> Fetched:
        query = {"status": "publish", "orderby": "modified", "order": "desc", "_fields": _FIELDS}
        query["per_page"] = str(_PER_PAGE)
        if wanted:
            query["include"] = ",".join(wanted)
        elif self.category:
            query["categories"] = self._category()
        since = instant(bookmark) if bookmark and not wanted else None
        if since is not None:
            query["modified_after"] = f"{since - _OVERLAP:%Y-%m-%dT%H:%M:%SZ}"
        pages, remark = self._pages(query, first=since is None)
        times = [since, *(page.latest for page in pages)]
        latest = max((at for at in times if at), default=None)
        return Fetched(
            items=tuple(item for page in pages for item in page.items),
            bookmark=latest.isoformat() if latest else "",
            complete=False,
            remark=remark,
        )

    def _pages(self, query: dict[str, str], *, first: bool) -> tuple[list[Listed], str]:
        """Read one page at the first visit; older posts are imported by hand."""
        pages: list[Listed] = []
        until = monotonic() + self.within.total_seconds()
        for number in range(1, _MOST_PAGES + 1):
            page = self._ask("posts", query | {"page": str(number)})
            found = Listed() if page.body.strip() == b"[]" else self.reader.posts(page, self.site)
            pages.append(found)
            total = page.headers.get("x-wp-totalpages", "")
            # where the header is missing, a page that is not full is the last
            last = number >= int(total[:6]) if total.isdecimal() else found.count < _PER_PAGE
            if first or last:
                return pages, ""
            if monotonic() >= until:
                raise FeedUnreadable("it is too slow to list what changed; it is tried again")
        count = sum(page.count for page in pages)
        return pages, f"more than {count} posts changed; the rest were not looked at"

    def _category(self) -> str:
        if self.category.isdigit():
            return self.category
        if not self._number:
            query = {"slug": self.category, "_fields": "id,slug"}
            found = self.reader.category(self._ask("categories", query))
            if found is None:
                raise FeedUnreadable(
                    f"it has no category {self.category!r}; write the slug that WordPress shows"
                    " under Posts, Categories"
                )
            self._number = str(found)
        return self._number

    def _ask(self, what: str, query: dict[str, str]) -> Page:
        page = self.fetcher.get(f"{self.site}/wp-json/wp/v2/{what}?{urlencode(query)}")
        if page.status == 404:
            raise FeedUnreadable(
                "it has no REST API (HTTP 404); look whether its url is the site's front page, and"
                " whether a plugin has switched the API off"
            )
        return checked(page)


def posts_of(body: bytes, site: str) -> Listed:
    """Read a page of posts. Raises FeedUnreadable."""
    posts = _list(body)
    changed = [at for post in posts if (at := _utc(post, "modified_gmt"))]
    return Listed(
        items=tuple(item for post in posts if (item := _item(post, site))),
        count=len(posts),
        latest=max(changed, default=None),
    )


def category_of(body: bytes) -> int | None:
    """Return the number of the first category on a page. Raises FeedUnreadable."""
    number = next((entry.get("id") for entry in _list(body)), None)
    return number if isinstance(number, int) else None


def _list(body: bytes) -> list[dict[str, Any]]:
    values = values_of(body.decode("utf-8-sig", "replace"))
    if not isinstance(values, list):
        raise FeedUnreadable("its REST API gives no list of posts; correct its url")
    return [value for value in values if isinstance(value, dict)]


def _item(post: dict[str, Any], site: str) -> Item | None:
    number = post.get("id")
    if not isinstance(number, int) or isinstance(number, bool):
        return None
    content, excerpt = post.get("content"), plain(_rendered(post, "excerpt"))
    link = address(site, str(post.get("link") or ""))
    return Item(
        id=str(number),
        title=plain(_rendered(post, "title")),
        link=link,
        published=_utc(post, "date_gmt"),
        content=_rendered(post, "content"),
        # without a written excerpt, WordPress cuts one off the text
        summary="" if excerpt.endswith(_CUT_OFF) else excerpt,
        base=link or site,
        locked=isinstance(content, dict) and bool(content.get("protected")),
    )


def _rendered(post: dict[str, Any], key: str) -> str:
    value = post.get(key)
    inner = value.get("rendered") if isinstance(value, dict) else None
    return clean(inner) if isinstance(inner, str) else ""


def _utc(post: dict[str, Any], key: str) -> datetime | None:
    """Return a time in UTC; WordPress omits the zone."""
    value = post.get(key)
    at = instant(value) if isinstance(value, str) else None
    return at.astimezone(UTC) if at else None
