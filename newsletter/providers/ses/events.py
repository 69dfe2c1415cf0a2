"""Amazon SES: its events come through SNS, one message a post, signed with Amazon's RSA key.

Facts: Amazon's developer guides: "Verifying the signatures of Amazon SNS messages" (signed fields,
versions 1 and 2), "Amazon SNS message delivery retries" (an hour at the most; none after a 4xx),
"Contents of event data that Amazon SES publishes" and "notification contents". A signature alone
proves only that it comes from some topic of some account, so the topic must be ours. Raw message
delivery has no signature: it must stay off. Names come back in ``mail.tags``, which need event
publishing; plain notifications name the address and Amazon's message id alone.

The addresses and names of certificates are from ``SnsHostProvider.java`` of Amazon's SDK for Java 2
(aws/aws-sdk-java-v2, under services-custom, and its test): they are at the endpoint of the region,
and are for ``sns.amazonaws.com`` in the old regions, for ``sns-signing.REGION.amazonaws.com`` in
regions that must be switched on, and for ``sns-REGION.amazonaws.com`` in GovCloud and China. China
ends in ``.com.cn``, the European Sovereign Cloud in ``.eu``. Amazon's secret regions have endings
of their own and are not supported.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from newsletter.domain.events import Bounce, Event, EventKind, Forged
from newsletter.providers.common import webhooks
from newsletter.providers.common.public_keys import require_rsa
from newsletter.providers.common.webhooks import (
    Unverifiable,
    address,
    as_list,
    exact_text,
    parse_time,
    require_fresh,
    text,
    value_at,
)
from newsletter.tables import load_table

RETRY_PERIOD = timedelta(hours=1)
_MAX_CERTIFICATES = 16
_REGION = r"[a-z]{2,4}(?:-[a-z]{2,15}){1,3}-[0-9]{1,2}"  # S3 has hosts too: sns.s3.amazonaws.com
_AMAZON_DOMAIN_PATTERN = r"\.amazonaws\.(?:com|com\.cn|eu)"
_SNS_HOST_PATTERN = rf"https://sns\.{_REGION}{_AMAZON_DOMAIN_PATTERN}"
_SIGNER_PATTERN = re.compile(rf"sns(?:-signing\.{_REGION}|-{_REGION})?{_AMAZON_DOMAIN_PATTERN}")
_CERTIFICATE_URL_PATTERN = re.compile(_SNS_HOST_PATTERN + r"/[A-Za-z0-9_-]{1,100}\.pem")
_CONFIRMATION_URL_PATTERN = re.compile(_SNS_HOST_PATTERN + r"/\?[\x21-\x7e]{1,4000}")
_HASH_OF_VERSION: dict[str, hashes.HashAlgorithm] = {
    "1": hashes.SHA1(),  # noqa: S303 - Amazon's version 1, still what new topics get
    "2": hashes.SHA256(),
}
_SIGNED_FIELDS = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": (
        *("Message", "MessageId", "SubscribeURL"),
        *("Timestamp", "Token", "TopicArn", "Type"),
    ),
}
_SIGNED_FIELDS["UnsubscribeConfirmation"] = _SIGNED_FIELDS["SubscriptionConfirmation"]
_MULTILINE_FIELDS = {"Message"}

_TOPIC_ARN_PATTERN = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}")
_TABLES = load_table("newsletter.providers.ses", "answers.yaml")
_KIND_OF_EVENT: dict[str, tuple[EventKind, str, str]] = {
    name: (EventKind(kind), key, recipients)
    for name, (kind, key, recipients) in _TABLES["events"].items()
}
"""SES event name → our kind, the JSON key of its details, and the key of the recipients in them."""
_UNKNOWN_KIND = (EventKind.OTHER, "", "")
_REASON_FIELDS = (
    *("bounceType", "bounceSubType", "complaintSubType", "complaintFeedbackType"),
    *("delayType", "reason", "errorMessage"),
)
"""JSON keys of details that become part of the reason."""
_OTHER_REPORT_TYPES = {"not-spam", "auth-failure", "virus"}
_LISTS = {"OnAccountSuppressionList", "OnTenantSuppressionList"}
_NEVER_TRIED = _LISTS | {"Suppressed", "EmailValidationSuppressed", "UnsubscribedRecipient"}
"""Sub-types of a bounce that SES makes itself, without asking the recipient's mail server."""


