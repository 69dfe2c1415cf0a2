"""SendGrid's webhooks: an array of events, signed by ECDSA over a time and the body.

Facts: SendGrid's pages "Event Webhook Reference" (events, reasons of a drop) and "Security
Features", its library's verifier. ``sg_message_id`` begins with the X-Message-Id of the call.
Unconfirmed: for how long SendGrid posts again what it signed once, so that it may for a day; and
the list of ``bounce_classification``, of which only the names below were seen.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from newsletter.domain.events import Bounce, Event, Forged
from newsletter.providers.common import webhooks
from newsletter.providers.common.public_keys import parse_curve_key

RETRY_PERIOD = webhooks.MAX_AGE
_EVENT_TABLES = webhooks.EventTables(__name__)
_SIGNATURE_HEADER = "x-twilio-email-event-webhook-signature"
_TIMESTAMP_HEADER = "x-twilio-email-event-webhook-timestamp"


class SendGrid:
    """Verifies and parses SendGrid's webhooks. ``key`` is the webhook's public key."""

    def __init__(self, key: str) -> None:
        self._key = parse_curve_key(key)

    def read(self, headers: Mapping[str, str], body: bytes, now: datetime) -> tuple[Event, ...]:
        """Verify a post and return its events, one for each item of the array. Raises Forged."""
        signed_at = webhooks.header(headers, _TIMESTAMP_HEADER)
        signature = webhooks.decode_base64(webhooks.header(headers, _SIGNATURE_HEADER)) or b""
        message = signed_at.encode(errors="replace") + body
        try:
            self._key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature as error:
            raise Forged("the signature does not match") from error
        webhooks.require_fresh(webhooks.parse_time(signed_at), now, RETRY_PERIOD)
        return webhooks.read_events(body, now, _event)


def _event(item: dict[str, Any], now: datetime) -> Event:
    # the server's reply comes before the status, which is often no more than 5.0.0
    reasons = [item.get("reason") or item.get("response"), item.get("status")]
    # the X-Message-Id in the answer to the call, followed by a dot and its path
    sent_as = (
        webhooks.text(item.get("sg_message_id")).partition(".filter")[0].partition(".recvd")[0]
    )
    return webhooks.make_event(
        item,
        now,
        kind=_EVENT_TABLES.kind(item.get("event")),
        id=item.get("sg_event_id"),
        times=[item.get("timestamp")],
        addresses=[item.get("email")],
        provider_ids=[sent_as],
        delivery=webhooks.read_delivery(item),
        replies=reasons,
        bounce=_bounce(item),
    )


def _bounce(item: dict[str, Any]) -> Bounce | None:
    if item.get("event") == "dropped":
        return _EVENT_TABLES.bounce(
            "drops", webhooks.text(item.get("reason")).lower().partition(" (")[0]
        )
    bounce = _EVENT_TABLES.bounce(
        "classified", webhooks.text(item.get("bounce_classification")).lower()
    )
    return bounce or _EVENT_TABLES.bounce(
        "types", webhooks.text(item.get("type")) or item.get("event")
    )
