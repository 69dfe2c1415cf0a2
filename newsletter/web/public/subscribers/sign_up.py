"""Sign-up: the form, here or on another site, and the page behind the confirmation link.

Every request gets the same answer in the same time: nothing here looks up subscribers. A request
waits until the reader of the email confirms it with a button. Opening the link changes nothing,
because scanners open every link in an email.
"""

import logging
import re
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from threading import Lock
from urllib.parse import quote, urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from newsletter.config.settings import Settings
from newsletter.domain.clock import Clock
from newsletter.domain.delivery.transactional import EmailKind, EmailLimits, Taken, network_of
from newsletter.domain.errors import NotFound
from newsletter.domain.subscribers.lists import PublicList
from newsletter.domain.subscribers.signup import (
    Objection,
    SignUp,
    SignUpForm,
    consent_words,
    masked,
    wording_of,
)
from newsletter.pipeline.subscribers.join import Followed, LinkState, Shown, ask, confirm, follow
from newsletter.rendering.languages import direction
from newsletter.runtime.log_lines import sparing
from newsletter.runtime.subscribers import Subscribers
from newsletter.web.http.forms import Posted, host_of, read_form, shown_again
from newsletter.web.http.frame import Frame
from newsletter.web.http.threads import Lane

_HOUR = timedelta(hours=1)
_MOST_NETWORKS = 10_000


class NetworkLimit:
    """``most`` posts of a network within an hour are let through."""

    def __init__(self, most: int, clock: Clock) -> None:
        self._most = most
        self._clock = clock
        self._turn = Lock()
        self._seen: OrderedDict[str, deque[float]] = OrderedDict()

    def is_over(self, network: str) -> bool:
        """Count a post; tells whether it is one too many. An unnamed network has no limit."""
        if not network:
            return False
        with self._turn:
            return self._is_over(network)

    def _is_over(self, network: str) -> bool:
        now = self._clock.now().timestamp()
        posts = self._seen.setdefault(network, deque())
        self._seen.move_to_end(network)
        while posts and not 0 <= now - posts[0] < _HOUR.total_seconds():
            posts.popleft()  # long ago, or by a clock that was wrong
        # refused posts do not count, else a person who tries again would never be accepted
        if len(posts) >= self._most:
            return True
        posts.append(now)
        if len(self._seen) > _MOST_NETWORKS:
            # the one that posted longest ago
            self._seen.popitem(last=False)
        return False


PATH = "/subscribe"
TRAP = "website"
"""The field that people do not see. Its name is one that programs like to fill in."""


class Offering:
    """The lists that one workspace offers."""

    def __init__(self, settings: Settings, frame: Frame) -> None:
        self.rules = settings.sign_up_rules()
        self._settings = settings
        self._frame = frame

    def words(self, language: str, offers: Sequence[PublicList]) -> Shown:
        """Return the current words of consent at these lists."""
        words, shown_in = self._frame.words(language)
        ours = words["consent_one" if len(offers) == 1 else "consent_many"]
        consent = consent_words(
            self._settings.signup.consent or ours,
            organisation=self._settings.organisation.name,
            offers=offers,
        )
        return Shown(words=consent, language=shown_in, wording=wording_of(consent))

    def html(self, language: str, offers: Sequence[PublicList]) -> str:
        """The form for another site: plain HTML that posts to our page."""
        words, shown_in = self._frame.words(language)
        consent = self.words(language, offers)
        return self._frame.fill(
            "form.html.j2",
            action=self._settings.public_url + PATH,
            language=language,
            shown_in=shown_in,
            direction=direction(shown_in),
            words=words,
            offers=offers,
            consent=consent.words,
            wording=consent.wording,
            trap=TRAP,
        )


_ASKED = f"{PATH}/asked"
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")
_HOST = re.compile(r"[a-z0-9.-]{1,253}")
_OUR_PAGE, _SOME_FORM = "our sign-up page", "a form"

log = logging.getLogger("newsletter.web")


