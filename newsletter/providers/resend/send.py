"""Resend: up to 100 whole messages a call; it takes all of them or, being strict, none.

Facts: Resend's OpenAPI description (``/emails/batch``) and its pages on errors, idempotency keys,
rate limits (two calls a second by default) and batch validation. Tracking is a setting of the
sending domain there.

Resend: ``GET /domains`` lists the domains; a key that may only send gets restricted_api_key.

Facts: Resend's OpenAPI description and its page of errors (401 restricted_api_key; for an unknown
key formerly 403 invalid_api_key, now 400 validation_error, "API key is invalid").
"""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any, Literal

from pydantic import SecretStr

from newsletter.domain.delivery.batch import Answer, OutgoingBatch, Verdict
from newsletter.domain.delivery.mime import ascii_domain
from newsletter.domain.delivery.provider import Capabilities, Finding, Replay, failed, unclear
from newsletter.domain.statements.content import Content
from newsletter.providers.common import answers, bodies, doctor
from newsletter.providers.common.answers import MessageTranslator
from newsletter.providers.common.bodies import ADDRESS_MARK, METADATA_MARKS, Template
from newsletter.providers.common.doctor import DOMAIN, KEY, Probe
from newsletter.providers.common.options import ProviderOptions, WebhookKey, bearer, option, origin
from newsletter.providers.common.webhooks import value_at
from newsletter.transport import http
from newsletter.transport.http import HttpRequest, HttpResponse, json_object

MAX_RECIPIENTS = 100
_PUBLIC_URL = "https://api.resend.com"
_RESERVED_PATTERN = re.compile(r"\{\{\s*+(?:\{\s*+)?(?:RESEND_|contact\.)", re.IGNORECASE)
_NAME_PATTERN = re.compile(r"[A-Za-z0-9_-]+")
_RECIPIENT_ERROR_PATTERN = re.compile(r"[`'\"]to[`'\"]|\bto field|\.to\b|recipient", re.IGNORECASE)
_QUOTA_ERRORS = {"daily_quota_exceeded", "monthly_quota_exceeded"}


class Options(ProviderOptions):
    """Settings of Resend."""

    kind: Literal["resend"]
    api_key: SecretStr = option("A key that may send from the domain, as in re_….", min_length=1)
    webhook_key: WebhookKey = None


class Resend(MessageTranslator):
    """Translates batches to Resend's API."""

    name, label = "resend", "Resend"
    limits = Capabilities(
        max_recipients=MAX_RECIPIENTS,
        own_body=True,
        replay=Replay.KEYED,
        key_lifetime=timedelta(hours=24),
    )
    frame = b"[%b]"

    def __init__(self, options: Options) -> None:
        url = f"{origin(options, _PUBLIC_URL)}/emails/batch"
        headers = {**bearer(options.api_key), "x-batch-validation": "strict"}
        super().__init__(options, url, headers, _compile)

    def build(self, batch: OutgoingBatch) -> HttpRequest:
        """Return a POST of a JSON list, with an idempotency key from the attempt."""
        request = super().build(batch)
        return replace(request, headers={**request.headers, "Idempotency-Key": batch.attempt_id})

    def parse(self, batch: OutgoingBatch, response: HttpResponse) -> Answer:
        """Return one verdict for the whole call: Resend takes the whole batch or nothing."""
        payload = http.json_object(response) or {}
        message = http.shorten(payload.get("message") or f"HTTP {response.status}")
        if response.status // 100 == 2:
            rows = payload.get("data") if not payload.get("errors") else None
            ids = [value_at(each, "id") for each in rows] if isinstance(rows, list) else []
            is_taken = response.status == 200 and len(set(map(str, ids))) == len(ids)
            return answers.accept_with_ids(batch, response, ids if is_taken else [])
        if response.status == 429 and str(payload.get("name")) in _QUOTA_ERRORS:
            return answers.make_answer(response, Verdict.QUOTA, message)
        if response.status in {400, 422}:
            # only a faulty address is found by halving: other faults refuse each half too
            is_validation_error = payload.get("name") == "validation_error"
            about_a_recipient = is_validation_error and _RECIPIENT_ERROR_PATTERN.search(message)
            verdict = answers.reject_or_split(batch) if about_a_recipient else Verdict.CONFIGURATION
            return answers.make_answer(response, verdict, message)
        # 409: a proxy may have made the call twice, and Resend may have taken the first
        return answers.refuse_by_status(batch, response, message)


def _compile(content: Content) -> Template:
    """Encode one recipient's message as a template."""
    sender = content.sender
    call = {
        "from": bodies.format_mailbox(sender.name, sender.address),
        "subject": content.subject,
        "text": content.text,
        "html": content.html,
    }
    if sender.reply_to:
        call["reply_to"] = ascii_domain(sender.reply_to)
    bodies.check_content(content, "Resend", marks=_RESERVED_PATTERN, name_pattern=_NAME_PATTERN)
    tags = [{"name": name, "value": value} for name, value in METADATA_MARKS.items()]
    headers = dict(content.headers)
    return bodies.compile_template({**call, "headers": headers, "tags": tags, "to": [ADDRESS_MARK]})


def probes(options: Options, sender: str) -> tuple[Probe | Finding, ...]:
    """Return the question whether the sender's domain is verified."""
    domain = doctor.domain_of(sender)
    url = f"{origin(options, 'https://api.resend.com')}/domains?limit=100"
    headers = bearer(options.api_key)
    return (Probe(DOMAIN, url, headers, lambda payload: _domains(payload, domain), _read_refusal),)


def _domains(payload: Any, domain: str) -> Finding | None:
    match payload:
        case {"data": list(items)}:
            found = doctor.find_domain(items, "name", domain)
            if found is None and payload.get("has_more") is True:
                return unclear(DOMAIN, f"{domain} is not among the first {len(items)} domains")
            if found is not None and found.get("status") == "temporary_failure":
                why = f"{domain} could not be checked by Resend for the moment"
                return unclear(DOMAIN, why, "check its DNS records under Domains")
            return doctor.listed_state(domain, found, "status", "verified")
    return None


def _read_refusal(response: HttpResponse) -> Finding | None:
    payload = json_object(response) or {}
    name, message = payload.get("name"), str(payload.get("message"))
    if name == "restricted_api_key":
        return unclear(KEY, "it is taken and may only send: the domain cannot be checked with it")
    if name == "invalid_api_key" or "api key is invalid" in message.lower():
        return failed(KEY, "it is refused", "make another under API keys, and write it down here")
    return None
