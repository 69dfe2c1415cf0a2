"""Digest emails at the desk: when each comes, what it lists, and its issues."""

from starlette.responses import Response

from newsletter.domain.campaigns.digest import MAX_STATEMENTS
from newsletter.domain.staff.role import Role
from newsletter.domain.wording import say
from newsletter.pipeline.status import load_statuses
from newsletter.runtime.statements import Statements
from newsletter.web.desk.request import DeskRequest, redirect, route

_MAX_ISSUES = 20


class DigestPages:
    """The list of all digest emails, and the page of one, where writers make and drop issues."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements
        self._campaigns = statements.campaigns

    @route("GET", "/digests", Role.VIEWER)
    def all(self, request: DeskRequest) -> Response:
        names = [digest.name for digest in self._campaigns.digests]
        forecasts = [*map(self._campaigns.digest_builder.forecast, names)]
        return request.page("digests.html.j2", title=say("Digest emails"), forecasts=forecasts)

    @route("GET", "/digests/{name}", Role.VIEWER)
    def show(self, request: DeskRequest) -> Response:
        """Show the next issue and the last issues, latest first."""
        forecast = self._campaigns.digest_builder.forecast(request.param("name"))
        issues = forecast.made[: -_MAX_ISSUES - 1 : -1]
        with self._statements.store.read() as tx:
            stored = {one.slug: one for one in tx.statements.find([one.slug for one in issues])}
            known = [stored[one.slug] for one in issues if one.slug in stored]
            statuses = load_statuses(tx, known, self._campaigns.rules, self._statements.fault)
        return request.page(
            "digest.html.j2",
            title=forecast.digest.name,
            forecast=forecast,
            listed=forecast.parts[-MAX_STATEMENTS:],
            is_made=request.desk.local_now().date() in [one.day for one in issues],
            statuses=statuses,
        )

    @route("POST", "/digests/{name}/make", Role.WRITER)
    def make(self, request: DeskRequest) -> Response:
        slug = self._statements.make_issue(request.param("name"), by=request.who.address)
        return redirect(f"/statements/{slug}", done="issue-made")

    @route("POST", "/digests/{name}/drop", Role.WRITER)
    def drop(self, request: DeskRequest) -> Response:
        self._campaigns.digest_builder.drop(request.field("issue"), request.who.address)
        name = request.param("name")
        is_known = name in [digest.name for digest in self._campaigns.digests]
        return redirect(f"/digests/{name}" if is_known else "/digests", done="issue-dropped")
