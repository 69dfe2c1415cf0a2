"""MailerSend's webhooks: one event a post, signed by HMAC-SHA256 over the body.

Facts: MailerSend's page of webhooks (form 2.0, the header ``Signature``, two retries after 10 and
100 seconds, 3 seconds for an answer); django-anymail for form 1.0 and the names of reasons; its
Python client for the reasons of a suppression, and its help for ``on_hold``, which ends after three
days. Both forms are read. ``created_at`` next to the event is the time of the report, and the only
signed time. A soft bounce ends the message, says the page; ``deferred`` is the delay. Its test post
is signed with a public key, so it is refused. Unconfirmed: whether a retry keeps ``created_at``,
and the reasons in form 2.0, which no document shows.
"""

from datetime import datetime, timedelta
from typing import Any

from newsletter.domain.events import Event
from newsletter.providers.common import webhooks
from newsletter.providers.common.webhooks import (
    EventTables,
    HmacWebhook,
    as_list,
    reply_text,
    text,
    value_at,
)

RETRY_PERIOD = timedelta(seconds=10 + 100 + 3 * 3)

_EVENT_TABLES = EventTables(__name__)
_REASON_FIELDS = ("bounce_code", "bounce_reason", "reject_reason", "suppression_reason")
_OLDER_REASON_FIELDS = ("readable_reason", "reason")


def _event(payload: dict[str, Any], now: datetime) -> Event:
    data = payload.get("data")
    reasons = [value_at(data, "meta", name) for name in _REASON_FIELDS]
    reasons += [value_at(data, "morph", name) for name in _OLDER_REASON_FIELDS]
    tags = as_list(value_at(data, "tags")) or as_list(value_at(data, "email", "tags"))
    what = text(payload.get("type"))
    is_suppressed = what == "activity.suppressed"
    return webhooks.make_event(
        payload,
        now,
        kind=_EVENT_TABLES.kind(what),
        id=value_at(data, "id"),
        times=(value_at(data, "created_at"), payload.get("created_at")),
        addresses=(value_at(data, "email"), value_at(data, "email", "recipient", "email")),
        provider_ids=(value_at(data, "message_id"), value_at(data, "email", "message", "id")),
        delivery=webhooks.split_delivery(tags[0] if tags else "", "/"),  # its one tag is ours
        # why it suppresses is its own word, and none of a server that objects to us
        replies=() if is_suppressed else reasons,
        notes=reasons if is_suppressed else (),
        bounce=_EVENT_TABLES.bounce("bounces", what)
        or _EVENT_TABLES.suppression_bounce(reply_text(*reasons)),
    )


class MailerSend(HmacWebhook):
    """Verifies and parses MailerSend's webhooks. ``key`` is the webhook's signing secret."""

    key_example = "Qk3v…, from MailerSend's page of the webhook"
    signature_header = "signature"
    time_key, retries = "created_at", RETRY_PERIOD
    translate = staticmethod(_event)
