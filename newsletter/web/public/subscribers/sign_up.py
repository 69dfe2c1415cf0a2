"""Signing up: the form, here or on another site, and the page of the confirmation link.

The form gives the same answer, in the same time, for known and unknown addresses: nothing here
looks a subscriber up. A request takes effect when the reader of an email confirms it by a button.
Opening the link changes nothing, as scanners open every link of a mail.
"""

import logging
import re
from collections.abc import Callable, Mapping
from functools import partial
from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from newsletter.domain.delivery.transactional import EmailKind, EmailLimits, network_of
from newsletter.domain.subscribers import signup
from newsletter.domain.wording import one_line
from newsletter.pipeline.subscribers import join
from newsletter.runtime.log_lines import limited
from newsletter.runtime.subscribers import Subscribers
from newsletter.web.http import offering
from newsletter.web.http.forms import client_ip, read_form, relative_path
from newsletter.web.http.frame import Frame
from newsletter.web.http.group_commit import GroupCommit
from newsletter.web.http.limits import RequestLimit
from newsletter.web.http.threads import Lane, Lanes

_JSON_TYPE = "application/json"
_DOORS = {"page": "our sign-up page", "archive": "our public archive"}
"""The field of a form of ours → its page, in words."""
_HOST_PATTERN = re.compile(r"[a-z0-9.-]{1,253}")

log = logging.getLogger("newsletter.web")


class SignUpPages:
    """The sign-up pages; none if no list is offered."""

    def __init__(self, subscribers: Subscribers, frame: Frame, lanes: Lanes) -> None:
        self._subscribers = subscribers
        self._frame = frame
        self._lanes = lanes
        self._offering = offering.SignUpOffer(subscribers.settings)
        self._host = urlsplit(subscribers.settings.public_url).hostname or ""
        self._network_limit = RequestLimit(EmailLimits.max_per_network, subscribers.store.clock)
        self._group_commit: GroupCommit[join.SignUpRequest] = GroupCommit(
            lambda requests, _: join.ask(requests, store=subscribers.store)
        )

    def routes(self) -> list[Route]:
        if not self._offering.rules.public_lists:
            return []
        show = self._lanes.readers.run
        return [
            Route(offering.SIGN_UP_PATH, partial(show, self.form), methods=["GET"]),
            Route(offering.SIGN_UP_PATH, self.sign_up, methods=["POST"]),
            Route(f"{offering.SIGN_UP_PATH}/asked", partial(show, self.asked), methods=["GET"]),
            Route(offering.SCRIPT_PATH, partial(show, self.script), methods=["GET"]),
        ]

    def form(self, request: Request) -> Response:
        """Show an empty form; ``?list=NAME`` ticks a list, ``?language=`` sets the language."""
        ticked_lists = tuple(request.query_params.getlist("list"))
        language = self._language_of(request, request.query_params.get("language", ""))
        return self._show(signup.SignUpForm(lists=ticked_lists), language)

    def asked(self, request: Request) -> Response:
        """Show the page after a sign-up, which asks to look into the inbox."""
        language = self._language_of(request, request.query_params.get("language", ""))
        return self._frame.notice("asked_title", "asked", "asked_hint", language=language)

    def script(self, request: Request) -> Response:
        """Return the script by which a form on another site shows the answer in place."""
        return Response(
            self._frame.fill("form.js.j2"),
            media_type="text/javascript",
            headers={**self._frame.data_fields, "Cache-Control": "public, max-age=300"},
        )

    async def sign_up(self, request: Request) -> Response:
        """Accept a form, or show it with its faults; answer a script in JSON."""
        field = (posted := await read_form(request)).first
        form = signup.SignUpForm(
            address=field("email"),
            name=field("name"),
            lists=posted.all("list"),
            language=field("language"),
            wording=field("wording"),
            trap=field(offering.HONEYPOT_FIELD),
        )
        source = self._source(request, field("door"))
        return await self._lanes.sign_ups.run(self._sign_up, request, form, source)

    def _sign_up(self, request: Request, form: signup.SignUpForm, source: str) -> Response:
        language = self._language_of(request, form.language)
        faults = self._request_email(request, form, language, source)
        if request.headers.get("accept") == _JSON_TYPE:
            return self._json_answer(request, language, faults)
        if faults is None:
            page = self._frame.notice("busy_title", "busy", language=language, status=429)
            page.headers["Retry-After"] = "3600"
            return page
        if faults:
            return self._show(form, language, faults)
        target = relative_path(request, f"{offering.SIGN_UP_PATH}/asked?language={quote(language)}")
        return RedirectResponse(target, status_code=303, headers=dict(self._frame.data_fields))

    def _json_answer(
        self, request: Request, language: str, faults: Mapping[str, signup.FormFault] | None
    ) -> Response:
        """Return the answer as JSON. CORS lets only the sites in ``signup.origins`` read it."""
        messages, _ = self._frame.words(language)
        key = "busy" if faults is None else "form_faults" if faults else "asked"
        sentences = {key: messages[f"fault_{fault.value}"] for key, fault in (faults or {}).items()}
        origin = request.headers.get("origin", "")
        fields = {**self._frame.data_fields, "Vary": "Origin"}
        if origin in self._offering.rules.origins:
            fields["Access-Control-Allow-Origin"] = origin
        status = 429 if faults is None else 422 if faults else 200
        answer = {"text": messages[key], "faults": sentences}
        return JSONResponse(answer, status_code=status, headers=fields)

    def _request_email(
        self, request: Request, form: signup.SignUpForm, language: str, source: str
    ) -> Mapping[str, signup.FormFault] | None:
        """Request a confirmation email. Return field → fault; None if a limit is reached."""
        if form.trap:
            return {}  # a program filled it in, and is not told
        # before it is counted: a corrected mistake does not count
        judgement = self._offering.rules.judge(form)
        if not isinstance(judgement, signup.SignUp):
            return judgement
        network = network_of(client_ip(request))
        if self._network_limit.is_over(network):
            return None
        asked = self._offering.request_of(
            judgement, form, source=source, network=network, language=language
        )
        self._group_commit.record((asked,))
        if isinstance(asked.outcome, signup.FormFault):
            return {"consent": asked.outcome}
        log.info("sign-up=%s", asked.outcome.value, extra=limited(asked.outcome.value))
        return {}

    def _source(self, request: Request, door: str) -> str:
        """Return the page or site of the form in words, as proof of consent.

        Origin or Referer name another site. A browser sends neither from our own pages, which
        forbid it, but their forms name the page.
        """
        is_ours = request.headers.get("sec-fetch-site") == "same-origin"
        for field in () if is_ours else ("origin", "referer"):
            if host := _url_host(request.headers.get(field, "")):
                if host != self._host:
                    return f"a form on {host}"
                is_ours = True
        return _DOORS.get(door) or (_DOORS["page"] if is_ours else "a form")

    def _language_of(self, request: Request, language: str) -> str:
        return self._frame.language_of(
            request, language if offering.LANGUAGE_TAG_PATTERN.fullmatch(language) else ""
        )

    def _show(
        self,
        form: signup.SignUpForm,
        language: str,
        faults: Mapping[str, signup.FormFault] | None = None,
    ) -> Response:
        messages, _ = self._frame.words(language)
        return self._frame.page(
            messages["subscribe_title"],
            template="subscribe.html.j2",
            language=language,
            status=422 if faults else 200,
            address=one_line(form.address),
            name=one_line(form.name),
            ticked=form.lists,
            faults={key: messages[f"fault_{fault.value}"] for key, fault in (faults or {}).items()},
            first_fault=next(iter(faults or {}), ""),
            **self._offering.form_values(language),
        )


