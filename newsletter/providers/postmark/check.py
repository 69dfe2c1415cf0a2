"""Read-only questions to Postmark: token, stream, and the recipients of an attempt.

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

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from newsletter.domain.delivery.batch import OutgoingBatch
from newsletter.domain.delivery.mime import ascii_domain
from newsletter.domain.delivery.provider import Finding, failed, passed, unclear
from newsletter.domain.wording import say
from newsletter.providers.common import doctor, records
from newsletter.providers.common.doctor import DOMAIN, KEY, Probe
from newsletter.providers.common.options import origin
from newsletter.providers.common.records import Inquiry, Page, Purpose, Question
from newsletter.providers.postmark.send import PUBLIC_URL, Options

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
