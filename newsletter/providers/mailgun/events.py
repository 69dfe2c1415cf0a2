"""Mailgun's events, by webhook: one a post, signed by HMAC-SHA256.

Facts: Mailgun's pages "Securing Webhooks", "Webhook Payloads", "Automatic Retries" (for eight
hours), "Events" (reasons and codes 605 to 607), its SDK's ``verify_webhook``. The signature covers
a time and a token, not the event. A token that comes again with another event is refused, but a
person who kept a signed post from us could change its event. Unconfirmed: whether a retry
has a new signature.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from newsletter.domain.events import Bounce, Event, EventKind, Forged
from newsletter.providers.common import webhooks

RETRY_PERIOD = timedelta(hours=8)
_TABLES = webhooks.EventTables(__name__)
_TIMESTAMP_PATTERN = re.compile(r"[0-9]{10}")


class Mailgun:
    """Verifies and parses Mailgun's webhooks. ``key`` is the HTTP webhook signing key."""

    def __init__(self, key: str) -> None:
        example = "3f2a…, from Mailgun's page of webhooks"
        self._key = webhooks.parse_secret(key, key_example=example)

    def read(self, headers: Mapping[str, str], body: bytes, now: datetime) -> tuple[Event, ...]:
        """Verify a post and return its one event. Raises Forged."""
        payload = webhooks.parse_json(body)
        fields = webhooks.value_at(payload, "signature")
        signed_at, token, signature = (
            webhooks.exact_text(webhooks.value_at(fields, name))
            for name in ("timestamp", "token", "signature")
        )
        if not token or not _TIMESTAMP_PATTERN.fullmatch(signed_at):
            raise Forged("it holds no signature of Mailgun's")
        webhooks.require_hmac(self._key, (signed_at + token).encode(errors="replace"), signature)
        webhooks.require_fresh(webhooks.parse_time(signed_at), now, RETRY_PERIOD)
        data = webhooks.value_at(payload, "event-data")
        parsed = (
            _event(data, now) if isinstance(data, dict) else webhooks.unreadable_event(body, now)
        )
        return (replace(parsed, token=token),)


def _event(data: dict[str, Any], now: datetime) -> Event:
    kind = _TABLES.kind(data.get("event"))
    severity = webhooks.text(data.get("severity"))
    if data.get("event") == "failed" and severity != "permanent":
        kind = EventKind.DELAYED if severity == "temporary" else EventKind.OTHER
    status = data.get("delivery-status")
    reasons = [
        webhooks.value_at(status, name)
        for name in ("code", "enhanced-code", "message", "description")
    ]
    # in angle brackets, like the id in the answer to the call
    sent_as = webhooks.text(webhooks.value_at(data, "message", "headers", "message-id")).strip("<>")
    return webhooks.make_event(
        data,
        now,
        kind=kind,
        id=data.get("id"),
        times=[data.get("timestamp")],
        addresses=[data.get("recipient")],
        provider_ids=[sent_as and f"<{sent_as}>"],
        delivery=webhooks.read_delivery(data.get("user-variables")),
        replies=reasons,
        notes=[webhooks.value_at(data, "reject", "reason") or data.get("reason")],
        bounce=_bounce(data, reasons),
    )


def _bounce(data: dict[str, Any], reasons: list[Any]) -> Bounce:
    if webhooks.text(reasons[0]) == "552":  # full, though Mailgun may call it a bounce
        return Bounce.SOFT
    bounce = _TABLES.bounce("codes", reasons[0]) or _TABLES.bounce("reasons", data.get("reason"))
    return bounce or webhooks.smtp_bounce(webhooks.reply_text(*reasons))
