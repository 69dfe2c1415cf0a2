"""Mailgun: up to 1,000 recipients a call, merged by Mailgun from recipient-variables.

Facts: Mailgun's OpenAPI description (``/v3/{domain_name}/messages``), its page of response codes,
and django-anymail for ``%recipient.…%`` in headers.

Read-only questions to Mailgun: the domain's state, and the recipients of an attempt.

``GET /v4/domains/{name}`` returns the state of the domain. Facts: Mailgun's documentation of the
Domains API (active, unverified, disabled; 401, 404) and of its keys. A domain's sending key may
only send. Its status here is not documented, so 401 does not prove a key wrong.

Its log of events shows the accepted recipients around the time of an attempt. Facts: Mailgun's
OpenAPI description (``/v3/{domain_name}/events``: pages of 300, filters ``event``, ``tags``,
``recipient``, ``begin`` and ``end``, events kept for three days or more) and its pages on events,
which join filters by OR and call events settled after half an hour. The attempt comes back in
``user-variables``.

First some recipients at a time are searched, with days to spare on either side. A recipient who is
not found is then searched among all accepted messages of the campaign at that time: an OR that was
not understood must not count as absence. Nor must an empty log: the same filters must find two
events that are surely there. The time for which a plan shows events varies: a day is the least.

Unconfirmed: the answer to a period that ends in the future. If it is an error, unknown recipients
stay unknown.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any, Literal
from urllib.parse import parse_qs, parse_qsl, urlsplit

from pydantic import SecretStr

from newsletter.domain.delivery.batch import Answer, OutgoingBatch, Verdict
from newsletter.domain.delivery.mime import ascii_domain
from newsletter.domain.delivery.provider import Capabilities, Finding, failed, passed, unclear
from newsletter.domain.statements.content import NAME_MARKS, Content, MergeField, Recipient
from newsletter.domain.wording import say
from newsletter.providers.common import answers, bodies, doctor
from newsletter.providers.common.answers import BatchTranslator
from newsletter.providers.common.doctor import DOMAIN, KEY, Probe
from newsletter.providers.common.options import ProviderOptions, WebhookKey, basic, option, origin
from newsletter.providers.common.records import MAX_CLOCK_ERROR, Inquiry, Page, Purpose, Question
from newsletter.transport import http
from newsletter.transport.http import MAX_RETRY_AFTER, HttpRequest, HttpResponse

MAX_RECIPIENTS = 1000
_MAX_BYTES = 25_000_000  # of a message, uncompressed, by Mailgun's documentation
PUBLIC_URL = "https://api.mailgun.net"
_MAX_OPTION_BYTES = 16 * 1024
_VARIABLE_OF_MARK = {
    MergeField.UNSUBSCRIBE.value: "u",
    MergeField.MESSAGE_ID.value: "m",
    **{mark: f"n{number}" for number, mark in enumerate(NAME_MARKS)},
}
_RESERVED_PATTERN = re.compile(  # but not what is percent-encoded in a link, as in %2Fmy_url%2F
    r"%(?:recipient\w*|(?![0-9a-f]{2})[a-z]\w*_(?:url|email)%)", re.IGNORECASE
)
_HEADER_NAME_PATTERN = re.compile(r"[A-Za-z0-9-]+")
_RECIPIENT_ERROR_PATTERN = re.compile(r"\bto['\"]? parameter|recipient address", re.IGNORECASE)
_CALL_PATTERN = re.compile(
    r"\bfrom\b|sender|domain|recipient-variables|parameters|\b[ohvt]:|sandbox|account|at least one",
    re.IGNORECASE,
)
_WAIT_SECONDS_PATTERN = re.compile(r"after ([0-9]{1,9}) second", re.IGNORECASE)
_WAIT_DATE_PATTERN = re.compile(r"after (\w{3}, \d{1,2} \w{3} \d{4} [\d:]{8} (?:UTC|GMT))")


class Options(ProviderOptions):
    """Settings of Mailgun."""

    kind: Literal["mailgun"]
    domain: str = option(
        "The sending domain at Mailgun.", pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$"
    )
    api_key: SecretStr = option(
        "A sending key of the domain, or the account's private key.", min_length=1
    )
    webhook_key: WebhookKey = None


class Mailgun(BatchTranslator[tuple[bytes, ...]]):
    """Translates batches to Mailgun's API."""

    name, label = "mailgun", "Mailgun"
    limits = Capabilities(max_recipients=MAX_RECIPIENTS, max_bytes=_MAX_BYTES)

    def __init__(self, options: Options) -> None:
        url = f"{origin(options, PUBLIC_URL)}/v3/{options.domain}/messages"
        super().__init__(options, url, basic("api", options.api_key), _compile)

    def build(self, batch: OutgoingBatch) -> HttpRequest:
        """Return a multipart form. Raises InvalidInput for what Mailgun would misread."""
        to, variables = _recipients(batch.recipients)
        parts = [
            *self._compiled(batch.content),
            _part("o:tag", batch.campaign),
            _part("v:campaign", batch.campaign),
            _part("v:attempt", batch.attempt_id),
            _part("to", to),
            _part("recipient-variables", variables),
        ]
        boundary, body = _multipart(parts, batch.attempt_id)
        headers = {**self._headers, "Content-Type": f"multipart/form-data; boundary={boundary}"}
        return HttpRequest(method="POST", url=self._url, headers=headers, body=body)

    def parse(self, batch: OutgoingBatch, response: HttpResponse) -> Answer:
        """Return one verdict for the whole call: Mailgun takes the whole batch or nothing."""
        payload = http.json_object(response) or {}
        message = http.shorten(payload.get("message") or f"HTTP {response.status}")
        if response.status // 100 == 2:
            id_ = payload.get("id") if response.status == 200 else ""
            return answers.accept_with_id(response, id_, f"HTTP {response.status} without an id")
        if response.status == 400 and payload.get("message"):  # else the answer is not from Mailgun
            reader = _RECIPIENT_ERROR_PATTERN.search(message) or not _CALL_PATTERN.search(message)
            verdict = answers.reject_or_split(batch) if reader else Verdict.CONFIGURATION
            return answers.make_answer(response, verdict, message)
        if response.status in {420, 429}:
            verdict = Verdict.RETRY if response.status == 429 else Verdict.QUOTA
            seconds = _WAIT_SECONDS_PATTERN.search(message)
            date = _WAIT_DATE_PATTERN.search(message)
            wait = http.longest(
                min(timedelta(seconds=int(seconds[1])), MAX_RETRY_AFTER) if seconds else None,
                http.wait_until(date[1], response) if date else None,
            )
            return answers.make_answer(response, verdict, message, wait=wait)
        # 402 too: time does not repair an unpaid account, so a person must look
        return answers.refuse_by_status(batch, response, message)


