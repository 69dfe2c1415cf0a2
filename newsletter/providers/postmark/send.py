"""Postmark: up to 500 whole messages a call, each with an answer of its own.

Facts: Postmark's guide to batches, its list of API error codes and its page on error 300. Without
X-PM-KeepID it replaces Message-ID. On a broadcast stream it adds an unsubscribe link of its own,
unless the stream's unsubscribe handling is set to custom.

Read-only questions to Postmark: token, stream, and the recipients of an attempt.

``GET /server`` proves the token, ``GET /message-streams/{id}`` the stream. Facts: Postmark's pages
on servers, message streams and tokens (401 for a wrong one), and its clients for
``SubscriptionManagementConfiguration``. Domains need the token of the account.

Its message search finds the attempt in the metadata. Facts: Postmark's page on its messages API
(``/messages/outbound``: ``count`` up to 500, ``offset``, ``tag``, ``messagestream``, filters on
metadata as ``metadata_KEY``; kept for 45 days). Metadata comes back with each message, so an
ignored filter costs pages and proves nothing wrong. A filter that finds nothing would: so some
readers are searched by address, too, and the same filters must find a message that is surely there.
Unconfirmed: how soon a message can be found.
"""

import re
from datetime import timedelta
from functools import partial
from typing import Any, Literal
from urllib.parse import parse_qs, quote, urlsplit

from pydantic import SecretStr

from newsletter.domain.delivery.batch import Answer, Outcome, OutgoingBatch, Verdict
from newsletter.domain.delivery.mime import ascii_domain
from newsletter.domain.delivery.provider import Capabilities, Finding, failed, passed, unclear
from newsletter.domain.statements.content import Content, Recipient
from newsletter.domain.wording import say
from newsletter.providers.common import answers, bodies, doctor, records
from newsletter.providers.common.answers import MessageTranslator
from newsletter.providers.common.bodies import ADDRESS_MARK, CAMPAIGN_MARK, METADATA_MARKS, Template
from newsletter.providers.common.doctor import DOMAIN, KEY, Probe
from newsletter.providers.common.options import ProviderOptions, WebhookKey, option, origin
from newsletter.providers.common.records import Inquiry, Page, Purpose, Question
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
    limits = Capabilities(max_recipients=MAX_RECIPIENTS, max_bytes=MAX_BYTES, own_body=True)
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
        message = http.shorten(payload.get("Message") or f"HTTP {response.status}")
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
    message = http.shorten(item.get("Message") or f"error {code}")
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


_STREAM_CHECK = say("message stream")
_FIX = say("make a broadcast stream there, and write its id as provider.message_stream")


def probes(options: Options, sender: str) -> tuple[Probe | Finding, ...]:
    """Return questions about the token and the stream, and what to check of the domain by hand."""
    base, stream = origin(options, PUBLIC_URL), options.message_stream
    headers = {"X-Postmark-Server-Token": options.server_token.get_secret_value()}
    path = f"/message-streams/{quote(stream, safe='')}"
    no_stream = failed(_STREAM_CHECK, "the server has no stream {name}", _FIX, name=stream)
    domain = doctor.domain_of(sender)
    why = f"a server's token cannot ask about {domain}"
    return (
        Probe(KEY, f"{base}/server", headers, _server),
        Probe(
            _STREAM_CHECK,
            f"{base}{path}",
            headers,
            lambda payload: _stream(payload, stream),
            doctor.refusal_by_status({404: no_stream, 422: no_stream}),
        ),
        unclear(DOMAIN, why, "see under Sender Signatures that it is verified"),
    )


def _server(payload: Any) -> Finding | None:
    match payload:
        case {"ID": int(), "Name": str(name)}:
            return passed(KEY, f"it is that of the server {name!r}")
    return None


def _stream(payload: Any, stream: str) -> Finding | None:
    match payload:
        case {"MessageStreamType": "Broadcasts", "ArchivedAt": str(at)}:
            archived = "{name} was archived on {day}"
            restore = "restore it, or use another"
            return failed(_STREAM_CHECK, archived, restore, name=stream, day=at[:10])
        case {"MessageStreamType": "Broadcasts"}:
            return _check_unsubscribing(payload, stream)
        case {"MessageStreamType": str(kind)}:
            wrong = "{name} is of type {kind}, not Broadcasts"
            return failed(_STREAM_CHECK, wrong, _FIX, name=stream, kind=kind)
    return None


