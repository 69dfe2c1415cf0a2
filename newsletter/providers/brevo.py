"""Brevo: up to 1,000 versions a call, each with bodies and headers of its own.

Facts: Brevo's pages on batches and on idempotency, its SDK's models, django-anymail for headers
of a version and for names. Unconfirmed: whether Brevo keeps our List-Unsubscribe and Message-ID,
how large a call may be, and the words with which it refuses an address. Open and click tracking
is a setting of the account. A reader or sender may still be refused after the call, by an event.
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

from newsletter.domain.delivery import Answer, Outcome, OutgoingBatch, Verdict
from newsletter.domain.errors import Fault, InvalidInput
from newsletter.domain.message import Content, MergeField, Recipient
from newsletter.domain.mime import ascii_domain, mime_template
from newsletter.ports import Capabilities, Replay
from newsletter.providers.http import (
    LONGEST_WAIT,
    HttpRequest,
    HttpResponse,
    answer_by_status,
    json_object,
    retry_after,
    words,
)
from newsletter.providers.options import ProviderOptions

MAX_RECIPIENTS = 1000
MAX_BYTES = 10_000_000  # our own: Brevo names none for a call
_PUBLIC_URL = "https://api.brevo.com"
_KEPT_CONTENTS = 4
_JSON = json.JSONEncoder(ensure_ascii=False).encode
_UNSUBSCRIBE = MergeField.UNSUBSCRIBE.value.encode()
_MARK = re.compile(f"({'|'.join(field.value for field in MergeField)})".encode())
_TAKEN_HEADERS = {"to", "cc", "bcc", "idempotencykey", "sender.ip", "x-mailin-custom"}
_RESERVED = re.compile(r"\{[{%#]|\[(?:UNSUBSCRIBE|MIRROR|DEFAULT_\w+)\]")
_SPECIAL = re.compile(r"[()<>@,:;\".\[\]\\]")
_NO_ADDRESS = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\"(),:;<>\[\]\\]")
_WORDS = re.compile(r"[A-Za-z0-9._~+=-]*")
_ABOUT_A_READER = re.compile(r"\bto\b|\brecipient|\bemail\b", re.IGNORECASE)
_ABOUT_THE_CALL = re.compile(
    r"sender|reply|subject|header|content|param|\btags?\b|template|account|\bkey\b|json|\bip\b",
    re.IGNORECASE,
)


class Options(ProviderOptions):
    """Sending through Brevo."""

    kind: Literal["brevo"]
    api_key: SecretStr = Field(min_length=1, description="A key for API version 3.")


@dataclass(frozen=True, kw_only=True)
class _Compiled:
    content: Content
    start: bytes
    """The call up to its headers: what each version falls back to."""
    pieces: tuple[bytes, ...]
    """A version after its own X-Mailin-custom: JSON and merge marks in turn, JSON at both ends."""


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
        self._url = f"{(options.base_url or _PUBLIC_URL).rstrip('/')}/v3/smtp/email"
        self._api_key = options.api_key.get_secret_value()
        self._compiled: dict[str, _Compiled] = {}

    def build(self, batch: OutgoingBatch) -> HttpRequest:
        """JSON. Raises InvalidInput for content or addresses Brevo would misread."""
        said = self._said(batch)
        headers = {"idempotencyKey": idempotency_key(batch.attempt_id)}
        attempt = {"headers": headers, "tags": [batch.campaign, batch.attempt_id]}
        parts = [said.start, json.dumps(attempt)[1:-1].encode(), b',"messageVersions":[']
        custom = json.dumps(f"{batch.campaign}.{batch.attempt_id}.")[:-1]
        marks = said.pieces[1::2]
        row = list(said.pieces)
        for address, reader in zip(_addresses(batch.recipients), batch.recipients, strict=True):
            unsubscribe, message_id = reader.unsubscribe.encode(), reader.message_id.encode()
            row[1::2] = [unsubscribe if mark == _UNSUBSCRIBE else message_id for mark in marks]
            start = f'{{"to":[{{"email":"{address}"}}],"headers":{{"X-Mailin-custom":{custom}'
            parts += (f'{start}{reader.subscriber_id}"'.encode(), *row, b",")
        parts[-1] = b"]}"
        headers = {"api-key": self._api_key, "Content-Type": "application/json"}
        return HttpRequest(method="POST", url=self._url, headers=headers, body=b"".join(parts))

    def parse(self, batch: OutgoingBatch, response: HttpResponse) -> Answer:
        """One verdict for the whole call: Brevo takes all of it or nothing."""
        said = json_object(response) or {}
        reason = words(said.get("message") or f"HTTP {response.status}")
        if response.status // 100 == 2:
            return Answer(outcome=_taken(response.status, said, len(batch.recipients)))
        if response.status == 429:
            outcome = Outcome(verdict=Verdict.RETRY, reason=reason)
            return Answer(outcome=outcome, retry_after=_wait(response))
        alone = len(batch.recipients) == 1
        if verdict := _refused(response.status, said.get("code"), reason, alone=alone):
            return Answer(outcome=Outcome(verdict=verdict, reason=reason))
        return answer_by_status(response, reason) or Answer(
            outcome=Outcome(verdict=Verdict.CONFIGURATION, reason=reason)
        )

    def _said(self, batch: OutgoingBatch) -> _Compiled:
        known = self._compiled.get(batch.digest)
        if known is None or known.content != batch.content:
            known = _compile(batch.content)
            kept = list(self._compiled.items())[1 - _KEPT_CONTENTS :]
            self._compiled = {**dict(kept), batch.digest: known}
        return known


def idempotency_key(attempt_id: str) -> str:
    """The UUID under which Brevo takes an attempt once, for 30 minutes."""
    return str(UUID(bytes=hashlib.sha256(attempt_id.encode()).digest()[:16], version=4))


def _taken(status: int, said: dict[str, Any], count: int) -> Outcome:
    ids = said.get("messageIds", [said.get("messageId")])
    full = isinstance(ids, list) and all(isinstance(each, str) and each for each in ids)
    if status == 201 and full and len(ids) == count:
        return Outcome(verdict=Verdict.ACCEPTED, reason="Accepted", provider_id=ids[0])
    why = f"HTTP {status} without an id for each of {count}"
    return Outcome(verdict=Verdict.UNKNOWN, reason=why)


def _refused(status: int, code: object, reason: str, *, alone: bool) -> Verdict | None:
    if status // 100 != 4:
        return None
    if code == "not_enough_credits":
        return Verdict.QUOTA
    if code in {"duplicate_parameter", "duplicate_request"}:  # it has this attempt, or tried to
        return Verdict.UNKNOWN
    if status == 413:  # one message that is too large is too large for everybody
        return Verdict.CONFIGURATION if alone else Verdict.SPLIT
    about_a_reader = _ABOUT_A_READER.search(reason) and not _ABOUT_THE_CALL.search(reason)
    if status == 400 and about_a_reader:
        return Verdict.REJECTED if alone else Verdict.SPLIT
    return None


def _wait(response: HttpResponse) -> timedelta | None:
    """Retry-After or, in seconds from now, x-sib-ratelimit-reset: the longer one."""
    waits = [retry_after(response)]
    reset = response.headers.get("x-sib-ratelimit-reset", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", reset):
        waits.append(min(timedelta(seconds=int(reset)), LONGEST_WAIT))
    return max((wait for wait in waits if wait is not None), default=None)


# --- building ----------------------------------------------------------------------------------


def _compile(content: Content) -> _Compiled:
    """What is the same for each batch of a campaign."""
    mime_template(content)  # refuses what no message can have in its headers
    if refusals := list(_refusals(content)):
        raise InvalidInput(fault for refusal in refusals for fault in refusal.faults)
    bodies = {"htmlContent": content.html, "textContent": content.text, "subject": content.subject}
    call: dict[str, Any] = {"sender": _sender(content), **bodies}
    if content.sender.reply_to:
        call["replyTo"] = {"email": ascii_domain(content.sender.reply_to)}
    headers = json.dumps(dict(content.headers))[1:]
    version = (", " if content.headers else "") + headers + "," + _JSON(bodies)[1:]
    # A version without bodies of its own would get these: nobody's link in them.
    start = _MARK.sub(b"", _JSON(call)[:-1].encode()) + b","
    return _Compiled(content=content, start=start, pieces=tuple(_MARK.split(version.encode())))


def _sender(content: Content) -> dict[str, str]:
    """Brevo drops a name that has both an accent and a comma or the like, unless it is encoded."""
    sender = {"email": ascii_domain(content.sender.address)}
    if name := content.sender.name:
        if not name.isascii() and _SPECIAL.search(name):
            name = Header(name, charset="utf-8", maxlinelen=75).encode(linesep="")
        sender["name"] = name
    return sender


def _refusals(content: Content) -> Iterator[InvalidInput]:
    said = (("from", content.sender.name), ("subject", content.subject), *content.headers)
    for key, value in (*said, ("text", content.text), ("html", content.html)):
        if mark := _RESERVED.search(value):
            why = f"holds “{mark.group()}”, which Brevo reads as its own; write it another way"
            yield _refusal(key, why)
    seen = set(_TAKEN_HEADERS)
    for name, value in content.headers:
        if name.lower() in seen:
            yield _refusal(name, "cannot be given to Brevo, or not twice; leave it out")
        if not value.isascii():  # sent as raw 8-bit, even when it comes encoded
            yield _refusal(name, "is more than ASCII; write it in plain letters")
        seen.add(name.lower())


def _addresses(recipients: tuple[Recipient, ...]) -> list[str]:
    """The addresses in order. What is checked here needs no escaping in JSON."""
    addresses = [ascii_domain(recipient.address) for recipient in recipients]
    values = "".join([reader.unsubscribe + reader.message_id for reader in recipients])
    if not 1 <= len(addresses) <= MAX_RECIPIENTS:
        raise _refusal("to", f"{len(addresses)} recipients; Brevo takes 1 to 1000")
    if "" in addresses or _NO_ADDRESS.search("".join(addresses)):
        raise _refusal("to", "an address is empty or holds a character none may")
    if len(set(addresses)) < len(addresses):
        raise _refusal("to", "an address stands in the batch twice")
    if not _WORDS.fullmatch(values):
        raise _refusal("messageVersions", "a value holds more than plain letters")
    return addresses


def _refusal(key: str, message: str) -> InvalidInput:
    return InvalidInput([Fault(file="message", key=key, message=message)])
