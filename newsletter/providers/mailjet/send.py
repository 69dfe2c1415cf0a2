"""Mailjet: up to 50 whole messages a call, each with an answer of its own, also within a 4xx.

Facts: Mailjet's guide to Send API v3.1 and its table of errors; the list of headers and the 255
characters of a subject as two clients quote them from its reference. Message-ID and List-Id are
among those headers, so neither is sent: Mailjet writes a Message-ID of its own, and ours is the
CustomID. Unconfirmed: whether our List-Unsubscribe reaches the reader (Mailjet adds its own if
there is none), the largest call (15 MB is said of attachments), Retry-After, and the marks that are
filled in while TemplateLanguage is off. A sender without validation is said to be answered with
success although nothing is sent.

Mailjet: ``GET /v3/REST/sender`` tells whose mail it takes, ``…/dns/{domain}`` SPF and DKIM.

Facts: Mailjet's guide to domains and DNS (``*@domain`` for a whole one; the states OK, Error and
Not checked, as last seen by Mailjet) and the types of its Node client for both (the filter Domain,
the states Active, Inactive and Deleted). A sender that several keys share is another resource,
which is not asked. Unconfirmed: that a domain it does not know gets 404.
"""

import re
from dataclasses import replace
from typing import Any, Literal

from pydantic import SecretStr

from newsletter.domain.delivery.batch import Answer, Outcome, OutgoingBatch, Verdict
from newsletter.domain.delivery.mime import ascii_domain, mime_template
from newsletter.domain.delivery.provider import Capabilities, Finding, failed, passed, unclear
from newsletter.domain.statements.content import Content, MergeField, Recipient
from newsletter.domain.wording import say
from newsletter.providers.common import answers, bodies, doctor
from newsletter.providers.common.answers import MessageTranslator
from newsletter.providers.common.bodies import ADDRESS_MARK, CAMPAIGN_MARK, METADATA_MARKS, Template
from newsletter.providers.common.doctor import DOMAIN, Probe
from newsletter.providers.common.options import ProviderOptions, WebhookKey, basic, option, origin
from newsletter.transport import http
from newsletter.transport.http import HttpResponse

MAX_RECIPIENTS = 50
MAX_BYTES = 15_000_000
MAX_SUBJECT_CHARS = 255
_PUBLIC_URL = "https://api.mailjet.com"
_UNSUPPORTED_HEADERS = frozenset({"message-id", "list-id"})
"""Headers of every campaign that Mailjet refuses: they are left out."""
_TAKEN_HEADERS = frozenset(
    {
        *("from", "sender", "subject", "to", "cc", "bcc", "reply-to", "return-path", "date"),
        *("delivered-to", "received", "received-spf", "authentication-results"),
        *("dkim-signature", "domainkey-status", "user-agent", "x-mailer"),
        *("x-csa-complaints", "x-feedback-id"),
    }
)
_MAILJET_HEADER_PATTERN = re.compile(r"x-(?:mj|mailjet)-", re.IGNORECASE)
_RESERVED_PATTERN = re.compile(
    r"(?i:(?:\{\{|\[\[)\s*(?:var|data)\s*:)|\[\[(?:UNSUB_LINK|PERMALINK)"
)
_TO_PATTERN = re.compile(r"To(?:\[[0-9]+\](?:\.Email)?)?")


class Options(ProviderOptions):
    """Settings of Mailjet."""

    kind: Literal["mailjet"]
    api_key: SecretStr = option("The API key, Mailjet's public half.", min_length=1)
    secret_key: SecretStr = option("The API key's secret half.", min_length=1)
    webhook_key: WebhookKey = None


class Mailjet(MessageTranslator):
    """Translates batches to Mailjet's API."""

    name, label = "mailjet", "Mailjet"
    limits = Capabilities(max_recipients=MAX_RECIPIENTS, max_bytes=MAX_BYTES, own_body=True)
    frame = b'{"Messages":[%b]}'

    def __init__(self, options: Options) -> None:
        url = f"{origin(options, _PUBLIC_URL)}/v3.1/send"
        headers = basic(options.api_key.get_secret_value(), options.secret_key)
        super().__init__(options, url, headers, _compile)

    def parse(self, batch: OutgoingBatch, response: HttpResponse) -> Answer:
        """Return one verdict for each message, by position. A 400 that cannot be read is UNKNOWN:
        some of its messages may be accepted."""
        payload = http.json_object(response) or {}
        code, reason = payload.get("ErrorCode"), _reason([payload]) or f"HTTP {response.status}"
        if isinstance(payload.get("Messages"), list) and response.status in {200, 400, 401, 403}:
            return answers.combine(
                batch, answers.read_outcomes(batch, payload["Messages"], _item), response
            )
        has_code = isinstance(code, str) and code
        if response.status // 100 == 2 or (response.status == 400 and not has_code):
            why = f"{reason}, but not an answer for each message"
            return answers.make_answer(response, Verdict.UNKNOWN, why)
        if response.status == 400 and code == "mj-0011":  # too large, as a 413 would say
            return answers.refuse_by_status(batch, replace(response, status=413), reason)
        return answers.refuse_by_status(batch, response, reason)


