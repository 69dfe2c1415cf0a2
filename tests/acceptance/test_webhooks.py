"""Events that a provider posts over HTTP are recorded before the answer, or refused."""

import logging
import socket
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import requests

from newsletter.domain.events import Bounce, Event, EventKind
from newsletter.domain.ports import Webhook
from newsletter.runtime.delivery import Delivery
from newsletter.runtime.services import Services, open_workspace
from newsletter.web.server import WebServer
from tests.acceptance.workspace import Workspace, copied
from tests.fakes import PostedEvents

MEGABYTE = 1 << 20


class Told:
    """The readers' pages with a webhook for the outbox, and for SendGrid, whose posts are long."""

    def __init__(self, services: Services, url: str) -> None:
        self.services = services
        self.url = f"{url}/webhooks/outbox"
        self.webhook = PostedEvents()
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Connection"] = "close"  # the server closes it after an error

    def post(self, *events: Event, **changes: Any) -> requests.Response:
        headers, body = self.webhook.post(*events, at=self.services.store.clock.now())
        return self.ask("POST", headers=headers, data=body, **changes)

    def ask(self, method: str, *, url: str = "", **options: Any) -> requests.Response:
        return self.session.request(
            method, url or self.url, allow_redirects=False, timeout=60, **options
        )

    def event(self, number: int, kind: EventKind, **fields: Any) -> Event:
        usual: dict[str, Any] = {
            "id": f"{kind.value}-{number}",
            "at": self.services.store.clock.now(),
            "address": f"reader{number:05}@example.org",
            "campaign": "hours",
        }
        return Event(kind=kind, **usual | fields)


class Listening(Delivery):
    """Hears posts that are events already, for two providers."""

    @cached_property
    def webhooks(self) -> Mapping[str, Webhook]:
        return {"outbox": PostedEvents(), "sendgrid": PostedEvents()}


@contextmanager
def listening(workspace: Workspace) -> Iterator[Told]:
    """The same server as ``serve`` and ``run`` start, its webhooks wired as any others."""
    with open_workspace(workspace.folder, {}) as built:
        of = built.delivery
        heard = Listening(**{one.name: getattr(of, one.name) for one in fields(of)})
        services = replace(built, delivery=heard)
        with WebServer(services, host="127.0.0.1", port=0) as server:
            told = Told(services, server.address)
            yield told
            told.session.close()


@pytest.fixture
def sent(workspace: Workspace) -> Workspace:
    workspace.write_and_approve("hours", "The **library** is open.", title="Library hours")
    workspace.do("run", "--until-idle")
    return workspace


@pytest.fixture(scope="module")
def untouched(
    patterns: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Told]:
    """The same for posts that change nothing: nothing has been sent either."""
    folder = tmp_path_factory.mktemp("untouched") / "forum"
    workspace = Workspace(folder=copied(patterns["peopled"], folder))
    with listening(workspace) as told:
        before = dump(workspace)
        yield told
        assert dump(workspace) == before


def dump(workspace: Workspace) -> list[str]:
    """All that the database says."""
    with closing(sqlite3.connect(workspace.database)) as connection:
        return list(connection.iterdump())


@pytest.fixture
def told(sent: Workspace) -> Iterator[Told]:
    with listening(sent) as told:
        yield told


