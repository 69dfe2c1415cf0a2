"""What a server's answer means, where it is not the page that was asked for."""

import re
from datetime import timedelta
from email.utils import parsedate_to_datetime

from newsletter.ports import FeedUnreadable
from newsletter.sources.feeds.fetching import Page

_MEANING = {
    401: "asks for a password; write the address of a feed that is open to everybody",
    403: "refuses us; ask its keeper to let programs read it",
    404: "is not there; correct its url",
    406: "refuses us; ask its keeper to let programs read it",
    410: "is gone for good; delete this source from newsletter.yaml, or write its new url",
    429: "has too many visitors; it is tried again",
}


def checked(page: Page) -> Page:
    """The page, if it is one. Raises FeedUnreadable."""
    if page.status == 200:
        return page
    other = "has a fault of its own; it is tried again"
    if page.status < 500:
        other = "is not given out; look at its url in a browser"
    meaning = _MEANING.get(page.status, other)
    raise FeedUnreadable(f"it {meaning} (HTTP {page.status})", retry_after=retry_after(page))


def retry_after(page: Page) -> timedelta | None:
    """How long the server asks to be left alone; a date is compared with the answer's own."""
    value = page.headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]+", value):
        return timedelta(seconds=int(value[:6]))
    try:
        wait = parsedate_to_datetime(value) - parsedate_to_datetime(page.headers["date"])
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    return max(wait, timedelta(0))
