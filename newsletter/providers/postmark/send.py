"""Postmark: up to 500 whole messages a call, each with an answer of its own.

Facts: Postmark's guide to batches, its list of API error codes and its page on error 300. Without
X-PM-KeepID it replaces Message-ID. On a broadcast stream it adds an unsubscribe link of its own,
unless the stream's unsubscribe handling is set to custom.
"""

import re
from functools import partial
from typing import Any, Literal

from pydantic import SecretStr

from newsletter.domain.delivery.batch import Answer, Outcome, OutgoingBatch, Verdict
from newsletter.domain.delivery.mime import ascii_domain
from newsletter.domain.delivery.provider import Capabilities
from newsletter.domain.statements.content import Content, Recipient
from newsletter.providers.common import answers, bodies
from newsletter.providers.common.bodies import ADDRESS_MARK, CAMPAIGN_MARK, METADATA_MARKS, Template
from newsletter.providers.common.options import ProviderOptions, WebhookKey, option, origin
from newsletter.providers.common.translators import MessageTranslator
from newsletter.providers.common.webhooks import parse_json
from newsletter.transport import http
from newsletter.transport.http import HttpResponse

MAX_RECIPIENTS = 500
MAX_BYTES = 50_000_000
MAX_BODY_BYTES = 5_000_000
PUBLIC_URL = "https://api.postmarkapp.com"
_RESERVED_PATTERN = re.compile(
    r"\{\{\s*+(?:\{\s*+)?pm:", re.IGNORECASE
)  # replaced also without a template
_HEADER_NAME_PATTERN = re.compile(r"[A-Za-z0-9-]+")
_RECIPIENT_ERROR_PATTERN = re.compile(r"['\"]To['\"]")
_CALL_ERROR_PATTERN = re.compile(
    r"\b(?:From|[Ss]ender|Reply-?To|Subject|TextBody|HtmlBody|[Hh]eaders?|Metadata|Tag"
    r"|(?:Message)?[Ss]treams?)\b"
)
_VERDICT_OF_CODE = {
    0: Verdict.ACCEPTED,
    # an invalid address, and one that Postmark deactivated after a bounce or complaint
    **dict.fromkeys((300, 406), Verdict.REJECTED),
    # maintenance, and too many calls
    **dict.fromkeys((100, 429), Verdict.RETRY),
    # token, sender, JSON, credits, size of the batch, account: each batch would be refused
    **dict.fromkeys((10, 400, 401, 402, 403, 405, 409, 410, 412, 413), Verdict.CONFIGURATION),
}


class Options(ProviderOptions):
    """Settings of Postmark."""

    shaping = frozenset({"message_stream"})  # it decides about tracking, and may add links

    kind: Literal["postmark"]
    server_token: SecretStr = option(
        "The API token of the server that the stream belongs to.", min_length=1
    )
    message_stream: str = option(
        "The broadcast stream's id; set its unsubscribe handling to custom.",
        default="broadcast",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$",
    )
    webhook_key: WebhookKey = None


class Postmark(MessageTranslator):
    """Translates batches to Postmark's API."""

    name, label = "postmark", "Postmark"
    limits = Capabilities(
        max_recipients=MAX_RECIPIENTS,
        max_bytes=MAX_BYTES,
        own_body=True,
        outcome_per_recipient=True,
    )
    frame = b"[%b]"

    def __init__(self, options: Options) -> None:
        url = f"{origin(options, PUBLIC_URL)}/email/batch"
        headers = {"X-Postmark-Server-Token": options.server_token.get_secret_value()}
        super().__init__(options, url, headers, partial(_compile, stream=options.message_stream))

    def parse(self, batch: OutgoingBatch, response: HttpResponse) -> Answer:
        """Return one verdict for each message, by position. Accepted ones repeat the address."""
        if response.status // 100 == 2:
            payload = parse_json(response.body) if response.status == 200 else None
            return answers.combine(batch, answers.read_outcomes(batch, payload, _item), response)
        payload = http.json_object(response) or {}
        message = http.brief(payload.get("Message") or f"HTTP {response.status}")
        verdict = _verdict(payload.get("ErrorCode"), message)
        if verdict is Verdict.REJECTED:
            verdict = answers.reject_or_split(batch)
        elif verdict is not Verdict.RETRY:
            verdict = Verdict.CONFIGURATION  # a 4xx: nothing was taken, and no retry helps
        return answers.refuse_by_status(batch, response, message, verdict)


def _item(recipient: Recipient, item: Any) -> Outcome | None:
    code = item.get("ErrorCode") if isinstance(item, dict) else None
    if type(code) is not int:
        return None
    to, provider_id = item.get("To"), item.get("MessageID")
    if to and str(to).lower() != ascii_domain(recipient.address).lower():
        return None
    if code == 0 and not (to and isinstance(provider_id, str) and provider_id):
        return None  # only a refusal may come without them
    message = http.brief(item.get("Message") or f"error {code}")
    verdict = _verdict(code, message)
    return Outcome(verdict=verdict, reason=message, provider_id="" if code else str(provider_id))


def _verdict(code: object, message: str) -> Verdict:
    """Return the verdict of an error code, which for 300 depends on the message too."""
    verdict = _VERDICT_OF_CODE.get(code, Verdict.UNKNOWN) if type(code) is int else Verdict.UNKNOWN
    if code != 300 and verdict is not Verdict.UNKNOWN:
        return verdict
    about_all = _CALL_ERROR_PATTERN.search(message) and not _RECIPIENT_ERROR_PATTERN.search(message)
    return Verdict.CONFIGURATION if about_all else verdict


def _compile(content: Content, stream: str) -> Template:
    """Encode one recipient's message as a template."""
    sender = content.sender
    call = {
        "From": bodies.format_mailbox(sender.name, sender.address),
        "Subject": content.subject,
        "TextBody": content.text,
        "HtmlBody": content.html,
    }
    if sender.reply_to:
        call["ReplyTo"] = ascii_domain(sender.reply_to)
    why = "is longer than the 5 MB that Postmark takes; shorten it"
    parts = (("text", content.text), ("html", content.html))
    more = [bodies.fault(key, why) for key, part in parts if len(part.encode()) > MAX_BODY_BYTES]
    bodies.check_content(
        content, "Postmark", marks=_RESERVED_PATTERN, name_pattern=_HEADER_NAME_PATTERN, faults=more
    )
    headers = (*content.headers, ("X-PM-KeepID", "true"))
    common_fields = {
        "Headers": [{"Name": key, "Value": value} for key, value in headers],
        "MessageStream": stream,
        "TrackOpens": False,
        "TrackLinks": "None",
        "Tag": CAMPAIGN_MARK,
        "Metadata": METADATA_MARKS,
        "To": ADDRESS_MARK,
    }
    return bodies.compile_template({**call, **common_fields})
