"""SES through SNS: signed with a certificate that is Amazon's by where it lies."""

import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from newsletter.domain.events import Bounce, EventKind, Forged
from newsletter.providers.common.webhooks import Unverifiable
from newsletter.providers.ses.events import Ses
from tests.contracts.webhook import NOW, Post, WebhookContract
from tests.rows import rows

TOPIC = "arn:aws:sns:us-west-2:123456789012:mail"
URL = "https://sns.us-west-2.amazonaws.com/SimpleNotificationService-01d088a6f77103d0fe307c.pem"
CONFIRM = (
    "https://sns.us-west-2.amazonaws.com/?Action=ConfirmSubscription"
    f"&TopicArn={TOPIC}&Token=2336412f37"
)
SIGNED = (
    "Message",
    "MessageId",
    "SubscribeURL",
    "Subject",
    "Timestamp",
    "Token",
    "TopicArn",
    "Type",
)


@cache
def key(name: str) -> Any:
    if name == "curve":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def certificate(
    name: str, *, until: datetime = NOW + timedelta(days=30), of: str = "sns.amazonaws.com"
) -> bytes:
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, of)])
    builder = x509.CertificateBuilder(issuer_name=who, subject_name=who)
    builder = builder.public_key(key(name).public_key()).serial_number(1)
    builder = builder.not_valid_before(NOW - timedelta(days=30)).not_valid_after(until)
    return builder.sign(key(name), hashes.SHA256()).public_bytes(Encoding.PEM)


@dataclass
class Amazon:
    """Pages at Amazon's, and which were asked for."""

    pages: dict[str, bytes] = field(default_factory=lambda: {URL: certificate("ours")})
    asked: list[str] = field(default_factory=list)

    def fetch(self, url: str) -> bytes:
        self.asked.append(url)
        return self.pages[url]


def said(kind: str, *, at: datetime = NOW, **more: Any) -> dict[str, Any]:
    mail = {
        "timestamp": at.isoformat(),
        "messageId": "0100017",
        "destination": ["ana@example.org"],
        "tags": {"campaign": ["resigns"], "attempt": ["attempt1"], "subscriber": ["7"]},
    }
    return {"eventType": kind, "mail": mail} | more


def delivered(at: datetime = NOW) -> bytes:
    about = {"timestamp": at.isoformat(), "recipients": ["ana@example.org"]}
    return json.dumps(said("Delivery", at=at, delivery=about)).encode()


class Signer:
    window = timedelta(hours=1)
    undefended = frozenset[str]()

    def webhook(self) -> Ses:
        return Ses([TOPIC], Amazon().fetch)

    def example(self, at: datetime) -> bytes:
        return delivered(at)

    def sign(
        self, content: bytes, at: datetime, *, ours: bool = True, version: str = "2", **fields: Any
    ) -> Post:
        told = {
            "Type": "Notification",
            "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
            "TopicArn": TOPIC,
            "Subject": "Amazon SES Email Event Notification",
            "Message": content.decode(errors="replace"),
            "Timestamp": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "SignatureVersion": version,
            "SigningCertURL": URL,
        } | fields
        told = {name: value for name, value in told.items() if value is not None}
        signed = "".join(f"{name}\n{told[name]}\n" for name in SIGNED if name in told)
        algorithm = hashes.SHA1() if version == "1" else hashes.SHA256()  # noqa: S303 - version 1
        used = key("ours" if ours else "theirs")
        signature = used.sign(signed.encode(), padding.PKCS1v15(), algorithm)
        return Post(
            headers={},
            body=json.dumps(told | {"Signature": b64encode(signature).decode()}).encode(),
        )

    def other_algorithm(self, content: bytes, at: datetime) -> Post:
        post = self.sign(content, at, version="2")
        return replace(
            post, body=post.body.replace(b'"SignatureVersion": "2"', b'"SignatureVersion": "1"')
        )

    def change(self, post: Post, how: Callable[[str], str | None]) -> Post:
        told = json.loads(post.body)
        signature = how(told.pop("Signature"))
        told |= {} if signature is None else {"Signature": signature}
        return replace(post, body=json.dumps(told).encode())

    def retime(self, post: Post, at: datetime) -> Post:
        told = json.loads(post.body) | {"Timestamp": at.isoformat()}
        return replace(post, body=json.dumps(told).encode())


