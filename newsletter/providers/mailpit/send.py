"""Mailpit, which shows mail to developers and delivers none: one message a call.

Facts: Mailpit's source (``server/apiv1/send.go``), and clients of its API, which read ``Version``
from ``GET /api/v1/info``. It has no template marks and no tracking.
"""

from typing import Any, Literal

from newsletter.domain.delivery.batch import Answer, OutgoingBatch, Verdict
from newsletter.domain.delivery.mime import ascii_domain
from newsletter.domain.delivery.provider import Capabilities, Finding, passed
from newsletter.domain.statements.content import Content
from newsletter.providers.common import answers, bodies
from newsletter.providers.common.answers import MessageTranslator
from newsletter.providers.common.bodies import ADDRESS_MARK, CAMPAIGN_MARK, METADATA_MARKS, Template
from newsletter.providers.common.doctor import Probe
from newsletter.providers.common.options import ProviderOptions, origin
from newsletter.transport import http
from newsletter.transport.http import HttpResponse

_DEFAULT_URL = "http://127.0.0.1:8025"
_RESTRICTED_HEADERS = frozenset({"cc", "bcc"})
"""Headers that Mailpit refuses, besides those that all providers refuse."""


class Options(ProviderOptions):
    """Settings of Mailpit, which shows messages to developers."""

    kind: Literal["mailpit"]


class Mailpit(MessageTranslator):
    """Translates batches of one recipient to Mailpit's API."""

    name, label = "mailpit", "Mailpit"
    limits = Capabilities(max_recipients=1, own_body=True)

    def __init__(self, options: Options) -> None:
        url = f"{origin(options, _DEFAULT_URL)}/api/v1/send"
        super().__init__(options, url, {}, _compile)

    def parse(self, batch: OutgoingBatch, response: HttpResponse) -> Answer:
        """Return ACCEPTED for an ID. A refusal's words tell whether the recipient is at fault."""
        payload = http.json_object(response) or {}
        if response.status // 100 == 2:
            id_ = payload.get("ID") if response.status == 200 else ""
            return answers.accept_with_id(response, id_, f"HTTP {response.status} without an ID")
        error = payload.get("Error")
        reason = (
            http.shorten(error) if isinstance(error, str) and error else f"HTTP {response.status}"
        )
        if response.status == 400 and reason.startswith("invalid To address"):
            return answers.make_answer(response, Verdict.REJECTED, reason)
        return answers.refuse_by_status(batch, response, reason)


def _compile(content: Content) -> Template:
    """Encode the call for one recipient as a template. The attempt is a header and no tag: Mailpit
    lists every tag it has seen."""
    headers = {"X-Attempt": METADATA_MARKS["attempt"], "X-Subscriber": METADATA_MARKS["subscriber"]}
    bodies.check_content(
        content, "Mailpit", forbidden=_RESTRICTED_HEADERS | {name.lower() for name in headers}
    )
    sender = content.sender
    fields: dict[str, Any] = {
        "From": {"Email": ascii_domain(sender.address), "Name": sender.name},
        "To": [{"Email": ADDRESS_MARK}],
        "Subject": content.subject,
        "Text": content.text,
        "HTML": content.html,
        "Headers": {**headers, **dict(content.headers)},
        "Tags": [CAMPAIGN_MARK],
    }
    if sender.reply_to:
        fields["ReplyTo"] = [{"Email": ascii_domain(sender.reply_to)}]
    return bodies.compile_template(fields)


_CHECK_NAME = "provider"


def probes(options: Options, _: str) -> tuple[Probe | Finding, ...]:
    """Return the question whether Mailpit is running."""
    return (Probe(_CHECK_NAME, f"{origin(options, _DEFAULT_URL)}/api/v1/info", {}, _info),)


def _info(payload: Any) -> Finding | None:
    match payload:
        case {"Version": str(version)}:
            return passed(_CHECK_NAME, f"Mailpit {version} is there; it delivers to no reader")
    return None
