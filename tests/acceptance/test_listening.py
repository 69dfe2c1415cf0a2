"""A provider whose key is configured is listened to: signed posts count, others change nothing."""

import hmac
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.acceptance.mailgun import PacedMailgun
from tests.acceptance.site import Site
from tests.acceptance.workspace import Workspace
from tests.servers import parse_form, reply

KEY = "signing-key-for-tests"


def signed(key: str, **event: Any) -> bytes:
    """A post as Mailgun signs it."""
    now, token = f"{time.time():.0f}", f"{time.time_ns():050x}"
    signature = hmac.new(key.encode(), (now + token).encode(), "sha256").hexdigest()
    about = {"timestamp": now, "token": token, "signature": signature}
    return json.dumps({"signature": about, "event-data": event}).encode()


def happened(kind: str, number: int, **more: Any) -> dict[str, Any]:
    return {
        "event": kind,
        "id": f"{kind}-{number}",
        "timestamp": time.time(),
        "recipient": f"reader{number:05}@example.org",
        "user-variables": {"campaign": "news"},
        **more,
    }


@pytest.fixture
def site(workspace: Workspace, mailgun: PacedMailgun) -> Iterator[Site]:
    """Ten readers in two batches: the second was taken, and the answer was a 500."""
    workspace.use_mailgun(mailgun.url, batch_size=5, concurrency=1, webhook_key=KEY)
    workspace.write("news")
    workspace.approve("news")
    mailgun.script.extend(
        [
            reply(200, {"id": "<1@forum.example>", "message": "Queued."}, takes=True),
            reply(500, {"message": "oops"}, takes=True),
        ]
    )
    mailgun.events_are_hidden = True
    workspace.do("run", "--until-idle", code=5)
    assert workspace.report("news")["unknown"] == 5
    site = Site(workspace)
    yield site
    site.close()


def told(site: Site, body: bytes) -> requests.Response:
    return site.ask("POST", "/webhooks/mailgun", data=body)


def refuse_what_is_forged(workspace: Workspace, site: Site) -> None:
    for body in (signed("another key", **happened("complained", 1)), b"{}", b"", b"\xff"):
        refused = told(site, body)
        assert refused.status_code == 401
        assert refused.content == b""
    assert site.ask("POST", "/webhooks/sendgrid", data=b"[]").status_code == 404
    assert site.ask("GET", "/webhooks/mailgun").status_code == 405
    report = workspace.report("news")
    assert (report["unknown"], report["complained"]) == (5, 0)
    assert not report["events_received"]


def keep_what_nobody_knows(workspace: Workspace, site: Site) -> None:
    assert told(site, signed(KEY, **happened("teleported", 1))).status_code == 200
    assert workspace.report("news")["unknown"] == 5


def test_what_is_forged_or_unheard_of_changes_nothing_and_what_is_signed_settles_the_unknown(
    workspace: Workspace, site: Site, mailgun: PacedMailgun
) -> None:
    refuse_what_is_forged(workspace, site)
    keep_what_nobody_knows(workspace, site)

    attempts = [parse_form(one)["v:attempt"][0] for one in mailgun.taken]
    for number in range(6, 10):
        about = {"campaign": "news", "attempt": attempts[1]}
        event = happened("delivered", number, **{"user-variables": about})
        assert told(site, signed(KEY, **event)).status_code == 200
    gone = happened(
        "failed",
        10,
        severity="permanent",
        **{"delivery-status": {"code": 550, "message": "5.1.1 no such user"}},
    )
    assert told(site, signed(KEY, **gone)).status_code == 200

    report = workspace.report("news")
    assert (report["state"], report["accepted"], report["unknown"]) == ("sent", 10, 0)
    assert (report["delivered"], report["bounced"]) == (4, 1)
    shown = workspace.do("subscribers", "show", "reader00010@example.org", "--json").json()
    assert shown["suppressed"] == "bounced"
