"""The versions of a text at the desk: who wrote when, what differs, and one brought back."""

from starlette.responses import Response

from newsletter.domain.errors import NotFound
from newsletter.domain.statements.draft import Draft, Version, differences
from newsletter.domain.statements.statement import Role
from newsletter.pipeline.ledger import find_draft
from newsletter.runtime.statements import Statements
from newsletter.web.desk.page import Desk
from newsletter.web.desk.route import Route
from newsletter.web.desk.statements.fields import named, number_of
from newsletter.web.desk.visit import Visit

_A_PAGE = 50


class Versions:
    """Versions of a text."""

    def __init__(self, desk: Desk, statements: Statements) -> None:
        self._desk = desk
        self._statements = statements

    def routes(self) -> list[Route]:
        """Path and method → page."""
        at = "/drafts/{key}/versions"
        one = f"{at}/{{number}}"
        return [
            Route(method="GET", path=at, role=Role.VIEWER, answer=self.all),
            Route(method="GET", path=one, role=Role.VIEWER, answer=self.one),
            Route(method="POST", path=f"{one}/restore", role=Role.WRITER, answer=self.restore),
        ]

    def all(self, visit: Visit) -> Response:
        """The versions, the newest first."""
        skip = number_of(visit.query("page")) * _A_PAGE
        with self._statements.store.read() as tx:
            draft = find_draft(tx, visit.param("key"))
            found = tx.drafts.versions(draft.key, _A_PAGE, skip=skip)
            count = tx.drafts.count(draft.key)
            names = tx.staff.names()
        page = skip // _A_PAGE
        here = f"/desk/drafts/{draft.key}/versions"
        return self._desk.page(
            visit,
            "draft-versions.html.j2",
            title="Versions",
            nav="statements",
            draft=draft,
            versions=found,
            names=names,
            count=count,
            newer=f"{here}?page={page - 1}" if page else "",
            older=f"{here}?page={page + 1}" if skip + _A_PAGE < count else "",
        )

    def one(self, visit: Visit) -> Response:
        """One version: its email, and what differs from the text as it stands now."""
        with self._statements.store.read() as tx:
            draft = find_draft(tx, visit.param("key"))
            version = tx.drafts.version(draft.key, number_of(visit.param("number")))
            names = tx.staff.names()
        if version is None:
            raise NotFound("There is no such version of this text.")
        return self._desk.page(
            visit,
            "draft-version.html.j2",
            title=f"Version of {self._desk.moment(version.at)}",
            nav="statements",
            draft=draft,
            version=version,
            names=names,
            now=_is_now(draft, version),
            differences=named(differences(version.text, draft.version.text)),
        )

    def restore(self, visit: Visit) -> Response:
        """Bring it back, as one more version."""
        key, number = visit.param("key"), number_of(visit.param("number"))
        self._statements.writing(visit.who.address).restore(key, number)
        return self._desk.go(visit, f"/drafts/{key}/edit", done="restored")


def _is_now(draft: Draft, version: Version) -> bool:
    return draft.version.number == version.number
