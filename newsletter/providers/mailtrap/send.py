"""Mailtrap's bulk stream: up to 500 whole messages a call, each with an answer of its own.

Facts: Mailtrap's OpenAPI description (``/api/batch``), its page on the bulk stream, and
django-anymail for what a request overrides. Tracking is a setting of the sending domain there.
"""

import re
from typing import Any, Literal

from pydantic import SecretStr

from newsletter.domain.delivery.batch import Answer, Outcome, OutgoingBatch, Verdict
from newsletter.domain.delivery.provider import Capabilities
from newsletter.domain.statements.content import MARK_PREFIX, Content, Recipient
from newsletter.providers.common import answers, bodies
from newsletter.providers.common.bodies import ADDRESS_MARK, CAMPAIGN_MARK, METADATA_MARKS, Template
from newsletter.providers.common.options import ProviderOptions, WebhookKey, bearer, option, origin
from newsletter.providers.common.translators import BatchTranslator
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
    limits = Capabilities(
        max_recipients=MAX_RECIPIENTS,
        max_bytes=MAX_BYTES,
        own_body=True,
        outcome_per_recipient=True,
    )

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
    return http.brief("; ".join(map(str, errors))) if isinstance(errors, list) else ""


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
