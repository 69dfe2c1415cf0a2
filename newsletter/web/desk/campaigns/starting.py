"""The pages on which a sender starts an approved statement, sets its time, and undoes the start."""

from datetime import datetime
from typing import Any

from starlette.responses import Response

from newsletter.domain.campaigns.campaign import CampaignState
from newsletter.domain.campaigns.status import StatementStatus
from newsletter.domain.errors import Refused
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.review import Check, ReviewFinding
from newsletter.domain.statements.statement import StoredStatement
from newsletter.domain.typed_time import is_wall_time, parse_instant
from newsletter.domain.wording import joined, listed, place_of, say
from newsletter.pipeline.campaigns import headcount
from newsletter.pipeline.campaigns.control import AlreadyStarted, StartRequest, UndoTooLate
from newsletter.pipeline.campaigns.headcount import find_release_time
from newsletter.pipeline.ledger import ContentChanged, find_stored
from newsletter.pipeline.status import approved_from, first_moment, format_set_time, load_status
from newsletter.runtime.campaigns import Campaigns
from newsletter.runtime.statements import Statements
from newsletter.store.sql import Transaction
from newsletter.web.desk import deciding
from newsletter.web.desk.request import DeskRequest, Faults, redirect, route
from newsletter.web.desk.statements.preview import inbox_values

START_NOW, START_AS_WRITTEN, START_AT = "now", "written", "at"


