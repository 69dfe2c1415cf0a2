"""Postmark: up to 500 whole messages a call, each with an answer of its own.

Facts: Postmark's guide to batches, its list of API error codes and its page on error 300. Without
X-PM-KeepID it replaces Message-ID. On a broadcast stream it adds an unsubscribe link of its own,
unless the stream's unsubscribe handling is set to custom.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field, SecretStr

from newsletter.domain.delivery import Answer, Outcome, OutgoingBatch, Verdict
from newsletter.domain.errors import Fault, InvalidInput
from newsletter.domain.message import Content, MergeField, Recipient
from newsletter.domain.mime import ascii_domain
from newsletter.ports import Capabilities
from newsletter.providers.entries import put_together
from newsletter.providers.http import (
    HttpRequest,
    HttpResponse,
    answer_by_status,
    json_object,
    retry_after,
    words,
)
from newsletter.providers.options import ProviderOptions

MAX_RECIPIENTS = 500
MAX_BYTES = 50_000_000
MAX_BODY_BYTES = 5_000_000
PUBLIC_URL = "https://api.postmarkapp.com"
_KEPT_CONTENTS = 4
_UNSUBSCRIBE = MergeField.UNSUBSCRIBE.value.encode()
_MESSAGE_ID = MergeField.MESSAGE_ID.value.encode()
_MARK = re.compile(b"(%b|%b)" % (_UNSUBSCRIBE, _MESSAGE_ID))
_RESERVED = re.compile(
    r"\{\{\s*\{?\s*pm:", re.IGNORECASE
)  # filled in bodies without a template too
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_HEADER_NAME = re.compile(r"[A-Za-z0-9-]+")
_NO_ADDRESS = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\"(),:;<>\[\]\\]")
_WORDS = re.compile(r"[A-Za-z0-9._~+=-]*")
_ABOUT_A_RECIPIENT = re.compile(r"['\"]To['\"]")
_ABOUT_THE_CALL = re.compile(
    r"\b(?:From|[Ss]ender|Reply-?To|Subject|TextBody|HtmlBody|[Hh]eaders?|Metadata|Tag"
    r"|(?:Message)?[Ss]treams?)\b"
)
_BY_CODE = {
    0: Verdict.ACCEPTED,
    **dict.fromkeys((300, 406), Verdict.REJECTED),
    **dict.fromkeys((100, 429), Verdict.RETRY),
    **dict.fromkeys((10, 400, 401, 402, 403, 405, 409, 410, 412, 413), Verdict.CONFIGURATION),
}


class Options(ProviderOptions):
    """Sending through Postmark."""

    kind: Literal["postmark"]
    server_token: SecretStr = Field(
        min_length=1, description="The API token of the server that the stream belongs to."
    )
    message_stream: str = Field(
        default="broadcast",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$",
        description="The broadcast stream's id; set its unsubscribe handling to custom.",
    )


class Postmark:
    """Says a batch in Postmark's words."""

    name = "postmark"

    def __init__(self, options: Options) -> None:
        self.capabilities = Capabilities(
            max_recipients=min(MAX_RECIPIENTS, options.batch_size or MAX_RECIPIENTS),
            max_bytes=MAX_BYTES,
            bodies=True,
        )
        self._url = f"{(options.base_url or PUBLIC_URL).rstrip('/')}/email/batch"
        self._token = options.server_token.get_secret_value()
        self._stream = options.message_stream
        self._compiled: dict[str, tuple[Content, tuple[bytes, ...]]] = {}

    def build(self, batch: OutgoingBatch) -> HttpRequest:
        """A JSON list. Raises InvalidInput for content or addresses Postmark would misread."""
        addresses = _addresses(batch.recipients)
        about = {"campaign": batch.campaign, "attempt": batch.attempt_id, "subscriber": ""}
        tail = json.dumps({"Tag": batch.campaign, "Metadata": about})
        pieces = (*self._content_pieces(batch), f",{tail[1:-3]}".encode())  # open for the id
        messages = [
            _filled(pieces, recipient) + f'{recipient.subscriber_id}"}},"To":"{to}"}}'.encode()
            for recipient, to in zip(batch.recipients, addresses, strict=True)
        ]
        headers = {"X-Postmark-Server-Token": self._token, "Content-Type": "application/json"}
        body = b"[%b]" % b",".join(messages)
        return HttpRequest(method="POST", url=self._url, headers=headers, body=body)

    def parse(self, batch: OutgoingBatch, response: HttpResponse) -> Answer:
        """One verdict for each message, by place; Postmark names the address of those it took."""
        if response.status // 100 == 2:
            return _by_item(batch, response)
        said = json_object(response) or {}
        message = words(said.get("Message") or f"HTTP {response.status}")
        alone = len(batch.recipients) == 1
        if response.status == 413 and alone:
            return Answer(outcome=Outcome(verdict=Verdict.CONFIGURATION, reason=message))
        if shared := answer_by_status(response, message):
            return shared
        verdict = _verdict(said.get("ErrorCode"), message)
        if verdict is Verdict.REJECTED and not alone:
            verdict = Verdict.SPLIT
        elif verdict not in {Verdict.REJECTED, Verdict.RETRY}:
            verdict = Verdict.CONFIGURATION  # a 4xx: nothing was taken, and no retry helps
        return _answer(response, Outcome(verdict=verdict, reason=message))

    def _content_pieces(self, batch: OutgoingBatch) -> tuple[bytes, ...]:
        content, pieces = self._compiled.get(batch.digest, (None, ()))
        if content != batch.content:
            pieces = _compile(batch.content, self._stream)
            kept = list(self._compiled.items())[1 - _KEPT_CONTENTS :]
            self._compiled = {**dict(kept), batch.digest: (batch.content, pieces)}
        return pieces


