"""Mailgun's events: what it accepted around the time of an attempt.

Facts: Mailgun's OpenAPI description (``/v3/{domain_name}/events``: pages of 300, filters ``event``,
``tags``, ``recipient``, ``begin`` and ``end``, events kept for three days or more) and its pages on
events, which join filters by OR and call events settled after half an hour. The attempt comes back
among ``user-variables``.

First some recipients at a time are asked for, with days to spare on either side. Whoever is not
found so is looked for among all that was accepted for the campaign in those minutes: an unread OR
must not pass for an absence.

Not confirmed: what the service says to a span that ends in the future. Were it an error, whoever
is unknown would stay so.
"""

import json
from base64 import b64encode
from datetime import timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

from newsletter.domain.delivery import OutgoingBatch
from newsletter.domain.message import Recipient
from newsletter.domain.mime import ascii_domain
from newsletter.providers.calls import Page
from newsletter.providers.http import HttpRequest, HttpResponse
from newsletter.providers.mailgun import PUBLIC_URL, Options

_BEFORE, _AFTER = timedelta(minutes=2), timedelta(minutes=8)
"""Their clock is not ours, and the call may have taken as long as a call may."""
_WRONG = timedelta(days=3)
"""By so much our clock may have been wrong at the attempt; what seems older is not asked for."""
_AT_ONCE = 50


class MailgunInquiry:
    """Reads the domain's accepted events."""

    settles_in = timedelta(minutes=30)

    def __init__(self, options: Options) -> None:
        self._base = (options.base_url or PUBLIC_URL).rstrip("/")
        self._path = f"/v3/{options.domain}/events"
        key = b64encode(b"api:" + options.api_key.get_secret_value().encode()).decode()
        self._headers = {"Authorization": f"Basic {key}"}

    def ask(self, batch: OutgoingBatch) -> HttpRequest:
        """The accepted events of the first recipients."""
        return self._of(batch, 0)

    def read(self, batch: OutgoingBatch, asked: HttpRequest, response: HttpResponse) -> Page:
        """Mailgun gives an address for the next page also on the last one, which is empty."""
        said = json.loads(response.body)
        numbers = {_folded(one): one.subscriber_id for one in batch.recipients}
        theirs = [
            (item["recipient"].lower(), str(item["id"]))
            for item in said["items"]
            if item["user-variables"].get("attempt") == batch.attempt_id
        ]
        found = {numbers[address]: name for address, name in theirs if address in numbers}
        of = parse_qs(urlsplit(asked.url).query).get("recipient")
        if of is not None:
            return Page(found=found, more=self._after(batch, of))
        after = urlsplit(said["paging"]["next"])
        more = self._request(f"{after.path}?{after.query}".rstrip("?")) if said["items"] else None
        return Page(found=found, more=more)

    def _after(self, batch: OutgoingBatch, of: list[str]) -> HttpRequest:
        """The next recipients; everything, where all were asked for."""
        last = of[0].rpartition(" OR ")[2]
        place = 1 + [_folded(one) for one in batch.recipients].index(last)
        if place < len(batch.recipients):
            return self._of(batch, place)
        return self._events(batch)

    def _of(self, batch: OutgoingBatch, place: int) -> HttpRequest:
        some = batch.recipients[place : place + _AT_ONCE]
        return self._events(batch, _WRONG, recipient=" OR ".join(map(_folded, some)))

    def _events(
        self, batch: OutgoingBatch, wrong: timedelta = timedelta(0), **more: str
    ) -> HttpRequest:
        query = {
            "event": "accepted",
            "tags": batch.campaign,
            "begin": f"{(batch.at - _BEFORE - wrong).timestamp():.0f}",
            "end": f"{(batch.at + _AFTER + wrong).timestamp():.0f}",
            "ascending": "yes",
            "limit": "300",
            **more,
        }
        return self._request(f"{self._path}?{urlencode(query)}")

    def _request(self, path: str) -> HttpRequest:
        if not path.startswith(self._path):
            raise ValueError(f"{path} is no page of the events")
        return HttpRequest(method="GET", url=self._base + path, headers=self._headers)


def _folded(recipient: Recipient) -> str:
    return ascii_domain(recipient.address).lower()
