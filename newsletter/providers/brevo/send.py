"""Brevo: up to 1,000 versions a call, each with bodies and headers of its own.

Facts: Brevo's pages on batches and on idempotency, its SDK's models, django-anymail for headers
of a version and for names. The SDK (5.1.0) knows no headers in a version, and says that standard
ones are not supported. Unconfirmed: whether Brevo keeps our List-Unsubscribe and Message-ID, how
large a call may be, and the words with which it refuses an address. Open and click tracking is a
setting of the account; that a reader did not consent to it can be said of each (the SDK's model of
a version's ``to``; Brevo's changelog of 2026-07-21: it is ignored where the feature is off). A
reader or sender may still be refused after the call, by an event.

Read-only questions to Brevo: key, domains, and whether it took an attempt.

``GET /v3/account`` proves the key, ``GET /v3/senders/domains`` lists the domains. Facts: Brevo's
API reference for both, and its pages on authorised IP addresses: another machine gets 401 as well.

``GET /v3/smtp/statistics/events`` is its log (``limit`` up to 5,000, ``offset``, ``days`` up to 90,
``email``, ``event``, ``tags`` as a JSON array, newest first; at most some 300 such calls an hour;
by its page on it, and its SDK's model of an event, whose ``tag`` is text). The attempt is one of
our tags. Brevo takes a call whole or not at all: one message of the attempt proves the call, and
its absence for each of several readers disproves it. Unconfirmed: how soon an event is there, and
whether ``tag`` names each tag of a message. A message to the reader at that time without both of
our tags therefore proves neither.
"""

import hashlib
import json
import re
from datetime import datetime, timedelta
from email.header import Header
from typing import Any, Literal
from uuid import UUID

from pydantic import SecretStr

from newsletter.domain.delivery import provider
from newsletter.domain.delivery.batch import Answer, OutgoingBatch, Verdict
from newsletter.domain.statements.content import Content, MergeField
from newsletter.providers.common import answers, bodies, doctor, records
from newsletter.providers.common.answers import BatchTranslator
from newsletter.providers.common.bodies import ADDRESS_MARK, METADATA_MARKS, Template
from newsletter.providers.common.doctor import DOMAIN, KEY, Probe
from newsletter.providers.common.options import ProviderOptions, WebhookKey, option, origin
from newsletter.providers.common.records import Inquiry, Page, Purpose, Question
from newsletter.providers.common.webhooks import parse_json
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
    limits = provider.Capabilities(
        max_recipients=MAX_RECIPIENTS,
        max_bytes=MAX_BYTES,
        own_body=True,
        replay=provider.Replay.KEYED,
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
        reason = http.shorten(payload.get("message") or f"HTTP {response.status}")
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


_read_refusal = doctor.refusal_by_status(
    {
        401: provider.failed(
            KEY,
            "it is refused",
            "copy it again, and see under Security, Authorized IPs, that this machine may call",
        )
    }
)


def probes(options: Options, sender: str) -> tuple[Probe | provider.Finding, ...]:
    """Return the questions about the key and the authentication of the sender's domain."""
    base, domain = origin(options, PUBLIC_URL), doctor.domain_of(sender)
    headers = {"api-key": options.api_key.get_secret_value()}
    domains = f"{base}/v3/senders/domains"
    return (
        Probe(KEY, f"{base}/v3/account", headers, _account, _read_refusal),
        Probe(DOMAIN, domains, headers, lambda payload: _domains(payload, domain), _read_refusal),
    )


def _account(payload: Any) -> provider.Finding | None:
    match payload:
        case {"email": str()}:
            return provider.passed(KEY, "the provider takes it")
    return None


def _domains(payload: Any, domain: str) -> provider.Finding | None:
    match payload:
        case {"domains": list(items)}:
            found = doctor.find_domain(items, "domain_name", domain)
            count = payload.get("count")
            if found is None and isinstance(count, int) and count > len(items):
                return provider.unclear(
                    DOMAIN, f"{domain} is not among the first {len(items)} domains"
                )
            return doctor.listed_state(domain, found, "authenticated", menu="Senders, Domains")
    return None


_EVENTS_PER_PAGE = 500
_DAYS = 5
"""Days of the log to search: lookups end after three days, and time zones differ."""


class BrevoInquiry(Inquiry):
    """Searches the log for the attempt's tag, then for a few recipients, then for the control."""

    all_or_none = True
    rows_key, id_key = "events", "messageId"

    def __init__(self, options: Options) -> None:
        url = f"{origin(options, PUBLIC_URL)}/v3/smtp/statistics/events"
        super().__init__(url, {"api-key": options.api_key.get_secret_value()}, options.timeout)

    def first_question(self, batch: OutgoingBatch) -> Question:
        # one call finds it, as a rule; only then is each of the samples asked for
        tagged = self._events(Purpose.ATTEMPT, tags=json.dumps([batch.attempt_id]), limit="1")
        readers = [
            self._events(Purpose.ATTEMPT, frozenset({address}), email=address)
            for address in records.sample_addresses(batch)
        ]
        return records.chain([tagged, *readers, self._events(Purpose.LATEST, limit="1")])

    def read_attempt(self, batch: OutgoingBatch, question: Question, payload: Any) -> Page:
        """Find the batch by an event with the attempt's tag, or return the next question.
        Raises ValueError if the page proves nothing. An answer without events has no list."""
        rows = payload.get("events") or []
        if len(rows) >= _EVENTS_PER_PAGE:
            raise ValueError(f"there may be more than {_EVENTS_PER_PAGE} messages to a reader")
        for row in rows:
            if batch.attempt_id in row.get("tag", ""):
                return records.whole_batch(batch, row["messageId"])
        if question.expected:
            records.require_addresses(question, (row["email"] for row in rows))
            if any(self._is_in_doubt(batch, row) for row in rows):
                raise ValueError("a message of those minutes does not name its attempt")
        return Page(next=records.chain(question.following))

    def _is_in_doubt(self, batch: OutgoingBatch, row: dict[str, Any]) -> bool:
        """Return whether a message may belong to the attempt without its tag."""
        at = datetime.fromisoformat(row["date"])
        begin, end = records.search_window(batch.at, self._timeout)
        tag = row.get("tag", "")  # one tag, or a JSON array of tags
        tags = parse_json(tag) if tag else []
        return begin <= at <= end and not (isinstance(tags, list) and len(tags) > 1)

    def control_question(self, batch: OutgoingBatch, rows: list[dict[str, Any]]) -> Question:
        """Ask by address for the latest message in the log."""
        if not rows or not records.sample_addresses(batch):
            raise ValueError("an empty log proves no absence: no other message is known")
        identity = frozenset({rows[0]["messageId"]})
        return self._events(Purpose.CONTROL, identity, email=rows[0]["email"])

    def _events(
        self, purpose: Purpose, expected: frozenset[str] = frozenset(), **more: str
    ) -> Question:
        query = {"event": "requests", "days": str(_DAYS), "limit": str(_EVENTS_PER_PAGE), **more}
        return self.question(purpose, query, expected)