class Ses:
    """Verifies and parses SES events from SNS. ``topics`` are the ARNs of the accepted topics.
    ``fetch`` returns a page of an Amazon host by its https URL. It may raise any error."""

    def __init__(self, topics: Sequence[str], fetch: Callable[[str], bytes]) -> None:
        """Raise ValueError for an invalid topic."""
        for topic in topics:
            if not _TOPIC_ARN_PATTERN.fullmatch(topic):
                why = f"holds {topic!r}, which is no topic; write its ARN, like "
                raise ValueError(f"{why}arn:aws:sns:eu-west-1:123456789012:mail")
        self._topics = frozenset(topics)
        self._fetch = fetch
        # what raises is not kept: Amazon is asked again
        self._certificate = lru_cache(_MAX_CERTIFICATES)(self._fetch_certificate)

    def read(self, headers: Mapping[str, str], body: bytes, now: datetime) -> tuple[Event, ...]:
        """Verify a post and return an event for each recipient; confirm a subscription. Raises
        Forged, and its subclass Unverifiable if Amazon cannot be reached."""
        payload = webhooks.parse_json(body)
        kind = exact_text(value_at(payload, "Type"))
        if kind not in _SIGNED_FIELDS:
            raise Forged("it is no message of SNS's, or raw message delivery is on: switch it off")
        # before the signature: to check that may take a call to Amazon
        if exact_text(payload.get("TopicArn")) not in self._topics:
            raise Forged("its topic is not among webhook_topics")
        require_fresh(parse_time(payload.get("Timestamp")), now, RETRY_PERIOD)
        self._require_signature(payload, kind, now)
        if kind == "Notification":
            return tuple(_events(payload, now))
        if kind == "SubscriptionConfirmation":
            self._confirm(exact_text(payload.get("SubscribeURL")))
        return ()

    def _require_signature(self, payload: dict[str, Any], kind: str, now: datetime) -> None:
        algorithm = _HASH_OF_VERSION.get(exact_text(payload.get("SignatureVersion")))
        url = exact_text(payload.get("SigningCertURL"))
        if algorithm is None:
            raise Forged("its signature has an unknown version")
        if not _CERTIFICATE_URL_PATTERN.fullmatch(url):
            raise Forged("its certificate is not at Amazon's")
        message = _signed_text(payload, _SIGNED_FIELDS[kind])
        require_rsa(self._key(url, now), message, exact_text(payload.get("Signature")), algorithm)

    def _key(self, url: str, now: datetime) -> rsa.RSAPublicKey:
        certificate = self._certificate(url)
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            raise Forged("its certificate is out of date")
        key = certificate.public_key()
        if not isinstance(key, rsa.RSAPublicKey):
            raise Forged("its certificate is not for RSA")
        return key

    def _fetch_certificate(self, url: str) -> x509.Certificate:
        try:
            certificate = x509.load_pem_x509_certificate(self._fetch(url))
        except Exception as error:  # whatever the network or the page does
            raise Unverifiable("Amazon's certificate could not be had") from error
        names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        if not any(_SIGNER_PATTERN.fullmatch(str(name.value)) for name in names):
            raise Forged("its certificate is somebody else's")
        return certificate

    def _confirm(self, url: str) -> None:
        if not _CONFIRMATION_URL_PATTERN.fullmatch(url):
            raise Forged("it is not at Amazon's that it wants to be confirmed")
        try:
            self._fetch(url)
        except Exception as error:  # whatever the network does
            raise Unverifiable("the subscription could not be confirmed") from error


