"""Postmark's events: by webhook, one a post, with user name and password; or its bounces, listed.

Facts: Postmark's pages of each webhook and of bounce types, the types in its JavaScript library.
Postmark signs nothing, so nothing says when a post was made. Its own notes, version 1.1.0
(ActiveCampaign/postmark-skills, ``postmark-webhooks``) say that it tries again for 70 minutes after
5xx, 408, 429 and silence, and never after another 4xx; that it tries an address for each kind of
event before it saves it; and that it pauses a kind that goes on failing. SpamNotification is a
filter's word and no reader's: Postmark goes on sending after it. Unconfirmed: what ``Origin`` can
be beside Recipient; only a suppression by the recipient counts as theirs.

Of the list, which has complaints too and no deliveries: Postmark's OpenAPI description and SDKs
(``/bounces``: the newest first, ``count`` up to 500, ``count`` and ``offset`` up to 10,000
together, ``fromdate``, ``messagestream``); a bounce stands there as in its webhook, but without
metadata, so it is known by message and address alone. ``fromdate`` is a day of some zone: a day
more is asked for. Unconfirmed: how late a bounce may be listed.
"""

import json
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from newsletter.domain.events import Bounce, Event, EventKind
from newsletter.providers.common.options import public
from newsletter.providers.common.records import Listed
from newsletter.providers.common.signatures import ByPassword
from newsletter.providers.common.webhooks import address, content_id, delivery, text, told
from newsletter.providers.postmark.send import PUBLIC_URL, Options
from newsletter.providers.transport.http import HttpRequest, HttpResponse

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
    """Also for what is listed when it is asked for."""
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


_COUNT = 500
_MOST = 10_000


class PostmarkListing:
    """Lists the bounces of the stream."""

    reach = timedelta(days=3)
    lateness = timedelta(hours=1)

    def __init__(self, options: Options) -> None:
        self._url = f"{public(options, PUBLIC_URL)}/bounces"
        self._headers = {"X-Postmark-Server-Token": options.server_token.get_secret_value()}
        self._stream = options.message_stream

    def ask(self, begin: datetime, end: datetime) -> HttpRequest:
        """The newest ones. There is no end: more may have come since."""
        return self._page(f"{begin - timedelta(days=1):%Y-%m-%d}", 0)

    def read(self, asked: HttpRequest, response: HttpResponse, end: datetime) -> Listed:
        """A page; what comes in while it is read makes some stand on two, and none on none."""
        payload = json.loads(response.body)
        query = dict(parse_qsl(urlsplit(asked.url).query))
        bounces, read = payload["Bounces"], int(query["offset"]) + len(payload["Bounces"])
        if read >= payload["TotalCount"]:
            return Listed(items=bounces, until=end)
        if not bounces or read >= _MOST:
            return Listed(items=bounces)
        return Listed(items=bounces, more=self._page(query["fromdate"], read))

    def _page(self, since: str, offset: int) -> HttpRequest:
        query = {
            "count": str(_COUNT),
            "offset": str(offset),
            "messagestream": self._stream,
            "fromdate": since,
        }
        url = f"{self._url}?{urlencode(query)}"
        return HttpRequest(method="GET", url=url, headers=self._headers)


class Postmark(ByPassword):
    """Reads what Postmark posts."""

    translate = staticmethod(event)
