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
from newsletter.domain.delivery.provider import Finding, uncertain, well, wrong
from newsletter.providers.brevo.send import PUBLIC_URL, Options
from newsletter.providers.common import doctor, records
from newsletter.providers.common.doctor import DOMAIN, KEY, Probe
from newsletter.providers.common.options import public
from newsletter.providers.common.records import About, Inquiry, Page, Question
from newsletter.providers.common.webhooks import parse

_REFUSED = doctor.by_status(
    {
        401: wrong(
            KEY,
            "it is refused",
            "copy it again, and see under Security, Authorised IPs, that this machine may call",
        )
    }
)
_FIX = "add it under Senders, Domains, and publish its DNS records"


def probes(options: Options, sender: str) -> tuple[Probe | Finding, ...]:
    """The key, and whether the sender's domain is authenticated."""
    base, domain = public(options, PUBLIC_URL), doctor.domain_of(sender)
    headers = {"api-key": options.api_key.get_secret_value()}
    domains = f"{base}/v3/senders/domains"
    return (
        Probe(KEY, f"{base}/v3/account", headers, _account, _REFUSED),
        Probe(DOMAIN, domains, headers, lambda payload: _domains(payload, domain), _REFUSED),
    )


def _account(payload: Any) -> Finding | None:
    match payload:
        case {"email": str()}:
            return well(KEY, "the provider takes it")
    return None


def _domains(payload: Any, domain: str) -> Finding | None:
    match payload:
        case {"domains": list(items)}:
            found = doctor.named(items, "domain_name", domain)
            count = payload.get("count")
            if found is None and isinstance(count, int) and count > len(items):
                return uncertain(DOMAIN, f"{domain} is not among the first {len(items)} domains")
            return doctor.verified(domain, doctor.has(found, "authenticated", True), _FIX)
    return None


_LIMIT = 500
_DAYS = 5
"""Unknown batches are looked up for three days, and a day there is one of the account's zone."""


class BrevoInquiry(Inquiry):
    """Asks for the attempt's tag, for a few readers, and whether the log can be read."""

    all_or_none = True
    rows, row_id = "events", "messageId"

    def __init__(self, options: Options) -> None:
        url = f"{public(options, PUBLIC_URL)}/v3/smtp/statistics/events"
        super().__init__(url, {"api-key": options.api_key.get_secret_value()}, options.timeout)

    def ask(self, batch: OutgoingBatch) -> Question:
        """Ask for the attempt's tag."""
        # one call finds it, as a rule; only then is each of the samples asked for
        tagged = self._events(About.ATTEMPT, tags=json.dumps([batch.attempt_id]), limit="1")
        readers = [
            self._events(About.ATTEMPT, frozenset({address}), email=address)
            for address in records.samples(batch)
        ]
        latest = self._events(About.LATEST, limit="1")
        return records.chained([tagged, *readers, latest])

    def found(self, batch: OutgoingBatch, asked: Question, payload: Any) -> Page:
        """Return whether an event has the attempt. An answer without events has no list."""
        rows = payload.get("events") or []
        if len(rows) >= _LIMIT:
            raise ValueError(f"there may be more than {_LIMIT} messages to a reader")
        for row in rows:
            if batch.attempt_id in row.get("tag", ""):
                return records.all_of(batch, row["messageId"])
        if asked.of:
            records.refuse_others(asked, (row["email"] for row in rows))
            if any(self._in_doubt(batch, row) for row in rows):
                raise ValueError("a message of those minutes does not name its attempt")
        return Page(more=records.chained(asked.then))

    def _in_doubt(self, batch: OutgoingBatch, row: dict[str, Any]) -> bool:
        """Return whether a message may belong to the attempt without naming it."""
        at = datetime.fromisoformat(row["date"])
        begin, end = records.around(batch.at, self._timeout)
        return begin <= at <= end and len(_tags(row.get("tag", ""))) < 2

    def control_question(self, batch: OutgoingBatch, rows: list[dict[str, Any]]) -> Question:
        """Ask by address for another reader's message."""
        if not rows or not records.samples(batch):
            raise ValueError("an empty log proves no absence: no other message is known")
        identity = frozenset({rows[0]["messageId"]})
        return self._events(About.CONTROL, identity, email=rows[0]["email"])

    def _events(self, about: About, of: frozenset[str] = frozenset(), **more: str) -> Question:
        query = {"event": "requests", "days": str(_DAYS), "limit": str(_LIMIT), **more}
        return self.question(about, query, of)


def _tags(tag: str) -> list[str]:
    """The tags that a text shows: it is one tag, or a JSON array of them."""
    tags = parse(tag) if tag else []
    return tags if isinstance(tags, list) else [tag]
