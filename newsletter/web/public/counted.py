"""The addresses by which emails count opens and clicks, without telling who.

They are the same for all readers of an email. A GET adds one to a number in memory, and a
transaction a second stores the numbers. Nothing else of the request is stored or logged.
"""

import asyncio
import re
from base64 import b64decode
from collections import Counter
from collections.abc import Collection, Mapping
from contextlib import suppress

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from newsletter.domain.errors import NotFound, StoreUnavailable
from newsletter.domain.statements.counting import KEY_DIGITS, Counted
from newsletter.store.sql import Store
from newsletter.web.http.forms import parse_number
from newsletter.web.http.frame import Frame
from newsletter.web.http.threads import Lane

_PICTURE = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
"""A GIF with one transparent pixel."""
_PICTURE_HEADERS = {"Cross-Origin-Resource-Policy": "cross-origin"}
_KEY_PATTERN = re.compile(f"[0-9a-f]{{{KEY_DIGITS}}}")
_PREFETCH_FIELDS = ("sec-purpose", "purpose", "x-purpose", "x-moz")
"""Header fields of programs that load an address before a person asks for it."""
_STORE_SECONDS = 1
"""The shortest time between two transactions."""
_MAX_TARGETS = 2_000
"""Links that are kept in memory."""


class CountedPages:
    """The picture and the links that count. ``counted`` are the numbers that are wanted now."""

    def __init__(
        self, store: Store, counted: Collection[Counted], frame: Frame, lane: Lane
    ) -> None:
        self._store = store
        self._counted = counted
        self._frame = frame
        self._lane = lane
        self._targets: dict[tuple[str, int], str] = {}
        # only the event loop changes these two
        self._counts: Counter[tuple[str, int]] = Counter()
        self._storing: asyncio.Task[None] | None = None

    def routes(self) -> list[Route]:
        return [Route("/c/{key}/{number}", self.answer, methods=["GET"])]

    async def answer(self, request: Request) -> Response:
        """Count, and return the picture or a redirect to the link; 404 for an unknown number."""
        number = parse_number(request.path_params["number"])
        place = request.path_params["key"], -1 if number is None else number
        target = self._targets.get(place)
        if target is None:
            target = await self._lane.run(self._find_target, place)
        if target is None:
            raise NotFound("no link has this number")
        is_wanted = (Counted.CLICKS if target else Counted.OPENS) in self._counted
        ahead = any(request.headers.get(name, "").startswith("pre") for name in _PREFETCH_FIELDS)
        if is_wanted and request.method == "GET" and not ahead:
            self._counts[place] += 1
            if self._storing is None or self._storing.done():
                self._storing = asyncio.create_task(self._store_counts())
        if target:
            return RedirectResponse(target, 302, self._frame.data_fields)
        return Response(_PICTURE, 200, {**self._frame.data_fields, **_PICTURE_HEADERS}, "image/gif")

    def _find_target(self, place: tuple[str, int]) -> str | None:
        if not _KEY_PATTERN.fullmatch(place[0]):
            return None
        with self._store.read() as tx:
            target = tx.counted_links.find_target(*place)
        if target is not None:
            if len(self._targets) >= _MAX_TARGETS:
                self._targets.clear()
            self._targets[place] = target
        return target

    async def _store_counts(self) -> None:
        """Store the numbers, at most once a second, until there are no new ones."""
        try:
            while self._counts:
                counts, self._counts = self._counts, Counter()
                try:
                    await self._lane.run(self._increase, counts)
                except StoreUnavailable:
                    self._counts.update(counts)
                await asyncio.sleep(_STORE_SECONDS)
        except asyncio.CancelledError:  # the server ends
            with suppress(StoreUnavailable):
                self._increase(self._counts)
            raise

    def _increase(self, counts: Mapping[tuple[str, int], int]) -> None:
        with self._store.begin(is_durable=False) as tx:
            tx.counted_links.increase(counts)
