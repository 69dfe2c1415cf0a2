"""SendGrid: up to 1,000 personalizations a call, one body for all with substitutions in it.

Facts: SendGrid's OpenAPI description (``/v3/mail/send``) and its pages of errors. Each
personalization has its own headers and custom arguments, which is right whether SendGrid adds those
of the whole call or replaces them. Unconfirmed: the size of a call, international names before the
@.
"""

import json
import re
from typing import Literal

from pydantic import SecretStr

from newsletter.domain.delivery.batch import Answer, OutgoingBatch, Verdict
from newsletter.domain.delivery.provider import Capabilities
from newsletter.domain.statements.content import NAME_MARKS, Content, MergeField, Recipient
from newsletter.providers.common import answers, bodies
from newsletter.providers.common.options import ProviderOptions, WebhookKey, bearer, option, origin
from newsletter.providers.common.translators import BatchTranslator
from newsletter.transport import http
from newsletter.transport.http import MAX_RETRY_AFTER, HttpRequest, HttpResponse

MAX_RECIPIENTS = 1000
MAX_BYTES = 30_000_000
PUBLIC_URL = "https://api.sendgrid.com"
_DISABLED = {"enable": False}
_MAIL_SETTINGS = {
    "tracking_settings": {
        "click_tracking": {"enable": False, "enable_text": False},
        **dict.fromkeys(("open_tracking", "subscription_tracking", "ganalytics"), _DISABLED),
    },
    "mail_settings": {"footer": _DISABLED},  # an account's footer was not approved
}
_TAKEN_HEADERS = {"x-sg-id", "x-sg-eid", "received", "dkim-signature", "to", "cc", "bcc"}
_RESERVED_PATTERN = re.compile(r"<%\s*\w+\s*%>|%asm_\w+%", re.IGNORECASE)
_RECIPIENT_FIELD_PATTERN = re.compile(r"personalizations\.[0-9]+\.to(?:\.[0-9]+(?:\.email)?)?")
_TEMPORARY_ERROR_PATTERN = re.compile(r"\btemporar", re.IGNORECASE)
_QUOTA_ERROR_PATTERN = re.compile(r"credits exceeded", re.IGNORECASE)


class Options(ProviderOptions):
    """Settings of SendGrid."""

    kind: Literal["sendgrid"]
    api_key: SecretStr = option("A key that may send mail.", min_length=1)
    webhook_key: WebhookKey = None


class SendGrid(BatchTranslator[tuple[bytes, str]]):
    """Translates batches to SendGrid's API."""

    name, label = "sendgrid", "SendGrid"
    limits = Capabilities(max_recipients=MAX_RECIPIENTS, max_bytes=MAX_BYTES)

    def __init__(self, options: Options) -> None:
        url = f"{origin(options, PUBLIC_URL)}/v3/mail/send"
        super().__init__(options, url, bearer(options.api_key), _compile)

    def build(self, batch: OutgoingBatch) -> HttpRequest:
        """Return a POST of JSON. Raises InvalidInput for what SendGrid would misread."""
        start, headers = self._compiled(batch.content)
        readers = bodies.addresses(batch.recipients, limit=MAX_RECIPIENTS, label=self.label)
        bodies.check_values(batch.recipients)
        campaign = json.dumps(batch.campaign)
        attempt = f'"campaign":{campaign},"attempt":{json.dumps(batch.attempt_id)}'
        personalizations = [
            f'{{"to":[{{"email":"{address}"}}],'
            f'"headers":{recipient.merge(headers)},'
            f'"substitutions":{{"{MergeField.UNSUBSCRIBE.value}":"{recipient.unsubscribe}",'
            f'"{MergeField.MESSAGE_ID.value}":"{recipient.message_id}"{_name_values(recipient)}}},'
            f'"custom_args":{{{attempt},"subscriber":"{recipient.subscriber_id}"}}}}'
            for address, recipient in zip(readers, batch.recipients, strict=True)
        ]
        body_end = f',"categories":[{campaign}],"personalizations":[{",".join(personalizations)}]}}'
        return self.post(start + body_end.encode())

    def parse(self, batch: OutgoingBatch, response: HttpResponse) -> Answer:
        """Return one verdict for the whole call: SendGrid takes the whole batch or nothing."""
        rows = (http.json_object(response) or {}).get("errors")
        errors = [each for each in rows if isinstance(each, dict)] if isinstance(rows, list) else []
        messages = "; ".join(str(error.get("message")) for error in errors)
        reason = http.brief(messages or f"HTTP {response.status}")
        if response.status // 100 == 2:
            provider_id = response.headers.get("x-message-id", "").strip()
            provider_id = provider_id if response.status == 202 and not response.body else ""
            why = f"HTTP {response.status}, but not the empty answer with an X-Message-Id"
            return answers.accept_with_id(response, provider_id, why)
        if response.status in {429, 401, 403}:
            return _rate_limited(response, reason)
        if response.status == 400:
            fields = [str(error.get("field")) for error in errors]
            about_readers = fields and all(map(_RECIPIENT_FIELD_PATTERN.fullmatch, fields))
            verdict = answers.reject_or_split(batch) if about_readers else Verdict.CONFIGURATION
            return answers.make_answer(response, verdict, reason)
        return answers.refuse_by_status(batch, response, reason)


def _name_values(reader: Recipient) -> str:
    if not reader.names:
        return ""
    named = zip(NAME_MARKS, reader.names, strict=False)
    return "".join(f',"{mark}":"{name}"' for mark, name in named)


def _rate_limited(response: HttpResponse, reason: str) -> Answer:
    """Return RETRY for 429; used-up credits come as 401, a temporary block as 403."""
    verdict = Verdict.CONFIGURATION
    wait = http.wait_until_reset(response, "x-ratelimit-reset")  # in seconds since 1970
    if response.status == 429:
        verdict = Verdict.RETRY
    elif response.status == 401 and _QUOTA_ERROR_PATTERN.search(reason):
        verdict = Verdict.QUOTA
    elif response.status == 403 and _TEMPORARY_ERROR_PATTERN.search(reason):
        verdict, wait = Verdict.RETRY, wait or http.retry_after(response) or MAX_RETRY_AFTER
    return answers.make_answer(response, verdict, reason, wait=wait)


def _compile(content: Content) -> tuple[bytes, str]:
    """Return the JSON that all batches share, without its closing brace, and that of the headers.

    Substitutions are named like our merge marks.
    """
    # SendGrid leaves encoding to its callers
    bodies.check_content(
        content, "SendGrid", marks=_RESERVED_PATTERN, forbidden=_TAKEN_HEADERS, ascii_only=True
    )
    sender, reply_to = content.sender, bodies.mailbox_object(content.sender.reply_to)
    call = {
        "from": bodies.mailbox_object(sender.address, sender.name),
        **({"reply_to": reply_to} if reply_to else {}),
        "subject": content.subject,
        "content": [
            {"type": "text/plain", "value": content.text},
            {"type": "text/html", "value": content.html},
        ],
        **_MAIL_SETTINGS,
    }
    start = json.dumps(call, ensure_ascii=False)[:-1].encode()
    return start, json.dumps(dict(content.headers))
