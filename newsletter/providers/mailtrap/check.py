"""Read-only questions to Mailtrap: the domains, and the recipients of an attempt.

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

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

from newsletter.domain.delivery.batch import OutgoingBatch
from newsletter.domain.delivery.mime import ascii_domain
from newsletter.domain.delivery.provider import Finding, unclear
from newsletter.providers.common import doctor, records
from newsletter.providers.common.doctor import DOMAIN, KEY, Probe
from newsletter.providers.common.options import bearer, origin
from newsletter.providers.common.records import Inquiry, Page, Purpose, Query, Question
from newsletter.providers.mailtrap.send import Options

_REFUSAL = "it is refused here, as a token that may only send may be: this proves nothing"
_read_refusal = doctor.refusal_by_status({401: unclear(KEY, _REFUSAL)})


def probes(options: Options, sender: str) -> tuple[Probe | Finding, ...]:
    """Return the question whether the domain is verified. The account's API has another host."""
    domain = doctor.domain_of(sender)
    url, headers = f"{origin(options, _PUBLIC_URL)}/api/domains", bearer(options.api_token)
    return (Probe(DOMAIN, url, headers, lambda payload: _domains(payload, domain), _read_refusal),)


def _domains(payload: Any, domain: str) -> Finding | None:
    match payload:
        case {"data": list(items)}:
            found = doctor.find_domain(items, "domain_name", domain)
            return doctor.listed_state(domain, found, "dns_verified", menu="Sending Domains")
    return None


_PUBLIC_URL = "https://mailtrap.io"
_MAX_RECIPIENTS = 50


class MailtrapInquiry(Inquiry):
    """Asks the log for a batch's recipients, then for messages that are known to be there."""

    kept_for = timedelta(days=1)
    rows_key, id_key = "messages", "message_id"

    def __init__(self, options: Options) -> None:
        url = f"{origin(options, _PUBLIC_URL)}/api/email_logs"
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
