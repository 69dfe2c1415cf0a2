"""Brevo's webhooks: one event a post or an array of them, sent with a user name and a password.

Facts: Brevo's pages "Transactional webhooks" (times in UTC are ``ts_event``), "Batched webhooks",
"Retry mechanism" (an answer of 4xx is never tried again) and event names in its API reference.
Brevo signs nothing and names no event, so its content does. A contact that is blocked may have
left, complained or bounced before: Brevo does not say which. Unconfirmed: the words of ``reason``.
"""

from datetime import datetime
from typing import Any

from newsletter.domain.events import Event
from newsletter.providers.common import webhooks

_EVENT_TABLES = webhooks.EventTables(__name__)
_STABLE_FIELDS = ("event", "email", "message-id", "ts_event", "ts", "ts_epoch", "reason", "link")


def _event(item: dict[str, Any], now: datetime) -> Event:
    name = item.get("event")
    return webhooks.make_event(
        item,
        now,
        kind=_EVENT_TABLES.kind(name),
        id=webhooks.hash_id(*(webhooks.text(item.get(name), 1000) for name in _STABLE_FIELDS)),
        times=(item.get("ts_event"), item.get("ts")),
        addresses=[item.get("email")],
        provider_ids=[item.get("message-id")],
        delivery=webhooks.split_delivery(item.get("X-Mailin-custom"), "."),
        replies=[item.get("reason")],
        bounce=_EVENT_TABLES.bounce("bounces", name),
    )


class Brevo(webhooks.PasswordWebhook):
    """Verifies and parses Brevo's webhooks."""

    translate = staticmethod(_event)
