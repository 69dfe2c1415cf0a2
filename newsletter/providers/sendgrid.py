"""SendGrid: up to 1,000 personalizations a call, one body for all with substitutions in it.

Facts: SendGrid's OpenAPI description (``/v3/mail/send``) and its pages of errors. Headers and
custom arguments stand in each personalization, right whether SendGrid adds those of the whole
call or replaces them. Unconfirmed: the size of a call, international names before the @.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Literal

from pydantic import Field, SecretStr

from newsletter.domain.delivery import Answer, Outcome, OutgoingBatch, Verdict
from newsletter.domain.errors import Fault, InvalidInput
from newsletter.domain.message import Content, MergeField, Recipient
from newsletter.domain.mime import ascii_domain, mime_template
from newsletter.ports import Capabilities
from newsletter.providers.http import (
    LONGEST_WAIT,
    HttpRequest,
    HttpResponse,
    answer_by_status,
    json_object,
    retry_after,
    until,
    words,
)
from newsletter.providers.options import ProviderOptions

MAX_RECIPIENTS = 1000
MAX_BYTES = 30_000_000
_PUBLIC_URL = "https://api.sendgrid.com"
_KEPT_CONTENTS = 4
_OFF = {"enable": False}
_SETTINGS = {
    "tracking_settings": {
        "click_tracking": {"enable": False, "enable_text": False},
        **dict.fromkeys(("open_tracking", "subscription_tracking", "ganalytics"), _OFF),
    },
    "mail_settings": {"footer": _OFF},  # an account's footer was approved by nobody
}
_TAKEN_HEADERS = {"x-sg-id", "x-sg-eid", "received", "dkim-signature", "to", "cc", "bcc"}
_RESERVED = re.compile(r"<%\s*\w+\s*%>|%asm_\w+%", re.IGNORECASE)
_NO_ADDRESS = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\"(),:;<>\[\]\\]")
_WORDS = re.compile(r"[A-Za-z0-9._~+=-]*")
_AN_ADDRESS = re.compile(r"personalizations\.[0-9]+\.to(?:\.[0-9]+(?:\.email)?)?")
_TEMPORARY = re.compile(r"\btemporar", re.IGNORECASE)
_USED_UP = re.compile(r"credits exceeded", re.IGNORECASE)


class Options(ProviderOptions):
    """Sending through SendGrid."""

    kind: Literal["sendgrid"]
    api_key: SecretStr = Field(min_length=1, description="A key that may send mail.")


@dataclass(frozen=True, kw_only=True)
class _Compiled:
    content: Content
    start: bytes
    """What all recipients share, as JSON without its closing brace."""
    headers: str
    """The header fields of a personalization as JSON, merge marks open."""


class SendGrid:
    """Says a batch in SendGrid's words."""

    name = "sendgrid"

    def __init__(self, options: Options) -> None:
        self.capabilities = Capabilities(
            max_recipients=min(MAX_RECIPIENTS, options.batch_size or MAX_RECIPIENTS),
            max_bytes=MAX_BYTES,
        )
        self._url = f"{(options.base_url or _PUBLIC_URL).rstrip('/')}/v3/mail/send"
        self._authorization = f"Bearer {options.api_key.get_secret_value()}"
        self._compiled: dict[str, _Compiled] = {}

    def build(self, batch: OutgoingBatch) -> HttpRequest:
        """JSON. Raises InvalidInput for content or addresses SendGrid would misread."""
        said = self._said(batch)
        addresses = _addresses(batch.recipients)
        campaign = json.dumps(batch.campaign)
        attempt = f'"campaign":{campaign},"attempt":{json.dumps(batch.attempt_id)}'
        personalizations = [
            f'{{"to":[{{"email":"{address}"}}],'
            f'"headers":{recipient.merge(said.headers)},'
            f'"substitutions":{{"{MergeField.UNSUBSCRIBE.value}":"{recipient.unsubscribe}",'
            f'"{MergeField.MESSAGE_ID.value}":"{recipient.message_id}"}},'
            f'"custom_args":{{{attempt},"subscriber":"{recipient.subscriber_id}"}}}}'
            for address, recipient in zip(addresses, batch.recipients, strict=True)
        ]
        rest = f',"categories":[{campaign}],"personalizations":[{",".join(personalizations)}]}}'
        body = said.start + rest.encode()
        headers = {"Authorization": self._authorization, "Content-Type": "application/json"}
        return HttpRequest(method="POST", url=self._url, headers=headers, body=body)

    def parse(self, batch: OutgoingBatch, response: HttpResponse) -> Answer:
        """One verdict for the whole call: SendGrid takes all of it or nothing."""
        errors = _errors(response)
        said = "; ".join(str(error.get("message")) for error in errors)
        reason = words(said or f"HTTP {response.status}")
        if response.status // 100 == 2:
            return Answer(outcome=_taken(response))
        if response.status in {429, 401, 403}:
            return _later(response, reason)
        if response.status in {413, 400}:
            verdict = _refused(response.status, errors, alone=len(batch.recipients) == 1)
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


