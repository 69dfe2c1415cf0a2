"""The page on which an approver approves the version that they read, or sends it back."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from starlette.responses import Response

from newsletter.domain.campaigns.status import StatementStatus
from newsletter.domain.errors import NotFound, Refused
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.comment import ChangeRequest
from newsletter.domain.statements.review import Check, Severity
from newsletter.domain.statements.statement import OVERRIDE_COUNT, Channel, Progress
from newsletter.domain.wording import say
from newsletter.pipeline.campaigns import headcount
from newsletter.pipeline.ledger import ContentChanged, find_stored
from newsletter.pipeline.statements.approve import ApprovalRequest, ChecksRefused, revoke
from newsletter.pipeline.status import TimeChanged, format_set_time, load_status
from newsletter.runtime.campaigns import Campaigns
from newsletter.runtime.statements import Statements
from newsletter.store.sql import Transaction
from newsletter.web.desk import deciding
from newsletter.web.desk.page import Desk
from newsletter.web.desk.request import NO_HASH, DeskRequest, framed_email, redirect, route
from newsletter.web.desk.statements.preview import inbox_values, preview_html, view_of


class ReviewPages:
    """The review page, and its acts: approve, request changes, withdraw, override."""

    def __init__(self, statements: Statements, campaigns: Campaigns) -> None:
        self._statements = statements
        self._campaigns = campaigns

    @route("GET", "/statements/{slug}/versions/{digest}", Role.VIEWER)
    def mail(self, request: DeskRequest) -> Response:
        """Return the email of one version for a made-up reader, for an iframe."""
        with self._statements.store.read() as tx:
            stored = find_stored(tx, request.param("slug"))
            status = load_status(tx, stored, self._campaigns.rules)
            content = deciding.find_version(tx, status, request.param("digest")).uncounted()
        html, text = content.in_words(content.html), content.in_words(content.text)
        content = replace(content, html=html, text=text)
        return framed_email(preview_html(content, request.query("view")))

    @route("POST", "/statements/{slug}/review", Role.APPROVER, may_step_up=True)
    def approve(self, request: DeskRequest) -> Response:
        """Approve the version that was on the page, or say why not."""
        despite = request.field("despite").strip() or None
        return self._approve(request, "approved-partly", despite=despite)

    def _approve(
        self, request: DeskRequest, partly: str, *, typed: str = "typed", **how: Any
    ) -> Response:
        slug = request.param("slug")
        try:
            result = self._statements.approve(
                ApprovalRequest(
                    slug=slug,
                    by=request.who.address,
                    expect=request.seen_hash(),
                    shown=request.shown_terms(typed),
                    channel=Channel.DESK,
                    no_embargo=request.field("no_embargo") == "yes",
                    **how,
                )
            )
        except headcount.CountNotTyped as error:
            return self._page(request.with_faults((typed, str(error))))
        except headcount.SecondFactorNeeded:
            return request.step_up()
        except Refused as error:
            return self._refused_page(request, error, say("Not approved."))
        notice = "approved" if result.approval.approved else partly
        return redirect(f"/statements/{slug}", done=notice)

    @route("POST", "/statements/{slug}/override", Role.ADMIN, step_up=True)
    def override(self, request: DeskRequest) -> Response:
        """Override a missing approval. It takes two admins."""
        why = request.field("why").strip()
        if not why:
            fault = say("Say why you replace the missing approval")
            return self._page(request.with_faults(("why", fault)))
        typed = "typed_override"  # two forms of one page
        return self._approve(request, "stood-in", typed=typed, despite=why, override=True)

    @route("POST", "/statements/{slug}/send-back", Role.APPROVER)
    def send_back(self, request: DeskRequest) -> Response:
        slug, reason = request.param("slug"), request.field("reason")
        if not reason.strip():
            fault = say("Say in a few words what should change")
            return self._page(request.with_faults(("reason", fault)))
        try:
            self._statements.send_back(
                slug, by=request.who.address, expect=request.seen_hash(), reason=reason
            )
        except Refused as error:
            return self._refused_page(request, error, say("Not sent back."))
        return redirect(f"/statements/{slug}", done="sent-back")

    @route("POST", "/statements/{slug}/withdraw", Role.APPROVER)
    def withdraw(self, request: DeskRequest) -> Response:
        slug, own, rules = request.param("slug"), self._statements, self._campaigns.rules
        try:
            revoke(slug, by=request.who.address, store=own.store, rules=rules, own=True)
        except Refused as error:
            return self._refused_page(request, error, say("Not withdrawn."))
        except NotFound as error:
            raise NotFound(say("You have not approved this statement.")) from error
        return redirect(f"/statements/{slug}", done="approval-withdrawn")

    def _refused_page(self, request: DeskRequest, error: Refused, what: str) -> Response:
        """Return the review page with the reason why nothing was decided."""
        if isinstance(error, ContentChanged):
            incomplete = say("The page was incomplete when you pressed the button. Open it again.")
            is_whole = request.seen_hash() != NO_HASH
            why = self._describe_change(request) if is_whole else incomplete
            text = say("{what} {why}", what=what, why=why)
            return self._page(request.with_faults(("", text), status=409), seen=error.seen)
        if isinstance(error, headcount.CountChanged | TimeChanged):
            return self._page(request.with_reason(what, error))
        return self._page(request, refusal=error, what=what)

    def _describe_change(self, request: DeskRequest) -> str:
        """Return a sentence that the text was changed; by whom and when, if that is known."""
        with self._statements.store.read() as tx:
            draft = tx.drafts.find_by_slug(request.param("slug"))
            number = draft.submitted_version if draft else None
            version = tx.drafts.get_version(draft.key, number) if draft and number else None
        if version is None or version.submitted_at is None:
            return say("This text was changed while you were reading it.")
        who, at = request.desk.person(version.submitted_by), version.submitted_at
        text = "{who} submitted another text {at}, while you were reading this one."
        return say(text, who=who, at=_moment_in_words(request.desk, at, with_preposition=True))

    @route("GET", "/statements/{slug}/review", Role.APPROVER)
    def _page(
        self,
        request: DeskRequest,
        *,
        seen: str = "",
        refusal: Refused | None = None,
        what: str = "",
    ) -> Response:
        with self._statements.store.read() as tx:
            stored = find_stored(tx, request.param("slug"))
            status = headcount.with_readers(tx, load_status(tx, stored, self._campaigns.rules))
            facts = self._load_facts(tx, request, status, seen)
            email = inbox_values(tx.statements.get_content(stored.content_hash))
        if refusal is not None:
            advice = refusal.advice if isinstance(refusal, ChecksRefused) else ""
            why = deciding.describe_error(advice or refusal, status.names)
            fault = ("", say("{what} {why}", what=what, why=why) if what else why)
            if advice and not facts["is_blocked"]:
                key, why = "despite", say("Say why it may go out like this.")
                if facts["has_open_embargo"] and not request.field("no_embargo"):
                    key = "no_embargo-yes"
                    why = say("Confirm that there is no embargo, or send it back to get its end.")
                fault = (key, say("{what} {why}", what=what, why=why))
            request = request.with_faults(fault, status=409)
        release = status.release or status.ready_at
        kept = ("despite", "reason", "why") if seen else ("despite", "reason", "why", "no_embargo")
        return request.page(
            "review.html.j2",
            title=say("Review: {title}", title=status.statement.title),
            statement_status=status,
            is_changed_now=bool(seen),
            fields={name: request.field(name) for name in kept},
            view=view_of(request),
            release_words=_moment_in_words(request.desk, release) if release else "",
            leaves_at=release,
            missing_count=status.rules.policy.required - len(status.approval.counted),
            is_draft=status.statement.progress is Progress.DRAFT,
            messages=[one.message for one in facts["findings"]],
            own_approvals=[one for one in status.approval.given if one.by == request.who.address],
            **email,
            **facts,
        )

    def _load_facts(
        self, tx: Transaction, request: DeskRequest, status: StatementStatus, seen_hash: str
    ) -> dict[str, Any]:
        """Return what an approver sees before deciding, as values of the template."""
        rules, approval, stored = status.rules, status.approval, status.stored
        findings = deciding.findings_of(tx, stored, self._statements)
        blocking = {one.check for one in findings if one.severity is Severity.BLOCKING}
        is_unstarted = not (rules.sender_starts or status.is_started)
        is_start = is_unstarted and rules.policy.required - len(approval.counted) <= 1
        completes_override = is_unstarted and len(approval.overrides) == OVERRIDE_COUNT - 1
        is_large = status.readers is not None and status.readers >= rules.typed_count
        answered_request = _find_answered_request(tx, status)
        last = answered_request or next(reversed(() if approval.given else approval.outdated), None)
        before = seen_hash or (last.content_hash if last else "")
        return {
            "findings": findings,
            # from the version that they saw or decided about last; None without one
            "differences": deciding.compare_versions(tx, before, stored.content_hash)
            if before
            else None,
            "answered_request": None if seen_hash else answered_request,
            "shown_time": format_set_time(status),
            "correction_effect": deciding.correction_effect(tx, status.statement),
            "left_behind": headcount.find_late_translations(tx, status)[1],
            "is_start": is_start,
            "is_writer": stored.is_writer(request.who.address)
            and not rules.policy.author_may_approve,
            "is_count_asked": is_start and is_large,
            "is_override_count_asked": completes_override and is_large,
            "has_warnings": any(one.severity is Severity.WARNING for one in findings),
            "has_open_embargo": Check.OPEN_EMBARGO in {one.check for one in findings},
            "is_blocked": bool(blocking - {Check.OPEN_EMBARGO}),
        }


def _moment_in_words(desk: Desk, at: datetime, *, with_preposition: bool = False) -> str:
    """Return the time in words, without the day if it is today."""
    if desk.day(at) == desk.day(desk.now()):
        return say("at {at}", at=desk.clock(at))
    return say("on {at}", at=desk.moment(at)) if with_preposition else desk.moment(at)


def _find_answered_request(tx: Transaction, status: StatementStatus) -> ChangeRequest | None:
    """Return the last request for changes, if the text was changed and not approved since."""
    decisions = (*status.approval.given, *status.approval.outdated)
    requests = tx.change_requests.list_for(status.slug)
    last = max(requests, key=lambda request: request.at, default=None)
    if last is None or status.change_request or last.content_hash == status.stored.content_hash:
        return None
    return None if any(approval.at > last.at for approval in decisions) else last