def test_what_is_told_stands_in_the_report_and_bars_who_is_not_there(
    sent: Workspace, told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    before = sent.do("report", "hours").stdout
    assert "no events are received" in before

    answer = told.post(
        *(told.event(number, EventKind.DELIVERED) for number in range(1, 8)),
        told.event(8, EventKind.BOUNCED, bounce=Bounce.HARD, reason="550 5.1.1 no such user"),
        told.event(9, EventKind.BOUNCED, bounce=Bounce.POLICY),
        told.event(7, EventKind.COMPLAINED),
    )

    assert (answer.status_code, answer.content) == (200, b"")
    assert not {"set-cookie", "location"} & {name.lower() for name in answer.headers}
    report = sent.report("hours")
    assert report["events_received"] is True
    assert (report["delivered"], report["bounced"], report["complained"]) == (7, 2, 1)
    assert report["bounces"] == {"hard": 1, "soft": 0, "policy": 1, "complaint": 0, "other": 0}
    text = sent.do("report", "hours").stdout
    assert "bounced              2  (1 hard, 1 policy)" in text
    assert "bounced (hard): reader00008@example.org 550 5.1.1 no such user" in text
    listed = sent.do("campaign", "list", "--json").json()
    assert [row["delivered"] for row in listed] == [7]
    for number, reason in ((8, "bounced"), (9, None), (7, "complained")):
        address = f"reader{number:05}@example.org"
        assert sent.do("subscribers", "show", address, "--json").json()["suppressed"] == reason
    said = [record.getMessage() for record in caplog.records if "webhook" in record.name]
    assert said == ["webhook=outbox posts=1 events=10 strangers=0 confirmed=0 suppressed=2"]

    sent.write_and_approve("second")
    sent.do("run", "--until-idle")
    assert sent.report("second")["audience"] == 8


def test_what_is_posted_again_changes_nothing(sent: Workspace, told: Told) -> None:
    event = told.event(1, EventKind.DELIVERED)
    assert {told.post(event, event).status_code for _ in range(5)} == {200}
    assert sent.report("hours")["delivered"] == 1


@pytest.mark.parametrize("name", ["mailgun", "nobody", "outbox/more", "outbox/", "%2e%2e"])
def test_where_no_webhook_is_set_up_there_is_nothing(untouched: Told, name: str) -> None:
    url = untouched.url.removesuffix("outbox") + name
    answer = untouched.post(untouched.event(1, EventKind.DELIVERED), url=url)
    assert answer.status_code == 404
    assert "location" not in {header.lower() for header in answer.headers}


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_only_a_post_is_heard(untouched: Told, method: str) -> None:
    assert untouched.ask(method).status_code == 405


def test_what_the_provider_did_not_sign_is_refused_without_a_reason(untouched: Told) -> None:
    headers, body = PostedEvents(b"another key").post(
        untouched.event(1, EventKind.COMPLAINED), at=untouched.services.store.clock.now()
    )
    for forged in ({"headers": headers, "data": body}, {"data": b"{}"}, {}):
        answer = untouched.ask("POST", **forged)
        assert (answer.status_code, answer.content) == (401, b"")


@pytest.mark.parametrize(
    ("name", "size", "status"),
    [
        ("outbox", MEGABYTE, 401),
        ("outbox", MEGABYTE + 1, 413),
        ("sendgrid", 5 * MEGABYTE, 401),
        ("sendgrid", 5 * MEGABYTE + 1, 413),
    ],
)
def test_a_post_that_is_too_long_is_not_read(
    untouched: Told, name: str, size: int, status: int
) -> None:
    url = untouched.url.removesuffix("outbox") + name
    answer = untouched.ask("POST", url=url, data=b"x" * size)
    assert (answer.status_code, answer.content) == (status, b"")


def test_a_post_that_breaks_off_changes_nothing(sent: Workspace, told: Told) -> None:
    host, port = told.url.split("/")[2].split(":")
    for length in (b"1000", b"5"):
        with closing(socket.create_connection((host, int(port)), timeout=60)) as connection:
            connection.sendall(
                b"POST /webhooks/outbox HTTP/1.1\r\nHost: x\r\nContent-Length: "
                + length
                + b"\r\n\r\n[{"
            )
    assert told.post(told.event(1, EventKind.DELIVERED)).status_code == 200
    assert sent.report("hours")["delivered"] == 1


def test_one_event_that_cannot_be_recorded_keeps_no_others_of_its_post_out(
    sent: Workspace, told: Told
) -> None:
    good = told.event(1, EventKind.COMPLAINED, campaign="")
    bad = told.event(2, EventKind.DELIVERED)
    sent.sql("UPDATE batch SET members = '[' || members")
    assert told.post(bad, good).status_code == 500
    shown = sent.do("subscribers", "show", "reader00001@example.org", "--json").json()
    assert shown["suppressed"] == "complained"
    sent.sql("UPDATE batch SET members = substr(members, 2)")
    assert told.post(bad, good).status_code == 200
    assert sent.report("hours")["delivered"] == 1


def test_a_database_that_cannot_be_written_asks_the_provider_to_try_again(
    sent: Workspace, told: Told
) -> None:
    event = told.event(1, EventKind.DELIVERED)
    with closing(sqlite3.connect(sent.database, isolation_level=None)) as other:
        other.execute("ALTER TABLE delivery_status RENAME TO hidden")
        assert told.post(event).status_code == 503
        other.execute("ALTER TABLE hidden RENAME TO delivery_status")
    assert told.post(event).status_code == 200
    assert sent.report("hours")["delivered"] == 1


def _still_sending(workspace: Workspace) -> None:
    """As if the campaign had been taken by 300, and ten more waited for tomorrow."""
    workspace.sql("UPDATE campaign SET state = 'sending', finished_at = NULL")
    workspace.sql(
        "UPDATE batch SET state = 'queued', size = 310, accepted = 300, pending = 10,"
        " attempts = 0, not_before = 9000000000000"
    )


def test_a_run_stops_a_campaign_by_itself_and_says_so(sent: Workspace) -> None:
    _still_sending(sent)
    sent.sql("INSERT INTO delivery_status VALUES (1, 3, 'complained', '', 0, '')")
    said = sent.do("--verbose", "run", "--until-idle", code=5).stderr
    assert "stopped hours, campaign 1: 1 of 300 accepted were reported as spam" in said
    assert "newsletter resume 1" in said
