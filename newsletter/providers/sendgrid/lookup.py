"""SendGrid's email logs: whether a message of the attempt is in them.

Facts: SendGrid's OpenAPI description of its logs (``POST /v3/logs`` with a query over
``to_email``, ``sg_message_id_created_at`` and the like, at most 1,000 rows and no further page;
``GET /v3/logs/{sg_message_id}`` with the custom arguments; kept for 30 days, for all customers).
A row names neither attempt nor campaign, so each row of a reader in those minutes is opened.
SendGrid takes all of a call or nothing: one message of the attempt proves the call, and its
absence for each of several readers disproves it. Unconfirmed: how soon a message is in the logs,
and how a string is quoted in a query; where it is misread, the control is not found.
"""

import json
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from newsletter.domain.delivery.batch import OutgoingBatch
from newsletter.providers.common.calls import Page
from newsletter.providers.common.inquiry import (
    LOOKS_FOR,
    SETTLES_IN,
    About,
    Question,
    absent,
    all_of,
    around,
    chained,
    question,
    refuse_others,
    samples,
)
from newsletter.providers.sendgrid.send import PUBLIC_URL, Options
from newsletter.providers.transport.http import HttpRequest, HttpResponse

_LIMIT = 1000
_TIME = "%Y-%m-%dT%H:%M:%SZ"


class SendGridInquiry:
    """Asks for a few readers, opens what they got, and then asks whether the logs can be read."""

    settles_in = SETTLES_IN
    kept_for = LOOKS_FOR

    def __init__(self, options: Options) -> None:
        self._url = f"{(options.base_url or PUBLIC_URL).rstrip('/')}/v3/logs"
        key = options.api_key.get_secret_value()
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._timeout = options.timeout

    def ask(self, batch: OutgoingBatch) -> HttpRequest:
        """What the first reader got around the time of the attempt."""
        readers = [
            self._to(address, batch.at, self._timeout, About.ATTEMPT, address)
            for address in samples(batch)
        ]
        return chained([*readers, self._search("", 10, about=About.LATEST)])

    def read(self, batch: OutgoingBatch, asked: HttpRequest, response: HttpResponse) -> Page:
        """A summary leads to its message; the message tells whose it is."""
        this, said = question(asked), json.loads(response.body)
        if this.about is About.MESSAGE:
            return _opened(batch, this, said)
        rows = said["messages"]
        if len(rows) >= _LIMIT:
            raise ValueError(f"there may be more than {_LIMIT} messages, and no further page")
        if this.about is About.CONTROL:
            return absent(this, {row["sg_message_id"] for row in rows})
        if this.about is About.LATEST:
            return Page(found={}, more=self._control(batch, rows))
        refuse_others(this, (row["to_email"] for row in rows))
        messages = [self._message(str(row["sg_message_id"])) for row in rows]
        return Page(found={}, more=chained([*messages, *this.then]))

    def _control(self, batch: OutgoingBatch, rows: list[dict[str, Any]]) -> Question:
        if not rows or not samples(batch):
            raise ValueError("there is nobody whose absence could be told from an empty log")
        at = datetime.fromisoformat(rows[0]["sg_message_id_created_at"])
        identity = rows[0]["sg_message_id"]
        return self._to(rows[0]["to_email"], at, timedelta(0), About.CONTROL, identity)

    def _to(self, address: str, at: datetime, wait: timedelta, about: About, of: str) -> Question:
        begin, end = (f'TIMESTAMP "{moment.strftime(_TIME)}"' for moment in around(at, wait))
        query = (
            f'to_email = "{address}" AND sg_message_id_created_at >= {begin}'
            f" AND sg_message_id_created_at < {end}"
        )
        return self._search(query, _LIMIT, about=about, of=of)

    def _search(self, query: str, limit: int, *, about: About, of: str = "") -> Question:
        said = {"query": query, "limit": limit} if query else {"limit": limit}
        return Question(
            method="POST",
            url=self._url,
            headers=self._headers,
            body=json.dumps(said).encode(),
            about=about,
            of=frozenset({of}),
        )

    def _message(self, identity: str) -> Question:
        url = f"{self._url}/{quote(identity, safe='')}"
        return Question(method="GET", url=url, headers=self._headers, about=About.MESSAGE)


def _opened(batch: OutgoingBatch, asked: Question, said: dict[str, Any]) -> Page:
    attempt = said.get("custom_args", {}).get("attempt")
    if attempt == batch.attempt_id:
        return all_of(batch, said["sg_message_id"].partition(".")[0])
    if attempt is None and batch.campaign in said.get("category", []):
        raise ValueError("a message of the campaign came without the attempt it belongs to")
    return Page(found={}, more=chained(asked.then))
