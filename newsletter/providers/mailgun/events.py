"""Mailgun's webhooks: one event a post, signed by HMAC-SHA256 over a time and a token inside it.

Facts: Mailgun's pages "Securing Webhooks", "Webhook Payloads", "Automatic Retries" (for eight
hours), "Events" (reasons and codes 605 to 607), its SDK's ``verify_webhook``. The signature does
not cover the event: a token that comes back with another event is refused, but whoever has a
signed post that never reached us could alter it. Unconfirmed: whether a retry is signed anew.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from newsletter.domain.events import Bounce, Event, EventKind, Forged, bounce_class
from newsletter.providers.common import signatures
from newsletter.providers.common.signatures import require_fresh, require_hmac
from newsletter.providers.common.webhooks import (
    address,
    content_id,
    delivery,
    exact,
    inside,
    instant,
    kind_of,
    parse,
    raw,
    reason,
    smtp_bounce,
    text,
    unread,
    words,
)

RETRIES = timedelta(hours=8)
_TIME = re.compile(r"[0-9]{10}")

_KINDS = {
    "accepted": EventKind.ACCEPTED,
    "delivered": EventKind.DELIVERED,
    "failed": EventKind.BOUNCED,
    "rejected": EventKind.BOUNCED,
    "opened": EventKind.OPENED,
    "clicked": EventKind.CLICKED,
    "unsubscribed": EventKind.UNSUBSCRIBED,
    "complained": EventKind.COMPLAINED,
}
_REASONS = {
    "bounce": Bounce.HARD,
    "hardfail": Bounce.HARD,
    "suppress-bounce": Bounce.HARD,
    "suppress-complaint": Bounce.COMPLAINT,
    "suppress-unsubscribe": Bounce.OTHER,
    "espblock": Bounce.POLICY,
    "greylisted": Bounce.SOFT,
    "old": Bounce.SOFT,  # given up after hours of trying
}
_CODES = {
    "605": Bounce.HARD,  # it bounced before
    "606": Bounce.OTHER,  # it unsubscribed before
    "607": Bounce.COMPLAINT,  # it complained before
}


class Mailgun:
    """Reads what Mailgun posts. ``key``: the HTTP webhook signing key."""

    def __init__(self, key: str) -> None:
        self._key = signatures.secret(key, looks_like="3f2a…, from Mailgun's page of webhooks")

    def read(self, headers: Mapping[str, str], body: bytes, now: datetime) -> tuple[Event, ...]:
        """One event. Raises Forged."""
        said = parse(body)
        signature = inside(said, "signature")
        signed_at, token, claimed = (
            exact(inside(signature, name)) for name in ("timestamp", "token", "signature")
        )
        if not token or not _TIME.fullmatch(signed_at):
            raise Forged("it holds no signature of Mailgun's")
        require_hmac(self._key, (signed_at + token).encode(errors="replace"), claimed)
        require_fresh(instant(signed_at), now, RETRIES)
        data = inside(said, "event-data")
        told = event(data, now) if isinstance(data, dict) else unread(body, now)
        return (replace(told, token=token),)


def event(data: dict[str, Any], now: datetime) -> Event:
    """Also for what is listed when it is asked for."""
    kind = kind_of(_KINDS, data.get("event"))
    severity = text(data.get("severity"))
    if data.get("event") == "failed" and severity != "permanent":
        kind = EventKind.DELAYED if severity == "temporary" else EventKind.OTHER
    status = data.get("delivery-status")
    said = [inside(status, name) for name in ("code", "enhanced-code", "message", "description")]
    why = inside(data, "reject", "reason") or data.get("reason")
    when = instant(data.get("timestamp")) or now
    sent_as = text(inside(data, "message", "headers", "message-id"))
    return Event(
        id=text(data.get("id")) or content_id(data),
        kind=kind,
        at=when,
        bounce=_bounce(data, said) if kind is EventKind.BOUNCED else None,
        address=address(data.get("recipient")),
        provider_id=f"<{sent_as.strip('<>')}>" if sent_as else "",
        reason=reason(why, *said),
        raw=raw(data),
        **delivery(data.get("user-variables")),
    )


def _bounce(data: dict[str, Any], said: list[Any]) -> Bounce:
    diagnostic = words(*said)
    code, why = text(said[0]), text(data.get("reason"))
    told = _CODES.get(code) or _REASONS.get(why) or smtp_bounce(diagnostic)
    if code == "552":  # full, though Mailgun may call it a bounce
        told = Bounce.SOFT
    return bounce_class(told, diagnostic)
