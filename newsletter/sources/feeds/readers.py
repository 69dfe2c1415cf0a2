"""Fetches feeds from checked addresses, with limits of time and size, and reads them in a sandbox.

An attacker may control a feed's URL, its DNS or a redirect. None may lead to machines that only we
can reach, so each IP address is checked before the connection, also after each redirect.
"""

import json
import ssl
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from time import monotonic
from typing import Any
from urllib.parse import urljoin, urlsplit

from newsletter.documents.release.imported import unusable
from newsletter.documents.sandbox import CALL_TIMEOUT, FEED_GATE, CutOff, MachineBusy, ask
from newsletter.domain.clock import Clock
from newsletter.domain.errors import InvalidInput, ProviderUnreachable
from newsletter.domain.statements.feed import ExtractedStatement, FeedUnreadable, FetchedFeed, Item
from newsletter.tables import load_table
from newsletter.transport import http
from newsletter.transport.addresses import AddressRefused, checked_addresses
from newsletter.transport.transport import AnswerTooLong, Resolve, call_once, resolve

MAX_BODY_BYTES = 10_000_000
"""The size limit of an unpacked body."""
_TOO_LARGE_REASON = (
    f"it is larger than {MAX_BODY_BYTES // 1_000_000} MB; ask for a feed of the newest items alone"
)
_MAX_REDIRECTS = 3
_REDIRECT_STATUSES = {301, 302, 303, 307, 308}
_PERMANENT_REDIRECTS = {301, 308}
_MAX_WAIT = timedelta(days=30)

_REQUEST_HEADERS = {
    "Accept": "application/atom+xml, application/rss+xml, application/feed+json,"
    " application/json;q=0.9, application/xml;q=0.9, */*;q=0.5",
    "Accept-Encoding": "gzip",
    "Connection": "close",
}


@dataclass(frozen=True, kw_only=True)
class Page(http.HttpResponse):
    """A complete answer, with its body unpacked."""

    url: str
    """The address after all redirects."""
    moved_to: str = ""
    """The address after all permanent redirects."""


@dataclass(frozen=True, kw_only=True)
class Fetcher:
    """Fetches pages of feeds. ``timeout`` limits the whole page with its redirects."""

    allow_private: bool = False
    timeout: timedelta = timedelta(seconds=30)
    resolve: Resolve = resolve
    tls: ssl.SSLContext | None = None

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> Page:
        """Fetch a page and follow redirects. Raises FeedUnreadable."""
        until = monotonic() + self.timeout.total_seconds()
        moved_to, for_good = "", True
        for _ in range(_MAX_REDIRECTS + 1):
            page = self._get(url, headers or {}, until)
            if page.status not in _REDIRECT_STATUSES:
                return replace(page, moved_to=moved_to)
            url = _target(page)
            # a page behind a temporary redirect has not moved permanently
            for_good = for_good and page.status in _PERMANENT_REDIRECTS
            moved_to = url if for_good else moved_to
        raise FeedUnreadable(
            f"it is redirected more than {_MAX_REDIRECTS} times, at last to {url};"
            " open it in a browser and write the address it ends at"
        )

    def _get(self, url: str, headers: Mapping[str, str], deadline: float) -> Page:
        origin = _origin(url)
        try:
            answer = call_once(
                http.HttpRequest(method="GET", url=url, headers={**_REQUEST_HEADERS, **headers}),
                timeout=timedelta(seconds=deadline - monotonic()),
                resolve=partial(
                    checked_addresses,
                    is_secure=origin.is_secure,
                    allow_private=self.allow_private,
                    resolve=self.resolve,
                ),
                tls=self.tls,
                answer_bytes=MAX_BODY_BYTES,
            )
        except (ProviderUnreachable, http.AnswerLost) as error:
            raise self._as_unreadable(error.__cause__ or error, origin.host, deadline) from error
        body = _unpack(answer.body, answer.headers.get("content-encoding", ""))
        return Page(status=answer.status, headers=answer.headers, body=body, url=url)

    def _as_unreadable(self, error: BaseException, host: str, deadline: float) -> FeedUnreadable:
        if isinstance(error, AddressRefused):
            return FeedUnreadable(str(error))
        if isinstance(error, AnswerTooLong):
            return FeedUnreadable(_TOO_LARGE_REASON)
        if isinstance(error, ssl.SSLCertVerificationError):
            why = error.verify_message
            return FeedUnreadable(
                f"the certificate of {host} is not valid ({why}); tell its keeper"
            )
        if monotonic() >= deadline or isinstance(error, TimeoutError):
            seconds = self.timeout.total_seconds()
            return FeedUnreadable(f"{host} did not answer within {seconds:g} s; it is tried again")
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return FeedUnreadable(f"{host} cannot be read ({why[:200]}); it is tried again")


def _origin(url: str) -> http.Origin:
    try:
        if urlsplit(url).username is not None:
            raise FeedUnreadable("its address holds a user name or password; write it without")
        return http.origin_of(url)
    except ValueError as error:
        raise FeedUnreadable(f"{url[:200]!r} is not a web address; correct its url") from error


def _unpack(body: bytes, encoding: str) -> bytes:
    if encoding.lower() in {"", "identity"} or not body:
        return body
    if encoding.lower() not in {"gzip", "x-gzip"}:
        raise FeedUnreadable(f"it is packed as {encoding[:40]!r}, which we did not ask for")
    # + 16 makes zlib expect gzip
    unpacking = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        # a bomb is unpacked only to the limit
        unpacked = unpacking.decompress(body, MAX_BODY_BYTES + 1)
    except zlib.error as error:
        raise FeedUnreadable("it is packed, and broken in itself; it is tried again") from error
    if len(unpacked) > MAX_BODY_BYTES:
        raise FeedUnreadable(_TOO_LARGE_REASON)
    if not unpacking.eof:
        raise FeedUnreadable("it is packed, and its end is missing; it is tried again")
    return unpacked