class OlderSigner(Signer):
    def sign(self, content: bytes, at: datetime, *, ours: bool = True, **more: Any) -> Post:
        return super().sign(content, at, ours=ours, **({"version": "1"} | more))

    def other_algorithm(self, content: bytes, at: datetime) -> Post:
        post = self.sign(content, at)
        return replace(
            post, body=post.body.replace(b'"SignatureVersion": "1"', b'"SignatureVersion": "2"')
        )


class TestTheContract(WebhookContract):
    signature_in_the_body = True
    signed_by = Signer


class TestTheContractWithVersionOne(WebhookContract):
    signature_in_the_body = True
    signed_by = OlderSigner


@rows(
    "fields",
    [
        {"TopicArn": "arn:aws:sns:us-west-2:999999999999:mail"},
        {"SignatureVersion": "3"},
        {"SignatureVersion": 2},
        {"Type": "Rumour"},
        {"Subject": 7},
        {"SigningCertURL": URL.replace("https", "http")},
        {"SigningCertURL": URL.replace("amazonaws.com", "amazonaws.com.evil.example")},
        {"SigningCertURL": URL.replace("sns.us-west-2", "evil")},
        {"SigningCertURL": URL.replace("sns.", "s3.")},  # where anybody may keep a file
        {"SigningCertURL": URL.replace("sns.us-west-2.", "sns.us-west-2.evil.")},
        {
            "SigningCertURL": URL.replace(
                "https://", "https://sns.us-west-2.amazonaws.com@evil.example/"
            )
        },
        {"SigningCertURL": URL.replace(".com/", ".com:8443/")},
        {"SigningCertURL": URL + "?x=.pem"},
        {"SigningCertURL": URL.replace("us-west-2", "s3")},
        {"SigningCertURL": URL.replace("us-west-2", "s3-us-west-2")},
        {"SigningCertURL": URL.replace("us-west-2", "s3-website-us-west-2")},
        {"SigningCertURL": URL.replace("us-west-2", "anything")},
        {"SigningCertURL": URL + "\n"},
        {"SigningCertURL": URL.replace(".pem", ".txt")},
        {"SigningCertURL": None},
    ],
)
def test_nothing_is_fetched_for_a_post_that_cannot_be_ours(fields: dict[str, Any]) -> None:
    amazon = Amazon()
    post = Signer().sign(delivered(), NOW, **fields)
    with pytest.raises(Forged) as caught:
        Ses([TOPIC], amazon.fetch).read(post.headers, post.body, NOW)
    assert not isinstance(caught.value, Unverifiable)
    assert amazon.asked == []


@rows("of", ["s3.amazonaws.com", "sns.amazonaws.com.evil.example", "sns", "sns.s3.amazonaws.com"])
def test_a_certificate_of_somebody_else_counts_nowhere(of: str) -> None:
    amazon = Amazon(pages={URL: certificate("ours", of=of)})
    with pytest.raises(Forged) as caught:
        Ses([TOPIC], amazon.fetch).read({}, Signer().sign(delivered(), NOW).body, NOW)
    assert not isinstance(caught.value, Unverifiable)


@rows(
    ["host", "name"],
    [
        ("us-west-2.amazonaws.com", "sns.amazonaws.com"),
        ("ap-southeast-2.amazonaws.com", "sns.amazonaws.com"),
        ("me-south-1.amazonaws.com", "sns-signing.me-south-1.amazonaws.com"),
        ("mx-central-1.amazonaws.com", "sns-signing.mx-central-1.amazonaws.com"),
        ("us-gov-east-1.amazonaws.com", "sns-us-gov-west-1.amazonaws.com"),
        ("cn-north-1.amazonaws.com.cn", "sns-cn-north-1.amazonaws.com.cn"),
        ("eusc-de-east-1.amazonaws.eu", "sns-signing.eusc-de-east-1.amazonaws.eu"),
    ],
)
def test_a_certificate_is_at_a_region_of_amazons_and_bears_its_name(host: str, name: str) -> None:
    url = URL.replace("us-west-2.amazonaws.com", host)
    amazon = Amazon(pages={url: certificate("ours", of=name)})
    post = Signer().sign(delivered(), NOW, SigningCertURL=url)
    assert Ses([TOPIC], amazon.fetch).read({}, post.body, NOW)


