"""The contract of every signed webhook: give it the fixtures ``webhook`` and ``posted``."""

from datetime import timedelta

import pytest

from newsletter.domain.events import EventKind, Forged
from newsletter.domain.ports import Webhook
from tests.fakes import NOON

Post = tuple[dict[str, str], bytes]


class SignedWebhookContract:
    """``posted`` is a post signed at noon, with at least one event in it."""

    def test_what_the_provider_signed_is_read_the_same_each_time(
        self, webhook: Webhook, posted: Post
    ) -> None:
        events = webhook.read(*posted, NOON)
        assert events
        assert webhook.read(*posted, NOON) == events
        assert all(event.id and event.at.tzinfo for event in events)
        assert all(
            (event.bounce is None) is (event.kind is not EventKind.BOUNCED) for event in events
        )

    def test_one_changed_byte_makes_it_forged(self, webhook: Webhook, posted: Post) -> None:
        headers, body = posted
        for place in range(len(body)):
            changed = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
            with pytest.raises(Forged):
                webhook.read(headers, changed, NOON)

    def test_without_its_headers_it_is_forged(self, webhook: Webhook, posted: Post) -> None:
        with pytest.raises(Forged):
            webhook.read({}, posted[1], NOON)

    def test_what_was_signed_long_ago_is_a_replay(self, webhook: Webhook, posted: Post) -> None:
        with pytest.raises(Forged):
            webhook.read(*posted, NOON + timedelta(days=2))
