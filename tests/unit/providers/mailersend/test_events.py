"""MailerSend's webhooks: one event, signed over the body, in two forms."""

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

from newsletter.providers.mailersend.events import RETRY_PERIOD, MailerSend
from tests.contracts import webhook
from tests.contracts.webhook import NOW, BodySigner, WebhookContract
from tests.rows import rows

OURS = "Qk3v9d"
TAGS = ["resigns/attempt1/7"]


def said(kind: str = "delivered", *, at: datetime = NOW, **data: Any) -> dict[str, Any]:
    about = {
        "id": "6892766a5b66e2daf3dc9155",
        "domain_id": "yv69oxl5kl785kw2",
        "message_id": "6892766ae78995a317577aa1",
        "email_id": "6892766a8d52ba62543d5e71",
        "type": kind,
        "subject": "Forum resigns",
        "email": "ana@example.org",
        "tags": TAGS,
        "meta": [],
    }
    return {"type": f"activity.{kind}", "created_at": at.isoformat(), "data": about | data}


def older(kind: str, **more: Any) -> dict[str, Any]:
    email = {
        "id": "63fd1c1de225707fa905f0a8",
        "tags": TAGS,
        "message": {"id": "6892766ae78995a317577aa1"},
        "recipient": {"email": "ana@example.org"},
    }
    created = NOW.isoformat().replace("+00:00", "Z")
    data = {"id": "6892766a5b66e2daf3dc9155", "created_at": created, "email": email, **more}
    return {"type": f"activity.{kind}", "created_at": created, "data": data}


class Signer(BodySigner):
    name = "signature"
    key = OURS
    window = RETRY_PERIOD

    def webhook(self) -> MailerSend:
        return MailerSend(self.key)

    def example(self, at: datetime) -> bytes:
        return json.dumps(said(at=at)).encode()


class TestTheContract(WebhookContract):
    signed_by = Signer


def read(told: dict[str, Any]) -> Any:
    (found,) = webhook.read(Signer(), told)
    return found


@rows("kind", ["sent", "deferred", "hard_bounced", "spam_complaint", "survey_opened"])
def test_an_event_means_the_same_in_the_older_form(kind: str) -> None:
    newer = replace(read(said(kind)), raw="")
    for more in ({}, {"morph": None}):
        assert replace(read(older(kind, **more)), raw="") == newer


def test_the_reason_names_no_reader() -> None:
    found = read(
        said("hard_bounced", meta={"bounce_code": 550, "bounce_reason": "no ana@a.example"})
    )
    assert found.reason == "550 no …@a.example"


def test_a_message_without_our_tag_names_no_delivery() -> None:
    found = read(said(tags=None))
    assert (found.campaign, found.attempt_id, found.subscriber_id) == ("", "", None)
