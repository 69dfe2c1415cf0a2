"""Postmark's message search: what it has with the attempt among its metadata.

Facts: Postmark's page on its messages API (``/messages/outbound``: ``count`` up to 500,
``offset``, ``tag``, ``messagestream``, filters on metadata as ``metadata_KEY``; kept for 45 days).
Metadata comes back with each message, so that an ignored filter costs pages and proves nothing
wrong. A filter that finds nothing would: so some are asked for by address, too. Unconfirmed: how
soon a message can be found.
"""

import json
from datetime import timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

from newsletter.domain.delivery import OutgoingBatch
from newsletter.domain.mime import ascii_domain
from newsletter.providers.calls import Page
from newsletter.providers.http import HttpRequest, HttpResponse
from newsletter.providers.postmark import PUBLIC_URL, Options

_COUNT = 500
_MOST = 10_000


class PostmarkInquiry:
    """Searches the messages of the stream."""

    settles_in = timedelta(minutes=10)

    def __init__(self, options: Options) -> None:
        self._url = f"{(options.base_url or PUBLIC_URL).rstrip('/')}/messages/outbound"
        self._headers = {"X-Postmark-Server-Token": options.server_token.get_secret_value()}
        self._stream = options.message_stream

    def ask(self, batch: OutgoingBatch) -> HttpRequest:
        """The first page of the attempt's messages."""
        return self._page(batch, 0)

    def read(self, batch: OutgoingBatch, asked: HttpRequest, response: HttpResponse) -> Page:
        """Whom the page names, and the next one while there is more."""
        said = json.loads(response.body)
        messages, total = said["Messages"], int(said["TotalCount"])
        numbers = {str(one.subscriber_id): one.subscriber_id for one in batch.recipients}
        about = [(message["Metadata"], str(message["MessageID"])) for message in messages]
        found = {
            numbers[metadata["subscriber"]]: theirs
            for metadata, theirs in about
            if metadata.get("attempt") == batch.attempt_id and metadata["subscriber"] in numbers
        }
        if total > _MOST or (total and not messages):
            raise ValueError(f"{total} messages match; the search shows {_MOST} at the most")
        query = parse_qs(urlsplit(asked.url).query)
        if "recipient" in query:
            return Page(found=found, more=self._check(batch, query["recipient"][0]), checks=True)
        read = int(query["offset"][0]) + len(messages)
        more = self._page(batch, read) if read < total else self._check(batch)
        return Page(found=found, more=more)

    def _page(self, batch: OutgoingBatch, offset: int) -> HttpRequest:
        return self._search(batch, offset, metadata_attempt=batch.attempt_id)

    def _check(self, batch: OutgoingBatch, after: str = "") -> HttpRequest | None:
        """Ask for the first, the last or the middle one by address; None when all three were."""
        places = (0, -1, len(batch.recipients) // 2)
        sample = list(dict.fromkeys(ascii_domain(batch.recipients[n].address) for n in places))
        rest = sample[sample.index(after) + 1 :] if after else sample
        return self._search(batch, 0, recipient=rest[0]) if rest else None

    def _search(self, batch: OutgoingBatch, offset: int, **more: str) -> HttpRequest:
        query = {
            "count": str(_COUNT),
            "offset": str(offset),
            "messagestream": self._stream,
            "tag": batch.campaign,
            **more,
        }
        url = f"{self._url}?{urlencode(query)}"
        return HttpRequest(method="GET", url=url, headers=self._headers)
