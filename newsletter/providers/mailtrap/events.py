"""Mailtrap's webhooks: up to 500 events a post, signed by HMAC-SHA256 over the body.

Facts: Mailtrap's OpenAPI description of webhooks (both formats, kinds, ``event_id``), its page of
webhooks (batches of 30 seconds, 40 retries of 5 minutes, 30 seconds for an answer), its library's
verifier. The signed post has no time of signing, so the newest event counts. A soft bounce is tried
again, says the description, so it is a delay. Unconfirmed: the categories of bounces but for the
two below, and whether a suspended message is sent later; until then it counts as delayed.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from newsletter.domain.events import Bounce, Event, EventKind
from newsletter.providers.common import signatures, webhooks
from newsletter.providers.common.signatures import header, require_hmac, require_recent
from newsletter.providers.common.webhooks import inside, instant, text, words

RETRIES = 40 * timedelta(minutes=5, seconds=30) + timedelta(seconds=30)

_KINDS = {
    "delivery": EventKind.DELIVERED,
    "soft bounce": EventKind.DELAYED,
    "suspension": EventKind.DELAYED,
    "bounce": EventKind.BOUNCED,
    "reject": EventKind.BOUNCED,
    "spam": EventKind.COMPLAINED,
    "unsubscribe": EventKind.UNSUBSCRIBED,
    "open": EventKind.OPENED,
    "click": EventKind.CLICKED,
}
_CATEGORIES = {"spam": Bounce.POLICY, "greylisting": Bounce.SOFT}
_SUPPRESSED = {
    "unsubscri": Bounce.OTHER,
    "spam": Bounce.COMPLAINT,
    "complain": Bounce.COMPLAINT,
    "bounce": Bounce.HARD,
}


class Mailtrap:
    """Reads what Mailtrap posts. ``key``: the webhook's signing secret."""

    def __init__(self, key: str) -> None:
        self._key = signatures.secret(key, looks_like="8d7a…, from Mailtrap's page of the webhook")

    def read(self, headers: Mapping[str, str], body: bytes, now: datetime) -> tuple[Event, ...]:
        """Any number of events. Raises Forged."""
        require_hmac(self._key, body, header(headers, "mailtrap-signature"))
        times = [
            instant(inside(item, "timestamp")) for item in webhooks.parse_many(body, key="events")
        ]
        events = webhooks.read_many(body, now, _event, key="events")
        newest = max((when for when in times if when), default=None)
        require_recent(newest, events, now, RETRIES)
        return events


def _event(item: dict[str, Any], now: datetime) -> Event:
    kind = webhooks.kind_of(_KINDS, item.get("event"))
    reasons = [item.get("response_code"), item.get("response") or item.get("reason")]
    return webhooks.told(
        item,
        now,
        kind=kind,
        id=item.get("event_id"),
        at=[item.get("timestamp")],
        to=[item.get("email")],
        sent_as=[item.get("message_id")],
        delivery=webhooks.delivery(inside(item, "custom_variables")),
        reasons=reasons,
        bounce=_bounce(item, words(*reasons)),
    )


def _bounce(item: dict[str, Any], diagnostic: str) -> Bounce:
    if item.get("event") == "reject":
        why = diagnostic.lower()
        return next((kind for word, kind in _SUPPRESSED.items() if word in why), Bounce.OTHER)
    # "Permanent delivery failure", unless the code blames something else.
    bounce = webhooks.smtp_bounce(diagnostic) if item.get("response_code") else Bounce.HARD
    return _CATEGORIES.get(text(item.get("bounce_category"))) or bounce
