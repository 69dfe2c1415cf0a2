"""Resend: up to 100 whole messages a call; it takes all of them or, being strict, none.

Facts: Resend's OpenAPI description (``/emails/batch``) and its pages on errors, idempotency keys,
rate limits and batch validation. Tracking is a setting of the sending domain there.
"""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Literal

from pydantic import Field, SecretStr

from newsletter.domain.delivery import Answer, Outcome, OutgoingBatch, Verdict
from newsletter.domain.errors import Fault, InvalidInput
from newsletter.domain.message import Content, MergeField, Recipient
from newsletter.domain.mime import ascii_domain
from newsletter.ports import Capabilities, Replay
from newsletter.providers.http import (
    HttpRequest,
    HttpResponse,
    answer_by_status,
    json_object,
    retry_after,
    words,
)
from newsletter.providers.options import ProviderOptions

MAX_RECIPIENTS = 100
_PUBLIC_URL = "https://api.resend.com"
_KEPT_CONTENTS = 4
_UNSUBSCRIBE = MergeField.UNSUBSCRIBE.value.encode()
_MESSAGE_ID = MergeField.MESSAGE_ID.value.encode()
_MARK = re.compile(b"(%b|%b)" % (_UNSUBSCRIBE, _MESSAGE_ID))
_RESERVED = re.compile(r"\{\{\s*\{?\s*(?:RESEND_|contact\.)", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_HEADER_NAME = re.compile(r"[A-Za-z0-9_-]+")
_NO_ADDRESS = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\"(),:;<>\[\]\\]")
_WORDS = re.compile(r"[A-Za-z0-9._~+=-]*")
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
        self._url = f"{(options.base_url or _PUBLIC_URL).rstrip('/')}/emails/batch"
        self._authorization = f"Bearer {options.api_key.get_secret_value()}"
        self._compiled: dict[str, tuple[Content, tuple[bytes, ...]]] = {}

    def build(self, batch: OutgoingBatch) -> HttpRequest:
        """A JSON list. Raises InvalidInput for content or addresses Resend would misread."""
        addresses = _addresses(batch.recipients)
        about = {"campaign": batch.campaign, "attempt": batch.attempt_id, "subscriber": ""}
        tail = json.dumps([{"name": name, "value": value} for name, value in about.items()])
        pieces = (*self._content_pieces(batch), f',"tags":{tail[:-3]}'.encode())  # open for the id
        messages = [
            _filled(pieces, recipient) + f'{recipient.subscriber_id}"}}],"to":["{to}"]}}'.encode()
            for recipient, to in zip(batch.recipients, addresses, strict=True)
        ]
        headers = {
            "Authorization": self._authorization,
            "Content-Type": "application/json",
            "Idempotency-Key": batch.attempt_id,
            "x-batch-validation": "strict",
        }
        body = b"[%b]" % b",".join(messages)
        return HttpRequest(method="POST", url=self._url, headers=headers, body=body)

    def parse(self, batch: OutgoingBatch, response: HttpResponse) -> Answer:
        """One verdict for the whole call."""
        said = json_object(response) or {}
        message = words(said.get("message") or f"HTTP {response.status}")
        alone = len(batch.recipients) == 1
        if response.status // 100 == 2:
            return Answer(outcome=_taken(response, said, len(batch.recipients)))
        if response.status == 409 or (response.status, str(said.get("name"))) in _BY_NAME:
            # 409: another call under this key; it is unknown what became of that, unless it says so
            verdict = _BY_NAME.get((response.status, str(said.get("name"))), Verdict.UNKNOWN)
            wait = None if verdict is Verdict.UNKNOWN else retry_after(response)
            return Answer(outcome=Outcome(verdict=verdict, reason=message), retry_after=wait)
        if response.status in {400, 413, 422}:
            verdict = _refused(response.status, said, message, alone=alone)
            return Answer(outcome=Outcome(verdict=verdict, reason=message))
        return answer_by_status(response, message) or Answer(
            outcome=Outcome(verdict=Verdict.CONFIGURATION, reason=message)
        )

    def _content_pieces(self, batch: OutgoingBatch) -> tuple[bytes, ...]:
        content, pieces = self._compiled.get(batch.digest, (None, ()))
        if content != batch.content:
            pieces = _compile(batch.content)
            kept = list(self._compiled.items())[1 - _KEPT_CONTENTS :]
            self._compiled = {**dict(kept), batch.digest: (batch.content, pieces)}
        return pieces


