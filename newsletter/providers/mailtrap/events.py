"""Mailtrap's webhooks: up to 500 events a post, signed by HMAC-SHA256 over the body.

Facts: Mailtrap's OpenAPI description of webhooks (both formats, kinds, ``event_id``), its page of
webhooks (batches of 30 seconds, 40 retries of 5 minutes, 30 seconds for an answer), its library's
verifier. The signed post has no time of signing, so the newest event counts. A soft bounce is tried
again, says the description, so it is a delay. Unconfirmed: the categories of bounces but for the
two below, and whether a suspended message is sent later; until then it counts as delayed.
"""

from datetime import datetime, timedelta
from typing import Any

from newsletter.domain.events import Bounce, Event
from newsletter.providers.common import webhooks
from newsletter.providers.common.webhooks import EventTables, HmacWebhook, reply_text, value_at

RETRY_PERIOD = 40 * timedelta(minutes=5, seconds=30) + timedelta(seconds=30)

_EVENT_TABLES = EventTables(__name__)


def _event(item: dict[str, Any], now: datetime) -> Event:
    reasons = [item.get("response_code"), item.get("response") or item.get("reason")]
    return webhooks.make_event(
        item,
        now,
        kind=_EVENT_TABLES.kind(item.get("event")),
        id=item.get("event_id"),
        times=[item.get("timestamp")],
        addresses=[item.get("email")],
        provider_ids=[item.get("message_id")],
        delivery=webhooks.read_delivery(value_at(item, "custom_variables")),
        replies=reasons,
        bounce=_bounce(item, reply_text(*reasons)),
    )


def _bounce(item: dict[str, Any], diagnostic: str) -> Bounce:
    if item.get("event") == "reject":
        return _EVENT_TABLES.suppression_bounce(diagnostic.lower())
    # "Permanent delivery failure", unless the code blames something else.
    bounce = webhooks.smtp_bounce(diagnostic) if item.get("response_code") else Bounce.HARD
    return _EVENT_TABLES.bounce("categories", item.get("bounce_category")) or bounce


class Mailtrap(HmacWebhook):
    """Verifies and parses Mailtrap's webhooks. ``key`` is the webhook's signing secret."""

    key_example = "8d7a…, from Mailtrap's page of the webhook"
    signature_header = "mailtrap-signature"
    time_key, retries, events_key = "timestamp", RETRY_PERIOD, "events"
    translate = staticmethod(_event)
