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

from newsletter.credentials.links import LeaveLink
from newsletter.pipeline.subscribers import choose
from newsletter.runtime.log_lines import limited
from newsletter.runtime.subscribers import Subscribers
from newsletter.web.http.forms import client_ip, relative_path
from newsletter.web.http.frame import Button, Frame
from newsletter.web.http.group_commit import GroupCommit
from newsletter.web.http.threads import Lane, Lanes

log = logging.getLogger("newsletter.web")
_PAGE_BUTTON = "by=page"
"""The query of the page's button: its response is read by a person, not a mail program."""


class UnsubscribePages:
    def __init__(self, subscribers: Subscribers, frame: Frame, lanes: Lanes) -> None:
        self._subscribers = subscribers
        self._frame = frame
        self._lanes = lanes
        self._group_commit: GroupCommit[LeaveLink] = GroupCommit(self._leave)
        page = frame.notice("left", "left_it", language=subscribers.settings.language)
        self._for_programs = bytes(page.body)  # made once: mail programs ask by the thousand

    def routes(self) -> list[Route]:
        pages = [
            ("", "GET", self.ask_to_confirm),
            ("/everything", "POST", self.unsubscribe_from_all),
            ("/preferences", "GET", self.offer_link),
            ("/preferences", "POST", self.send_link),
            ("/lists/{list}", "POST", self.unsubscribe_from_list),
        ]
        leaving, readers = self._lanes.one_click, self._lanes.readers
        return [
            Route("/u/{token}", self._handler(self.unsubscribe, leaving), methods=["POST"]),
            *(
                Route("/u/{token}" + path, self._handler(page, readers), methods=[by])
                for path, by, page in pages
            ),
        ]

    def _handler(
        self, page: Callable[[Request, LeaveLink], Response], lane: Lane
    ) -> Callable[[Request], Awaitable[Response]]:
        """Return a handler that reads the link, and shows ``page`` unless it is of a test email."""

        def answer(request: Request) -> Response:
            leave_link = self._subscribers.links.read_unsubscribe(request.path_params["token"])
            if leave_link.is_test:
                language = self._frame.language_of(request)
                return self._frame.notice("test_link", "test_link_text", language=language)
            return page(request, leave_link)

        return partial(lane.run, answer)

    def ask_to_confirm(self, request: Request, leave_link: LeaveLink) -> Response:
        ending = choose.load_pending_departure(leave_link, store=self._subscribers.store)
        if ending.ended:
            return self._end_page(request, ending, "not_subscribed")
        messages, language = self._words(request, ending)
        text = self._lists(ending, "leave_lists", messages)
        buttons = [Button(action=f"?{_PAGE_BUTTON}", label=messages["leave"])]
        return self._frame.page(messages["leave_title"], [text], language=language, buttons=buttons)

    def unsubscribe(self, request: Request, leave_link: LeaveLink) -> Response:
        self._group_commit.record((leave_link,))
        if request.url.query != _PAGE_BUTTON:
            return HTMLResponse(self._for_programs, headers=dict(self._frame.fields))
        return self._end_page(
            request,
            choose.load_pending_departure(leave_link, store=self._subscribers.store),
            "left",
        )

    def unsubscribe_from_all(self, request: Request, leave_link: LeaveLink) -> Response:
        """Unsubscribe from all lists, so that no import subscribes the reader again."""
        store = self._subscribers.store
        ending = choose.load_pending_departure(leave_link, store=store)
        self._log_unknown(choose.leave_everything(leave_link, store=store))
        self._subscribers.counters.add("unsubscribe_posts")
        language = self._frame.language_of(request, ending.language)
        return self._frame.notice("left", "left_everything_text", language=language)

    def offer_link(self, request: Request, leave_link: LeaveLink) -> Response:
        """Show a button that mails the preferences link, and one to leave each list.

        The page is the same for all subscribers. It changes nothing, as scanners open it too.
        """
        ending = choose.load_pending_departure(leave_link, store=self._subscribers.store)
        messages, language = self._words(request, ending)
        link = relative_path(request, f"/u/{request.path_params['token']}")
        buttons = [
            Button(action=f"{link}/preferences", label=messages["prefer_button"]),
            *(
                Button(
                    action=f"{link}/lists/{offer.name}",
                    label=f"{messages['leave']} – {offer.title}",
                    second=True,
                )
                for offer in self._subscribers.settings.offers()
            ),
        ]
        return self._frame.notice("prefer_title", "prefer_text", language=language, buttons=buttons)

    def unsubscribe_from_list(self, request: Request, leave_link: LeaveLink) -> Response:
        """End the subscription to one list. The answer does not tell whether there was one."""
        store, name = self._subscribers.store, request.path_params["list"]
        if name not in {offer.name for offer in self._subscribers.settings.offers()}:
            raise HTTPException(404)
        choose.leave_list(leave_link, name, store=store)
        self._subscribers.counters.add("unsubscribe_posts")
        return self._end_page(
            request,
            replace(choose.load_pending_departure(leave_link, store=store), lists=(name,)),
            "left",
        )

    def send_link(self, request: Request, leave_link: LeaveLink) -> Response:
        """Send an email to the reader's own address, which is not shown here."""
        store = self._subscribers.store
        _, language = self._words(request, choose.load_pending_departure(leave_link, store=store))
        choose.ask_for_link(
            leave_link.subscriber_id,
            host=client_ip(request),
            language=language,
            source="the link in a mail",
            store=store,
        )
        return self._frame.notice("link_sent", "link_sent_text", language=language)

    def _leave(self, links: tuple[LeaveLink, ...], _post_count: int) -> None:
        self._log_unknown(choose.leave(links, store=self._subscribers.store))
        self._subscribers.counters.add("unsubscribe_posts", by=len(links))

    def _log_unknown(self, links: Iterable[LeaveLink]) -> None:
        for leave_link in links:
            _, [name] = self._subscribers.links.for_batch(
                leave_link.campaign_id, [leave_link.subscriber_id]
            )
            log.warning(
                "left message_id=%s by a reader who is not in these books: erased, or in none since"
                " a backup was put back; then suppress the address that the provider's log has",
                name,
                extra=limited("left"),
            )

    def _end_page(self, request: Request, ending: choose.PendingDeparture, title: str) -> Response:
        """Return the page that says that the reader is unsubscribed, with further choices."""
        messages, language = self._words(request, ending)
        choices = {"preferences": "choose_instead", "everything": "leave_everything"}
        link = relative_path(request, f"/u/{request.path_params['token']}")
        buttons = [
            Button(action=f"{link}/{way}", label=messages[label], second=True)
            for way, label in choices.items()
        ]
        texts = [self._lists(ending, "left_lists", messages), messages["choose_hint"]]
        return self._frame.page(messages[title], texts, language=language, buttons=buttons)

    def _words(
        self, request: Request, ending: choose.PendingDeparture
    ) -> tuple[Mapping[str, str], str]:
        return self._frame.words(self._frame.language_of(request, ending.language))

    def _lists(self, ending: choose.PendingDeparture, key: str, messages: Mapping[str, str]) -> str:
        """Return a sentence with the titles of the lists that the reader leaves."""
        if not ending.lists:
            return messages["left_everything_text"]
        titles = self._subscribers.settings.titles_of(ending.lists)
        listed = messages["comma"].join(messages["listed"].format(name=title) for title in titles)
        return messages[key].format(lists=listed)
