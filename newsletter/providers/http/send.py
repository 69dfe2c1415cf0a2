"""A provider that an operator describes in YAML: URL, header fields, body, answers.

Nothing but the description is known of it. So a 2xx counts as accepted only if it is listed. An
answer that is neither described nor in the table shared by all providers is unknown.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from newsletter.domain.delivery.batch import Answer, OutgoingBatch, Verdict
from newsletter.domain.delivery.mime import ascii_domain, mime_template
from newsletter.domain.delivery.provider import Capabilities
from newsletter.domain.statements.content import Content, Recipient
from newsletter.providers.common import answers
from newsletter.providers.common.bodies import ContentCache, addresses, refusal
from newsletter.providers.common.options import public
from newsletter.providers.http.body import BodyTemplate
from newsletter.providers.http.description import AnswerPath, Options
from newsletter.transport import http
from newsletter.transport.http import HttpRequest, HttpResponse

_SHORTEST_SECRET = 6


class Described:
    """Says a batch as the operator described it."""

    name = "http"

    def __init__(self, options: Options) -> None:
        self.capabilities = Capabilities(max_recipients=options.batch_size or 1, bodies=True)
        address = urlsplit(options.url)
        path = address._replace(scheme="", netloc="").geturl()
        self._url = public(options, f"{address.scheme}://{address.netloc}") + path
        given = {name: secret.get_secret_value() for name, secret in options.headers.items()}
        kind = next((given.pop(name) for name in [*given] if name.lower() == "content-type"), "")
        self._headers = {"Content-Type": kind or "application/json", **given}
        if options.auth:
            self._headers |= options.auth.header
        self._secrets = tuple(_secrets(options))
        self._template = BodyTemplate(options.body, several=options.several)
        self._options = options
        self._id = AnswerPath(options.message_id) if options.message_id else None
        self._checked = ContentCache(_check)

    def build(self, batch: OutgoingBatch) -> HttpRequest:
        """The filled template. Raises InvalidInput for what no message may hold."""
        most = self.capabilities.max_recipients
        readers = addresses(batch.recipients, most=most, who="one call", twice=True)
        self._checked.of(batch)
        messages = [
            _message(batch.content, recipient, address)
            for recipient, address in zip(batch.recipients, readers, strict=True)
        ]
        try:
            body = self._template.fill(messages)
        except ValueError as error:
            raise refusal("provider.body", str(error)) from error
        return HttpRequest(method="POST", url=self._url, headers=self._headers, body=body)

    def parse(self, batch: OutgoingBatch, response: HttpResponse) -> Answer:
        """One verdict for the whole call: nothing is known of how it might name one of many."""
        # secrets that the answer repeats are left out
        text = response.body[:20_000].decode("utf-8", "replace")
        for secret in self._secrets:
            text = text.replace(secret, "…")
        reason, status = http.words(f"HTTP {response.status} {text}".strip()), response.status
        if status in self._options.quota:
            return answers.answered(response, Verdict.QUOTA, reason)
        if status in self._options.rejected:
            return answers.answered(response, answers.at_fault(batch), reason)
        if status // 100 != 2:
            return answers.refused(batch, response, reason)
        if status not in self._options.accepted:
            why = f"not among the accepted statuses: {reason}"
            return answers.answered(response, Verdict.UNKNOWN, why)
        provider_id = self._id.find(response) if self._id else ""
        if self._id and not provider_id:
            why = f"no id at {self._options.message_id}: {reason}"
            return answers.answered(response, Verdict.UNKNOWN, why)
        return answers.answered(response, Verdict.ACCEPTED, "", provider_id=provider_id)


def _secrets(options: Options) -> Iterator[str]:
    """Yield values that no reason may repeat: longer ones first, because one may contain another.

    Short ones are left out: without the digit 2 of a header field no reason could be read.
    """
    found = [secret.get_secret_value() for secret in options.headers.values()]
    if options.auth:
        found.append(options.auth.header["Authorization"].partition(" ")[2])
        password = options.auth.password
        found += [password.get_secret_value()] if password else []
    found += [word for value in found for word in value.split()]  # the key alone, in "Bearer key"
    longest_first = sorted(set(found), key=len, reverse=True)
    yield from (each for each in longest_first if len(each) >= _SHORTEST_SECRET)


def _check(content: Content) -> None:
    """Look at content once: it is the same for all its batches."""
    mime_template(content)  # refuses what no header field can hold, by name
    names = [name.lower() for name, _ in content.headers]
    if len(set(names)) < len(names):
        raise refusal("headers", "two have the same name; a mapping has one of each")


def _message(content: Content, recipient: Recipient, address: str) -> dict[str, Any]:
    """Return one message for a template, without the reader's name."""
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
