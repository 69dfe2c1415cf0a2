"""The status of a statement: each row of the table, in words, for each kind of reader."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from newsletter.domain.campaigns.campaign import Campaign, CampaignState, Counts, Start, StartBy
from newsletter.domain.campaigns.sentences import describe_further, describe_next, describe_state
from newsletter.domain.campaigns.state import STATE_ROWS, Act, CampaignRules, Related, Shelf, State
from newsletter.domain.campaigns.status import StatementStatus
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.comment import ChangeRequest
from newsletter.domain.statements.statement import (
    Approval,
    Approvals,
    ApprovalStatus,
    Channel,
    Progress,
    Statement,
    StoredStatement,
)
from newsletter.domain.wording import say
from tests.rows import rows

NOW = datetime(2026, 12, 1, 13, 0, tzinfo=UTC)
ZONE = "Europe/Berlin"
ANA, BEN, CLEO, DAN, VERA = (
    f"{name}@forum.example" for name in ("ana", "ben", "cleo", "dan", "vera")
)
STAFF = {
    ANA: Role.WRITER,
    BEN: Role.APPROVER,
    CLEO: Role.SENDER,
    DAN: Role.ADMIN,
    VERA: Role.VIEWER,
}
NAMES = {ANA: "Ana Ruiz"}
WINDOW = timedelta(minutes=5)


def statement(**fields: Any) -> Statement:
    defaults: dict[str, Any] = {
        "title": "Library hours",
        "body": "It opens at nine.",
        "lists": ("press",),
        "language": "en",
        "author": ANA,
        "origin": "statements/hours.md",
    }
    return Statement(slug="hours", **(defaults | fields))


def yes(by: str = BEN, content_hash: str = "d1") -> Approval:
    return Approval(slug="hours", content_hash=content_hash, by=by, at=NOW, channel=Channel.COMMAND)


WAITS = ApprovalStatus(approved=False)
APPROVED = ApprovalStatus(approved=True, counted=(yes(),), complete_at=NOW)
DEE = "dee@forum.example"
OVERRIDDEN = ApprovalStatus(approved=True, overrides=(yes(DAN), yes(DEE)), complete_at=NOW)
HALF_OVERRIDDEN = ApprovalStatus(approved=False, overrides=(yes(DAN),))
LAPSED = ApprovalStatus(approved=False, outdated=(yes(content_hash="d0"),))


def campaign(state: CampaignState, *, begun: bool = True, **fields: Any) -> Campaign:
    defaults: dict[str, Any] = {
        "id": 3,
        "slug": "hours",
        "content_hash": "d1",
        "release_at": NOW,
        "approved_by": (BEN,),
        "lists": ("press",),
        "provider": "outbox",
        "started_at": NOW if begun else None,
    }
    return Campaign(state=state, **(defaults | fields))


RULES = CampaignRules(policy=Approvals(), timezone=ZONE, undo_window=WINDOW)


def at(**fields: Any) -> StatementStatus:
    rules = replace(
        RULES,
        policy=fields.pop("policy", RULES.policy),
        shares_email=fields.pop("shares_email", False),
        start=fields.pop("start_by", RULES.start),
    )
    text = fields.pop("statement", statement())
    stored = StoredStatement(
        statement=replace(text, desk=fields.pop("draft", "")),
        content_hash=fields.pop("content_hash", "d1"),
        fingerprint="f",
        present=fields.pop("present", True),
        writers=text.written_by,
    )
    approval = fields.get("approval", WAITS)
    # where approvals start it, the last one has
    by_approval = rules.start is StartBy.APPROVAL and approval.complete_at is not None
    start = Start(slug="hours", content_hash="d1", by=BEN, at=NOW, count=8) if by_approval else None
    defaults: dict[str, Any] = {
        "approval": WAITS,
        "start": start,
        "rules": rules,
        "now": NOW,
        "staff": STAFF,
        "names": NAMES,
    }
    return StatementStatus(stored=stored, **(defaults | fields))


DRAFT = statement(progress=Progress.DRAFT)
PAUSED_BY, CANCELLED_BY = (say(f"{act} by {{who}}", who=CLEO) for act in ("paused", "canceled"))
TUESDAY = NOW + timedelta(days=7)
SENDING = campaign(CampaignState.SENDING, counts=Counts(pending=2_933, accepted=1_280))
WELCOME = campaign(CampaignState.SENDING, counts=Counts(accepted=1_280), welcome=True)
PAUSED = campaign(
    CampaignState.PAUSED,
    reason=PAUSED_BY,
    counts=Counts(pending=9, accepted=1),
)
BREAKER = campaign(
    CampaignState.PAUSED, reason="9 of 4,100 reported spam", counts=Counts(pending=9)
)
UNKNOWN = campaign(CampaignState.ATTENTION, counts=Counts(accepted=4_176, unknown=37))
SENT = campaign(CampaignState.SENT, counts=Counts(accepted=4_198, rejected=15))
STOPPED = campaign(
    CampaignState.CANCELLED,
    reason=CANCELLED_BY,
    counts=Counts(accepted=2, cancelled=8),
)
STOPPED_IN_DOUBT = replace(STOPPED, counts=Counts(accepted=2, unknown=3))
STOPPED_AT_ONE = campaign(
    CampaignState.CANCELLED, reason=say("undone by {who}", who=CLEO), counts=Counts(accepted=1)
)
STOPPED_IN_TIME = campaign(CampaignState.CANCELLED, begun=False, reason=CANCELLED_BY, ended_by=CLEO)
STOPPED_UNKNOWN = campaign(CampaignState.CANCELLED, given_up=True)
BY = Related(slug="hours-again", title="Library hours, corrected", at=NOW)
FAULTY = "It cannot be sent like this: its text has a fault."
SENT_BACK = ChangeRequest(slug="hours", content_hash="d1", by=BEN, reason="Which Saturday?", at=NOW)

TABLE: list[tuple[dict[str, Any], State, str, str]] = [
    ({"statement": DRAFT}, State.DRAFT, "Only staff can see it.", "Ana Ruiz can finish it"),
    (
        {},
        State.REVIEW,
        "Waiting for 1 approval, from someone other than Ana Ruiz.",
        "Ben, Cleo or Dan can approve it",
    ),
    (
        {"statement": statement(author="")},
        State.REVIEW,
        "Waiting for 1 approval.",
        "Ben, Cleo or Dan",
    ),
    (
        {"policy": Approvals(author_may_approve=True, required=2)},
        State.REVIEW,
        "Waiting for 2 approvals.",
        "Ben, Cleo or Dan",
    ),
    (
        {
            "policy": Approvals(required=2),
            "approval": ApprovalStatus(approved=False, counted=(yes(),)),
        },
        State.REVIEW,
        "Approved by Ben. Waiting for 1 more approval, from someone other than Ana Ruiz.",
        "Cleo or Dan can approve it",
    ),
    (
        {"statement": DRAFT, "change_request": SENT_BACK},
        State.RETURNED,
        "Ben sent it back: “Which Saturday?”",
        "Ana Ruiz can change it and submit it again",
    ),
    (
        {"change_request": SENT_BACK},
        State.RETURNED,
        "Ben sent it back: “Which Saturday?”",
        "Ana Ruiz",
    ),
    (
        {"approval": LAPSED},
        State.CHANGED,
        "After Ben approved it, its text changed. It needs a new approval.",
        "Ben, Cleo or Dan can approve the new text",
    ),
    (
        {"approval": APPROVED, "start_by": StartBy.SENDER},
        State.APPROVED,
        "Approved by Ben. No sender has started it.",
        "Cleo or Dan can choose a time and send it",
    ),
    (
        {"approval": APPROVED, "start_by": StartBy.SENDER, "refusal": "it corrects itself"},
        State.APPROVED,
        "Approved by Ben, and held back: it corrects itself.",
        "Cleo or Dan can choose a time and send it",
    ),
    (
        {"approval": OVERRIDDEN, "start_by": StartBy.SENDER},
        State.APPROVED,
        "Approved by Dan and Dee, who replace a missing approval. No sender has started it.",
        "Cleo or Dan can choose a time and send it",
    ),
    (
        {"approval": APPROVED, "refusal": "it translates x, and there is no such statement"},
        State.HELD_BACK,
        "Approved by Ben, and held back: it translates x, and there is no such statement.",
        "",
    ),
    (
        {"approval": APPROVED, "ready_at": TUESDAY, "readers": 4_213},
        State.SCHEDULED,
        "Goes out on Tue 8 Dec 2026, 14:00 Berlin to about 4,213 people.",
        "Cleo or Dan can still change the time",
    ),
    (
        {"approval": APPROVED, "ready_at": TUESDAY, "statement": statement(welcome=True)},
        State.SCHEDULED,
        "Goes out on Tue 8 Dec 2026, 14:00 Berlin to those who join from then on.",
        "Cleo or Dan can still change the time",
    ),
    (
        {"approval": APPROVED, "ready_at": TUESDAY},
        State.SCHEDULED,
        "Goes out on Tue 8 Dec 2026, 14:00 Berlin.",
        "Cleo or Dan can still change the time",
    ),
    (
        {"approval": APPROVED, "ready_at": None, "readers": 1},
        State.SCHEDULED,
        "Approved by Ben. It goes out as soon as it can to about 1 person.",
        "Cleo or Dan",
    ),
    (
        {
            "approval": APPROVED,
            "start_by": StartBy.SENDER,
            "start": Start(
                slug="hours", content_hash="d1", by=CLEO, at=NOW - timedelta(days=1), count=1
            ),
            "ready_at": NOW - timedelta(minutes=1),
        },
        State.SCHEDULED,
        "Its time has come: it is about to go out.",
        "Cleo or Dan",
    ),
    (
        {"approval": APPROVED, "ready_at": NOW + WINDOW},
        State.LEAVING,
        "Leaves at 14:05:00.",
        "Ben, Cleo or Dan can undo this",
    ),
    (
        {"approval": APPROVED, "ready_at": NOW + WINDOW, "readers": 9},
        State.LEAVING,
        "Leaves at 14:05:00 to about 9 people.",
        "Ben, Cleo or Dan can undo this",
    ),
    (
        {"approval": APPROVED, "ready_at": NOW},
        State.LEAVING,
        "Its time has come: it is about to go out.",
        "Ben, Cleo or Dan",
    ),
    (
        {"content_hash": "", "statement": statement(digest="weekly")},
        State.FAULTY,
        "It cannot be sent like this: its text has a fault.",
        "made again if a statement in it is corrected or taken off the web",
    ),
    ({"campaign": SENDING}, State.SENDING, "1,280 of 4,213 accepted.", "Cleo or Dan can pause"),
    (
        {"campaign": replace(SENDING, counts=Counts(pending=5, accepted=2, rejected=3, unknown=1))},
        State.SENDING,
        "2 of 11 accepted. The provider rejected 3.",
        "Cleo or Dan can pause",
    ),
    (
        {"campaign": WELCOME},
        State.IN_USE,
        "Each person who joins its lists gets it once. It went to 1,280 people.",
        "",
    ),
    (
        {"campaign": PAUSED},
        State.PAUSED,
        "Paused by Cleo. It went to 1 person.",
        "Cleo or Dan can res",
    ),
    (
        {"campaign": BREAKER},
        State.PAUSED,
        "9 of 4,100 reported spam. No one has it yet.",
        "Cleo or Dan can resume or cancel it",
    ),
    (
        {"approval": APPROVED, "campaign": campaign(CampaignState.PAUSED, begun=False)},
        State.PAUSED,
        "Stopped. No one has it yet.",
        "Cleo or Dan can resume or cancel it",
    ),
    (
        {"campaign": UNKNOWN},
        State.ATTENTION,
        "Sending is over. It went to 4,176 people. For 37 people it is unknown whether the provider"
        " took the email.",
        "Dan can decide",
    ),
    ({"campaign": SENT}, State.SENT, "The provider accepted 4,198 of 4,213 emails.", ""),
    (
        {"campaign": SENT, "corrected_by": BY},
        State.CORRECTED,
        "Corrected on Tue 1 Dec 2026 by “Library hours, corrected”.",
        "",
    ),
    (
        {"campaign": SENT, "corrected_by": Related(slug="x", title="X")},
        State.CORRECTED,
        "Corrected by “X”.",
        "",
    ),
    (
        {"campaign": STOPPED_IN_TIME},
        State.CANCELLED,
        "Canceled by Cleo, before anybody got it.",
        "Ben, Cleo or Dan can bring it back for approval",
    ),
    ({"campaign": STOPPED}, State.CANCELLED, "Canceled by Cleo. It went to 2 people.", ""),
    (
        {"campaign": STOPPED_IN_DOUBT},
        State.CANCELLED,
        "Canceled by Cleo. It went to 2 people. For 3 people it is unknown whether the provider"
        " took the email.",
        "Next: Dan can decide.",
    ),
    (
        {"campaign": STOPPED_IN_DOUBT, "corrected_by": BY},
        State.CORRECTED,
        "Corrected on Tue 1 Dec 2026 by “Library hours, corrected”. For 3 people it is unknown"
        " whether the provider took the email.",
        "Next: Dan can decide.",
    ),
    (
        {"campaign": replace(STOPPED_IN_TIME, ended_by="")},
        State.REVIEW,
        "Waiting for 1 approval, from someone other than Ana Ruiz.",
        "Ben, Cleo or Dan can approve it",
    ),
    ({"campaign": STOPPED_AT_ONE}, State.CANCELLED, "Undone by Cleo. It went to 1 person.", ""),
    ({"campaign": STOPPED_UNKNOWN}, State.CANCELLED, "Stopped. It went to 0 people.", ""),
    (
        {"statement": statement(translation_of="zeiten"), "shares_email": True},
        State.WITHIN,
        "It goes out in the email of its original, and is approved with it.",
        "",
    ),
    (
        {"content_hash": "", "fault": "line 14: no title"},
        State.FAULTY,
        "It cannot be sent like this: line 14: no title.",
        "Ana Ruiz can copy it to the desk",
    ),
    ({"content_hash": "", "draft": "k"}, State.FAULTY, FAULTY, "Ana Ruiz can correct it"),
    (
        {"content_hash": ""},
        State.FAULTY,
        "It cannot be sent like this: its text has a fault.",
        "Ana Ruiz can copy it to the desk",
    ),
    (
        {"present": False},
        State.MISSING,
        "Its file statements/hours.md is gone. What was read of it before stays here.",
        "Ana Ruiz can copy it to the desk",
    ),
    (
        {"present": False, "fault": "line 14: no title"},
        State.MISSING,
        "It cannot be read any more: line 14: no title. What was read of it before stays here.",
        "Ana Ruiz",
    ),
    (
        {"present": False, "statement": statement(feed="news", origin="https://forum.example/1")},
        State.MISSING,
        "https://forum.example/1 is gone. What was read of it before stays here.",
        "Ana Ruiz",
    ),
]


@rows(["fields", "state", "where", "following"], TABLE)
def test_each_row_of_the_table(
    fields: dict[str, Any], state: State, where: str, following: str
) -> None:
    found = at(**fields)
    assert (found.state, describe_state(found)) == (state, where)
    assert following in describe_next(found)
    assert bool(describe_next(found)) == bool(following)
    assert found.shelf is STATE_ROWS[state].shelf


def test_each_state_has_a_row() -> None:
    assert {row[1] for row in TABLE} == set(State)
    assert set(STATE_ROWS) == set(State)
    assert {row.shelf for row in STATE_ROWS.values()} == set(Shelf)


def test_whoever_reads_it_comes_first_and_is_you() -> None:
    assert describe_next(at(), CLEO) == "Next: you, Ben or Dan can approve it."
    assert describe_next(at(), ANA) == "Next: Ben, Cleo or Dan can approve it."
    assert describe_next(at(campaign=UNKNOWN), DAN) == "Next: you can decide."


def test_two_spellings_of_a_mailbox_are_one_person() -> None:
    spelt = statement(author="Ana@Forum.Example", writers=("ben+desk@forum.example",))
    assert describe_next(at(statement=spelt)) == "Next: Cleo or Dan can approve it."
    assert at(statement=spelt, draft="k", change_request=SENT_BACK).actors == (ANA, BEN)


def test_of_many_a_few_are_named() -> None:
    many = {f"a{number}@forum.example": Role.APPROVER for number in range(9)}
    assert describe_next(at(staff=many)) == "Next: A0, A1, A2 or 6 others can approve it."


@rows(
    ["fields", "said"],
    [
        ({}, "No member of staff can approve it. An admin can invite an approver."),
        ({"campaign": PAUSED}, "No member of staff can resume it. An admin can invite a sender."),
        ({"approval": APPROVED, "ready_at": TUESDAY}, ""),
    ],
)
def test_where_nobody_can_it_is_said_who_could_be_asked(fields: dict[str, Any], said: str) -> None:
    assert describe_next(at(staff={ANA: Role.WRITER}, **fields), ANA) == said


@rows(
    ["fields", "whom"],
    [
        ({}, [BEN, CLEO, DAN]),
        ({"approval": LAPSED}, [BEN, CLEO, DAN]),
        ({"statement": DRAFT}, []),
        ({"change_request": SENT_BACK}, [ANA]),
        ({"approval": APPROVED, "start_by": StartBy.SENDER}, [CLEO, DAN]),
        ({"campaign": PAUSED}, [CLEO, DAN]),
        ({"campaign": UNKNOWN}, [DAN]),
        ({"campaign": SENDING}, []),
        ({"campaign": SENT}, []),
    ],
)
def test_it_waits_for_those_without_whom_nothing_goes_on(
    fields: dict[str, Any], whom: list[str]
) -> None:
    fields = {"draft": "k", **fields}
    assert [one for one in STAFF if at(**fields).waits_for(one)] == whom


ACTS: list[tuple[dict[str, Any], str, list[Act]]] = [
    ({"statement": DRAFT, "draft": "k"}, ANA, [Act.EDIT, Act.SUBMIT]),
    ({"statement": DRAFT, "draft": "k"}, VERA, []),
    ({"statement": DRAFT}, ANA, [Act.COPY]),
    ({"draft": "k"}, ANA, [Act.EDIT, Act.TAKE_BACK]),
    ({"draft": "k"}, BEN, [Act.REVIEW, Act.EDIT, Act.TAKE_BACK]),
    ({}, BEN, [Act.REVIEW, Act.COPY]),
    ({}, ANA, [Act.COPY]),
    ({"statement": statement(digest="weekly")}, BEN, [Act.REVIEW]),
    ({"approval": LAPSED, "draft": "k"}, BEN, [Act.SEE_CHANGES, Act.EDIT, Act.TAKE_BACK]),
    (
        {"approval": APPROVED, "start_by": StartBy.SENDER, "draft": "k"},
        CLEO,
        [Act.START, Act.REVIEW, Act.EDIT, Act.TAKE_BACK],
    ),
    (
        {"approval": APPROVED, "ready_at": NOW + WINDOW, "draft": "k"},
        BEN,
        [Act.UNDO, Act.TAKE_BACK, Act.EDIT],
    ),
    (
        {"approval": APPROVED, "ready_at": NOW + WINDOW, "draft": "k"},
        ANA,
        [Act.TAKE_BACK, Act.EDIT],
    ),
    ({"approval": APPROVED, "ready_at": NOW + WINDOW}, ANA, [Act.COPY]),
    (
        {"approval": APPROVED, "ready_at": TUESDAY, "draft": "k"},
        CLEO,
        [Act.CHANGE_TIME, Act.UNDO, Act.EDIT, Act.TAKE_BACK],
    ),
    ({"approval": APPROVED, "ready_at": TUESDAY, "draft": "k"}, ANA, [Act.EDIT, Act.TAKE_BACK]),
    ({"approval": APPROVED, "refusal": "x", "draft": "k"}, ANA, [Act.EDIT, Act.TAKE_BACK]),
    ({"campaign": SENDING}, CLEO, [Act.PAUSE, Act.CANCEL, Act.REPORT]),
    ({"campaign": SENDING}, VERA, [Act.REPORT]),
    ({"campaign": UNKNOWN}, DAN, [Act.DECIDE, Act.REPORT, Act.CORRECT, Act.AMEND]),
    ({"campaign": SENT}, ANA, [Act.REPORT, Act.CORRECT]),
    ({"campaign": SENT}, VERA, [Act.REPORT]),
    ({"campaign": SENT, "statement": statement(digest="weekly")}, ANA, [Act.REPORT]),
    ({"campaign": SENT, "corrected_by": BY}, VERA, [Act.OPEN_CORRECTION, Act.REPORT]),
    ({"campaign": STOPPED}, ANA, [Act.REPORT]),
    ({"campaign": STOPPED_IN_DOUBT}, DAN, [Act.DECIDE, Act.REPORT, Act.AMEND]),
    (
        {"campaign": STOPPED_IN_DOUBT, "corrected_by": BY},
        DAN,
        [Act.DECIDE, Act.OPEN_CORRECTION, Act.REPORT, Act.AMEND],
    ),
    ({"campaign": STOPPED_IN_TIME, "draft": "k"}, ANA, [Act.SUBMIT, Act.REPORT]),
    ({"campaign": STOPPED_IN_TIME}, BEN, [Act.REVIEW, Act.REPORT, Act.COPY]),
    ({"present": False}, ANA, [Act.COPY]),
    ({"content_hash": "", "draft": "k"}, ANA, [Act.EDIT]),
    ({"statement": statement(translation_of="z"), "shares_email": True}, VERA, [Act.OPEN_ORIGINAL]),
]


@rows(["fields", "who", "offered"], ACTS)
def test_each_is_offered_what_their_role_may_the_first_thing_first(
    fields: dict[str, Any], who: str, offered: list[Act]
) -> None:
    assert list(at(**fields).acts_for(who)) == offered


WRITE, DECIDE, SEND = [ANA, BEN, CLEO, DAN], [BEN, CLEO, DAN], [CLEO, DAN]
FIRST: list[tuple[dict[str, Any], State, Act, list[str]]] = [
    ({"statement": DRAFT}, State.DRAFT, Act.EDIT, WRITE),
    ({}, State.REVIEW, Act.REVIEW, DECIDE),
    ({"change_request": SENT_BACK}, State.RETURNED, Act.EDIT, WRITE),
    ({"approval": LAPSED}, State.CHANGED, Act.SEE_CHANGES, DECIDE),
    ({"approval": APPROVED, "start_by": StartBy.SENDER}, State.APPROVED, Act.START, SEND),
    ({"approval": APPROVED, "refusal": "x"}, State.HELD_BACK, Act.REVIEW, DECIDE),
    ({"approval": APPROVED, "ready_at": TUESDAY}, State.SCHEDULED, Act.CHANGE_TIME, SEND),
    ({"approval": APPROVED, "ready_at": NOW + WINDOW}, State.LEAVING, Act.UNDO, DECIDE),
    ({"campaign": SENDING}, State.SENDING, Act.PAUSE, SEND),
    ({"campaign": WELCOME}, State.IN_USE, Act.REPORT, list(STAFF)),
    ({"campaign": PAUSED}, State.PAUSED, Act.RESUME, SEND),
    ({"campaign": UNKNOWN}, State.ATTENTION, Act.DECIDE, [DAN]),
    ({"campaign": SENT}, State.SENT, Act.REPORT, list(STAFF)),
    ({"campaign": SENT, "corrected_by": BY}, State.CORRECTED, Act.OPEN_CORRECTION, list(STAFF)),
    ({"campaign": STOPPED_IN_TIME}, State.CANCELLED, Act.SUBMIT, WRITE),
    (
        {"statement": statement(translation_of="z"), "shares_email": True},
        State.WITHIN,
        Act.OPEN_ORIGINAL,
        list(STAFF),
    ),
    ({"content_hash": ""}, State.FAULTY, Act.EDIT, WRITE),
    ({"present": False}, State.MISSING, Act.COPY, WRITE),
]
"""Of a text of the desk in each state: the first thing that can be done, and who may."""


@rows(["fields", "state", "act", "who"], FIRST)
def test_the_first_thing_in_each_state_is_for_these_of_five_roles(
    fields: dict[str, Any], state: State, act: Act, who: list[str]
) -> None:
    found = at(draft="k", **fields)
    assert (found.state, found.acts[0]) == (state, act)
    assert sorted(one for one in STAFF if act in found.acts_for(one)) == sorted(who)


def test_each_state_has_a_first_thing() -> None:
    assert {state for _, state, _, _ in FIRST} == set(State)


def test_who_is_not_among_the_staff_is_offered_nothing() -> None:
    assert at(campaign=SENT).acts_for("eve@elsewhere.example") == ()


@rows(
    ["fields", "note"],
    [
        (
            {"embargo_until": TUESDAY},
            "Embargoed: nothing is sent and no page is published before"
            " Tue 8 Dec 2026, 14:00 Berlin.",
        ),
        (
            {"first_and_last_at": (NOW, TUESDAY)},
            "Each reader gets it by their own clock: the first Tue 1 Dec 2026, 14:00 Berlin,"
            " the last Tue 8 Dec 2026, 14:00 Berlin.",
        ),
        (
            {"approval": HALF_OVERRIDDEN},
            "Dan replaces a missing approval. A second admin is needed.",
        ),
        (
            {"draft": "k", "has_newer_draft": True},
            "There is a newer text at the desk, which has not been submitted.",
        ),
        ({"part_count": 5}, "It gathers 5 statements, and its text cannot be edited."),
        ({"awaited": ("12 readers wait for es.",)}, "12 readers wait for es."),
    ],
)
def test_what_holds_beside_it_is_a_note(fields: dict[str, Any], note: str) -> None:
    assert describe_further(at(**fields)) == (note,)


def test_what_is_over_needs_no_note() -> None:
    assert describe_further(at(embargo_until=NOW)) == ()
    assert describe_further(at(campaign=SENT, first_and_last_at=(NOW, TUESDAY))) == ()
    start = Start(slug="hours", content_hash="d1", by=CLEO, at=NOW, count=8)
    assert describe_further(at(campaign=STOPPED_IN_TIME, lapsed_start=start)) == ()


def test_a_text_that_was_changed_after_it_went_out_is_sent_all_the_same() -> None:
    assert at(campaign=SENT, approval=LAPSED, present=False).state is State.SENT


def test_a_correction_that_ended_its_original_in_time_is_told_there() -> None:
    ended = campaign(CampaignState.CANCELLED, begun=False, corrected_by="hours-again")
    assert at(campaign=ended, corrected_by=BY).state is State.CORRECTED
