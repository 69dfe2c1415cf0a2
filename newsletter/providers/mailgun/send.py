"""Mailgun: up to 1,000 recipients a call, merged by Mailgun from recipient-variables.

Facts: Mailgun's OpenAPI description (``/v3/{domain_name}/messages``), its page of response codes,
and django-anymail for ``%recipient.…%`` in headers.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Literal

from pydantic import SecretStr

from newsletter.domain.delivery.batch import Answer, OutgoingBatch, Verdict
from newsletter.domain.delivery.mime import ascii_domain
from newsletter.domain.delivery.provider import Capabilities
from newsletter.domain.statements.content import NAME_MARKS, Content, MergeField, Recipient
from newsletter.providers.common import answers, bodies
from newsletter.providers.common.options import ProviderOptions, WebhookKey, basic, option, origin
from newsletter.providers.common.translators import BatchTranslator
from newsletter.transport import http
from newsletter.transport.http import MAX_RETRY_AFTER, HttpRequest, HttpResponse

MAX_RECIPIENTS = 1000
_MAX_BYTES = 25_000_000  # of a message, uncompressed, by Mailgun's documentation
PUBLIC_URL = "https://api.mailgun.net"
_MAX_OPTION_BYTES = 16 * 1024
_VARIABLE_OF_MARK = {
    MergeField.UNSUBSCRIBE.value: "u",
    MergeField.MESSAGE_ID.value: "m",
    **{mark: f"n{number}" for number, mark in enumerate(NAME_MARKS)},
}
_RESERVED_PATTERN = re.compile(  # but not what is percent-encoded in a link, as in %2Fmy_url%2F
    r"%(?:recipient\w*|(?![0-9a-f]{2})[a-z]\w*_(?:url|email)%)", re.IGNORECASE
)
_HEADER_NAME_PATTERN = re.compile(r"[A-Za-z0-9-]+")
_RECIPIENT_ERROR_PATTERN = re.compile(r"\bto['\"]? parameter|recipient address", re.IGNORECASE)
_CALL_PATTERN = re.compile(
    r"\bfrom\b|sender|domain|recipient-variables|parameters|\b[ohvt]:|sandbox|account|at least one",
    re.IGNORECASE,
)
_WAIT_SECONDS_PATTERN = re.compile(r"after ([0-9]{1,9}) second", re.IGNORECASE)
_WAIT_DATE_PATTERN = re.compile(r"after (\w{3}, \d{1,2} \w{3} \d{4} [\d:]{8} (?:UTC|GMT))")


class Options(ProviderOptions):
    """Settings of Mailgun."""

    kind: Literal["mailgun"]
    domain: str = option(
        "The sending domain at Mailgun.", pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$"
    )
    api_key: SecretStr = option(
        "A sending key of the domain, or the account's private key.", min_length=1
    )
    webhook_key: WebhookKey = None


class Mailgun(BatchTranslator[tuple[bytes, ...]]):
    """Translates batches to Mailgun's API."""

    name, label = "mailgun", "Mailgun"
    limits = Capabilities(max_recipients=MAX_RECIPIENTS, max_bytes=_MAX_BYTES)

    def __init__(self, options: Options) -> None:
        url = f"{origin(options, PUBLIC_URL)}/v3/{options.domain}/messages"
        super().__init__(options, url, basic("api", options.api_key), _compile)

    def build(self, batch: OutgoingBatch) -> HttpRequest:
        """Return a multipart form. Raises InvalidInput for what Mailgun would misread."""
        to, variables = _recipients(batch.recipients)
        parts = [
            *self._compiled(batch.content),
            _part("o:tag", batch.campaign),
            _part("v:campaign", batch.campaign),
            _part("v:attempt", batch.attempt_id),
            _part("to", to),
            _part("recipient-variables", variables),
        ]
        boundary, body = _multipart(parts, batch.attempt_id)
        headers = {**self._headers, "Content-Type": f"multipart/form-data; boundary={boundary}"}
        return HttpRequest(method="POST", url=self._url, headers=headers, body=body)

    def parse(self, batch: OutgoingBatch, response: HttpResponse) -> Answer:
        """Return one verdict for the whole call: Mailgun takes the whole batch or nothing."""
        payload = http.json_object(response) or {}
        message = http.brief(payload.get("message") or f"HTTP {response.status}")
        if response.status // 100 == 2:
            id_ = payload.get("id") if response.status == 200 else ""
            return answers.accept_with_id(response, id_, f"HTTP {response.status} without an id")
        if response.status == 400 and payload.get("message"):  # else the answer is not from Mailgun
            reader = _RECIPIENT_ERROR_PATTERN.search(message) or not _CALL_PATTERN.search(message)
            verdict = answers.reject_or_split(batch) if reader else Verdict.CONFIGURATION
            return answers.make_answer(response, verdict, message)
        if response.status in {420, 429}:
            verdict = Verdict.RETRY if response.status == 429 else Verdict.QUOTA
            seconds = _WAIT_SECONDS_PATTERN.search(message)
            date = _WAIT_DATE_PATTERN.search(message)
            wait = http.longest(
                min(timedelta(seconds=int(seconds[1])), MAX_RETRY_AFTER) if seconds else None,
                http.wait_until(date[1], response) if date else None,
            )
            return answers.make_answer(response, verdict, message, wait=wait)
        # 402 too: time does not repair an unpaid account, so a person must look
        return answers.refuse_by_status(batch, response, message)


