"""The first page: what waits for whom."""

from starlette.responses import Response

from newsletter.domain.statements.statement import Role
from newsletter.pipeline.campaigns.board import desktop
from newsletter.runtime.statements import Statements
from newsletter.web.desk.page import Desk
from newsletter.web.desk.presenting import KINDS, buttons
from newsletter.web.desk.route import Route
from newsletter.web.desk.visit import Visit


class Home:
    """What waits for me, what goes out next, what is going out, what went out last."""

    def __init__(self, desk: Desk, statements: Statements) -> None:
        self._desk = desk
        self._statements = statements

    def routes(self) -> list[Route]:
        """Path and method → page."""
        return [Route(method="GET", path="", role=Role.VIEWER, answer=self.home)]

    def home(self, visit: Visit) -> Response:
        """The page."""
        statements, me = self._statements, visit.who
        with statements.store.read() as tx:
            found = desktop(tx, me.address, me.role, statements.standpoint, self._desk.now())
        return self._desk.page(
            visit,
            "home.html.j2",
            title="Home",
            nav="home",
            found=found,
            kinds=KINDS,
            first=lambda one: next(iter(buttons(one, me.address)), None),
        )
