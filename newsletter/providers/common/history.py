"""What a provider tells of messages when it is asked, page by page, instead of by webhook."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from newsletter.domain.errors import ProviderUnreachable
from newsletter.domain.events import Event, Told
from newsletter.providers.transport.http import AnswerLost, HttpRequest, HttpResponse
from newsletter.providers.transport.transport import Transport

_MOST_PAGES = 400


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One page of what happened."""

    items: Sequence[dict[str, Any]]
    """Events in the words of the provider's webhook."""
    until: datetime | None = None
    """All before this is listed by now; None: that cannot be said yet."""
    more: HttpRequest | None = None


class Listing(Protocol):
    """Asks, in one provider's words, what happened. Does no input or output."""

    @property
    def reach(self) -> timedelta:
        """Events so long ago are still listed."""
        ...

    @property
    def lateness(self) -> timedelta:
        """An event may be listed so long after it happened."""
        ...

    def ask(self, begin: datetime, end: datetime) -> HttpRequest:
        """The question for the first page."""
        ...

    def read(self, asked: HttpRequest, response: HttpResponse, end: datetime) -> Listed:
        """What a page says. Raises any error for what is not understood."""
        ...


class HttpHistory:
    """A listing, the transport, and what makes events of its items."""

    def __init__(
        self,
        listing: Listing,
        transport: Transport,
        translate: Callable[[dict[str, Any], datetime], Event],
    ) -> None:
        self._listing = listing
        self._transport = transport
        self._translate = translate

    @property
    def reach(self) -> timedelta:
        return self._listing.reach

    @property
    def lateness(self) -> timedelta:
        return self._listing.lateness

    def read(self, begin: datetime, end: datetime) -> Iterator[Told]:
        """At most 400 pages. Raises ProviderUnreachable or InvalidConfiguration."""
        question: HttpRequest | None = self._listing.ask(begin, end)
        for _ in range(_MOST_PAGES):
            if question is None:
                return
            page = self._page(question, end)
            events = tuple(self._translate(item, end) for item in page.items)
            yield Told(events=events, until=page.until)
            question = page.more

    def _page(self, question: HttpRequest, end: datetime) -> Listed:
        try:
            response = self._transport.call(question)
        except AnswerLost as error:
            raise ProviderUnreachable("no full answer came when asked for events") from error
        if response.status != 200:
            raise ProviderUnreachable(f"HTTP {response.status} when asked for events")
        try:
            return self._listing.read(question, response, end)
        except Exception as error:  # whatever it says: events are asked for again
            why = f"its events were not understood ({type(error).__name__})"
            raise ProviderUnreachable(why) from error
