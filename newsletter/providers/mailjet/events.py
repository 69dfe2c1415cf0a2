"""Mailjet's webhooks: one event a post or an array of them, sent with a user name and a password.

Facts: Mailjet's guide "Event API" and its table of errors. Mailjet signs nothing and names no
event, so its content does. ``sent`` means that the reader's server took the message. What the
message was sent with comes back as ``CustomID`` or ``Payload``: both forms are read, campaign,
attempt and subscriber with dots between them, or JSON. An address that is preblocked bounced
"recently (or repeatedly)", for whatever reason: that is no proof that it does not exist.
"""

from datetime import datetime
from typing import Any

from newsletter.domain.events import Bounce, Event, EventKind, bounce_class
from newsletter.providers.common.signatures import ByPassword
from newsletter.providers.common.webhooks import (
    Delivery,
    address,
    content_id,
    delivery,
    instant,
    kind_of,
    parse,
    raw,
    reason,
    split_delivery,
    text,
    words,
)

_KINDS = {
    "sent": EventKind.DELIVERED,
    "bounce": EventKind.BOUNCED,
    "blocked": EventKind.BOUNCED,
    "spam": EventKind.COMPLAINED,
    "unsub": EventKind.UNSUBSCRIBED,
    "open": EventKind.OPENED,
    "click": EventKind.CLICKED,
}
_ERRORS = {
    "user unknown": Bounce.HARD,
    "mailbox inactive": Bounce.HARD,
    "invalid domain": Bounce.HARD,
    "quota exceeded": Bounce.SOFT,
    "no mail host": Bounce.SOFT,
    "preblocked": Bounce.SOFT,
    "greylisted": Bounce.SOFT,
    "system issue": Bounce.SOFT,
    "protocol issue": Bounce.SOFT,
    "connection issue": Bounce.SOFT,
    "relay/access denied": Bounce.POLICY,
    "sender blocked": Bounce.POLICY,
    "content blocked": Bounce.POLICY,
    "policy issue": Bounce.POLICY,
    "duplicate in campaign": Bounce.OTHER,
}
_STABLE = ("event", "MessageID", "mj_message_id", "email", "time", "url", "error")


class Mailjet(ByPassword):
    """Reads what Mailjet posts. ``key``: ``user:password``."""

    def __init__(self, key: str) -> None:
        super().__init__(key, _event)


def _event(item: dict[str, Any], now: datetime) -> Event:
    kind = kind_of(_KINDS, item.get("event"))
    if item.get("error") == "greylisted" and item.get("hard_bounce") is not True:
        kind = EventKind.DELAYED  # "Delivery will be re-attempted."
    reasons = [item.get("comment"), item.get("smtp_reply")]
    return Event(
        id=content_id(*(text(item.get(name), 1000) for name in _STABLE)),
        kind=kind,
        at=instant(item.get("time")) or now,
        bounce=_bounce(item, words(*reasons)) if kind is EventKind.BOUNCED else None,
        address=address(item.get("email")),
        provider_id=text(item.get("MessageID")) or text(item.get("mj_message_id")),
        reason=reason(item.get("error_related_to"), item.get("error"), *reasons),
        raw=raw(item),
        **_delivery(item),
    )


def _bounce(item: dict[str, Any], diagnostic: str) -> Bounce:
    permanent = item.get("hard_bounce")
    otherwise = Bounce.HARD if permanent is True else Bounce.OTHER
    bounce = _ERRORS.get(text(item.get("error")), otherwise)
    if bounce is Bounce.HARD and permanent is False:
        bounce = Bounce.SOFT
    return bounce_class(bounce, diagnostic)


def _delivery(item: dict[str, Any]) -> Delivery:
    for marked in (text(item.get("Payload"), 1000), text(item.get("CustomID"), 1000)):
        about = parse(marked)
        found = delivery(about) if isinstance(about, dict) else split_delivery(marked, ".")
        if found["campaign"]:
            return found
    return delivery({})
