"""Subscribers, their lists and segments: what a website and a CRM do with them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Annotated

from starlette.exceptions import HTTPException

from newsletter.domain.delivery.transactional import RequestOutcome, network_of
from newsletter.domain.errors import Fault, InvalidInput, NotFound
from newsletter.domain.setting import Line, not_empty, setting
from newsletter.domain.staff.token import Scope
from newsletter.domain.subscribers.address import Address
from newsletter.domain.subscribers.audience import Entry, StaffNotes, Subscriber
from newsletter.domain.subscribers.lists import ListName, PublicList
from newsletter.domain.subscribers.search import Origin, SubscriberSearch
from newsletter.domain.subscribers.segment import Segment
from newsletter.domain.subscribers.signup import FormFault, SignUp, SignUpForm
from newsletter.pipeline.subscribers.administer import SubscriberActs
from newsletter.pipeline.subscribers.join import ask
from newsletter.pipeline.subscribers.membership import known_lists, require_list
from newsletter.runtime.subscribers import Subscribers
from newsletter.subscriber_files.entries import RawEntry, check_entry
from newsletter.web.api.operation import Call, Page, Paging, operation
from newsletter.web.http.offering import SignUpOffer

_SUBSCRIBER_PATH = "/subscribers/{id}"
_READ, _WRITE, _ADMIN = Scope.SUBSCRIBERS_READ, Scope.SUBSCRIBERS_WRITE, Scope.SUBSCRIBERS_ADMIN

ListNames = Annotated[tuple[ListName, ...], not_empty("is empty; name a list")]
_EMAIL_SCHEMA = {"format": "email"}


@dataclass(frozen=True, kw_only=True)
class Editable(StaffNotes):
    """The data of a subscriber that staff may change."""

    name: str = ""
    language: str = ""
    """Like `en` or `pt-BR`."""
    timezone: str = ""
    """Like `Europe/Madrid`."""
    tags: tuple[ListName, ...] = ()


@dataclass(frozen=True, kw_only=True)
class NewSubscriber(Editable):
    """A person who agreed."""

    address: Address = setting("An email address.", json_schema_extra=_EMAIL_SCHEMA)
    lists: ListNames
    agreed: Line = setting("Where and how the person agreed: it is kept as proof.", max_length=200)


@dataclass(frozen=True, kw_only=True)
class SubscriberRecord(Subscriber):
    """A subscriber. Only the person can come back to a list that they left."""

    version: str
    """Changes with each change of the subscriber: the ETag."""


@dataclass(frozen=True, kw_only=True)
class SubscriberQuery(Paging):
    """The page of subscribers to return, the newest first."""

    list: str = ""
    """Only those on this list."""
    words: str = ""
    """Only those whose name or address contains this."""


@dataclass(frozen=True, kw_only=True)
class EmailAddress:
    """An address."""

    address: Address = setting("An email address.", json_schema_extra=_EMAIL_SCHEMA)


@dataclass(frozen=True, kw_only=True)
class Leaving:
    """The subscriptions that end."""

    lists: ListNames


@dataclass(frozen=True, kw_only=True)
class SignUpRequest(SignUpForm):
    """A visitor who filled in a form of yours."""

    visitor: str
    """The visitor's IP address, which limits count by. It is not stored."""
    source: Line
    """Where the form is, as proof of consent."""


