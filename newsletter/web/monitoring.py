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
from newsletter.domain.campaigns.campaign import CampaignState
from newsletter.domain.delivery.rate_limit import Cause
from newsletter.domain.errors import StoreUnavailable
from newsletter.pipeline.campaigns import report
from newsletter.pipeline.campaigns.report import Vitals
from newsletter.runtime.backups import Backups
from newsletter.runtime.keys import is_proxy_token
from newsletter.runtime.log_lines import limited
from newsletter.runtime.services import Services
from newsletter.tables import load_table
from newsletter.web.http.forms import client_ip
from newsletter.web.http.frame import Frame
from newsletter.web.http.threads import Lane

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

_Gauge = tuple[str, tuple[str, ...], Mapping[Any, float]]
"""(name, label names, label values → value)."""
_OPEN_STATES = (
    CampaignState.SCHEDULED,
    CampaignState.SENDING,
    CampaignState.PAUSED,
    CampaignState.ATTENTION,
)

log = logging.getLogger("newsletter.web")


class Monitoring:
    """The routes for monitoring: health, readiness and metrics."""

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
            log.error("not healthy: %s", error, extra=limited("healthy"))
            return self._json({"ok": False}, 503)
        return self._json({"ok": True, "on_hold": hold})

    def readiness(self, _request: Request) -> Response:
        """Answer 200 if due statements would be sent now, else 503, with the state of each part."""
        try:
            parts = {
                "database": True,
                "sending": not self._is_stopped(),
                "scheduler": self._delivery.is_at_work(),
                # while one of them answers there is a way out
                "provider": not all(self._provider_waits().values()),
            }
        except StoreUnavailable as error:
            log.error("not healthy: %s", error, extra=limited("healthy"))
            parts = {"database": False}
        is_ready = all(parts.values())
        # apart from readiness: a service with older settings still sends approved statements
        restart = bool(self._configuration.changed_on_disk())
        body = {"ready": is_ready, **parts, "restart_needed": restart}
        return self._json(body, 200 if is_ready else 503)

    def metrics(self, request: Request) -> Response:
        """Return the metrics, or 404 if the settings have no token for them."""
        if not self._token:
            raise HTTPException(404)
        authorization = request.headers.get("authorization", "").encode()
        if not hmac.compare_digest(authorization, b"Bearer " + self._token):
            fields = {**self._fields, "WWW-Authenticate": "Bearer"}
            return Response("a token is needed\n", 401, fields, "text/plain")
        from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

        # one of our own: the library's holds what other code of the process counts
        registry = CollectorRegistry()
        registry.register(self)
        return Response(generate_latest(registry), 200, self._fields, CONTENT_TYPE_LATEST)

    def proxy(self, request: Request) -> Response:
        """Return the host, scheme and client that a proxy passes on. ``doctor`` has the token."""
        token, now = request.path_params["token"], self._delivery.store.clock.now()
        if not is_proxy_token(self._delivery.key, token, now):
            raise HTTPException(404)
        seen_request = {"host": request.headers.get("host", ""), "scheme": request.url.scheme}
        return JSONResponse({**seen_request, "client": client_ip(request)}, headers=self._fields)

    def _is_stopped(self) -> bool:
        with self._delivery.store.read() as tx:
            return bool(tx.hold.reasons())

    def _provider_waits(self) -> dict[str, bool]:
        """Return provider ("" is the first) → whether it is unreachable or asked to wait."""
        waits = self._delivery.waits()
        return {name: bool(wait and wait.cause is Cause.BLOCKED) for name, wait in waits.items()}

    def collect(self) -> Iterator["Metric"]:
        """Yield the metrics for prometheus_client: this object is its collector."""
        from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily

        help_texts = load_table("newsletter.web", "metrics.yaml")
        for name, labels, rows in self._gauges():
            gauge = GaugeMetricFamily(f"newsletter_{name}", help_texts[name], labels=labels)
            for row, figure in rows.items():
                gauge.add_metric(row, figure)
            yield gauge
        counters = self._delivery.counters
        for name, named in counters.labels.items():
            family = CounterMetricFamily(f"newsletter_{name}", help_texts[name], labels=[*named])
            for row, figure in counters.counts(name).items():
                family.add_metric(row, figure)
            yield family

    def _gauges(self) -> Iterator[_Gauge]:
        vitals = report.load_vitals(store=self._delivery.store)
        for name, figure in self._values_without_labels(vitals).items():
            yield name, (), {(): figure}
        yield "build_info", ("version", "python"), {(__version__, platform.python_version()): 1}
        states = Counter(campaign.state for campaign in vitals.campaigns)
        yield "campaigns", ("state",), {(state.value,): states[state] for state in _OPEN_STATES}
        of_campaign = ("campaign", "statement", "figure")
        messages = {
            (str(campaign.id), campaign.slug, figure): count
            for campaign in vitals.campaigns
            for figure, count in vars(campaign.counts).items()
        }
        yield "campaign_messages", of_campaign, messages
        silences = {(name,): silent for name, silent in self._provider_waits().items() if name}
        yield "provider_silent", ("provider",), silences
        labels, now = ("part", "name", "host", "since"), self._delivery.store.clock.now()
        beats = {
            (each.role.value, each.name, each.host, each.started_at.isoformat()): (
                now - each.beat_at
            ).total_seconds()
            for each in self._delivery.workers()
        }
        yield "heartbeat_age_seconds", labels, beats

    def _values_without_labels(self, vitals: Vitals) -> dict[str, float]:
        figures = {
            "sending_stopped": vitals.stopped,
            "scheduler_up": self._delivery.is_at_work(),
            "restart_needed": bool(self._configuration.changed_on_disk()),
            "overdue_seconds": vitals.overdue.total_seconds(),
            "batches_queued": vitals.batches.queued,
            "batches_claimed": vitals.batches.claimed,
            "unknown_messages": sum(campaign.counts.unknown for campaign in vitals.campaigns),
            "transactional_emails_waiting": vitals.emails,
            "transactional_emails_overdue_seconds": vitals.oldest_email_age.total_seconds(),
            "database_bytes": self._delivery.store.database.size(),
        }
        backups = Backups(settings=self._delivery.settings)
        if backups.folder is not None:
            newest_at = backups.newest_at()
            figures["last_backup_timestamp_seconds"] = newest_at.timestamp() if newest_at else 0
        if (ticked_at := self._delivery.counters.ticked_at) is not None:
            figures["last_tick_timestamp_seconds"] = ticked_at.timestamp()
        return figures

    def _json(self, content: dict[str, bool], status: int = 200) -> Response:
        return JSONResponse(content, status_code=status, headers=self._fields)
