"""Mailtrap's bulk stream: up to 500 whole messages a call, each with an answer of its own.

Facts: Mailtrap's OpenAPI description (``/api/batch``), its page on the bulk stream, and
django-anymail for what a request overrides. Tracking is a setting of the sending domain there.
"""

import json
import re
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field, SecretStr

from newsletter.domain.delivery import Answer, Outcome, OutgoingBatch, Verdict
from newsletter.domain.errors import Fault, InvalidInput
from newsletter.domain.message import MARK_PREFIX, Content, MergeField
from newsletter.domain.mime import ascii_domain, mime_template
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
_PUBLIC_URL = "https://bulk.api.mailtrap.io"
_KEPT_CONTENTS = 4
_OWN = ("CAMPAIGN", "ATTEMPT", "SUBSCRIBER", "ADDRESS")
_CAMPAIGN, _ATTEMPT, _SUBSCRIBER, _ADDRESS = (MARK_PREFIX + name for name in _OWN)
_MARKS = (*(field.value for field in MergeField), _CAMPAIGN, _ATTEMPT, _SUBSCRIBER, _ADDRESS)
_MARK = re.compile(f"({'|'.join(_MARKS)})".encode())
_RESERVED = re.compile(  # its samples fill {{…}} also in text that belongs to no template
    rf"\{{\{{|__unsubscribe_url__|{MARK_PREFIX}(?:{'|'.join(_OWN)})", re.IGNORECASE
)
_NO_ADDRESS = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\"(),:;<>\[\]\\]")
_WORDS = re.compile(r"[A-Za-z0-9._~+=-]*")
_BY_WORDS = {
    r"rate limit|too many requests|try again|temporar": Verdict.RETRY,
    r"\bsize\b|too (?:large|big|long)": Verdict.CONFIGURATION,
    r"(?:limit|quota).*(?:reach|exceed)|(?:reach|exceed).*(?:limit|quota)": Verdict.QUOTA,
    r"internal|unexpected|timed? ?out": Verdict.UNKNOWN,
    r"'to'|recipient|suppress|unsubscribed|bounced|complain": Verdict.REJECTED,
    r"\bfrom\b|sender|domain|unauthori|forbidden|account|suspend|verif": Verdict.CONFIGURATION,
    r"subject|body|header|custom_variables|category|base|requests": Verdict.CONFIGURATION,
}


class Options(ProviderOptions):
    """Sending through Mailtrap's bulk stream."""

    kind: Literal["mailtrap"]
    api_token: SecretStr = Field(
        min_length=1, description="A token that may send through the bulk stream of the domain."
    )


@dataclass(frozen=True, kw_only=True)
class _Compiled:
    content: Content
    base: bytes
    pieces: tuple[bytes, ...]
    """A request, split at its merge marks, with the marks among the pieces."""


class Mailtrap:
    """Says a batch in Mailtrap's words."""

    name = "mailtrap"

    def __init__(self, options: Options) -> None:
        self.capabilities = Capabilities(
            max_recipients=min(MAX_RECIPIENTS, options.batch_size or MAX_RECIPIENTS),
            max_bytes=MAX_BYTES,
            bodies=True,
        )
        self._url = f"{(options.base_url or _PUBLIC_URL).rstrip('/')}/api/batch"
        self._authorization = f"Bearer {options.api_token.get_secret_value()}"
        self._compiled: dict[str, _Compiled] = {}

    def build(self, batch: OutgoingBatch) -> HttpRequest:
        """One JSON object. Raises InvalidInput for content or addresses it would misread."""
        known = self._compiled.get(batch.digest)
        if known is None or known.content != batch.content:
            known = _compile(batch.content)
            kept = list(self._compiled.items())[1 - _KEPT_CONTENTS :]
            self._compiled = {**dict(kept), batch.digest: known}
        body = b'{"base":%b,"requests":[%b]}' % (known.base, _requests(known.pieces, batch))
        headers = {"Authorization": self._authorization, "Content-Type": "application/json"}
        return HttpRequest(method="POST", url=self._url, headers=headers, body=body)

    def parse(self, batch: OutgoingBatch, response: HttpResponse) -> Answer:
        """One verdict for each recipient, by place: the answers name nobody."""
        said = json_object(response) or {}
        reason = _reason(said) or f"HTTP {response.status}"
        if response.status // 100 == 2:
            return _taken(batch, _items(said) if response.status == 200 else [], reason)
        if response.status in {400, 413, 422}:
            verdict = _refused(response.status, reason, alone=len(batch.recipients) == 1)
            return Answer(outcome=Outcome(verdict=verdict, reason=reason))
        if response.status == 429 and _by_words(reason) is Verdict.QUOTA:
            outcome = Outcome(verdict=Verdict.QUOTA, reason=reason)
            return Answer(outcome=outcome, retry_after=retry_after(response))
        return answer_by_status(response, reason) or Answer(
            outcome=Outcome(verdict=Verdict.CONFIGURATION, reason=reason)
        )


def _reason(said: dict[str, Any]) -> str:
    errors = said.get("errors")
    return words("; ".join(map(str, errors))) if isinstance(errors, list) else ""