def _signed_text(payload: dict[str, Any], field_names: Sequence[str]) -> bytes:
    """Return the signed text, names and values by line. Raises Forged for an ambiguous value."""
    lines = []
    for name in field_names:
        value = payload.get(name)
        # SNS leaves it out where there is none, and then does not sign it
        if value is None and name == "Subject":
            continue
        if not isinstance(value, str) or ("\n" in value and name not in _MULTILINE_FIELDS):
            raise Forged(f"{name} is missing, or no text on one line")
        lines.append(f"{name}\n{value}\n")
    return "".join(lines).encode(errors="replace")


def _events(post: dict[str, Any], now: datetime) -> Iterator[Event]:
    message, sns_id = post.get("Message"), text(post.get("MessageId"))
    event = webhooks.parse_json(message) if isinstance(message, str) else None
    if not isinstance(event, dict):
        yield webhooks.unreadable_event(str(message).encode(errors="replace"), now, id=sns_id)
        return
    name = _event_name(event)
    _, where, who = _KIND_OF_EVENT.get(name, _UNKNOWN_KIND)
    details, mail = event.get(where), event.get("mail")
    for reader in as_list(value_at(details, who)) or as_list(value_at(mail, "destination")) or [""]:
        to = address(value_at(reader, "emailAddress") or reader)
        sent_as = text(value_at(mail, "messageId"))
        identity_parts = [value_at(details, part) for part in ("feedbackId", "timestamp", "link")]
        kind, bounce = _classify(name, details)
        replies = [value_at(reader, part) for part in ("diagnosticCode", "status")]
        own = text(value_at(details, "bounceSubType")) in _NEVER_TRIED
        yield webhooks.make_event(
            message,
            now,
            kind=kind,
            id=webhooks.hash_id(name, sent_as, identity_parts, to)
            if sent_as
            else webhooks.hash_id(sns_id, to),
            times=(value_at(details, "timestamp"), value_at(mail, "timestamp")),
            addresses=[to],
            provider_ids=[sent_as],
            delivery=webhooks.read_delivery(_tags(value_at(mail, "tags"))),
            replies=[] if own else replies,
            notes=[value_at(details, part) for part in _REASON_FIELDS] + (replies if own else []),
            bounce=bounce,
        )


def _event_name(event: dict[str, Any]) -> str:
    """Return the event's name; without one, the name whose details are in the event."""
    name = text(event.get("eventType")) or text(event.get("notificationType"))
    if name in _KIND_OF_EVENT:
        return name
    return next((kind for kind, (_, part, _) in _KIND_OF_EVENT.items() if part in event), name)


def _classify(name: str, details: Any) -> tuple[EventKind, Bounce | None]:
    kind = _KIND_OF_EVENT.get(name, _UNKNOWN_KIND)[0]
    if name == "Complaint":
        if text(value_at(details, "complaintSubType")) in _LISTS:
            return EventKind.BOUNCED, Bounce.COMPLAINT  # never sent: the reader complained before
        if text(value_at(details, "complaintFeedbackType")) in _OTHER_REPORT_TYPES:
            return EventKind.OTHER, None
    if name == "Subscription":
        is_unsubscribed = value_at(details, "newTopicPreferences", "unsubscribeAll") is True
        return (kind if is_unsubscribed else EventKind.OTHER), None
    if name == "Bounce":
        return kind, webhooks.amazon_bounce(
            value_at(details, "bounceType"), value_at(details, "bounceSubType")
        )
    return kind, Bounce.POLICY if name == "Reject" else None


def _tags(tags: Any) -> Any:
    """Return the first value of each tag. SES lists the values; our tags have one."""
    if isinstance(tags, dict):
        return {name: value_at(values, 0) for name, values in tags.items()}
    return {}
