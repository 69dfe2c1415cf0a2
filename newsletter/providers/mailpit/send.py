"""Mailpit, which shows mail to developers and delivers none: one message a call.

Facts: Mailpit's source (``server/apiv1/send.go``), and clients of its API, which read ``Version``
from ``GET /api/v1/info``. It has no template marks and no tracking.
"""

import json
import re
from typing import Any, Literal

from newsletter.domain.delivery.batch import Answer, Outcome, OutgoingBatch, Verdict
from newsletter.domain.delivery.mime import ascii_domain, mime_template
from newsletter.domain.delivery.provider import Capabilities, Finding
from newsletter.domain.statements.content import MARK_PREFIX, Content
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
from newsletter.providers.common.examination import Probe, well
from newsletter.providers.common.options import ProviderOptions, public
from newsletter.providers.transport.http import (
    HttpRequest,
    HttpResponse,
    json_object,
    refused,
    words,
)

_USUAL_URL = "http://127.0.0.1:8025"
_OWN = ("ADDRESS", "CAMPAIGN", "ATTEMPT", "SUBSCRIBER")
_ADDRESS, _CAMPAIGN, _ATTEMPT, _SUBSCRIBER = _MARKS = own_marks(*_OWN)
_RESERVED = re.compile(rf"{MARK_PREFIX}(?:{'|'.join(_OWN)})")
_RESTRICTED = frozenset({"cc", "bcc"})
"""Header names that Mailpit takes only as fields of the call, beside those no provider takes."""


class Options(ProviderOptions):
    """Handing messages to Mailpit, which keeps them for a developer to look at."""

    kind: Literal["mailpit"]


class Mailpit:
    """Says a batch of one in Mailpit's words."""

    name = "mailpit"

    def __init__(self, options: Options) -> None:
        self.capabilities = Capabilities(max_recipients=1, bodies=True)
        self._url = f"{public(options, _USUAL_URL)}/api/v1/send"
        self._compiled = Compiled(_compile)

    def build(self, batch: OutgoingBatch) -> HttpRequest:
        """One JSON object. Raises InvalidInput for what Mailpit would refuse or misread."""
        body = _filled(self._compiled.of(batch), batch)
        headers = {"Content-Type": "application/json"}
        return HttpRequest(method="POST", url=self._url, headers=headers, body=body)

    def parse(self, batch: OutgoingBatch, response: HttpResponse) -> Answer:
        """Accepted with an ID; a refusal says in words whether it is about the recipient."""
        payload = json_object(response) or {}
        if response.status // 100 == 2:
            return Answer(outcome=_taken(response.status, payload.get("ID")))
        error = payload.get("Error")
        reason = words(error) if isinstance(error, str) and error else f"HTTP {response.status}"
        if response.status == 400 and reason.startswith("invalid To address"):
            return Answer(outcome=Outcome(verdict=Verdict.REJECTED, reason=reason))
        return refused(response, reason, alone=True)


def _taken(status: int, provider_id: object) -> Outcome:
    if status == 200 and isinstance(provider_id, str) and provider_id:
        return Outcome(verdict=Verdict.ACCEPTED, provider_id=provider_id)
    return Outcome(verdict=Verdict.UNKNOWN, reason=f"HTTP {status} without an ID")


# --- building ----------------------------------------------------------------------------------


def _compile(content: Content) -> Template:
    """The call to one recipient with its gaps, encoded once.

    The attempt is a header, not a tag: Mailpit lists every tag it has seen.
    """
    mime_template(content)  # refuses what no header field can hold, by name
    headers = {"X-Attempt": _ATTEMPT, "X-Subscriber": _SUBSCRIBER}
    refuse(doubled(content.headers, "Mailpit", _RESTRICTED | {name.lower() for name in headers}))
    refuse(reserved([("content", repr(content))], _RESERVED, "Mailpit"))
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
    return template(json.dumps(fields, ensure_ascii=False, separators=(",", ":")), *_MARKS)


def _filled(compiled: Template, batch: OutgoingBatch) -> bytes:
    (address,) = addresses(batch.recipients, most=1, who="Mailpit")
    (reader,) = batch.recipients
    plain(batch.recipients, batch.campaign, batch.attempt_id)
    own = (address, batch.campaign, batch.attempt_id, str(reader.subscriber_id))
    return compiled.fill(*values(reader, *own))


_WHAT = "provider"


def probes(options: Options, _: str) -> tuple[Probe | Finding, ...]:
    """Whether it is there."""
    url = f"{public(options, 'http://127.0.0.1:8025')}/api/v1/info"
    return (Probe(what=_WHAT, request=HttpRequest(method="GET", url=url), judge=_info),)


def _info(payload: Any) -> Finding | None:
    match payload:
        case {"Version": str(version)}:
            return well(_WHAT, f"Mailpit {version} is there; it delivers to no reader")
    return None
