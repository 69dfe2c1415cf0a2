"""Postmark's bounces, complaints among them, the newest first. It lists no deliveries.

Facts: Postmark's OpenAPI description and SDKs (``/bounces``: ``count`` up to 500, ``count`` and
``offset`` up to 10,000 together, ``fromdate``, ``messagestream``); a bounce stands there as in its
webhook, but without metadata, so it is known by message and address alone. ``fromdate`` is a day of
some zone: a day more is asked for. Unconfirmed: how late a bounce may be listed.
"""

import json
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit

from newsletter.providers.common.history import Listed
from newsletter.providers.postmark.send import PUBLIC_URL, Options
from newsletter.providers.transport.http import HttpRequest, HttpResponse

_COUNT = 500
_MOST = 10_000


class PostmarkListing:
    """Lists the bounces of the stream."""

    reach = timedelta(days=3)
    lateness = timedelta(hours=1)

    def __init__(self, options: Options) -> None:
        self._url = f"{(options.base_url or PUBLIC_URL).rstrip('/')}/bounces"
        self._headers = {"X-Postmark-Server-Token": options.server_token.get_secret_value()}
        self._stream = options.message_stream

    def ask(self, begin: datetime, end: datetime) -> HttpRequest:
        """The newest ones. There is no end: more may have come since."""
        return self._page(f"{begin - timedelta(days=1):%Y-%m-%d}", 0)

    def read(self, asked: HttpRequest, response: HttpResponse, end: datetime) -> Listed:
        """A page; what comes in while it is read makes some stand on two, and none on none."""
        said = json.loads(response.body)
        query = dict(parse_qsl(urlsplit(asked.url).query))
        bounces, read = said["Bounces"], int(query["offset"]) + len(said["Bounces"])
        if read >= said["TotalCount"]:
            return Listed(items=bounces, until=end)
        if not bounces or read >= _MOST:
            return Listed(items=bounces)
        return Listed(items=bounces, more=self._page(query["fromdate"], read))

    def _page(self, since: str, offset: int) -> HttpRequest:
        query = {
            "count": str(_COUNT),
            "offset": str(offset),
            "messagestream": self._stream,
            "fromdate": since,
        }
        url = f"{self._url}?{urlencode(query)}"
        return HttpRequest(method="GET", url=url, headers=self._headers)
