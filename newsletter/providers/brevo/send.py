"""Brevo: up to 1,000 versions a call, each with bodies and headers of its own.

Facts: Brevo's pages on batches and on idempotency, its SDK's models, django-anymail for headers
of a version and for names. The SDK (5.1.0) knows no headers in a version, and says that standard
ones are not supported. Unconfirmed: whether Brevo keeps our List-Unsubscribe and Message-ID, how
large a call may be, and the words with which it refuses an address. Open and click tracking is a
setting of the account. A reader or sender may still be refused after the call, by an event.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from email.header import Header
from typing import Any, Literal
from uuid import UUID

from pydantic import Field, SecretStr

from newsletter.domain.delivery.batch import Answer, Outcome, OutgoingBatch, Verdict
from newsletter.domain.delivery.mime import ascii_domain, mime_template
from newsletter.domain.delivery.provider import Capabilities, Replay
from newsletter.domain.errors import Fault
from newsletter.domain.statements.content import Content, MergeField
from newsletter.providers.common.bodies import (
    Compiled,
    Template,
    addresses,
    doubled,
    more_than_ascii,
    plain,
    refuse,
    reserved,
    template,
    values,
)
from newsletter.providers.common.options import ProviderOptions, WebhookKey, public
from newsletter.providers.transport.http import (
    HttpRequest,
    HttpResponse,
    at_fault,
    json_object,
    longest,
    refused,
    reset_after,
    retry_after,
    words,
)

MAX_RECIPIENTS = 1000
MAX_BYTES = 10_000_000  # our own: Brevo names none for a call
PUBLIC_URL = "https://api.brevo.com"
_JSON = json.JSONEncoder(ensure_ascii=False).encode
_MARK = re.compile(f"({'|'.join(field.value for field in MergeField)})".encode())
_TAKEN_HEADERS = {"to", "cc", "bcc", "idempotencykey", "sender.ip", "x-mailin-custom"}
_RESERVED = re.compile(r"\{[{%#]|\[(?:UNSUBSCRIBE|MIRROR|DEFAULT_\w+)\]")
_SPECIAL = re.compile(r"[()<>@,:;\".\[\]\\]")
_ABOUT_A_READER = re.compile(r"\bto\b|\brecipient|\bemail\b", re.IGNORECASE)
_ABOUT_THE_CALL = re.compile(
    r"sender|reply|subject|header|content|param|\btags?\b|template|account|\bkey\b|json|\bip\b",
    re.IGNORECASE,
)


class Options(ProviderOptions):
    """Sending through Brevo."""

    kind: Literal["brevo"]
    api_key: SecretStr = Field(min_length=1, description="A key for API version 3.")
    webhook_key: WebhookKey = None


@dataclass(frozen=True, kw_only=True)
class _Compiled:
    start: bytes
    """The call up to its headers: what each version falls back to."""
    version: Template
    """A version after its own X-Mailin-custom."""


class Brevo:
    """Says a batch in Brevo's words."""

    name = "brevo"

    def __init__(self, options: Options) -> None:
        self.capabilities = Capabilities(
            max_recipients=min(MAX_RECIPIENTS, options.batch_size or MAX_RECIPIENTS),
            max_bytes=MAX_BYTES,
            bodies=True,
            replay=Replay.KEYED,
            key_lives=timedelta(minutes=15),  # by the changelog; the page on it says 30
        )
        self._url = f"{public(options, PUBLIC_URL)}/v3/smtp/email"
        self._api_key = options.api_key.get_secret_value()
        self._compiled = Compiled(_compile)

    def build(self, batch: OutgoingBatch) -> HttpRequest:
        """JSON. Raises InvalidInput for content or addresses Brevo would misread."""
        compiled = self._compiled.of(batch)
        headers = {"idempotencyKey": idempotency_key(batch.attempt_id)}
        attempt = {"headers": headers, "tags": [batch.campaign, batch.attempt_id]}
        parts = [compiled.start, json.dumps(attempt)[1:-1].encode(), b',"messageVersions":[']
        custom = json.dumps(f"{batch.campaign}.{batch.attempt_id}.")[:-1]
        readers = addresses(batch.recipients, most=MAX_RECIPIENTS, who="Brevo")
        plain(batch.recipients)
        for address, reader in zip(readers, batch.recipients, strict=True):
            row = compiled.version.pieces(*values(reader))
            start = f'{{"to":[{{"email":"{address}"}}],"headers":{{"X-Mailin-custom":{custom}'
            parts += (f'{start}{reader.subscriber_id}"'.encode(), *row, b",")
        parts[-1] = b"]}"
        headers = {"api-key": self._api_key, "Content-Type": "application/json"}
        return HttpRequest(method="POST", url=self._url, headers=headers, body=b"".join(parts))

    def parse(self, batch: OutgoingBatch, response: HttpResponse) -> Answer:
        """One verdict for the whole call: Brevo takes all of it or nothing."""
        payload = json_object(response) or {}
        reason = words(payload.get("message") or f"HTTP {response.status}")
        if response.status // 100 == 2:
            return Answer(outcome=_taken(response.status, payload, len(batch.recipients)))
        if response.status == 429:
            outcome = Outcome(verdict=Verdict.RETRY, reason=reason)
            return Answer(outcome=outcome, retry_after=_wait(response))
        alone = len(batch.recipients) == 1
        if verdict := _refused(response.status, str(payload.get("code")), reason, alone=alone):
            return Answer(outcome=Outcome(verdict=verdict, reason=reason))
        return refused(response, reason, alone=alone)


