"""Read-only questions to Brevo: key, domains, and whether it took an attempt.

``GET /v3/account`` proves the key, ``GET /v3/senders/domains`` lists the domains. Facts: Brevo's
API reference for both, and its pages on authorised IP addresses: another machine gets 401 as well.

``GET /v3/smtp/statistics/events`` is its log (``limit`` up to 5,000, ``offset``, ``days`` up to 90,
``email``, ``event``, ``tags`` as a JSON array, newest first; at most some 300 such calls an hour;
by its page on it, and its SDK's model of an event, whose ``tag`` is text). The attempt is one of
our tags. Brevo takes a call whole or not at all: one message of the attempt proves the call, and
its absence for each of several readers disproves it. Unconfirmed: how soon an event is there, and
whether ``tag`` names each tag of a message. A message to the reader at that time without both of
our tags therefore proves neither.
"""

import json
from datetime import datetime
from typing import Any

from newsletter.domain.delivery.batch import OutgoingBatch
from newsletter.domain.delivery.provider import Finding, failed, passed, unclear
from newsletter.providers.brevo.send import PUBLIC_URL, Options
from newsletter.providers.common import doctor, records
from newsletter.providers.common.doctor import DOMAIN, KEY, Probe
from newsletter.providers.common.options import origin
from newsletter.providers.common.records import Inquiry, Page, Purpose, Question
from newsletter.providers.common.webhooks import parse_json

_read_refusal = doctor.refusal_by_status(
    {
        401: failed(
            KEY,
            "it is refused",
            "copy it again, and see under Security, Authorized IPs, that this machine may call",
        )
    }
)


def probes(options: Options, sender: str) -> tuple[Probe | Finding, ...]:
    """Return the questions about the key and the authentication of the sender's domain."""
    base, domain = origin(options, PUBLIC_URL), doctor.domain_of(sender)
    headers = {"api-key": options.api_key.get_secret_value()}
    domains = f"{base}/v3/senders/domains"
    return (
        Probe(KEY, f"{base}/v3/account", headers, _account, _read_refusal),
        Probe(DOMAIN, domains, headers, lambda payload: _domains(payload, domain), _read_refusal),
    )


def _account(payload: Any) -> Finding | None:
    match payload:
        case {"email": str()}:
            return passed(KEY, "the provider takes it")
    return None


def _domains(payload: Any, domain: str) -> Finding | None:
    match payload:
        case {"domains": list(items)}:
            found = doctor.find_domain(items, "domain_name", domain)
            count = payload.get("count")
            if found is None and isinstance(count, int) and count > len(items):
                return unclear(DOMAIN, f"{domain} is not among the first {len(items)} domains")
            return doctor.listed_state(domain, found, "authenticated", menu="Senders, Domains")
    return None


_EVENTS_PER_PAGE = 500
_DAYS = 5
"""Days of the log to search: lookups end after three days, and time zones differ."""


class BrevoInquiry(Inquiry):
    """Searches the log for the attempt's tag, then for a few recipients, then for the control."""

    all_or_none = True
    rows_key, id_key = "events", "messageId"

    def __init__(self, options: Options) -> None:
        url = f"{origin(options, PUBLIC_URL)}/v3/smtp/statistics/events"
        super().__init__(url, {"api-key": options.api_key.get_secret_value()}, options.timeout)

    def first_question(self, batch: OutgoingBatch) -> Question:
        # one call finds it, as a rule; only then is each of the samples asked for
        tagged = self._events(Purpose.ATTEMPT, tags=json.dumps([batch.attempt_id]), limit="1")
        readers = [
            self._events(Purpose.ATTEMPT, frozenset({address}), email=address)
            for address in records.sample_addresses(batch)
        ]
        return records.chain([tagged, *readers, self._events(Purpose.LATEST, limit="1")])

    def read_attempt(self, batch: OutgoingBatch, question: Question, payload: Any) -> Page:
        """Find the batch by an event with the attempt's tag, or return the next question.
        Raises ValueError if the page proves nothing. An answer without events has no list."""
        rows = payload.get("events") or []
        if len(rows) >= _EVENTS_PER_PAGE:
            raise ValueError(f"there may be more than {_EVENTS_PER_PAGE} messages to a reader")
        for row in rows:
            if batch.attempt_id in row.get("tag", ""):
                return records.whole_batch(batch, row["messageId"])
        if question.expected:
            records.require_addresses(question, (row["email"] for row in rows))
            if any(self._is_in_doubt(batch, row) for row in rows):
                raise ValueError("a message of those minutes does not name its attempt")
        return Page(next=records.chain(question.following))

    def _is_in_doubt(self, batch: OutgoingBatch, row: dict[str, Any]) -> bool:
        """Return whether a message may belong to the attempt without its tag."""
        at = datetime.fromisoformat(row["date"])
        begin, end = records.search_window(batch.at, self._timeout)
        tag = row.get("tag", "")  # one tag, or a JSON array of tags
        tags = parse_json(tag) if tag else []
        return begin <= at <= end and not (isinstance(tags, list) and len(tags) > 1)

    def control_question(self, batch: OutgoingBatch, rows: list[dict[str, Any]]) -> Question:
        """Ask by address for the latest message in the log."""
        if not rows or not records.sample_addresses(batch):
            raise ValueError("an empty log proves no absence: no other message is known")
        identity = frozenset({rows[0]["messageId"]})
        return self._events(Purpose.CONTROL, identity, email=rows[0]["email"])

    def _events(
        self, purpose: Purpose, expected: frozenset[str] = frozenset(), **more: str
    ) -> Question:
        query = {"event": "requests", "days": str(_DAYS), "limit": str(_EVENTS_PER_PAGE), **more}
        return self.question(purpose, query, expected)
