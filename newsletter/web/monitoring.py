"""Monitoring: whether the process answers, whether approved statements would be sent, and metrics.

``/healthz`` and ``/readyz`` answer everyone and give no reasons. ``/metrics`` has the text format
of Prometheus and needs the token of the settings:
https://prometheus.io/docs/instrumenting/exposition_formats/
"""

import hmac
import logging
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from newsletter.domain.campaigns.campaign import Campaign, CampaignState
from newsletter.domain.delivery.rate_limit import Cause
from newsletter.domain.errors import StoreUnavailable
from newsletter.pipeline.campaigns import report
from newsletter.pipeline.campaigns.report import Vitals
from newsletter.runtime.keys import is_proxy_token
from newsletter.runtime.log_lines import sparing
from newsletter.runtime.services import Services
from newsletter.web.http.forms import host_of
from newsletter.web.http.frame import Frame
from newsletter.web.http.threads import Lane

if TYPE_CHECKING:
    from prometheus_client.metrics_core import GaugeMetricFamily

_OPEN = (
    CampaignState.SCHEDULED,
    CampaignState.SENDING,
    CampaignState.PAUSED,
    CampaignState.ATTENTION,
)
_FIGURES = ("pending", "accepted", "rejected", "suppressed", "cancelled", "unknown")

log = logging.getLogger("newsletter.web")