def _compile(content: Content) -> tuple[bytes, ...]:
    """Encode the form fields that all batches of a campaign share, with Mailgun's merge marks."""
    fields = list(_fields(content))
    size = sum(len(name) + len(value.encode()) for name, value in fields if ":" in name)
    fault = bodies.fault("headers", f"take {size} bytes; Mailgun allows 16 KB")
    large = [fault] if size > _MAX_OPTION_BYTES else []
    bodies.check_content(
        content, "Mailgun", marks=_RESERVED_PATTERN, name_pattern=_HEADER_NAME_PATTERN, faults=large
    )
    return tuple(_part(name, _in_mailgun_words(value)) for name, value in fields)


def _fields(content: Content) -> Iterator[tuple[str, str]]:
    sender = content.sender
    yield "from", bodies.format_mailbox(sender.name, sender.address)
    yield "subject", content.subject
    yield "text", content.text
    yield "html", content.html
    if sender.reply_to:
        yield "h:Reply-To", ascii_domain(sender.reply_to)
    for header, value in content.headers:
        yield f"h:{header}", value
    for tracking_option in ("o:tracking", "o:tracking-clicks", "o:tracking-opens"):
        yield tracking_option, "no"


def _in_mailgun_words(value: str) -> str:
    for mark, variable in _VARIABLE_OF_MARK.items():
        value = value.replace(mark, f"%recipient.{variable}%")
    return value