def _by_words(reason: str) -> Verdict | None:
    found = (v for pattern, v in _BY_WORDS.items() if re.search(pattern, reason, re.IGNORECASE))
    return next(found, None)


def _refused(status: int, reason: str, *, alone: bool) -> Verdict:
    if status == 413:  # one message that is too large is too large for everybody
        return Verdict.CONFIGURATION if alone else Verdict.SPLIT
    if _by_words(reason) is Verdict.CONFIGURATION:
        return Verdict.CONFIGURATION
    return Verdict.REJECTED if alone else Verdict.SPLIT


def _items(said: dict[str, Any]) -> list[Outcome]:
    """What is said of each recipient; nothing if any of it is not understood."""
    responses = said.get("responses")
    items = [_item(each) for each in responses] if isinstance(responses, list) else []
    understood = [item for item in items if item is not None]
    accepted = any(item.verdict is Verdict.ACCEPTED for item in understood)
    contradicted = accepted and (said.get("success") is not True or bool(said.get("errors")))
    return [] if contradicted or len(understood) < len(items) else understood


def _item(said: Any) -> Outcome | None:
    if not isinstance(said, dict):
        return None
    reason = _reason(said)
    match said.get("success"), said.get("message_ids") or [], said.get("errors") or []:
        case True, [str(provider_id)], [] if provider_id:
            return Outcome(verdict=Verdict.ACCEPTED, provider_id=provider_id)
        case False, [], [_, *_]:
            return Outcome(verdict=_by_words(reason) or Verdict.SPLIT, reason=reason)
    return None


def _taken(batch: OutgoingBatch, items: list[Outcome], reason: str) -> Answer:
    if not items or len(items) != len(batch.recipients):
        why = f"{reason}: not one understood answer for each recipient"
        return Answer(outcome=Outcome(verdict=Verdict.UNKNOWN, reason=why))
    return put_together(batch, items)


# --- building ----------------------------------------------------------------------------------


def _compile(content: Content) -> _Compiled:
    """What is the same for all goes into the base, the rest into a request; encoded once."""
    mime_template(content)  # refuses what no header field can hold, by name
    headers = dict(content.headers)
    if len({name.lower() for name in headers}) < len(content.headers):
        raise _refusal("headers", "two have the same name; Mailtrap takes one of each")
    sender, reply_to = content.sender, ascii_domain(content.sender.reply_to)
    address = {"email": ascii_domain(sender.address)}
    fields: dict[str, Any] = {
        "from": {**address, "name": sender.name} if sender.name else address,
        "reply_to": reply_to and {"email": reply_to},
        "subject": content.subject,
        "text": content.text,
        "html": content.html,
        "headers": headers,
    }
    if mark := _RESERVED.search(repr(fields)):
        why = f"holds “{mark.group()}”, which Mailtrap might replace; write it another way"
        raise _refusal("content", why)
    variables = {"campaign": _CAMPAIGN, "attempt": _ATTEMPT, "subscriber": _SUBSCRIBER}
    fields |= {"to": [{"email": _ADDRESS}], "category": _CAMPAIGN, "custom_variables": variables}
    said = {name: _json(value) for name, value in fields.items() if value}
    base = {name: value for name, value in said.items() if not _MARK.search(value)}
    request = {name: value for name, value in said.items() if name not in base}
    return _Compiled(
        content=content, base=_object(base), pieces=tuple(_MARK.split(_object(request)))
    )


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _object(members: dict[str, bytes]) -> bytes:
    return b"{%b}" % b",".join([b'"%b":%b' % (name.encode(), m) for name, m in members.items()])


def _refusal(key: str, message: str) -> InvalidInput:
    return InvalidInput([Fault(file="message", key=key, message=message)])


def _requests(pieces: tuple[bytes, ...], batch: OutgoingBatch) -> bytes:
    """What is checked here needs no escaping in JSON."""
    addresses = [ascii_domain(recipient.address) for recipient in batch.recipients]
    if not 1 <= len(addresses) <= MAX_RECIPIENTS:
        raise _refusal("to", f"{len(addresses)} recipients; Mailtrap takes 1 to 500")
    if "" in addresses or _NO_ADDRESS.search("".join(addresses)):
        raise _refusal("to", "an address is empty or holds a character none may")
    if len(set(addresses)) < len(addresses):
        raise _refusal("to", "an address stands in the batch twice")
    rows = [
        (unsubscribe, message_id, batch.campaign, batch.attempt_id, str(number))
        for number, _, unsubscribe, message_id in batch.recipients
    ]
    if not _WORDS.fullmatch("".join(["".join(row) for row in rows])):
        raise _refusal("custom_variables", "a value holds more than plain letters")
    marks = [mark.encode() for mark in _MARKS]
    filled = []
    for row, address in zip(rows, addresses, strict=True):
        value = dict(zip(marks, [each.encode() for each in (*row, address)], strict=True))
        filled.append(b"".join([value.get(piece, piece) for piece in pieces]))
    return b",".join(filled)