class Monitoring:
    """The addresses that programs watch us by."""

    def __init__(self, services: Services, frame: Frame, lane: Lane) -> None:
        self._delivery = services.delivery
        self._configuration = services.configuration
        self._lane = lane
        self._fields = dict(frame.data_fields)
        token = services.settings.metrics.token
        self._token = token.get_secret_value().encode() if token else b""

    def routes(self) -> list[Route]:
        return [
            Route("/healthz", partial(self._lane.run, self.health)),
            Route("/readyz", partial(self._lane.run, self.readiness)),
            Route("/metrics", partial(self._lane.run, self.metrics)),
            Route("/proxy/{token}", partial(self._lane.run, self.proxy)),
        ]

    def health(self, _request: Request) -> Response:
        """Answer 200 if the process can read its database, else 503."""
        try:
            hold = self._is_stopped()
        except StoreUnavailable as error:
            log.error("not healthy: %s", error, extra=sparing("healthy"))
            return self._json({"ok": False}, 503)
        return self._json({"ok": True, "on_hold": hold})

    def readiness(self, _request: Request) -> Response:
        """Answer 200 if approved statements that are due would be sent now, else 503 and what is
        missing."""
        try:
            parts = self._parts()
        except StoreUnavailable as error:
            log.error("not healthy: %s", error, extra=sparing("healthy"))
            parts = {"database": False}
        ready = all(parts.values())
        # apart from readiness: a service with older settings still sends approved statements
        restart = bool(self._configuration.changed_on_disk())
        body = {"ready": ready, **parts, "restart_needed": restart}
        return self._json(body, 200 if ready else 503)

    def metrics(self, request: Request) -> Response:
        """Return the metrics of open work. Without a token in the settings there is no such
        page."""
        if not self._token:
            raise HTTPException(404)
        given = request.headers.get("authorization", "").encode()
        if not hmac.compare_digest(given, b"Bearer " + self._token):
            fields = {**self._fields, "WWW-Authenticate": "Bearer"}
            return Response("a token is needed\n", 401, fields, "text/plain")
        return self._metrics()

    def proxy(self, request: Request) -> Response:
        """Return the parts of a request that a proxy passes on, for ``doctor`` alone."""
        token, now = request.path_params["token"], self._delivery.store.clock.now()
        if not is_proxy_token(self._delivery.key, token, now):
            raise HTTPException(404)
        seen = {"host": request.headers.get("host", ""), "scheme": request.url.scheme}
        return JSONResponse({**seen, "client": host_of(request)}, headers=self._fields)

    def _is_stopped(self) -> bool:
        with self._delivery.store.read() as tx:
            return bool(tx.hold.reasons())

    def _parts(self) -> dict[str, bool]:
        return {
            "database": True,
            "sending": not self._is_stopped(),
            "scheduler": self._delivery.is_at_work(),
            # while one of them answers there is a way out
            "provider": not all(self._silences().values()),
        }

    def _silences(self) -> dict[str, bool]:
        """By provider: it cannot be reached, or asked to be left alone. "" is the first one."""
        waits = self._delivery.waits()
        return {name: bool(wait and wait.cause is Cause.BLOCKED) for name, wait in waits.items()}

    def _metrics(self) -> Response:
        from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

        # one of our own: the library's holds what other code of the process counts
        registry = CollectorRegistry()
        registry.register(self)
        return Response(generate_latest(registry), 200, self._fields, CONTENT_TYPE_LATEST)

    def collect(self) -> Iterator["GaugeMetricFamily"]:
        """The figures, as prometheus_client asks a collector for them."""
        from prometheus_client.metrics_core import GaugeMetricFamily

        vitals = report.vitals(store=self._delivery.store)
        for name, (says, figure) in _plain(vitals, self._delivery.is_at_work()).items():
            yield GaugeMetricFamily(f"newsletter_{name}", says, value=figure)
        says = "1 while the settings or templates on disk are not those that the service uses."
        restart = bool(self._configuration.changed_on_disk())
        yield GaugeMetricFamily("newsletter_restart_needed", says, value=restart)
        states = GaugeMetricFamily(
            "newsletter_campaigns", "Campaigns that are not over.", labels=["state"]
        )
        for state in _OPEN:
            states.add_metric(
                [state.value], sum(campaign.state is state for campaign in vitals.campaigns)
            )
        yield states
        yield _messages(vitals.campaigns)
        silent = GaugeMetricFamily(
            "newsletter_provider_silent",
            "1 while a provider cannot be reached or asked to be left alone.",
            labels=["provider"],
        )
        for name, is_silent in self._silences().items():
            silent.add_metric([name or "first"], is_silent)
        yield silent
        now = self._delivery.store.clock.now()
        beats = GaugeMetricFamily(
            "newsletter_heartbeat_age_seconds",
            "Since the last heartbeat of each process that shares the sending.",
            labels=["part", "name", "host", "since"],
        )
        for worker in self._delivery.workers():
            labels = [worker.part.value, worker.name, worker.host, worker.started_at.isoformat()]
            beats.add_metric(labels, (now - worker.beat_at).total_seconds())
        yield beats

    def _json(self, content: dict[str, bool], status: int = 200) -> Response:
        return JSONResponse(content, status_code=status, headers=self._fields)


def _plain(vitals: Vitals, at_work: bool) -> dict[str, tuple[str, float]]:
    """Figures without labels: name → what it says, and the figure."""
    return {
        "sending_stopped": ("1 while all sending is stopped.", vitals.stopped),
        "scheduler_up": ("1 while run or worker gives signs of life.", at_work),
        "overdue_seconds": (
            "For how long the oldest scheduled campaign has been due without having begun.",
            vitals.overdue.total_seconds(),
        ),
        "batches_queued": ("Batches that wait to be sent.", vitals.batches.queued),
        "batches_claimed": ("Batches that are being sent.", vitals.batches.claimed),
        "transactional_emails_waiting": (
            "Confirmations, links and notices that wait to be sent.",
            vitals.emails,
        ),
    }


def _messages(campaigns: tuple[Campaign, ...]) -> "GaugeMetricFamily":
    from prometheus_client.metrics_core import GaugeMetricFamily

    family = GaugeMetricFamily(
        "newsletter_messages",
        "Messages of campaigns that are not over, by what became of them.",
        labels=["campaign", "statement", "figure"],
    )
    for campaign in campaigns:
        for figure in _FIGURES:
            labels = [str(campaign.id), campaign.slug, figure]
            family.add_metric(labels, getattr(campaign.counts, figure))
    return family