def _compile(content: Content) -> tuple[bytes, ...]:
    """Encode the form fields that all batches of a campaign share, with Mailgun's merge marks."""
    fields = list(_fields(content))
    size = sum(len(name) + len(value.encode()) for name, value in fields if ":" in name)
    fault = bodies.fault("headers", f"take {size} bytes; Mailgun allows 16 KB")
    large = [fault] if size > _MAX_OPTION_BYTES else []
    bodies.check_content(
        content, "Mailgun", marks=_RESERVED_PATTERN, name_pattern=_HEADER_NAME_PATTERN, faults=large
    )
    return tuple(_part(name, _in_mailgun_words(value)) for name, value in fields)


def _fields(content: Content) -> Iterator[tuple[str, str]]:
    sender = content.sender
    yield "from", bodies.format_mailbox(sender.name, sender.address)
    yield "subject", content.subject
    yield "text", content.text
    yield "html", content.html
    if sender.reply_to:
        yield "h:Reply-To", ascii_domain(sender.reply_to)
    for header, value in content.headers:
        yield f"h:{header}", value
    for tracking_option in ("o:tracking", "o:tracking-clicks", "o:tracking-opens"):
        yield tracking_option, "no"


def _in_mailgun_words(value: str) -> str:
    for mark, variable in _VARIABLE_OF_MARK.items():
        value = value.replace(mark, f"%recipient.{variable}%")
    return value


def _recipients(recipients: Sequence[Recipient]) -> tuple[str, str]:
    """Return the ``to`` list and recipient-variables. Checked values need no escaping."""
    to = bodies.addresses(recipients, limit=MAX_RECIPIENTS, label="Mailgun")
    readers = bodies.check_values(recipients)
    columns = to, readers.unsubscribe, readers.message_ids, readers.names
    variables = ",".join(
        [
            f'"{address}":{{"u":"{link}","m":"{message_id}"{_variables(names) if names else ""}}}'
            for address, link, message_id, names in zip(*columns, strict=True)
        ]
    )
    return ", ".join(to), f"{{{variables}}}"


def _variables(names: Iterable[str]) -> str:
    return "".join(f',"n{number}":"{name}"' for number, name in enumerate(names))


def _part(name: str, value: str) -> bytes:
    return f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()


def _multipart(parts: list[bytes], attempt_id: str) -> tuple[str, bytes]:
    """Return a boundary, derived from the attempt's id and in none of the parts, and the body."""
    tries = 0
    while True:
        boundary = hashlib.sha256(f"{attempt_id} {tries}".encode()).hexdigest()[:40]
        line = f"--{boundary}".encode()
        body = b"".join([line, b"\r\n", (line + b"\r\n").join(parts), line, b"--\r\n"])
        if body.count(boundary.encode()) == len(parts) + 1:
            return boundary, body
        tries += 1