def idempotency_key(attempt_id: str) -> str:
    """The UUID under which Brevo takes an attempt once, for 30 minutes."""
    return str(UUID(bytes=hashlib.sha256(attempt_id.encode()).digest()[:16], version=4))


def _taken(status: int, payload: dict[str, Any], count: int) -> Outcome:
    ids = payload.get("messageIds", [payload.get("messageId")])
    full = isinstance(ids, list) and all(isinstance(each, str) and each for each in ids)
    if status == 201 and full and len(ids) == count:
        return Outcome(verdict=Verdict.ACCEPTED, reason="Accepted", provider_id=ids[0])
    why = f"HTTP {status} without an id for each of {count}"
    return Outcome(verdict=Verdict.UNKNOWN, reason=why)


def _refused(status: int, code: str, reason: str, *, alone: bool) -> Verdict | None:
    if status // 100 != 4:
        return None
    if code == "not_enough_credits":
        return Verdict.QUOTA
    if code in {"duplicate_parameter", "duplicate_request"}:  # it has this attempt, or tried to
        return Verdict.UNKNOWN
    about_a_reader = _ABOUT_A_READER.search(reason) and not _ABOUT_THE_CALL.search(reason)
    if status == 400 and about_a_reader:
        return at_fault(alone=alone)
    return None


def _wait(response: HttpResponse) -> timedelta | None:
    """Retry-After or, in seconds from now, x-sib-ratelimit-reset: the longer one."""
    return longest(retry_after(response), reset_after(response, "x-sib-ratelimit-reset"))


# --- building ----------------------------------------------------------------------------------


def _compile(content: Content) -> _Compiled:
    """What is the same for each batch of a campaign."""
    mime_template(content)  # refuses what no message can have in its headers
    refuse(_faults(content))
    bodies = {"htmlContent": content.html, "textContent": content.text, "subject": content.subject}
    call: dict[str, Any] = {"sender": _sender(content), **bodies}
    if content.sender.reply_to:
        call["replyTo"] = {"email": ascii_domain(content.sender.reply_to)}
    headers = json.dumps(dict(content.headers))[1:]
    version = (", " if content.headers else "") + headers + "," + _JSON(bodies)[1:]
    # A version without bodies of its own would get these: nobody's link in them.
    start = _MARK.sub(b"", content.in_words(_JSON(call))[:-1].encode()) + b","
    return _Compiled(start=start, version=template(version))


def _sender(content: Content) -> dict[str, str]:
    """Brevo drops a name that has both an accent and a comma or the like, unless it is encoded."""
    sender = {"email": ascii_domain(content.sender.address)}
    if name := content.sender.name:
        if not name.isascii() and _SPECIAL.search(name):
            name = Header(name, charset="utf-8", maxlinelen=75).encode(linesep="")
        sender["name"] = name
    return sender


def _faults(content: Content) -> Iterator[Fault]:
    texts = (("from", content.sender.name), ("subject", content.subject), *content.headers)
    fields = (*texts, ("text", content.text), ("html", content.html))
    yield from reserved(fields, _RESERVED, "Brevo")
    yield from doubled(content.headers, "Brevo", _TAKEN_HEADERS)
    yield from more_than_ascii(content.headers)  # sent as raw 8-bit, even when it comes encoded
