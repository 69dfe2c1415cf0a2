"""MailerSend: one message a call, because its bulk call reports results only later.

Facts: MailerSend's reference of ``POST /v1/email`` and ``/v1/bulk-email``, its pages of status
codes and custom headers; django-anymail for an answer that names suppressed recipients; programs
that quote its errors for the codes. ``/v1/bulk-email`` checks its messages after it answered, so a
``bulk_email_id`` is no proof. All recipients of one ``/v1/email`` see each other. A 202 with
``x-message-id`` has been accepted, unless it says that the domain is paused: then the message is
kept, for an unknown time. MailerSend writes a Message-ID of its own, and adds List-Unsubscribe-Post
to a List-Unsubscribe that is a link. Header fields, and List-Unsubscribe, need the plan
Professional.

Unconfirmed: whether ``list_unsubscribe`` is given with angle brackets (the reference asks for the
value of RFC 8058, which has them; its samples of a link have none), whether a header field beyond
ASCII is encoded on the way, the longest tag, and how to search its records: activity is listed only
by time, ten times a minute. Its Python client knows messages of a domain by tag, of one day on the
smallest plans, but no document shows the call or its answer.

MailerSend: ``GET /v1/domains`` lists the domains, and whether sending is paused for one.

Facts: MailerSend's reference of domains (``is_verified``, ``domain_settings.send_paused``, up to
100 a page, ``links.next``) and of sending, which takes a subdomain of a verified domain too.
"""

import re
from typing import Any, Literal

from pydantic import SecretStr

from newsletter.domain.delivery.batch import Answer, OutgoingBatch, Verdict
from newsletter.domain.delivery.mime import ascii_domain
from newsletter.domain.delivery.provider import Capabilities, Finding, failed, unclear
from newsletter.domain.statements.content import Content
from newsletter.providers.common import answers, bodies, doctor
from newsletter.providers.common.answers import MessageTranslator
from newsletter.providers.common.bodies import ADDRESS_MARK, METADATA_TAG, Template
from newsletter.providers.common.doctor import DOMAIN, Probe
from newsletter.providers.common.options import ProviderOptions, WebhookKey, bearer, option, origin
from newsletter.providers.common.webhooks import value_at
from newsletter.transport import http
from newsletter.transport.http import HttpResponse

PUBLIC_URL = "https://api.mailersend.com"
_RESERVED_PATTERN = re.compile(r"\{[{%$]")  # in templates, at least
_HEADER_NAME_PATTERN = re.compile(r"[A-Za-z0-9-]+")
_UNSUBSCRIBE_HEADER, _UNSUBSCRIBE_POST_HEADER = "list-unsubscribe", "list-unsubscribe-post"
_HEADERS_SENT_AS_FIELDS = frozenset({"message-id", _UNSUBSCRIBE_HEADER, _UNSUBSCRIBE_POST_HEADER})
"""Headers that MailerSend writes itself or takes in another field of the call."""
_TAKEN_HEADERS = frozenset(
    {
        *("from", "sender", "subject", "to", "cc", "bcc", "reply-to", "return-path", "date"),
        *("in-reply-to", "references", "precedence", "received", "dkim-signature"),
    }
)
_RECIPIENT_FIELD = "to.0.email"
_INVALID_ADDRESS_ERROR = "must be a valid email address"
_TRACKING_SETTINGS = ("track_clicks", "track_opens", "track_content")


class Options(ProviderOptions):
    """Settings of MailerSend."""

    kind: Literal["mailersend"]
    api_token: SecretStr = option(
        "A token of the sending domain that may send, as in mlsn.….", min_length=1
    )
    webhook_key: WebhookKey = None


class MailerSend(MessageTranslator):
    """Translates batches of one recipient to MailerSend's API."""

    name, label = "mailersend", "MailerSend"
    limits = Capabilities(max_recipients=1, own_body=True)

    def __init__(self, options: Options) -> None:
        url = f"{origin(options, PUBLIC_URL)}/v1/email"
        super().__init__(options, url, bearer(options.api_token), _compile)

    def parse(self, batch: OutgoingBatch, response: HttpResponse) -> Answer:
        """Return ACCEPTED for a message id in the header, else the reason of the first error."""
        payload = http.json_object(response) or {}
        if response.status // 100 == 2:
            return _read_accepted(batch, response, payload)
        reason = _reason(payload) or f"HTTP {response.status}"
        if verdict := _refusal_verdict(response.status, payload):
            return answers.make_answer(response, verdict, reason)
        return answers.refuse_by_status(batch, response, reason)


