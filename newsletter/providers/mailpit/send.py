"""Mailpit, which shows mail to developers and delivers none: one message a call.

Facts: Mailpit's source (``server/apiv1/send.go``), and clients of its API, which read ``Version``
from ``GET /api/v1/info``. It has no template marks and no tracking.
"""

from typing import Any, Literal

from newsletter.domain.delivery.batch import Answer, OutgoingBatch, Verdict
from newsletter.domain.delivery.mime import ascii_domain
from newsletter.domain.delivery.provider import Capabilities, Finding, well
from newsletter.domain.statements.content import Content
from newsletter.providers.common import answers, bodies
from newsletter.providers.common.bodies import ABOUT, ADDRESS, CAMPAIGN, Template
from newsletter.providers.common.doctor import Probe
from newsletter.providers.common.options import ProviderOptions, public
from newsletter.providers.common.translators import MessageTranslator
from newsletter.transport import http
from newsletter.transport.http import HttpResponse

_USUAL_URL = "http://127.0.0.1:8025"
_RESTRICTED = frozenset({"cc", "bcc"})
"""Header names that Mailpit takes only as fields of the call, besides those no provider takes."""


class Options(ProviderOptions):
    """Handing messages to Mailpit, which keeps them for a developer to look at."""

    kind: Literal["mailpit"]


class Mailpit(MessageTranslator):
    """Says a batch of one in Mailpit's words."""

    name, who = "mailpit", "Mailpit"
    limits = Capabilities(max_recipients=1, bodies=True)

    def __init__(self, options: Options) -> None:
        url = f"{public(options, _USUAL_URL)}/api/v1/send"
        super().__init__(options, url, {}, _compile)

    def parse(self, batch: OutgoingBatch, response: HttpResponse) -> Answer:
        """Accepted with an ID; a refusal says in words whether it is about the recipient."""
        payload = http.json_object(response) or {}
        if response.status // 100 == 2:
            given = payload.get("ID")
            if response.status == 200 and isinstance(given, str) and given:
                return answers.answered(response, Verdict.ACCEPTED, "", provider_id=given)
            why = f"HTTP {response.status} without an ID"
            return answers.answered(response, Verdict.UNKNOWN, why)
        error = payload.get("Error")
        reason = (
            http.words(error) if isinstance(error, str) and error else f"HTTP {response.status}"
        )
        if response.status == 400 and reason.startswith("invalid To address"):
            return answers.answered(response, Verdict.REJECTED, reason)
        return answers.refused(batch, response, reason)


# --- building ----------------------------------------------------------------------------------


def _compile(content: Content) -> Template:
    """Return the body of a call to one recipient as a template, encoded once.

    The attempt is a header, not a tag: Mailpit lists every tag it has seen.
    """
    headers = {"X-Attempt": ABOUT["attempt"], "X-Subscriber": ABOUT["subscriber"]}
    bodies.check(content, "Mailpit", taken=_RESTRICTED | {name.lower() for name in headers})
    sender = content.sender
    fields: dict[str, Any] = {
        "From": {"Email": ascii_domain(sender.address), "Name": sender.name},
        "To": [{"Email": ADDRESS}],
        "Subject": content.subject,
        "Text": content.text,
        "HTML": content.html,
        "Headers": {**headers, **dict(content.headers)},
        "Tags": [CAMPAIGN],
    }
    if sender.reply_to:
        fields["ReplyTo"] = [{"Email": ascii_domain(sender.reply_to)}]
    return bodies.template(fields)


_WHAT = "provider"


def probes(options: Options, _: str) -> tuple[Probe | Finding, ...]:
    """Ask whether it is running."""
    url = f"{public(options, _USUAL_URL)}/api/v1/info"
    return (Probe(_WHAT, url, {}, _info),)


def _info(payload: Any) -> Finding | None:
    match payload:
        case {"Version": str(version)}:
            return well(_WHAT, f"Mailpit {version} is there; it delivers to no reader")
    return None
