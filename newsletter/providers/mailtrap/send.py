"""Mailtrap's bulk stream: up to 500 whole messages a call, each with an answer of its own.

Facts: Mailtrap's OpenAPI description (``/api/batch``), its page on the bulk stream, and
django-anymail for what a request overrides. Tracking is a setting of the sending domain there.

Read-only questions to Mailtrap: the domains, and the recipients of an attempt.

``GET /api/domains`` of the account's API lists the domains. Facts: Mailtrap's OpenAPI description
"Email Sending", and its Ruby client for ``data``. Whether a token that may only send gets 401 or
403 here is not documented.

Its email log shows our variables with each message. Facts: Mailtrap's OpenAPI description (``GET
/api/email_logs`` on ``mailtrap.io``: newest first, ``search_after`` with the cursor of the page
before, filters as ``filters[sent_after]`` or ``filters[to][operator]`` with several values; custom
variables come back with each message; unknown filters are ignored, and domains that a token may not
see are left out). Unconfirmed: how soon a message is in the log, the size of a page, and for how
long messages are kept: a day is taken for the least.

Some readers are searched at a time. A reader who is not found counts as absent only if the same
filters find two other readers of the same domain.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode

from pydantic import SecretStr

from newsletter.domain.delivery.batch import Answer, Outcome, OutgoingBatch, Verdict
from newsletter.domain.delivery.mime import ascii_domain
from newsletter.domain.delivery.provider import Capabilities, Finding, unclear
from newsletter.domain.statements.content import MARK_PREFIX, Content, Recipient
from newsletter.providers.common import answers, bodies, doctor, records
from newsletter.providers.common.answers import BatchTranslator
from newsletter.providers.common.bodies import ADDRESS_MARK, CAMPAIGN_MARK, METADATA_MARKS, Template
from newsletter.providers.common.doctor import DOMAIN, KEY, Probe
from newsletter.providers.common.options import ProviderOptions, WebhookKey, bearer, option, origin
from newsletter.providers.common.records import Inquiry, Page, Purpose, Query, Question
from newsletter.transport import http
from newsletter.transport.http import HttpRequest, HttpResponse

MAX_RECIPIENTS = 500
MAX_BYTES = 50_000_000
_PUBLIC_URL = "https://bulk.api.mailtrap.io"
# its samples fill {{…}} also in text that belongs to no template
_RESERVED_PATTERN = re.compile(r"\{\{|__unsubscribe_url__", re.IGNORECASE)
_BY_WORDS = {
    r"rate limit|too many requests|try again|temporar": Verdict.RETRY,
    r"\bsize\b|too (?:large|big|long)": Verdict.CONFIGURATION,
    r"(?:limit|quota).*(?:reach|exceed)|(?:reach|exceed).*(?:limit|quota)": Verdict.QUOTA,
    r"internal|unexpected|timed? ?out": Verdict.UNKNOWN,
    r"'to'|recipient|suppress|unsubscribed|bounced|complain": Verdict.REJECTED,
    r"\bfrom\b|sender|domain|unauthori|forbidden|account|suspend|verif": Verdict.CONFIGURATION,
    r"subject|body|header|custom_variables|category|base|requests": Verdict.CONFIGURATION,
}


class Options(ProviderOptions):
    """Settings of Mailtrap's bulk stream."""

    kind: Literal["mailtrap"]
    api_token: SecretStr = option(
        "A token that may send through the bulk stream of the domain.", min_length=1
    )
    webhook_key: WebhookKey = None


class Mailtrap(BatchTranslator[tuple[bytes, Template]]):
    """Translates batches to Mailtrap's API."""

    name, label = "mailtrap", "Mailtrap"
    limits = Capabilities(max_recipients=MAX_RECIPIENTS, max_bytes=MAX_BYTES, own_body=True)

    def __init__(self, options: Options) -> None:
        url = f"{origin(options, _PUBLIC_URL)}/api/batch"
        super().__init__(options, url, bearer(options.api_token), _compile)

    def build(self, batch: OutgoingBatch) -> HttpRequest:
        """Return a POST of one JSON object. Raises InvalidInput for content or addresses that
        Mailtrap would misread."""
        base, request = self._compiled(batch.content)
        requests = self.fill_entries(request, batch)
        return self.post(b'{"base":%b,"requests":[%b]}' % (base, requests))

    def parse(self, batch: OutgoingBatch, response: HttpResponse) -> Answer:
        """Return one verdict for each recipient, by position: the answers contain no addresses."""
        payload = http.json_object(response) or {}
        errors = _reason(payload)
        reason = errors or f"HTTP {response.status}"
        if response.status // 100 == 2:
            items = answers.read_outcomes(batch, payload.get("responses"), _item)
            is_accepted = any(item.verdict is Verdict.ACCEPTED for item in items)
            is_complete = payload.get("success") is True and not payload.get("errors")
            understood = response.status == 200 and (is_complete or not is_accepted)
            return answers.combine(batch, items if understood else [], response)
        verdict = _find_verdict(reason)
        if response.status in {400, 422} and errors:
            verdict = (
                verdict if verdict is Verdict.CONFIGURATION else answers.reject_or_split(batch)
            )
            return answers.make_answer(response, verdict, reason)
        if response.status == 429 and verdict is Verdict.QUOTA:
            return answers.make_answer(response, verdict, reason)
        return answers.refuse_by_status(batch, response, reason)


def _reason(payload: dict[str, Any]) -> str:
    errors = payload.get("errors")
    return http.shorten("; ".join(map(str, errors))) if isinstance(errors, list) else ""


def _find_verdict(reason: str) -> Verdict | None:
    found = (how for words, how in _BY_WORDS.items() if re.search(words, reason, re.IGNORECASE))
    return next(found, None)