def _check_unsubscribing(payload: dict[str, Any], stream: str) -> Finding:
    match payload:
        case {"SubscriptionManagementConfiguration": {"UnsubscribeHandlingType": str(handling)}}:
            if handling.lower() != "custom":
                why = f"{stream} leaves unsubscribing to {handling!r}"
                return unclear(_STREAM_CHECK, why, "set it to custom, or readers see two links")
    return passed(_STREAM_CHECK, f"{stream} is a broadcast stream")


_MESSAGES_PER_PAGE = 500
_MAX_FOUND = 10_000
_MAX_LATEST_MESSAGES = 50


class PostmarkInquiry(Inquiry):
    """Searches the messages of the stream."""

    records_delay = timedelta(minutes=10)
    rows_key, id_key = "Messages", "MessageID"

    def __init__(self, options: Options) -> None:
        headers = {"X-Postmark-Server-Token": options.server_token.get_secret_value()}
        url = f"{origin(options, PUBLIC_URL)}/messages/outbound"
        super().__init__(url, headers, options.timeout)
        self._stream = options.message_stream

    def first_question(self, batch: OutgoingBatch) -> Question:
        """Ask for the first page of the attempt's messages."""
        return self._page(batch, 0)

    def read_attempt(self, batch: OutgoingBatch, question: Question, payload: Any) -> Page:
        messages, total = payload["Messages"], int(payload["TotalCount"])
        metadata_and_id = [(message["Metadata"], str(message["MessageID"])) for message in messages]
        found = records.ids_of_attempt(batch, metadata_and_id)
        if total > _MAX_FOUND or (total and not messages):
            raise ValueError(f"{total} messages match; the search shows {_MAX_FOUND} at the most")
        query = parse_qs(urlsplit(question.url).query)
        if "recipient" in query:
            return Page(found=found, next=self._check(batch, query["recipient"][0]), is_check=True)
        read_count = int(query["offset"][0]) + len(messages)
        next_question = self._page(batch, read_count) if read_count < total else self._check(batch)
        return Page(found=found, next=next_question)

    def control_question(self, batch: OutgoingBatch, rows: list[dict[str, Any]]) -> Question:
        """Ask by metadata for a message of another attempt."""
        ours = [each for each in rows if each["Tag"] and each["Metadata"].get("attempt")]
        if not ours:
            raise ValueError("an empty search proves no absence: no other message is known")
        by = {"tag": ours[0]["Tag"], "metadata_attempt": ours[0]["Metadata"]["attempt"]}
        return self._search(Purpose.CONTROL, by, expected=frozenset({str(ours[0]["MessageID"])}))

    def _page(self, batch: OutgoingBatch, offset: int) -> Question:
        by = {"tag": batch.campaign, "metadata_attempt": batch.attempt_id, "offset": str(offset)}
        return self._search(Purpose.ATTEMPT, by)

    def _check(self, batch: OutgoingBatch, last_address: str = "") -> Question:
        """Ask by address for three recipients, one after the other; then for the latest
        messages."""
        places = (0, -1, len(batch.recipients) // 2)
        sample = list(dict.fromkeys(ascii_domain(batch.recipients[n].address) for n in places))
        remaining = sample[sample.index(last_address) + 1 :] if last_address else sample
        if remaining:
            return self._search(Purpose.ATTEMPT, {"tag": batch.campaign, "recipient": remaining[0]})
        return self._search(Purpose.LATEST, {"count": str(_MAX_LATEST_MESSAGES)})

    def _search(
        self, purpose: Purpose, criteria: dict[str, str], expected: frozenset[str] = frozenset()
    ) -> Question:
        query = {"count": str(_MESSAGES_PER_PAGE), "offset": "0", "messagestream": self._stream}
        return self.question(purpose, query | criteria, expected)
