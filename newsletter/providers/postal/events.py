"""Postal's webhooks: one event a post, signed with the server's RSA key.

Facts: Postal's source: ``webhook_delivery_service.rb`` (form and retries: 2, 3, 6, 10 and 15
minutes), ``delivery.rb``, ``message.rb``, its specification of headers. If there is a SHA-256
signature, it counts. Only older servers send the SHA-1 one alone; it is accepted from them, because
a forger would need a second text with the same hash, which is not feasible even for SHA-1.
Unconfirmed: the first version that sends ``bounce_type``; without it there is no reason.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives import hashes

from newsletter.domain.events import Event
from newsletter.providers.common import webhooks
from newsletter.providers.common.public_keys import parse_rsa_key, require_rsa
from newsletter.providers.common.webhooks import (
    EventTables,
    SignedWebhook,
    header,
    reply_text,
    value_at,
)

RETRY_PERIOD = timedelta(minutes=2 + 3 + 6 + 10 + 15)
_EVENT_TABLES = EventTables(__name__)
_SHA256_SIGNATURE_HEADER, _SHA1_SIGNATURE_HEADER = "x-postal-signature-256", "x-postal-signature"


def _event(post: dict[str, Any], now: datetime) -> Event:
    payload = post.get("payload")
    message = value_at(payload, "original_message") or value_at(payload, "message")
    reasons = [value_at(payload, "output"), value_at(payload, "details")]
    bounce = _EVENT_TABLES.bounce("types", value_at(payload, "bounce", "bounce_type"))
    return webhooks.make_event(
        post,
        now,
        kind=_EVENT_TABLES.kind(post.get("event")),
        id=post.get("uuid"),
        times=(value_at(payload, "timestamp"), post.get("timestamp")),
        addresses=[value_at(message, "to")],
        provider_ids=[value_at(message, "id")],
        delivery=webhooks.split_delivery(value_at(message, "tag"), "/"),
        replies=reasons,
        bounce=bounce or webhooks.smtp_bounce(reply_text(*reasons)),
    )


class Postal(SignedWebhook):
    """Verifies and parses Postal's webhooks. ``key`` is the server's public key."""

    time_key, retries = "timestamp", RETRY_PERIOD
    translate = staticmethod(_event)

    def __init__(self, key: str) -> None:
        self._key = parse_rsa_key(key)

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        if _SHA256_SIGNATURE_HEADER in headers:
            require_rsa(self._key, body, header(headers, _SHA256_SIGNATURE_HEADER), hashes.SHA256())
        else:
            require_rsa(self._key, body, header(headers, _SHA1_SIGNATURE_HEADER), hashes.SHA1())  # noqa: S303 - above
