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

from newsletter.domain.events import Bounce, Event, EventKind
from newsletter.providers.common.signatures import ByPassword
from newsletter.providers.common.webhooks import address, content_id, delivery, text, told

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


def event(payload: dict[str, Any], now: datetime) -> Event:
    """Return the event that a post describes."""
    record = text(payload.get("RecordType")) or ("Bounce" if payload.get("TypeCode") else "")
    kind, bounce = _meaning(record, payload)
    when = next((payload[name] for name in _TIMES if name in payload), None)
    to = address(payload.get("Recipient")) or address(payload.get("Email"))
    name = [record, text(payload.get("ID"))]
    if not name[1]:
        name += [text(payload.get("MessageID")), to, text(when), text(payload.get("OriginalLink"))]
    return told(
        payload,
        now,
        kind=kind,
        id=content_id(*name),
        at=[when],
        to=[to],
        sent_as=[payload.get("MessageID")],
        delivery=delivery(payload.get("Metadata")),
        reasons=[payload.get("Details")],
        about=[payload.get("Type") or payload.get("SuppressionReason")],
        bounce=bounce,
    )


_TIMES = ("BouncedAt", "DeliveredAt", "ReceivedAt", "ChangedAt")


def _meaning(record: str, payload: dict[str, Any]) -> _Meaning:
    if record == "Bounce":
        return _BOUNCES.get(text(payload.get("Type")), (EventKind.BOUNCED, Bounce.OTHER))
    if record == "SubscriptionChange":
        if payload.get("SuppressSending") is not True:
            return _NOTHING
        why, origin = text(payload.get("SuppressionReason")), text(payload.get("Origin"))
        return _SUPPRESSIONS.get((why, "")) or _SUPPRESSIONS.get((why, origin)) or _NOTHING
    return _RECORDS.get(record, _NOTHING)


class Postmark(ByPassword):
    """Reads what Postmark posts."""

    translate = staticmethod(event)
