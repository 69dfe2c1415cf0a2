"""Postmark's webhooks: nothing is signed, a user name and a password are said."""

import json
from datetime import datetime
from typing import Any

from newsletter.domain.events import Bounce, EventKind
from newsletter.providers.postmark.events import Postmark
from tests.contracts import webhook
from tests.contracts.webhook import NOW, BasicSigner, WebhookContract
from tests.rows import rows


def said(record: str, *, at: datetime = NOW, **more: Any) -> dict[str, Any]:
    about: dict[str, Any] = {
        "RecordType": record,
        "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483",
        "Recipient": "ana@example.org",
        "Tag": "resigns",
        "Metadata": {"campaign": "resigns", "attempt": "attempt1", "subscriber": "7"},
    }
    if record == "Delivery":
        about["DeliveredAt"] = at.isoformat()
    return about | more


class Signer(BasicSigner):
    def webhook(self) -> Postmark:
        return Postmark(self.key)

    def example(self, at: datetime) -> bytes:
        return json.dumps(said("Delivery", at=at)).encode()


class TestTheContract(WebhookContract):
    signed_by = Signer


def read(record: str, **more: Any) -> Any:
    (found,) = webhook.read(Signer(), said(record, **more))
    return found


@rows(
    ("record", "meaning"),
    [
        ("Delivery", EventKind.DELIVERED),
        ("SpamComplaint", EventKind.COMPLAINED),
        ("Open", EventKind.OPENED),
        ("Click", EventKind.CLICKED),
        ("Inbound", EventKind.OTHER),
    ],
)
def test_each_record_has_its_meaning(record: str, meaning: EventKind) -> None:
    found = read(record)
    assert found.kind is meaning
    assert (found.campaign, found.attempt_id, found.subscriber_id) == ("resigns", "attempt1", 7)
    assert found.provider_id == "883953f4-6105-42a2-a16a-77a8eac79483"


@rows(
    ("kind", "meaning"),
    [
        ("HardBounce", Bounce.HARD),
        ("BadEmailAddress", Bounce.HARD),
        ("SoftBounce", Bounce.SOFT),
        ("DnsError", Bounce.SOFT),
        ("Blocked", Bounce.POLICY),
        ("DMARCPolicy", Bounce.POLICY),
        ("SpamNotification", Bounce.POLICY),
        ("VirusNotification", Bounce.POLICY),
        ("Unknown", Bounce.OTHER),
        ("ManuallyDeactivated", Bounce.OTHER),
        ("Unconfirmed", Bounce.OTHER),
        ("SMTPApiError", Bounce.OTHER),
        ("TemplateRenderingFailed", Bounce.OTHER),
        ("BrandNew", Bounce.OTHER),
    ],
)
def test_a_bounce_has_its_class(kind: str, meaning: Bounce) -> None:
    found = read("Bounce", Type=kind, Email="ana@example.org", BouncedAt=NOW.isoformat())
    assert found.kind is EventKind.BOUNCED
    assert found.bounce is meaning
    assert found.at == NOW


@rows(
    ("kind", "meaning"),
    [
        ("SpamComplaint", EventKind.COMPLAINED),
        ("Transient", EventKind.DELAYED),
        ("Unsubscribe", EventKind.UNSUBSCRIBED),
        ("Subscribe", EventKind.OTHER),
        ("AutoResponder", EventKind.OTHER),
        ("AddressChange", EventKind.OTHER),
        ("ChallengeVerification", EventKind.OTHER),
        ("OpenRelayTest", EventKind.OTHER),
        ("InboundError", EventKind.OTHER),
    ],
)
def test_not_each_bounce_of_postmarks_is_one(kind: str, meaning: EventKind) -> None:
    assert read("Bounce", Type=kind).kind is meaning


def test_a_policy_bounce_is_one_whatever_postmark_calls_it() -> None:
    found = read("Bounce", Type="HardBounce", Details="smtp;550 5.7.1 ana@example.org refused")
    assert found.bounce is Bounce.POLICY
    assert found.reason == "HardBounce smtp;550 5.7.1 …@example.org refused"


@rows(
    ("suppress", "why", "origin", "meaning"),
    [
        (True, "HardBounce", "Recipient", EventKind.BOUNCED),
        (True, "SpamComplaint", "Recipient", EventKind.COMPLAINED),
        (True, "ManualSuppression", "Recipient", EventKind.UNSUBSCRIBED),
        (True, "ManualSuppression", "Customer", EventKind.OTHER),
        (True, "BrandNew", "Recipient", EventKind.OTHER),
        (False, None, "Recipient", EventKind.OTHER),
    ],
)
def test_a_change_of_subscription_has_its_meaning(
    suppress: bool, why: str | None, origin: str, meaning: EventKind
) -> None:
    found = read(
        "SubscriptionChange", SuppressSending=suppress, SuppressionReason=why, Origin=origin
    )
    assert found.kind is meaning
    assert found.bounce is (Bounce.HARD if meaning is EventKind.BOUNCED else None)


def test_a_bounce_without_a_record_type_is_one_still() -> None:
    found = read("", Type="HardBounce", TypeCode=1)
    assert found.bounce is Bounce.HARD


def test_a_bounce_is_named_by_its_number_and_others_by_their_content() -> None:
    assert read("Bounce", ID=42).id == read("Bounce", ID=42, Details="more").id
    assert read("Bounce", ID=42).id != read("SpamComplaint", ID=42).id
    first = read("Click", OriginalLink="https://a.example")
    assert first.id != read("Click", OriginalLink="https://b.example").id
