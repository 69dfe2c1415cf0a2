"""Posts of providers about messages: their own words, signed as they sign."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from typing import Any, NamedTuple

from newsletter.domain.events import Event
from newsletter.providers.ses.events import Ses
from tests.contracts.webhook import Post
from tests.fakes import PostedEvents

_PLAIN = PostedEvents()


class Told(NamedTuple):
    """An event to post. A bare one has only the address of its reader."""

    what: str
    """One of the words of ``_WORDS``."""
    id: str
    address: str
    delivery: tuple[str, str, str] | None
    """Campaign, attempt and subscriber."""
    at: datetime

    @property
    def named(self) -> dict[str, str]:
        """The names that the call gave the message."""
        names = ("campaign", "attempt", "subscriber")
        return dict(zip(names, self.delivery, strict=True)) if self.delivery else {}

    def joined(self, mark: str) -> str:
        return mark.join(self.delivery or ())


def _brevo(told: Told, word: str) -> Any:
    return {
        "event": word,
        "email": told.address,
        "message-id": told.id,
        "ts_event": int(told.at.timestamp()),
        "X-Mailin-custom": told.joined("."),
    }


def _mailersend(told: Told, word: str) -> Any:
    tags = [told.joined("/")] if told.delivery else []
    about = {"id": told.id, "message_id": told.id, "email": told.address, "tags": tags}
    return {"type": f"activity.{word}", "created_at": told.at.isoformat(), "data": about}


def _mailgun(told: Told, word: str) -> Any:
    event, _, reason = word.partition(" ")
    return {
        "id": told.id,
        "timestamp": told.at.timestamp(),
        "event": event,
        "severity": "permanent",
        "reason": reason,
        "recipient": told.address,
        "user-variables": told.named,
    }


def _mailjet(told: Told, word: str) -> Any:
    event, _, permanent = word.partition(" ")
    about = {
        "event": event,
        "time": int(told.at.timestamp()),
        "MessageID": told.id,
        "email": told.address,
        "hard_bounce": permanent == "hard",
        "CustomID": told.joined("."),
    }
    return [about]


def _mailtrap(told: Told, word: str) -> Any:
    about = {
        "event": word,
        "timestamp": int(told.at.timestamp()),
        "email": told.address,
        "event_id": told.id,
        "custom_variables": told.named,
    }
    return {"events": [about]}


def _postal(told: Told, word: str) -> Any:
    event, _, bounce = word.partition(" ")
    message = {"id": told.id, "to": told.address, "tag": told.joined("/")}
    about = {"original_message": message, "timestamp": told.at.timestamp()}
    about |= {"bounce": {"bounce_type": bounce}} if bounce else {}
    stamp = told.at.timestamp()
    return {"event": event, "timestamp": stamp, "payload": about, "uuid": told.id}


def _postmark(told: Told, word: str) -> Any:
    record, _, kind = word.partition(" ")
    return {
        "RecordType": record,
        "Type": kind,
        "SuppressSending": True,
        "SuppressionReason": kind,
        "Origin": "Recipient",
        "ID": told.id,
        "MessageID": told.id,
        "Recipient": told.address,
        "BouncedAt": told.at.isoformat(),
        "Metadata": told.named,
    }


def _resend(told: Told, word: str) -> Any:
    event, _, kind = word.partition(" ")
    about = {"email_id": told.id, "to": [told.address], "tags": told.named}
    about |= {"bounce": {"type": kind, "subType": "General"}} if kind else {}
    return {"type": f"email.{event}", "created_at": told.at.isoformat(), "data": about}


def _sendgrid(told: Told, word: str) -> Any:
    event, _, kind = word.partition(" ")
    about = {"event": event, "type": kind, "email": told.address, "sg_event_id": told.id}
    return [about | {"timestamp": int(told.at.timestamp()), **told.named}]


def _ses(told: Told, word: str) -> Any:
    name, _, kind = word.partition(" ")
    tags = {key: [value] for key, value in told.named.items()}
    at = told.at.isoformat()
    mail = {"timestamp": at, "messageId": told.id, "destination": [told.address], "tags": tags}
    more: dict[str, Any] = {"timestamp": at, "feedbackId": told.id}
    more |= {"bounceType": kind, "newTopicPreferences": {"unsubscribeAll": True}}
    return {"eventType": name, "mail": mail, name.lower(): more}


_WORDS = ("delivered", "opened", "bounced", "soft", "complained", "unsubscribed", "policy")
_SAYS: dict[str, tuple[Callable[[Told, str], Any], tuple[str, ...]]] = {
    "brevo": (
        _brevo,
        ("delivered", "opened", "hard_bounce", "soft_bounce", "spam", "unsubscribed"),
    ),
    "mailersend": (
        _mailersend,
        ("delivered", "opened", "hard_bounced", "soft_bounced", "spam_complaint", "unsubscribed"),
    ),
    "mailgun": (
        _mailgun,
        ("delivered", "opened", "failed bounce", "failed old", "complained", "unsubscribed"),
    ),
    "mailjet": (_mailjet, ("sent", "open", "bounce hard", "bounce", "spam", "unsub")),
    "mailtrap": (_mailtrap, ("delivery", "open", "bounce", "soft bounce", "spam", "unsubscribe")),
    "postal": (
        _postal,
        ("MessageSent", "MessageLoaded", "MessageBounced hard", "MessageBounced soft"),
    ),
    "postmark": (
        _postmark,
        (
            *("Delivery", "Open", "Bounce HardBounce", "Bounce SoftBounce", "SpamComplaint"),
            "SubscriptionChange ManualSuppression",
        ),
    ),
    "resend": (
        _resend,
        ("delivered", "opened", "bounced Permanent", "bounced Transient", "complained"),
    ),
    "sendgrid": (
        _sendgrid,
        ("delivered", "open", "bounce bounce", "bounce blocked", "spamreport", "unsubscribe"),
    ),
    "ses": (
        _ses,
        (
            *("Delivery", "Open", "Bounce Permanent", "Bounce Transient", "Complaint"),
            "Subscription",
        ),
    ),
}
"""By kind: the maker of its posts, and its words for those of ``_WORDS``; it may lack the last."""


@cache
def _signer(kind: str) -> Any:
    return import_module(f"tests.unit.providers.{kind}.test_events").Signer()


def receiver(kind: str) -> Any:
    """Return a new reader of the posts of a provider."""
    if kind not in _SAYS:
        return _PLAIN
    if kind == "ses":  # its certificate is valid in the year of the simulation
        signing = import_module("tests.unit.providers.ses.test_events")
        until = datetime(2027, 12, 1, tzinfo=UTC)
        return Ses([signing.TOPIC], lambda _url: signing.certificate("ours", until=until))
    return _signer(kind).webhook()


def post(kind: str, told: Told, event: Event, *, ours: bool) -> Post | None:
    """Return a post about an event; None if the provider has no word for it.

    A provider without documents posts ``event`` itself. ``ours``: it is signed with our key.
    """
    if kind not in _SAYS:
        headers, body = _PLAIN.post(event, at=told.at)
        return Post(headers=headers, body=body if ours else body + b" ")
    make, words = _SAYS[kind]
    word = dict(zip(_WORDS, words, strict=False)).get(told.what)
    if word is None:
        return None
    content = json.dumps(make(told, word)).encode()
    signed: Post = _signer(kind).sign(content, told.at, ours=ours)
    return signed
