"""The subscriber's own pages: preferences, address, data export and erasure.

A link that was sent to the subscriber's address opens them for a day. The links in other emails do
not, as people forward emails.

The form contains the values that it showed, and only changed values are stored. So an old page
cannot join a list that the subscriber left by one click in the meantime.
"""

import json
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, partial
from importlib.resources import files
from unicodedata import normalize
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from newsletter.credentials.links import Owner
from newsletter.domain.errors import NotFound, Outdated, StoreUnavailable
from newsletter.domain.schedule import every_zone
from newsletter.domain.staff.audit import READER_NAME
from newsletter.domain.subscribers.address import parse_address
from newsletter.domain.subscribers.audience import Subscriber, SuppressionReason
from newsletter.domain.subscribers.lists import PublicList
from newsletter.domain.subscribers.preferences import Pause, PreferenceChange, pause_end
from newsletter.domain.subscribers.signup import is_name
from newsletter.pipeline.subscribers import choose
from newsletter.rendering.languages import base_language
from newsletter.rendering.mail.details import date_text
from newsletter.runtime.subscribers import Subscribers
from newsletter.web.http.forms import Posted, client_ip, read_form, relative_path
from newsletter.web.http.frame import Button, Frame
from newsletter.web.http.threads import Lane


@cache
def zones_by_continent() -> dict[str, list[tuple[str, str]]]:
    """Return continent → (IANA name, city), sorted.

    They come from ``zone.tab``, which has no deprecated names.
    """
    lines = (files("tzdata.zoneinfo") / "zone.tab").read_text("utf-8").splitlines()
    names = sorted(line.split("\t")[2] for line in lines if line and not line.startswith("#"))
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for name in names:
        part, _, city = name.partition("/")
        found[part].append((name, city.replace("_", " ").replace("/", ", ")))
    return dict(found)


def _is_zone(name: str) -> bool:
    return any(name == zone for cities in zones_by_continent().values() for zone, _ in cities)


_TEXT_FIELDS = ("name", "language", "timezone")
_PATH = "/preferences/{token}"


@dataclass(frozen=True, kw_only=True)
class ReaderRequest:
    http: Request
    form: Posted
    owner: Owner
    person: Subscriber
    messages: Mapping[str, str]
    language: str
    link: str
    """The relative link to the page."""