class StartPages:
    """The pages that start a statement, change its time, and undo its start."""

    def __init__(self, statements: Statements, campaigns: Campaigns) -> None:
        self._statements = statements
        self._campaigns = campaigns

    @route("POST", "/statements/{slug}/start", Role.SENDER, may_step_up=True)
    def start(self, request: DeskRequest) -> Response:
        """Start the version and the number of readers that the page showed, or say why not."""
        slug, when = request.param("slug"), request.field("when")
        at, fault = self._read_choice(request)
        faults = [*fault]
        with self._statements.store.read() as tx:
            is_off = bool(self._audience_findings(tx, find_stored(tx, slug)))
        if is_off and request.field("right") != "yes":
            faults.insert(0, ("right-yes", say("Confirm that the number of people is right")))
        if faults or self._is_unread(request, at):
            return self._page(request.with_faults(*faults), understood_time=at)
        start_request = StartRequest(
            slug=slug,
            by=request.who.address,
            seen=request.seen_hash(),
            shown=request.shown_terms(),
            at=at if when == START_AT else None,
            at_once=when == START_NOW,
        )
        try:
            self._campaigns.starter().start(start_request)
        except headcount.CountNotTyped as error:
            return self._page(request.with_faults(("typed", str(error))))
        except headcount.SecondFactorNeeded:
            return request.step_up()
        except Refused as error:
            return self._refused_page(request, error, say("Nothing was started"))
        return redirect(f"/statements/{slug}", done="started" if when == START_NOW else "scheduled")

    @route("POST", "/statements/{slug}/time", Role.SENDER)
    def set_time(self, request: DeskRequest) -> Response:
        """Change the send time before sending begins. An earlier time revokes the approvals."""
        slug, by, anew = request.param("slug"), request.who.address, request.field("anew") == "yes"
        field = "earlier" if anew else "at"
        at, faults = self._read_choice(request, field)
        if faults or self._is_unread(request, at, field):
            return self._page(request.with_faults(*faults), understood_time=at)
        if at is None:
            return redirect(f"/statements/{slug}")  # it stays as it is set
        try:
            shown, starter = request.shown_terms(), self._campaigns.starter()
            lapsed = starter.schedule(slug, at, by=by, renews_approvals=anew, shown=shown)
        except Refused as error:
            return self._refused_page(request, error, say("Not changed"))
        notice = "started" if request.field("when") == START_NOW else "time"
        return redirect(f"/statements/{slug}", done="time-anew" if lapsed else notice)

    @route("POST", "/statements/{slug}/undo", Role.APPROVER)
    def undo(self, request: DeskRequest) -> Response:
        """Undo a start, or say that sending has begun."""
        slug, lapsed = request.param("slug"), bool(request.query("lapsed"))
        try:
            starter, by = self._campaigns.starter(), request.who.address
            is_approved = starter.undo(slug, by=by, only_lapsed=lapsed)
        except UndoTooLate as late:
            is_under_way = late.campaign.state in {CampaignState.SENDING, CampaignState.ATTENTION}
            return request.page(
                "late.html.j2",
                title=say("It has begun"),
                status=409,
                campaign=late.campaign,
                may_pause=is_under_way and request.who.may(Role.SENDER),
            )
        notice = "undone" if is_approved else "undone-approval"
        return redirect(f"/statements/{slug}", done="start-off" if lapsed else notice)

    @route("GET", "/time", Role.VIEWER)
    def read_time(self, request: DeskRequest) -> Response:
        """Return how newsletter understands a typed time, for the page's script."""
        at, faults = self._parse_time(request, request.query("typed"))
        words = faults or (request.desk.moment(at) if at else "")
        return request.json_response(
            {"words": words, "wrong": bool(faults), "at": at.isoformat() if at else ""}
        )

    def _read_choice(
        self, request: DeskRequest, field: str = "at"
    ) -> tuple[datetime | None, Faults]:
        """Return the chosen time, None to keep the set time, or the faults of the field."""
        when, text = request.field("when"), request.field(field).strip()
        if when not in {START_NOW, START_AS_WRITTEN, START_AT}:
            return None, [("when-1", say("Choose when it goes out"))]
        now = request.desk.now()
        if when != START_AT:
            ambiguous = say("You gave a time and chose another way. Choose one of them")
            return now if when == START_NOW else None, [(field, ambiguous)] if text else []
        at, fault = self._parse_time(request, text)
        return at, [(field, fault)] if fault else []

    def _parse_time(self, request: DeskRequest, text: str) -> tuple[datetime | None, str]:
        """Parse a typed time. Return the time, or why it is invalid."""
        now = request.desk.now()
        try:
            at = parse_instant(text, zone=self._statements.settings.timezone, now=now)
        except ValueError as error:
            return None, str(error)
        message = "This time has passed: it is {now} now. Give a later one"
        return at, say(message, now=request.desk.clock(now)) if at <= now else ""

    def _is_unread(self, request: DeskRequest, at: datetime | None, field: str = "at") -> bool:
        """Return whether the page did not show yet how newsletter understands the typed time."""
        words = request.field("when") == START_AT and not is_wall_time(request.field(field))
        return words and at is not None and request.field(f"{field}_read") != at.isoformat()

    def _refused_page(self, request: DeskRequest, error: Refused, what: str) -> Response:
        """Return the page with the reason why nothing was started or changed."""
        if isinstance(error, ContentChanged):
            anew = "{what}. The text was changed while you looked, so it needs a new approval."
            text: str = say(anew, what=what)
        elif isinstance(error, AlreadyStarted):
            who, at = request.desk.person(error.start.by), request.desk.moment(error.start.at)
            twice = "This was already started, by {who} on {at}. Nothing was started twice."
            text = say(twice, who=who, at=at)
        else:
            text = say("{what}. {why}", what=what, why=request.desk.describe_error(error))
        return self._page(request.with_faults(("", text), status=409))

    @route("GET", "/statements/{slug}/start", Role.SENDER)
    def _page(self, request: DeskRequest, *, understood_time: datetime | None = None) -> Response:
        statements, rules = self._statements, self._campaigns.rules
        with statements.store.read() as tx:
            status = load_status(tx, find_stored(tx, request.param("slug")), rules)
            preview = self._preview_start(tx, request, status)
            email = inbox_values(tx.statements.get_content(status.stored.content_hash))
        if status.campaign is not None and status.has_begun and not request.faults:
            return redirect(f"/campaigns/{status.campaign.id}")
        set_for = preview["set_time"] or status.hour
        default_choice = START_AT if preview["hindrance"] else START_NOW
        waits_for = joined(status.approval.reasons)
        waits_for = deciding.describe_error(waits_for, status.names) if waits_for else ""
        return request.page(
            "start.html.j2",
            title=say("Send: {title}", title=status.statement.title),
            statement_status=status,
            messages=[one for one in (preview["warning"], preview["objection"], waits_for) if one],
            understood_time=understood_time,
            chosen=request.field("when") or (START_AS_WRITTEN if set_for else default_choice),
            fields={name: request.field(name) for name in ("at", "right", "earlier")},
            is_trial=deciding.is_trial(statements.settings),
            waits_for=waits_for,
            now=request.desk.now(),
            place=place_of(rules.timezone),
            **email,
            **preview,
        )

    def _preview_start(
        self, tx: Transaction, request: DeskRequest, status: StatementStatus
    ) -> dict[str, Any]:
        """Return what a start would do, as values of the page's template."""
        count, objection = None, ""
        try:
            count = headcount.count_heads(tx, status)
        except Refused as error:
            objection = deciding.describe_error(error, status.names)
        hindrance, is_held_by_approval = self._find_hindrance(request, status)
        times = (first_moment(status), status.approval.not_before)
        return {
            "count": count,
            "objection": objection,  # why it cannot be sent, without a count
            "warning": next(
                (one.message for one in self._audience_findings(tx, status.stored)), ""
            ),
            "leaves_at": find_release_time(tx, status) if status.is_started else None,
            "set_time": max((at for at in times if at and at > tx.now), default=None),
            "shown_time": format_set_time(status),
            "hindrance": hindrance,
            "is_held_by_approval": is_held_by_approval,
            "is_count_asked": count is not None and count.readers >= status.rules.typed_count,
            "correction_effect": deciding.correction_effect(tx, status.statement),
            "left_behind": headcount.find_late_translations(tx, status),
        }

    def _find_hindrance(self, request: DeskRequest, status: StatementStatus) -> tuple[str, bool]:
        """Return why the statement cannot start now, and whether a new approval would allow it."""
        times = (approved_from(status, one) for one in status.approval.given)
        latest = max((at for at in times if at), default=None)
        embargo, now = status.embargo_until, status.now
        if embargo is not None and embargo > now and (latest is None or latest <= embargo):
            until = request.desk.moment(embargo)
            return say("It is embargoed until {until}.", until=until), False
        if latest is None or latest <= now:
            return "", False
        approvers = [one.by for one in status.approval.given if one.not_before]
        by = listed([status.name(address) for address in approvers])
        until = request.desk.moment(latest)
        why = "{by} approved it for no earlier than {until}. An earlier time takes a new approval."
        return say(why, by=by, until=until), True

    def _audience_findings(self, tx: Transaction, stored: StoredStatement) -> list[ReviewFinding]:
        found = deciding.findings_of(tx, stored, self._statements)
        return [finding for finding in found if finding.check is Check.AUDIENCE]
