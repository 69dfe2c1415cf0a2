"""Mailpit, which shows mail to developers and delivers none: one message a call.

Facts: Mailpit's source (``server/apiv1/send.go``). It has no template marks and no tracking.
"""

import json
import re
from dataclasses import dataclass
from typing import Any, Literal

from newsletter.domain.delivery import Answer, Outcome, OutgoingBatch, Verdict
from newsletter.domain.errors import Fault, InvalidInput
from newsletter.domain.message import MARK_PREFIX, Content, MergeField
from newsletter.domain.mime import ascii_domain, mime_template
from newsletter.ports import Capabilities
from newsletter.providers.http import (
    HttpRequest,
    HttpResponse,
    answer_by_status,
    json_object,
    words,
)
from newsletter.providers.options import ProviderOptions

_USUAL_URL = "http://127.0.0.1:8025"
_KEPT_CONTENTS = 4
_OWN = ("ADDRESS", "CAMPAIGN", "ATTEMPT", "SUBSCRIBER")
_ADDRESS, _CAMPAIGN, _ATTEMPT, _SUBSCRIBER = (MARK_PREFIX + name for name in _OWN)
_MARKS = (
    *(MergeField.UNSUBSCRIBE.value, MergeField.MESSAGE_ID.value),
    *(_ADDRESS, _CAMPAIGN, _ATTEMPT, _SUBSCRIBER),
)
_MARK = re.compile(f"({'|'.join(_MARKS)})".encode())
_RESERVED = re.compile(rf"{MARK_PREFIX}(?:{'|'.join(_OWN)})")
_RESTRICTED = frozenset({"cc", "bcc"})
"""Header names that Mailpit takes only as fields of the call, beside those no provider takes."""
_NO_ADDRESS = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\"(),:;<>\[\]\\]")
_WORDS = re.compile(r"[A-Za-z0-9._~+=-]*")


class Options(ProviderOptions):
    """Handing messages to Mailpit, which keeps them for a developer to look at."""

    kind: Literal["mailpit"]


@dataclass(frozen=True, kw_only=True)
class _Compiled:
    content: Content
    pieces: tuple[bytes, ...]
    """The call, split at its merge marks, with the marks among the pieces."""


class Mailpit:
    """Says a batch of one in Mailpit's words."""

    name = "mailpit"

    def __init__(self, options: Options) -> None:
        self.capabilities = Capabilities(max_recipients=1, bodies=True)
        self._url = f"{(options.base_url or _USUAL_URL).rstrip('/')}/api/v1/send"
        self._compiled: dict[str, _Compiled] = {}

    def build(self, batch: OutgoingBatch) -> HttpRequest:
        """One JSON object. Raises InvalidInput for what Mailpit would refuse or misread."""
        known = self._compiled.get(batch.digest)
        if known is None or known.content != batch.content:
            known = _Compiled(content=batch.content, pieces=_compile(batch.content))
            kept = list(self._compiled.items())[1 - _KEPT_CONTENTS :]
            self._compiled = {**dict(kept), batch.digest: known}
        body = _filled(known.pieces, batch)
        headers = {"Content-Type": "application/json"}
        return HttpRequest(method="POST", url=self._url, headers=headers, body=body)

    def parse(self, batch: OutgoingBatch, response: HttpResponse) -> Answer:
        """Accepted with an ID; a refusal says in words whether it is about the recipient."""
        said = json_object(response) or {}
        if response.status // 100 == 2:
            return Answer(outcome=_taken(response.status, said.get("ID")))
        error = said.get("Error")
        reason = words(error) if isinstance(error, str) and error else f"HTTP {response.status}"
        if response.status == 400 and reason.startswith("invalid To address"):
            return Answer(outcome=Outcome(verdict=Verdict.REJECTED, reason=reason))
        shared = answer_by_status(response, reason)
        if shared is None or shared.outcome.verdict is Verdict.SPLIT:  # one message cannot be split
            return Answer(outcome=Outcome(verdict=Verdict.CONFIGURATION, reason=reason))
        return shared


def _taken(status: int, provider_id: object) -> Outcome:
    if status == 200 and isinstance(provider_id, str) and provider_id:
        return Outcome(verdict=Verdict.ACCEPTED, provider_id=provider_id)
    return Outcome(verdict=Verdict.UNKNOWN, reason=f"HTTP {status} without an ID")


# --- building ----------------------------------------------------------------------------------


def _compile(content: Content) -> tuple[bytes, ...]:
    """The call to one recipient with its gaps, encoded once.

    The attempt is a header, not a tag: Mailpit lists every tag it has seen.
    """
    mime_template(content)  # refuses what no header field can hold, by name
    headers = {"X-Attempt": _ATTEMPT, "X-Subscriber": _SUBSCRIBER}
    names = [name.lower() for name, _ in (*headers.items(), *content.headers)]
    if len(set(names)) < len(names):
        raise _refusal("headers", "two have the same name; Mailpit takes one of each")
    if restricted := _RESTRICTED.intersection(names):
        raise _refusal(min(restricted), "is no header that Mailpit takes; leave it out")
    if mark := _RESERVED.search(repr(content)):
        raise _refusal("content", f"holds “{mark.group()}”, a merge mark; write it another way")
    sender = content.sender
    fields: dict[str, Any] = {
        "From": {"Email": ascii_domain(sender.address), "Name": sender.name},
        "To": [{"Email": _ADDRESS}],
        "Subject": content.subject,
        "Text": content.text,
        "HTML": content.html,
        "Headers": {**headers, **dict(content.headers)},
        "Tags": [_CAMPAIGN],
    }
    if sender.reply_to:
        fields["ReplyTo"] = [{"Email": ascii_domain(sender.reply_to)}]
    encoded = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
    return tuple(_MARK.split(encoded))


def _refusal(key: str, message: str) -> InvalidInput:
    return InvalidInput([Fault(file="message", key=key, message=message)])


def _filled(pieces: tuple[bytes, ...], batch: OutgoingBatch) -> bytes:
    """What is checked here needs no escaping in JSON."""
    if len(batch.recipients) != 1:
        raise _refusal("to", f"{len(batch.recipients)} recipients; one call takes one")
    number, address, unsubscribe, message_id = batch.recipients[0]
    address = ascii_domain(address)
    if not address or _NO_ADDRESS.search(address):
        raise _refusal("to", "the address is empty or holds a character none may")
    if not _WORDS.fullmatch(unsubscribe + message_id + batch.campaign + batch.attempt_id):
        raise _refusal("headers", "a merge value or a name holds more than plain letters")
    values = (unsubscribe, message_id, address, batch.campaign, batch.attempt_id, str(number))
    gaps = {mark.encode(): value.encode() for mark, value in zip(_MARKS, values, strict=True)}
    return b"".join([gaps.get(piece, piece) for piece in pieces])
