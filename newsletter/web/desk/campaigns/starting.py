"""The pages on which a sender starts an approved statement, sets its time, and undoes the start."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.responses import Response

from newsletter.domain.campaigns.campaign import CampaignState, StartBy
from newsletter.domain.errors import NotFound, Refused
from newsletter.domain.schedule import resolve
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.review import Check, ReviewFinding
from newsletter.domain.statements.statement import Statement
from newsletter.domain.wording import clock, listed, people, plural
from newsletter.pipeline.campaigns.control import AlreadyStarted, Late, StartRequest
from newsletter.pipeline.campaigns.headcount import (
    Headcount,
    Moved,
    NotFresh,
    NotTyped,
    headcount,
    left_behind,
)
from newsletter.pipeline.campaigns.reach import Timing, timing_of
from newsletter.pipeline.ledger import (
    Changed,
    Rescheduled,
    embargo_until,
    first_moment,
    set_time,
    write_set_time,
)
from newsletter.runtime.campaigns import Campaigns
from newsletter.runtime.statements import Statements
from newsletter.store.sql import Transaction
from newsletter.web.desk.deciding import (
    LEFT_OUT,
    Subject,
    colleagues,
    is_trial,
    otherwise,
    plain,
    put_right,
    remarks_of,
    seen_version,
    shown_on,
    subject_of,
    titles,
    wall_of,
)
from newsletter.web.desk.page import Desk, Faults
from newsletter.web.desk.request import DeskRequest, Route

_SOON = 3600
"""Seconds: what leaves within them is counted down."""
NOW, WRITTEN, AT = "now", "written", "at"


@dataclass(frozen=True, kw_only=True)
class Prospect:
    """The effects of a start, for the sender."""

    subject: Subject
    count: Headcount | None
    """None if it cannot be sent; ``objection`` says why."""
    objection: str
    off: str
    """That its audience differs by a fifth from the last one, in words; else empty."""
    leaves_at: datetime | None
    """When a started statement will be sent."""
    written: datetime | None
    """The earliest time by its own settings; None for now."""
    time: str
    """The time that is set, for the form to give back."""
    keeps: str
    """The reason why it waits until then; empty if only its set time does."""
    late: datetime | None
    """The set time, if it passed before a start."""
    told: bool
    """Its approvers were shown a future time: an earlier one needs a new approval."""
    hour: str
    typed: bool
    put_right: str
    """For a correction: its readers, and what happens to the original."""
    left_behind: tuple[list[Statement], list[Statement]]
    """Translations whose readers get this one if it goes first: not started, and not approved."""

    @property
    def waits(self) -> bool:
        """It was started, or starts by itself, and has not begun: its time can be changed."""
        campaign = self.subject.campaign
        return campaign is not None and campaign.state in {
            CampaignState.SCHEDULED,
            CampaignState.PAUSED,
        }

    @property
    def left_out(self) -> str:
        """Return the number of people who are left out, with the reasons, in a sentence."""
        if self.count is None or not self.count.left:
            return ""
        whys = [f"{many:,} {LEFT_OUT.get(why, why)}" for why, many in self.count.left_out]
        return whys[0] if len(whys) == 1 else f"{self.count.left:,}: {', '.join(whys)}"


class Starting:
    """Start, change the time, undo."""

    def __init__(self, desk: Desk, statements: Statements, campaigns: Campaigns) -> None:
        self._desk = desk
        self._statements = statements
        self._campaigns = campaigns

    def routes(self) -> list[Route]:
        here, may = "/statements/{slug}", Role.SENDER
        return [
            Route("GET", f"{here}/start", may, self._page),
            Route("POST", f"{here}/start", may, self.start, may_step_up=True),
            Route("POST", f"{here}/time", may, self.set_time),
            Route("POST", f"{here}/undo", Role.APPROVER, self.undo),
        ]

    def start(self, request: DeskRequest) -> Response:
        """Start the version that was on the page, for as many as were on it, or say why not."""
        slug, when = request.param("slug"), request.field("when")
        at, fault = self._time(request)
        faults = [*fault]
        if not request.field("right") and self._is_off(slug):
            faults.insert(0, ("right-yes", "Confirm that the number of people is right"))
        if faults:
            return self._page(request, faults=faults)
        asked = StartRequest(
            slug=slug,
            by=request.who.address,
            seen=seen_version(request),
            shown=shown_on(request, self._desk.now()),
            at=at if when == AT else None,
            at_once=when == NOW,
        )
        try:
            self._campaigns.starter().start(asked)
        except NotTyped as error:
            return self._page(request, faults=[("typed", str(error))])
        except NotFresh:
            return self._desk.step_up(request)
        except Refused as error:
            return self._page(request, faults=[("", self._why_not(error))], status=409)
        return self._desk.go(request, f"/statements/{slug}", done="started")

    def set_time(self, request: DeskRequest) -> Response:
        """Set another time before sending begins. An earlier one needs new approvals."""
        slug, by, anew = request.param("slug"), request.who.address, bool(request.field("anew"))
        at, faults = self._time(request, "earlier" if anew else "at")
        if faults:
            return self._page(request, faults=faults)
        try:
            if at is not None:  # None: it stays as it is set
                self._campaigns.starter().schedule(slug, at, by=by, anew=anew)
        except Refused as error:
            return self._page(
                request, faults=[("", self._why_not(error, "Not changed"))], status=409
            )
        except NotFound as error:
            raise NotFound("There is no such statement.") from error
        return self._desk.go(request, f"/statements/{slug}", done="time-anew" if anew else "time")

    def undo(self, request: DeskRequest) -> Response:
        """Undo a start, or say that sending has begun."""
        slug = request.param("slug")
        try:
            approved = self._campaigns.starter().undo(slug, by=request.who.address)
        except Late as late:
            return self._late(request, late)
        except Refused as error:
            with self._statements.store.read() as tx:
                names = subject_of(tx, self._statements.policy, slug).names
            return self._desk.failed(request, "Nothing was undone", plain(error, names), status=409)
        done = "undone" if approved else "undone-approval"
        if request.query("lapsed"):
            done = "start-off"
        return self._desk.go(request, f"/statements/{slug}", done=done)

    # --- what a form holds

    def _is_off(self, slug: str) -> bool:
        with self._statements.store.read() as tx:
            return bool(self._remarks(tx, subject_of(tx, self._statements.policy, slug)))

    def _time(self, request: DeskRequest, field: str = "at") -> tuple[datetime | None, Faults]:
        """Return the chosen time, None for the time that is set, or the faults of the field."""
        when, text = request.field("when"), request.field(field).strip()
        if when not in {NOW, WRITTEN, AT}:
            return None, [("when-1", "Choose when it goes out")]
        now = self._desk.now()
        if when != AT:
            both = "You gave a time and chose another way. Choose one of them"
            return now if when == NOW else None, [(field, both)] if text else []
        wall, zone = wall_of(text), self._statements.settings.timezone
        if wall is None:
            return None, [(field, "Give a date and a time")]
        try:
            at = resolve(wall, zone)
        except ValueError as error:
            return None, [(field, _in_words(error, wall, zone))]
        passed = f"This time has passed: it is {self._desk.clock(now)} now. Give a later one"
        return at, [(field, passed)] if at <= now else []

    # --- what comes of it

    def _why_not(self, error: Refused, what: str = "Nothing was started") -> str:
        if isinstance(error, Moved | Rescheduled):
            return f"{what}. {otherwise(error, self._desk.moment)} Look again."
        if isinstance(error, Changed):
            return f"{what}. The text was changed while you looked, so it needs a new approval."
        with self._statements.store.read() as tx:
            names = colleagues(tx)
        if isinstance(error, AlreadyStarted):
            who = names.get(error.start.by, "Somebody")
            at = self._desk.moment(error.start.at)
            return f"This was already started, by {who} on {at}. Nothing was started twice."
        return f"{what}. {plain(error, names)}"

    def _late(self, request: DeskRequest, late: Late) -> Response:
        campaign = late.campaign
        return self._desk.page(
            request,
            "late.html.j2",
            title="It has begun",
            status=409,
            campaign=campaign,
            accepted=people(campaign.counts.accepted),
            may_pause=campaign.state in {CampaignState.SENDING, CampaignState.ATTENTION}
            and request.who.may(Role.SENDER),
        )

    def _page(
        self, request: DeskRequest, *, faults: Faults = (), status: int | None = None
    ) -> Response:
        with self._statements.store.read() as tx:
            prospect = self._prospect(tx, request.param("slug"))
        subject = prospect.subject
        if subject.began is not None and not faults:
            return self._desk.go(request, f"/campaigns/{subject.began.id}")
        set_for = prospect.written or prospect.hour
        chosen = request.field("when") or (WRITTEN if set_for else AT if prospect.keeps else NOW)
        return self._desk.page(
            request,
            "start.html.j2",
            title=f"Send: {subject.statement.title}",
            status=status,
            subject=subject,
            prospect=prospect,
            faults=faults,
            chosen=chosen,
            fields={name: request.field(name) for name in ("at", "right", "earlier")},
            lists=titles(self._statements.settings, prospect.count.lists) if prospect.count else "",
            by_sender=self._campaigns.rules.by_sender,
            trial=is_trial(self._statements.settings),
            window=_lasting(self._campaigns.rules.undo_window),
            waits_for=plain("; ".join(subject.standing.reasons), subject.names),
            now=self._desk.now(),
            place=_place(self._statements.settings.timezone),
            **self._leaves(prospect.leaves_at),
        )

    def _leaves(self, at: datetime | None) -> dict[str, str]:
        """Return the time of sending, to the second if it is soon, and the minutes until then."""
        if at is None:
            return {"leaves": "", "soon": ""}
        left = int((at - self._desk.now()).total_seconds())
        if not 0 < left < _SOON:
            return {"leaves": self._desk.moment(at), "soon": ""}
        hour = clock(at, self._statements.settings.timezone)
        return {"leaves": f"at {hour}", "soon": f"{left // 60}:{left % 60:02}"}

    def _prospect(self, tx: Transaction, slug: str) -> Prospect:
        statements, rules = self._statements, self._campaigns.rules
        subject = subject_of(tx, statements.policy, slug)
        count, objection = None, ""
        try:
            count = headcount(tx, subject.statement, rules)
        except Refused as error:
            objection = plain(error, subject.names)
        keeps, told = self._keeps(tx, subject)
        first = first_moment(tx, subject.statement, rules.timezone)
        not_before = subject.standing.not_before
        due = set_time(tx, subject.statement, rules.timezone)
        timing = self._timing(tx, subject)
        started = subject.start is not None or rules.start is StartBy.APPROVAL
        return Prospect(
            subject=subject,
            count=count,
            objection=objection,
            off=next((finding.message for finding in self._remarks(tx, subject)), ""),
            leaves_at=timing.release(tx, subject.campaign) if timing and started else None,
            written=max((at for at in (first, not_before) if at and at > tx.now), default=None),
            time=write_set_time(tx, subject.statement, rules.timezone),
            keeps=keeps,
            late=due if due is not None and due <= tx.now else None,
            told=told,
            hour=str(timing.hour or "") if timing else "",
            typed=count is not None and count.readers >= statements.settings.desk.typed_count,
            put_right=put_right(tx, subject.statement),
            left_behind=left_behind(tx, subject.statement, rules),
        )

    def _timing(self, tx: Transaction, subject: Subject) -> Timing | None:
        """Return the timing; None for a time that does not exist in the zone."""
        since = subject.start.at if subject.start else subject.standing.complete_at
        try:
            return timing_of(
                tx,
                subject.statement,
                since or self._desk.now(),
                self._campaigns.rules,
                not_before=subject.standing.not_before,
            )
        except ValueError:
            return None

    def _keeps(self, tx: Transaction, subject: Subject) -> tuple[str, bool]:
        """Return why it cannot be sent at once, and whether a new approval would allow it."""
        told, zone = subject.standing.not_before, self._campaigns.rules.timezone
        embargo = embargo_until(tx, subject.statement, zone)
        if embargo is not None and embargo > tx.now and (told is None or told <= embargo):
            return f"It is embargoed until {self._desk.moment(embargo)}.", False
        if told is None or told <= tx.now:
            return "", False
        given = [one.by for one in subject.standing.given if one.not_before]
        by = listed([subject.names.get(address, "Somebody") for address in given])
        until = self._desk.moment(told)
        why = f"{by} approved it for no earlier than {until}. An earlier time takes a new approval."
        return why, True

    def _remarks(self, tx: Transaction, subject: Subject) -> list[ReviewFinding]:
        """Return the findings about the number of its readers."""
        found = remarks_of(tx, subject.stored, self._statements)
        return [finding for finding in found if finding.check is Check.AUDIENCE]


def _place(zone: str) -> str:
    """Return the city of a zone: New York."""
    return zone.rpartition("/")[2].replace("_", " ")


def _lasting(window: timedelta) -> str:
    """Return a duration in words: 5 minutes; "" for none."""
    seconds = int(window.total_seconds())
    if not seconds:
        return ""
    whole_minutes = seconds % 60 == 0
    return plural(seconds // 60, "minute") if whole_minutes else plural(seconds, "second")


def _in_words(error: ValueError, wall: datetime, zone: str) -> str:
    """Return why a time in the night of a clock change does not exist."""
    place = _place(zone)
    if "does not exist" in str(error):
        why = f"{wall:%H:%M} does not exist that night in {place}: the clocks go forward over it"
    else:
        why = f"{wall:%H:%M} comes twice that night in {place}, as the clocks go back"
    return f"{why}. Give another time"
