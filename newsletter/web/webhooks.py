"""Webhooks: stores the events that providers post, then answers.

Answers have no body: 200 once all is committed, 4xx for a post that will never be accepted, and 503
if the provider should try again. No reason is given.
"""

import logging
from functools import partial

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from newsletter.domain.delivery.transactional import network_of
from newsletter.domain.errors import StoreUnavailable
from newsletter.domain.events import Event, Forged
from newsletter.providers.common.signatures import Unverifiable
from newsletter.runtime.delivery import Delivery
from newsletter.runtime.log import log_stopped
from newsletter.runtime.log_lines import limited
from newsletter.web.http.forms import BodyMemory, client_ip
from newsletter.web.http.group_commit import GroupCommit
from newsletter.web.http.threads import Lane

_MAX_BODY_BYTES = 1 << 20
_MAX_BYTES_OF_KIND = {"sendgrid": 5 << 20}
"""Largest body of the providers that send many events in one request."""

_CHALLENGE_HEADERS = {"WWW-Authenticate": 'Basic realm="webhooks"'}
log = logging.getLogger("newsletter.webhooks")


class Webhooks:
    """The webhooks of the providers that the workspace uses."""

    def __init__(self, delivery: Delivery, lane: Lane) -> None:
        self._delivery = delivery
        self._lane = lane
        self._memory = BodyMemory(total=64 << 20, each=32 << 20)
        self._group_commits = {
            kind: GroupCommit(partial(self._record, kind)) for kind in delivery.webhooks
        }

    def route(self) -> Route:
        return Route("/webhooks/{provider}", self.receive, methods=["POST"])

    async def receive(self, request: Request) -> Response:
        kind = request.path_params["provider"]
        if kind not in self._delivery.webhooks:
            return Response(status_code=404)
        limit, sender = (
            _MAX_BYTES_OF_KIND.get(kind, _MAX_BODY_BYTES),
            network_of(client_ip(request)),
        )
        try:
            async with self._memory.body(request, sender=sender, max_bytes=limit) as body:
                headers = {name.lower(): value for name, value in request.headers.items()}
                status = await self._lane.run(self._answer, kind, headers, body)
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
        except Unverifiable as error:
            log.error(
                "webhook=%s not verified: %s", kind, error, extra=limited("webhook not verified")
            )
            return 503
        except Forged as error:
            log.warning("webhook=%s refused: %s", kind, error, extra=limited("webhook refused"))
            return 401  # after a 403 Postmark would not try again once its password is right
        except StoreUnavailable as error:
            log.error(
                "webhook=%s not recorded: %s", kind, error, extra=limited("webhook not recorded")
            )
            return 503
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
