"""approval → start → campaign: nothing is sent without a start, nor after its undo."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from newsletter.domain.campaigns.campaign import CampaignState, Counts, ShownTerms, Start, StartBy
from newsletter.domain.campaigns.state import Shelf, State
from newsletter.domain.errors import NotFound, Outdated, Refused
from newsletter.domain.staff.audit import OPERATOR_NAME
from newsletter.domain.staff.role import Role
from newsletter.domain.subscribers.audience import Entry
from newsletter.pipeline.campaigns.control import (
    AlreadyStarted,
    CountUnconfirmed,
    StartRequest,
    UndoTooLate,
)
from newsletter.pipeline.campaigns.headcount import (
    CountChanged,
    CountNotTyped,
    SecondFactorNeeded,
    count_heads,
)
from newsletter.pipeline.ledger import ContentChanged
from newsletter.pipeline.statements.approve import revoke
from newsletter.pipeline.status import find_status, load_status
from tests.fakes import NOON
from tests.unit.pipeline.newsroom import Meanwhile, Newsroom

SAM, ED, ADA = "sam@forum.example", "ed@forum.example", "ada@forum.example"
TOMORROW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)


@pytest.fixture
def room(room: Newsroom) -> Newsroom:
    """Twelve readers, and an approved statement that a sender has to start."""
    room.rules = replace(room.rules, start=StartBy.SENDER)
    room.subscribe(12)
    room.write_and_approve()
    room.plan()
    return room


def start(room: Newsroom, *, by: str = SAM, shown: int | None = 12, **asked: object) -> Start:
    wanted = StartRequest(
        slug="resignation", by=by, seen=room.content_hash(), shown=room.terms(readers=shown)
    )
    return room.starter().start(replace(wanted, **asked))  # type: ignore[arg-type]


def test_a_text_that_nobody_would_get_is_not_started(room: Newsroom) -> None:
    """Neither by a form that the page does not offer, nor by a command."""
    for number in range(1, 13):
        room.suppress(f"reader{number}@example.org")
    with pytest.raises(Refused, match="no one would get resignation now"):
        start(room, shown=0)
    assert starts(room) == []


def start_and_look(room: Newsroom, **asked: Any) -> Start:
    begun = start(room, **asked)
    room.look()
    return begun


def starts(room: Newsroom) -> list[Start]:
    with room.store.read() as tx:
        return tx.starts.list_for("resignation")


def run(room: Newsroom, minutes: float = 6) -> list[str]:
    """Run the scheduler, some time later; return the addresses that the provider has by then."""
    room.look()
    room.look(minutes=minutes)
    room.start_due()
    room.drain()
    return room.provider.accepted


def test_a_start_counts_after_an_approval_of_a_clock_that_ran_ahead(room: Newsroom) -> None:
    room.clock.advance(seconds=-30)
    start_and_look(room)
    assert room.campaign().release_at == NOON + room.rules.undo_window
    assert len(run(room, minutes=6)) == 12


def test_an_approval_given_again_takes_a_new_start_whatever_the_clock_says(room: Newsroom) -> None:
    start_and_look(room)
    room.clock.advance(seconds=-30)
    revoke("resignation", by=ED, store=room.store, rules=room.rules)
    room.approve()
    assert run(room) == []
    start_and_look(room)
    assert len(run(room)) == 12


def test_what_is_approved_and_not_started_never_leaves(room: Newsroom) -> None:
    run(room, minutes=60 * 24)
    assert room.campaigns() == []
    assert room.provider.accepted == []
    assert room.watch.held == {}


def test_what_was_started_leaves_once_the_time_to_undo_is_over(room: Newsroom) -> None:
    room.clock.advance(hours=3)
    begun = start(room)
    assert (begun.by, begun.count, begun.at) == (SAM, 12, room.clock.now())
    room.look()
    assert room.campaign().release_at == begun.at + timedelta(minutes=5)
    assert len(set(run(room))) == 12
    assert room.campaign().state is CampaignState.SENT
    assert room.deeds().count((SAM, "start")) == 1


def test_a_time_that_the_sender_chose_is_when_it_leaves(room: Newsroom) -> None:
    start_and_look(room, at=TOMORROW)
    assert room.campaign().release_at == TOMORROW


@pytest.mark.parametrize("unscheduled", [False, True])
def test_a_scheduled_statement_that_is_to_leave_now_can_still_be_undone(
    room: Newsroom, unscheduled: bool
) -> None:
    start_and_look(room, at=TOMORROW)
    room.clock.advance(hours=1)
    now = room.clock.now()
    room.starter().schedule("resignation", None if unscheduled else now, by=ADA)
    assert room.campaign().release_at == now + timedelta(minutes=5)  # before the next tick
    with room.store.read() as tx:
        assert find_status(tx, "resignation", room.rules).state is State.LEAVING
    room.look()
    assert room.start_due() == ()
    assert room.starter().undo("resignation", by=SAM)
    assert run(room) == []


def test_at_once_is_before_the_time_that_staff_set_after_the_approval(room: Newsroom) -> None:
    room.schedule("resignation", TOMORROW)
    begun = start(room, at_once=True)
    room.look()
    assert room.campaign().release_at == begun.at + timedelta(minutes=5)


def test_without_a_word_it_leaves_when_its_file_says(room: Newsroom) -> None:
    room.write_and_approve(send_at=TOMORROW)
    start_and_look(room)
    assert room.campaign().release_at == TOMORROW


def test_a_time_that_has_passed_is_refused(room: Newsroom) -> None:
    with pytest.raises(Refused, match="has passed"):
        start(room, at=NOON)
    assert starts(room) == []


def test_pressing_twice_starts_it_once(room: Newsroom) -> None:
    first = start(room)
    with pytest.raises(AlreadyStarted) as again:
        start(room, by=ADA)
    assert again.value.start == first
    assert starts(room) == [first]
    assert [deed for _, deed in room.deeds()].count("start") == 1


def test_pressing_again_once_it_is_sending_is_refused(room: Newsroom) -> None:
    start(room)
    run(room)
    with pytest.raises(Refused, match="has already gone out"):
        start(room)


def test_another_text_than_was_seen_is_not_started(room: Newsroom) -> None:
    seen = room.content_hash()
    room.write_and_approve(body="Another text.")
    with pytest.raises(ContentChanged) as refused:
        start(room, seen=seen)
    assert (refused.value.seen, refused.value.now) == (seen, room.content_hash())
    assert starts(room) == []


def test_a_text_that_nobody_approved_is_not_started(room: Newsroom) -> None:
    room.write_and_look(body="Another text.")
    with pytest.raises(Refused, match=r"its text changed after ed@forum\.example approved it"):
        start(room)


def test_the_start_of_a_text_is_none_of_the_next_one(room: Newsroom) -> None:
    start_and_look(room)
    room.write_and_look(body="Another text.")
    assert room.campaign().state is CampaignState.CANCELLED
    room.approve()
    assert run(room) == []


def test_an_approval_that_was_taken_back_and_given_anew_has_to_be_started_anew(
    room: Newsroom,
) -> None:
    start_and_look(room)
    room.clock.advance(minutes=1)
    revoke("resignation", by=ED, store=room.store, rules=room.rules)
    room.look()
    assert room.campaign().state is CampaignState.CANCELLED
    room.approve()
    assert run(room) == []
    start(room)
    assert len(run(room)) == 12


def test_a_file_that_is_gone_for_a_moment_costs_no_start(room: Newsroom) -> None:
    start_and_look(room, at=TOMORROW)
    room.remove()
    room.look()
    assert room.campaign().state is CampaignState.CANCELLED
    room.write_and_look()
    assert room.campaign().state is CampaignState.SCHEDULED
    assert room.campaign().release_at == TOMORROW


def test_a_lapsed_start_that_counts_again_is_not_taken_off_as_a_lapsed_one(room: Newsroom) -> None:
    """Its campaign would end, and the page would say that a lapsed start was removed."""
    start_and_look(room, at=TOMORROW)
    room.write_and_look(body="Something else.")
    room.write_and_look()
    with pytest.raises(Outdated, match="counts again"):
        room.starter().undo("resignation", by=SAM, only_lapsed=True)
    assert room.campaign().state is CampaignState.SCHEDULED
    room.write_and_look(body="Something else.")
    assert not room.starter().undo("resignation", by=SAM, only_lapsed=True)
    assert [one.revoked_at is None for one in starts(room)] == [False]


def test_a_role_that_was_lost_in_mid_form_starts_nothing(room: Newsroom) -> None:
    def demote() -> None:
        room.hire(SAM, Role.WRITER)

    wanted = StartRequest(
        slug="resignation", by=SAM, seen=room.content_hash(), shown=room.terms(readers=12)
    )
    with pytest.raises(Refused, match=r"sam@forum\.example has the role writer"):
        room.starter(Meanwhile(room.store, demote)).start(wanted)
    assert starts(room) == []


@pytest.mark.parametrize(("left", "approves"), [(Role.APPROVER, 0), (Role.APPROVER, 1), (None, 0)])
def test_a_start_lapses_with_the_role_of_who_gave_it(
    room: Newsroom, left: Role | None, approves: bool
) -> None:
    """So does that of one who approved it too, and may still approve."""
    if approves:
        room.approve(SAM)
    start_and_look(room, at=TOMORROW)
    assert room.campaign().state is CampaignState.SCHEDULED
    with room.store.begin() as tx:
        if left is None:
            tx.staff.remove(SAM)
        else:
            tx.staff.put(SAM, left, room.clock.now())
    [withdrawn] = room.look().withdrawn
    assert withdrawn.reason.startswith("no sender has started it")
    with room.store.read() as tx:  # where senders find what waits for them
        assert tx.board.list_slugs(room.rules, Shelf.APPROVED, limit=9) == ["resignation"]
    assert run(room, minutes=60 * 24) == []
    room.hire(ADA, Role.ADMIN)
    start(room, by=ADA)  # another sender starts it
    assert len(run(room)) == 12


def test_a_campaign_names_those_whose_approvals_count_when_it_starts(room: Newsroom) -> None:
    """Not one who took theirs back in time, but one who approved it meanwhile."""
    flo = "flo@forum.example"
    room.approve(flo)
    start_and_look(room)
    assert room.campaign().approved_by == (ED, flo)
    revoke("resignation", by=ED, store=room.store, rules=room.rules)
    room.approve(ADA)
    run(room)
    assert room.campaign().approved_by == (flo, ADA)
    assert len(room.provider.accepted) == 12


def test_the_operator_may_start_whatever_is_approved(room: Newsroom) -> None:
    assert start(room, by=OPERATOR_NAME, shown=None).count == 12
    assert len(run(room)) == 12


def test_where_approvals_start_it_nobody_has_to(room: Newsroom) -> None:
    room.rules = replace(room.rules, start=StartBy.APPROVAL)
    room.write_and_approve(title="Another text")
    with pytest.raises(AlreadyStarted, match=r"was already started, by ed@forum\.example"):
        start(room)


def test_an_audience_a_fifth_off_at_the_start_is_paused_instead(room: Newsroom) -> None:
    start_and_look(room, at=TOMORROW)
    room.subscribe(30)
    run(room, minutes=60 * 24)
    paused = room.campaign()
    assert paused.state is CampaignState.PAUSED
    assert paused.started_at is None
    assert paused.counts == Counts()
    assert paused.reason.startswith(
        "30 people would get it now, and sam@forum.example started it for 12; find out why"
    )
    assert [start.count_at_stop for start in starts(room)] == [30]
    assert run(room, minutes=60 * 24) == []


@pytest.mark.parametrize("by", StartBy)
def test_a_number_that_changed_is_confirmed_by_a_start_and_not_by_a_resume(
    room: Newsroom, by: StartBy
) -> None:
    start_and_look(room, at=TOMORROW)
    room.subscribe(30)
    run(room, minutes=60 * 24)
    room.rules = replace(room.rules, start=by, typed_count=20)
    with pytest.raises(CountUnconfirmed):
        room.hand(SAM).resume("resignation")
    again = StartRequest(slug="resignation", by=SAM, seen=room.content_hash(), at_once=True)
    for shown, refusal in [
        (ShownTerms(readers=12, typed_readers=12, has_fresh_factor=True), CountChanged),
        (ShownTerms(readers=30, has_fresh_factor=True), CountNotTyped),
        (ShownTerms(readers=30, typed_readers=30), SecondFactorNeeded),
    ]:
        with pytest.raises(refusal):
            room.starter().start(replace(again, shown=shown))
    assert run(room) == []
    room.starter().start(
        replace(again, shown=ShownTerms(readers=30, typed_readers=30, has_fresh_factor=True))
    )
    assert len(set(run(room))) == 30


def test_a_pause_of_another_kind_leaves_the_number_as_it_was(room: Newsroom) -> None:
    start_and_look(room, at=TOMORROW)
    room.hand(SAM).pause("resignation")
    room.subscribe(30)
    room.hand(SAM).resume("resignation")
    run(room, minutes=60 * 24)
    assert room.campaign().state is CampaignState.PAUSED


def test_an_audience_that_is_nobody_is_told_in_its_own_words(room: Newsroom) -> None:
    start_and_look(room, at=TOMORROW)
    for number in range(1, 13):
        room.suppress(f"reader{number}@example.org")
    run(room, minutes=60 * 24)
    assert room.campaign().reason.startswith("no one is subscribed to press")


def test_a_few_more_readers_by_the_start_get_it_too(room: Newsroom) -> None:
    start_and_look(room, at=TOMORROW)
    room.subscribe(14)
    assert len(set(run(room, minutes=60 * 24))) == 14


def test_a_translation_that_nobody_started_leaves_its_readers_to_the_original(
    room: Newsroom,
) -> None:
    with room.store.begin() as tx:
        entry = Entry(address="ana@example.org", lists=("press",), language="es")
        tx.readers.upsert([entry], room.clock.now())
    room.write_and_approve("dimision", translation_of="resignation", language="es")
    assert readers(room) == (13, ())
    spanish = StartRequest(
        slug="dimision", by=SAM, seen=room.content_hash("dimision"), shown=room.terms("dimision", 1)
    )
    room.starter().start(spanish)
    assert readers(room) == (12, (("es", 1),))
    start(room)
    run(room)
    assert sorted(one.campaign for one in room.provider.batches) == [
        *("dimision", "resignation", "resignation")
    ]
    assert len(set(room.provider.accepted)) == len(room.provider.accepted) == 13


def test_a_correction_is_started_for_those_who_may_have_the_original(room: Newsroom) -> None:
    start(room)
    run(room)
    room.write_and_approve("right", corrects="resignation", body="This is right.")
    content_hash = room.content_hash("right")
    for_twelve = StartRequest(
        slug="right", by=SAM, seen=content_hash, shown=room.terms("right", 12)
    )
    room.starter().start(for_twelve)
    for number in range(1, 12):
        room.suppress(f"reader{number}@example.org")
    run(room)
    assert room.campaign("right").state is CampaignState.PAUSED
    assert room.campaign("right").reason.startswith("1 person would get it now")
    room.starter().start(replace(for_twelve, shown=room.terms("right", 1)))
    run(room)
    assert room.campaign("right").counts == Counts(accepted=1)


def readers(room: Newsroom) -> tuple[int, tuple[tuple[str, int], ...]]:
    with room.store.read() as tx:
        stored = tx.statements.get("resignation")
        assert stored is not None
        found = count_heads(tx, load_status(tx, stored, room.rules))
    return found.readers, found.elsewhere


def test_undone_in_time_nobody_gets_it_and_it_stays_approved(room: Newsroom) -> None:
    start_and_look(room)
    assert room.starter().undo("resignation", by=SAM) is True
    assert room.campaign().state is CampaignState.CANCELLED
    assert (room.campaign().reason, room.campaign().ended_by) == (f"undone by {SAM}", SAM)
    assert room.deeds()[-1] == (SAM, "undo")
    assert run(room) == []
    start(room)
    assert len(set(run(room))) == 12


def test_an_undone_start_at_once_leaves_no_time_behind(room: Newsroom) -> None:
    """The minute of the start would be a time that the statement had missed."""
    start(room, at_once=True)
    room.clock.advance(minutes=1)
    room.starter().undo("resignation", by=SAM)
    with room.store.read() as tx:
        assert find_status(tx, "resignation", room.rules).set_for is None


def test_undone_before_the_next_look_there_never_was_a_campaign(room: Newsroom) -> None:
    start(room)
    room.starter().undo("resignation", by=SAM)
    run(room)
    assert room.campaigns() == []


def test_an_undo_that_comes_too_late_says_so_and_undoes_nothing(room: Newsroom) -> None:
    start_and_look(room)
    room.look(minutes=6)
    room.start_due()
    room.dispatch()
    with pytest.raises(UndoTooLate) as late:
        room.starter().undo("resignation", by=SAM)
    assert late.value.campaign.counts == Counts(accepted=10, pending=2)
    assert "sending has begun, and it went to 10 people; 'newsletter pause" in str(late.value)
    assert starts(room)[0].revoked_at is None
    room.drain()
    assert len(set(room.provider.accepted)) == 12


@pytest.mark.parametrize("start_by", list(StartBy))
def test_of_an_undo_and_the_start_at_one_moment_one_wins(room: Newsroom, start_by: StartBy) -> None:
    """The undo is committed after the start looked which campaigns are due, and before it acts."""
    room.rules = replace(room.rules, start=start_by)
    room.forget_looks()
    start_and_look(room)
    room.clock.advance(minutes=6)
    real = room.store

    def undo() -> None:
        room.starter(real).undo("resignation", by=SAM)

    room.store = Meanwhile(real, undo)  # type: ignore[assignment,arg-type]
    assert room.start_due() == ()
    room.store = real
    assert room.campaign().state is CampaignState.CANCELLED
    assert run(room) == []


def test_the_start_that_comes_first_makes_the_undo_too_late(room: Newsroom) -> None:
    start_and_look(room)
    room.clock.advance(minutes=6)
    with pytest.raises(UndoTooLate):
        room.starter(Meanwhile(room.store, room.start_due)).undo("resignation", by=SAM)
    assert room.drain() == 2
    assert len(set(room.provider.accepted)) == 12


def test_nothing_that_was_started_is_nothing_to_undo(room: Newsroom) -> None:
    with pytest.raises(Refused, match=r"sam@forum\.example has nothing left to undo"):
        room.starter().undo("resignation", by=SAM)
    with pytest.raises(NotFound):
        room.starter().undo("nowhere", by=SAM)


def test_what_was_cancelled_half_way_cannot_be_undone(room: Newsroom) -> None:
    start_and_look(room)
    room.start_due(minutes=6)
    room.dispatch()
    room.hand(SAM).cancel("resignation")
    with pytest.raises(UndoTooLate):
        room.starter().undo("resignation", by=SAM)


def test_what_was_cancelled_before_anybody_had_it_can_be_started_and_undone(room: Newsroom) -> None:
    start_and_look(room)
    room.start_due(minutes=6)
    room.hand(SAM).cancel("resignation")
    room.approve()
    start(room)
    assert room.starter().undo("resignation", by=SAM) is True
    assert run(room) == []


def test_an_approver_undoes_their_own_approval(room: Newsroom) -> None:
    start_and_look(room)
    assert room.starter().undo("resignation", by=ED) is False
    assert room.campaign().state is CampaignState.CANCELLED
    assert run(room) == []


def test_an_approver_undoes_nothing_while_others_approve_it_too(room: Newsroom) -> None:
    room.approve("flo@forum.example")
    start(room)
    with pytest.raises(Refused, match=r"is approved by flo@forum\.example too; ask a sender"):
        room.starter().undo("resignation", by=ED)
    assert len(run(room)) == 12


def test_a_writer_undoes_nothing(room: Newsroom) -> None:
    start(room)
    with pytest.raises(Refused, match="takes the role approver"):
        room.starter().undo("resignation", by="vic@forum.example")


def test_where_approvals_start_it_an_undo_takes_them_all_back(room: Newsroom) -> None:
    room.rules = replace(room.rules, start=StartBy.APPROVAL)
    room.approve("flo@forum.example")
    room.look()
    assert room.starter().undo("resignation", by=SAM) is False
    assert room.campaign().state is CampaignState.CANCELLED
    assert run(room) == []
    room.approve()
    assert len(set(run(room))) == 12


def test_an_approval_lapses_with_the_role_of_who_gave_it(room: Newsroom) -> None:
    room.rules = replace(room.rules, start=StartBy.APPROVAL)
    room.write_and_look("second")
    room.approve(slug="second", shown=12)
    room.look()
    assert room.campaign("second").state is CampaignState.SCHEDULED
    room.hire(ED, Role.WRITER)
    withdrawn = [held for held in room.look().withdrawn if held.slug == "second"]
    assert "ed@forum.example is a writer" in withdrawn[0].reason
    assert run(room) == []


def test_an_approval_that_starts_it_is_bound_to_the_number_that_was_shown(room: Newsroom) -> None:
    room.rules = replace(room.rules, start=StartBy.APPROVAL)
    room.write_and_look("second")
    with pytest.raises(CountChanged):
        room.approve(slug="second", shown=11)
    with room.store.read() as tx:
        assert tx.approvals.list_for("second") == []
    assert room.approve(slug="second", shown=12).approval.approved
    room.look()
    room.subscribe(40)
    run(room)
    assert room.campaign("second").state is CampaignState.PAUSED
    assert "started it for 12" in room.campaign("second").reason


def test_the_first_number_stays_where_another_approval_comes_later(room: Newsroom) -> None:
    room.rules = replace(room.rules, start=StartBy.APPROVAL)
    room.write_and_look("second")
    room.approve(slug="second", shown=12)
    room.approve("flo@forum.example", slug="second", shown=12)
    with room.store.read() as tx:
        assert [start.by for start in tx.starts.list_for("second")] == [ED]


@pytest.mark.parametrize(("by", "required"), [(StartBy.APPROVAL, 2), (StartBy.SENDER, 1)])
def test_an_approval_that_starts_nothing_binds_nothing(
    room: Newsroom, by: StartBy, required: int
) -> None:
    """It is not enough, or a sender starts the text."""
    room.rules = replace(room.rules, start=by)
    room.demand(required=required)
    room.write_and_look("second")
    with pytest.raises(CountChanged):
        room.approve(slug="second", shown=99)
    room.approve(slug="second", shown=12)
    with room.store.read() as tx:
        assert tx.starts.list_for("second") == []


def test_of_two_approvals_the_last_alone_is_bound_to_a_number(room: Newsroom) -> None:
    room.rules = replace(room.rules, start=StartBy.APPROVAL)
    room.demand(required=2)
    room.write_and_look("second")
    assert not room.approve(slug="second", shown=12).approval.approved
    room.subscribe(13)
    assert room.approve("flo@forum.example", "second", shown=13).approval.approved
    with room.store.read() as tx:
        assert [(start.by, start.count) for start in tx.starts.list_for("second")] == [
            ("flo@forum.example", 13)
        ]
