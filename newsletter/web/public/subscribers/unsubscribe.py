"""Unsubscribing, by the link in every mail. It works for ever, and for whoever has the mail.

A GET changes nothing: scanners open every link. A POST ends subscriptions, be it from the page's
button or from a mail program (RFC 8058: 200, no redirect, no cookie, whatever the body). Since
mails are forwarded, the link gives nothing away and takes nothing else: it ends what the reader
gets, and has an email with the link to their settings sent to the reader's own address.
"""

import logging
from collections.abc import Iterable, Mapping

from starlette.concurrency import run_in_threadpool
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
from newsletter.runtime.subscribers import Subscribers
from newsletter.web.http.frame import Button, Frame, named
from newsletter.web.http.group_commit import GroupCommit

log = logging.getLogger("newsletter.web")
_BY_PAGE = "by=page"
"""In the address that the page's button posts to: a person will read the answer."""


class UnsubscribePages:
    """The pages behind the unsubscribe link."""

    def __init__(self, subscribers: Subscribers, frame: Frame) -> None:
        self._subscribers = subscribers
        self._frame = frame
        self._page = frame.page
        self._titles = {offer.name: offer.title for offer in subscribers.settings.offers()}
        self._gathering: GroupCommit[Departure] = GroupCommit(self._leave)
        words, _ = frame.words(subscribers.settings.language)
        told = frame.page(words["left"], [words["left_it"]], language=subscribers.settings.language)
        self._for_programs = bytes(told.body)

    def routes(self) -> list[Route]:
        """Path and method → page."""
        return [
            Route("/u/{token}", self.left, methods=["POST"]),
            Route("/u/{token}", self.ask, methods=["GET"]),
            Route("/u/{token}/everything", self.left_everything, methods=["POST"]),
            Route("/u/{token}/preferences", self.offer_link, methods=["GET"]),
            Route("/u/{token}/preferences", self.send_link, methods=["POST"]),
        ]

    async def ask(self, request: Request) -> Response:
        """One button, for a person who followed the link in a mail."""
        departure = self._departure(request)
        if departure is None or departure.of_a_test:
            return self._no_link(request, departure)
        ending = await run_in_threadpool(ending_of, departure, store=self._subscribers.store)
        if ending.ended:
            return self._gone(request, ending, "not_subscribed")
        words, language = self._words(request, ending)
        text = words["leave_lists"].format(lists=named(self._listed(ending), words))
        if not ending.lists:
            text = words["left_everything_text"]
        buttons = [Button(action=f"?{_BY_PAGE}", label=words["leave"])]
        return self._page(words["leave_title"], [text], language=language, buttons=buttons)

    async def left(self, request: Request) -> Response:
        """The effect is committed before the answer."""
        departure = self._departure(request)
        if departure is None or departure.of_a_test:
            return self._no_link(request, departure)
        await run_in_threadpool(self._gathering.record, (departure,))
        if request.url.query != _BY_PAGE:
            return HTMLResponse(self._for_programs, headers=dict(self._frame.fields))
        ending = await run_in_threadpool(ending_of, departure, store=self._subscribers.store)
        return self._gone(request, ending, "left")

    async def left_everything(self, request: Request) -> Response:
        """All lists at once, and none by an import."""
        departure = self._departure(request)
        if departure is None or departure.of_a_test:
            return self._no_link(request, departure)
        ending = await run_in_threadpool(ending_of, departure, store=self._subscribers.store)
        strangers = await run_in_threadpool(
            leave_everything,
            departure,
            store=self._subscribers.store,
            clock=self._subscribers.clock,
        )
        self._tell(strangers)
        words, language = self._words(request, ending)
        return self._page(words["left"], [words["left_everything_text"]], language=language)

    async def offer_link(self, request: Request) -> Response:
        """One button: scanners open this page too. It says the same whoever is still subscribed."""
        departure = self._departure(request)
        if departure is None or departure.of_a_test:
            return self._no_link(request, departure)
        ending = await run_in_threadpool(ending_of, departure, store=self._subscribers.store)
        words, language = self._words(request, ending)
        link = f"/u/{request.path_params['token']}/preferences"
        return self._page(
            words["prefer_title"],
            [words["prefer_text"]],
            language=language,
            buttons=[Button(action=link, label=words["prefer_button"])],
        )

    async def send_link(self, request: Request) -> Response:
        """An email to the reader's own address, which is not shown here."""
        departure = self._departure(request)
        if departure is None or departure.of_a_test:
            return self._no_link(request, departure)
        ending = await run_in_threadpool(ending_of, departure, store=self._subscribers.store)
        words, language = self._words(request, ending)
        await run_in_threadpool(
            ask_for_link,
            departure.subscriber_id,
            host=request.client.host if request.client else "",
            language=language,
            source="the link in a mail",
            store=self._subscribers.store,
            clock=self._subscribers.clock,
        )
        return self._page(words["link_sent"], [words["link_sent_text"]], language=language)

    def _leave(self, departures: tuple[Departure, ...], _posts: int) -> None:
        self._tell(leave(departures, store=self._subscribers.store, clock=self._subscribers.clock))

    def _tell(self, strangers: Iterable[Departure]) -> None:
        for departure in strangers:
            [name] = self._subscribers.links.message_ids(
                departure.campaign_id, [departure.subscriber_id]
            )
            log.warning(
                "left message_id=%s by a reader who is not in these books: erased, or in none since"
                " a backup was put back; then suppress the address that the provider's log has",
                name,
            )

    def _departure(self, request: Request) -> Departure | None:
        try:
            return read(request.path_params["token"], self._subscribers.links)
        except NotFound:
            return None

    def _no_link(self, request: Request, departure: Departure | None) -> Response:
        """For a link that ends nothing, from a test mail or from nobody."""
        words, language = self._frame.words(self._frame.language_of(request))
        if departure is None:
            text = [words["broken_link"]]
            return self._page(words["not_found"], text, language=language, status=404)
        return self._page(words["test_link"], [words["test_link_text"]], language=language)

    def _gone(self, request: Request, ending: Ending, title: str) -> Response:
        """What a person reads who gets nothing more by this link, and what they can do then."""
        words, language = self._words(request, ending)
        text = words["left_lists"].format(lists=named(self._listed(ending), words))
        if not ending.lists:
            text = words["left_everything_text"]
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

    def _listed(self, ending: Ending) -> list[str]:
        return [self._titles.get(name, name) for name in ending.lists]
