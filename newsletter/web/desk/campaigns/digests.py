"""Digest emails at the desk: when each comes, what it lists, its issues, and an admin's form."""

from collections.abc import Sequence
from typing import Any

from starlette.responses import Response

from newsletter.domain.campaigns.digest import DATE_OF_DAY, MAX_STATEMENTS
from newsletter.domain.staff.role import Role
from newsletter.domain.wording import say
from newsletter.pipeline.status import load_statuses
from newsletter.runtime.statements import Statements
from newsletter.web.desk.page import words_of
from newsletter.web.desk.request import DeskRequest, redirect, route
from newsletter.web.desk.setting_forms import EntryForm, Form, SettingField

_MAX_ISSUES = 20
_FORM_PATH = "/digest"
_WEEKDAYS = [(name, say("{at:%A}", at=day)) for name, day in DATE_OF_DAY.items()]


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


class DigestForm(EntryForm):
    """The form of a digest email. Its day decides whether it comes each week or each month."""

    key, labels, template = "digests", {**words_of("digest"), "every": ""}, "digest-form.html.j2"
    title, none = say("Add a digest email"), say("There is no such digest email.")
    back = "/digests"

    @route("GET", _FORM_PATH, Role.ADMIN)
    def show(self, request: DeskRequest) -> Response:
        chosen = request.query("digest")
        new = {} if chosen else {"day": ["friday"], "at": ["16:00"]}
        return self.show_form(request, {"digest": [chosen], **new})

    @route("POST", _FORM_PATH, Role.ADMIN, step_up=True)
    def save(self, request: DeskRequest) -> Response:
        return self.save_form(request)

    def show_form(self, request: DeskRequest, form: Form, **values: Any) -> Response:
        language = self._staff.settings.language
        return super().show_form(
            request, form, weekdays=_WEEKDAYS, default_language=language, **values
        )

    def typed(self, field: SettingField, form: Form) -> Sequence[str]:
        if field.name == "every":
            return ["week" if DATE_OF_DAY.keys() & {*form.get("day", ())} else "month"]
        return super().typed(field, form)