def _by_item(batch: OutgoingBatch, response: HttpResponse) -> Answer:
    items = _items(batch, response) if response.status == 200 else []
    if not items:
        why = f"HTTP {response.status} without a result for each message in its place"
        return Answer(outcome=Outcome(verdict=Verdict.UNKNOWN, reason=why))
    return put_together(batch, items, retry_after(response))


def _answer(response: HttpResponse, outcome: Outcome) -> Answer:
    wait = retry_after(response) if outcome.verdict is Verdict.RETRY else None
    return Answer(outcome=outcome, retry_after=wait)


def _items(batch: OutgoingBatch, response: HttpResponse) -> list[Outcome]:
    """By place; empty for a list that is not as Postmark describes it."""
    try:
        said = json.loads(response.body)
    except (ValueError, RecursionError):
        return []
    if not isinstance(said, list) or len(said) != len(batch.recipients):
        return []
    items = [_item(*pair) for pair in zip(batch.recipients, said, strict=True)]
    understood = [item for item in items if item is not None]
    return understood if len(understood) == len(items) else []


def _item(recipient: Recipient, item: Any) -> Outcome | None:
    code = item.get("ErrorCode") if isinstance(item, dict) else None
    if type(code) is not int:
        return None
    to, provider_id = item.get("To"), item.get("MessageID")
    if to and str(to).lower() != ascii_domain(recipient.address).lower():
        return None
    if code == 0 and not (to and isinstance(provider_id, str) and provider_id):
        return None  # only a refusal may come without them
    message = words(item.get("Message") or f"error {code}")
    verdict = _verdict(code, message)
    return Outcome(verdict=verdict, reason=message, provider_id="" if code else str(provider_id))


def _verdict(code: object, message: str) -> Verdict:
    """300 speaks of any field: what is wrong in the sender is no reason to refuse a reader."""
    verdict = _BY_CODE.get(code, Verdict.UNKNOWN) if type(code) is int else Verdict.UNKNOWN
    if code != 300 and verdict is not Verdict.UNKNOWN:
        return verdict
    about_all = _ABOUT_THE_CALL.search(message) and not _ABOUT_A_RECIPIENT.search(message)
    return Verdict.CONFIGURATION if about_all else verdict


# --- building ----------------------------------------------------------------------------------


def _compile(content: Content, stream: str) -> tuple[bytes, ...]:
    """An open JSON object, split at its merge marks, the marks among the pieces."""
    sender = content.sender
    name = sender.name.replace("\\", "\\\\").replace('"', '\\"')
    address = ascii_domain(sender.address)
    said = {
        "From": f'"{name}" <{address}>' if name else address,
        "Subject": content.subject,
        "TextBody": content.text,
        "HtmlBody": content.html,
    }
    if sender.reply_to:
        said["ReplyTo"] = ascii_domain(sender.reply_to)
    faults = [
        Fault(file="message", key=key, message=why)
        for key, value in (*said.items(), *content.headers)
        for why in _faults(key, value)
    ]
    if faults:
        raise InvalidInput(faults)
    headers = (*content.headers, ("X-PM-KeepID", "true"))
    fixed = {
        "Headers": [{"Name": key, "Value": value} for key, value in headers],
        "MessageStream": stream,
        "TrackOpens": False,
        "TrackLinks": "None",
    }
    message = json.dumps({**said, **fixed}, ensure_ascii=False)
    return tuple(_MARK.split(message[:-1].encode()))


def _faults(key: str, value: str) -> Iterator[str]:
    if not _HEADER_NAME.fullmatch(key):
        yield "is not a name that a header field can have"
    if not key.endswith("Body") and (control := _CONTROL.search(value)):
        yield f"holds the control character {control.group()!r}; write it without"
    if mark := _RESERVED.search(value):
        yield f"holds “{mark.group()}”, which Postmark would replace; write it without"
    if len(value.encode()) > MAX_BODY_BYTES:
        yield "is longer than the 5 MB that Postmark takes; shorten it"


def _addresses(recipients: tuple[Recipient, ...]) -> list[str]:
    """What is checked here needs no escaping in JSON."""
    addresses, why = [ascii_domain(recipient.address) for recipient in recipients], ""
    if not 1 <= len(addresses) <= MAX_RECIPIENTS:
        why = f"{len(addresses)} recipients; Postmark takes 1 to {MAX_RECIPIENTS}"
    elif "" in addresses or _NO_ADDRESS.search("".join(addresses)):
        why = "an address is empty or holds a character none may"
    elif not _WORDS.fullmatch("".join([r.unsubscribe + r.message_id for r in recipients])):
        why = "a merge value holds more than plain letters"
    if why:
        raise InvalidInput([Fault(file="message", key="To", message=why)])
    return addresses


def _filled(pieces: tuple[bytes, ...], recipient: Recipient) -> bytes:
    values = {
        _UNSUBSCRIBE: recipient.unsubscribe.encode(),
        _MESSAGE_ID: recipient.message_id.encode(),
    }
    return b"".join([values.get(piece, piece) for piece in pieces])