def _taken(response: HttpResponse, said: dict[str, Any], expected: int) -> Outcome:
    data = said.get("data")
    items = data if isinstance(data, list) else []
    ids = [item.get("id") for item in items if isinstance(item, dict)]
    whole = all(isinstance(each, str) and each for each in ids) and len(items) == expected
    if response.status == 200 and whole and len(set(ids)) == expected and not said.get("errors"):
        return Outcome(verdict=Verdict.ACCEPTED, reason="accepted", provider_id=str(ids[0]))
    why = f"HTTP {response.status} without an id for each message"
    return Outcome(verdict=Verdict.UNKNOWN, reason=why)


def _refused(status: int, said: dict[str, Any], message: str, *, alone: bool) -> Verdict:
    """Only a fault in an address is looked for by halving: all else would refuse every reader."""
    if status == 413:
        return Verdict.CONFIGURATION if alone else Verdict.SPLIT
    if said.get("name") != "validation_error" or not _ABOUT_A_RECIPIENT.search(message):
        return Verdict.CONFIGURATION
    return Verdict.REJECTED if alone else Verdict.SPLIT


# --- building ----------------------------------------------------------------------------------


def _compile(content: Content) -> tuple[bytes, ...]:
    """An open JSON object, split at its merge marks, the marks among the pieces."""
    sender = content.sender
    name = sender.name.replace("\\", "\\\\").replace('"', '\\"')
    address = ascii_domain(sender.address)
    said = {
        "from": f'"{name}" <{address}>' if name else address,
        "subject": content.subject,
        "text": content.text,
        "html": content.html,
    }
    if sender.reply_to:
        said["reply_to"] = ascii_domain(sender.reply_to)
    faults = [
        Fault(file="message", key=key, message=why)
        for key, value in (*said.items(), *content.headers)
        for why in _faults(key, value)
    ]
    names = [key.lower() for key, _ in content.headers]
    for twice in sorted({key for key in names if names.count(key) > 1}):
        why = "stands among the headers twice, and Resend takes each once; leave one out"
        faults.append(Fault(file="message", key=twice, message=why))
    if faults:
        raise InvalidInput(faults)
    message = json.dumps({**said, "headers": dict(content.headers)}, ensure_ascii=False)
    return tuple(_MARK.split(message[:-1].encode()))


def _faults(key: str, value: str) -> Iterator[str]:
    if not _HEADER_NAME.fullmatch(key):
        yield "is not a name that a header field can have"
    if key not in {"text", "html"} and (control := _CONTROL.search(value)):
        yield f"holds the control character {control.group()!r}; write it without"
    if mark := _RESERVED.search(value):
        yield f"holds “{mark.group()}”, which Resend could replace; write it without"


def _addresses(recipients: tuple[Recipient, ...]) -> list[str]:
    """What is checked here needs no escaping in JSON."""
    addresses, why = [ascii_domain(recipient.address) for recipient in recipients], ""
    if not 1 <= len(addresses) <= MAX_RECIPIENTS:
        why = f"{len(addresses)} recipients; Resend takes 1 to {MAX_RECIPIENTS}"
    elif "" in addresses or _NO_ADDRESS.search("".join(addresses)):
        why = "an address is empty or holds a character none may"
    elif not _WORDS.fullmatch("".join([r.unsubscribe + r.message_id for r in recipients])):
        why = "a merge value holds more than plain letters"
    if why:
        raise InvalidInput([Fault(file="message", key="to", message=why)])
    return addresses


def _filled(pieces: tuple[bytes, ...], recipient: Recipient) -> bytes:
    values = {
        _UNSUBSCRIBE: recipient.unsubscribe.encode(),
        _MESSAGE_ID: recipient.message_id.encode(),
    }
    return b"".join([values.get(piece, piece) for piece in pieces])