def _item(recipient: Recipient, payload: Any) -> Outcome | None:
    match payload:
        case {"Status": "success", "To": [{"Email": str(to), "MessageID": int(number)}]}:
            ours = to.lower() == ascii_domain(recipient.address).lower()
            is_ours = payload.get("CustomID") in (None, "", recipient.message_id)
            # to Python JSON's true is the number 1
            if ours and is_ours and number > 0 and number is not True and not payload.get("Errors"):
                return Outcome(verdict=Verdict.ACCEPTED, provider_id=str(number))
        case {"Status": "error", "Errors": [_, *_] as errors} if not payload.get("To"):
            if all(isinstance(each, dict) for each in errors):
                reason = _reason(errors) or "refused without a reason"
                verdicts = map(_verdict, errors)
                # it may have several: the first that is not about its reader decides
                other_verdicts = (each for each in verdicts if each is not Verdict.REJECTED)
                return Outcome(verdict=next(other_verdicts, Verdict.REJECTED), reason=reason)
    return None


def _reason(errors: list[dict[str, Any]]) -> str:
    messages = [str(each.get("ErrorMessage") or each.get("ErrorCode") or "") for each in errors]
    return http.shorten("; ".join(filter(None, messages)))


def _verdict(error: dict[str, Any]) -> Verdict:
    status, about = error.get("StatusCode"), error.get("ErrorRelatedTo")
    if status == 429:
        return Verdict.RETRY
    if not isinstance(status, int) or status // 100 != 4:
        return Verdict.UNKNOWN
    fields = about if isinstance(about, list) else []
    if status == 400 and fields and all(_TO_PATTERN.fullmatch(str(each)) for each in fields):
        return Verdict.REJECTED
    return Verdict.CONFIGURATION


def _compile(content: Content) -> Template:
    """Encode one recipient's message as a template. Mailjet's ``Globals`` would save little: the
    long bodies differ by recipient."""
    headers = [each for each in content.headers if each[0].lower() not in _UNSUPPORTED_HEADERS]
    mime_template(content)  # of those that are left out, too: they are the campaign's
    mailjet_headers = {name.lower() for name, _ in headers if _MAILJET_HEADER_PATTERN.match(name)}
    why = f"is longer than the {MAX_SUBJECT_CHARS} characters that Mailjet takes; shorten it"
    bodies.check_content(
        replace(content, headers=tuple(headers)),
        "Mailjet",
        marks=_RESERVED_PATTERN,
        forbidden=_TAKEN_HEADERS | mailjet_headers,
        ascii_only=True,
        faults=[bodies.fault("subject", why)] if len(content.subject) > MAX_SUBJECT_CHARS else [],
    )
    sender, keys = content.sender, ("Email", "Name")
    fields: dict[str, Any] = {
        "From": bodies.mailbox_object(sender.address, sender.name, keys=keys),
        "To": [{"Email": ADDRESS_MARK}],
        "ReplyTo": bodies.mailbox_object(sender.reply_to, keys=keys),
        "Subject": content.subject,
        "TextPart": content.text,
        "HTMLPart": content.html,
        "Headers": dict(headers),
        "CustomID": MergeField.MESSAGE_ID.value,
        "EventPayload": bodies.to_json(METADATA_MARKS),
        "CustomCampaign": CAMPAIGN_MARK,
    }
    if content.html:  # refused where there is nothing to track in
        fields |= {"TrackOpens": "disabled", "TrackClicks": "disabled"}
    message = {name: value for name, value in fields.items() if value}
    return bodies.compile_template(message | {"TemplateLanguage": False})


_SENDER = say("sender address")
_MAX_SENDERS = 1000
_VALIDATE = say("validate it under Sender addresses and domains")
_PUBLISH_ADVICE = "publish the records that Mailjet shows for it, and let it check them"


def probes(options: Options, sender: str) -> tuple[Probe | Finding, ...]:
    """Return questions whether the sender is validated, and about the domain's records."""
    base = f"{origin(options, 'https://api.mailjet.com')}/v3/REST"
    headers = basic(options.api_key.get_secret_value(), options.secret_key)
    domain = doctor.domain_of(sender)
    no_records_message = f"Mailjet knows no records of {domain}"
    senders = f"{base}/sender?Domain={domain}&Limit={_MAX_SENDERS}"
    return (
        Probe(_SENDER, senders, headers, lambda payload: _senders(payload, sender, domain)),
        Probe(
            DOMAIN,
            f"{base}/dns/{domain}",
            headers,
            lambda payload: _records(payload, domain),
            doctor.refusal_by_status({404: unclear(DOMAIN, no_records_message, _PUBLISH_ADVICE)}),
        ),
    )


def _senders(payload: Any, sender: str, domain: str) -> Finding | None:
    match payload:
        case {"Data": list(items)}:
            ours = {f"*@{domain}", f"{sender.rpartition('@')[0]}@{domain}".lower()}
            states = {
                item.get("Status")
                for item in items
                if isinstance(item, dict) and str(item.get("Email")).lower() in ours
            }
            if "Active" in states:
                return passed(_SENDER, "it is validated")
            if states:
                return failed(_SENDER, "it is in the account and not validated", _VALIDATE)
            why = f"neither it nor all of {domain} is among the senders of this key"
            return unclear(_SENDER, why, f"{_VALIDATE}, unless it is one that several keys share")
    return None


def _records(payload: Any, domain: str) -> Finding | None:
    match payload:
        case {"Data": [{"DKIMStatus": "OK", "SPFStatus": "OK"}]}:
            return passed(DOMAIN, f"{domain}: DKIM and SPF stand")
        case {"Data": [{"DKIMStatus": str(dkim), "SPFStatus": str(spf)}]}:
            return unclear(DOMAIN, f"{domain}: DKIM {dkim!r}, SPF {spf!r}", _PUBLISH_ADVICE)
    return None