class SignUpPages:
    """The pages for joining; there are none if no list is offered."""

    def __init__(self, subscribers: Subscribers, frame: Frame, lane: Lane) -> None:
        self._subscribers = subscribers
        self._frame = frame
        self._lane = lane
        self._offering = Offering(subscribers.settings, frame)
        self._host = urlsplit(subscribers.settings.public_url).hostname or ""
        self._limits = EmailLimits()
        self._network_limit = NetworkLimit(self._limits.a_network, subscribers.store.clock)

    def routes(self) -> list[Route]:
        """Path and method → page."""
        if not self._offering.rules.offers:
            return []
        return [
            Route(PATH, partial(self._lane.run, self.form), methods=["GET"]),
            Route(PATH, self.sign_up, methods=["POST"]),
            Route(_ASKED, partial(self._lane.run, self.asked), methods=["GET"]),
        ]

    def form(self, request: Request) -> Response:
        """An empty form; ``?list=NAME`` ticks a list, ``?language=`` chooses the language."""
        ticked = tuple(request.query_params.getlist("list"))
        language = self._language_of(request, request.query_params.get("language", ""))
        return self._show(SignUpForm(lists=ticked), language)

    def asked(self, request: Request) -> Response:
        """Show the page after every request: look into your inbox."""
        language = self._language_of(request, request.query_params.get("language", ""))
        return self._frame.said("asked_title", "asked", "asked_hint", language=language)

    async def sign_up(self, request: Request) -> Response:
        """Accept a form, or show its faults."""
        return await self._lane.run(self._sign_up, request, _form_of(await read_form(request)))

    def _sign_up(self, request: Request, form: SignUpForm) -> Response:
        language = self._language_of(request, form.language)
        if form.trap:
            return self._go_on(language)  # a program, and it is not told
        # before the count, so that correcting a typing error does not shut a person out
        judged = self._offering.rules.judge(form)
        if not isinstance(judged, SignUp):
            return self._show(form, language, judged)
        network = network_of(host_of(request))
        if self._network_limit.is_over(network):
            return self._busy(language)
        taken = self._ask(judged, form, language, network, request)
        if isinstance(taken, Objection):
            return self._show(form, language, {"consent": taken})
        log.info("sign-up=%s", taken.value, extra=sparing(taken.value))
        return self._go_on(language)

    def _ask(
        self, wish: SignUp, form: SignUpForm, language: str, network: str, request: Request
    ) -> Taken | Objection:
        now = self._offering.words(language, self._offering.rules.offers)
        # the email comes in the language of the form, also where our pages do not speak it
        spoken = form.language if _LANGUAGE.fullmatch(form.language) else language
        shown = Shown(words=now.words, language=spoken, wording=form.wording)
        return ask(
            wish,
            shown,
            source=self._source(request),
            network=network,
            limits=self._limits,
            store=self._subscribers.store,
        )

    def _source(self, request: Request) -> str:
        """Return the address of the form as the browser gives it; a program may give none.

        Our own page sends no referrer.
        """
        if request.headers.get("sec-fetch-site") == "same-origin":
            return _OUR_PAGE
        named = request.headers.get("origin", ""), request.headers.get("referer", "")
        for address in named:
            host = _host_of(address)
            if host:
                return _OUR_PAGE if host == self._host else f"{_SOME_FORM} on {host}"
        return _SOME_FORM

    def _language_of(self, request: Request, wanted: str) -> str:
        return self._frame.language_of(request, wanted if _LANGUAGE.fullmatch(wanted) else "")

    def _go_on(self, language: str) -> Response:
        where = f"{_ASKED}?language={quote(language)}"
        fields = {**self._frame.data_fields, "Location": where}
        return Response(status_code=303, headers=fields)

    def _busy(self, language: str) -> Response:
        page = self._frame.said("busy_title", "busy", language=language, status=429)
        page.headers["Retry-After"] = "3600"
        return page

    def _show(
        self, form: SignUpForm, language: str, faults: Mapping[str, Objection] | None = None
    ) -> Response:
        words, _ = self._frame.words(language)
        offers = self._offering.rules.offers
        consent = self._offering.words(language, offers)
        return self._frame.page(
            words["subscribe_title"],
            template="subscribe.html.j2",
            language=language,
            status=422 if faults else 200,
            offers=offers,
            form_language=language,
            address=shown_again(form.address),
            name=shown_again(form.name),
            ticked=form.lists,
            consent=consent.words,
            wording=consent.wording,
            trap=TRAP,
            faults={key: words[f"fault_{fault.value}"] for key, fault in (faults or {}).items()},
            first_fault=next(iter(faults or {}), ""),
        )


