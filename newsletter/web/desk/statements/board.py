"""The start page of the desk, and the board of all statements."""

from urllib.parse import urlencode

from starlette.responses import Response

from newsletter.domain.campaigns.state import Shelf
from newsletter.domain.staff.role import Role
from newsletter.pipeline.campaigns.board import PAGE, BoardPage, board, desktop
from newsletter.runtime.statements import Statements
from newsletter.web.desk.page import Desk
from newsletter.web.desk.request import DeskRequest, Route
from newsletter.web.desk.statements.presenting import ALWAYS_SHOWN, KINDS, SHELVES, buttons, when

_LONGEST = 200
"""Characters of a search that are looked for, and shown again."""


class Board:
    """A person's tasks, current and past campaigns; and all statements by pages."""

    def __init__(self, desk: Desk, statements: Statements) -> None:
        self._desk = desk
        self._statements = statements

    def routes(self) -> list[Route]:
        """Path and method → page."""
        return [
            Route("GET", "", Role.VIEWER, self.home),
            Route("GET", "/statements", Role.VIEWER, self.all),
        ]

    def home(self, request: DeskRequest) -> Response:
        """The page."""
        statements, me = self._statements, request.who
        with statements.store.read() as tx:
            found = desktop(tx, me.address, me.role, statements.standpoint)
        return self._desk.page(
            request,
            "home.html.j2",
            title="Home",
            found=found,
            kinds=KINDS,
            first=lambda one: next(iter(buttons(one, me.address)), None),
        )

    def all(self, request: DeskRequest) -> Response:
        """The page; its query names the shelf, the words and the number of the page."""
        statements = self._statements
        words = " ".join(request.query("q")[:_LONGEST].split())
        with statements.store.read() as tx:
            found = board(
                tx,
                statements.standpoint,
                shelf=_shelf(request.query("state")),
                words=words,
                number=request.page,
            )
        return self._desk.page(
            request,
            "statements.html.j2",
            title="Statements",
            found=found,
            tabs=_tabs(found),
            kinds=KINDS,
            when=when,
            newer=_address(found.words, found.shelf, found.number - 1) if found.number > 1 else "",
            older=_address(found.words, found.shelf, found.number + 1) if found.has_more else "",
            from_row=(found.number - 1) * PAGE,
        )


def _shelf(named: str) -> Shelf | None:
    return next((shelf for shelf in Shelf if shelf.value == named), None)


def _tabs(found: BoardPage) -> list[tuple[str, int, str, bool]]:
    """Label, count, address and whether it is this one."""
    tabs = [("All", found.all, _address(found.words, None), found.shelf is None)]
    for shelf in Shelf:
        if shelf in ALWAYS_SHOWN or found.counts[shelf] or shelf is found.shelf:
            address = _address(found.words, shelf)
            tabs.append((SHELVES[shelf], found.counts[shelf], address, shelf is found.shelf))
    return tabs


def _address(words: str, shelf: Shelf | None, page: int = 1) -> str:
    query = {"state": shelf.value if shelf else "", "q": words, "page": page if page > 1 else ""}
    filled = {name: value for name, value in query.items() if value}
    return f"/desk/statements{'?' if filled else ''}{urlencode(filled)}"
