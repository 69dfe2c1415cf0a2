"""A person's own page: what they get, at which address, all that is kept of them, and its end.

It opens by a link that was sent to the person's address, for a day. The link in every other mail
does not open it: mails are forwarded.

The form carries what it was made from, so that only what the person changed is a wish: a list that
was left by one click in the meantime is not joined again by a page that was open before.
"""

import json
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, partial
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from newsletter.domain.errors import NotFound
from newsletter.domain.subscribers.address import parse_address
from newsletter.domain.subscribers.audience import SuppressionReason
from newsletter.domain.subscribers.lists import PublicList
from newsletter.domain.subscribers.preferences import (
    Pause,
    PreferenceChange,
    Preferences,
    pause_end,
)
from newsletter.formats.text import control_in_value
from newsletter.pipeline.subscribers.prefer import (
    Chosen,
    Owner,
    ask_for_link,
    ask_to_move,
    chosen_by,
    read,
    save,
)
from newsletter.rendering.languages import base_language
from newsletter.rendering.mail.details import written_date
from newsletter.runtime.subscribers import Subscribers
from newsletter.web.http.forms import Posted, host_of, read_form
from newsletter.web.http.frame import Button, Frame
from newsletter.web.http.threads import Lane


@cache
def zones() -> dict[str, list[tuple[str, str]]]:
    """Part of the world → (IANA name, city), both in the order of the alphabet.

    Those of the table by country, which has one for each place whose clocks went their own way:
    without the names that are kept for old programs alone.
    """
    lines = (files("tzdata.zoneinfo") / "zone.tab").read_text("utf-8").splitlines()
    names = sorted(line.split("\t")[2] for line in lines if line and not line.startswith("#"))
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for name in names:
        part, _, city = name.partition("/")
        found[part].append((name, city.replace("_", " ").replace("/", ", ")))
    return dict(found)


@cache
def zone_names() -> frozenset[str]:
    """Return the names of all time zones."""
    return frozenset(name for cities in zones().values() for name, _ in cities)


_LONGEST_NAME = 100
_RESUME = "now"
_PLAIN = ("name", "language", "timezone")


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """The parts of the form apart from the reader's choices."""

    offers: Sequence[PublicList]
    languages: Mapping[str, str]
    zone: str
    """The organisation's own zone, for readers who named none."""
    words: Mapping[str, str]
    language: str
    """That of the words."""
    titled: Sequence[PublicList] = ()
    """The lists with a title, also those that cannot be joined here."""

    def shown(self, chosen: Preferences) -> dict[str, str]:
        """Return the words at each list: the reader agrees to these."""
        return {
            offer.name: "\n".join(filter(None, (self.words["lists_ask"], offer.title, offer.about)))
            for offer in self._lists(chosen.lists)
        }

    def _lists(self, joined: frozenset[str]) -> list[PublicList]:
        """Return the offered lists, and other lists that the reader is on."""
        offered = {offer.name for offer in self.offers}
        titled = {each.name: each for each in self.titled}
        others = sorted(joined - offered)
        return [
            *self.offers,
            *(titled.get(name, PublicList(name=name, title=name)) for name in others),
        ]

    def values(self, chosen: Preferences, form: Posted | None = None) -> dict[str, Any]:
        """Return the values for the template: the current choices, or a form with faults."""
        now = {name: getattr(chosen, name) for name in _PLAIN}
        filled = {name: form.text(name) for name in _PLAIN} if form else now
        ticked = form.all("list") if form else chosen.lists
        return {
            "lists": [(offer, offer.name in ticked) for offer in self._lists(chosen.lists)],
            "had": sorted(chosen.lists),
            "was": now,
            "filled": filled,
            "languages": self._languages(now["language"]),
            "zones": zones(),
            "strange_zone": now["timezone"] if now["timezone"] not in zone_names() else "",
            "house_zone": self.zone,
            "paused": self._day(chosen.paused_until, chosen.timezone),
            "pauses": [
                (length, self.words[f"pause_{length}"]) for length in ("week", "month", "quarter")
            ],
            "pause": form.text("pause") if form else "",
            "day": form.text("day") if form else "",
        }

    def _languages(self, own: str) -> dict[str, str]:
        """By code; the person's own too, be it one that we have no words for."""
        if not own or own in self.languages:
            return dict(self.languages)
        base = self.languages.get(base_language(own))
        return {own: f"{base} ({own})" if base else own, **self.languages}

    def _day(self, until: datetime | None, zone: str) -> str:
        if until is None:
            return ""
        day = until.astimezone(ZoneInfo(zone or self.zone)).date()
        return written_date(day, self.language, self.words)

    def wish(
        self, form: Posted, chosen: Preferences, now: datetime
    ) -> tuple[PreferenceChange, dict[str, str]]:
        """Return the reader's changes, and the faults: field → sentence."""
        faults: dict[str, str] = {}
        changed = {
            name: form.text(name) if form.text(name) != form.text(f"was_{name}") else None
            for name in _PLAIN
        }
        name, language, zone = (changed[key] for key in _PLAIN)
        if name and (len(name) > _LONGEST_NAME or control_in_value(name)):
            faults["name"] = self.words["fault_name"]
        if language and language not in self._languages(chosen.language):
            faults["language"] = self.words["fault_choice"]
        if zone and zone not in zone_names():
            faults["timezone"], zone = self.words["fault_choice"], None
        until = self._pause(form, zone or chosen.timezone or self.zone, now, faults)
        had, ticked = frozenset(form.all("had")), frozenset(form.all("list"))
        offered = {offer.name for offer in self.offers}
        wish = PreferenceChange(
            # a list that is not offered cannot be joined, whatever the form contains
            joins=(ticked - had) & offered,
            # only what the page showed: a box that was not there was not unticked
            leaves=(had - ticked) & frozenset(self.shown(chosen)),
            resumes=form.text("pause") == _RESUME,
            returns=bool(form.text("again")),
            pauses_until=until,
            **changed,
        )
        return wish, faults

    def _pause(
        self, form: Posted, zone: str, now: datetime, faults: dict[str, str]
    ) -> datetime | None:
        pause = form.text("pause")
        if pause not in {length.value for length in Pause}:
            return None
        try:
            day = date.fromisoformat(form.text("day")) if pause == Pause.DAY.value else None
            return pause_end(Pause(pause), now, zone, day)
        except ValueError:
            faults["day"] = self.words["fault_day"]
            return None


