"""A provider that an operator describes in YAML: address, header fields, body, what answers mean.

Nothing is known of it but the description. So a 2xx counts as accepted only where it is listed,
and what is not described and not in the table that all providers share is unknown.
"""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from newsletter.domain.delivery.batch import Answer, Outcome, OutgoingBatch, Verdict
from newsletter.domain.delivery.mime import ascii_domain, mime_template
from newsletter.domain.delivery.provider import Capabilities
from newsletter.domain.errors import Fault, InvalidInput
from newsletter.domain.statements.content import Content, Recipient
from newsletter.providers.http.body import BodyTemplate
from newsletter.providers.http.description import AnswerPath, Options
from newsletter.providers.transport.http import (
    HttpRequest,
    HttpResponse,
    answer_by_status,
    retry_after,
    words,
)

_KEPT_CONTENTS = 4
_SHORTEST_SECRET = 6
_NO_ADDRESS = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\"(),:;<>\[\]\\]")


class Described:
    """Says a batch as the operator described it."""

    name = "http"

    def __init__(self, options: Options) -> None:
        self.capabilities = Capabilities(max_recipients=options.batch_size or 1, bodies=True)
        self._url = _based(options.url, options.base_url)
        self._headers = {
            **{name: secret.get_secret_value() for name, secret in options.headers.items()},
            **({"Authorization": options.auth.header()} if options.auth else {}),
        }
        self._secrets = tuple(_secrets(options))
        self._template = BodyTemplate(options.body, several=options.several)
        self._options = options
        self._id = AnswerPath(options.message_id) if options.message_id else None
        self._checked: dict[str, Content] = {}

    def build(self, batch: OutgoingBatch) -> HttpRequest:
        """The filled template. Raises InvalidInput for what no message may hold."""
        most = self.capabilities.max_recipients
        if not 1 <= len(batch.recipients) <= most:
            limit = f"one call takes {'one' if most == 1 else f'1 to {most}'}"
            raise _refusal("to", f"{len(batch.recipients)} recipients; {limit}")
        self._check(batch)
        messages = [_message(batch.content, recipient) for recipient in batch.recipients]
        try:
            body = self._template.fill(messages)
        except ValueError as error:
            raise _refusal("provider.body", str(error)) from error
        headers = {"Content-Type": "application/json"}
        named = {name.lower(): name for name in self._headers}
        if given := named.get("content-type"):
            headers["Content-Type"] = self._headers[given]
        headers |= {name: v for name, v in self._headers.items() if name.lower() != "content-type"}
        return HttpRequest(method="POST", url=self._url, headers=headers, body=body)

    def parse(self, batch: OutgoingBatch, response: HttpResponse) -> Answer:
        """One verdict for the whole call: nothing is known of how it might name one of many."""
        reason, status = self._reason(response), response.status
        alone = len(batch.recipients) == 1
        if status // 100 == 2:
            return Answer(outcome=self._taken(response, reason))
        if status in self._options.quota:
            outcome = Outcome(verdict=Verdict.QUOTA, reason=reason)
            return Answer(outcome=outcome, retry_after=retry_after(response))
        if status in self._options.rejected:
            verdict = Verdict.REJECTED if alone else Verdict.SPLIT
            return Answer(outcome=Outcome(verdict=verdict, reason=reason))
        shared = answer_by_status(response, reason)
        if shared is None or (alone and shared.outcome.verdict is Verdict.SPLIT):
            return Answer(outcome=Outcome(verdict=Verdict.CONFIGURATION, reason=reason))
        return shared

    def _taken(self, response: HttpResponse, reason: str) -> Outcome:
        if response.status not in self._options.accepted:
            why = f"not among the accepted statuses: {reason}"
            return Outcome(verdict=Verdict.UNKNOWN, reason=why)
        if self._id is None:
            return Outcome(verdict=Verdict.ACCEPTED)
        provider_id = self._id.find(response)
        if not provider_id:
            why = f"no id at {self._options.message_id}: {reason}"
            return Outcome(verdict=Verdict.UNKNOWN, reason=why)
        return Outcome(verdict=Verdict.ACCEPTED, provider_id=provider_id)

    def _reason(self, response: HttpResponse) -> str:
        """The status and what it says; secrets that it repeats are left out."""
        text = response.body[:20_000].decode("utf-8", "replace")
        for secret in self._secrets:
            text = text.replace(secret, "…")
        return words(f"HTTP {response.status} {text}".strip())

    def _check(self, batch: OutgoingBatch) -> None:
        """Look at content once: it is the same for all its batches."""
        content = batch.content
        if self._checked.get(batch.content_hash) != content:
            mime_template(content)  # refuses what no header field can hold, by name
            names = [name.lower() for name, _ in content.headers]
            if len(set(names)) < len(names):
                raise _refusal("headers", "two have the same name; a mapping has one of each")
            kept = list(self._checked.items())[1 - _KEPT_CONTENTS :]
            self._checked = {**dict(kept), batch.content_hash: content}


def _secrets(options: Options) -> Iterator[str]:
    """What no reason may repeat: longer ones first, as one may hold another.

    Shorter ones are left: a header field that says 2 would make a riddle of each reason.
    """
    found = [secret.get_secret_value() for secret in options.headers.values()]
    if options.auth:
        found.append(options.auth.header().partition(" ")[2])
        password = options.auth.password
        found += [password.get_secret_value()] if password else []
    found += [word for value in found for word in value.split()]  # the key alone, in "Bearer key"
    longest_first = sorted(set(found), key=len, reverse=True)
    yield from (each for each in longest_first if len(each) >= _SHORTEST_SECRET)


def _based(url: str, base_url: str | None) -> str:
    """The address with scheme, host and port of ``base_url``, where there is one."""
    if base_url is None:
        return url
    parts = urlsplit(url)
    return f"{base_url.rstrip('/')}{parts.path}{f'?{parts.query}' if parts.query else ''}"


def _message(content: Content, recipient: Recipient) -> dict[str, Any]:
    """What a template sees of one message. No reader's name is known here yet."""
    address = ascii_domain(recipient.address)
    if not address or _NO_ADDRESS.search(address):
        raise _refusal("to", "an address is empty or holds a character none may")
    sender = content.sender
    return {
        "id": recipient.message_id,
        "to": address,
        "name": "",
        "subject": recipient.merge(content.subject),
        "html": recipient.merge(content.html),
        "text": recipient.merge(content.text),
        "headers": {name: recipient.merge(value) for name, value in content.headers},
        "from_name": sender.name,
        "from_address": ascii_domain(sender.address),
        "reply_to": ascii_domain(sender.reply_to),
    }


def _refusal(key: str, message: str) -> InvalidInput:
    return InvalidInput([Fault(file="message", key=key, message=message)])
