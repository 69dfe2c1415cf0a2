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
from newsletter.domain.delivery.provider import Finding, uncertain, well, wrong
from newsletter.providers.common import doctor, records
from newsletter.providers.common.doctor import DOMAIN, KEY, Probe
from newsletter.providers.common.options import bearer, public
from newsletter.providers.common.records import About, Inquiry, Page, Question
from newsletter.providers.sendgrid.send import PUBLIC_URL, Options

_MAX_DOMAINS = 200
_FIX = "publish its DNS records, and let SendGrid verify them"


def probes(options: Options, sender: str) -> tuple[Probe | Finding, ...]:
    """Ask for the rights of the key, and whether the sender's domain is authenticated."""
    base = public(options, PUBLIC_URL)
    headers, domain = bearer(options.api_key), doctor.domain_of(sender)
    domains = f"{base}/v3/whitelabel/domains?limit={_MAX_DOMAINS}"
    return (
        Probe(KEY, f"{base}/v3/scopes", headers, _scopes),
        Probe(DOMAIN, domains, headers, lambda payload: _domains(payload, domain)),
    )


def _scopes(payload: Any) -> Finding | None:
    match payload:
        case {"scopes": list(scopes)} if "mail.send" in scopes:
            return well(KEY, "it may send")
        case {"scopes": list()}:
            return wrong(
                KEY, "it may not send", "give it the permission Mail Send, or make another"
            )
    return None


def _domains(payload: Any, domain: str) -> Finding | None:
    """Mail from a subdomain may be signed by the domain above it."""
    if not isinstance(payload, list):
        return None
    ours = [
        item
        for item in payload
        if isinstance(item, dict) and f".{domain}".endswith(f".{str(item.get('domain')).lower()}")
    ]
    if ours:
        return doctor.verified(domain, any(item.get("valid") is True for item in ours), _FIX)
    why = f"{domain} is not among the authenticated domains"
    fix = "authenticate it; an address verified as a single sender can send, less reliably"
    return uncertain(DOMAIN, why, fix)


_LIMIT = 1000
_TIME = "%Y-%m-%dT%H:%M:%SZ"


class SendGridInquiry(Inquiry):
    """Asks for a few readers, opens what they got, and then asks whether the logs can be read."""

    all_or_none = True
    rows, row_id = "messages", "sg_message_id"

    def __init__(self, options: Options) -> None:
        headers = {**bearer(options.api_key), "Content-Type": "application/json"}
        super().__init__(f"{public(options, PUBLIC_URL)}/v3/logs", headers, options.timeout)

    def ask(self, batch: OutgoingBatch) -> Question:
        """Ask for messages to the first reader around the time of the attempt."""
        readers = [
            self._to(address, batch.at, self._timeout, About.ATTEMPT, address)
            for address in records.samples(batch)
        ]
        return records.chained([*readers, self._search("", 10, About.LATEST)])

    def found(self, batch: OutgoingBatch, asked: Question, payload: Any) -> Page:
        """A summary leads to its message; the message tells whose it is."""
        if asked.about is About.MESSAGE:
            return _opened(batch, asked, payload)
        rows = payload["messages"]
        if len(rows) >= _LIMIT:
            raise ValueError(f"there may be more than {_LIMIT} messages, and no further page")
        records.refuse_others(asked, (row["to_email"] for row in rows))
        paths = [f"/{quote(str(row['sg_message_id']), safe='')}" for row in rows]
        messages = [self.question(About.MESSAGE, {}, path=path) for path in paths]
        return Page(more=records.chained([*messages, *asked.then]))

    def control_question(self, batch: OutgoingBatch, rows: list[dict[str, Any]]) -> Question:
        """Ask by address and time for another reader's message."""
        if not rows or not records.samples(batch):
            raise ValueError("an empty log proves no absence: no other message is known")
        identity = rows[0]["sg_message_id"]
        # in the batch's own days: by another clock's days no message would be found either
        return self._to(rows[0]["to_email"], batch.at, self._timeout, About.CONTROL, identity)

    def _to(self, address: str, at: datetime, wait: timedelta, about: About, of: str) -> Question:
        begin, end = (
            f'TIMESTAMP "{moment.strftime(_TIME)}"' for moment in records.around(at, wait)
        )
        query = (
            f'to_email = "{address}" AND sg_message_id_created_at >= {begin}'
            f" AND sg_message_id_created_at < {end}"
        )
        return self._search(query, _LIMIT, about, of)

    def _search(self, query: str, limit: int, about: About, of: str = "") -> Question:
        search = {"query": query, "limit": limit} if query else {"limit": limit}
        return Question(
            method="POST",
            url=self._url,
            headers=self._headers,
            body=json.dumps(search).encode(),
            about=about,
            of=frozenset({of}),
        )


def _opened(batch: OutgoingBatch, asked: Question, payload: dict[str, Any]) -> Page:
    attempt = payload.get("custom_args", {}).get("attempt")
    if attempt == batch.attempt_id:
        return records.all_of(batch, payload["sg_message_id"].partition(".")[0])
    if attempt is None and batch.campaign in payload.get("category", []):
        raise ValueError("a message of the campaign came without the attempt it belongs to")
    return Page(more=records.chained(asked.then))
