"""Unsubscribing with the link in every email. It never expires and needs nothing but the email.

A GET changes nothing, because scanners open every link. A POST ends subscriptions, from the page's
button or from a mail program (RFC 8058: 200, no redirect, no cookie, whatever the body). Emails are
forwarded, so the link reveals nothing and can do nothing else: it ends subscriptions, and can have
a link to the preferences sent to the reader's own address.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from newsletter.domain.errors import NotFound
from newsletter.pipeline.subscribers.leave import (
    Departure,
    Ending,
    ending_of,
    leave,
    leave_everything,
    read,
)
from newsletter.pipeline.subscribers.prefer import ask_for_link
from newsletter.runtime.log_lines import sparing
from newsletter.runtime.subscribers import Subscribers
from newsletter.web.http.forms import host_of
from newsletter.web.http.frame import Button, Frame, named
from newsletter.web.http.group_commit import GroupCommit
from newsletter.web.http.threads import Lane, Lanes

log = logging.getLogger("newsletter.web")
_BY_PAGE = "by=page"
"""In the address that the page's button posts to: a person will read the answer."""


class UnsubscribePages:
    """The pages behind the unsubscribe link."""

    def __init__(self, subscribers: Subscribers, frame: Frame, lanes: Lanes) -> None:
        self._subscribers = subscribers
        self._frame = frame
        self._lanes = lanes
        self._page = frame.page
        self._titles = {offer.name: offer.title for offer in subscribers.settings.titled_lists()}
        self._gathering: GroupCommit[Departure] = GroupCommit(self._leave)
        told = frame.said("left", "left_it", language=subscribers.settings.language)
        self._for_programs = bytes(told.body)  # made once: mail programs ask by the thousand

    def routes(self) -> list[Route]:
        """Path and method → page."""
        pages = [
            ("", "GET", self.ask),
            ("/everything", "POST", self.left_everything),
            ("/preferences", "GET", self.offer_link),
            ("/preferences", "POST", self.send_link),
        ]
        leaving, readers = self._lanes.one_click, self._lanes.readers
        return [
            Route("/u/{token}", self._opened(self.left, leaving), methods=["POST"]),
            *(
                Route("/u/{token}" + path, self._opened(page, readers), methods=[by])
                for path, by, page in pages
            ),
        ]

    def _opened(
        self, page: Callable[[Request, Departure], Response], lane: Lane
    ) -> Callable[[Request], Awaitable[Response]]:
        """Return the handler of a page that needs a link with effect: one in a test mail has
        none."""

        def answer(request: Request) -> Response:
            language = self._frame.language_of(request)
            try:
                departure = read(request.path_params["token"], self._subscribers.links)
            except NotFound:
                return self._frame.said("not_found", "broken_link", language=language, status=404)
            if departure.of_a_test:
                return self._frame.said("test_link", "test_link_text", language=language)
            return page(request, departure)

        return partial(lane.run, answer)

    def ask(self, request: Request, departure: Departure) -> Response:
        """One button, for a person who followed the link in a mail."""
        ending = self._ending(departure)
        if ending.ended:
            return self._gone(request, ending, "not_subscribed")
        words, language = self._words(request, ending)
        text = self._said(ending, "leave_lists", words)
        buttons = [Button(action=f"?{_BY_PAGE}", label=words["leave"])]
        return self._page(words["leave_title"], [text], language=language, buttons=buttons)

    def left(self, request: Request, departure: Departure) -> Response:
        """The effect is committed before the answer."""
        self._gathering.record((departure,))
        if request.url.query != _BY_PAGE:
            return HTMLResponse(self._for_programs, headers=dict(self._frame.fields))
        return self._gone(request, self._ending(departure), "left")

    def left_everything(self, request: Request, departure: Departure) -> Response:
        """End all subscriptions. An import cannot bring them back."""
        ending, of = self._ending(departure), self._subscribers
        self._tell(leave_everything(departure, store=of.store))
        language = self._frame.language_of(request, ending.language)
        return self._frame.said("left", "left_everything_text", language=language)

    def offer_link(self, request: Request, departure: Departure) -> Response:
        """Show one button, because scanners open this page too. The page is the same for every
        reader."""
        words, language = self._words(request, self._ending(departure))
        link = f"/u/{request.path_params['token']}/preferences"
        buttons = [Button(action=link, label=words["prefer_button"])]
        return self._frame.said("prefer_title", "prefer_text", language=language, buttons=buttons)

    def send_link(self, request: Request, departure: Departure) -> Response:
        """An email to the reader's own address, which is not shown here."""
        _, language = self._words(request, self._ending(departure))
        ask_for_link(
            departure.subscriber_id,
            host=host_of(request),
            language=language,
            source="the link in a mail",
            store=self._subscribers.store,
        )
        return self._frame.said("link_sent", "link_sent_text", language=language)

    def _ending(self, departure: Departure) -> Ending:
        return ending_of(departure, store=self._subscribers.store)

    def _leave(self, departures: tuple[Departure, ...], _posts: int) -> None:
        self._tell(leave(departures, store=self._subscribers.store))

    def _tell(self, strangers: Iterable[Departure]) -> None:
        for departure in strangers:
            [name] = self._subscribers.links.message_ids(
                departure.campaign_id, [departure.subscriber_id]
            )
            log.warning(
                "left message_id=%s by a reader who is not in these books: erased, or in none since"
                " a backup was put back; then suppress the address that the provider's log has",
                name,
                extra=sparing("left"),
            )

    def _gone(self, request: Request, ending: Ending, title: str) -> Response:
        """Show that the subscriptions have ended, and what the reader can do next."""
        words, language = self._words(request, ending)
        text = self._said(ending, "left_lists", words)
        link = f"/u/{request.path_params['token']}"
        ways = {"preferences": "choose_instead", "everything": "leave_everything"}
        buttons = [
            Button(action=f"{link}/{way}", label=words[label], second=True)
            for way, label in ways.items()
        ]
        texts = [text, words["choose_hint"]]
        return self._page(words[title], texts, language=language, buttons=buttons)

    def _words(self, request: Request, ending: Ending) -> tuple[Mapping[str, str], str]:
        return self._frame.words(self._frame.language_of(request, ending.language))

    def _said(self, ending: Ending, key: str, words: Mapping[str, str]) -> str:
        """Return the titles of the lists that end; lists of an import are not named."""
        if not ending.lists:
            return words["left_everything_text"]
        return words[key].format(
            lists=named([self._titles.get(name, name) for name in ending.lists], words)
        )
