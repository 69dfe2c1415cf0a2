"""One reader: find by address, suppress, lift a suppression, export and erase.

An address is sent in a form and is part of no page's address, so that no log or history has it.
"""

import json

from starlette.responses import Response

from newsletter.domain.errors import NotFound, Refused
from newsletter.domain.staff.role import Role
from newsletter.domain.subscribers.address import parse_address
from newsletter.domain.subscribers.audience import Subscriber, SuppressionReason
from newsletter.domain.subscribers.signup import ConsentRecord
from newsletter.pipeline.subscribers import administer
from newsletter.runtime.subscribers import Subscribers
from newsletter.web.desk.deciding import LEFT_OUT, titled, titles
from newsletter.web.desk.page import Desk, Faults
from newsletter.web.desk.request import DeskRequest, Route

_HERE = "/readers"
_LONGEST = 200


class ReaderPages:
    """The pages on which senders and admins see and change one reader."""

    def __init__(self, desk: Desk, subscribers: Subscribers) -> None:
        self._desk = desk
        self._subscribers = subscribers

    def routes(self) -> list[Route]:
        see, admin = Role.SENDER, Role.ADMIN
        return [
            Route("GET", _HERE, see, self._page),
            Route("POST", _HERE, see, self._page),
            Route("POST", f"{_HERE}/suppress", see, self.suppress),
            Route("POST", f"{_HERE}/unsubscribe", see, self.unsubscribe),
            Route("POST", f"{_HERE}/move", admin, self.move, step_up=True),
            Route("POST", f"{_HERE}/lift", admin, self.lift, step_up=True),
            Route("POST", f"{_HERE}/data", admin, self.data, step_up=True),
            Route("POST", f"{_HERE}/erase", admin, self.erase, step_up=True),
        ]

    def suppress(self, request: DeskRequest) -> Response:
        """Send nothing more to an address, whether it is a reader's or not."""
        address = _address(request)
        administer.suppress(address, by=request.who.address, store=self._subscribers.store)
        return self._desk.go(request, _HERE, done="suppressed")

    def unsubscribe(self, request: DeskRequest) -> Response:
        """End one subscription of a reader."""
        administer.unsubscribe(
            _address(request),
            [request.field("list")],
            by=request.who.address,
            declared=self._subscribers.declared_lists,
            store=self._subscribers.store,
        )
        return self._desk.go(request, _HERE, done="left")

    def move(self, request: DeskRequest) -> Response:
        """Give a reader another address."""
        old = _address(request)
        try:
            new = parse_address(request.field("new"))
            administer.change_address(
                old, new, by=request.who.address, store=self._subscribers.store
            )
        except (ValueError, Refused) as error:
            return self._page(request, faults=[("new", str(error))])
        return self._desk.go(request, _HERE, done="moved")

    def lift(self, request: DeskRequest) -> Response:
        """Let an address get email again, for a reason that the log keeps."""
        address, reason = _address(request), " ".join(request.field("reason").split())
        if not reason or len(reason) > _LONGEST or "@" in reason:
            fault = f"Say why, in at most {_LONGEST} characters and without the address"
            return self._page(request, faults=[("reason", fault)])
        try:
            administer.lift(
                address, by=request.who.address, reason=reason, store=self._subscribers.store
            )
        except Refused as error:
            raise Refused("Only they can come back, by the page to subscribe.") from error
        except NotFound as error:
            raise NotFound("This address gets email already.") from error
        return self._desk.go(request, _HERE, done="lifted")

    def data(self, request: DeskRequest) -> Response:
        """Return all data about a reader as a file for them."""
        address, store = _address(request), self._subscribers.store
        kept = administer.data_of(address, by=request.who.address, store=store)
        written = json.dumps(kept, indent=2, ensure_ascii=False).encode()
        return self._desk.file(written, name="your-data.json", kind="application/json")

    def erase(self, request: DeskRequest) -> Response:
        """Keep nothing of a person, and never write to them again."""
        address = _address(request)
        if request.field("sure") != "yes":
            fault = "Tick that you are sure: no one can undo this"
            return self._page(request, faults=[("sure-yes", fault)])
        try:
            self._subscribers.forget(address, by=request.who.address)
        except Refused as error:
            raise Refused(
                "Nothing is kept of this address, so there is nothing to erase. To never write to"
                " it, stop all email to it."
            ) from error
        return self._desk.go(request, _HERE, done="erased")

    def _page(self, request: DeskRequest, *, faults: Faults = ()) -> Response:
        """Show a field for an address, or the reader who has it."""
        typed, address, person, suppressed = request.field("email"), "", None, None
        consents: list[ConsentRecord] = []
        if request.posted.fields:
            try:
                address = parse_address(typed)
            except ValueError as error:
                faults = [("email", str(error))]
        if address:
            with self._subscribers.store.read() as tx:
                person, suppressed = tx.readers.find(address), tx.readers.suppressed(address)
                consents = tx.consents.of(person.id) if person else []
        settings = self._subscribers.settings
        return self._desk.page(
            request,
            "readers.html.j2",
            title=(person.address if person else address) or "Readers",
            faults=faults,
            typed=typed,
            address=address,
            person=person,
            suppressed=suppressed,
            stands=self._stands(person, suppressed),
            lists=titled(settings, person.lists) if person else [],
            subscriptions=[(name, titles(settings, [name])) for name in person.lists]
            if person
            else [],
            new=request.field("new"),
            left=titled(settings, person.left) if person else [],
            consents=[(one, titles(settings, [one.list])) for one in consents],
            reason=request.field("reason"),
        )

    def _stands(self, person: Subscriber | None, suppressed: SuppressionReason | None) -> str:
        """Return whether they get email, and why not, as a sentence."""
        if suppressed is not None:
            return f"Gets no email: {LEFT_OUT.get(suppressed.value, suppressed.value)}."
        if person is None:
            return "No one here has this address."
        if person.paused_until and person.paused_until > self._desk.now():
            return f"Paused: gets nothing before {self._desk.moment(person.paused_until)}."
        if not person.lists:
            return "On no list, so they get no statements."
        return f"Gets email on: {titles(self._subscribers.settings, person.lists)}."


def _address(request: DeskRequest) -> str:
    """Return the address in the form. Raises NotFound if it is invalid: our page sends none
    such."""
    try:
        return parse_address(request.field("email"))
    except ValueError as error:
        raise NotFound("There is no such address.") from error
