"""All readers, and the page of one: search, growth of lists, additions, acts of the staff.

An address is sent in a form and is part of no page's address, so that no log or history has it.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response, StreamingResponse

from newsletter.domain.errors import InvalidInput, NotFound, Outdated, Refused
from newsletter.domain.staff.role import Role
from newsletter.domain.subscribers.address import parse_address
from newsletter.domain.subscribers.audience import NOTED_FIELDS, Audience, Entry, Subscriber
from newsletter.domain.subscribers.search import Origin, SubscriberSearch, SubscriberState
from newsletter.domain.wording import say
from newsletter.pipeline.subscribers.administer import MAX_REASON_CHARS, SubscriberActs
from newsletter.pipeline.subscribers.membership import known_lists
from newsletter.runtime.subscribers import Subscribers
from newsletter.store.sql import Transaction
from newsletter.subscriber_files import entries
from newsletter.subscriber_files.entries import RawEntry
from newsletter.web.desk.campaigns.charts import build_bars
from newsletter.web.desk.deciding import describe_error
from newsletter.web.desk.request import DeskRequest, Faults, download, parse_day, redirect, route
from newsletter.web.http.forms import parse_number
from newsletter.web.http.offering import SignUpOffer

READERS_PATH = "/readers"
_MAX_CAMPAIGNS_SHOWN = 30
"""The newest campaigns on a reader's page."""


