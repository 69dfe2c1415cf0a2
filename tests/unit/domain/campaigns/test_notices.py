"""Recipients of each notice: each event × each role, and those whom a comment names."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from newsletter.domain.campaigns.campaign import CampaignState, Counts, StartBy
from newsletter.domain.campaigns.notices import (
    LATE_OUTCOME_INTERVAL,
    LEAD_TIME,
    MAX_EVENT_AGE,
    NoticeKind,
    comment_events,
    events_of,
    next_event_at,
)
from newsletter.domain.staff.account import name_of
from newsletter.domain.staff.audit import AuditEntry
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.comment import Comment
from newsletter.domain.statements.statement import ApprovalStatus
from tests.rows import rows
from tests.unit.domain.campaigns.test_status import (
    ANA,
    APPROVED,
    BEN,
    BREAKER,
    BY,
    CLEO,
    DAN,
    DRAFT,
    LAPSED,
    NAMES,
    NOW,
    PAUSED,
    SENDING,
    SENT,
    SENT_BACK,
    STAFF,
    STOPPED,
    STOPPED_IN_TIME,
    UNKNOWN,
    VERA,
    at,
    campaign,
    statement,
    yes,
)

BY_SENDER = StartBy.SENDER
PLANNED = campaign(CampaignState.SCHEDULED, begun=False, release_at=NOW + timedelta(hours=5))
SOON = replace(PLANNED, release_at=NOW + LEAD_TIME)
SET = {"approval": APPROVED, "start_by": BY_SENDER, "set_for": NOW}
READY = {"approval": APPROVED, "campaign": PLANNED}
CANCELLED_NOW = replace(STOPPED, finished_at=NOW)
NEAR = {"approval": APPROVED, "campaign": SOON}
LONG = NEAR | {"approval": replace(APPROVED, complete_at=NOW - timedelta(hours=3))}
ALL = {address: name_of(address) for address in STAFF} | NAMES
Told = Mapping[NoticeKind, set[str]]


def line(action: str, by: str, number: int = 7, ago: timedelta = timedelta()) -> AuditEntry:
    return AuditEntry(
        number=number, at=NOW - ago, actor=by, action=action, subject="hours", detail="", digest=""
    )


def told(*lines: AuditEntry, **fields: Any) -> dict[NoticeKind, set[str]]:
    last = {one.action: one for one in lines}
    return {one.kind: {*one.people} for one in events_of(at(**fields), last)}


@rows(
    ("fields", "lines", "whom"),
    [
    # nothing waits, and no notice goes out
    ({"statement": DRAFT}, (), {}),
    ({"present": False}, (), {}),
    ({"campaign": STOPPED}, (), {}),
    # the approvers but the writer; senders and admins may approve too
    ({}, (), {NoticeKind.SUBMITTED: {BEN, CLEO, DAN}}),
    ({"statement": statement(author=BEN)}, (), {NoticeKind.SUBMITTED: {CLEO, DAN}}),
    ({"approval": LAPSED}, (), {NoticeKind.SUBMITTED: {BEN, CLEO, DAN}}),
    # the writers, and never the person who sent it back or approved it
    ({"change_request": SENT_BACK}, (), {NoticeKind.SENT_BACK: {ANA}}),
    ({"change_request": SENT_BACK, "statement": statement(author=BEN)}, (),
     {NoticeKind.SENT_BACK: set()}),
    ({"change_request": SENT_BACK, "statement": statement(author="x@y.example")}, (),
     {NoticeKind.SENT_BACK: set()}),
    ({"approval": APPROVED, "refusal": "it waits"}, (), {NoticeKind.APPROVED: {ANA}}),
    # a sender has to act where a sender starts
    ({"approval": APPROVED, "start_by": BY_SENDER}, (), {NoticeKind.APPROVED: {ANA, CLEO, DAN}}),
    (SET, (), {NoticeKind.APPROVED: {ANA, CLEO, DAN}, NoticeKind.OVERDUE: {ANA, CLEO, DAN}}),
    # its people, but the one who set the time
    (READY, (), {NoticeKind.APPROVED: {ANA}, NoticeKind.SCHEDULED: {ANA}}),
    (READY, (line("start", CLEO),), {NoticeKind.APPROVED: {ANA}, NoticeKind.SCHEDULED: {ANA, BEN}}),
    (READY, (line("start", CLEO), line("schedule", DAN, 8)),
     {NoticeKind.APPROVED: {ANA}, NoticeKind.SCHEDULED: {ANA, BEN, CLEO}}),
    # an hour before, unless it was scheduled within the hour
    (LONG, (line("start", CLEO, ago=timedelta(hours=2)),),
     {NoticeKind.APPROVED: {ANA}, NoticeKind.SCHEDULED: {ANA, BEN},
      NoticeKind.STARTS_SOON: {ANA, BEN, CLEO}}),
    (NEAR, (line("start", CLEO, ago=-timedelta(seconds=1)),),
     {NoticeKind.APPROVED: {ANA}, NoticeKind.SCHEDULED: {ANA, BEN}}),
    # an embargo that is over, of a text that was there before its end
    ({"embargo_until": NOW}, (),
     {NoticeKind.SUBMITTED: {BEN, CLEO, DAN}, NoticeKind.EMBARGO_OVER: {ANA, BEN, CLEO, DAN}}),
    ({"embargo_until": NOW + LEAD_TIME}, (), {NoticeKind.SUBMITTED: {BEN, CLEO, DAN}}),
    ({"embargo_until": NOW - LEAD_TIME}, (line("submit", ANA),),
     {NoticeKind.SUBMITTED: {BEN, CLEO, DAN}}),
    # its people, and the person who started it too
    ({"campaign": SENDING}, (line("start", CLEO),), {NoticeKind.STARTED: {ANA, BEN, CLEO}}),
    ({"campaign": SENT}, (), {NoticeKind.FINISHED: {ANA, BEN}}),
    ({"campaign": UNKNOWN}, (), {NoticeKind.FINISHED: {ANA, BEN}, NoticeKind.DECISION: {DAN}}),
    # its people, but the one who changed its public page, each time
    ({"campaign": SENT}, (line("take off the web", ANA),),
     {NoticeKind.FINISHED: {ANA, BEN}, NoticeKind.PAGE_CHANGED: {BEN}}),
    ({}, (line("annotate", ANA),), {NoticeKind.SUBMITTED: {BEN, CLEO, DAN}}),
    # its people, but the one who undid its start or cancelled it, until somebody acts again
    ({"campaign": STOPPED}, (line("start", BEN), line("cancel", CLEO, 8)),
     {NoticeKind.TAKEN_BACK: {ANA, BEN}}),
    ({"campaign": STOPPED}, (line("cancel", CLEO), line("submit", ANA, 8)), {}),
    ({"refusal": "it waits"}, (line("start", CLEO), line("undo", DAN, 8)),
     {NoticeKind.SUBMITTED: {BEN, CLEO, DAN}, NoticeKind.TAKEN_BACK: {ANA, CLEO}}),
    ({}, (line("revoke", BEN), line("undo", BEN, 8)),
     {NoticeKind.SUBMITTED: {CLEO, DAN}, NoticeKind.TAKEN_BACK: {ANA}}),
    ({}, (line("revoke", BEN),), {NoticeKind.SUBMITTED: {CLEO, DAN}}),
    # a writer takes an approved text back
    ({"statement": DRAFT, "campaign": STOPPED_IN_TIME},
     (line("submit", ANA, 6), line("start", CLEO), line("take back", ANA, 8)),
     {NoticeKind.TAKEN_BACK: {BEN, CLEO}}),
    ({"statement": DRAFT}, (line("approve", BEN, 5), line("submit", ANA, 6),
     line("take back", ANA, 8)), {}),
    # an act of one person, and a later change by no act
    ({"draft": "a key", "approval": LAPSED}, (line("submit", BEN, ago=timedelta(hours=1)),),
     {NoticeKind.SUBMITTED: {BEN, CLEO, DAN}}),
    ({"draft": "a key", "approval": LAPSED}, (line("submit", BEN),),
     {NoticeKind.SUBMITTED: {CLEO, DAN}}),
    ({"content_since": NOW}, (line("revoke", BEN, ago=timedelta(hours=1)),),
     {NoticeKind.SUBMITTED: {BEN, CLEO, DAN}}),
    # one of two approvals, and one whose approver may not approve any more
    ({"approval": ApprovalStatus(approved=False, counted=(yes(),))}, (line("approve", BEN),),
     {NoticeKind.SUBMITTED: {CLEO, DAN}}),
    ({}, (line("approve", BEN),), {NoticeKind.SUBMITTED: {BEN, CLEO, DAN}}),
    # a set time passes before an approval or a start
    ({"set_for": NOW}, (), {NoticeKind.SUBMITTED: {BEN, CLEO, DAN},
     NoticeKind.OVERDUE: {ANA, BEN, CLEO, DAN}}),
    ({"set_for": NOW}, (line("submit", ANA),), {NoticeKind.SUBMITTED: {BEN, CLEO, DAN},
     NoticeKind.OVERDUE: {ANA, BEN, CLEO, DAN}}),
    ({"set_for": NOW - LEAD_TIME}, (line("submit", ANA),),
     {NoticeKind.SUBMITTED: {BEN, CLEO, DAN}}),
    ({"set_for": NOW, "embargo_until": NOW + LEAD_TIME}, (),
     {NoticeKind.SUBMITTED: {BEN, CLEO, DAN}}),
    ({"approval": APPROVED, "refusal": "it waits", "set_for": NOW}, (),
     {NoticeKind.APPROVED: {ANA}, NoticeKind.OVERDUE: {ANA, CLEO, DAN}}),
    ({"approval": APPROVED, "refusal": "it waits", "set_for": NOW + LEAD_TIME}, (),
     {NoticeKind.APPROVED: {ANA}}),
    # admins decide about unknown deliveries, also of a cancelled or corrected campaign
    ({"campaign": replace(STOPPED, counts=Counts(unknown=2))}, (),
     {NoticeKind.DECISION: {DAN}}),
    ({"campaign": replace(STOPPED, counts=Counts(unknown=2)), "corrected_by": BY}, (),
     {NoticeKind.DECISION: {DAN}}),
    # those who can resume it, but not the one who paused it
    ({"campaign": PAUSED}, (line("pause", CLEO),), {NoticeKind.PAUSED: {ANA, BEN, DAN}}),
    ({"campaign": BREAKER}, (line("pause", "breaker"),),
     {NoticeKind.PAUSED: {ANA, BEN, CLEO, DAN}}),
    ({"campaign": BREAKER}, (line("pause", CLEO), line("resume", CLEO, 8)),
     {NoticeKind.PAUSED: {ANA, BEN, CLEO, DAN}}),
    ],
)  # fmt: skip
def test_the_right_people_and_no_others_are_told(
    fields: dict[str, Any], lines: tuple[AuditEntry, ...], whom: Told
) -> None:
    assert told(*lines, **fields) == whom


def test_a_viewer_and_former_staff_are_told_of_nothing_that_they_had_no_part_in() -> None:
    without = {address: role for address, role in STAFF.items() if address != BEN}
    assert VERA not in told(campaign=SENT)[NoticeKind.FINISHED]
    assert told(campaign=SENT, staff=without) == {NoticeKind.FINISHED: {ANA}}


def key(*lines: AuditEntry, **fields: Any) -> str:
    """The mark that tells the first event from the next of its kind."""
    return events_of(at(**fields), {one.action: one for one in lines})[0].occurrence


@rows(
    ("one", "other"),
    [
    # another text, another hand-in, another person's second thoughts
    (key(), key(content_hash="d2")),
    (key(line("submit", ANA)), key(line("submit", ANA, 8))),
    (key(line("submit", ANA)), key(line("submit", ANA), line("revoke", BEN, 8))),
    # another pause, also by a provider after a resumption
    (key(line("pause", CLEO), campaign=PAUSED), key(line("pause", CLEO, 8), campaign=PAUSED)),
    (key(line("pause", CLEO), campaign=PAUSED), key(line("resume", CLEO, 8), campaign=PAUSED)),
    (key(line("start", CLEO), campaign=BREAKER), key(line("start", CLEO, 8), campaign=BREAKER)),
    (key(), key(line("approve", BEN))),
    ],
)  # fmt: skip
def test_what_happens_again_is_another_event(one: str, other: str) -> None:
    assert one != other


@rows(
    ("fields", "moment"),
    [
        ({}, None),
        ({"ready_at": NOW + 2 * LEAD_TIME}, NOW + LEAD_TIME),
        ({"ready_at": NOW + LEAD_TIME / 2}, None),
        ({"set_for": NOW + LEAD_TIME, "embargo_until": NOW + LEAD_TIME / 2}, NOW + LEAD_TIME / 2),
        ({"set_for": NOW}, None),
        ({"campaign": CANCELLED_NOW}, NOW + LATE_OUTCOME_INTERVAL),
        ({"campaign": replace(CANCELLED_NOW, finished_at=NOW - MAX_EVENT_AGE)}, None),
        ({"campaign": replace(CANCELLED_NOW, counts=Counts(unknown=1))}, None),
        ({"campaign": STOPPED}, None),
    ],
)
def test_time_alone_leads_to_some_events(fields: dict[str, Any], moment: Any) -> None:
    assert next_event_at(at(**fields)) == moment


def test_a_comment_is_told_to_whom_it_names_and_to_those_who_talk_about_the_text() -> None:
    said = Comment(id=4, slug="hours", by=BEN, at=NOW, words="@dan, is this right?")
    before = Comment(id=3, slug="hours", by=CLEO, at=NOW, words="Which Saturday?")
    named, others = comment_events(said, [before, said], at(names=ALL))
    assert (named.kind, named.people) == (NoticeKind.MENTIONED, {DAN})
    assert (others.kind, others.people) == (NoticeKind.COMMENTED, {ANA, CLEO})
    assert (named.occurrence, named.at) == ("4", NOW)


def test_whom_nobody_knows_any_more_is_no_part_of_the_talk() -> None:
    said = Comment(id=4, slug="hours", by=BEN, at=NOW, words="Well.")
    before = Comment(id=3, slug="hours", by="gone@forum.example", at=NOW, words="Which Saturday?")
    _, others = comment_events(said, [before], at(staff={ANA: Role.WRITER, BEN: Role.APPROVER}))
    assert others.people == {ANA}


def test_figures_do_not_make_another_event() -> None:
    more = replace(SENT, counts=Counts(accepted=4_199, rejected=14))
    assert key(campaign=SENT) == key(campaign=more)


def test_a_status_without_a_campaign_or_a_time_amounts_to_no_event_of_one() -> None:
    approved = replace(APPROVED, complete_at=None)
    assert told(approval=approved) == {}
    assert told(approval=APPROVED, campaign=PLANNED, set_for=NOW) == {
        NoticeKind.APPROVED: {ANA},
        NoticeKind.SCHEDULED: {ANA},
    }
