"""MailerSend's webhooks: one event a post, signed by HMAC-SHA256 over the body.

Facts: MailerSend's page of webhooks (form 2.0, the header ``Signature``, two retries after 10 and
100 seconds, 3 seconds for an answer); django-anymail for form 1.0 and the names of reasons; its
Python client for the reasons of a suppression, and its help for ``on_hold``, which ends after three
days. Both forms are read. ``created_at`` next to the event is the time of the report, and the only
signed time. A soft bounce ends the message, says the page; ``deferred`` is the delay. Its test post
is signed with a public key, so it is refused. Unconfirmed: whether a retry keeps ``created_at``,
and the reasons in form 2.0, which no document shows.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from newsletter.domain.events import Bounce, Event, EventKind
from newsletter.providers.common import signatures as keys
from newsletter.providers.common import webhooks
from newsletter.providers.common.signatures import header, require_hmac, require_recent
from newsletter.providers.common.webhooks import inside, instant, listed, text, words

RETRIES = timedelta(seconds=10 + 100 + 3 * 3)

_KINDS = {
    "activity.sent": EventKind.ACCEPTED,
    "activity.delivered": EventKind.DELIVERED,
    "activity.deferred": EventKind.DELAYED,
    "activity.soft_bounced": EventKind.BOUNCED,
    "activity.hard_bounced": EventKind.BOUNCED,
    "activity.suppressed": EventKind.BOUNCED,
    "activity.unsubscribed": EventKind.UNSUBSCRIBED,
    "activity.spam_complaint": EventKind.COMPLAINED,
    "activity.spam_complaints": EventKind.COMPLAINED,
    "activity.opened": EventKind.OPENED,
    "activity.clicked": EventKind.CLICKED,
}
_BOUNCES = {"activity.soft_bounced": Bounce.SOFT, "activity.hard_bounced": Bounce.HARD}
_SUPPRESSED = {"hard_bounce": Bounce.HARD, "complain": Bounce.COMPLAINT, "on_hold": Bounce.SOFT}
_REASONS = ("bounce_code", "bounce_reason", "reject_reason", "suppression_reason")
_OLDER_REASONS = ("readable_reason", "reason")


class MailerSend:
    """Reads what MailerSend posts. ``key``: the webhook's signing secret."""

    def __init__(self, key: str) -> None:
        self._key = keys.secret(key, looks_like="Qk3v…, from MailerSend's page of the webhook")

    def read(self, headers: Mapping[str, str], body: bytes, now: datetime) -> tuple[Event, ...]:
        """Return the one event of a post. Raises Forged."""
        require_hmac(self._key, body, header(headers, "signature"))
        events = webhooks.read_one(body, now, _event)
        require_recent(instant(inside(webhooks.parse(body), "created_at")), events, now, RETRIES)
        return events


def _event(payload: dict[str, Any], now: datetime) -> Event:
    kind, data = webhooks.kind_of(_KINDS, payload.get("type")), payload.get("data")
    reasons = [inside(data, "meta", name) for name in _REASONS]
    reasons += [inside(data, "morph", name) for name in _OLDER_REASONS]
    tags = listed(inside(data, "tags")) or listed(inside(data, "email", "tags"))
    what = text(payload.get("type"))
    suppressed = what == "activity.suppressed"
    causes = (each for word, each in _SUPPRESSED.items() if word in words(*reasons))
    return webhooks.told(
        payload,
        now,
        kind=kind,
        id=inside(data, "id"),
        at=(inside(data, "created_at"), payload.get("created_at")),
        to=(inside(data, "email"), inside(data, "email", "recipient", "email")),
        sent_as=(inside(data, "message_id"), inside(data, "email", "message", "id")),
        delivery=webhooks.split_delivery(tags[0] if tags else "", "/"),  # its one tag is ours
        # why it suppresses is its own word, and none of a server that objects to us
        reasons=() if suppressed else reasons,
        about=reasons if suppressed else (),
        bounce=_BOUNCES.get(what) or next(causes, Bounce.OTHER),
    )