def test_a_certificate_is_fetched_once() -> None:
    amazon = Amazon()
    webhook = Ses([TOPIC], amazon.fetch)
    for _ in range(3):
        webhook.read({}, Signer().sign(delivered(), NOW).body, NOW)
    assert amazon.asked == [URL]


def test_only_so_many_certificates_are_kept() -> None:
    urls = [URL.replace("01d0", f"{number:04x}") for number in range(40)]
    amazon = Amazon(pages=dict.fromkeys(urls, certificate("ours")))
    webhook = Ses([TOPIC], amazon.fetch)
    for url in (*urls, urls[0]):
        webhook.read({}, Signer().sign(delivered(), NOW, SigningCertURL=url).body, NOW)
    assert len(amazon.asked) == 41


@rows("page", [None, b"", b"<html>", b"-----BEGIN CERTIFICATE-----\nAA\n"])
def test_while_amazon_cannot_be_asked_a_post_is_to_be_told_again(page: bytes | None) -> None:
    amazon = Amazon(pages={} if page is None else {URL: page})
    webhook = Ses([TOPIC], amazon.fetch)
    with pytest.raises(Unverifiable):
        webhook.read({}, Signer().sign(delivered(), NOW).body, NOW)
    amazon.pages[URL] = certificate("ours")
    assert webhook.read({}, Signer().sign(delivered(), NOW).body, NOW)


@pytest.mark.parametrize(
    "page", [certificate("curve"), certificate("ours", until=NOW - timedelta(days=1))]
)
def test_a_certificate_of_another_kind_or_out_of_date_is_refused(page: bytes) -> None:
    with pytest.raises(Forged):
        Ses([TOPIC], Amazon(pages={URL: page}).fetch).read(
            {}, Signer().sign(delivered(), NOW).body, NOW
        )


def test_a_message_without_a_subject_is_signed_without_one() -> None:
    post = Signer().sign(delivered(), NOW, Subject=None)
    assert Signer().webhook().read(post.headers, post.body, NOW)


def test_no_line_of_what_is_signed_passes_for_another() -> None:
    genuine = json.loads(Signer().sign(delivered(), NOW).body)
    folded = {
        "MessageId": f"{genuine['MessageId']}\nSubject\n{genuine['Subject']}",
        "Message": f"{genuine['Message']}\nMessageId\n{genuine['MessageId']}",
    }
    for name, gone in (("MessageId", "Subject"), ("Message", "MessageId")):
        told = {key: value for key, value in genuine.items() if key != gone}
        with pytest.raises(Forged, match="MessageId is missing, or no text on one line"):
            Signer().webhook().read({}, json.dumps(told | {name: folded[name]}).encode(), NOW)


def test_raw_message_delivery_is_refused_since_nothing_is_signed() -> None:
    with pytest.raises(Forged, match="raw message delivery"):
        Signer().webhook().read({"x-amz-sns-rawdelivery": "true"}, delivered(), NOW)


def subscription(kind: str = "SubscriptionConfirmation", url: str | None = CONFIRM) -> bytes:
    fields = {"Type": kind, "Token": "2336412f37", "SubscribeURL": url, "Subject": None}
    return Signer().sign(b"You have chosen to subscribe", NOW, **fields).body


def test_a_subscription_of_our_topic_is_confirmed() -> None:
    amazon = Amazon()
    amazon.pages[CONFIRM] = b"<ConfirmSubscriptionResponse/>"
    assert Ses([TOPIC], amazon.fetch).read({}, subscription(), NOW) == ()
    assert amazon.asked == [URL, CONFIRM]


def test_a_subscription_that_cannot_be_confirmed_is_to_be_told_again() -> None:
    with pytest.raises(Unverifiable):
        Ses([TOPIC], Amazon().fetch).read({}, subscription(), NOW)


@rows(
    "url",
    [
        None,
        CONFIRM.replace("https", "http"),
        CONFIRM.replace("amazonaws.com", "evil.example"),
        CONFIRM.replace("/?", "/there?"),
        CONFIRM + " x",
    ],
)
def test_a_subscription_is_confirmed_at_amazons_alone(url: str | None) -> None:
    amazon = Amazon()
    with pytest.raises(Forged):
        Ses([TOPIC], amazon.fetch).read({}, subscription(url=url), NOW)
    assert set(amazon.asked) <= {URL}


