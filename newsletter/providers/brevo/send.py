"""Brevo: up to 1,000 versions a call, each with bodies and headers of its own.

Facts: Brevo's pages on batches and on idempotency, its SDK's models, django-anymail for headers
of a version and for names. The SDK (5.1.0) knows no headers in a version, and says that standard
ones are not supported. Unconfirmed: whether Brevo keeps our List-Unsubscribe and Message-ID, how
large a call may be, and the words with which it refuses an address. Open and click tracking is a
setting of the account; that a reader did not consent to it can be said of each (the SDK's model of
a version's ``to``; Brevo's changelog of 2026-07-21: it is ignored where the feature is off). A
reader or sender may still be refused after the call, by an event.
"""

import hashlib
import re
from datetime import timedelta
from email.header import Header
from typing import Any, Literal
from uuid import UUID

from pydantic import SecretStr

from newsletter.domain.delivery.batch import Answer, OutgoingBatch, Verdict
from newsletter.domain.delivery.provider import Capabilities, Replay
from newsletter.domain.statements.content import Content, MergeField
from newsletter.providers.common import answers, bodies
from newsletter.providers.common.bodies import ADDRESS_MARK, METADATA_MARKS, Template
from newsletter.providers.common.options import ProviderOptions, WebhookKey, option, origin
from newsletter.providers.common.translators import BatchTranslator
from newsletter.transport import http
from newsletter.transport.http import HttpRequest, HttpResponse

MAX_RECIPIENTS = 1000
MAX_BYTES = 10_000_000  # our own: Brevo names none for a call
PUBLIC_URL = "https://api.brevo.com"
_TRACKING_OFF = {"contactPixelTrackingConsent": False}
"""Value that excludes a recipient from named tracking, in accounts that ask for consent."""
_MERGE_MARK_PATTERN = re.compile(f"({'|'.join(field.value for field in MergeField)})".encode())
_TAKEN_HEADERS = {"to", "cc", "bcc", "idempotencykey", "sender.ip", "x-mailin-custom"}
_RESERVED_PATTERN = re.compile(r"\{[{%#]|\[(?:UNSUBSCRIBE|MIRROR|DEFAULT_\w+)\]")
_ADDRESS_SPECIAL_PATTERN = re.compile(r"[()<>@,:;\".\[\]\\]")
_READER_PATTERN = re.compile(r"\bto\b|\brecipient|\bemail\b", re.IGNORECASE)
_CALL_ERROR_PATTERN = re.compile(
    r"sender|reply|subject|header|content|param|\btags?\b|template|account|\bkey\b|json|\bip\b",
    re.IGNORECASE,
)


class Options(ProviderOptions):
    """Settings of Brevo."""

    kind: Literal["brevo"]
    api_key: SecretStr = option("A key for API version 3.", min_length=1)
    webhook_key: WebhookKey = None


class Brevo(BatchTranslator[tuple[bytes, Template]]):
    """Translates batches to Brevo's API."""

    name, label = "brevo", "Brevo"
    limits = Capabilities(
        max_recipients=MAX_RECIPIENTS,
        max_bytes=MAX_BYTES,
        own_body=True,
        replay=Replay.KEYED,
        key_lifetime=timedelta(minutes=15),  # by the changelog; the page on it says 30
    )

    def __init__(self, options: Options) -> None:
        url = f"{origin(options, PUBLIC_URL)}/v3/smtp/email"
        super().__init__(options, url, {"api-key": options.api_key.get_secret_value()}, _compile)

    def build(self, batch: OutgoingBatch) -> HttpRequest:
        """Return a POST of JSON. Raises InvalidInput for what Brevo would misread."""
        start, version = self._compiled(batch.content)
        versions = self.fill_entries(version, batch)
        headers = {"idempotencyKey": idempotency_key(batch.attempt_id)}
        attempt = {"headers": headers, "tags": [batch.campaign, batch.attempt_id]}
        parts = (start, bodies.to_json(attempt)[1:-1].encode(), versions)
        return self.post(b'%b,%b,"messageVersions":[%b]}' % parts)

    def parse(self, batch: OutgoingBatch, response: HttpResponse) -> Answer:
        """Return one verdict for the whole call: Brevo takes the whole batch or nothing."""
        payload = http.json_object(response) or {}
        reason = http.brief(payload.get("message") or f"HTTP {response.status}")
        if response.status // 100 == 2:
            ids = payload.get("messageIds", [payload.get("messageId")])
            return answers.accept_with_ids(batch, response, ids if response.status == 201 else [])
        if response.status == 429:
            wait = http.wait_until_reset(response, "x-sib-ratelimit-reset")  # in seconds from now
            return answers.make_answer(response, Verdict.RETRY, reason, wait=wait)
        code = str(payload.get("code")) if response.status // 100 == 4 else ""
        if code == "not_enough_credits":
            return answers.make_answer(response, Verdict.QUOTA, reason)
        if code in {"duplicate_parameter", "duplicate_request"}:  # it has this attempt, or tried to
            return answers.make_answer(response, Verdict.UNKNOWN, reason)
        about_a_reader = _READER_PATTERN.search(reason) and not _CALL_ERROR_PATTERN.search(reason)
        if response.status == 400 and about_a_reader:
            return answers.make_answer(response, answers.reject_or_split(batch), reason)
        return answers.refuse_by_status(batch, response, reason)


def idempotency_key(attempt_id: str) -> str:
    """Return the UUID that stops Brevo from taking an attempt twice within 30 minutes."""
    return str(UUID(bytes=hashlib.sha256(attempt_id.encode()).digest()[:16], version=4))


def _compile(content: Content) -> tuple[bytes, Template]:
    """Return the JSON before the versions, with their defaults, and the template of a version."""
    # header fields leave as raw 8-bit, even when they come encoded
    bodies.check_content(
        content, "Brevo", marks=_RESERVED_PATTERN, forbidden=_TAKEN_HEADERS, ascii_only=True
    )
    texts = {"htmlContent": content.html, "textContent": content.text, "subject": content.subject}
    call: dict[str, Any] = {"sender": _sender(content), **texts}
    if reply_to := bodies.mailbox_object(content.sender.reply_to):
        call["replyTo"] = reply_to
    version: dict[str, Any] = {
        "to": [{"email": ADDRESS_MARK, **_TRACKING_OFF}],
        "headers": {"X-Mailin-custom": ".".join(METADATA_MARKS.values()), **dict(content.headers)},
        **texts,
    }
    # a version without bodies of its own would get these, with links that belong to no reader
    start = _MERGE_MARK_PATTERN.sub(b"", content.in_words(bodies.to_json(call))[:-1].encode())
    return start, bodies.compile_template(version)


def _sender(content: Content) -> dict[str, str]:
    """Return the sender. A name with an accent and a comma is encoded, else Brevo drops it."""
    name = content.sender.name
    if not name.isascii() and _ADDRESS_SPECIAL_PATTERN.search(name):
        name = Header(name, charset="utf-8", maxlinelen=75).encode(linesep="")
    return bodies.mailbox_object(content.sender.address, name)
