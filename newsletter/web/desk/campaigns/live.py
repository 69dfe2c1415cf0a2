"""The figures of a campaign that is being sent, as server-sent events.

All browsers that look at a campaign share one look at the database a second, and wake up for it
together. A stream ends after some seconds and the browser asks for it again: so each time the gate
checks session and role, and the server's end waits for none.
"""

import json
import time
from collections.abc import AsyncIterator, Callable, Mapping

import anyio
from starlette.responses import Response, StreamingResponse

from newsletter.rendering.sentences import Language
from newsletter.web.http.threads import Lane

_INTERVAL_SECONDS = 1.0
_STREAM_SECONDS = 15.0
_RETRY_MS = 500
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
"""nginx would keep the events back."""


class LiveFigures:
    """The last figures of each campaign, read and written once for all who look."""

    def __init__(self, read: Callable[[int], Mapping[str, object]]) -> None:
        self._read = read
        self._lock = anyio.Lock()
        self._lane = Lane(1)
        self._looks: dict[int, tuple[float, Mapping[str, object], dict[str, bytes]]] = {}

    async def look(self, campaign_id: int, language: Language) -> tuple[float, bytes, bool]:
        """Return figures that are at most a second old, as an event for browsers in a language.

        With them, when they were read, by the monotonic clock, and whether sending goes on.
        """
        async with self._lock:
            found = self._looks.get(campaign_id)
            if found is None or time.monotonic() - found[0] >= _INTERVAL_SECONDS:
                figures = await self._lane.run(self._read, campaign_id)
                self._looks[campaign_id] = found = time.monotonic(), figures, {}
            at, figures, events = found
            if language.code not in events:
                said = json.dumps(language.in_all_words(figures))
                events[language.code] = f"data: {said}\n\n".encode()
            return at, events[language.code], figures["state"] == "sending"

    def stream(self, campaign_id: int, language: Language) -> Response:
        """Return a stream of figures, one event a second; it ends with the sending."""
        events, kind = self._events(campaign_id, language), "text/event-stream"
        return StreamingResponse(events, media_type=kind, headers=_HEADERS)

    async def _events(self, campaign_id: int, language: Language) -> AsyncIterator[bytes]:
        yield f"retry: {_RETRY_MS}\n\n".encode()
        ends_at = time.monotonic() + _STREAM_SECONDS
        while True:
            at, event, is_sending = await self.look(campaign_id, language)
            yield event
            if not is_sending or time.monotonic() >= ends_at:
                return
            await anyio.sleep(at + _INTERVAL_SECONDS - time.monotonic())