def test_nothing_follows_from_the_end_of_a_subscription() -> None:
    amazon = Amazon()
    body = subscription("UnsubscribeConfirmation")
    assert Ses([TOPIC], amazon.fetch).read({}, body, NOW) == ()
    assert amazon.asked == [URL]


def read(event: dict[str, Any] | str, **fields: Any) -> Any:
    content = event if isinstance(event, str) else json.dumps(event)
    post = Signer().sign(content.encode(), NOW, **fields)
    return Signer().webhook().read(post.headers, post.body, NOW)


def test_a_plain_notification_names_the_address_and_the_message() -> None:
    event = said("Bounce", bounce={"bounceType": "Permanent", "bounceSubType": "NoEmail"})
    event["notificationType"] = event.pop("eventType")
    del event["mail"]["tags"]
    (found,) = read(event)
    assert found.bounce is Bounce.HARD
    assert (found.address, found.provider_id, found.campaign) == ("ana@example.org", "0100017", "")


def test_an_event_of_no_known_name_is_known_by_its_object() -> None:
    bounce = {"bounceType": "Permanent", "bounceSubType": "NoEmail"}
    (found,) = read(said("Bounce, Complaint, or Delivery.", bounce=bounce))
    assert (found.kind, found.bounce) == (EventKind.BOUNCED, Bounce.HARD)


@rows(
    ["sub_kind", "meaning"],
    [
        ("OnTenantSuppressionList", Bounce.HARD),
        ("EmailValidationSuppressed", Bounce.SOFT),
        ("UnsubscribedRecipient", Bounce.OTHER),
    ],
)
def test_what_amazon_held_back_is_not_judged_by_a_code_of_its_own(
    sub_kind: str, meaning: Bounce
) -> None:
    """It writes 5.1.1 for messages that it did not try: no server said so."""
    words = "Amazon SES did not send the message to this address"
    reader = {"emailAddress": "ana@example.org", "status": "5.1.1", "diagnosticCode": words}
    bounce = {"bounceType": "Permanent", "bounceSubType": sub_kind, "bouncedRecipients": [reader]}
    (found,) = read(said("Bounce", bounce=bounce))
    assert found.bounce is meaning
    assert found.reason == f"Permanent {sub_kind} {words} 5.1.1"


def test_two_readers_in_one_bounce_are_two_events_with_their_own_words() -> None:
    readers = [
        {
            "emailAddress": "ana@example.org",
            "diagnosticCode": "smtp; 550 5.7.1 no",
            "status": "5.7.1",
        },
        {"emailAddress": "Bob <bob@example.org>", "status": "5.1.1"},
    ]
    bounce = {"bounceType": "Permanent", "bounceSubType": "General", "bouncedRecipients": readers}
    first, second = read(said("Bounce", bounce=bounce | {"feedbackId": "f1"}))
    assert (first.address, first.bounce) == ("ana@example.org", Bounce.POLICY)
    assert (second.address, second.bounce) == ("bob@example.org", Bounce.HARD)
    assert first.id != second.id


def test_what_is_told_by_two_topics_is_one_event() -> None:
    event = said("Bounce", bounce={"bounceType": "Permanent", "feedbackId": "f1"})
    (one,), (other,) = read(event), read(event, MessageId="another")
    assert one.id == other.id
    event["bounce"]["feedbackId"] = "f2"
    assert read(event)[0].id != one.id


def test_a_rejected_message_is_objected_to() -> None:
    (found,) = read(said("Reject", reject={"reason": "Bad content"}))
    assert (found.bounce, found.reason) == (Bounce.POLICY, "Bad content")


def test_a_message_that_is_no_json_is_kept() -> None:
    (found,) = read("Successfully validated SNS topic for Amazon SES event publishing.")
    assert found.kind is EventKind.OTHER
    assert found.id == "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324"


def test_an_event_without_a_mail_is_named_by_the_post() -> None:
    (found,) = read({"eventType": "Delivery"})
    assert found.kind is EventKind.DELIVERED
    assert found.at == NOW
    assert found.id != read({"eventType": "Delivery"}, MessageId="another")[0].id


def test_the_time_is_that_of_the_event() -> None:
    when = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
    (found,) = read(said("Click", click={"timestamp": "2026-03-04T09:00:00.000Z"}))
    assert found.at == when
