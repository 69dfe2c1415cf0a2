"""The public archive: lists, a page for each statement, a search, feeds.

A GET writes nothing, and a response that the client has is not sent again (RFC 9110, section 13).
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import partial

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from newsletter.runtime.archive import Archive
from newsletter.store.sql import Store
from newsletter.web.http.frame import Frame
from newsletter.web.http.threads import Lane
from newsletter.web.public.archive.build import ArchiveBuild, Leaf
from newsletter.web.public.archive.feeds import KINDS
from newsletter.web.public.archive.memory import PageMemory, Prepared, prepare

_DIGITS = 7
_CACHED = {"Cache-Control": "public, max-age=300"}


class ArchivePages:
    """The archive of one workspace."""

    def __init__(self, archive: Archive, frame: Frame, lane: Lane) -> None:
        self._frame = frame
        self._lane = lane
        # Settings may have changed what pages say since they were last fetched, but not after this.
        self._build = ArchiveBuild(archive, frame, began_at=archive.store.clock.now())
        self._memory = PageMemory(archive.store)

    def routes(self) -> list[Route]:
        """Path → page."""
        build, data = self._build, self._frame.data_fields
        return [
            Route("/", self._served(lambda _: build.page(1))),
            Route("/page/{number}", self._served(self._older)),
            Route("/search", partial(self._lane.run, self.search)),
            Route(
                "/archive/{slug}",
                self._served(lambda request: build.statement(request.path_params["slug"])),
            ),
            *(Route(f"/{name}", self._served(partial(self._feed, name), data)) for name in KINDS),
            Route("/sitemap.xml", self._served(lambda _: build.site_map(), data)),
            Route("/robots.txt", self._served(lambda _: build.robots(), data)),
        ]

    def _older(self, request: Request) -> Leaf | None:
        """Return a page of older statements, which has an address of its own."""
        number = _number(request.path_params["number"])
        return self._build.page(number) if number > 1 else None

    def _feed(self, name: str, _: Request) -> Leaf:
        return self._build.feed(name)

    def search(self, request: Request) -> Response:
        """Answer a search. The answer is not cached: it would reveal the search."""
        typed = request.query_params.get("q", "")
        page = request.query_params.get("page", "")
        body = self._build.found(typed, max(1, _number(page)))
        return HTMLResponse(body, headers=dict(self._frame.archive_fields))

    def _served(
        self, write: Callable[[Request], Leaf | None], fields: Mapping[str, str] | None = None
    ) -> Callable[[Request], Awaitable[Response]]:
        """Return the handler of a path: 404 if there is nothing, such as a statement not yet
        sent."""

        fields = {**(fields or self._frame.archive_fields), **_CACHED}

        def served(request: Request) -> Response:
            def prepared() -> Prepared | None:
                leaf = write(request)
                return prepare(leaf, fields) if leaf else None

            found = self._memory.find(request.url.path, prepared)
            if found is None:
                raise HTTPException(404)
            return answer(request, found)

        return partial(self._lane.run, served)


def _number(written: str) -> int:
    """Return the page number in one of our links; 0 if it is invalid."""
    # one way to write each: /page/02 would be the same page at another address
    plain = written.isascii() and written.isdigit() and len(written) < _DIGITS
    return int(written) if plain and written[0] != "0" else 0


def answer(request: Request, found: Prepared) -> Response:
    """Return the answer, or 304 where the client has it."""
    if _has_it(request.headers, found.etag, found.changed_at):
        return Response(status_code=304, headers=found.fields)
    return Response(found.body, media_type=found.media_type, headers=found.fields)


def _has_it(headers: Headers, etag: str, changed_at: datetime) -> bool:
    tags = ",".join(headers.getlist("if-none-match"))
    if tags:  # it outranks the date
        # proxies that compress make tags weak, and for a GET these count as well (RFC 9110, 13.1.2)
        named = {tag.strip().removeprefix("W/") for tag in tags.split(",")}
        return bool(named & {etag, "*"})
    try:
        since = parsedate_to_datetime(headers.get("if-modified-since", ""))
    except ValueError:
        return False
    return since.tzinfo is not None and changed_at <= since


_KEPT = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
}


class Pictures:
    """Pictures of texts that were written at the desk."""

    def __init__(self, store: Store, lane: Lane) -> None:
        self._store = store
        self._lane = lane

    def routes(self) -> list[Route]:
        """Path and method → page."""
        return [Route("/media/{name}", self.picture, methods=["GET"])]

    async def picture(self, request: Request) -> Response:
        """A picture, the same for ever. Raises HTTPException 404."""
        found = await self._lane.run(self._found, request.path_params["name"])
        if found is None:
            raise HTTPException(404)
        kind, data = found
        return Response(data, media_type=kind, headers=_KEPT)

    def _found(self, name: str) -> tuple[str, bytes] | None:
        with self._store.read() as tx:
            return tx.pictures.data(name)
