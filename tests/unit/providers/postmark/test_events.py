"""Postmark's webhooks: nothing is signed, a user name and a password are said."""

import json
from datetime import datetime
from typing import Any

from newsletter.domain.events import Bounce
from newsletter.providers.postmark.events import Postmark
from tests.contracts import webhook
from tests.contracts.webhook import NOW, BasicSigner, WebhookContract


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


def test_a_policy_bounce_is_one_whatever_postmark_calls_it() -> None:
    found = read("Bounce", Type="HardBounce", Details="smtp;550 5.7.1 ana@example.org refused")
    assert found.bounce is Bounce.POLICY
    assert found.reason == "HardBounce smtp;550 5.7.1 …@example.org refused"


def test_a_bounce_without_a_record_type_is_one_still() -> None:
    found = read("", Type="HardBounce", TypeCode=1)
    assert found.bounce is Bounce.HARD


def test_a_bounce_is_named_by_its_number_and_others_by_their_content() -> None:
    assert read("Bounce", ID=42).id == read("Bounce", ID=42, Details="more").id
    assert read("Bounce", ID=42).id != read("SpamComplaint", ID=42).id
    first = read("Click", OriginalLink="https://a.example")
    assert first.id != read("Click", OriginalLink="https://b.example").id
