"""Postmark's webhooks: one event a post, sent with a user name and a password.

Facts: Postmark's pages of each webhook and of bounce types, the types in its JavaScript library.
Postmark signs nothing, so nothing says when a post was made. SpamNotification is a filter's word
and no reader's: Postmark goes on sending after it. Unconfirmed: what ``Origin`` can be beside
Recipient; only a suppression by the recipient counts as theirs.
"""

from datetime import datetime
from typing import Any

from newsletter.domain.events import Bounce, Event, EventKind, bounce_class
from newsletter.providers.common.signatures import ByPassword
from newsletter.providers.common.webhooks import (
    address,
    content_id,
    delivery,
    instant,
    raw,
    reason,
    text,
    words,
)

_Meaning = tuple[EventKind, Bounce | None]
_NOTHING: _Meaning = (EventKind.OTHER, None)

_RECORDS: dict[str, _Meaning] = {
    "Delivery": (EventKind.DELIVERED, None),
    "SpamComplaint": (EventKind.COMPLAINED, None),
    "Open": (EventKind.OPENED, None),
    "Click": (EventKind.CLICKED, None),
}
_BOUNCES: dict[str, _Meaning] = {
    "HardBounce": (EventKind.BOUNCED, Bounce.HARD),
    "BadEmailAddress": (EventKind.BOUNCED, Bounce.HARD),
    "SoftBounce": (EventKind.BOUNCED, Bounce.SOFT),
    "DnsError": (EventKind.BOUNCED, Bounce.SOFT),
    "Blocked": (EventKind.BOUNCED, Bounce.POLICY),
    "DMARCPolicy": (EventKind.BOUNCED, Bounce.POLICY),
    "SpamNotification": (EventKind.BOUNCED, Bounce.POLICY),
    "VirusNotification": (EventKind.BOUNCED, Bounce.POLICY),
    "Unknown": (EventKind.BOUNCED, Bounce.OTHER),
    "ManuallyDeactivated": (EventKind.BOUNCED, Bounce.OTHER),
    "Unconfirmed": (EventKind.BOUNCED, Bounce.OTHER),
    "SMTPApiError": (EventKind.BOUNCED, Bounce.OTHER),
    "TemplateRenderingFailed": (EventKind.BOUNCED, Bounce.OTHER),
    "SpamComplaint": (EventKind.COMPLAINED, None),
    "Transient": (EventKind.DELAYED, None),
    "Unsubscribe": (EventKind.UNSUBSCRIBED, None),
    "Subscribe": _NOTHING,
    "AutoResponder": _NOTHING,
    "AddressChange": _NOTHING,
    "ChallengeVerification": _NOTHING,
    "OpenRelayTest": _NOTHING,
    "InboundError": _NOTHING,
}
_SUPPRESSIONS: dict[tuple[str, str], _Meaning] = {
    ("HardBounce", ""): (EventKind.BOUNCED, Bounce.HARD),
    ("SpamComplaint", ""): (EventKind.COMPLAINED, None),
    ("ManualSuppression", "Recipient"): (EventKind.UNSUBSCRIBED, None),
}


class Postmark(ByPassword):
    """Reads what Postmark posts. ``key``: ``user:password``."""

    def __init__(self, key: str) -> None:
        super().__init__(key, event)


def event(said: dict[str, Any], now: datetime) -> Event:
    """Also for what is listed when it is asked for."""
    record = text(said.get("RecordType")) or ("Bounce" if said.get("TypeCode") else "")
    kind, bounce = _meaning(record, said)
    when = next((said[name] for name in _TIMES if name in said), None)
    to = address(said.get("Recipient")) or address(said.get("Email"))
    details = said.get("Details")
    name = [record, text(said.get("ID"))]
    if not name[1]:
        name += [text(said.get("MessageID")), to, text(when), text(said.get("OriginalLink"))]
    return Event(
        id=content_id(*name),
        kind=kind,
        at=instant(when) or now,
        bounce=bounce_class(bounce, words(details)) if bounce else None,
        address=to,
        provider_id=text(said.get("MessageID")),
        reason=reason(said.get("Type") or said.get("SuppressionReason"), details),
        raw=raw(said),
        **delivery(said.get("Metadata")),
    )


_TIMES = ("BouncedAt", "DeliveredAt", "ReceivedAt", "ChangedAt")


def _meaning(record: str, said: dict[str, Any]) -> _Meaning:
    if record == "Bounce":
        return _BOUNCES.get(text(said.get("Type")), (EventKind.BOUNCED, Bounce.OTHER))
    if record == "SubscriptionChange":
        if said.get("SuppressSending") is not True:
            return _NOTHING
        why, origin = text(said.get("SuppressionReason")), text(said.get("Origin"))
        return _SUPPRESSIONS.get((why, "")) or _SUPPRESSIONS.get((why, origin)) or _NOTHING
    return _RECORDS.get(record, _NOTHING)
