"""Postal, on a server of one's own: one message a call, always answered with HTTP 200.

Facts: Postal's source (``legacy_api/send_controller``, ``outgoing_message_prototype``). It writes
a Message-ID of its own over ours, and tracks nothing where ``X-AMP`` says skip.
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
from newsletter.providers.http import (
    HttpRequest,
    HttpResponse,
    answer_by_status,
    json_object,
    words,
)
from newsletter.providers.options import ProviderOptions

_KEPT_CONTENTS = 4
_OWN = ("ADDRESS", "TAG")
_ADDRESS, _TAG = (MARK_PREFIX + name for name in _OWN)
_MARKS = (MergeField.UNSUBSCRIBE.value, MergeField.MESSAGE_ID.value, _ADDRESS, _TAG)
_MARK = re.compile(f"({'|'.join(_MARKS)})".encode())
_RESERVED = re.compile(rf"https?\+notrack://|{MARK_PREFIX}(?:{'|'.join(_OWN)})", re.IGNORECASE)
_NO_ADDRESS = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\"(),:;<>\[\]\\]")
_WORDS = re.compile(r"[A-Za-z0-9._~+=/-]*")


class Options(ProviderOptions):
    """Sending through a Postal server."""

    kind: Literal["postal"]
    base_url: str = Field(
        pattern=r"^https?://[^/?#@\s]+/?$",
        description="Scheme, host and port of the Postal server; there is no public one.",
    )
    api_key: SecretStr = Field(
        min_length=1, description="The key of an API credential of the mail server."
    )


@dataclass(frozen=True, kw_only=True)
class _Compiled:
    content: Content
    pieces: tuple[bytes, ...]
    """The call, split at its merge marks, with the marks among the pieces."""


class Postal:
    """Says a batch of one in Postal's words."""

    name = "postal"

    def __init__(self, options: Options) -> None:
        self.capabilities = Capabilities(max_recipients=1, bodies=True)
        self._url = f"{options.base_url.rstrip('/')}/api/v1/send/message"
        self._key = options.api_key.get_secret_value()
        self._compiled: dict[str, _Compiled] = {}

    def build(self, batch: OutgoingBatch) -> HttpRequest:
        """One JSON object. Raises InvalidInput for what Postal would misread."""
        known = self._compiled.get(batch.digest)
        if known is None or known.content != batch.content:
            known = _Compiled(content=batch.content, pieces=_compile(batch.content))
            kept = list(self._compiled.items())[1 - _KEPT_CONTENTS :]
            self._compiled = {**dict(kept), batch.digest: known}
        headers = {"X-Server-API-Key": self._key, "Content-Type": "application/json"}
        body = _filled(known.pieces, batch)
        return HttpRequest(method="POST", url=self._url, headers=headers, body=body)

    def parse(self, batch: OutgoingBatch, response: HttpResponse) -> Answer:
        """The status stands in the body; a refusal is about the server or the sender.

        Postal looks at no recipient before it has the message, so a code nobody knows stops the
        campaign rather than cost it its readers one by one.
        """
        said = json_object(response) or {}
        data = said.get("data")
        if response.status == 200 and isinstance(data, dict):
            return Answer(outcome=_outcome(batch, said.get("status"), data))
        reason = f"HTTP {response.status}"
        if response.status // 100 == 2:
            reason += " without an answer of Postal's"
            return Answer(outcome=Outcome(verdict=Verdict.UNKNOWN, reason=reason))
        shared = answer_by_status(response, reason)
        if shared is None or shared.outcome.verdict is Verdict.SPLIT:  # one message cannot be split
            return Answer(outcome=Outcome(verdict=Verdict.CONFIGURATION, reason=reason))
        return shared


def _outcome(batch: OutgoingBatch, status: object, data: dict[str, Any]) -> Outcome:
    """``data`` of a refused key quotes the key: only its code and message are repeated."""
    code, message = data.get("code"), data.get("message")
    if status == "success":
        return _taken(batch, data)
    if status == "parameter-error" or (status == "error" and isinstance(code, str) and code):
        verdict = Verdict.REJECTED if code == "NoRecipients" else Verdict.CONFIGURATION
        said = [str(each) for each in (code, message) if each]
        return Outcome(verdict=verdict, reason=words(": ".join(said) or str(status)))
    return Outcome(verdict=Verdict.UNKNOWN, reason=f"its status is {words(status)}")


def _taken(batch: OutgoingBatch, data: dict[str, Any]) -> Outcome:
    """Accepted if the one message is there under the address of the one recipient."""
    address = ascii_domain(batch.recipients[0].address)
    match data.get("messages"):
        case {**messages} if list(messages) == [address]:
            match messages[address]:
                case {"id": int(number)} if number > 0 and number is not True:
                    return Outcome(verdict=Verdict.ACCEPTED, provider_id=str(number))
    return Outcome(verdict=Verdict.UNKNOWN, reason="success, but not one message with an id")


# --- building ----------------------------------------------------------------------------------


def _compile(content: Content) -> tuple[bytes, ...]:
    """The call to one recipient with its gaps, encoded once."""
    mime_template(content)  # refuses what no header field can hold, by name
    headers = {"X-AMP": "skip", **dict(content.headers)}
    if len({name.lower() for name in headers}) < len(content.headers) + 1:
        raise _refusal("headers", "two have the same name; Postal takes one of each")
    sender = content.sender
    name = sender.name.replace("\\", "\\\\").replace('"', '\\"')
    address = ascii_domain(sender.address)
    fields: dict[str, Any] = {
        "from": f'"{name}" <{address}>' if name else address,
        "reply_to": ascii_domain(sender.reply_to),
        "subject": content.subject,
        "plain_body": content.text,
        "html_body": content.html,
        "headers": headers,
    }
    if mark := _RESERVED.search(repr(fields)):
        why = f"holds “{mark.group()}”, which Postal might replace; write it another way"
        raise _refusal("content", why)
    said = {"to": [_ADDRESS], "tag": _TAG, **{key: value for key, value in fields.items() if value}}
    return tuple(_MARK.split(json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()))


def _refusal(key: str, message: str) -> InvalidInput:
    return InvalidInput([Fault(file="message", key=key, message=message)])


def _filled(pieces: tuple[bytes, ...], batch: OutgoingBatch) -> bytes:
    """What is checked here needs no escaping in JSON. The tag is all that an event can name."""
    if len(batch.recipients) != 1:
        raise _refusal("to", f"{len(batch.recipients)} recipients; one call takes one")
    number, address, unsubscribe, message_id = batch.recipients[0]
    address = ascii_domain(address)
    if not address or _NO_ADDRESS.search(address):
        raise _refusal("to", "the address is empty or holds a character none may")
    tag = f"{batch.campaign}/{batch.attempt_id}/{number}"
    if not _WORDS.fullmatch(unsubscribe + message_id + tag):
        raise _refusal("tag", "a merge value or a name holds more than plain letters")
    values = (unsubscribe, message_id, address, tag)
    gaps = {mark.encode(): value.encode() for mark, value in zip(_MARKS, values, strict=True)}
    return b"".join([gaps.get(piece, piece) for piece in pieces])
