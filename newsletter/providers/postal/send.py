"""Postal, on a server of one's own: one message a call, always answered with HTTP 200.

Facts: Postal's source (``legacy_api/send_controller``, ``outgoing_message_prototype``). It writes
a Message-ID of its own over ours, and tracks nothing where ``X-AMP`` says skip.
"""

import re
from typing import Any, Literal

from pydantic import SecretStr

from newsletter.domain.delivery.batch import Answer, OutgoingBatch, Verdict
from newsletter.domain.delivery.mime import ascii_domain
from newsletter.domain.delivery.provider import Capabilities
from newsletter.domain.statements.content import Content
from newsletter.providers.common import answers, bodies
from newsletter.providers.common.answers import MessageTranslator
from newsletter.providers.common.bodies import ADDRESS_MARK, METADATA_TAG, Template
from newsletter.providers.common.options import ProviderOptions, WebhookKey, option
from newsletter.transport import http
from newsletter.transport.http import HttpResponse

_RESERVED_PATTERN = re.compile(r"https?\+notrack://", re.IGNORECASE)


class Options(ProviderOptions):
    """Settings of a Postal server."""

    kind: Literal["postal"]
    base_url: str = option(
        "Scheme, host and port of the Postal server; there is no public one.",
        pattern=r"^https?://[^/?#@\s]+/?$",
    )
    api_key: SecretStr = option("The key of an API credential of the mail server.", min_length=1)
    webhook_key: WebhookKey = None


class Postal(MessageTranslator):
    """Translates batches of one recipient to Postal's API."""

    name, label = "postal", "Postal"
    limits = Capabilities(max_recipients=1, own_body=True)

    def __init__(self, options: Options) -> None:
        url = f"{options.base_url.rstrip('/')}/api/v1/send/message"
        headers = {"X-Server-API-Key": options.api_key.get_secret_value()}
        super().__init__(options, url, headers, _compile)

    def parse(self, batch: OutgoingBatch, response: HttpResponse) -> Answer:
        """Read the status in the body. A refusal is about the server or the sender, not the
        recipient.

        Postal checks recipients after the call, so an unknown code stops the campaign and rejects
        no recipient.
        """
        payload = http.json_object(response) or {}
        data = payload.get("data")
        if response.status == 200 and isinstance(data, dict):
            return _read_answer(batch, response, payload.get("status"), data)
        reason = f"HTTP {response.status}"
        if response.status // 100 == 2:
            why = f"{reason} without an answer of Postal's"
            return answers.make_answer(response, Verdict.UNKNOWN, why)
        return answers.refuse_by_status(batch, response, reason)


def _read_answer(
    batch: OutgoingBatch, response: HttpResponse, status: object, data: dict[str, Any]
) -> Answer:
    """Read an answer. A refusal's ``data`` quotes the key, so only code and message are kept."""
    code, message = data.get("code"), data.get("message")
    if status == "success":
        sent_id = _message_id(data.get("messages"), ascii_domain(batch.recipients[0].address))
        return answers.accept_with_id(response, sent_id, "success, but not one message with an id")
    if status == "parameter-error" or (status == "error" and isinstance(code, str) and code):
        verdict = Verdict.REJECTED if code == "NoRecipients" else Verdict.CONFIGURATION
        parts = [str(each) for each in (code, message) if each]
        return answers.make_answer(response, verdict, http.shorten(": ".join(parts) or str(status)))
    return answers.make_answer(response, Verdict.UNKNOWN, "its status is " + http.shorten(status))


def _message_id(messages: Any, address: str) -> str:
    """Return the message's number, if the answer has the recipient's address alone; else ""."""
    match messages:
        case {**by_address} if list(by_address) == [address]:
            match by_address[address]:
                case {"id": int(number)} if number > 0 and number is not True:
                    return str(number)
    return ""


def _compile(content: Content) -> Template:
    bodies.check_content(content, "Postal", marks=_RESERVED_PATTERN, forbidden={"x-amp"})
    headers = {"X-AMP": "skip", **dict(content.headers)}
    sender = content.sender
    fields: dict[str, Any] = {
        "from": bodies.format_mailbox(sender.name, sender.address),
        "reply_to": ascii_domain(sender.reply_to),
        "subject": content.subject,
        "plain_body": content.text,
        "html_body": content.html,
        "headers": headers,
    }
    call = {key: value for key, value in fields.items() if value}
    return bodies.compile_template({"to": [ADDRESS_MARK], "tag": METADATA_TAG, **call})