def _recipients(recipients: Sequence[Recipient]) -> tuple[str, str]:
    """Return the ``to`` list and recipient-variables. Checked values need no escaping."""
    to = bodies.addresses(recipients, limit=MAX_RECIPIENTS, label="Mailgun")
    readers = bodies.check_values(recipients)
    columns = to, readers.unsubscribe, readers.message_ids, readers.names
    variables = ",".join(
        [
            f'"{address}":{{"u":"{link}","m":"{message_id}"{_variables(names) if names else ""}}}'
            for address, link, message_id, names in zip(*columns, strict=True)
        ]
    )
    return ", ".join(to), f"{{{variables}}}"


def _variables(names: Iterable[str]) -> str:
    return "".join(f',"n{number}":"{name}"' for number, name in enumerate(names))


def _part(name: str, value: str) -> bytes:
    return f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()


def _multipart(parts: list[bytes], attempt_id: str) -> tuple[str, bytes]:
    """Return a boundary, derived from the attempt's id and in none of the parts, and the body."""
    tries = 0
    while True:
        boundary = hashlib.sha256(f"{attempt_id} {tries}".encode()).hexdigest()[:40]
        line = f"--{boundary}".encode()
        body = b"".join([line, b"\r\n", (line + b"\r\n").join(parts), line, b"--\r\n"])
        if body.count(boundary.encode()) == len(parts) + 1:
            return boundary, body
        tries += 1


_REGION_ADVICE = say("in the European region, set base_url: https://api.eu.mailgun.net")


def probes(options: Options, sender: str) -> tuple[Probe | Finding, ...]:
    """Return the question about the domain's state, and a finding on the sender's address."""
    domain = options.domain.lower()

    def judge(payload: Any) -> Finding | None:
        match payload:
            case {"domain": {"state": "active"}}:
                return passed(DOMAIN, f"{domain} is active")
            case {"domain": {"state": "unverified"}}:
                fix = say("publish its DNS records, and let Mailgun check them")
                return doctor.domain_state(domain, False, fix)
            case {"domain": {"state": str(state)}}:
                ask = "ask Mailgun why, in its console"
                said = "Mailgun calls {domain} {state!r}"
                return failed(DOMAIN, said, ask, domain=domain, state=state)
        return None

    advice = "add it in Mailgun's console, or correct provider.domain; {region}"
    missing = say(advice, region=_REGION_ADVICE)
    why = "it is refused here, as a sending key may be: this proves nothing"
    read_refusal = doctor.refusal_by_status(
        {
            404: doctor.domain_state(domain, None, missing),
            401: unclear(KEY, why, f"if it is the account's key, it is wrong; {_REGION_ADVICE}"),
        }
    )
    url = f"{origin(options, PUBLIC_URL)}/v4/domains/{domain}"
    probe = Probe(DOMAIN, url, basic("api", options.api_key), judge, read_refusal)
    return (probe, *_alignment(domain, doctor.domain_of(sender)))


def _alignment(domain: str, signer: str) -> tuple[Finding, ...]:
    """Return the finding on DMARC alignment: the From domain must match the signing domain."""
    if signer == domain or signer.endswith(f".{domain}") or domain.endswith(f".{signer}"):
        return ()
    why = f"the sender writes from {signer}, and Mailgun signs for {domain}"
    return (unclear("sender", why, "let sender.address and provider.domain belong together"),)


_SEARCH_BEFORE, _SEARCH_AFTER = timedelta(minutes=2), timedelta(minutes=8)
"""Their clock is not ours, and the call may have taken as long as a call may."""
_RECIPIENTS_PER_REQUEST = 50
_MAX_LATEST_EVENTS = 20


