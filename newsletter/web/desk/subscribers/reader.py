"""One reader: their data and mails, and all that staff may do with them.

An address is sent in a form and is part of no page's address, so that no log or history has it.
"""

import json
from collections.abc import Sequence

from starlette.responses import Response

from newsletter.domain.errors import InvalidInput, NotFound, Refused
from newsletter.domain.staff.role import Role
from newsletter.domain.subscribers.address import parse_address
from newsletter.domain.subscribers.audience import (
    NOTED,
    Entry,
    Subscriber,
)
from newsletter.domain.wording import say, without_commands
from newsletter.pipeline.subscribers import administer
from newsletter.runtime.subscribers import Subscribers
from newsletter.subscriber_files import entries
from newsletter.subscriber_files.entries import Raw
from newsletter.web.desk.page import Desk, Faults
from newsletter.web.desk.request import DeskRequest, route

HERE = "/readers"
_LONGEST = 200
_REASON_RULE = "Say why, in at most {most} characters and without the address"
"""Characters of a reason, and of how people agreed."""
_MAILS = 30
"""The newest campaigns that a reader's page looks through."""


class ReaderPages:
    """The page of one reader, and the acts on it."""

    def __init__(self, desk: Desk, subscribers: Subscribers) -> None:
        self._desk = desk
        self._subscribers = subscribers

    @route("GET", "/readers/{number}", Role.SENDER)
    def _person(self, request: DeskRequest) -> Response:
        """Show the reader with this number."""
        with self._subscribers.store.read() as tx:
            person = tx.readers.get(request.number("number"))
        if person is None:
            raise NotFound(say("There is no such reader."))
        return self.page(request, person.address)

    @route("POST", "/readers/edit", Role.SENDER)
    def edit(self, request: DeskRequest) -> Response:
        """Change what staff note of a reader."""
        address = _address(request)
        try:
            entry = entry_of(request, address)
        except InvalidInput as error:
            return self.page(request, address, faults=faults_of(error))
        administer.edit(entry, by=request.who.address, store=self._subscribers.store)
        return self._go(request, address, "saved")

    @route("POST", "/readers/suppress", Role.SENDER)
    def suppress(self, request: DeskRequest) -> Response:
        """Send nothing more to an address, whether it is a reader's or not."""
        address, why = _address(request), " ".join(request.field("why").split())
        if len(why) > _LONGEST or "@" in why:
            fault = say(_REASON_RULE, most=_LONGEST)
            return self.page(request, address, faults=[("why", fault)])
        administer.suppress(
            address, by=request.who.address, reason=why, store=self._subscribers.store
        )
        return self._go(request, address, "suppressed")

    @route("POST", "/readers/unsubscribe", Role.SENDER)
    def unsubscribe(self, request: DeskRequest) -> Response:
        """End one subscription of a reader."""
        address = _address(request)
        administer.unsubscribe(
            address,
            [request.field("list")],
            by=request.who.address,
            declared=self._subscribers.declared_lists,
            store=self._subscribers.store,
        )
        return self._go(request, address, "left")

    @route("POST", "/readers/move", Role.ADMIN, step_up=True)
    def move(self, request: DeskRequest) -> Response:
        """Give a reader another address."""
        old = _address(request)
        try:
            new = parse_address(request.field("new"))
            administer.change_address(
                old, new, by=request.who.address, store=self._subscribers.store
            )
        except (ValueError, Refused) as error:
            return self.page(request, old, faults=[("new", without_commands(str(error)))])
        return self._go(request, new, "moved")

    @route("POST", "/readers/lift", Role.ADMIN, step_up=True)
    def lift(self, request: DeskRequest) -> Response:
        """Let an address get email again, for a reason that the log keeps."""
        address, reason = _address(request), " ".join(request.field("reason").split())
        if not reason or len(reason) > _LONGEST or "@" in reason:
            fault = say(_REASON_RULE, most=_LONGEST)
            return self.page(request, address, faults=[("reason", fault)])
        try:
            administer.lift(
                address, by=request.who.address, reason=reason, store=self._subscribers.store
            )
        except Refused as error:
            raise Refused("Only they can subscribe again, on the sign-up page.") from error
        except NotFound as error:
            raise NotFound(say("This address gets email already.")) from error
        return self._go(request, address, "lifted")

    @route("POST", "/readers/data", Role.ADMIN, step_up=True)
    def data(self, request: DeskRequest) -> Response:
        """Return all data about a reader as a file for them."""
        address, store = _address(request), self._subscribers.store
        kept = administer.data_of(address, by=request.who.address, store=store)
        written = json.dumps(kept, indent=2, ensure_ascii=False).encode()
        return self._desk.file(written, name="your-data.json", kind="application/json")

    @route("POST", "/readers/erase", Role.ADMIN, step_up=True)
    def erase(self, request: DeskRequest) -> Response:
        """Keep nothing of a person, and never write to them again."""
        address = _address(request)
        if request.field("sure") != "yes":
            fault = say("Tick that you are sure: no one can undo this")
            return self.page(request, address, faults=[("sure-yes", fault)])
        try:
            self._subscribers.forget(address, by=request.who.address)
        except Refused as error:
            raise Refused(
                "Nothing is kept of this address, so there is nothing to erase. To never write to"
                " it, stop all email to it."
            ) from error
        return self._go(request, address, "erased")

    def _go(self, request: DeskRequest, address: str, done: str) -> Response:
        """Redirect to the reader's page, or to all readers if no reader has the address."""
        with self._subscribers.store.read() as tx:
            person = tx.readers.find(address)
        return self._desk.go(request, f"{HERE}/{person.id}" if person else HERE, done=done)

    def page(self, request: DeskRequest, address: str, *, faults: Faults = ()) -> Response:
        """Show the reader with this address, or that no reader has it."""
        with self._subscribers.store.read() as tx:
            person, suppressed = tx.readers.find(address), tx.readers.suppressed(address)
            origin = tx.readers.suppression_origin(address)
            consents = tx.consents.of(person.id) if person else []
            agreed = tx.consents.noted(person.id) if person else None
            mails = tx.data_exports.received(person.id, _MAILS) if person else []
            written = {
                stored.statement.slug: stored.statement.title
                for stored in tx.statements.some([mail.slug for mail in mails])
            }
        return self._desk.page(
            request,
            "reader.html.j2",
            title=(person and person.name) or address,
            faults=faults,
            address=address,
            person=person,
            noted=noted_in(request) if request.path.endswith("/edit") else noted_of(person),
            suppressed=suppressed,
            blocked=origin.removeprefix("by ").partition(": ") if suppressed else (),
            now=self._desk.now(),
            new=request.field("new"),
            consents=consents,
            agreed=agreed,
            mails=mails,
            written=written,
            reason=request.field("reason"),
            why=request.field("why"),
        )


