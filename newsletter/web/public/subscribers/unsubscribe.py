"""Unsubscribing by the link in every mail. It works for ever, for anyone who has the mail.

A GET changes nothing: scanners open every link. A POST ends subscriptions, from the page's button
or from a mail program (RFC 8058: 200, no redirect, no cookie, any body). Mails are forwarded, so
the link shows nothing of the reader. It can only unsubscribe the reader, or send the link to the
preferences to the reader's own address.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from newsletter.domain.errors import NotFound
from newsletter.pipeline.subscribers import leave
from newsletter.pipeline.subscribers.prefer import ask_for_link
from newsletter.runtime.log_lines import sparing
from newsletter.runtime.subscribers import Subscribers
from newsletter.web.http.forms import host_of
from newsletter.web.http.frame import Button, Frame, named
from newsletter.web.http.group_commit import GroupCommit
from newsletter.web.http.threads import Lane, Lanes

log = logging.getLogger("newsletter.web")
_BY_PAGE = "by=page"
"""In the address of the page's button: a person reads the answer."""


class UnsubscribePages:
    """The pages behind the unsubscribe link."""

    def __init__(self, subscribers: Subscribers, frame: Frame, lanes: Lanes) -> None:
        self._subscribers = subscribers
        self._frame = frame
        self._lanes = lanes
        self._titles = {offer.name: offer.title for offer in subscribers.settings.titled_lists()}
        self._gathering: GroupCommit[leave.Departure] = GroupCommit(self._leave)
        told = frame.said("left", "left_it", language=subscribers.settings.language)
        self._for_programs = bytes(told.body)  # made once: mail programs ask by the thousand

    def routes(self) -> list[Route]:
        pages = [
            ("", "GET", self.ask),
            ("/everything", "POST", self.left_everything),
            ("/preferences", "GET", self.offer_link),
            ("/preferences", "POST", self.send_link),
            ("/lists/{list}", "POST", self.left_list),
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
        self, page: Callable[[Request, leave.Departure], Response], lane: Lane
    ) -> Callable[[Request], Awaitable[Response]]:
        """Return a handler that shows the page for a link, but of a test mail says just that."""

        def answer(request: Request) -> Response:
            language = self._frame.language_of(request)
            try:
                departure = leave.read_unsubscribe_link(
                    request.path_params["token"], self._subscribers.links
                )
            except NotFound:
                return self._frame.said("not_found", "broken_link", language=language, status=404)
            if departure.of_a_test:
                return self._frame.said("test_link", "test_link_text", language=language)
            return page(request, departure)

        return partial(lane.run, answer)

    def ask(self, request: Request, departure: leave.Departure) -> Response:
        """Show one button to a person who followed the link in a mail."""
        ending = leave.ending_of(departure, store=self._subscribers.store)
        if ending.ended:
            return self._end_page(request, ending, "not_subscribed")
        words, language = self._words(request, ending)
        text = self._lists(ending, "leave_lists", words)
        buttons = [Button(action=f"?{_BY_PAGE}", label=words["leave"])]
        return self._frame.page(words["leave_title"], [text], language=language, buttons=buttons)

    def left(self, request: Request, departure: leave.Departure) -> Response:
        """End the subscriptions, then answer."""
        self._gathering.record((departure,))
        if request.url.query != _BY_PAGE:
            return HTMLResponse(self._for_programs, headers=dict(self._frame.fields))
        return self._end_page(
            request, leave.ending_of(departure, store=self._subscribers.store), "left"
        )

    def left_everything(self, request: Request, departure: leave.Departure) -> Response:
        """Unsubscribe from all lists, so that no import subscribes the reader again."""
        store = self._subscribers.store
        ending = leave.ending_of(departure, store=store)
        self._log_unknown(leave.leave_everything(departure, store=store))
        self._subscribers.counters.add("unsubscribe_posts")
        language = self._frame.language_of(request, ending.language)
        return self._frame.said("left", "left_everything_text", language=language)

    def offer_link(self, request: Request, departure: leave.Departure) -> Response:
        """Show buttons: scanners open this page too. It is the same for all subscribers.

        Each list that people may join can be left at once; all else takes a link to the mailbox.
        """
        ending = leave.ending_of(departure, store=self._subscribers.store)
        words, language = self._words(request, ending)
        link = f"/u/{request.path_params['token']}"
        buttons = [
            Button(action=f"{link}/preferences", label=words["prefer_button"]),
            *(
                Button(
                    action=f"{link}/lists/{offer.name}",
                    label=f"{words['leave']} – {offer.title}",
                    second=True,
                )
                for offer in self._subscribers.settings.offers()
            ),
        ]
        return self._frame.said("prefer_title", "prefer_text", language=language, buttons=buttons)

    def left_list(self, request: Request, departure: leave.Departure) -> Response:
        """End the subscription to one list, and answer alike for all who were on it or not."""
        store, name = self._subscribers.store, request.path_params["list"]
        if name not in {offer.name for offer in self._subscribers.settings.offers()}:
            raise HTTPException(404)
        leave.leave_list(departure, name, store=store)
        self._subscribers.counters.add("unsubscribe_posts")
        return self._end_page(
            request, replace(leave.ending_of(departure, store=store), lists=(name,)), "left"
        )

    def send_link(self, request: Request, departure: leave.Departure) -> Response:
        """Send an email to the reader's own address, which is not shown here."""
        store = self._subscribers.store
        _, language = self._words(request, leave.ending_of(departure, store=store))
        ask_for_link(
            departure.subscriber_id,
            host=host_of(request),
            language=language,
            source="the link in a mail",
            store=store,
        )
        return self._frame.said("link_sent", "link_sent_text", language=language)

    def _leave(self, departures: tuple[leave.Departure, ...], _posts: int) -> None:
        self._log_unknown(leave.leave(departures, store=self._subscribers.store))
        self._subscribers.counters.add("unsubscribe_posts", by=len(departures))

    def _log_unknown(self, departures: Iterable[leave.Departure]) -> None:
        for departure in departures:
            [name] = self._subscribers.links.message_ids(
                departure.campaign_id, [departure.subscriber_id]
            )
            log.warning(
                "left message_id=%s by a reader who is not in these books: erased, or in none since"
                " a backup was put back; then suppress the address that the provider's log has",
                name,
                extra=sparing("left"),
            )

    def _end_page(self, request: Request, ending: leave.PendingDeparture, title: str) -> Response:
        """Say that the link has unsubscribed the reader, and what they can do next."""
        words, language = self._words(request, ending)
        ways = {"preferences": "choose_instead", "everything": "leave_everything"}
        buttons = [
            Button(
                action=f"/u/{request.path_params['token']}/{way}", label=words[label], second=True
            )
            for way, label in ways.items()
        ]
        texts = [self._lists(ending, "left_lists", words), words["choose_hint"]]
        return self._frame.page(words[title], texts, language=language, buttons=buttons)

    def _words(
        self, request: Request, ending: leave.PendingDeparture
    ) -> tuple[Mapping[str, str], str]:
        return self._frame.words(self._frame.language_of(request, ending.language))

    def _lists(self, ending: leave.PendingDeparture, key: str, words: Mapping[str, str]) -> str:
        """Say what ends, by the titles of its lists; lists of an import are not named."""
        if not ending.lists:
            return words["left_everything_text"]
        return words[key].format(
            lists=named([self._titles.get(name, name) for name in ending.lists], words)
        )