class MailgunInquiry(Inquiry):
    """Searches the domain's accepted events."""

    kept_for = timedelta(days=1)
    rows_key, id_key = "items", "id"

    def __init__(self, options: Options) -> None:
        self._path = f"/v3/{options.domain}/events"
        url = origin(options, PUBLIC_URL) + self._path
        super().__init__(url, basic("api", options.api_key), options.timeout)

    def first_question(self, batch: OutgoingBatch) -> Question:
        """Ask for accepted events of the first recipients."""
        return self._recipients_question(batch, 0)

    def read_attempt(self, batch: OutgoingBatch, question: Question, payload: Any) -> Page:
        """Return the recipients on the page. The empty last page links to a next page too."""
        numbers = {_fold(recipient): recipient.subscriber_id for recipient in batch.recipients}
        accepted_events = [
            (item["recipient"].lower(), str(item["id"]))
            for item in payload["items"]
            if item["user-variables"].get("attempt") == batch.attempt_id
        ]
        ids = {numbers[address]: name for address, name in accepted_events if address in numbers}
        searched_recipients = parse_qs(urlsplit(question.url).query).get("recipient")
        if searched_recipients is not None:
            return Page(found=ids, next=self._question_after(batch, searched_recipients))
        if not payload["items"]:
            newest_first = {"ascending": "no", "limit": str(_MAX_LATEST_EVENTS)}
            return Page(found=ids, next=self._events(batch, newest_first, purpose=Purpose.LATEST))
        next_url = urlsplit(payload["paging"]["next"])
        if not next_url.path.startswith(self._path):
            raise ValueError(f"{next_url.path} is no page of the events")
        path = next_url.path.removeprefix(self._path)
        next_question = self.question(Purpose.ATTEMPT, parse_qsl(next_url.query), path=path)
        return Page(found=ids, next=next_question)

    def control_question(self, batch: OutgoingBatch, rows: list[dict[str, Any]]) -> Question:
        """Ask with the batch's filters for the two latest accepted events."""
        tagged_rows = [each for each in rows if each["tags"]]
        if not tagged_rows:
            raise ValueError("an empty log proves no absence: no other message is known")
        tag = tagged_rows[0]["tags"][0]
        alike = {each["recipient"]: str(each["id"]) for each in tagged_rows if tag in each["tags"]}
        sample = dict(list(alike.items())[:2])
        expected_ids, recipient = frozenset(sample.values()), " OR ".join(sample)
        filters = {"tags": tag, "recipient": recipient}
        return self._events(batch, filters, purpose=Purpose.CONTROL, expected=expected_ids)

    def _question_after(self, batch: OutgoingBatch, searched_recipients: list[str]) -> Question:
        """Ask for the next recipients, or for all messages if each recipient was asked for."""
        last_recipient = searched_recipients[0].rpartition(" OR ")[2]
        position = 1 + [_fold(recipient) for recipient in batch.recipients].index(last_recipient)
        if position < len(batch.recipients):
            return self._recipients_question(batch, position)
        return self._events(batch, {"tags": batch.campaign}, offset=timedelta(0))

    def _recipients_question(self, batch: OutgoingBatch, start: int) -> Question:
        query = " OR ".join(map(_fold, batch.recipients[start : start + _RECIPIENTS_PER_REQUEST]))
        return self._events(batch, {"tags": batch.campaign, "recipient": query})

    def _events(
        self,
        batch: OutgoingBatch,
        by: dict[str, str],
        *,
        offset: timedelta = MAX_CLOCK_ERROR,
        purpose: Purpose = Purpose.ATTEMPT,
        expected: frozenset[str] = frozenset(),
    ) -> Question:
        query = {
            "event": "accepted",
            "begin": f"{(batch.at - _SEARCH_BEFORE - offset).timestamp():.0f}",
            "end": f"{(batch.at + _SEARCH_AFTER + offset).timestamp():.0f}",
            "ascending": "yes",
            "limit": "300",
        }
        return self.question(purpose, query | by, expected)


def _fold(recipient: Recipient) -> str:
    return ascii_domain(recipient.address).lower()