def _item(_: Recipient, payload: Any) -> Outcome | None:
    if not isinstance(payload, dict):
        return None
    reason = _reason(payload)
    match payload.get("success"), payload.get("message_ids") or [], payload.get("errors") or []:
        case True, [str(provider_id)], [] if provider_id:
            return Outcome(verdict=Verdict.ACCEPTED, provider_id=provider_id)
        case False, [], [_, *_]:
            return Outcome(verdict=_find_verdict(reason) or Verdict.SPLIT, reason=reason)
    return None


def _compile(content: Content) -> tuple[bytes, Template]:
    """Encode fields without merge marks as ``base``, and the others as a request template."""
    bodies.check_content(content, "Mailtrap", marks=_RESERVED_PATTERN)
    sender = content.sender
    fields: dict[str, Any] = {
        "from": bodies.mailbox_object(sender.address, sender.name),
        "reply_to": bodies.mailbox_object(sender.reply_to),
        "subject": content.subject,
        "text": content.text,
        "html": content.html,
        "headers": dict(content.headers),
        "to": [{"email": ADDRESS_MARK}],
        "category": CAMPAIGN_MARK,
        "custom_variables": METADATA_MARKS,
    }
    message = {name: value for name, value in fields.items() if value}
    base = {name: each for name, each in message.items() if MARK_PREFIX not in bodies.to_json(each)}
    request = {name: each for name, each in message.items() if name not in base}
    return bodies.to_json(base).encode(), bodies.compile_template(request)


_REFUSAL = "it is refused here, as a token that may only send may be: this proves nothing"
_read_refusal = doctor.refusal_by_status({401: unclear(KEY, _REFUSAL)})


def probes(options: Options, sender: str) -> tuple[Probe | Finding, ...]:
    """Return the question whether the domain is verified. The account's API has another host."""
    domain = doctor.domain_of(sender)
    url, headers = f"{origin(options, _RECORDS_URL)}/api/domains", bearer(options.api_token)
    return (Probe(DOMAIN, url, headers, lambda payload: _domains(payload, domain), _read_refusal),)


def _domains(payload: Any, domain: str) -> Finding | None:
    match payload:
        case {"data": list(items)}:
            found = doctor.find_domain(items, "domain_name", domain)
            return doctor.listed_state(domain, found, "dns_verified", menu="Sending Domains")
    return None


_RECORDS_URL = "https://mailtrap.io"
_MAX_RECIPIENTS = 50


class MailtrapInquiry(Inquiry):
    """Asks the log for a batch's recipients, then for messages that are known to be there."""

    kept_for = timedelta(days=1)
    rows_key, id_key = "messages", "message_id"

    def __init__(self, options: Options) -> None:
        url = f"{origin(options, _RECORDS_URL)}/api/email_logs"
        super().__init__(url, bearer(options.api_token), options.timeout)

    def first_question(self, batch: OutgoingBatch) -> Question:
        """Ask for messages to the first recipients around the time of the attempt."""
        addresses = [ascii_domain(recipient.address) for recipient in batch.recipients]
        window = records.search_window(batch.at, self._timeout)
        readers = [
            self.question(Purpose.ATTEMPT, _query_for(addresses[n : n + _MAX_RECIPIENTS], window))
            for n in range(0, len(addresses), _MAX_RECIPIENTS)
        ]
        ours = {"filters[from][operator]": "ci_contain", "filters[from][value]": _domain(batch)}
        return records.chain([*readers, self.question(Purpose.LATEST, ours)])

    def read_attempt(self, batch: OutgoingBatch, question: Question, payload: Any) -> Page:
        cursor = payload["next_page_cursor"]
        next_question = records.chain(question.following)
        if cursor:
            base, _, query = question.url.partition("?")
            parameters = [each for each in parse_qsl(query) if each[0] != "search_after"]
            url = f"{base}?{urlencode([*parameters, ('search_after', cursor)])}"
            next_question = replace(question, url=url)
        rows = payload["messages"]
        tagged_rows = (row for row in rows if row["category"] == batch.campaign)
        if not all("attempt" in row["custom_variables"] for row in tagged_rows):
            raise ValueError("a message of the campaign came without the attempt it belongs to")
        metadata_and_id = [(row["custom_variables"], str(row["message_id"])) for row in rows]
        return Page(found=records.ids_of_attempt(batch, metadata_and_id), next=next_question)

    def control_question(self, batch: OutgoingBatch, rows: list[dict[str, Any]]) -> Question:
        """Ask with the batch's filters for messages to other recipients of the same domain."""
        if not all(ascii_domain(recipient.address).isascii() for recipient in batch.recipients):
            raise ValueError("it is not documented how the log writes non-ASCII addresses")
        ours = {row["to"]: row for row in rows if _domain(batch) in row["from"]}
        sample = dict(list(ours.items())[:_MAX_RECIPIENTS])
        if len(sample) < 2:
            raise ValueError("the log does not show two readers of the domain")
        # in the batch's own days: by another clock's days no message would be found either
        window = records.search_window(batch.at, self._timeout)
        expected_ids = frozenset(row["message_id"] for row in sample.values())
        return self.question(Purpose.CONTROL, _query_for(list(sample), window), expected_ids)


def _domain(batch: OutgoingBatch) -> str:
    return "@" + ascii_domain(batch.content.sender.address).rpartition("@")[2]


def _query_for(addresses: Sequence[str], window: tuple[datetime, datetime]) -> Query:
    return [
        ("filters[sent_after]", window[0].isoformat()),
        ("filters[sent_before]", window[1].isoformat()),
        ("filters[to][operator]", "ci_equal"),
        *(("filters[to][value][]", address) for address in addresses),
    ]
