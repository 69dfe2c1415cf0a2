"""Sends through a provider that the operator describes in YAML.

A 2xx means accepted only if the description lists it. An answer that is neither in the description
nor in the table of all providers is unknown.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from newsletter.domain.delivery.batch import Answer, OutgoingBatch, Verdict
from newsletter.domain.delivery.mime import ascii_domain, mime_template
from newsletter.domain.delivery.provider import Capabilities
from newsletter.domain.statements.content import Content, Recipient
from newsletter.providers.common import answers
from newsletter.providers.common.bodies import addresses, cached_by_content, field_error
from newsletter.providers.common.options import origin
from newsletter.providers.http.body import BodyTemplate
from newsletter.providers.http.description import AnswerPath, Options
from newsletter.transport import http
from newsletter.transport.http import HttpRequest, HttpResponse

_MIN_SECRET_CHARS = 6


class Described:
    """Translates batches to calls as the operator described them."""

    name = "http"

    def __init__(self, options: Options) -> None:
        self.capabilities = Capabilities(max_recipients=options.batch_size or 1, own_body=True)
        address = urlsplit(options.url)
        path = address._replace(scheme="", netloc="").geturl()
        self._url = origin(options, f"{address.scheme}://{address.netloc}") + path
        fixed = {name: secret.get_secret_value() for name, secret in options.headers.items()}
        kind = next((fixed.pop(name) for name in [*fixed] if name.lower() == "content-type"), "")
        self._headers = {"Content-Type": kind or "application/json", **fixed}
        if options.auth:
            self._headers |= options.auth.header
        self._secrets = tuple(_secrets(options))
        self._template = BodyTemplate(options.body, several=options.several)
        self._options = options
        self._id = AnswerPath(options.message_id) if options.message_id else None
        self._checked = cached_by_content(_check)

    def build(self, batch: OutgoingBatch) -> HttpRequest:
        """Return the call. Raises InvalidInput if the filled template is no valid JSON."""
        limit = self.capabilities.max_recipients
        readers = addresses(batch.recipients, limit=limit, label="one call", allow_duplicates=True)
        self._checked(batch.content)
        messages = [
            _message(batch.content, recipient, address)
            for recipient, address in zip(batch.recipients, readers, strict=True)
        ]
        try:
            body = self._template.fill(messages)
        except ValueError as error:
            raise field_error("provider.body", str(error)) from error
        return HttpRequest(method="POST", url=self._url, headers=self._headers, body=body)

    def parse(self, batch: OutgoingBatch, response: HttpResponse) -> Answer:
        """Return one verdict for the whole call."""
        # the answer may repeat secrets
        text = response.body[:20_000].decode("utf-8", "replace")
        for secret in self._secrets:
            text = text.replace(secret, "…")
        reason, status = (http.shorten(f"HTTP {response.status} {text}".strip()), response.status)
        if status in self._options.quota:
            return answers.make_answer(response, Verdict.QUOTA, reason)
        if status in self._options.rejected:
            return answers.make_answer(response, answers.reject_or_split(batch), reason)
        if status // 100 != 2:
            return answers.refuse_by_status(batch, response, reason)
        if status not in self._options.accepted:
            why = f"not among the accepted statuses: {reason}"
            return answers.make_answer(response, Verdict.UNKNOWN, why)
        if self._id is None:
            return answers.make_answer(response, Verdict.ACCEPTED, "")
        why = f"no id at {self._options.message_id}: {reason}"
        return answers.accept_with_id(response, self._id.find(response), why)


def _secrets(options: Options) -> Iterator[str]:
    """Yield the secrets to remove from reasons, longest first, except very short ones."""
    texts = [secret.get_secret_value() for secret in options.headers.values()]
    if options.auth:
        texts.append(options.auth.header["Authorization"].partition(" ")[2])
        password = options.auth.password
        texts += [password.get_secret_value()] if password else []
    texts += [word for value in texts for word in value.split()]  # the key alone, in "Bearer key"
    longest_first = sorted(set(texts), key=len, reverse=True)
    yield from (each for each in longest_first if len(each) >= _MIN_SECRET_CHARS)


def _check(content: Content) -> None:
    """Raise InvalidInput for content that the template or a message cannot have."""
    mime_template(content)  # refuses headers that no message can have
    names = [name.lower() for name, _ in content.headers]
    if len(set(names)) < len(names):
        raise field_error("headers", "two have the same name; a mapping has one of each")


def _message(content: Content, recipient: Recipient, address: str) -> dict[str, Any]:
    """Return the values of one message for the template. ``name`` is empty."""
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
