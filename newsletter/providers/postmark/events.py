"""Postmark's events, by webhook: one a post, with user name and password.

Facts: Postmark's pages of each webhook and of bounce types, the types in its JavaScript library.
Postmark signs nothing, so a post has no proven time. Its own notes, version 1.1.0
(ActiveCampaign/postmark-skills, ``postmark-webhooks``) say that it tries again for 70 minutes after
5xx, 408, 429 and silence, and never after another 4xx; that it tries an address for each kind of
event before it saves it; and that it pauses a kind that keeps failing. SpamNotification comes from
a filter, not from a reader: Postmark continues to send after it. Unconfirmed: the values of
``Origin`` besides Recipient; only a suppression by the recipient counts as theirs.
"""

from datetime import datetime
from typing import Any

from newsletter.domain.events import Event, EventKind
from newsletter.providers.common.webhooks import (
    EventTables,
    PasswordWebhook,
    address,
    hash_id,
    make_event,
    read_delivery,
    text,
)

_EVENT_TABLES = EventTables(__name__)
_TIME_FIELDS = ("BouncedAt", "DeliveredAt", "ReceivedAt", "ChangedAt")


def _event(payload: dict[str, Any], now: datetime) -> Event:
    record = text(payload.get("RecordType")) or ("Bounce" if payload.get("TypeCode") else "")
    why = payload.get("Type") or payload.get("SuppressionReason")
    when = next((payload[name] for name in _TIME_FIELDS if name in payload), None)
    to = address(payload.get("Recipient")) or address(payload.get("Email"))
    name = [record, text(payload.get("ID"))]
    if not name[1]:
        name += [text(payload.get("MessageID")), to, text(when), text(payload.get("OriginalLink"))]
    return make_event(
        payload,
        now,
        kind=_kind(record, payload),
        id=hash_id(*name),
        times=[when],
        addresses=[to],
        provider_ids=[payload.get("MessageID")],
        delivery=read_delivery(payload.get("Metadata")),
        replies=[payload.get("Details")],
        notes=[why],
        bounce=_EVENT_TABLES.bounce("bounces", why),
    )


def _kind(record: str, payload: dict[str, Any]) -> EventKind:
    if record == "Bounce":
        return _EVENT_TABLES.kind(payload.get("Type"), EventKind.BOUNCED)
    if record != "SubscriptionChange":
        return _EVENT_TABLES.kind(record)
    why = payload.get("SuppressionReason")
    is_theirs = why != "ManualSuppression" or payload.get("Origin") == "Recipient"
    if payload.get("SuppressSending") is not True or not is_theirs:
        return EventKind.OTHER
    return _EVENT_TABLES.kind(why)


class Postmark(PasswordWebhook):
    """Verifies and parses Postmark's webhooks."""

    translate = staticmethod(_event)