def _taken(response: HttpResponse) -> Outcome:
    given = response.headers.get("x-message-id", "").strip()
    if response.status == 202 and given and not response.body:
        return Outcome(verdict=Verdict.ACCEPTED, reason="Accepted", provider_id=given)
    why = f"HTTP {response.status}, but not the empty answer with an X-Message-Id"
    return Outcome(verdict=Verdict.UNKNOWN, reason=why)


def _errors(response: HttpResponse) -> list[dict[str, Any]]:
    errors = (json_object(response) or {}).get("errors")
    return (
        [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
    )


def _refused(status: int, errors: list[dict[str, Any]], *, alone: bool) -> Verdict:
    if status == 413:  # one message that is too large is too large for everybody
        return Verdict.CONFIGURATION if alone else Verdict.SPLIT
    if not errors or not all(_AN_ADDRESS.fullmatch(str(error.get("field"))) for error in errors):
        return Verdict.CONFIGURATION
    return Verdict.REJECTED if alone else Verdict.SPLIT


def _later(response: HttpResponse, reason: str) -> Answer:
    """429 is a rate; used-up credits come as 401, a block after bad requests as 403."""
    verdict, wait = Verdict.CONFIGURATION, None
    if response.status == 429:
        verdict, wait = Verdict.RETRY, _wait(response)
    elif response.status == 401 and _USED_UP.search(reason):
        verdict, wait = Verdict.QUOTA, _wait(response)
    elif response.status == 403 and _TEMPORARY.search(reason):
        verdict, wait = Verdict.RETRY, _wait(response) or LONGEST_WAIT
    return Answer(outcome=Outcome(verdict=verdict, reason=reason), retry_after=wait)


def _wait(response: HttpResponse) -> timedelta | None:
    """Retry-After or, in seconds since 1970, X-RateLimit-Reset: the longer one."""
    waits = [retry_after(response)]
    reset = response.headers.get("x-ratelimit-reset", "").strip()
    if re.fullmatch(r"[0-9]{1,11}", reset):
        at = datetime.fromtimestamp(int(reset), UTC)
        waits.append(until(format_datetime(at, usegmt=True), response))
    return max((wait for wait in waits if wait is not None), default=None)


# --- building ----------------------------------------------------------------------------------


def _compile(content: Content) -> _Compiled:
    """What is the same for each batch of a campaign. Merge marks are the substitutions' names."""
    mime_template(content)  # refuses what no message can have in its headers
    if refusals := list(_refusals(content)):
        raise InvalidInput(fault for refusal in refusals for fault in refusal.faults)
    sender = {"email": ascii_domain(content.sender.address), "name": content.sender.name}
    reply_to = ascii_domain(content.sender.reply_to)
    call = {
        "from": {key: value for key, value in sender.items() if value},
        **({"reply_to": {"email": reply_to}} if reply_to else {}),
        "subject": content.subject,
        "content": [
            {"type": "text/plain", "value": content.text},
            {"type": "text/html", "value": content.html},
        ],
        **_SETTINGS,
    }
    start = json.dumps(call, ensure_ascii=False)[:-1].encode()
    return _Compiled(content=content, start=start, headers=json.dumps(dict(content.headers)))


def _refusals(content: Content) -> Iterator[InvalidInput]:
    for key in ("subject", "text", "html"):
        if mark := _RESERVED.search(getattr(content, key)):
            yield _refusal(key, f"holds “{mark.group()}”, which SendGrid would replace; rewrite it")
    seen = set(_TAKEN_HEADERS)
    for name, value in content.headers:
        if name.lower() in seen:
            yield _refusal(name, "cannot be given to SendGrid, or not twice; leave it out")
        if not value.isascii():  # SendGrid leaves encoding to its callers
            yield _refusal(name, "is more than ASCII; write it in plain letters")
        seen.add(name.lower())


def _addresses(recipients: tuple[Recipient, ...]) -> list[str]:
    """The addresses in order. What is checked here needs no escaping in JSON."""
    addresses = [ascii_domain(recipient.address) for recipient in recipients]
    values = "".join([reader.unsubscribe + reader.message_id for reader in recipients])
    if not 1 <= len(addresses) <= MAX_RECIPIENTS:
        raise _refusal("to", f"{len(addresses)} recipients; SendGrid takes 1 to 1000")
    if "" in addresses or _NO_ADDRESS.search("".join(addresses)):
        raise _refusal("to", "an address is empty or holds a character none may")
    if len(set(addresses)) < len(addresses):
        raise _refusal("to", "an address stands in the batch twice")
    if not _WORDS.fullmatch(values):
        raise _refusal("substitutions", "a value holds more than plain letters")
    return addresses


def _refusal(key: str, message: str) -> InvalidInput:
    return InvalidInput([Fault(file="message", key=key, message=message)])
