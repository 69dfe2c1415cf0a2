"""The first page: what waits for whom."""

from starlette.responses import Response

from newsletter.domain.statements.statement import Role
from newsletter.web.desk.page import Desk
from newsletter.web.desk.route import Route
from newsletter.web.desk.visit import Visit


class Home:
    """What waits for me, what goes out next, what is going out."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[Route]:
        """Path and method → page."""
        return [Route(method="GET", path="", role=Role.VIEWER, answer=self.home)]

    def home(self, visit: Visit) -> Response:
        """Nothing but a greeting yet."""
        return self._desk.page(visit, "home.html.j2", title="Home", nav="home")
