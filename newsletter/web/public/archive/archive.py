"""The public archive: the list of statements, a page for each, the search, and feeds.

A GET writes nothing. A response that the client has is not sent again (RFC 9110, section 13).
Responses stay in memory until their content changes.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import UTC
from email.utils import format_datetime, parsedate_to_datetime
from functools import partial
from threading import Lock

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from newsletter.domain.archive import FORMATS
from newsletter.runtime.statements import Statements
from newsletter.store.sql import Store
from newsletter.web.http.frame import Frame
from newsletter.web.http.threads import Lane
from newsletter.web.public.archive.build import ArchiveBuild, Leaf

_MAX_PAGE_DIGITS = 7
_CACHE_HEADERS = {"Cache-Control": "public, no-cache"}
"""Clients ask each time whether a page changed: a withdrawn text must not stay in a browser."""
_MAX_BYTES = 32 << 20
_MAX_ENTRY_RATIO = 1 / 4
"""Largest part of the cache for one entry; a larger one is not cached."""
_WRITER_LOCKS = 16


def with_header_fields(leaf: Leaf, fields: Mapping[str, str]) -> Leaf:
    """Return the page with the header fields, ETag and Last-Modified."""
    # to the second, as HTTP writes it
    changed_at = leaf.changed_at.astimezone(UTC).replace(microsecond=0)
    # of the header fields too: a new policy makes a new answer
    lines = "".join(f"{name}: {value}\n" for name, value in sorted(fields.items()))
    digest = hashlib.sha256(lines.encode() + leaf.body).hexdigest()[:32]
    last_modified = format_datetime(changed_at, usegmt=True)
    fields = {**fields, "ETag": f'"{digest}"', "Last-Modified": last_modified}
    return replace(leaf, changed_at=changed_at, fields=fields)


class PageMemory:
    """A thread-safe LRU cache of pages by path, of at most ``max_bytes``.

    An entry is valid until a statement, an approval or a campaign changes. Settings and templates
    do not change within a process.
    """

    def __init__(self, store: Store, *, max_bytes: int = _MAX_BYTES) -> None:
        self._store = store
        self._max_bytes = max_bytes
        self._lock = Lock()
        self._writers = [Lock() for _ in range(_WRITER_LOCKS)]
        self._version: tuple[int, int] | None = None
        """The database version, and the number of the last change to pages at that version."""
        self._bytes = 0
        self._answers: OrderedDict[str, tuple[int, Leaf]] = OrderedDict()

    def find(self, path: str, write: Callable[[], Leaf | None]) -> Leaf | None:
        """Return the page at a path: cached, or made by ``write``; None if there is none."""
        # before it is written: a change in between makes the answer an old one
        version = self._store.change_number()
        if self._version is None or self._version[0] != version:
            with self._store.read() as tx:
                self._version = version, tx.statements.changed_since(None)[0]
        change = self._version[1]
        found = self._find_leaf(path, change)
        if found is None:
            with self._writers[hash(path) % _WRITER_LOCKS]:  # one of those who ask at once writes
                found = self._find_leaf(path, change) or write()
                if found is not None and len(found.body) <= self._max_bytes * _MAX_ENTRY_RATIO:
                    self._store_leaf(path, change, found)
        return found

    def _find_leaf(self, path: str, change: int) -> Leaf | None:
        with self._lock:
            entry = self._answers.get(path)
            if entry is None or entry[0] != change:
                return None
            self._answers.move_to_end(path)
            return entry[1]

    def _store_leaf(self, path: str, change: int, leaf: Leaf) -> None:
        with self._lock:
            old_entry = self._answers.pop(path, None)
            self._answers[path] = (change, leaf)
            self._bytes += len(leaf.body) - (len(old_entry[1].body) if old_entry else 0)
            while self._bytes > self._max_bytes:
                _, (_, oldest_leaf) = self._answers.popitem(last=False)
                self._bytes -= len(oldest_leaf.body)


class ArchivePages:
    def __init__(self, statements: Statements, frame: Frame, lane: Lane) -> None:
        self._frame = frame
        self._lane = lane
        # settings may have changed what pages show since a client fetched them, but not after this
        self._build = ArchiveBuild(statements, frame, began_at=statements.store.clock.now())
        self._memory = PageMemory(statements.store)

    def routes(self) -> list[Route]:
        build, data = self._build, self._frame.data_fields
        return [
            Route("/", self._serve(lambda _: build.page(1))),
            Route("/page/{number}", self._serve(self._numbered_page)),
            Route("/search", partial(self._lane.run, self.search)),
            Route(
                "/archive/{slug}",
                self._serve(lambda request: build.statement(request.path_params["slug"])),
            ),
            *(
                Route(f"/{name}", self._serve(partial(lambda one, _: build.feed(one), name), data))
                for name in FORMATS
            ),
            Route("/sitemap.xml", self._serve(lambda _: build.site_map(), data)),
            Route("/robots.txt", self._serve(lambda _: build.robots(), data)),
        ]

    def _numbered_page(self, request: Request) -> Leaf | None:
        """Return page 2 or a later one of the list; page 1 has its own address."""
        number = _page_number(request.path_params["number"])
        return self._build.page(number) if number > 1 else None

    def search(self, request: Request) -> Response:
        """Show the results of a search. They are not cached: that would reveal the search."""
        number = _page_number(request.query_params.get("page", ""))
        body = self._build.search_page(request.query_params.get("q", ""), max(1, number))
        return HTMLResponse(body, headers=dict(self._frame.archive_fields))

    def _serve(
        self, write: Callable[[Request], Leaf | None], fields: Mapping[str, str] | None = None
    ) -> Callable[[Request], Awaitable[Response]]:
        """Return a handler that serves a page from the cache; 404 if ``write`` returns None."""
        fields = {**(fields or self._frame.archive_fields), **_CACHE_HEADERS}

        def served(request: Request) -> Response:
            def prepared() -> Leaf | None:
                leaf = write(request)
                return with_header_fields(leaf, fields) if leaf else None

            found = self._memory.find(request.url.path, prepared)
            if found is None:
                raise HTTPException(404)
            return make_response(request, found)

        return partial(self._lane.run, served)


def _page_number(text: str) -> int:
    """Parse a page number as our links write it; 0 for anything else."""
    # one way to write each: /page/02 would be the same page at another address
    is_plain = text.isascii() and text.isdigit() and len(text) < _MAX_PAGE_DIGITS
    return int(text) if is_plain and text[0] != "0" else 0


def make_response(request: Request, leaf: Leaf) -> Response:
    """Return a page as a response, or 304 if the client has it."""
    if _is_unchanged(request.headers, leaf):
        return Response(status_code=304, headers=leaf.fields)
    return Response(leaf.body, media_type=leaf.media_type, headers=leaf.fields)


def _is_unchanged(headers: Headers, leaf: Leaf) -> bool:
    tags = ",".join(headers.getlist("if-none-match"))
    if tags:  # it outranks the date
        # proxies that compress make tags weak, and for a GET these count as well (RFC 9110, 13.1.2)
        etags = {tag.strip().removeprefix("W/") for tag in tags.split(",")}
        return bool(etags & {leaf.fields["ETag"], "*"})
    try:
        since = parsedate_to_datetime(headers.get("if-modified-since", ""))
    except ValueError:
        return False
    return since.tzinfo is not None and leaf.changed_at <= since


_IMMUTABLE_HEADERS = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
}


class Pictures:
    """The route of pictures that were uploaded at the desk."""

    def __init__(self, store: Store, lane: Lane) -> None:
        self._store = store
        self._lane = lane

    def routes(self) -> list[Route]:
        return [Route("/media/{name}", partial(self._lane.run, self.picture), methods=["GET"])]

    def picture(self, request: Request) -> Response:
        """Return a picture, which clients cache for ever. Raises HTTPException 404."""
        with self._store.read() as tx:
            found = tx.pictures.get_data(request.path_params["name"])
        if found is None:
            raise HTTPException(404)
        # a page of the archive is sandboxed, so the attribute of a link alone saves nothing
        saves = "download" in request.query_params
        fields = _IMMUTABLE_HEADERS | ({"Content-Disposition": "attachment"} if saves else {})
        return Response(found[1], media_type=found[0], headers=fields)
