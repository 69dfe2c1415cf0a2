"""The page on which an approver decides: approve the version that was read, or send it back."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from starlette.responses import Response

from newsletter.domain.campaigns.campaign import StartBy
from newsletter.domain.errors import NotFound, Refused
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.comment import Returned
from newsletter.domain.statements.comparison import Difference
from newsletter.domain.statements.review import Check, ReviewFinding, Severity
from newsletter.domain.statements.statement import OVERRIDES, Channel, Progress, Statement
from newsletter.pipeline.campaigns.headcount import (
    Moved,
    NotFresh,
    NotTyped,
    Outlook,
    left_behind,
    outlook,
)
from newsletter.pipeline.ledger import Changed, Rescheduled, write_set_time
from newsletter.pipeline.statements.approve import ApprovalRequest, revoke
from newsletter.runtime.campaigns import Campaigns
from newsletter.runtime.statements import Statements
from newsletter.store.sql import Transaction
from newsletter.web.desk.deciding import (
    Subject,
    differences,
    otherwise,
    plain,
    put_right,
    remarks_of,
    seen_version,
    shown_on,
    subject_of,
    titles,
    version_of,
)
from newsletter.web.desk.page import Desk, Faults
from newsletter.web.desk.request import DeskRequest, Route
from newsletter.web.desk.statements.presenting import SEVERITIES
from newsletter.web.desk.statements.preview import seen

VIEWS = {"desktop": "Desktop", "phone": "Phone", "dark": "Dark", "text": "Plain text"}


@dataclass(frozen=True, kw_only=True)
class Shown:
    """The facts that an approver sees before deciding."""

    subject: Subject
    remarks: Sequence[ReviewFinding]
    compared: Sequence[Difference] | None
    """The differences from the version that they saw or decided about last; None without one."""
    answered: Returned | None
    """Somebody sent it back as it was then, and it was handed in changed."""
    outlook: Outlook | None
    time: str
    """The time that is set, for the forms to give back."""
    put_right: str
    """For a correction: its readers, and what happens to the original."""
    left_behind: list[Statement]
    """Translations that are not approved, whose readers get this one if it goes first."""
    starts: bool
    """This one approval is all that is missing, and starts it."""
    wrote: bool
    """The approver wrote in it."""
    typed: bool
    """The approver must type the number of readers."""
    typed_override: bool
    """An admin who overrides must type the number of readers."""

    @property
    def warnings(self) -> bool:
        """A reason is asked for."""
        return any(finding.grade is Severity.WARNING for finding in self.remarks)

    @property
    def embargo(self) -> bool:
        """Its text names an embargo without an end."""
        return any(finding.check is Check.OPEN_EMBARGO for finding in self.remarks)

    @property
    def blocked(self) -> bool:
        """It cannot be approved like this."""
        return any(
            finding.grade is Severity.BLOCKING and finding.check is not Check.OPEN_EMBARGO
            for finding in self.remarks
        )


class Reviewing:
    """Approve, ask for changes, withdraw, override."""

    def __init__(self, desk: Desk, statements: Statements, campaigns: Campaigns) -> None:
        self._desk = desk
        self._statements = statements
        self._campaigns = campaigns

    def routes(self) -> list[Route]:
        here, may, admin = "/statements/{slug}", Role.APPROVER, Role.ADMIN
        mail = f"{here}/versions/{{digest}}"
        over = f"{here}/override"
        return [
            Route("GET", f"{here}/review", may, self._page),
            Route("POST", f"{here}/review", may, self.approve, may_step_up=True),
            Route("GET", mail, Role.VIEWER, self.mail),
            Route("POST", f"{here}/send-back", may, self.send_back),
            Route("POST", f"{here}/withdraw", may, self.withdraw),
            Route("POST", over, admin, self.override, step_up=True),
        ]

    def mail(self, request: DeskRequest) -> Response:
        """The email of one version, as a made-up reader gets it, for the frame."""
        with self._statements.store.read() as tx:
            subject = subject_of(tx, self._statements.policy, request.param("slug"))
            content = version_of(tx, subject, request.param("digest"))
        html, text = content.in_words(content.html), content.in_words(content.text)
        return self._desk.mail(seen(replace(content, html=html, text=text), request.query("view")))

    def approve(self, request: DeskRequest) -> Response:
        """Take down an approval of the version that was on the page, or say why not."""
        despite = request.field("despite").strip() or None
        return self._approve(request, "approved-partly", despite=despite)

    def _approve(
        self, request: DeskRequest, partly: str, *, typed: str = "typed", **how: Any
    ) -> Response:
        slug = request.param("slug")
        try:
            given = self._statements.approve(
                ApprovalRequest(
                    slug=slug,
                    by=request.who.address,
                    expect=seen_version(request),
                    shown=shown_on(request, self._desk.now(), typed),
                    channel=Channel.DESK,
                    no_embargo=bool(request.field("no_embargo")),
                    **how,
                )
            )
        except NotTyped as error:
            return self._page(request, faults=[(typed, str(error))])
        except NotFresh:
            return self._desk.step_up(request)
        except Refused as error:
            return self._not_done(request, error, "Not approved.")
        done = "approved" if given.standing.approved else partly
        return self._desk.go(request, f"/statements/{slug}", done=done)

    def override(self, request: DeskRequest) -> Response:
        """Replace a missing approval, as one of two admins."""
        why = request.field("why").strip()
        if not why:
            fault = "Say why you replace the missing approval"
            return self._page(request, faults=[("why", fault)])
        typed = "typed_override"  # two forms of one page
        return self._approve(request, "stood-in", typed=typed, despite=why, override=True)

    def send_back(self, request: DeskRequest) -> Response:
        """Send it back to its writers."""
        slug, reason = request.param("slug"), request.field("reason")
        if not reason.strip():
            fault = "Say in a few words what should change"
            return self._page(request, faults=[("reason", fault)])
        try:
            self._statements.send_back(
                slug, by=request.who.address, expect=seen_version(request), reason=reason
            )
        except Refused as error:
            return self._not_done(request, error, "Not sent back.")
        return self._desk.go(request, f"/statements/{slug}", done="sent-back")

    def withdraw(self, request: DeskRequest) -> Response:
        """Take one's own approval back."""
        slug, own = request.param("slug"), self._statements
        try:
            revoke(slug, by=request.who.address, store=own.store, own=True)
        except Refused as error:
            return self._not_done(request, error, "Not withdrawn.")
        except NotFound as error:
            raise NotFound("You have not approved this statement.") from error
        return self._desk.go(request, f"/statements/{slug}", done="approval-withdrawn")

    def _not_done(self, request: DeskRequest, error: Refused, what: str) -> Response:
        """The page as it stands now, with why nothing was decided on top."""
        if isinstance(error, Changed):
            text = f"{what} {self._changed(request)}"
            return self._page(request, faults=[("", text)], status=409, seen=error.seen)
        if isinstance(error, Moved | Rescheduled):
            text = f"{what} {otherwise(error, self._desk.moment)} Look again."
            return self._page(request, faults=[("", text)], status=409)
        return self._page(request, status=409, refused=error, what=what)

    def _changed(self, request: DeskRequest) -> str:
        """That there is another text now: of whom and since when, where the desk knows."""
        with self._statements.store.read() as tx:
            draft = tx.drafts.of(request.param("slug"))
            number = draft.handed_in if draft else None
            version = tx.drafts.version(draft.key, number) if draft and number else None
        if version is None or version.handed_in_at is None:
            return "This text was changed while you were reading it."
        who, when = self._desk.person(version.handed_in_by), self._when(version.handed_in_at, "on ")
        return f"{who} handed in another text {when}, while you were reading this one."

    def _page(
        self,
        request: DeskRequest,
        *,
        faults: Faults = (),
        status: int | None = None,
        seen: str = "",
        refused: Refused | None = None,
        what: str = "",
    ) -> Response:
        with self._statements.store.read() as tx:
            shown = self._shown(tx, request, seen)
        subject = shown.subject
        if refused is not None:
            first, *others = str(refused).splitlines()
            faults = [("", f"{what} {plain(first, subject.names)}")]
            needs_reason = bool(others) and not request.field("despite").strip()
            if needs_reason and shown.warnings and not shown.blocked:
                faults = [("despite", f"{what} Say why it may go out like this.")]
        view = request.query("view")
        kept = ("despite", "reason", "why") if seen else ("despite", "reason", "why", "no_embargo")
        return self._desk.page(
            request,
            "review.html.j2",
            title=f"Review: {subject.statement.title}",
            status=status,
            shown=shown,
            subject=subject,
            faults=faults,
            changed_now=bool(seen),
            fields={name: request.field(name) for name in kept},
            view=view if view in VIEWS else "desktop",
            views=VIEWS,
            grades=SEVERITIES,
            lists=titles(self._statements.settings, shown.outlook.lists) if shown.outlook else "",
            leaves=self._when(shown.outlook.leaves_at) if shown.outlook else "",
            leaving=self._leaving(shown.outlook, shown.starts) if shown.outlook else "",
            missing=self._statements.policy.required - len(subject.standing.counted),
            is_draft=subject.statement.progress is Progress.DRAFT,
            mine=[given for given in subject.standing.given if given.by == request.who.address],
        )

    def _leaving(self, outlook: Outlook, starts: bool) -> str:
        """Return when it will be sent, as far as its text decides that and not colleagues."""
        rules, at = self._campaigns.rules, self._desk.moment(outlook.leaves_at)
        if rules.start is not StartBy.SENDER:
            return at if starts else f"no earlier than {at}"
        set_for = outlook.leaves_at > self._desk.now() + rules.undo_window
        return f"once a sender starts it{f', no earlier than {at}' if set_for else ''}"

    def _when(self, at: datetime, on: str = "") -> str:
        """Return the time alone if it is today, else with the day."""
        today = self._desk.day(at) == self._desk.day(self._desk.now())
        return f"at {self._desk.clock(at)}" if today else f"{on}{self._desk.moment(at)}"

    def _shown(self, tx: Transaction, request: DeskRequest, seen: str) -> Shown:
        statements, rules, now = self._statements, self._campaigns.rules, self._desk.now()
        subject = subject_of(tx, statements.policy, request.param("slug"))
        stored, policy = subject.stored, statements.policy
        to_come = None
        if stored.present and stored.content_hash:
            to_come = outlook(tx, subject.slug, now, rules=rules)
        standing, by_approval = subject.standing, rules.start is StartBy.APPROVAL
        starts = by_approval and policy.required - len(standing.counted) == 1
        stands_in = by_approval and len(standing.overrides) == OVERRIDES - 1
        many = to_come is not None and to_come.readers >= rules.typed_count
        lapsed = () if subject.standing.given else subject.standing.outdated
        answered = _answered(tx, subject)
        last = answered or next(reversed(lapsed), None)
        before = seen or (last.content_hash if last else "")
        return Shown(
            subject=subject,
            remarks=remarks_of(tx, stored, statements),
            compared=differences(tx, before, stored.content_hash) if before else None,
            answered=None if seen else answered,
            outlook=to_come,
            time=write_set_time(tx, subject.statement, rules.timezone),
            put_right=put_right(tx, subject.statement),
            left_behind=left_behind(tx, subject.statement, rules)[1],
            starts=starts,
            wrote=stored.wrote(request.who.address) and not policy.author_may_approve,
            typed=starts and many,
            typed_override=stands_in and many,
        )


def _answered(tx: Transaction, subject: Subject) -> Returned | None:
    """Return the last request for changes, if its text was changed since."""
    decided = (*subject.standing.given, *subject.standing.outdated)
    last = max(tx.returns.of(subject.slug), key=lambda returned: returned.at, default=None)
    if last is None or last.content_hash == subject.stored.content_hash:
        return None
    return None if any(approval.at > last.at for approval in decided) else last
