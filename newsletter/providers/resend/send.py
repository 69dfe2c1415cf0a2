"""Resend: up to 100 whole messages a call; it takes all of them or, being strict, none.

Facts: Resend's OpenAPI description (``/emails/batch``) and its pages on errors, idempotency keys,
rate limits and batch validation. Tracking is a setting of the sending domain there.
"""

import json
import re
from datetime import timedelta
from typing import Any, Literal

from pydantic import Field, SecretStr

from newsletter.domain.delivery.batch import Answer, Outcome, OutgoingBatch, Verdict
from newsletter.domain.delivery.mime import ascii_domain
from newsletter.domain.delivery.provider import Capabilities, Replay
from newsletter.domain.statements.content import Content
from newsletter.providers.common.bodies import (
    Compiled,
    Template,
    addresses,
    broken,
    doubled,
    mailbox,
    misnamed,
    plain,
    refuse,
    reserved,
    template,
    values,
)
from newsletter.providers.common.options import ProviderOptions, WebhookKey, bearer, public
from newsletter.providers.transport.http import (
    HttpRequest,
    HttpResponse,
    at_fault,
    json_object,
    refused,
    retry_after,
    words,
)

MAX_RECIPIENTS = 100
_PUBLIC_URL = "https://api.resend.com"
_RESERVED = re.compile(r"\{\{\s*+(?:\{\s*+)?(?:RESEND_|contact\.)", re.IGNORECASE)
_HEADER_NAME = re.compile(r"[A-Za-z0-9_-]+")
_ABOUT_A_RECIPIENT = re.compile(r"[`'\"]to[`'\"]|\bto field|\.to\b|recipient", re.IGNORECASE)
_BY_NAME = {
    (409, "concurrent_idempotent_requests"): Verdict.RETRY,
    (429, "daily_quota_exceeded"): Verdict.QUOTA,
    (429, "monthly_quota_exceeded"): Verdict.QUOTA,
}


class Options(ProviderOptions):
    """Sending through Resend."""

    kind: Literal["resend"]
    api_key: SecretStr = Field(
        min_length=1, description="A key that may send from the domain, as in re_…."
    )
    webhook_key: WebhookKey = None


class Resend:
    """Says a batch in Resend's words."""

    name = "resend"

    def __init__(self, options: Options) -> None:
        self.capabilities = Capabilities(
            max_recipients=min(MAX_RECIPIENTS, options.batch_size or MAX_RECIPIENTS),
            bodies=True,
            replay=Replay.KEYED,
            key_lives=timedelta(hours=24),
        )
        self._url = f"{public(options, _PUBLIC_URL)}/emails/batch"
        self._authorization = bearer(options.api_key)
        self._compiled = Compiled(_compile)

    def build(self, batch: OutgoingBatch) -> HttpRequest:
        """A JSON list. Raises InvalidInput for content or addresses Resend would misread."""
        readers = addresses(batch.recipients, most=MAX_RECIPIENTS, who="Resend")
        plain(batch.recipients)
        about = {"campaign": batch.campaign, "attempt": batch.attempt_id, "subscriber": ""}
        tail = json.dumps([{"name": name, "value": value} for name, value in about.items()])
        compiled = self._compiled.of(batch)
        rest = f',"tags":{tail[:-3]}'  # open for the id
        messages = [
            compiled.fill(*values(recipient))
            + f'{rest}{recipient.subscriber_id}"}}],"to":["{to}"]}}'.encode()
            for recipient, to in zip(batch.recipients, readers, strict=True)
        ]
        headers = {
            **self._authorization,
            "Content-Type": "application/json",
            "Idempotency-Key": batch.attempt_id,
            "x-batch-validation": "strict",
        }
        body = b"[%b]" % b",".join(messages)
        return HttpRequest(method="POST", url=self._url, headers=headers, body=body)

    def parse(self, batch: OutgoingBatch, response: HttpResponse) -> Answer:
        """One verdict for the whole call."""
        payload = json_object(response) or {}
        message = words(payload.get("message") or f"HTTP {response.status}")
        alone = len(batch.recipients) == 1
        if response.status // 100 == 2:
            return Answer(outcome=_taken(response, payload, len(batch.recipients)))
        if response.status == 409 or (response.status, str(payload.get("name"))) in _BY_NAME:
            # 409: another call under this key; it is unknown what became of that, unless it says so
            verdict = _BY_NAME.get((response.status, str(payload.get("name"))), Verdict.UNKNOWN)
            wait = None if verdict is Verdict.UNKNOWN else retry_after(response)
            return Answer(outcome=Outcome(verdict=verdict, reason=message), retry_after=wait)
        if response.status in {400, 422}:
            verdict = _refused(payload, message, alone=alone)
            return Answer(outcome=Outcome(verdict=verdict, reason=message))
        return refused(response, message, alone=alone)


def _taken(response: HttpResponse, payload: dict[str, Any], expected: int) -> Outcome:
    data = payload.get("data")
    items = data if isinstance(data, list) else []
    ids = [item.get("id") for item in items if isinstance(item, dict)]
    whole = all(isinstance(each, str) and each for each in ids) and len(items) == expected
    if response.status == 200 and whole and len(set(ids)) == expected and not payload.get("errors"):
        return Outcome(verdict=Verdict.ACCEPTED, reason="accepted", provider_id=str(ids[0]))
    why = f"HTTP {response.status} without an id for each message"
    return Outcome(verdict=Verdict.UNKNOWN, reason=why)


def _refused(payload: dict[str, Any], message: str, *, alone: bool) -> Verdict:
    """Only a fault in an address is looked for by halving: all else would refuse every reader."""
    if payload.get("name") != "validation_error" or not _ABOUT_A_RECIPIENT.search(message):
        return Verdict.CONFIGURATION
    return at_fault(alone=alone)


# --- building ----------------------------------------------------------------------------------


def _compile(content: Content) -> Template:
    """A message as an open JSON object."""
    sender = content.sender
    call = {
        "from": mailbox(sender.name, sender.address),
        "subject": content.subject,
        "text": content.text,
        "html": content.html,
    }
    if sender.reply_to:
        call["reply_to"] = ascii_domain(sender.reply_to)
    fields = (*call.items(), *content.headers)
    refuse(
        (
            *misnamed(content.headers, _HEADER_NAME),
            *broken(field for field in fields if field[0] not in {"text", "html"}),
            *reserved(fields, _RESERVED, "Resend"),
            *doubled(content.headers, "Resend"),
        )
    )
    message = json.dumps({**call, "headers": dict(content.headers)}, ensure_ascii=False)
    return template(message[:-1])