class ReaderPages:
    def __init__(self, subscribers: Subscribers) -> None:
        self._subscribers = subscribers

    @route("GET", "/readers/{number}", Role.SENDER)
    def _person(self, request: DeskRequest) -> Response:
        with self._subscribers.store.read() as tx:
            person = tx.readers.get(request.number("number"))
        if person is None:
            raise NotFound(say("There is no such reader."))
        return self.page(request, person.address)

    @route("POST", "/readers/edit", Role.SENDER)
    def edit(self, request: DeskRequest) -> Response:
        address = _parse_address_field(request)
        shown = request.field("seen") or "nothing"
        try:
            self._acts(request).edit(check_entry(request, address), seen=shown)
        except InvalidInput as error:
            return self.page(request.with_error(error), address)
        except Outdated:
            with self._subscribers.store.read() as tx:
                person = tx.readers.find(address)
            return self.page(
                request.with_faults(*_changed_fields(request, person), status=409), address
            )
        return self._redirect(request, address, "saved")

    @route("POST", "/readers/suppress", Role.SENDER)
    def suppress(self, request: DeskRequest) -> Response:
        address = _parse_address_field(request)
        try:
            self._acts(request).suppress(self._shown(request), reason=request.field("why"))
        except InvalidInput as error:
            return self.page(request.with_error(error, "why"), address)
        return self._redirect(request, address, "suppressed")

    @route("POST", "/readers/unsubscribe", Role.SENDER)
    def unsubscribe(self, request: DeskRequest) -> Response:
        self._acts(request).unsubscribe(self._shown(request), [request.field("list")])
        return self._redirect(request, _parse_address_field(request), "left")

    @route("POST", "/readers/move", Role.ADMIN, step_up=True)
    def move(self, request: DeskRequest) -> Response:
        old = _parse_address_field(request)
        try:
            new_address = parse_address(request.field("new"))
            self._acts(request).change_address(self._shown(request), new_address)
        except (ValueError, Refused) as error:
            return self.page(request.with_faults(("new", describe_error(error, other=""))), old)
        return self._redirect(request, new_address, "moved" if new_address != old else "")

    @route("POST", "/readers/lift", Role.ADMIN, step_up=True)
    def lift(self, request: DeskRequest) -> Response:
        """Lift a suppression. The audit log keeps the reason."""
        address = _parse_address_field(request)
        try:
            self._acts(request).lift(self._shown(request), reason=request.field("reason"))
        except InvalidInput as error:
            return self.page(request.with_error(error, "reason"), address)
        except Outdated:
            raise
        except Refused as error:
            raise Refused(say("Only they can subscribe again, on the sign-up page.")) from error
        except NotFound as error:
            raise NotFound(say("This address gets email already.")) from error
        return self._redirect(request, address, "lifted")

    @route("POST", "/readers/data", Role.ADMIN, step_up=True)
    def data(self, request: DeskRequest) -> Response:
        export = self._acts(request).data_of(self._shown(request))
        document = json.dumps(export, indent=2, ensure_ascii=False).encode()
        return download(document, name="your-data.json", kind="application/json")

    @route("POST", "/readers/erase", Role.ADMIN, step_up=True)
    def erase(self, request: DeskRequest) -> Response:
        address = _parse_address_field(request)
        if request.field("sure") != "yes":
            fault = say("Confirm that you are sure: no one can undo this")
            return self.page(request.with_faults(("sure-yes", fault)), address)
        try:
            self._subscribers.forget(self._shown(request), by=request.who.address)
        except Outdated:
            raise
        except Refused as error:
            none = (
                "Nothing is kept of this address, so there is nothing to erase. To never write to"
                " it, stop all email to it."
            )
            raise Refused(say(none)) from error
        return self._redirect(request, address, "erased")

    def _acts(self, request: DeskRequest) -> SubscriberActs:
        return self._subscribers.acts_of(request.who.address)

    def _shown(self, request: DeskRequest) -> str | Subscriber:
        """Return the person whom the page showed, with the shown address, or only that."""
        address = _parse_address_field(request)
        with self._subscribers.store.read() as tx:
            person = tx.readers.get(parse_number(request.field("person")) or 0)
        return replace(person, address=address) if person else address

    def _redirect(self, request: DeskRequest, address: str, notice: str) -> Response:
        """Redirect to the reader's page, or to all readers if no reader has the address."""
        with self._subscribers.store.read() as tx:
            person = tx.readers.find(address)
        return redirect(f"{READERS_PATH}/{person.id}" if person else READERS_PATH, done=notice)

    def page(self, request: DeskRequest, address: str) -> Response:
        """Show the reader with this address, or a page that no reader has it."""
        with self._subscribers.store.read() as tx:
            person, suppression = tx.readers.find(address), tx.readers.suppression_reason(address)
            origin = tx.readers.suppression_origin(address)
            consents = tx.consents.list_for(person.id) if person else []
            consent = tx.consents.find_recorded(person.id) if person else None
            mails = tx.data_exports.list_outcomes(person.id, _MAX_CAMPAIGNS_SHOWN) if person else []
            found = tx.statements.find([mail.slug for mail in mails])
            statement_titles = {one.statement.slug: one.statement.title for one in found}
        return request.page(
            "reader.html.j2",
            title=(person and person.name) or address,
            address=address,
            person=person,
            field_values=typed_fields(request)
            if request.path.endswith("/edit") or person is None
            else stored_fields(person),
            suppression=suppression,
            block_origin=origin.removeprefix("by ").partition(": ") if suppression else (),
            now=request.desk.now(),
            new_address=request.field("new"),
            consents=consents,
            recorded_consent=consent,
            mails=mails,
            statement_titles=statement_titles,
            reason=request.field("reason"),
            block_reason=request.field("why"),
        )


def _parse_address_field(request: DeskRequest) -> str:
    """Return the address in the form. Raises NotFound if it is invalid, which our page prevents."""
    try:
        return parse_address(request.field("email"))
    except ValueError as error:
        raise NotFound(say("There is no such address.")) from error


_FIELDS = ("name", "language", "timezone", *NOTED_FIELDS, "tags")
"""The fields of the form. Their names are those of ``RawEntry``."""


def stored_fields(person: Subscriber) -> dict[str, str]:
    return {name: getattr(person, name) for name in _FIELDS} | {"tags": ", ".join(person.tags)}


def typed_fields(request: DeskRequest) -> dict[str, str]:
    return {name: " ".join(request.field(name).split()) for name in _FIELDS}


def _changed_fields(request: DeskRequest, person: Subscriber | None) -> Faults:
    """Return (field, sentence) of each field whose stored value differs from the form."""
    about = say("Somebody saved other data meanwhile. Save again to replace it by yours.")
    found, typed = [("", about)], typed_fields(request)
    for name, value in (stored_fields(person) if person else {}).items():
        if value != typed[name]:
            found.append((name, say("Saved by now: “{value}”", value=value or "–")))
    return found


