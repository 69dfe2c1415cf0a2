"""Monitoring: whether the process answers, whether approved statements would be sent, and metrics.

``/healthz`` and ``/readyz`` answer everyone and give no reasons. ``/metrics`` has the text format
of Prometheus and needs the token of the settings:
https://prometheus.io/docs/instrumenting/exposition_formats/
"""

import hmac
import logging
import platform
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from newsletter import __version__
from newsletter.domain.campaigns.campaign import Campaign, CampaignState
from newsletter.domain.delivery.rate_limit import Cause
from newsletter.domain.errors import StoreUnavailable
from newsletter.pipeline.campaigns import report
from newsletter.pipeline.campaigns.report import Vitals
from newsletter.runtime.backups import Backups
from newsletter.runtime.keys import is_proxy_token
from newsletter.runtime.log_lines import sparing
from newsletter.runtime.services import Services
from newsletter.web.http.forms import host_of
from newsletter.web.http.frame import Frame
from newsletter.web.http.threads import Lane

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

_Gauge = tuple[str, str, tuple[str, ...], Mapping[Any, float]]
"""The name, a sentence, the names of the labels, and the figures by the values of the labels."""
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

    def collect(self) -> Iterator["Metric"]:
        """The figures, as prometheus_client asks a collector for them."""
        from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily

        for name, says, labels, rows in self._gauges():
            gauge = GaugeMetricFamily(f"newsletter_{name}", says, labels=labels)
            for row, figure in rows.items():
                gauge.add_metric(row, figure)
            yield gauge
        counters = self._delivery.counters
        for each in counters.declared:
            family = CounterMetricFamily(
                f"newsletter_{each.name}", each.says, labels=[*each.labels]
            )
            for row, figure in counters.counts(each.name).items():
                family.add_metric(row, figure)
            yield family

    def _gauges(self) -> Iterator[_Gauge]:
        vitals = report.vitals(store=self._delivery.store)
        for name, (says, figure) in self._plain(vitals).items():
            yield name, says, (), {(): figure}
        if (ticked_at := self._delivery.counters.ticked_at) is not None:
            says = "The end of the last tick of this process."
            yield "last_tick_timestamp_seconds", says, (), {(): ticked_at.timestamp()}
        build = (__version__, platform.python_version())
        yield "build_info", "1.", ("version", "python"), {build: 1}
        states = Counter(campaign.state for campaign in vitals.campaigns)
        by_state = {(state.value,): states[state] for state in _OPEN}
        yield "campaigns", "Campaigns that are not over.", ("state",), by_state
        says = "Messages of campaigns that are not over, by what became of them."
        of_campaign = ("campaign", "statement", "figure")
        yield "campaign_messages", says, of_campaign, _messages(vitals.campaigns)
        says = "1 while a provider cannot be reached or asked to be left alone."
        silences = {(name,): silent for name, silent in self._silences().items() if name}
        yield "provider_silent", says, ("provider",), silences
        says = "Since the last heartbeat of each process that shares the sending."
        labels, now = ("part", "name", "host", "since"), self._delivery.store.clock.now()
        beats = {
            (each.part.value, each.name, each.host, each.started_at.isoformat()): (
                now - each.beat_at
            ).total_seconds()
            for each in self._delivery.workers()
        }
        yield "heartbeat_age_seconds", says, labels, beats

    def _plain(self, vitals: Vitals) -> dict[str, tuple[str, float]]:
        """Return name → (description, figure) of the figures without labels."""
        return {
            "sending_stopped": ("1 while all sending is stopped.", vitals.stopped),
            "scheduler_up": (
                "1 while run or worker gives signs of life.",
                self._delivery.is_at_work(),
            ),
            "restart_needed": (
                "1 while the settings or templates on disk are not those that the service uses.",
                bool(self._configuration.changed_on_disk()),
            ),
            "overdue_seconds": (
                "For how long the oldest scheduled campaign has been due without having begun.",
                vitals.overdue.total_seconds(),
            ),
            "batches_queued": ("Batches that wait to be sent.", vitals.batches.queued),
            "batches_claimed": ("Batches that are being sent.", vitals.batches.claimed),
            "unknown_messages": (
                "Messages of campaigns that are not over whose outcome is unknown.",
                sum(campaign.counts.unknown for campaign in vitals.campaigns),
            ),
            "transactional_emails_waiting": (
                "Confirmations, links and notices that wait to be sent.",
                vitals.emails,
            ),
            "transactional_emails_overdue_seconds": (
                "For how long the oldest of them has waited, also if it was tried since.",
                vitals.emails_overdue.total_seconds(),
            ),
            **self._backup(),
            "database_bytes": ("The size of the database.", self._delivery.store.size()),
        }

    def _backup(self) -> dict[str, tuple[str, float]]:
        backups = Backups(settings=self._delivery.settings)
        if backups.folder is None:
            return {}
        newest_at = backups.newest_at()
        says = "The newest backup in the folder of the settings; 0 if there is none."
        seconds = newest_at.timestamp() if newest_at else 0.0
        return {"last_backup_timestamp_seconds": (says, seconds)}

    def _json(self, content: dict[str, bool], status: int = 200) -> Response:
        return JSONResponse(content, status_code=status, headers=self._fields)


def _messages(campaigns: tuple[Campaign, ...]) -> dict[tuple[str, ...], float]:
    return {
        (str(campaign.id), campaign.slug, figure): getattr(campaign.counts, figure)
        for campaign in campaigns
        for figure in _FIGURES
    }
