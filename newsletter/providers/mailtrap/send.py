"""Mailtrap's bulk stream: up to 500 whole messages a call, each with an answer of its own.

Facts: Mailtrap's OpenAPI description (``/api/batch``), its page on the bulk stream, and
django-anymail for what a request overrides. Tracking is a setting of the sending domain there.
"""

import json
import re
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field, SecretStr

from newsletter.domain.delivery.batch import Answer, Outcome, OutgoingBatch, Verdict
from newsletter.domain.delivery.mime import ascii_domain, mime_template
from newsletter.domain.delivery.provider import Capabilities
from newsletter.domain.statements.content import MARK_PREFIX, Content, Recipient
from newsletter.providers.common.bodies import (
    Compiled,
    Template,
    addresses,
    doubled,
    own_marks,
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
    by_item,
    json_object,
    read_each,
    refused,
    retry_after,
    words,
)

MAX_RECIPIENTS = 500
MAX_BYTES = 50_000_000
_PUBLIC_URL = "https://bulk.api.mailtrap.io"
_OWN = ("CAMPAIGN", "ATTEMPT", "SUBSCRIBER", "ADDRESS")
_CAMPAIGN, _ATTEMPT, _SUBSCRIBER, _ADDRESS = _MARKS = own_marks(*_OWN)
_RESERVED = re.compile(  # its samples fill {{…}} also in text that belongs to no template
    rf"\{{\{{|__unsubscribe_url__|{MARK_PREFIX}(?:{'|'.join(_OWN)})", re.IGNORECASE
)
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
    webhook_key: WebhookKey = None


@dataclass(frozen=True, kw_only=True)
class _Compiled:
    base: bytes
    request: Template


class Mailtrap:
    """Says a batch in Mailtrap's words."""

    name = "mailtrap"

    def __init__(self, options: Options) -> None:
        self.capabilities = Capabilities(
            max_recipients=min(MAX_RECIPIENTS, options.batch_size or MAX_RECIPIENTS),
            max_bytes=MAX_BYTES,
            bodies=True,
            answers_each=True,
        )
        self._url = f"{public(options, _PUBLIC_URL)}/api/batch"
        self._authorization = bearer(options.api_token)
        self._compiled = Compiled(_compile)

    def build(self, batch: OutgoingBatch) -> HttpRequest:
        """One JSON object. Raises InvalidInput for content or addresses it would misread."""
        compiled = self._compiled.of(batch)
        body = b'{"base":%b,"requests":[%b]}' % (compiled.base, _requests(compiled.request, batch))
        headers = {**self._authorization, "Content-Type": "application/json"}
        return HttpRequest(method="POST", url=self._url, headers=headers, body=body)

    def parse(self, batch: OutgoingBatch, response: HttpResponse) -> Answer:
        """One verdict for each recipient, by place: the answers name nobody."""
        payload = json_object(response) or {}
        errors = _reason(payload)
        reason = errors or f"HTTP {response.status}"
        if response.status // 100 == 2:
            items = _items(batch, payload) if response.status == 200 else []
            return by_item(batch, items, response)
        alone = len(batch.recipients) == 1
        if response.status in {400, 422} and errors:
            verdict = _refused(reason, alone=alone)
            return Answer(outcome=Outcome(verdict=verdict, reason=reason))
        if response.status == 429 and _by_words(reason) is Verdict.QUOTA:
            outcome = Outcome(verdict=Verdict.QUOTA, reason=reason)
            return Answer(outcome=outcome, retry_after=retry_after(response))
        return refused(response, reason, alone=alone)


def _reason(payload: dict[str, Any]) -> str:
    errors = payload.get("errors")
    return words("; ".join(map(str, errors))) if isinstance(errors, list) else ""


def _by_words(reason: str) -> Verdict | None:
    found = (v for pattern, v in _BY_WORDS.items() if re.search(pattern, reason, re.IGNORECASE))
    return next(found, None)


def _refused(reason: str, *, alone: bool) -> Verdict:
    if _by_words(reason) is Verdict.CONFIGURATION:
        return Verdict.CONFIGURATION
    return at_fault(alone=alone)


def _items(batch: OutgoingBatch, payload: dict[str, Any]) -> list[Outcome]:
    """What is said of each recipient; nothing where the call as a whole says otherwise."""
    items = read_each(batch, payload.get("responses"), _item)
    accepted = any(item.verdict is Verdict.ACCEPTED for item in items)
    contradicted = accepted and (payload.get("success") is not True or bool(payload.get("errors")))
    return [] if contradicted else items


def _item(_: Recipient, payload: Any) -> Outcome | None:
    if not isinstance(payload, dict):
        return None
    reason = _reason(payload)
    match payload.get("success"), payload.get("message_ids") or [], payload.get("errors") or []:
        case True, [str(provider_id)], [] if provider_id:
            return Outcome(verdict=Verdict.ACCEPTED, provider_id=provider_id)
        case False, [], [_, *_]:
            return Outcome(verdict=_by_words(reason) or Verdict.SPLIT, reason=reason)
    return None


# --- building ----------------------------------------------------------------------------------


def _compile(content: Content) -> _Compiled:
    """What is the same for all goes into the base, the rest into a request; encoded once."""
    mime_template(content)  # refuses what no header field can hold, by name
    headers = dict(content.headers)
    refuse(doubled(content.headers, "Mailtrap"))
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
    refuse(reserved([("content", repr(fields))], _RESERVED, "Mailtrap"))
    variables = {"campaign": _CAMPAIGN, "attempt": _ATTEMPT, "subscriber": _SUBSCRIBER}
    fields |= {"to": [{"email": _ADDRESS}], "category": _CAMPAIGN, "custom_variables": variables}
    message = {name: _json(value) for name, value in fields.items() if value}
    base = {name: value for name, value in message.items() if not template(value, *_MARKS).gaps}
    request = {name: value for name, value in message.items() if name not in base}
    return _Compiled(base=_object(base), request=template(_object(request), *_MARKS))


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _object(members: dict[str, bytes]) -> bytes:
    return b"{%b}" % b",".join([b'"%b":%b' % (name.encode(), m) for name, m in members.items()])


def _requests(request: Template, batch: OutgoingBatch) -> bytes:
    readers = addresses(batch.recipients, most=MAX_RECIPIENTS, who="Mailtrap")
    plain(batch.recipients, batch.campaign, batch.attempt_id)
    about = (batch.campaign, batch.attempt_id)
    return b",".join(
        [
            request.fill(*values(reader, *about, str(reader.subscriber_id), address))
            for address, reader in zip(readers, batch.recipients, strict=True)
        ]
    )