def check_entry(request: DeskRequest, email: str, lists: Sequence[str] = ()) -> Entry:
    """Return the form as an entry with these lists, checked like an import. Raises InvalidInput."""
    fields = typed_fields(request)
    tags = fields.pop("tags").replace(",", " ").split()
    return entries.check_entry(RawEntry(email=email, lists=lists, tags=tags, **fields))


def chosen_lists(request: DeskRequest) -> tuple[tuple[str, ...], Faults]:
    """Return the lists chosen in the form, including a new one, and the fault of its name."""
    new_list = request.field("new-list").strip()
    fault = entries.list_name_objection(new_list) if new_list else ""
    names = dict.fromkeys(filter(None, (*request.posted.all("list"), new_list)))
    return tuple(names), [("new-list", fault)] if fault else []


def read_consent(request: DeskRequest) -> str:
    """Return the form's description of how people consented; "" if it is too long."""
    consent = " ".join(request.field("agreed").split())
    return consent if len(consent) <= MAX_REASON_CHARS else ""


def read_filters(request: DeskRequest) -> dict[str, str]:
    """Return filter → its value in the form, or else in the address; "" without one."""
    in_address = {
        "q": "",  # it may be a part of an address, which no URL has
        "list": request.query("list"),
        "state": request.query("state"),
        "segment": request.query("segment"),
        "tag": request.query("tag"),
        "language": request.query("language"),
        "origin": request.query("origin"),
        "since": request.query("since"),
        "until": request.query("until"),
    }
    return {name: request.field(name).strip() or one for name, one in in_address.items()}


def read_search(request: DeskRequest, tx: Transaction, service: Subscribers) -> SubscriberSearch:
    """Return the search with the filters and ticks of a request. Raises NotFound."""
    filters, zone = read_filters(request), request.desk.zone
    if filters["list"] and filters["list"] not in known_lists(tx, service.declared_lists):
        raise NotFound(say("There is no such list."))
    segment = next((one for one in service.segments if one.name == filters["segment"]), None)
    if filters["segment"] and segment is None:
        raise NotFound(say("There is no such segment."))
    days = [parse_day(day) if day else None for day in (filters["since"], filters["until"])]
    since, until = (datetime.combine(day, time.min, zone) if day else None for day in days)
    try:
        state, origin = SubscriberState(filters["state"]), Origin(filters["origin"])
    except ValueError as error:
        raise NotFound(say("There is no such filter.")) from error
    return SubscriberSearch(
        words=filters["q"],
        list=filters["list"],
        state=state,
        segment=segment,
        tag=filters["tag"],
        language=filters["language"],
        origin=origin,
        since=since,
        until=until and until + timedelta(days=1),
        ids=tuple(parse_number(one) or 0 for one in request.posted.all("one")),
    )


_READERS_PER_PAGE = 50
_MAX_COUNTED = 1_000
"""The greatest number of found readers that is counted."""
_MONTH = timedelta(days=30)