def _read_accepted(batch: OutgoingBatch, response: HttpResponse, payload: dict[str, Any]) -> Answer:
    provider_id, warnings = response.headers.get("x-message-id", ""), payload.get("warnings")
    reason = ""
    if response.status != 202:
        reason = f"HTTP {response.status}, and only 202 is a message that was taken"
    elif response.headers.get("x-send-paused", "false").lower() != "false":
        reason = "MailerSend has it and keeps it: sending is paused for the domain"
    elif not provider_id and (reasons := _suppression_reason(batch, warnings)):
        return answers.make_answer(
            response, Verdict.REJECTED, http.shorten(f"suppressed: {reasons}")
        )
    is_taken = not reason and not response.body.strip()
    reason = reason or _reason(payload) or "HTTP 202 without an id, or with more than an id"
    return answers.accept_with_id(response, provider_id if is_taken else "", reason)


def _suppression_reason(batch: OutgoingBatch, warnings: object) -> str:
    """Return the reason if a warning says that the recipient is suppressed, else ""."""
    match warnings:
        case [
            {"type": "ALL_SUPPRESSED", "recipients": [{"email": str(to), "reasons": [*reasons]}]}
        ]:
            if to.lower() == ascii_domain(batch.recipients[0].address).lower():
                return ", ".join(map(str, reasons)) or "it does not say why"
    return ""


def _refusal_verdict(status: int, payload: dict[str, Any]) -> Verdict | None:
    """Return the verdict of MailerSend's own error code; None if only the HTTP status counts.

    Errors for the recipient may also be limits of the account: only an invalid address is REJECTED.
    """
    errors, message = payload.get("errors"), str(payload.get("message"))
    if status == 421:  # "We are currently running maintenance."
        return Verdict.RETRY
    if status == 429 and "#MS42901" in message:  # its calls of a day are used up
        return Verdict.QUOTA
    if status != 422 or not isinstance(errors, dict) or set(errors) != {_RECIPIENT_FIELD}:
        return None
    reasons = errors[_RECIPIENT_FIELD] if isinstance(errors[_RECIPIENT_FIELD], list) else []
    if reasons and all(_INVALID_ADDRESS_ERROR in str(reason) for reason in reasons):
        return Verdict.REJECTED
    return None


def _reason(payload: dict[str, Any]) -> str:
    """Return the first error of each field, or else the general message."""
    errors = payload.get("errors")
    fields = errors.values() if isinstance(errors, dict) else []
    reasons = [str(each[0]) for each in fields if isinstance(each, list) and each]
    return http.shorten("; ".join(reasons) or payload.get("message") or "")


def _compile(content: Content) -> Template:
    bodies.check_content(
        content,
        "MailerSend",
        marks=_RESERVED_PATTERN,
        name_pattern=_HEADER_NAME_PATTERN,
        forbidden=_TAKEN_HEADERS,
        ascii_only=True,
    )
    own_headers = {name.lower(): value for name, value in content.headers}
    headers = [each for each in content.headers if each[0].lower() not in _HEADERS_SENT_AS_FIELDS]
    sender = content.sender
    fields: dict[str, Any] = {
        "from": bodies.mailbox_object(sender.address, sender.name),
        "reply_to": bodies.mailbox_object(sender.reply_to),
        "subject": content.subject,
        "text": content.text,
        "html": content.html,
        "headers": [{"name": name, "value": value} for name, value in headers],
        "list_unsubscribe": own_headers.get(_UNSUBSCRIBE_HEADER),
    }
    call = {key: value for key, value in fields.items() if value}
    call |= {"to": [{"email": ADDRESS_MARK}], "tags": [METADATA_TAG]}
    call["settings"] = dict.fromkeys(_TRACKING_SETTINGS, False)
    return bodies.compile_template(call)


def probes(options: Options, sender: str) -> tuple[Probe | Finding, ...]:
    """Return the question whether the sender's domain is verified and may send."""
    domain = doctor.domain_of(sender)
    url = f"{origin(options, PUBLIC_URL)}/v1/domains?limit=100"
    headers = bearer(options.api_token)
    return (Probe(DOMAIN, url, headers, lambda payload: _domains(payload, domain)),)


def _domains(payload: Any, domain: str) -> Finding | None:
    match payload:
        case {"data": list(items)}:
            # the entry of the domain, or else of the nearest one above it
            labels = domain.split(".")
            above = (".".join(labels[index:]) for index in range(len(labels)))
            found = next(
                (found for one in above if (found := doctor.find_domain(items, "name", one))), None
            )
            if found is None and value_at(payload, "links", "next"):
                return unclear(DOMAIN, f"{domain} is not among the first {len(items)} domains")
            if value_at(found, "domain_settings", "send_paused") is True:
                resume = "resume it on the domain's page at MailerSend"
                return failed(DOMAIN, "sending is paused for {domain}", resume, domain=domain)
            return doctor.listed_state(domain, found, "is_verified")
    return None