class SubscriberOperations:
    def __init__(self, subscribers: Subscribers) -> None:
        self._subscribers = subscribers
        self._offering = SignUpOffer(subscribers.settings)

    @operation("GET", "/subscribers", _READ)
    def all(self, call: Call, query: SubscriberQuery) -> Page[SubscriberRecord]:
        """List subscribers, the newest first."""
        with call.store.read() as tx:
            if query.list:
                require_list(tx, query.list, self._subscribers.declared_lists)
            search = SubscriberSearch(list=query.list, words=query.words)
            found = tx.readers.search(search, limit=query.limit + 1, before=query.after or None)
        return Page.of(list(map(_record, found)), query.limit, lambda one: one.id)

    @operation("POST", "/subscribers", _WRITE, show_path=_SUBSCRIBER_PATH)
    def add(self, call: Call, body: NewSubscriber) -> SubscriberRecord:
        """Put a person on lists, who is then a subscriber or was one.

        A person who left a list or is suppressed is refused: only they can come back.
        """
        with call.store.read() as tx:
            for name in body.lists:
                require_list(tx, name, self._subscribers.declared_lists)
        entry = _entry(body, body.address, body.lists)
        agreed = f"{body.agreed}, by the token {call.token.name}"
        return _record(self._acts(call).add(entry, agreed=agreed)[1])

    @operation("POST", "/subscribers/find", _READ)
    def find(self, call: Call, body: EmailAddress) -> SubscriberRecord:
        """Find the subscriber with an address. It is in the body, so that no log has it."""
        with call.store.read() as tx:
            person = tx.readers.find(body.address)
        if person is None:
            raise NotFound("No subscriber has this address.")
        return _record(person)

    @operation("GET", _SUBSCRIBER_PATH, _READ)
    def one(self, call: Call, id: int) -> SubscriberRecord:
        """Show a subscriber."""
        return _record(_person(call, id))

    @operation("PUT", _SUBSCRIBER_PATH, _WRITE, requires_version=True)
    def change(self, call: Call, id: int, body: Editable) -> SubscriberRecord:
        """Replace what staff note of a subscriber. Lists stay as they are."""
        entry = _entry(body, _person(call, id).address)
        return _record(self._acts(call).edit(entry, seen=call.if_match))

    @operation("POST", f"{_SUBSCRIBER_PATH}/unsubscribe", _WRITE, show_path=_SUBSCRIBER_PATH)
    def unsubscribe(self, call: Call, id: int, body: Leaving) -> SubscriberRecord:
        """End subscriptions of a person. Only they can come back."""
        self._acts(call).unsubscribe(_person(call, id), body.lists)
        return self.one(call, id)

    @operation("POST", f"{_SUBSCRIBER_PATH}/address", _ADMIN, show_path=_SUBSCRIBER_PATH)
    def move(self, call: Call, id: int, body: EmailAddress) -> SubscriberRecord:
        """Change a subscriber's address."""
        return _record(self._acts(call).change_address(_person(call, id), body.address))

    @operation("POST", f"{_SUBSCRIBER_PATH}/data", _ADMIN)
    def data(self, call: Call, id: int) -> Mapping[str, object]:
        """Export all data about a person. The audit log has each export."""
        return self._acts(call).data_of(_person(call, id))

    @operation("DELETE", _SUBSCRIBER_PATH, _ADMIN, status=204)
    def erase(self, call: Call, id: int) -> None:
        """Erase a person, and never write to them again. This cannot be undone."""
        self._through(call).forget(_person(call, id), by=call.token.by)

    @operation("POST", "/suppressions", _WRITE, status=204)
    def suppress(self, call: Call, body: EmailAddress) -> None:
        """Send nothing more to an address, whether it is a subscriber's or not."""
        self._acts(call).suppress(body.address)

    @operation("POST", "/sign-ups", Scope.SIGN_UPS, status=202)
    def sign_up(self, call: Call, body: SignUpRequest) -> None:
        """Mail a visitor a link that confirms the lists: double opt-in.

        The answer does not depend on whether the address is a subscriber's.
        """
        judgement = self._offering.rules.judge(body)
        if not isinstance(judgement, SignUp):
            raise _invalid_input(judgement)
        if body.trap:
            return
        network = network_of(body.visitor)
        asked = self._offering.request_of(judgement, body, source=body.source, network=network)
        ask([asked], store=call.store)
        if isinstance(asked.outcome, FormFault):
            raise _invalid_input({"wording": asked.outcome})
        if asked.outcome in {RequestOutcome.NETWORK, RequestOutcome.FULL}:
            headers = {"Retry-After": "3600"}
            raise HTTPException(429, "Too many sign-ups came from there.", headers)

    @operation("GET", "/lists", _READ)
    def lists(self, call: Call) -> Page[PublicList]:
        """Show all lists. Those without a title are named by their name."""
        titles = {one.name: one for one in self._subscribers.settings.titled_lists()}
        with call.store.read() as tx:
            names = known_lists(tx, self._subscribers.declared_lists)
        items = (titles.get(name, PublicList(name=name, public=False)) for name in names)
        return Page(items=tuple(items), next=None)

    @operation("GET", "/segments", _READ)
    def segments(self, call: Call) -> Page[Segment]:
        """Show all segments, with the rules that pick subscribers of a list."""
        return Page(items=self._subscribers.segments, next=None)

    def _through(self, call: Call) -> Subscribers:
        return replace(self._subscribers, store=call.store)

    def _acts(self, call: Call) -> SubscriberActs:
        return replace(self._through(call).acts_of(call.token.by), origin=Origin.API)


def _person(call: Call, id: int) -> Subscriber:
    with call.store.read() as tx:
        person = tx.readers.get(id)
    if person is None:
        raise NotFound("There is no such subscriber.")
    return person


def _invalid_input(faults: Mapping[str, FormFault]) -> InvalidInput:
    return InvalidInput(
        Fault(file="body", key=key.replace("email", "address"), message=f"is refused: {why.value}")
        for key, why in faults.items()
    )


def _record(person: Subscriber) -> SubscriberRecord:
    return SubscriberRecord(**vars(person), version=person.values_hash)


def _entry(editable: Editable, email: str, lists: Sequence[str] = ()) -> Entry:
    """Return an entry, by the rules of files. Raises InvalidInput."""
    values = {each.name: getattr(editable, each.name) for each in fields(Editable)}
    return check_entry(RawEntry(email=email, lists=lists, **values))
