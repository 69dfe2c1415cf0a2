"""The audit log: who did what, page by page, and whether all of it is what was written."""

from functools import partial

from starlette.responses import Response

from newsletter.domain.errors import Defect, NotFound
from newsletter.domain.staff.audit import in_short
from newsletter.domain.statements.statement import Role
from newsletter.runtime.staff import Staff
from newsletter.web.desk.page import Desk
from newsletter.web.desk.route import Route
from newsletter.web.desk.visit import Visit

_A_PAGE = 50


class Log:
    """What admins see of it. Nobody changes it."""

    def __init__(self, desk: Desk, staff: Staff) -> None:
        self._desk = desk
        self._staff = staff

    def routes(self) -> list[Route]:
        """Path and method → page."""
        return [
            Route(method="GET", path="/audit", role=Role.ADMIN, answer=self.show),
            Route(method="POST", path="/audit/verify", role=Role.ADMIN, answer=self.verify),
        ]

    def show(self, visit: Visit) -> Response:
        """Fifty lines, the newest first; ``?before=`` goes back."""
        before = _number(visit.query("before"))
        with self._staff.store.read() as tx:
            lines, count = tx.audit.page(before, _A_PAGE), tx.audit.count()
            names = tx.staff.names()
        newest = bool(before is None or (lines and lines[0].number == count))
        older = lines[-1].number if lines and lines[-1].number > 1 else None
        return self._desk.page(
            visit,
            "audit.html.j2",
            title="Audit log",
            nav="audit",
            lines=lines,
            count=count,
            names=names,
            in_short=partial(in_short, zone=self._staff.settings.timezone),
            newer=None if newest else "/desk/audit",
            older=None if older is None else f"/desk/audit?before={older}",
        )

    def verify(self, visit: Visit) -> Response:
        """Check each line under its key."""
        try:
            with self._staff.store.read() as tx:
                tx.audit.verify()
        except Defect as error:
            text = f"{error}.\nTell your operator now: 'newsletter audit verify' says the same."
            return self._desk.failed(visit, "The audit log is not sound", text, status=409)
        return self._desk.go(visit, "/audit", done="verified")


def _number(said: str) -> int | None:
    if not said:
        return None
    if not (said.isascii() and said.isdecimal() and len(said) <= 15):
        raise NotFound("There is no such page of the audit log.")
    return int(said)