def _target(page: Page) -> str:
    location = page.headers.get("location", "").strip()
    if not location:
        raise FeedUnreadable(f"it is redirected (HTTP {page.status}), without a target")
    try:
        return urljoin(page.url, location)
    except ValueError as error:
        raise FeedUnreadable(
            f"it is redirected to {location[:200]!r}, which is no place"
        ) from error


_MEANING_OF_STATUS = load_table("newsletter.sources.feeds", "statuses.yaml")


def require_ok(page: Page) -> Page:
    """Return the page if its status is 200. Raises FeedUnreadable."""
    if page.status == 200:
        return page
    other = _MEANING_OF_STATUS["other refusal" if page.status < 500 else "fault"]
    meaning = _MEANING_OF_STATUS.get(page.status, other)
    raise FeedUnreadable(
        f"it {meaning} (HTTP {page.status})", retry_after=http.retry_after(page, _MAX_WAIT)
    )


ItemText = ExtractedStatement | InvalidInput
"""The text of an item, or why there is none."""


@contextmanager
def errors_as_unreadable() -> Iterator[None]:
    """Turn any error into FeedUnreadable, so that a faulty feed does not stop sending."""
    try:
        yield
    except FeedUnreadable:
        raise
    except Exception as error:
        what = f"it holds something that this program stumbles over ({type(error).__name__})"
        raise FeedUnreadable(f"{what}; please report it with its url") from error


_READING_MODULE = "newsletter.sources.feeds.reading"
_MAX_CUT_OFF = 3
"""The texts that may take too long in one visit; the texts after them are skipped."""


@dataclass(frozen=True, kw_only=True)
class SandboxReader:
    module: str = _READING_MODULE
    ask: Callable[..., list[Any]] = ask

    def feed(self, page: Page) -> FetchedFeed:
        """Read RSS, Atom or JSON Feed. Raises FeedUnreadable."""
        headers = {name: page.headers[name] for name in ("content-type",) if name in page.headers}
        try:
            [answer] = self._ask("read_page", {"page": replace(page, headers=headers)}, FetchedFeed)
        except MachineBusy as error:
            raise FeedUnreadable(f"its answer was not read: {error}; it is tried again") from error
        except CutOff as error:
            raise FeedUnreadable(
                f"its answer was cut off: {error}; ask for a feed of the newest items alone, or"
                " look at what it holds"
            ) from error
        if isinstance(answer, InvalidInput):
            raise FeedUnreadable(answer.faults[0].message)
        fetched: FetchedFeed = answer
        return fetched

    def compose(self, items: Sequence[Item], *, zone: str, now: datetime) -> list[ItemText]:
        """Return a statement's text for each item, or why there is none, such as a time-out.

        Raises FeedUnreadable if the sandbox cannot be started now.
        """
        texts: list[ItemText] = []
        cut_off = 0
        while (remaining := items[len(texts) :]) and cut_off < _MAX_CUT_OFF:
            try:
                arguments = {"items": remaining, "zone": zone, "now": now}
                texts += self._ask("compose_all", arguments, ExtractedStatement)
            except MachineBusy as error:
                raise FeedUnreadable(
                    f"its texts were not read: {error}; it is tried again"
                ) from error
            except CutOff as error:
                texts += error.read
                if not error.read:  # the first text had the whole time
                    texts.append(_left_out(remaining[0], str(error)))
                    cut_off += 1
        why = "it was not read, since others before it could not be"
        return [*texts, *(_left_out(item, why) for item in items[len(texts) :])]

    def _ask(self, name: str, arguments: Mapping[str, Any], kind: Any) -> list[Any]:
        reader = f"{self.module}:{name}"
        return self.ask(reader, arguments, answer=kind, timeout=CALL_TIMEOUT, gate=FEED_GATE)


def _left_out(item: Item, reason: str) -> ItemText:
    return unusable(item.link or item.id, f"{reason}; write it as a statement by hand")


_CONDITION_HEADERS = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}
"""Response header → the request header of a conditional request."""


@dataclass(kw_only=True)
class SyndicatedFeed:
    """A feed in RSS, Atom or JSON Feed."""

    name: str
    address: str
    every: timedelta
    fetcher: Fetcher
    reader: SandboxReader
    clock: Clock
    zone: str

    def fetch(self, bookmark: str) -> FetchedFeed:
        """Fetch and read the feed, unless it is unchanged since the bookmark.

        Raises FeedUnreadable for any error.
        """
        with errors_as_unreadable():
            state = json.loads(bookmark) if bookmark else {}
            conditions = {_CONDITION_HEADERS[key]: value for key, value in state.items()}
            page = self.fetcher.get(self.address, conditions)
            remark = f"it has moved for good: write {page.moved_to}" if page.moved_to else ""
            # without a bookmark the request was not conditional
            if page.status == 304 and bookmark:
                return FetchedFeed(bookmark=bookmark, unchanged=True)
            require_ok(page)
            read = self.reader.feed(page)
            pairs = [(key, page.headers.get(key, "")) for key in _CONDITION_HEADERS]
            # a value that no request header can have would break each later visit
            usable = {key: to for key, to in pairs if to and to.isascii() and to.isprintable()}
            return FetchedFeed(
                items=read.items,
                bookmark=json.dumps(usable) if usable else "",
                remark="; ".join(filter(None, (remark, read.remark))),
            )

    def compose(self, items: Sequence[Item]) -> list[ItemText]:
        """Return a statement's text for each item, or why there is none. Raises FeedUnreadable."""
        return self.reader.compose(items, zone=self.zone, now=self.clock.now())
