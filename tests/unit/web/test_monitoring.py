"""The figures of monitoring, and who may read them."""

import json
import os
import re
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from newsletter.cli import main
from newsletter.domain.delivery.batch import Answer, Outcome, Verdict
from newsletter.domain.delivery.rate_limit import Cause, RateLimit
from newsletter.domain.events import Event, EventKind
from newsletter.domain.staff.role import Role
from newsletter.web.pages import make_monitoring
from newsletter.web.server import WebServer
from tests.pages import Forum, forum
from tests.rows import rows

TOKEN = "a-" * 12
MONITORING = Path(__file__).parents[3] / "deploy/monitoring"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def site(tmp_path: Path, migrated: Path) -> Iterator[Forum]:
    with forum(
        tmp_path, database=migrated, metrics={"token": TOKEN}, backups={"folder": str(tmp_path)}
    ) as site:
        yield site


def give_a_sign_of_life(site: Forum, ago: timedelta = timedelta(0)) -> None:
    at = (site.clock.now() - ago).timestamp()
    site.services.delivery.settings.lock_path.touch()
    os.utime(site.services.delivery.settings.lock_path, (at, at))


def figures(site: Forum) -> dict[str, float]:
    answer = site.get("/metrics", headers=BEARER)
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {
        f"{sample.name} {' '.join(sample.labels.values())}".strip(): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_it_is_ready_while_what_is_due_would_leave(site: Forum) -> None:
    give_a_sign_of_life(site)
    answer = site.get("/readyz")
    assert (answer.status, json.loads(answer.body)) == (
        200,
        {
            "ready": True,
            "database": True,
            "sending": True,
            "scheduler": True,
            "provider": True,
            "restart_needed": False,
        },
    )


def test_it_is_not_ready_where_nobody_sends(site: Forum) -> None:
    assert site.get("/readyz").status == 503
    give_a_sign_of_life(site, ago=timedelta(seconds=61))
    answer = site.get("/readyz")
    assert (answer.status, json.loads(answer.body)["scheduler"]) == (503, False)


def test_it_is_not_ready_while_sending_is_stopped(site: Forum) -> None:
    give_a_sign_of_life(site)
    with site.services.store.begin() as tx:
        tx.staff.put("vera@forum.example", Role.SENDER, site.clock.now())
    site.services.delivery.guard().stop(by="vera@forum.example", reason="wrong figures")
    answer = site.get("/readyz")
    assert (answer.status, json.loads(answer.body)["sending"]) == (503, False)
    assert "wrong" not in answer.text
    assert json.loads(site.get("/healthz").body) == {"ok": True, "on_hold": True}
    assert figures(site)["newsletter_sending_stopped"] == 1


@rows("given", ["", "Bearer", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN, "Bearer \xe9\xe8"])
def test_figures_are_for_whoever_has_the_token(site: Forum, given: str) -> None:
    answer = site.get("/metrics", headers={"Authorization": given} if given else {})
    assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert "newsletter_" not in answer.text


def test_without_a_token_in_the_settings_there_are_no_figures(
    tmp_path: Path, migrated: Path
) -> None:
    with forum(tmp_path, database=migrated) as site:
        assert site.get("/metrics").status == 404
        assert site.get("/metrics", headers={"Authorization": "Bearer "}).status == 404


def test_an_email_that_is_tried_in_vain_counts_as_late(site: Forum) -> None:
    assert figures(site)["newsletter_transactional_emails_overdue_seconds"] == 0
    with site.services.store.begin() as tx:
        tx.emails.inform("ana@forum.example", "", tx.now)
        claimed = tx.emails.claim(at=tx.now, attempt_id="a")
        assert claimed is not None
        tx.emails.requeue(claimed, not_before=tx.now + timedelta(hours=1), reason="busy")
    site.clock.advance(minutes=11)
    assert figures(site)["newsletter_transactional_emails_overdue_seconds"] == 660


def test_the_figures_are_those_of_what_is_open(site: Forum) -> None:
    give_a_sign_of_life(site)
    site.subscribe("ana@example.org", "ben@example.org")
    idle = figures(site)
    assert idle["newsletter_scheduler_up"] == 1
    assert idle["newsletter_batches_queued"] == 0
    assert idle["newsletter_campaigns sending"] == 0

    site.agree("hours", send_at="2026-11-24 12:00")
    site.services.tick.run()
    site.clock.advance(hours=5, seconds=30)  # noon in New York, and half a minute
    due = figures(site)
    assert due["newsletter_campaigns scheduled"] == 1
    assert due["newsletter_overdue_seconds"] == 30

    give_a_sign_of_life(site)
    site.services.tick.run()
    sending = figures(site)
    assert sending["newsletter_campaigns sending"] == 1
    assert sending["newsletter_batches_queued"] == 1
    assert sending["newsletter_campaign_messages 1 pending hours"] == 2
    assert sending["newsletter_provider_silent outbox"] == 0
    assert sending["newsletter_unknown_messages"] == 0
    assert sending["newsletter_database_bytes"] > 100_000


def test_it_is_not_ready_while_no_provider_would_take_anything(site: Forum) -> None:
    give_a_sign_of_life(site)
    with site.services.store.begin() as tx:
        until = site.clock.now() + timedelta(minutes=5)
        blocked = RateLimit(blocked_until=until, cause=Cause.BLOCKED)
        tx.rate_limits.put("outbox", "forum.example", blocked)
    answer = site.get("/readyz")
    assert (answer.status, json.loads(answer.body)["provider"]) == (503, False)


def test_a_process_without_pages_answers_monitoring_and_healthcheck_asks_it(
    site: Forum, capsys: pytest.CaptureFixture[str]
) -> None:
    give_a_sign_of_life(site)
    with WebServer(site.services, host="127.0.0.1", port=0, make=make_monitoring) as server:
        assert sys.getswitchinterval() <= 0.001, "a page in the making keeps the check waiting"
        port = server.address.rpartition(":")[2]
        assert main.run(["healthcheck", "--port", port]) == 0
        assert json.loads(capsys.readouterr().out)["scheduler"] is True
        give_a_sign_of_life(site, ago=timedelta(seconds=61))
        assert main.run(["healthcheck", "--port", port]) == 1
        assert json.loads(capsys.readouterr().out)["scheduler"] is False
        paths = {route.path for route in make_monitoring(site.services).routes}
    assert paths == {"/healthz", "/readyz", "/metrics", "/proxy/{token}"}
    assert main.run(["healthcheck", "--port", port]) == 1
    assert "cannot be reached" in capsys.readouterr().err


def test_the_counters_are_of_what_this_process_did(site: Forum) -> None:
    counters = site.services.delivery.counters
    before = figures(site)
    assert before["newsletter_messages_total accepted outbox"] == 0
    site.subscribe("ana@example.org", "ben@example.org")
    site.agree("hours")
    site.services.tick.run()
    dispatcher = site.services.delivery.dispatcher()
    done = dispatcher.dispatch()
    assert done is not None
    rejected = Outcome(verdict=Verdict.REJECTED)
    mixed = replace(done, answer=replace(done.answer, exceptions={1: rejected}))
    for each in (done, mixed, replace(done, answer=Answer(outcome=rejected))):
        counters.note_attempt(each)
    bounced = Event(id="1", kind=EventKind.BOUNCED, at=site.clock.now(), address="c@example.org")
    site.services.delivery.record("outbox", [bounced])
    counters.ticked_at = site.clock.now()
    after = figures(site)
    assert after["newsletter_messages_total accepted outbox"] == 3
    assert after["newsletter_messages_total rejected outbox"] == 3
    assert after["newsletter_provider_calls_total outbox accepted"] == 2
    assert after["newsletter_events_total bounced outbox"] == 1
    assert after["newsletter_last_tick_timestamp_seconds"] == site.clock.now().timestamp()


def test_alerts_and_the_dashboard_ask_for_metrics_and_labels_that_there_are(site: Forum) -> None:
    site.services.delivery.counters.ticked_at = site.clock.now()
    text = site.get("/metrics", headers=BEARER).text
    declared = set(re.findall(r"(?m)^# TYPE (\w+) ", text))
    labels = set(re.findall(r'[{,](\w+)="', text))
    labels |= {"job", "instance"}  # Prometheus's own
    labels |= {"statement", "figure", "name", "host"}  # of campaigns and processes
    rules = yaml.safe_load((MONITORING / "alerts.yaml").read_text("utf-8"))
    asked = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    board = json.loads((MONITORING / "dashboard.json").read_text("utf-8"))
    asked += [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    names = {name for expression in asked for name in re.findall(r"newsletter_\w+", expression)}
    assert len(names) > 15
    assert names - declared == set()
    grouped = ",".join(re.findall(r"\bby \(([^)]*)\)", " ".join(asked)))
    matched = re.findall(r"(\w+) *(?:=~|!~|=|!=) *\"", " ".join(asked))
    assert {*matched, *(one.strip() for one in grouped.split(","))} - labels == set()


def test_a_database_that_cannot_be_read_is_told_to_monitoring(site: Forum) -> None:
    with closing(sqlite3.connect(site.services.settings.database_path)) as other:
        other.execute("ALTER TABLE meta RENAME TO hidden")
        health, ready = site.get("/healthz"), site.get("/readyz")
        other.execute("ALTER TABLE hidden RENAME TO meta")
    assert (health.status, json.loads(health.body)) == (503, {"ok": False})
    assert (ready.status, json.loads(ready.body)) == (
        503,
        {"ready": False, "database": False, "restart_needed": False},
    )
    assert site.get("/healthz").status == 200
