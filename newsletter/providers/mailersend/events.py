"""MailerSend's webhooks: one event a post, signed by HMAC-SHA256 over the body.

Facts: MailerSend's page of webhooks (form 2.0, the header ``Signature``, two retries after 10 and
100 seconds, 3 seconds for an answer); django-anymail for form 1.0 and the names of reasons; its
Python client for the reasons of a suppression, and its help for ``on_hold``, which ends after three
days. Both forms are read. ``created_at`` next to the event is the time of the report, and the only
signed time. A soft bounce ends the message, says the page; ``deferred`` is the delay. Its test post
is signed with a public key, so it is refused. Unconfirmed: whether a retry keeps ``created_at``,
and the reasons in form 2.0, which no document shows.
"""

from datetime import datetime, timedelta
from typing import Any

from newsletter.domain.events import Event
from newsletter.providers.common import webhooks
from newsletter.providers.common.signatures import ByHmac
from newsletter.providers.common.webhooks import Words, inside, listed, text, words

RETRIES = timedelta(seconds=10 + 100 + 3 * 3)

_WORDS = Words(__name__)
_REASONS = ("bounce_code", "bounce_reason", "reject_reason", "suppression_reason")
_OLDER_REASONS = ("readable_reason", "reason")


def _event(payload: dict[str, Any], now: datetime) -> Event:
    data = payload.get("data")
    reasons = [inside(data, "meta", name) for name in _REASONS]
    reasons += [inside(data, "morph", name) for name in _OLDER_REASONS]
    tags = listed(inside(data, "tags")) or listed(inside(data, "email", "tags"))
    what = text(payload.get("type"))
    suppressed = what == "activity.suppressed"
    return webhooks.told(
        payload,
        now,
        kind=_WORDS.kind(what),
        id=inside(data, "id"),
        at=(inside(data, "created_at"), payload.get("created_at")),
        to=(inside(data, "email"), inside(data, "email", "recipient", "email")),
        sent_as=(inside(data, "message_id"), inside(data, "email", "message", "id")),
        delivery=webhooks.split_delivery(tags[0] if tags else "", "/"),  # its one tag is ours
        # why it suppresses is its own word, and none of a server that objects to us
        reasons=() if suppressed else reasons,
        about=reasons if suppressed else (),
        bounce=_WORDS.bounce("bounces", what)
        or _WORDS.bounce_within("suppressed", words(*reasons)),
    )


class MailerSend(ByHmac):
    """Reads what MailerSend posts. ``key``: the webhook's signing secret."""

    looks_like = "Qk3v…, from MailerSend's page of the webhook"
    signature = "signature"
    time, retries = "created_at", RETRIES
    translate = staticmethod(_event)
