"""Postmark's message search: what it has with the attempt among its metadata.

Facts: Postmark's page on its messages API (``/messages/outbound``: ``count`` up to 500,
``offset``, ``tag``, ``messagestream``, filters on metadata as ``metadata_KEY``; kept for 45 days).
Metadata comes back with each message, so that an ignored filter costs pages and proves nothing
wrong. A filter that finds nothing would: so some are asked for by address, too, and a message that
is surely there has to be found by the same filters. Unconfirmed: how soon a message can be found.
"""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from newsletter.domain.delivery.batch import OutgoingBatch
from newsletter.domain.delivery.mime import ascii_domain
from newsletter.providers.common.calls import Page
from newsletter.providers.common.inquiry import LOOKS_FOR, About, Question, absent, question
from newsletter.providers.postmark.send import PUBLIC_URL, Options
from newsletter.providers.transport.http import HttpRequest, HttpResponse

_COUNT = 500
_MOST = 10_000
_LATEST = 50


class PostmarkInquiry:
    """Searches the messages of the stream."""

    settles_in = timedelta(minutes=10)
    kept_for = LOOKS_FOR

    def __init__(self, options: Options) -> None:
        self._url = f"{(options.base_url or PUBLIC_URL).rstrip('/')}/messages/outbound"
        self._headers = {"X-Postmark-Server-Token": options.server_token.get_secret_value()}
        self._stream = options.message_stream

    def ask(self, batch: OutgoingBatch) -> HttpRequest:
        """The first page of the attempt's messages."""
        return self._page(batch, 0)

    def read(self, batch: OutgoingBatch, asked: HttpRequest, response: HttpResponse) -> Page:
        """Whom the page names, and the next one while there is more."""
        this, said = question(asked), json.loads(response.body)
        if this.about is About.CONTROL:
            return absent(this, {str(each["MessageID"]) for each in said["Messages"]})
        if this.about is About.LATEST:
            return Page(found={}, more=self._control(said["Messages"]))
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

    def _page(self, batch: OutgoingBatch, offset: int) -> Question:
        return self._search(batch.campaign, offset, metadata_attempt=batch.attempt_id)

    def _check(self, batch: OutgoingBatch, after: str = "") -> Question:
        """Ask for the first, the last or the middle one by address; then for any message."""
        places = (0, -1, len(batch.recipients) // 2)
        sample = list(dict.fromkeys(ascii_domain(batch.recipients[n].address) for n in places))
        rest = sample[sample.index(after) + 1 :] if after else sample
        if rest:
            return self._search(batch.campaign, 0, recipient=rest[0])
        return self._question(About.LATEST, {"count": str(_LATEST), "offset": "0"})

    def _control(self, messages: Sequence[dict[str, Any]]) -> Question:
        ours = [each for each in messages if each["Tag"] and each["Metadata"].get("attempt")]
        if not ours:
            raise ValueError("there is nobody whose absence could be told from an empty search")
        of = frozenset({str(ours[0]["MessageID"])})
        by = {"tag": ours[0]["Tag"], "metadata_attempt": ours[0]["Metadata"]["attempt"]}
        return self._question(About.CONTROL, {"count": str(_COUNT), "offset": "0", **by}, of)

    def _search(self, tag: str, offset: int, **more: str) -> Question:
        query = {"count": str(_COUNT), "offset": str(offset), "tag": tag, **more}
        return self._question(About.ATTEMPT, query)

    def _question(
        self, about: About, query: dict[str, str], of: frozenset[str] = frozenset()
    ) -> Question:
        url = f"{self._url}?{urlencode({**query, 'messagestream': self._stream})}"
        return Question(method="GET", url=url, headers=self._headers, about=about, of=of)