def _address(request: DeskRequest) -> str:
    """Return the address in the form. Raises NotFound if it is invalid: our page sends none
    such."""
    try:
        return parse_address(request.field("email"))
    except ValueError as error:
        raise NotFound(say("There is no such address.")) from error


# --- what staff note of a reader


_NOTED = ("name", "language", "timezone", *NOTED, "tags")
"""The fields of the form, named as ``Raw`` names them."""


def noted_of(person: Subscriber | None) -> dict[str, str]:
    """Return the fields as a reader has them."""
    if person is None:
        return dict.fromkeys(_NOTED, "")
    return {name: getattr(person, name) for name in _NOTED} | {"tags": ", ".join(person.tags)}


def noted_in(request: DeskRequest) -> dict[str, str]:
    """Return the fields as they were typed."""
    return {name: " ".join(request.field(name).split()) for name in _NOTED}


def entry_of(request: DeskRequest, email: str, lists: Sequence[str] = ()) -> Entry:
    """Return the form as an entry of these lists. Raises InvalidInput, by the rules of files."""
    noted = noted_in(request)
    tags = noted.pop("tags").replace(",", " ").split()
    return entries.entry_of(Raw(email=email, lists=lists, tags=tags, **noted))


def lists_in(request: DeskRequest) -> tuple[tuple[str, ...], Faults]:
    """Return the lists that the form names, also a new one, and the fault of its name."""
    new = request.field("new-list").strip()
    fault = entries.list_objection(new) if new else ""
    chosen = dict.fromkeys(filter(None, (*request.posted.all("list"), new)))
    return tuple(chosen), [("new-list", fault)] if fault else []


def agreed_in(request: DeskRequest) -> str:
    """Return how people agreed, as the form says; "" if it is too long."""
    agreed = " ".join(request.field("agreed").split())
    return agreed if len(agreed) <= _LONGEST else ""


def faults_of(error: InvalidInput) -> Faults:
    """Return the faults of the form, by field."""
    return [
        (fault.key, f"{fault.message[:1].upper()}{fault.message[1:]}") for fault in error.faults
    ]
