"""MailerSend's webhooks: one event, signed over the body, in two forms."""

import json
from datetime import datetime
from typing import Any

from newsletter.domain.events import Bounce, EventKind
from newsletter.providers.mailersend.events import RETRY_PERIOD, MailerSend
from tests.contracts import webhook
from tests.contracts.webhook import NOW, BodySigner, WebhookContract
from tests.rows import rows

OURS = "Qk3v9d"
TAGS = ["resigns/attempt1/7"]


def newer(kind: str = "delivered", *, at: datetime = NOW, **data: Any) -> dict[str, Any]:
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
        return json.dumps(newer(at=at)).encode()


class TestTheContract(WebhookContract):
    signed_by = Signer


def read(said: dict[str, Any]) -> Any:
    (found,) = webhook.read(Signer(), said)
    return found


KINDS = [
    ("sent", EventKind.ACCEPTED),
    ("delivered", EventKind.DELIVERED),
    ("deferred", EventKind.DELAYED),
    ("soft_bounced", EventKind.BOUNCED),
    ("hard_bounced", EventKind.BOUNCED),
    ("suppressed", EventKind.BOUNCED),
    ("spam_complaint", EventKind.COMPLAINED),
    ("unsubscribed", EventKind.UNSUBSCRIBED),
    ("opened", EventKind.OPENED),
    ("clicked", EventKind.CLICKED),
    ("survey_opened", EventKind.OTHER),
]


@rows(("kind", "meaning"), KINDS)
def test_each_kind_has_its_meaning_in_both_forms(kind: str, meaning: EventKind) -> None:
    for said in (newer(kind), older(kind), older(kind, morph=None)):
        found = read(said)
        assert found.kind is meaning
        assert (found.campaign, found.attempt_id, found.subscriber_id) == ("resigns", "attempt1", 7)
        assert found.provider_id == "6892766ae78995a317577aa1"
        assert found.address == "ana@example.org"
        assert (found.id, found.at) == ("6892766a5b66e2daf3dc9155", NOW)


@rows(
    ("kind", "more", "meaning"),
    [
        ("hard_bounced", {}, Bounce.HARD),
        ("hard_bounced", {"meta": {"bounce_reason": "Host or domain name not found"}}, Bounce.HARD),
        ("hard_bounced", {"meta": {"bounce_reason": "550 5.7.1 blocked"}}, Bounce.POLICY),
        ("soft_bounced", {"meta": {"bounce_code": 552, "bounce_reason": "Full"}}, Bounce.SOFT),
        ("soft_bounced", {"morph": {"reason": "Unknown reason"}}, Bounce.SOFT),
        ("suppressed", {"meta": {"suppression_reason": "hard_bounced"}}, Bounce.HARD),
        ("suppressed", {"meta": {"suppression_reason": "spam_complained"}}, Bounce.COMPLAINT),
        ("suppressed", {"meta": {"suppression_reason": "on_hold"}}, Bounce.SOFT),
        ("suppressed", {"meta": {"suppression_reason": "unsubscribed"}}, Bounce.OTHER),
        ("suppressed", {"meta": {"suppression_reason": "blocklisted"}}, Bounce.OTHER),
        ("suppressed", {}, Bounce.OTHER),
    ],
)
def test_a_bounce_has_its_class(kind: str, more: dict[str, Any], meaning: Bounce) -> None:
    assert read(newer(kind, **more)).bounce is meaning


def test_the_reason_names_no_reader() -> None:
    found = read(
        newer("hard_bounced", meta={"bounce_code": 550, "bounce_reason": "no ana@a.example"})
    )
    assert found.reason == "550 no …@a.example"


def test_a_message_without_our_tag_names_no_delivery() -> None:
    found = read(newer(tags=None))
    assert (found.campaign, found.attempt_id, found.subscriber_id) == ("", "", None)