def _url_host(address: str) -> str:
    """Return the host of a URL in a header field, or "" if it is invalid."""
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        return ""
    return host if _HOST_PATTERN.fullmatch(host) else ""


_STATUS_OF_LINK = {join.LinkState.EXPIRED: 410, join.LinkState.BLOCKED: 409}


class ConfirmationPages:
    def __init__(self, subscribers: Subscribers, frame: Frame, lane: Lane) -> None:
        self._store = subscribers.store
        self._lane = lane
        self._links = subscribers.links
        self._frame = frame
        self._known = {one.name for one in subscribers.settings.titled_lists()}
        self._closed = subscribers.settings.closed_lists
        self._titles_of = subscribers.settings.titles_of

    def routes(self) -> list[Route]:
        return [
            Route("/confirm/{token}", partial(self._lane.run, self.show), methods=["GET"]),
            Route("/confirm/{token}", partial(self._lane.run, self.press), methods=["POST"]),
        ]

    def show(self, request: Request) -> Response:
        """Show a button and what it will do. A GET changes nothing."""
        return self._answer(request, join.follow)

    def press(self, request: Request) -> Response:
        """Confirm the request of the link, then answer."""
        return self._answer(request, partial(join.confirm, closed=self._closed))

    def _answer(self, request: Request, action: Callable[..., join.FollowedLink]) -> Response:
        services = {"known": self._known, "store": self._store, "links": self._links}
        result = action(request.path_params["token"], **services)
        email, state, reader_id = result.email, result.state, result.reader_id
        language = self._frame.language_of(request, email.language)
        messages, _ = self._frame.words(language)
        key = _WORD_KEYS.get((state, email.kind is EmailKind.MOVE), state.value)
        joined_lists = [name for name in email.lists if name not in result.requested]
        requested_lists = [name for name in email.lists if name in result.requested]
        texts = _TEXTS_OF_KEY.get(key, (key,))
        if requested_lists:
            key, texts = ("joined", ("joined", "requested")) if joined_lists else _ALL_REQUESTED
        gaps = {
            "lists": ", ".join(self._titles_of(joined_lists)),
            "requested": ", ".join(self._titles_of(requested_lists)),
            "address": signup.mask_address(email.address),
        }
        return self._frame.page(
            messages[f"{key}_title"],
            # each gap is filled once, so that what fills one is not taken for another
            [messages[text].format_map(gaps) for text in texts],
            template="step.html.j2",
            language=language,
            status=_STATUS_OF_LINK.get(state, 200),
            button=messages[f"{key}_button"] if state is join.LinkState.OPEN else "",
            token=reader_id and self._links.preferences_token(reader_id, self._store.clock.now()),
            again=state is join.LinkState.EXPIRED and email.kind is EmailKind.JOIN,
        )


_WORD_KEYS = {
    (join.LinkState.OPEN, False): "join",
    (join.LinkState.OPEN, True): "move",
    (join.LinkState.DONE, False): "joined",
    (join.LinkState.DONE, True): "moved",
}
"""(state of a link, whether it changes an address) → key of the words; else the state's name."""
_TEXTS_OF_KEY = {"join": ("join", "join_address")}
_ALL_REQUESTED = ("requested", ("requested",))
