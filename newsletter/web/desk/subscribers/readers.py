"""All readers: lists and their growth, search by name or address, and additions."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from starlette.responses import Response

from newsletter.domain.errors import InvalidInput, NotFound, Refused
from newsletter.domain.staff.role import Role
from newsletter.domain.subscribers.address import parse_address
from newsletter.domain.subscribers.audience import Audience
from newsletter.domain.wording import say
from newsletter.pipeline.subscribers.membership import known_lists
from newsletter.runtime.subscribers import Subscribers
from newsletter.store.sql import Transaction
from newsletter.web.desk.campaigns.charts import build_bars
from newsletter.web.desk.deciding import describe_error
from newsletter.web.desk.request import DeskRequest, redirect, route
from newsletter.web.desk.subscribers import reader
from newsletter.web.http.forms import parse_number
from newsletter.web.http.offering import SignUpOffer

_READERS_PER_PAGE = 50
_MONTH = timedelta(days=30)


class ReadersPages:
    """The pages that list, search and add readers."""

    def __init__(self, subscribers: Subscribers) -> None:
        self._subscribers = subscribers
        self._reader_pages = reader.ReaderPages(subscribers)
        self._offering = SignUpOffer(subscribers.settings)

    @route("POST", "/readers", Role.SENDER)
    def find(self, request: DeskRequest) -> Response:
        """Search readers by part of a name or address; show a whole address's reader."""
        words = request.field("q").strip()
        try:
            address = parse_address(words)
        except ValueError:
            return self._page(request)
        with self._subscribers.store.read() as tx:
            person = tx.readers.find(address)
        if person is None:
            return self._reader_pages.page(request, address)
        return redirect(f"{reader.READERS_PATH}/{person.id}")

    @route("POST", "/readers/new", Role.SENDER)
    def add(self, request: DeskRequest) -> Response:
        (lists, list_faults), consent = reader.chosen_lists(request), reader.read_consent(request)
        faults = [*list_faults]
        if not lists:
            faults.append(("list", say("Choose at least one list")))
        if not consent:
            faults.append(("agreed", say("Say how they agreed, in at most 200 characters")))
        try:
            entry = reader.check_entry(request, request.field("email").strip(), lists)
        except InvalidInput as error:
            return self._form(request.with_faults(*reader.faults_of(error), *faults))
        if faults:
            return self._form(request.with_faults(*faults))
        try:
            creates = bool(request.field("new-list").strip())
            acts = self._subscribers.acts_of(request.who.address)
            _, person = acts.add(entry, create_lists=creates, agreed=consent)
        except InvalidInput as error:
            raise NotFound(say("There is no such list.")) from error
        except Refused as error:
            return self._form(request.with_faults(("email", describe_error(error, other=""))))
        return redirect(f"{reader.READERS_PATH}/{person.id}", done="added")

    @route("POST", "/readers/requests", Role.SENDER)
    def decide(self, request: DeskRequest) -> Response:
        """Admit or decline a person who asked to join a list."""
        admits = request.field("decision") == "admit"
        number = parse_number(request.field("person")) or 0
        acts = self._subscribers.acts_of(request.who.address)
        acts.decide_request(number, request.field("list"), admits=admits)
        return redirect(reader.READERS_PATH, done="admitted" if admits else "declined")

    @route("GET", "/readers/form", Role.SENDER)
    def _sign_up_form(self, request: DeskRequest, form_html: str = "") -> Response:
        """Show the options of a sign-up form for another site, and the HTML that was generated."""
        lists, settings = request.posted.all("list"), self._subscribers.settings
        rules = self._offering.rules
        return request.page(
            "sign-up-form.html.j2",
            title=say("Sign-up form for your site"),
            offered_lists=[(one.name, one.title, one.name in lists) for one in rules.public_lists],
            languages=self._offering.languages(),
            chosen_language=request.field("language") or settings.language,
            form_html=form_html,
            script=self._offering.script_html() if form_html and rules.origins else "",
        )

    @route("POST", "/readers/form", Role.SENDER)
    def make_form(self, request: DeskRequest) -> Response:
        """Generate the HTML of a sign-up form for another site, and show it for copying."""
        names, language = request.posted.all("list"), request.field("language")
        html = self._offering.form_html(self._subscribers.store, names, language)
        return self._sign_up_form(request, html)

    @route("GET", "/readers/new", Role.SENDER)
    def _form(self, request: DeskRequest) -> Response:
        with self._subscribers.store.read() as tx:
            names = known_lists(tx, self._subscribers.declared_lists)
        return request.page(
            "reader-new.html.j2",
            title=say("Add a reader"),
            email=request.field("email"),
            new_list=request.field("new-list"),
            agreed=request.field("agreed"),
            field_values=reader.typed_fields(request),
            lists=names,
            chosen=request.posted.all("list"),
        )

    @route("GET", "/readers", Role.SENDER)
    def _page(self, request: DeskRequest) -> Response:
        """Show the lists, then a page of the newest readers of one list or of all."""
        words, chosen = request.field("q").strip(), request.query("list") or request.field("list")
        before = parse_number(request.query("before") or request.field("before"))
        with self._subscribers.store.read() as tx:
            if chosen and chosen not in known_lists(tx, self._subscribers.declared_lists):
                raise NotFound(say("There is no such list."))
            people = tx.readers.search(
                list_name=chosen, query=words, limit=_READERS_PER_PAGE + 1, before=before
            )
            overview = {} if words or before or chosen else self._overview(tx)
        shown_people = people[:_READERS_PER_PAGE]
        return request.page(
            "readers.html.j2",
            title=say("Readers"),
            words=words,
            chosen=chosen,
            people=shown_people,
            now=request.desk.now(),
            older=shown_people[-1].id if len(people) > _READERS_PER_PAGE else None,
            **overview,
        )

    def _overview(self, tx: Transaction) -> dict[str, Any]:
        """Return the join requests, lists, segments and suppressions, as values of the template."""
        zone = ZoneInfo(self._subscribers.settings.timezone)
        today = tx.now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
        weeks = [today - timedelta(days=today.weekday() + 7 * back) for back in range(11, -2, -1)]
        found = tx.readers.growth_between(weeks)
        return {
            "weeks": [*zip(weeks, found, strict=False)],
            "chart": build_bars([(one[0], one[1] + one[2]) for one in found]),
            "requests": tx.readers.list_requesting(_READERS_PER_PAGE),
            "lists": known_lists(tx, self._subscribers.declared_lists),
            "growth": tx.readers.growth(tx.now - _MONTH),
            "segments": [
                (one, tx.audiences.count(Audience(lists=(one.list,), segment=one)))
                for one in self._subscribers.segments
            ],
            "kept_out": tx.readers.count_suppressions(),
        }
