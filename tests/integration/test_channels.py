"""Posts reach a channel over real HTTP: signed, to a checked address, no secret in the log."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from newsletter.config.channels import CHANNELS
from newsletter.domain.delivery.batch import Answer, Verdict
from newsletter.domain.delivery.transactional import ChannelPost, MessageState, NoticeSection
from newsletter.runtime.channels import ChannelPostRunner, PostAttempt, signature
from tests.fakes import NOON
from tests.pages import forum
from tests.rows import rows
from tests.servers import LoopbackServer, Step, bytes_then_close, closed_port, reply

KEY = b"a key of twenty-four byt"
SECRET = f"whsec_{base64.b64encode(KEY).decode()}"
POST = ChannelPost(
    id=7,
    channel="room",
    made_at=NOON,
    state=MessageState.CALLING,
    attempts=1,
    called_at=NOON,
    reason="",
)
NEWS = (
    NoticeSection(
        title="Budget <hearing>",
        label="approved",
        lines=("Approved by Ben.",),
        url="https://news.forum.example/desk/statements/budget",
        events=("approved",),
        statement="budget",
    ),
)


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer() as running:
        yield running


def call(kind: str, url: str, **more: Any) -> Answer:
    more = ({"secret": SECRET} if kind == "webhook" else {}) | {"allow_private": True} | more
    options = CHANNELS[kind].model_validate({"kind": kind, "name": "room", "url": url} | more)
    return PostAttempt(
        options=options,
        organisation="Example Forum",
        public_url="https://news.forum.example",
        language="en",
        at=NOON,
    ).send(POST, NEWS)


def test_a_webhook_is_signed_as_the_standard_says(server: LoopbackServer) -> None:
    assert call("webhook", f"{server.url}/hook").outcome.verdict is Verdict.ACCEPTED
    [received] = server.requests
    headers = received.headers
    signed = ".".join(
        (headers["webhook-id"], headers["webhook-timestamp"], received.body.decode())
    ).encode()
    expected = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert int(headers["webhook-timestamp"]) == int(NOON.timestamp())
    assert headers["webhook-id"] == f"notice_7_{NOON.timestamp():.0f}"
    said = json.loads(received.body)
    assert said["type"] == "newsletter.notices"
    assert said["data"]["notices"][0] == {
        "events": ["approved"],
        "statement": "budget",
        "title": "Budget <hearing>",
        "label": "approved",
        "lines": ["Approved by Ben."],
        "url": "https://news.forum.example/desk/statements/budget",
    }


def test_the_signature_is_that_of_the_published_example() -> None:
    # https://github.com/standard-webhooks/standard-webhooks: the example of its libraries' tests
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    made = signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_slack_gets_a_text_and_blocks_without_marks_of_others(server: LoopbackServer) -> None:
    call("slack", f"{server.url}/services/T0/B0/hush-hush")
    [received] = server.requests
    assert "webhook-signature" not in received.headers
    said = json.loads(received.body)
    assert said["text"] == "Approved: Budget &lt;hearing&gt;"
    [block] = said["blocks"]
    assert block["text"]["text"] == (
        "*<https://news.forum.example/desk/statements/budget|Budget &lt;hearing&gt;>*: approved\n"
        "Approved by Ben."
    )


def test_teams_gets_an_adaptive_card(server: LoopbackServer) -> None:
    call("teams", f"{server.url}/workflows/hush?sig=hush-hush")
    said = json.loads(server.requests[0].body)
    [attached] = said["attachments"]
    assert attached["contentType"] == "application/vnd.microsoft.card.adaptive"
    card = attached["content"]
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    assert [run["text"] for run in card["body"][0]["inlines"]] == ["Budget <hearing>", ": approved"]
    assert card["actions"][0]["url"] == NEWS[0].url
    assert server.requests[0].path == "/workflows/hush?sig=hush-hush"


def test_a_hub_is_asked_to_fetch_each_feed(server: LoopbackServer) -> None:
    assert call("websub", f"{server.url}/hub").outcome.verdict is Verdict.ACCEPTED
    [received] = server.requests
    assert received.headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qs(received.body.decode()) == {
        "hub.mode": ["publish"],
        "hub.url": [f"https://news.forum.example/feed.{kind}" for kind in ("rss", "atom", "json")],
    }


@rows(
    ["step", "verdict", "reason"],
    [
        (reply(204), Verdict.ACCEPTED, ""),
        (reply(404, "no_service"), Verdict.REJECTED, "HTTP 404: no_service"),
        (reply(404, "no hush-hush here"), Verdict.REJECTED, "HTTP 404"),
        (reply(429, "", {"Retry-After": "90"}), Verdict.RETRY, "HTTP 429"),
        (reply(503, "later"), Verdict.RETRY, "HTTP 503: later"),
        (
            reply(302, "", {"Location": "http://127.0.0.1/"}),
            Verdict.REJECTED,
            "HTTP 302: it leads to another address, and is not followed",
        ),
    ],
)
def test_an_answer_is_judged_by_its_status(
    server: LoopbackServer, step: Step, verdict: Verdict, reason: str
) -> None:
    server.requests.clear()
    server.script.append(step)
    answer = call("slack", f"{server.url}/services/hush-hush")
    assert (answer.outcome.verdict, answer.outcome.reason) == (verdict, reason)
    assert (answer.retry_after is not None) == (reason == "HTTP 429")
    assert len(server.requests) == 1


def test_a_lost_answer_is_unknown_to_a_chat_and_repeated_to_a_webhook(
    server: LoopbackServer,
) -> None:
    server.script += [bytes_then_close(b""), bytes_then_close(b"")]
    assert call("teams", f"{server.url}/hush-hush").outcome.verdict is Verdict.UNKNOWN
    answer = call("webhook", f"{server.url}/hush-hush")
    assert answer.outcome.verdict is Verdict.RETRY
    assert "hush" not in answer.outcome.reason


def test_a_private_address_is_refused_unless_it_is_meant(server: LoopbackServer) -> None:
    url = server.url.replace("http:", "https:")
    answer = call("slack", f"{url}/hush-hush", allow_private=False)
    assert answer.outcome.verdict is Verdict.RETRY
    assert "private network" in answer.outcome.reason
    assert server.connections == 0
    answer = call("slack", f"http://127.0.0.1:{closed_port()}/hush-hush")
    assert "Nothing was sent" in answer.outcome.reason


def test_a_round_posts_what_the_tick_found(
    tmp_path: Path, migrated: Path, server: LoopbackServer, caplog: pytest.LogCaptureFixture
) -> None:
    room = {
        "kind": "slack",
        "name": "room",
        "url": f"{server.url}/hush-hush",
        "allow_private": True,
    }
    with forum(tmp_path, database=migrated, notices=[room]) as site:
        text = "---\ntitle: News\n---\nThe library is open.\n"
        (site.folder / "statements" / "news.md").write_text(text, "utf-8")
        site.services.tick.run()
        site.clock.advance(minutes=1)
        server.script.append(reply(404, "no_service"))
        tick = ChannelPostRunner(
            site.services.settings, site.services.store, is_stopped=lambda: False
        )
        with caplog.at_level("DEBUG"):
            tick.send_due()
            tick.send_due()
        assert "hush" not in repr(site.services.settings)
    [received] = server.requests
    assert json.loads(received.body)["text"] == "Waiting for approval: News"
    assert "channel=room attempt=1 state=rejected reason='HTTP 404: no_service'" in caplog.text
    assert "hush" not in caplog.text
