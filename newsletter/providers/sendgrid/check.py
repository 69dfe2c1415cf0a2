"""Read-only questions to SendGrid: key, domains, and whether it took an attempt.

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
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from newsletter.domain.delivery.batch import OutgoingBatch
from newsletter.domain.delivery.provider import Finding, failed, passed, unclear
from newsletter.domain.wording import say
from newsletter.providers.common import doctor, records
from newsletter.providers.common.doctor import DOMAIN, KEY, Probe
from newsletter.providers.common.options import bearer, origin
from newsletter.providers.common.records import Inquiry, Page, Purpose, Question
from newsletter.providers.sendgrid.send import PUBLIC_URL, Options

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
            return _read_message(batch, question, payload)
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


def _read_message(batch: OutgoingBatch, question: Question, payload: dict[str, Any]) -> Page:
    attempt = payload.get("custom_args", {}).get("attempt")
    if attempt == batch.attempt_id:
        return records.whole_batch(batch, payload["sg_message_id"].partition(".")[0])
    if attempt is None and batch.campaign in payload.get("category", []):
        raise ValueError("a message of the campaign came without the attempt it belongs to")
    return Page(next=records.chain(question.following))
