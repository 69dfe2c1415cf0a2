"""Mailgun's events, the oldest first, as they come by webhook too.

Facts: Mailgun's OpenAPI description (``/v3/{domain_name}/events``: pages of up to 300, ``begin``,
``end``, ``ascending``, events kept for three days or more, a next page named also by the last one)
and its page "Event Polling", which trusts what is half an hour old. Mailgun calls this interface
deprecated in favour of its logs, and names no day on which it ends.
"""

import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode, urlsplit

from newsletter.providers.common.history import Listed
from newsletter.providers.mailgun.send import PUBLIC_URL, Options
from newsletter.providers.transport.http import HttpRequest, HttpResponse


class MailgunListing:
    """Lists the domain's events."""

    reach = timedelta(days=3)
    lateness = timedelta(minutes=30)

    def __init__(self, options: Options) -> None:
        self._base = (options.base_url or PUBLIC_URL).rstrip("/")
        self._path = f"/v3/{options.domain}/events"
        key = b64encode(b"api:" + options.api_key.get_secret_value().encode()).decode()
        self._headers = {"Authorization": f"Basic {key}"}

    def ask(self, begin: datetime, end: datetime) -> HttpRequest:
        """All kinds of events: what is of no use is passed over where it is recorded."""
        query = {
            "begin": f"{begin.timestamp():.0f}",
            "end": f"{end.timestamp():.0f}",
            "ascending": "yes",
            "limit": "200",
        }
        return self._request(f"{self._path}?{urlencode(query)}")

    def read(self, asked: HttpRequest, response: HttpResponse, end: datetime) -> Listed:
        """Only a page without events is the last."""
        said = json.loads(response.body)
        items = said["items"]
        if not items:
            return Listed(items=(), until=end)
        after = urlsplit(said["paging"]["next"])
        until = datetime.fromtimestamp(items[-1]["timestamp"], UTC)
        return Listed(
            items=items, until=until, more=self._request(f"{after.path}?{after.query}".rstrip("?"))
        )

    def _request(self, path: str) -> HttpRequest:
        if not path.startswith(self._path):
            raise ValueError(f"{path} is no page of the events")
        return HttpRequest(method="GET", url=self._base + path, headers=self._headers)
