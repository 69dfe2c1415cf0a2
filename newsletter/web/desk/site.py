"""The desk's routes as data: path, method, least role, and whether a fresh factor is asked for.

A route without a row here does not exist; what a row demands is asked by the gate, and by nobody
else. Role and state are checked once more in the transaction of the act.
"""

from newsletter.web.desk.campaigns.starting import Starting
from newsletter.web.desk.campaigns.unknowns import Unknown
from newsletter.web.desk.campaigns.watching import Watching
from newsletter.web.desk.delivery.stopping import Stopping
from newsletter.web.desk.page import Desk
from newsletter.web.desk.route import Group, Route
from newsletter.web.desk.staff.account import Account
from newsletter.web.desk.staff.door import Door
from newsletter.web.desk.staff.log import Log
from newsletter.web.desk.staff.team import Team
from newsletter.web.desk.statements.board import Statements
from newsletter.web.desk.statements.drafts import Drafts
from newsletter.web.desk.statements.editing import Editing
from newsletter.web.desk.statements.home import Home
from newsletter.web.desk.statements.illustrating import Illustrating
from newsletter.web.desk.statements.look import Look
from newsletter.web.desk.statements.reviewing import Reviewing
from newsletter.web.desk.statements.statement import StatementPage
from newsletter.web.desk.statements.versions import Versions


def groups(desk: Desk) -> list[Group]:
    """All pages of the desk."""
    return [
        Home(desk),
        Statements(desk),
        StatementPage(desk),
        Look(desk),
        Door(desk),
        Account(desk),
        Team(desk),
        Log(desk),
        Drafts(desk),
        Editing(desk),
        Versions(desk),
        Illustrating(desk),
        Reviewing(desk),
        Starting(desk),
        Watching(desk),
        Unknown(desk),
        Stopping(desk),
    ]


def routes(desk: Desk) -> list[Route]:
    """All routes of the desk."""
    return [route for group in groups(desk) for route in group.routes()]
