"""The figures of a campaign that is being sent, as server-sent events.

All browsers that look at a campaign share one look at the database a second. A stream ends after
some seconds and the browser asks for it again: so each time the gate checks session and role, and
the server's end waits for none.
"""

import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping

import anyio
from starlette.responses import Response, StreamingResponse

from newsletter.web.http.threads import Lane

_INTERVAL_SECONDS = 1.0
_STREAM_SECONDS = 15.0
_RETRY_MS = 500
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
"""nginx would keep the events back."""


class LiveFigures:
    """The last figures of each campaign, read once for all who look."""

    def __init__(self, read: Callable[[int], Mapping[str, object]]) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._lane = Lane(2)
        self._kept: dict[int, tuple[float, Mapping[str, object]]] = {}

    def get(self, campaign_id: int) -> Mapping[str, object]:
        """Return figures that are at most a second old."""
        with self._lock:
            at, figures = self._kept.get(campaign_id, (0.0, {}))
            if not figures or time.monotonic() - at >= _INTERVAL_SECONDS:
                figures = self._read(campaign_id)
                self._kept[campaign_id] = time.monotonic(), figures
            return figures

    def stream(self, campaign_id: int) -> Response:
        """Return a stream of figures, one event a second; it ends with the sending."""
        events, kind = self._events(campaign_id), "text/event-stream"
        return StreamingResponse(events, media_type=kind, headers=_HEADERS)

    async def _events(self, campaign_id: int) -> AsyncIterator[str]:
        yield f"retry: {_RETRY_MS}\n\n"
        ends_at = time.monotonic() + _STREAM_SECONDS
        while True:
            figures = await self._lane.run(self.get, campaign_id)
            yield f"data: {json.dumps(figures)}\n\n"
            if figures["state"] != "sending" or time.monotonic() >= ends_at:
                return
            await anyio.sleep(_INTERVAL_SECONDS)
