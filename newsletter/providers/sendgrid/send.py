"""SendGrid: up to 1,000 personalizations a call, one body for all with substitutions in it.

Facts: SendGrid's OpenAPI description (``/v3/mail/send``) and its pages of errors. Each
personalization has its own headers and custom arguments, which is right whether SendGrid adds those
of the whole call or replaces them. Unconfirmed: the size of a call, international names before the
@.

Read-only questions to SendGrid: key, domains, and whether it took an attempt.

``GET /v3/scopes`` returns the rights of the key, ``/v3/whitelabel/domains`` the domains. Facts:
SendGrid's pages on both; its issues, for 403 to a key without the scope. A sender may also be
verified as a single address; that is not asked.

Its email logs list messages. Facts: SendGrid's OpenAPI description of them (``POST /v3/logs`` with
a query over ``to_email``, ``sg_message_id_created_at`` and the like, at most 1,000 rows and no
further page; ``GET /v3/logs/{sg_message_id}`` with the custom arguments; kept for 30 days, for all
customers). A row names neither attempt nor campaign, so each row of a reader at that time is
opened. SendGrid takes a call whole or not at all: one message of the attempt proves the call, and
its absence for each of several readers disproves it. Unconfirmed: how soon a message is in the
logs, and how a string is quoted in a query; if it is misread, the control is not found.
"""

import json
import re
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import quote

from pydantic import SecretStr

from newsletter.domain.delivery.batch import Answer, OutgoingBatch, Verdict
from newsletter.domain.delivery.provider import Capabilities, Finding, failed, passed, unclear
from newsletter.domain.statements.content import NAME_MARKS, Content, MergeField, Recipient
from newsletter.domain.wording import say
from newsletter.providers.common import answers, bodies, doctor, records
from newsletter.providers.common.answers import BatchTranslator
from newsletter.providers.common.doctor import DOMAIN, KEY, Probe
from newsletter.providers.common.options import ProviderOptions, WebhookKey, bearer, option, origin
from newsletter.providers.common.records import Inquiry, Page, Purpose, Question
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
        reason = http.shorten(messages or f"HTTP {response.status}")
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


_MAX_DOMAINS = 200
_FIX = say("publish its DNS records, and let SendGrid verify them")


def probes(options: Options, sender: str) -> tuple[Probe | Finding, ...]:
    """Return questions about the key's rights and the authentication of the sender's domain."""
    base = origin(options, PUBLIC_URL)
    headers, domain = bearer(options.api_key), doctor.domain_of(sender)
    domains = f"{base}/v3/whitelabel/domains?limit={_MAX_DOMAINS}"
    return (
        Probe(KEY, f"{base}/v3/scopes", headers, _scopes),
        Probe(DOMAIN, domains, headers, lambda payload: _domains(payload, domain)),
    )


def _scopes(payload: Any) -> Finding | None:
    match payload:
        case {"scopes": list(scopes)} if "mail.send" in scopes:
            return passed(KEY, "it may send")
        case {"scopes": list()}:
            return failed(
                KEY, "it may not send", "give it the permission Mail Send, or make another"
            )
    return None


def _domains(payload: Any, domain: str) -> Finding | None:
    """Return the finding on the domain, or on a parent domain that signs for it."""
    if not isinstance(payload, list):
        return None
    ours = [
        item
        for item in payload
        if isinstance(item, dict) and f".{domain}".endswith(f".{str(item.get('domain')).lower()}")
    ]
    if ours:
        return doctor.domain_state(domain, any(item.get("valid") is True for item in ours), _FIX)
    why = f"{domain} is not among the authenticated domains"
    fix = "authenticate it; an address verified as a single sender can send, less reliably"
    return unclear(DOMAIN, why, fix)


_MAX_ROWS = 1000
_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


class SendGridInquiry(Inquiry):
    """Searches for a few recipients, fetches the messages found, then searches for the control."""

    all_or_none = True
    rows_key, id_key = "messages", "sg_message_id"

    def __init__(self, options: Options) -> None:
        headers = {**bearer(options.api_key), "Content-Type": "application/json"}
        super().__init__(f"{origin(options, PUBLIC_URL)}/v3/logs", headers, options.timeout)

    def first_question(self, batch: OutgoingBatch) -> Question:
        """Ask for messages to a first recipient around the time of the attempt."""
        readers = [
            self._query(address, batch.at, self._timeout, Purpose.ATTEMPT, address)
            for address in records.sample_addresses(batch)
        ]
        return records.chain([*readers, self._search("", 10, Purpose.LATEST)])

    def read_attempt(self, batch: OutgoingBatch, question: Question, payload: Any) -> Page:
        """Return the questions for the messages in a search result, or read one such message."""
        if question.purpose is Purpose.MESSAGE:
            attempt = payload.get("custom_args", {}).get("attempt")
            if attempt == batch.attempt_id:
                return records.whole_batch(batch, payload["sg_message_id"].partition(".")[0])
            if attempt is None and batch.campaign in payload.get("category", []):
                raise ValueError("a message of the campaign came without the attempt it belongs to")
            return Page(next=records.chain(question.following))
        rows = payload["messages"]
        if len(rows) >= _MAX_ROWS:
            raise ValueError(f"there may be more than {_MAX_ROWS} messages, and no further page")
        records.require_addresses(question, (row["to_email"] for row in rows))
        paths = [f"/{quote(str(row['sg_message_id']), safe='')}" for row in rows]
        messages = [self.question(Purpose.MESSAGE, {}, path=path) for path in paths]
        return Page(next=records.chain([*messages, *question.following]))

    def control_question(self, batch: OutgoingBatch, rows: list[dict[str, Any]]) -> Question:
        """Ask by address for the latest message in the log."""
        if not rows or not records.sample_addresses(batch):
            raise ValueError("an empty log proves no absence: no other message is known")
        identity = rows[0]["sg_message_id"]
        # in the batch's own days: by another clock's days no message would be found either
        return self._query(rows[0]["to_email"], batch.at, self._timeout, Purpose.CONTROL, identity)

    def _query(
        self, address: str, at: datetime, wait: timedelta, purpose: Purpose, expected: str
    ) -> Question:
        begin, end = (
            f'TIMESTAMP "{moment.strftime(_FORMAT)}"' for moment in records.search_window(at, wait)
        )
        query = (
            f'to_email = "{address}" AND sg_message_id_created_at >= {begin}'
            f" AND sg_message_id_created_at < {end}"
        )
        return self._search(query, _MAX_ROWS, purpose, expected)

    def _search(self, query: str, limit: int, purpose: Purpose, expected: str = "") -> Question:
        search = {"query": query, "limit": limit} if query else {"limit": limit}
        return Question(
            method="POST",
            url=self._url,
            headers=self._headers,
            body=json.dumps(search).encode(),
            purpose=purpose,
            expected=frozenset({expected}),
        )
