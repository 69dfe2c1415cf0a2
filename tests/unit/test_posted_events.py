"""The webhook that tests use is one like any other."""

import json

import pytest

from newsletter.domain.events import Bounce, Event, EventKind
from newsletter.domain.ports import Webhook
from tests.contracts.signed_webhook import Post, SignedWebhookContract
from tests.fakes import NOON, PostedEvents

BOUNCE = Event(
    id="e1",
    kind=EventKind.BOUNCED,
    at=NOON,
    bounce=Bounce.HARD,
    address="ana@example.org",
    campaign="hours",
    attempt_id="a1",
    subscriber_id=7,
    provider_id="m1",
    reason="no such mailbox",
    raw="{}",
)


class TestPostedEvents(SignedWebhookContract):
    @pytest.fixture
    def webhook(self) -> Webhook:
        return PostedEvents()

    @pytest.fixture
    def posted(self) -> Post:
        return PostedEvents().post(BOUNCE, Event(id="e2", kind=EventKind.OPENED, at=NOON))

    def test_an_event_comes_out_as_it_went_in(self, webhook: Webhook, posted: Post) -> None:
        assert webhook.read(*posted, NOON)[0] == BOUNCE

    def test_what_is_not_understood_is_kept_as_it_came(self) -> None:
        webhook = PostedEvents()
        odd = json.dumps([{"id": 3, "kind": "teleported"}]).encode()
        headers = {"x-time": NOON.isoformat(), "x-signature": webhook._sign(NOON.isoformat(), odd)}
        [event] = webhook.read(headers, odd, NOON)
        assert (event.kind, event.id, "teleported" in event.raw) == (EventKind.OTHER, "3", True)
