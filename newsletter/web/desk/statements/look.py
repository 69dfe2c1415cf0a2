"""The email of a statement as readers see it: on screens of each kind, and as a test email."""

from collections.abc import Mapping, Sequence
from functools import partial
from types import MappingProxyType

from starlette.responses import Response

from newsletter.domain.errors import NotFound
from newsletter.domain.statements.content import Content
from newsletter.domain.statements.statement import Role, StoredStatement
from newsletter.domain.subscribers.audience import fold
from newsletter.pipeline.campaigns.board import find
from newsletter.pipeline.campaigns.trial import filled, shown
from newsletter.rendering import preview as views
from newsletter.runtime.delivery import Delivery
from newsletter.runtime.statements import Statements
from newsletter.web.desk.page import Desk
from newsletter.web.desk.route import Route
from newsletter.web.desk.statements.test_email import colleagues_of, why_not_sent
from newsletter.web.desk.visit import Visit

VIEWS: Mapping[str, str] = MappingProxyType(
    {
        "desktop": "Desktop",
        "phone": "Phone",
        "dark": "Dark",
        "text": "Plain text",
        "no-pictures": "Pictures off",
    }
)
"""The ways of looking at an email, by the word in the address."""
_DIGITS = 18


class Look:
    """An email as its readers see it."""

    def __init__(self, desk: Desk, statements: Statements, delivery: Delivery) -> None:
        self._desk = desk
        self._statements = statements
        self._delivery = delivery

    def routes(self) -> list[Route]:
        """Path and method → page."""
        here = "/statements/{slug}"
        see, write, send = Role.VIEWER, Role.WRITER, Role.SENDER
        return [
            Route(method="GET", path=f"{here}/look", role=see, answer=self.look),
            Route(method="POST", path=f"{here}/look", role=send, answer=self.as_reader),
            Route(method="POST", path=f"{here}/test", role=write, answer=self.test),
            Route(method="GET", path=f"{here}/mail", role=see, answer=self.mail),
            Route(method="GET", path=f"{here}/mail/{{reader}}", role=send, answer=self.mail_to),
        ]

    def look(self, visit: Visit) -> Response:
        """The page; its query names the view."""
        return self._page(visit)

    def as_reader(self, visit: Visit) -> Response:
        """The same, as one reader gets it. The address stays out of every address of a page."""
        typed = visit.field("reader").strip()
        try:
            address = fold(typed)
        except ValueError as error:
            return self._page(visit, typed=typed, faults=[("reader", f"{error}")], status=422)
        with self._statements.store.read() as tx:
            person = tx.readers.find(address)
        if person is None:
            fault = f"There is no reader with the address {typed}"
            return self._page(visit, typed=typed, faults=[("reader", fault)], status=422)
        return self._page(visit, typed=typed, reader=person.id)

    def mail(self, visit: Visit) -> Response:
        """The email alone, for the frame, as a made-up reader gets it."""
        return self._framed(visit, 0)

    def mail_to(self, visit: Visit) -> Response:
        """The same as one reader gets it, whose number is in the path."""
        number = visit.param("reader")
        if not (number.isascii() and number.isdigit() and len(number) <= _DIGITS and int(number)):
            raise NotFound("There is no such reader.")
        return self._framed(visit, int(number))

    def test(self, visit: Visit) -> Response:
        """Send one test email to somebody among the staff."""
        slug, me = visit.param("slug"), visit.who.address
        to = visit.field("to") or me
        send = partial(self._delivery.send_test, slug, to=to, by=me)
        fault = why_not_sent(self._statements.store, to, send)
        if fault:
            return self._page(visit, faults=[("to", fault)], status=409)
        return self._desk.go(visit, f"/statements/{slug}/look", done="test")

    def _page(
        self,
        visit: Visit,
        *,
        status: int = 200,
        typed: str = "",
        reader: int = 0,
        faults: Sequence[tuple[str, str]] = (),
    ) -> Response:
        stored, content = self._content(visit.param("slug"), reader)
        view = visit.query("view") if visit.query("view") in VIEWS else "desktop"
        here = f"/desk/statements/{stored.statement.slug}"
        return self._desk.page(
            visit,
            "look.html.j2",
            title=f"Email: {stored.statement.title}",
            nav="statements",
            status=status,
            stored=stored,
            content=content,
            inbox=views.inbox_line(content.html) if content else "",
            view=view,
            tabs=[(label, f"{here}/look?view={one}", one == view) for one, label in VIEWS.items()],
            frame=f"{here}/mail{f'/{reader}' if reader else ''}?view={view}",
            typed=typed,
            reader=reader,
            staff=colleagues_of(self._statements.store, visit.who.address)
            if visit.who.may(Role.WRITER)
            else [],
            faults=faults,
        )

    def _content(self, slug: str, reader: int) -> tuple[StoredStatement, Content | None]:
        """What readers get, with its gaps filled; None where there is no email of it."""
        with self._statements.store.read() as tx:
            stored = find(tx, slug)
            found = shown(tx, stored, reader=reader, links=self._statements.links)
        return stored, filled(*found) if found else None

    def _framed(self, visit: Visit, reader: int) -> Response:
        _, content = self._content(visit.param("slug"), reader)
        if content is None:
            raise NotFound("There is no email of this statement.")
        return self._desk.mail(seen(content, visit.query("view")))


def seen(content: Content, view: str) -> str:
    """An email as a page, in one of the views."""
    if view == "text":
        return views.plain(content.text, title=content.subject, language=content.language)
    if view == "no-pictures":
        return views.without_images(content.html)
    if view == "dark":
        return views.dark(content.html, fetch=True)
    return views.light(content.html, fetch=True)