class ReadersPages:
    """The pages that list, search and add readers."""

    def __init__(self, subscribers: Subscribers) -> None:
        self._subscribers = subscribers
        self._reader_pages = ReaderPages(subscribers)
        self._offering = SignUpOffer(subscribers.settings)

    @route("POST", "/readers", Role.SENDER)
    def find(self, request: DeskRequest) -> Response:
        """Search readers. Show a whole address's reader; without words, put filters in the URL."""
        filters = read_filters(request) | {"before": request.field("before")}
        if not filters["q"]:
            query = {name: value for name, value in filters.items() if value}
            return redirect(f"{READERS_PATH}?{urlencode(query)}")
        try:
            address = parse_address(filters["q"])
        except ValueError:
            return self.page(request)
        with self._subscribers.store.read() as tx:
            person = tx.readers.find(address)
        if person is None:
            return self._reader_pages.page(request, address)
        return redirect(f"{READERS_PATH}/{person.id}")

    @route("POST", "/readers/new", Role.SENDER)
    def add(self, request: DeskRequest) -> Response:
        (lists, list_faults), consent = chosen_lists(request), read_consent(request)
        faults = [*list_faults]
        if not lists:
            faults.append(("list", say("Choose at least one list")))
        if not consent:
            faults.append(("agreed", say("Say how they agreed, in at most 200 characters")))
        try:
            entry = check_entry(request, request.field("email").strip(), lists)
        except InvalidInput as error:
            faults = [*((one.key, one.message) for one in error.faults), *faults]
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
        return redirect(f"{READERS_PATH}/{person.id}", done="added")

    @route("POST", "/readers/requests", Role.SENDER)
    def decide(self, request: DeskRequest) -> Response:
        """Admit or decline a person who asked to join a list."""
        admits = request.field("decision") == "admit"
        number = parse_number(request.field("person")) or 0
        acts = self._subscribers.acts_of(request.who.address)
        is_told = acts.decide_request(number, request.field("list"), admits=admits)
        notice = "admitted" if admits else "declined"
        return redirect(READERS_PATH, done=notice if is_told else "left")

    @route("POST", "/readers/export", Role.ADMIN, step_up=True)
    def export(self, request: DeskRequest) -> Response:
        """Return the ticked readers, or all whom the filters find, as CSV for Excel and imports."""
        with self._subscribers.store.read() as tx:
            search = read_search(request, tx, self._subscribers)
        # the words may be an address, which the log never has
        shown = read_filters(request) | {"q": "…" * bool(search.words)}
        given = [f"{name}: {value}" for name, value in shown.items() if value]
        acts = self._subscribers.acts_of(request.who.address)
        pieces = acts.export(lambda tx: (tx.readers.stream(search), ()), given, bom=True)
        kind = "text/csv; charset=utf-8"
        return download(iter(pieces), name="readers.csv", kind=kind, answer=StreamingResponse)

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
            field_values=typed_fields(request),
            lists=names,
            chosen=request.posted.all("list"),
        )

    @route("GET", "/readers", Role.SENDER)
    def page(self, request: DeskRequest) -> Response:
        """Show the lists, then a page of the newest readers that the filters find."""
        before = parse_number(request.query("before") or request.field("before"))
        filters = read_filters(request)
        with self._subscribers.store.read() as tx:
            lists = known_lists(tx, self._subscribers.declared_lists)
            search = replace(read_search(request, tx, self._subscribers), ids=())
            people = tx.readers.search(search, limit=_READERS_PER_PAGE + 1, before=before)
            has_older, count = len(people) > _READERS_PER_PAGE, len(people)
            if before or has_older:
                # all readers are read to count by words
                count = 0 if search.words else tx.readers.count(search, _MAX_COUNTED + 1)
            is_plain = not (any(filters.values()) or before or request.faults)
            overview = self._overview(tx, request.desk.local_now()) if is_plain else {}
        return request.page(
            "readers.html.j2",
            title=say("Readers"),
            filters=filters,
            segment_names=[one.name for one in self._subscribers.segments],
            lists=lists,
            people=people[:_READERS_PER_PAGE],
            count=count,
            most_counted=_MAX_COUNTED,
            now=request.desk.now(),
            older=people[_READERS_PER_PAGE - 1].id if has_older else None,
            typed={name: request.field(name) for name in ("act", "tag-name", "agreed")},
            ticked=request.posted.all("one"),
            **overview,
        )

    def _overview(self, tx: Transaction, now: datetime) -> dict[str, Any]:
        """Return the requests, growth, segments and suppressions, as values of the template."""
        today = now.replace(hour=0, minute=0, second=0, microsecond=0)
        weeks = [today - timedelta(days=today.weekday() + 7 * back) for back in range(11, -2, -1)]
        found = tx.readers.growth_between(weeks)
        return {
            "weeks": [*zip(weeks, found, strict=False)],
            "chart": build_bars([(one[0], one[1] + one[2]) for one in found]),
            "requests": tx.readers.list_requesting(_READERS_PER_PAGE),
            "growth": tx.readers.growth(tx.now - _MONTH),
            "segments": [
                (one, tx.audiences.count(Audience(lists=(one.list,), segment=one)))
                for one in self._subscribers.segments
            ],
            "kept_out": tx.readers.count_suppressions(),
        }
