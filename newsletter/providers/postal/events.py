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
from newsletter.providers.common import signatures, webhooks
from newsletter.providers.common.signatures import Signed, header, require_rsa
from newsletter.providers.common.webhooks import Words, inside, words

RETRIES = timedelta(minutes=2 + 3 + 6 + 10 + 15)
_WORDS = Words(__name__)
_NEWER, _OLDER = "x-postal-signature-256", "x-postal-signature"


def _event(post: dict[str, Any], now: datetime) -> Event:
    payload = post.get("payload")
    message = inside(payload, "original_message") or inside(payload, "message")
    reasons = [inside(payload, "output"), inside(payload, "details")]
    bounce = _WORDS.bounce("types", inside(payload, "bounce", "bounce_type"))
    return webhooks.told(
        post,
        now,
        kind=_WORDS.kind(post.get("event")),
        id=post.get("uuid"),
        at=(inside(payload, "timestamp"), post.get("timestamp")),
        to=[inside(message, "to")],
        sent_as=[inside(message, "id")],
        delivery=webhooks.split_delivery(inside(message, "tag"), "/"),
        reasons=reasons,
        bounce=bounce or webhooks.smtp_bounce(words(*reasons)),
    )


class Postal(Signed):
    """Reads what Postal posts. ``key``: the server's public key."""

    time, retries = "timestamp", RETRIES
    translate = staticmethod(_event)

    def __init__(self, key: str) -> None:
        self._key = signatures.rsa_key(key)

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        """Check the signature. Raises Forged."""
        if _NEWER in headers:
            require_rsa(self._key, body, header(headers, _NEWER), hashes.SHA256())
        else:
            require_rsa(self._key, body, header(headers, _OLDER), hashes.SHA1())  # noqa: S303 - above