class PreferencesPage:
    """The pages that a subscriber's preferences link opens."""

    def __init__(self, subscribers: Subscribers, frame: Frame, lane: Lane) -> None:
        self._subscribers = subscribers
        self._lane = lane
        self._frame = frame
        self._rules = subscribers.settings.sign_up_rules()

    def routes(self) -> list[Route]:
        pages = [
            ("", "GET", self.show),
            ("", "POST", self.save),
            ("/address", "POST", self.request_move),
            ("/data", "GET", self.data),
            ("/delete", "GET", self.ask_to_delete),
            ("/delete", "POST", self.delete),
        ]
        return [
            Route(f"{_PATH}/again", partial(self._lane.run, self.send_another), methods=["POST"]),
            *(Route(_PATH + path, self._handler(page), methods=[by]) for path, by, page in pages),
        ]

    def _handler(
        self, page: Callable[[ReaderRequest], Response]
    ) -> Callable[[Request], Awaitable[Response]]:
        """Return a handler that checks the link, and shows ``page`` if it is valid."""

        def answer(request: Request, form: Posted, tries: int = 5) -> Response:
            owner = self._subscribers.links.read_preferences(request.path_params["token"])
            language = self._frame.language_of(request)
            link = relative_path(request, f"/preferences/{request.path_params['token']}")
            if owner.is_late(self._subscribers.store.clock.now()):
                messages, _ = self._frame.words(language)
                buttons = [Button(action=f"{link}/again", label=messages["late_button"])]
                return self._frame.notice(
                    "expired_title", "late_text", language=language, status=410, buttons=buttons
                )
            try:
                person = choose.subscriber_of(owner, store=self._subscribers.store)
                messages, language = self._frame.words(
                    self._frame.language_of(request, person.language)
                )
                return page(
                    ReaderRequest(
                        http=request,
                        form=form,
                        owner=owner,
                        person=person,
                        messages=messages,
                        language=language,
                        link=link,
                    )
                )
            except NotFound:
                return self._frame.notice("not_found", "nobody", language=language, status=404)
            except Outdated as error:  # the person changed since they were loaded
                if tries == 1:
                    raise StoreUnavailable(str(error)) from error
                return answer(request, form, tries - 1)

        async def read_and_answer(request: Request) -> Response:
            form = await read_form(request) if request.method == "POST" else Posted()
            return await self._lane.run(answer, request, form)

        return read_and_answer

    def send_another(self, request: Request) -> Response:
        """Send a new preferences link to the subscriber, in place of an expired one."""
        owner = self._subscribers.links.read_preferences(request.path_params["token"])
        language = self._frame.language_of(request)
        choose.ask_for_link(
            owner.subscriber_id,
            host=client_ip(request),
            language=language,
            source="a link to preferences that came too late",
            store=self._subscribers.store,
        )
        return self._frame.notice("link_sent", "link_sent_text", language=language)

    def show(self, request: ReaderRequest) -> Response:
        return self._form(request, is_saved="saved" in request.http.query_params)

    def save(self, request: ReaderRequest) -> Response:
        """Apply the changes; if a field has a fault, apply none."""
        change, faults = self._read_form(request)
        if faults:
            return self._form(request, form=request.form, faults=faults)
        ask = request.messages["lists_ask"]
        choose.save(
            request.owner,
            change,
            shown={
                offer.name: "\n".join(filter(None, (ask, offer.title, offer.about)))
                for offer in self._lists(request.person)
            },
            language=request.language,
            closed=self._subscribers.settings.closed_lists,
            store=self._subscribers.store,
        )
        # so that a reload sends nothing again
        target = f"{request.link}?saved=1"
        return RedirectResponse(target, status_code=303, headers=dict(self._frame.data_fields))

    def _form(
        self,
        request: ReaderRequest,
        *,
        form: Posted | None = None,
        faults: Mapping[str, str] | None = None,
        is_saved: bool = False,
        address: str = "",
    ) -> Response:
        """Return the page with the stored values, or with those of a form that has faults."""
        person = request.person
        return self._frame.page(
            request.messages["preferences"],
            template="preferences.html.j2",
            language=request.language,
            status=422 if faults else 200,
            link=request.link,
            is_saved=is_saved,
            person=person,
            is_blocked_by_staff=person.suppressed is SuppressionReason.MANUAL,
            form=form,
            new_address=address,
            faults=faults or {},
            lists=self._lists(person),
            languages=self._languages(person.language),
            zones=zones_by_continent(),
            unlisted_zone="" if _is_zone(person.timezone) else person.timezone,
            default_zone=self._subscribers.settings.timezone,
            pause_end=self._pause_in_words(request),
        )

    def _lists(self, person: Subscriber) -> list[PublicList]:
        settings = self._subscribers.settings
        offers = {each.name: each for each in settings.titled_lists()}
        others = sorted(set(person.lists) - {offer.name for offer in settings.offers()})
        return [
            *settings.offers(),
            *(offers.get(name, PublicList(name=name, title=name)) for name in others),
        ]

    def _languages(self, current: str) -> dict[str, str]:
        """Return code → name of the pages' languages, and of the subscriber's own."""
        languages = self._frame.languages()
        if not current or current in languages:
            return languages
        base = languages.get(base_language(current))
        return {current: f"{base} ({current})" if base else current, **languages}

    def _known_zone(self, person: Subscriber) -> str:
        is_known = person.timezone in every_zone()
        return person.timezone if is_known else self._subscribers.settings.timezone

    def _pause_in_words(self, request: ReaderRequest) -> str:
        until = request.person.paused_until
        if until is None:
            return ""
        day = until.astimezone(ZoneInfo(self._known_zone(request.person))).date()
        return date_text(day, request.language, request.messages)

    def _read_form(self, request: ReaderRequest) -> tuple[PreferenceChange, dict[str, str]]:
        """Return the wished preferences in a form, and its faults: field → sentence."""
        form, person, messages = request.form, request.person, request.messages
        faults: dict[str, str] = {}
        texts = {name: form.text(name) for name in _TEXT_FIELDS if name in form.fields}
        details: dict[str, str | datetime | None] = {
            name: normalize("NFC", text)
            for name, text in texts.items()
            if text != form.text(f"was_{name}")
        }
        person_name, language, zone = (str(details.get(name, "")) for name in _TEXT_FIELDS)
        if not is_name(person_name):
            faults["name"] = messages["fault_name"]
        if language and language not in self._languages(person.language):
            faults["language"] = messages["fault_choice"]
        if zone and not _is_zone(zone):
            faults["timezone"], zone = messages["fault_choice"], ""
        try:
            until = self._pause_end(form, zone or self._known_zone(person))
        except ValueError:
            faults["day"], until = messages["fault_day"], None
        if until is not None or form.text("pause") == "now":
            details["paused_until"] = until
        had, ticked = frozenset(form.all("had")), frozenset(form.all("list"))
        change = PreferenceChange(
            # only offered lists, whatever the form contains
            joins=(ticked - had) & {offer.name for offer in self._subscribers.settings.offers()},
            # only what the page showed: a missing box was not unticked
            leaves=(had - ticked) & {offer.name for offer in self._lists(person)},
            unsuppresses=bool(form.text("again")),
            details=details,
        )
        return change, faults

    def _pause_end(self, form: Posted, zone: str) -> datetime | None:
        """Return the end of the pause in a form, or None. Raises ValueError for an invalid day."""
        pause = form.text("pause")
        if pause not in {length.value for length in Pause}:
            return None
        day = date.fromisoformat(form.text("day")) if pause == Pause.DAY.value else None
        return pause_end(Pause(pause), self._subscribers.store.clock.now(), zone, day)

    def request_move(self, request: ReaderRequest) -> Response:
        """Send a confirmation email to a new address that could sign up, known or not."""
        typed = request.form.text("address")
        fault = self._rules.find_address_fault(typed)
        if fault is not None:
            faults = {"address": request.messages[f"fault_{fault.value}"]}
            return self._form(request, faults=faults, address=typed)
        address = parse_address(typed)
        choose.ask_for_link(
            request.owner.subscriber_id,
            new_address=address,
            host=client_ip(request.http),
            language=request.language,
            store=self._subscribers.store,
        )
        text = request.messages["move_sent_text"].format(address=address)
        return self._frame.page(request.messages["link_sent"], [text], language=request.language)

    def data(self, request: ReaderRequest) -> Response:
        with self._subscribers.store.read() as tx:
            found = tx.data_exports.collect(request.owner.subscriber_id)
        fields = {"Content-Disposition": 'attachment; filename="my-data.json"'}
        return Response(
            json.dumps(found, ensure_ascii=False, indent=2),
            media_type="application/json",
            headers={**self._frame.data_fields, **fields},
        )

    def ask_to_delete(self, request: ReaderRequest) -> Response:
        """Ask for confirmation: erasure cannot be undone."""
        buttons = [Button(action=f"{request.link}/delete", label=request.messages["delete_yes"])]
        return self._frame.notice(
            "delete_title", "delete_text", "delete_kept", language=request.language, buttons=buttons
        )

    def delete(self, request: ReaderRequest) -> Response:
        """Erase the subscriber, then answer."""
        self._subscribers.forget(request.person, by=READER_NAME)
        return self._frame.notice("deleted", "deleted_text", language=request.language)
