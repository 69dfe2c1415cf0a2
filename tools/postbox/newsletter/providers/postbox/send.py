"""Postbox: up to 100 whole messages a call, each with an answer of its own.

Facts: Postbox's reference of ``POST /v1/batches`` with its table of errors, and of domains
(``GET /v1/domains``). Unconfirmed: how large a call may be, and whether a header field with more
than ASCII is encoded on the way.
"""

import re
from typing import Any, Literal

from pydantic import Field, SecretStr

from newsletter.domain.delivery.batch import Answer, Outcome, OutgoingBatch, Verdict
from newsletter.domain.delivery.mime import ascii_domain
from newsletter.domain.delivery.provider import Capabilities, Finding
from newsletter.domain.statements.content import Content, Recipient
from newsletter.providers.common import answers, bodies, doctor
from newsletter.providers.common.answers import MessageTranslator
from newsletter.providers.common.bodies import ADDRESS_MARK, METADATA_MARKS, Template
from newsletter.providers.common.doctor import DOMAIN, Probe
from newsletter.providers.common.options import ProviderOptions, bearer, origin
from newsletter.transport import http
from newsletter.transport.http import HttpResponse

MAX_RECIPIENTS = 100
PUBLIC_URL = "https://api.postbox.example"
_RESERVED = re.compile(r"\{\{")  # it fills in {{…}} itself
_BY_CODE = {
    "bad_address": Verdict.REJECTED,
    "suppressed": Verdict.REJECTED,
    "slow_down": Verdict.RETRY,
    "unverified_sender": Verdict.CONFIGURATION,
}


class Options(ProviderOptions):
    """Sending through Postbox."""

    kind: Literal["postbox"]
    api_key: SecretStr = Field(min_length=1, description="A key that may send.")


class Postbox(MessageTranslator):
    """Says a batch in Postbox's words."""

    name, label = "postbox", "Postbox"
    limits = Capabilities(max_recipients=MAX_RECIPIENTS, own_body=True)
    frame = b'{"messages":[%b]}'

    def __init__(self, options: Options) -> None:
        url = f"{origin(options, PUBLIC_URL)}/v1/batches"
        super().__init__(options, url, bearer(options.api_key), _compile)

    def parse(self, batch: OutgoingBatch, response: HttpResponse) -> Answer:
        """One verdict for each message, by place; those it took have their address with them."""
        payload = http.json_object(response) or {}
        if response.status // 100 == 2:
            results = payload.get("results") if response.status == 200 else None
            return answers.combine(batch, answers.read_outcomes(batch, results, _item), response)
        reason = http.shorten(payload.get("message") or f"HTTP {response.status}")
        return answers.refuse_by_status(batch, response, reason)


def _item(recipient: Recipient, payload: Any) -> Outcome | None:
    """Return nothing for an answer of an unknown form: then the whole call is unknown."""
    match payload:
        case {"error": {"code": str(code), "message": str(message)}} if "id" not in payload:
            verdict = _BY_CODE.get(code, Verdict.UNKNOWN)
            return Outcome(verdict=verdict, reason=http.shorten(f"{code}: {message}"))
        case {"to": str(to), "id": str(given)} if given and "error" not in payload:
            if to.lower() == ascii_domain(recipient.address).lower():
                return Outcome(verdict=Verdict.ACCEPTED, provider_id=given)
    return None


def _compile(content: Content) -> Template:
    """The message to one recipient with its gaps: encoded once for all batches of a campaign."""
    bodies.check_content(content, "Postbox", marks=_RESERVED, ascii_only=True)
    sender, reply_to = content.sender, ascii_domain(content.sender.reply_to)
    fields: dict[str, Any] = {
        "to": ADDRESS_MARK,
        "from": {"address": ascii_domain(sender.address), "name": sender.name},
        **({"reply_to": reply_to} if reply_to else {}),
        "subject": content.subject,
        "text": content.text,
        "html": content.html,
        "headers": dict(content.headers),
        "tracking": False,
        "about": METADATA_MARKS,
    }
    return bodies.compile_template(fields)


def probes(options: Options, sender: str) -> tuple[Probe | Finding, ...]:
    """Return the question whether the sender's domain is verified."""
    domain = doctor.domain_of(sender)
    url, headers = f"{origin(options, PUBLIC_URL)}/v1/domains", bearer(options.api_key)
    return (Probe(DOMAIN, url, headers, lambda payload: _domains(payload, domain)),)


def _domains(payload: Any, domain: str) -> Finding | None:
    match payload:
        case {"domains": list(items)}:
            return doctor.listed_state(
                domain, doctor.find_domain(items, "name", domain), "verified"
            )
    return None
