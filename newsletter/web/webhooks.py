"""Webhooks: stores the events that providers post, then answers.

Answers have no body: 200 once all is committed, 4xx for a post that will never be accepted, and 503
if the provider should try again. No reason is given.
"""

import logging
from collections.abc import Sequence
from functools import partial

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from newsletter.domain.delivery.transactional import network_of
from newsletter.domain.errors import StoreUnavailable
from newsletter.domain.events import Event, Forged
from newsletter.providers.common.webhooks import Unverifiable
from newsletter.runtime.delivery import Delivery
from newsletter.runtime.log import log_stopped
from newsletter.runtime.log_lines import limited
from newsletter.web.http.forms import BodyMemory, client_ip
from newsletter.web.http.group_commit import GroupCommit
from newsletter.web.http.threads import Lanes

_MAX_BODY_BYTES = 1 << 20
_MAX_BYTES_OF_KIND = {"sendgrid": 5 << 20}
"""Largest body of the providers that send many events in one request."""

_LARGE_BODY_BYTES = 64 << 10  # a larger one has hundreds of events

_FAILURES: Sequence[tuple[type[Exception], tuple[int, str, int]]] = (
    (Unverifiable, (logging.ERROR, "not verified", 503)),
    (Forged, (logging.WARNING, "refused", 401)),  # a 403 would keep Postmark from trying again
    (StoreUnavailable, (logging.ERROR, "not recorded", 503)),
)
"""(error, (level of its line in the log, what became of the post, status of the response))."""
_CHALLENGE_HEADERS = {"WWW-Authenticate": 'Basic realm="webhooks"'}
log = logging.getLogger("newsletter.webhooks")


class Webhooks:
    """The webhooks of the providers that the workspace uses."""

    def __init__(self, delivery: Delivery, lanes: Lanes) -> None:
        self._delivery = delivery
        self._lanes = lanes
        self._memory = BodyMemory(total=64 << 20, per_sender=32 << 20)
        self._group_commits = {
            kind: GroupCommit(partial(self._record, kind)) for kind in delivery.webhooks
        }

    def route(self) -> Route:
        return Route("/webhooks/{provider}", self.receive, methods=["POST"])

    async def receive(self, request: Request) -> Response:
        kind = request.path_params["provider"]
        if kind not in self._delivery.webhooks:
            return Response(status_code=404)
        limit = _MAX_BYTES_OF_KIND.get(kind, _MAX_BODY_BYTES)
        sender = network_of(client_ip(request))
        try:
            async with self._memory.body(request, sender=sender, max_bytes=limit) as body:
                headers = {name.lower(): value for name, value in request.headers.items()}
                large = len(body) > _LARGE_BODY_BYTES
                lane = self._lanes.large_webhooks if large else self._lanes.webhooks
                status = await lane.run(self._answer, kind, headers, body)
        except HTTPException as error:
            self._delivery.counters.add("webhook_posts", kind, str(error.status_code))
            log.warning(
                "webhook=%s refused: %s", kind, error.detail, extra=limited("webhook refused")
            )
            return Response(status_code=error.status_code, headers=error.headers)
        self._delivery.counters.add("webhook_posts", kind, str(status))
        return Response(status_code=status, headers=_CHALLENGE_HEADERS if status == 401 else None)

    def _answer(self, kind: str, headers: dict[str, str], body: bytes) -> int:
        try:
            webhook, now = self._delivery.webhooks[kind], self._delivery.store.clock.now()
            self._group_commits[kind].record(webhook.read(headers, body, now))
        except (Forged, StoreUnavailable) as error:
            level, what, status = next(row for of, row in _FAILURES if isinstance(error, of))
            log.log(level, "webhook=%s %s: %s", kind, what, error, extra=limited(f"webhook {what}"))
            return status
        return 200

    def _record(self, kind: str, events: tuple[Event, ...], posts: int) -> None:
        event_count, stopped_campaigns = self._delivery.record(kind, events)
        log.info(
            "webhook=%s posts=%d events=%d strangers=%d confirmed=%d suppressed=%d",
            kind,
            posts,
            event_count.events,
            event_count.strangers,
            event_count.confirmed,
            event_count.suppressed,
        )
        log_stopped(stopped_campaigns)