_PATH = "/preferences/{token}"
_SAVED = "saved"
_FIELDS = ("name", "language", "timezone", "day", "address")


@dataclass(frozen=True, kw_only=True)
class ReaderRequest:
    """One request of somebody who has a link of theirs."""

    http: Request
    form: Posted
    owner: Owner
    chosen: Chosen
    words: Mapping[str, str]
    language: str

    @property
    def link(self) -> str:
        return f"/preferences/{self.http.path_params['token']}"


class PreferencesPage:
    """The pages behind the link in an email."""

    def __init__(self, subscribers: Subscribers, frame: Frame, lane: Lane) -> None:
        self._subscribers = subscribers
        self._lane = lane
        self._frame = frame

    def routes(self) -> list[Route]:
        """Path and method → page."""
        pages = [
            ("", "GET", self.show),
            ("", "POST", self.save),
            ("/address", "POST", self.move),
            ("/data", "GET", self.data),
            ("/delete", "GET", self.ask_to_delete),
            ("/delete", "POST", self.delete),
        ]
        return [
            Route(f"{_PATH}/again", partial(self._lane.run, self.send_another), methods=["POST"]),
            *(Route(_PATH + path, self._opened(page), methods=[by]) for path, by, page in pages),
        ]

    # --- who asks

    def _opened(
        self, page: Callable[[ReaderRequest], Response]
    ) -> Callable[[Request], Awaitable[Response]]:
        """Return the handler of a page that needs a link which has not expired."""

        def answer(request: Request, form: Posted) -> Response:
            owner, language = self._owner(request), self._frame.language_of(request)
            if owner is None:
                return self._frame.said("not_found", "broken_link", language=language, status=404)
            if owner.is_late(self._subscribers.store.clock.now()):
                words, _ = self._frame.words(language)
                again = f"/preferences/{request.path_params['token']}/again"
                buttons = [Button(action=again, label=words["late_button"])]
                return self._frame.said(
                    "expired_title", "late_text", language=language, status=410, buttons=buttons
                )
            try:
                chosen = chosen_by(owner, store=self._subscribers.store)
            except NotFound:
                return self._frame.said("not_found", "nobody", language=language, status=404)
            own = self._frame.language_of(request, chosen.preferences.language)
            words, own = self._frame.words(own)
            return page(
                ReaderRequest(
                    http=request,
                    form=form,
                    owner=owner,
                    chosen=chosen,
                    words=words,
                    language=own,
                )
            )

        async def read_and_answer(request: Request) -> Response:
            form = await read_form(request) if request.method == "POST" else Posted()
            return await self._lane.run(answer, request, form)

        return read_and_answer

    def _owner(self, request: Request) -> Owner | None:
        try:
            return read(request.path_params["token"], self._subscribers.links)
        except NotFound:
            return None

    def send_another(self, request: Request) -> Response:
        """A fresh link, to the person's address, for one that came too late."""
        owner, language = self._owner(request), self._frame.language_of(request)
        if owner is None:
            return self._frame.said("not_found", "broken_link", language=language, status=404)
        ask_for_link(
            owner.subscriber_id,
            host=host_of(request),
            language=language,
            source="a link to preferences that came too late",
            store=self._subscribers.store,
        )
        return self._frame.said("link_sent", "link_sent_text", language=language)

    # --- what they get

    def show(self, request: ReaderRequest) -> Response:
        """Everything that can be chosen, as it stands."""
        return self._sheet(request, saved=_SAVED in request.http.query_params)

    def save(self, request: ReaderRequest) -> Response:
        """Save all changes, or none if there are faults."""
        form = request.form
        sheet, chosen = self._made_of(request), request.chosen.preferences
        wish, faults = sheet.wish(form, chosen, self._subscribers.store.clock.now())
        if faults:
            return self._sheet(request, form=form, faults=faults)
        save(
            request.owner,
            wish,
            shown=sheet.shown(chosen),
            language=request.language,
            store=self._subscribers.store,
        )
        # a page that is loaded again asks for nothing again
        there = f"{request.link}?{_SAVED}=1"
        return RedirectResponse(there, status_code=303, headers=dict(self._frame.data_fields))

    def _made_of(self, request: ReaderRequest) -> Sheet:
        return Sheet(
            offers=self._subscribers.settings.offers(),
            titled=self._subscribers.settings.titled_lists(),
            languages=self._frame.languages(),
            zone=self._subscribers.settings.timezone,
            words=request.words,
            language=request.language,
        )

    def _sheet(
        self,
        request: ReaderRequest,
        *,
        form: Posted | None = None,
        faults: Mapping[str, str] | None = None,
        saved: bool = False,
        address: str = "",
    ) -> Response:
        return self._frame.page(
            request.words["preferences"],
            template="preferences.html.j2",
            language=request.language,
            status=422 if faults else 200,
            link=request.link,
            saved=saved,
            suppressed=request.chosen.suppressed is not None,
            lasting=request.chosen.suppressed is SuppressionReason.MANUAL,
            address=request.chosen.address,
            new_address=address,
            wrong=bool(faults),
            faults=dict.fromkeys(_FIELDS, "") | dict(faults or {}),
            **self._made_of(request).values(request.chosen.preferences, form),
        )

    # --- another address

    def move(self, request: ReaderRequest) -> Response:
        """An email to the other address. The answer is the same whether we know it or not."""
        form = request.form
        try:
            address = parse_address(form.text("address"))
        except ValueError:
            faults = {"address": request.words["fault_malformed"]}
            return self._sheet(request, faults=faults, address=form.text("address"))
        ask_to_move(
            request.owner,
            address,
            host=host_of(request.http),
            language=request.language,
            store=self._subscribers.store,
        )
        text = request.words["move_sent_text"].format(address=address)
        return self._frame.page(request.words["link_sent"], [text], language=request.language)

    # --- the reader's data

    def data(self, request: ReaderRequest) -> Response:
        """Return all data about the reader as a file for programs."""
        with self._subscribers.store.read() as tx:
            found = tx.data_exports.of(request.owner.subscriber_id)
        body = json.dumps(found, ensure_ascii=False, indent=2)
        fields = {"Content-Disposition": 'attachment; filename="my-data.json"'}
        return Response(
            body, media_type="application/json", headers={**self._frame.data_fields, **fields}
        )

    def ask_to_delete(self, request: ReaderRequest) -> Response:
        """One button more: it cannot be undone."""
        buttons = [Button(action=f"{request.link}/delete", label=request.words["delete_yes"])]
        texts, language = ("delete_text", "delete_kept"), request.language
        return self._frame.said("delete_title", *texts, language=language, buttons=buttons)

    def delete(self, request: ReaderRequest) -> Response:
        """Gone before the answer."""
        self._subscribers.forget(request.chosen.address, by="the reader")
        return self._frame.said("deleted", "deleted_text", language=request.language)
