"""Postal, on a server of one's own: one message a call, always answered with HTTP 200.

Facts: Postal's source (``legacy_api/send_controller``, ``outgoing_message_prototype``). It writes
a Message-ID of its own over ours, and tracks nothing where ``X-AMP`` says skip.
"""

import json
import re
from typing import Any, Literal

from pydantic import Field, SecretStr

from newsletter.domain.delivery.batch import Answer, Outcome, OutgoingBatch, Verdict
from newsletter.domain.delivery.mime import ascii_domain, mime_template
from newsletter.domain.delivery.provider import Capabilities
from newsletter.domain.statements.content import MARK_PREFIX, Content
from newsletter.providers.common.bodies import (
    Compiled,
    Template,
    addresses,
    doubled,
    mailbox,
    own_marks,
    plain,
    refuse,
    reserved,
    template,
    values,
)
from newsletter.providers.common.options import ProviderOptions, WebhookKey
from newsletter.providers.transport.http import (
    HttpRequest,
    HttpResponse,
    json_object,
    refused,
    words,
)

_OWN = ("ADDRESS", "TAG")
_ADDRESS, _TAG = _MARKS = own_marks(*_OWN)
_RESERVED = re.compile(rf"https?\+notrack://|{MARK_PREFIX}(?:{'|'.join(_OWN)})", re.IGNORECASE)


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
    webhook_key: WebhookKey = None


class Postal:
    """Says a batch of one in Postal's words."""

    name = "postal"

    def __init__(self, options: Options) -> None:
        self.capabilities = Capabilities(max_recipients=1, bodies=True)
        self._url = f"{options.base_url.rstrip('/')}/api/v1/send/message"
        self._key = options.api_key.get_secret_value()
        self._compiled = Compiled(_compile)

    def build(self, batch: OutgoingBatch) -> HttpRequest:
        """One JSON object. Raises InvalidInput for what Postal would misread."""
        headers = {"X-Server-API-Key": self._key, "Content-Type": "application/json"}
        body = _filled(self._compiled.of(batch), batch)
        return HttpRequest(method="POST", url=self._url, headers=headers, body=body)

    def parse(self, batch: OutgoingBatch, response: HttpResponse) -> Answer:
        """The status stands in the body; a refusal is about the server or the sender.

        Postal looks at no recipient before it has the message, so a code nobody knows stops the
        campaign rather than cost it its readers one by one.
        """
        payload = json_object(response) or {}
        data = payload.get("data")
        if response.status == 200 and isinstance(data, dict):
            return Answer(outcome=_outcome(batch, payload.get("status"), data))
        reason = f"HTTP {response.status}"
        if response.status // 100 == 2:
            reason += " without an answer of Postal's"
            return Answer(outcome=Outcome(verdict=Verdict.UNKNOWN, reason=reason))
        return refused(response, reason, alone=True)


def _outcome(batch: OutgoingBatch, status: object, data: dict[str, Any]) -> Outcome:
    """``data`` of a refused key quotes the key: only its code and message are repeated."""
    code, message = data.get("code"), data.get("message")
    if status == "success":
        return _taken(batch, data)
    if status == "parameter-error" or (status == "error" and isinstance(code, str) and code):
        verdict = Verdict.REJECTED if code == "NoRecipients" else Verdict.CONFIGURATION
        parts = [str(each) for each in (code, message) if each]
        return Outcome(verdict=verdict, reason=words(": ".join(parts) or str(status)))
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


def _compile(content: Content) -> Template:
    """The call to one recipient with its gaps, encoded once."""
    mime_template(content)  # refuses what no header field can hold, by name
    headers = {"X-AMP": "skip", **dict(content.headers)}
    refuse(doubled(content.headers, "Postal", {"x-amp"}))
    sender = content.sender
    fields: dict[str, Any] = {
        "from": mailbox(sender.name, sender.address),
        "reply_to": ascii_domain(sender.reply_to),
        "subject": content.subject,
        "plain_body": content.text,
        "html_body": content.html,
        "headers": headers,
    }
    refuse(reserved([("content", repr(fields))], _RESERVED, "Postal"))
    call = {"to": [_ADDRESS], "tag": _TAG, **{key: value for key, value in fields.items() if value}}
    return template(json.dumps(call, ensure_ascii=False, separators=(",", ":")), *_MARKS)


def _filled(compiled: Template, batch: OutgoingBatch) -> bytes:
    """The tag is all that an event can name."""
    (address,) = addresses(batch.recipients, most=1, who="Postal")
    (reader,) = batch.recipients
    tag = f"{batch.campaign}/{batch.attempt_id}/{reader.subscriber_id}"
    plain(batch.recipients, batch.campaign, batch.attempt_id)
    return compiled.fill(*values(reader, address, tag))
