"""The desk's routes as data: path, method, least role, and whether a fresh factor is asked for.

A route without a row here does not exist; what a row demands is asked by the gate, and by nobody
else. Role and state are checked once more in the transaction of the act.
"""

from newsletter.runtime.services import Services
from newsletter.web.desk.campaigns.exporting import Exporting
from newsletter.web.desk.campaigns.starting import Starting
from newsletter.web.desk.campaigns.unknowns import Unknown
from newsletter.web.desk.campaigns.watching import Watching
from newsletter.web.desk.delivery.stopping import Stopping
from newsletter.web.desk.page import Desk
from newsletter.web.desk.route import Group, Route
from newsletter.web.desk.staff.account import Account
from newsletter.web.desk.staff.door import Door
from newsletter.web.desk.staff.log import Log
from newsletter.web.desk.staff.passkeys import Passkeys
from newsletter.web.desk.staff.team import Team
from newsletter.web.desk.statements.board import Board
from newsletter.web.desk.statements.drafts import Drafts
from newsletter.web.desk.statements.editing import Editing
from newsletter.web.desk.statements.home import Home
from newsletter.web.desk.statements.illustrating import Illustrating
from newsletter.web.desk.statements.look import Look
from newsletter.web.desk.statements.reviewing import Reviewing
from newsletter.web.desk.statements.statement import StatementPage
from newsletter.web.desk.statements.versions import Versions


def groups(desk: Desk, services: Services) -> list[Group]:
    """All pages of the desk, each with the services that it uses."""
    statements, campaigns = services.statements, services.campaigns
    delivery, staff = services.delivery, services.staff
    return [
        Home(desk, statements),
        Board(desk, statements),
        StatementPage(desk, statements),
        Look(desk, statements, delivery),
        Door(desk, staff),
        Account(desk, staff),
        Passkeys(desk, staff),
        Team(desk, staff),
        Log(desk, staff),
        Drafts(desk, statements, delivery),
        Editing(desk, statements),
        Versions(desk, statements),
        Illustrating(desk, statements),
        Reviewing(desk, statements, campaigns),
        Starting(desk, statements, campaigns),
        Watching(desk, campaigns, delivery),
        Exporting(desk, campaigns),
        Unknown(desk, campaigns),
        Stopping(desk, delivery),
    ]


def routes(desk: Desk, services: Services) -> list[Route]:
    """All routes of the desk."""
    return [route for group in groups(desk, services) for route in group.routes()]
