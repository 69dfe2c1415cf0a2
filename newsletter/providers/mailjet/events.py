"""Mailjet's webhooks: one event a post or an array of them, sent with a user name and a password.

Facts: Mailjet's guide "Event API" and its table of errors. Mailjet signs nothing and names no
event, so its content does. ``sent`` means that the reader's server took the message. What the
message was sent with comes back as ``CustomID`` or ``Payload``: both forms are read, campaign,
attempt and subscriber with dots between them, or JSON. An address that is preblocked bounced
"recently (or repeatedly)", for whatever reason: that is no proof that it does not exist.
"""

from datetime import datetime
from typing import Any

from newsletter.domain.events import Bounce, Event, EventKind
from newsletter.providers.common import webhooks
from newsletter.providers.common.webhooks import Delivery, EventTables, PasswordWebhook, text

_EVENT_TABLES = EventTables(__name__)
_IDENTIFYING_FIELDS = ("event", "MessageID", "mj_message_id", "email", "time", "url", "error")


def _event(item: dict[str, Any], now: datetime) -> Event:
    kind = _EVENT_TABLES.kind(item.get("event"))
    if item.get("error") == "greylisted" and item.get("hard_bounce") is not True:
        kind = EventKind.DELAYED  # "Delivery will be re-attempted."
    permanent = item.get("hard_bounce")
    bounce = _EVENT_TABLES.bounce("errors", item.get("error"))
    if bounce is None and permanent is True:
        bounce = Bounce.HARD
    # if word and flag disagree, the milder one counts: it suppresses no reader for ever
    if bounce is Bounce.HARD and permanent is False:
        bounce = Bounce.SOFT
    return webhooks.make_event(
        item,
        now,
        kind=kind,
        id=webhooks.hash_id(*(text(item.get(name), 1000) for name in _IDENTIFYING_FIELDS)),
        times=[item.get("time")],
        addresses=[item.get("email")],
        provider_ids=(item.get("MessageID"), item.get("mj_message_id")),
        delivery=_delivery(item),
        replies=(item.get("comment"), item.get("smtp_reply")),
        notes=(item.get("error_related_to"), item.get("error")),
        bounce=bounce,
    )


def _delivery(item: dict[str, Any]) -> Delivery:
    for reference in (text(item.get("Payload"), 1000), text(item.get("CustomID"), 1000)):
        data = webhooks.parse_json(reference)
        found = (
            webhooks.read_delivery(data)
            if isinstance(data, dict)
            else webhooks.split_delivery(reference, ".")
        )
        if found["campaign"]:
            return found
    return webhooks.read_delivery({})


class Mailjet(PasswordWebhook):
    """Verifies and parses Mailjet's webhooks."""

    translate = staticmethod(_event)