def _form_of(posted: Posted) -> SignUpForm:
    field = posted.first
    return SignUpForm(
        address=field("email"),
        name=field("name"),
        lists=posted.all("list"),
        language=field("language"),
        wording=field("wording"),
        trap=field(TRAP),
    )


def _host_of(address: str) -> str:
    """The host of an address that a browser sent, if it is one."""
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        return ""
    return host if _HOST.fullmatch(host) else ""


_GONE = {LinkState.EXPIRED: 410, LinkState.BLOCKED: 409}


class ConfirmationPages:
    """The pages behind the links of confirmation emails."""

    def __init__(self, subscribers: Subscribers, frame: Frame, lane: Lane) -> None:
        self._store = subscribers.store
        self._lane = lane
        self._links = subscribers.links
        self._frame = frame
        self._titles = {offer.name: offer.title for offer in subscribers.settings.titled_lists()}

    def routes(self) -> list[Route]:
        """Path and method → page."""
        return [
            Route("/confirm/{token}", partial(self._lane.run, self.look), methods=["GET"]),
            Route("/confirm/{token}", partial(self._lane.run, self.press), methods=["POST"]),
        ]

    def look(self, request: Request) -> Response:
        """Show what the button will do. Changes nothing."""
        return self._answer(request, partial(follow, store=self._store, links=self._links))

    def press(self, request: Request) -> Response:
        """Carry out the request, and commit before the answer."""
        return self._answer(request, partial(confirm, store=self._store, links=self._links))

    def _answer(self, request: Request, action: Callable[[str], Followed]) -> Response:
        try:
            followed = action(request.path_params["token"])
        except NotFound as error:
            raise HTTPException(404, str(error)) from error
        return self._page(followed, self._frame.language_of(request, followed.email.language))

    def _page(self, followed: Followed, language: str) -> Response:
        words, _ = self._frame.words(language)
        email = followed.email
        moves = email.kind is EmailKind.MOVE
        about = {
            "lists": ", ".join(self._titles.get(name, name) for name in email.lists),
            "address": masked(email.address),
        }
        key, more = _KEYS[followed.state, moves], _MORE.get((followed.state, moves), "")
        return self._frame.page(
            words[f"{key}_title"],
            _filled([words[key], words[more]] if more else [words[key]], about),
            template="step.html.j2",
            language=language,
            status=_GONE.get(followed.state, 200),
            button=words[f"{key}_button"] if followed.state is LinkState.OPEN else "",
            **self._way_on(followed),
        )

    def _way_on(self, followed: Followed) -> dict[str, str]:
        """Return links for the next page."""
        number = followed.reader_id
        if number is not None:
            token = self._links.preferences_token(number, self._store.clock.now())
            return {"way_on": f"/preferences/{token}", "way_on_text": "to_preferences"}
        if followed.state is LinkState.EXPIRED and followed.email.kind is EmailKind.JOIN:
            return {"way_on": PATH, "way_on_text": "ask_again"}
        return {"way_on": "", "way_on_text": ""}


def _filled(paragraphs: Sequence[str], about: dict[str, str]) -> list[str]:
    """Each gap filled once, so that nothing that fills one is taken for another."""
    return [paragraph.format_map(about) for paragraph in paragraphs]


_KEYS = {
    (LinkState.OPEN, False): "join",
    (LinkState.OPEN, True): "move",
    (LinkState.DONE, False): "joined",
    (LinkState.DONE, True): "moved",
} | {
    (state, moves): state.value
    for state in (LinkState.USED, LinkState.EXPIRED, LinkState.BLOCKED)
    for moves in (False, True)
}
_MORE = {(LinkState.OPEN, False): "join_address"}
