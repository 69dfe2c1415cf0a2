"""An approval or a start holds for what its page showed: how many get it, and when."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

import pytest

from newsletter.domain.campaigns.campaign import CampaignState, ShownTerms, Start, StartBy
from newsletter.domain.errors import Refused
from newsletter.domain.schedule import LocalTime
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.statement import Approval, Channel
from newsletter.pipeline.campaigns.control import StartRequest
from newsletter.pipeline.campaigns.headcount import CountChanged, CountNotTyped, SecondFactorNeeded
from newsletter.pipeline.statements.approve import ApprovalRequest, approve
from newsletter.pipeline.status import TimeChanged, load_status
from tests.fakes import NOON
from tests.rows import rows
from tests.unit.pipeline.campaigns.test_starter import starts
from tests.unit.pipeline.newsroom import Newsroom

ED, ADA, SAM = "ed@forum.example", "ada@forum.example", "sam@forum.example"
EVE = datetime(2026, 11, 24, 20)  # noqa: DTZ001 - a wall time in New York
EVENING = NOON + timedelta(hours=13)
"""The same, as an instant."""
WHOLE = ShownTerms(readers=12, time="none", typed_readers=12, has_fresh_factor=True)


@pytest.fixture
def room(room: Newsroom) -> Newsroom:
    """Twelve readers, which are many here, and a text that goes out as soon as it is approved."""
    room.rules = replace(room.rules, typed_count=12)
    room.subscribe(12)
    room.write_and_look()
    return room


def say_yes(room: Newsroom, shown: ShownTerms | None = None, by: str = ED, **fields: Any) -> None:
    """Approve on a page that shows what holds now, or something else."""
    asked = ApprovalRequest(
        slug="resignation", by=by, shown=shown or room.terms(), channel=Channel.DESK, **fields
    )
    start = room.starter().start_by_approval
    approve(
        asked,
        store=room.store,
        rules=room.review_rules,
        configuration=room.configuration,
        start=start,
    )


def starting(room: Newsroom, shown: ShownTerms | None = None, **asked: Any) -> Start:
    wanted = StartRequest(
        slug="resignation", by=SAM, seen=room.content_hash(), shown=shown or room.terms()
    )
    return room.starter().start(replace(wanted, **asked))


def approvals(room: Newsroom) -> list[Approval]:
    with room.store.read() as tx:
        return [one for one in tx.approvals.list_for("resignation") if one.revoked_at is None]


LEFT_OUT = [
    (ShownTerms(), TimeChanged),
    (replace(WHOLE, time=""), TimeChanged),
    (replace(WHOLE, time="None"), TimeChanged),
    (replace(WHOLE, time=EVENING.isoformat()), TimeChanged),
    (ShownTerms(time="none"), CountChanged),
    (replace(WHOLE, readers=None), CountChanged),
    (replace(WHOLE, readers=11, typed_readers=11), CountChanged),
    (ShownTerms(readers=12, time="none"), CountNotTyped),
    (replace(WHOLE, typed_readers=None), CountNotTyped),
    (replace(WHOLE, typed_readers=11), CountNotTyped),
    (replace(WHOLE, has_fresh_factor=False), SecondFactorNeeded),
]
"""Fields that a form leaves out or garbles, and their effect."""


@rows(["shown", "why"], LEFT_OUT)
def test_an_approval_that_starts_it_is_given_by_a_whole_form_alone(
    room: Newsroom, shown: ShownTerms, why: type[Refused]
) -> None:
    with pytest.raises(why):
        say_yes(room, shown)
    assert (approvals(room), starts(room)) == ([], [])


@rows(["shown", "why"], LEFT_OUT)
def test_so_is_the_word_of_the_second_admin_who_stands_in(
    room: Newsroom, shown: ShownTerms, why: type[Refused]
) -> None:
    room.demand(required=3)
    room.hire("eve@forum.example", Role.ADMIN)
    say_yes(room, WHOLE, ADA, override=True, despite="nobody else is there")
    assert starts(room) == []
    with pytest.raises(why):
        say_yes(room, shown, "eve@forum.example", override=True, despite="as Ada says")
    assert [one.channel for one in approvals(room)] == [Channel.OVERRIDE]
    assert starts(room) == []


@rows(["shown", "why"], LEFT_OUT)
def test_so_is_a_start(room: Newsroom, shown: ShownTerms, why: type[Refused]) -> None:
    room.rules = replace(room.rules, start=StartBy.SENDER)
    say_yes(room, WHOLE)
    assert starts(room) == []
    with pytest.raises(why):
        starting(room, shown)
    assert starts(room) == []


def test_a_whole_form_starts_it_through_each_door(room: Newsroom) -> None:
    say_yes(room, WHOLE)
    room.rules = replace(room.rules, start=StartBy.SENDER)
    room.clock.advance(minutes=1)
    room.write_and_look(title="Another text")
    say_yes(room, WHOLE)
    starting(room, WHOLE)
    assert [(one.by, one.count) for one in starts(room)] == [(ED, 12), (SAM, 12)]


def test_an_approval_that_starts_nothing_takes_the_number_and_no_factor(room: Newsroom) -> None:
    room.demand(required=2)
    with pytest.raises(CountChanged):
        say_yes(room, ShownTerms(time="none"))
    say_yes(room, ShownTerms(readers=12, time="none"))
    assert [one.channel for one in approvals(room)] == [Channel.DESK]


def test_below_the_limit_of_the_servers_own_count_nothing_is_typed(room: Newsroom) -> None:
    room.rules = replace(room.rules, typed_count=13)
    say_yes(room, ShownTerms(readers=12, time="none"))
    assert starts(room)[0].count == 12


def approved_unseen(room: Newsroom) -> None:
    """Planning refuses it, so that no page can say how many get it."""
    room.write_and_look(corrects="nothing")
    say_yes(room, ShownTerms(time="none"))
    room.write_and_approve("nothing")
    room.look()


def approved_for_a_sender(room: Newsroom) -> None:
    """A configuration with another way to start follows."""
    rules, room.rules = room.rules, replace(room.rules, start=StartBy.SENDER)
    say_yes(room)
    room.rules = rules
    room.forget_looks()


def approved_by_one_of_two(room: Newsroom) -> None:
    room.demand(required=2)
    say_yes(room)
    room.demand(required=1)


def paused_and_changed_back(room: Newsroom) -> None:
    say_yes(room)
    room.look()
    room.hand().pause("resignation")
    room.write_and_look(title="Another title")
    room.write()


@pytest.mark.parametrize(
    "before",
    [approved_unseen, approved_for_a_sender, approved_by_one_of_two, paused_and_changed_back],
)
def test_what_nobody_started_for_its_number_waits_for_a_sender(
    room: Newsroom, before: Callable[[Newsroom], object]
) -> None:
    before(room)
    room.look(days=1)
    room.start_due()
    [approval] = approvals(room)
    assert approval.by == ED
    with room.store.read() as tx:
        campaign = tx.campaigns.find_latest("resignation")
    assert campaign is None or campaign.state is CampaignState.CANCELLED
    starting(room)
    room.look()
    assert room.campaign().state is CampaignState.SCHEDULED


def by_command(room: Newsroom) -> None:
    room.write_and_approve()


def by_file(room: Newsroom) -> None:
    room.demand(trust_front_matter=True)
    room.bring_along(ED)
    room.look()


@pytest.mark.parametrize("door", [say_yes, by_command, by_file])
def test_through_each_door_an_approval_starts_it_for_a_number(
    room: Newsroom, door: Callable[[Newsroom], object]
) -> None:
    door(room)
    assert [one.count for one in starts(room)] == [12]
    room.look()
    room.subscribe(300)
    assert room.start_due(minutes=5) == ()
    assert room.campaign().reason.startswith("300 people would get it now, and ed@forum.example")


@pytest.fixture
def evening(room: Newsroom) -> Newsroom:
    """A sender starts a text that was approved for the evening."""
    room.rules = replace(room.rules, start=StartBy.SENDER)
    room.write_and_look(send_at=EVE)
    say_yes(room)
    return room


def test_who_approves_is_held_to_the_time_that_they_were_told(evening: Newsroom) -> None:
    assert [one.not_before for one in approvals(evening)] == [EVENING]
    for asked in ({"at_once": True}, {"at": NOON + timedelta(hours=1)}):
        with pytest.raises(Refused, match=r"ed@forum\.example approved resignation for no earlier"):
            starting(evening, **asked)
    assert starts(evening) == []
    starting(evening)
    evening.plan()
    assert evening.campaign().release_at == EVENING


def test_a_later_time_is_within_what_they_were_told(evening: Newsroom) -> None:
    starting(evening, at=EVENING + timedelta(days=1))
    evening.plan()
    assert evening.campaign().release_at == EVENING + timedelta(days=1)


def test_an_earlier_time_waits_for_a_new_approval(evening: Newsroom) -> None:
    soon = NOON + timedelta(hours=1)
    starting(evening)
    evening.plan()
    with pytest.raises(Refused, match="for no earlier than Tue 24 Nov 2026, 20:00"):
        evening.schedule("resignation", soon)
    evening.schedule("resignation", soon, renews_approvals=True)
    assert approvals(evening) == []
    [withdrawn] = evening.plan().withdrawn
    assert withdrawn.reason == (
        "it has 0 of 1 approvals; ed@forum.example approved it for a later time than is set now;"
        " sam@forum.example had started it, and that has lapsed"
    )
    evening.clock.advance(minutes=1)
    say_yes(evening)
    assert [one.not_before for one in approvals(evening)] == [soon]
    starting(evening)
    evening.plan()
    assert evening.campaign().release_at == soon


def test_once_that_time_has_come_any_time_will_do(evening: Newsroom) -> None:
    evening.clock.advance(hours=14)
    begun = starting(evening, at_once=True)
    evening.plan()
    assert evening.campaign().release_at == begun.at + timedelta(minutes=5)


def test_the_latest_time_that_one_of_them_was_told_holds(evening: Newsroom) -> None:
    evening.demand(required=2)
    evening.schedule("resignation", EVENING + timedelta(days=1))
    say_yes(evening, by="flo@forum.example")
    # ed saw an earlier one, so his approval stays
    evening.schedule("resignation", EVENING, renews_approvals=True)
    assert [one.by for one in approvals(evening)] == [ED]


def test_nothing_leaves_earlier_whatever_the_database_says(evening: Newsroom) -> None:
    starting(evening)
    with evening.store.begin() as tx:
        tx.schedules.put("resignation", NOON + timedelta(minutes=1))
    evening.plan()
    assert evening.campaign().release_at == EVENING


def test_taking_back_a_later_time_leads_no_earlier_than_they_were_told(room: Newsroom) -> None:
    room.schedule("resignation", EVENING)
    say_yes(room)
    with pytest.raises(Refused):
        room.schedule("resignation", None)
    room.schedule("resignation", None, renews_approvals=True)
    assert approvals(room) == []


def test_an_embargo_is_told_and_no_time_before_it_is_confirmed(room: Newsroom) -> None:
    room.rules = replace(room.rules, start=StartBy.SENDER)
    room.write_and_look(embargo_until=EVE)
    say_yes(room)
    assert [one.not_before for one in approvals(room)] == [EVENING]
    for asked in ({"at_once": True}, {"at": NOON + timedelta(hours=1)}):
        with pytest.raises(Refused, match=r"is embargoed until Tue 24 Nov 2026, 20:00 New York"):
            starting(room, **asked)
    with pytest.raises(Refused, match="choose that time or a later one"):
        room.schedule("resignation", NOON + timedelta(hours=1), renews_approvals=True)
    starting(room, at=EVENING)
    room.plan()
    assert room.campaign().release_at == EVENING


def test_the_hour_of_each_reader_begins_with_the_first_clocks_in_the_world(room: Newsroom) -> None:
    room.rules = replace(room.rules, start=StartBy.SENDER)
    room.write_and_look(local_time=LocalTime(at=time(9), day=EVE.date() + timedelta(days=1)))
    say_yes(room)
    # nine o'clock of the 25th on the islands of the Line, UTC+14
    [given] = approvals(room)
    assert given.not_before is not None
    assert given.not_before.isoformat() == "2026-11-24T19:00:00+00:00"
    with pytest.raises(Refused):
        starting(room, at_once=True)
    starting(room)
    room.plan()
    assert room.campaign().state is CampaignState.SCHEDULED


def test_a_time_that_the_zone_does_not_have_is_kept_back_by_planning(room: Newsroom) -> None:
    gap = datetime(2027, 3, 14, 2, 30)  # noqa: DTZ001 - a wall time that New York skips
    room.write_and_look(send_at=gap)
    say_yes(room)
    assert [one.not_before for one in approvals(room)] == [None]
    assert "does not exist" in room.plan().held[0].reason


LATE, SOON = NOON + timedelta(hours=3), NOON + timedelta(hours=1)
OTHERWISE = [(LATE, SOON), (SOON, LATE), (LATE, None), (None, LATE)]
"""The time that a page showed, and the one that a sender sets while it is open."""


@pytest.mark.parametrize(("before", "after"), OTHERWISE)
def test_nobody_approves_for_another_time_than_their_page_showed(
    room: Newsroom, before: datetime | None, after: datetime | None
) -> None:
    room.schedule("resignation", before)
    shown = room.terms()
    room.schedule("resignation", after, renews_approvals=True)
    for how in ({}, {"by": ADA, "override": True, "despite": "nobody else is there"}):
        with pytest.raises(TimeChanged, match=r"would leave .* now, and you were not shown that"):
            say_yes(room, shown, **how)
    assert approvals(room) == []
    say_yes(room)
    assert [one.not_before for one in approvals(room)] == [after]


@pytest.mark.parametrize(("before", "after"), OTHERWISE)
def test_nobody_starts_for_the_time_that_is_set_if_it_is_another_one(
    room: Newsroom, before: datetime | None, after: datetime | None
) -> None:
    room.rules = replace(room.rules, start=StartBy.SENDER)
    room.schedule("resignation", before)
    shown = room.terms()
    room.schedule("resignation", after, renews_approvals=True)
    say_yes(room)
    with pytest.raises(TimeChanged):
        starting(room, shown)
    assert starts(room) == []
    starting(room, shown, at=LATE + timedelta(hours=1))  # who names a time needs none to be shown
    assert len(starts(room)) == 1


def test_a_shown_time_that_has_passed_is_still_the_one_that_is_set(room: Newsroom) -> None:
    room.schedule("resignation", SOON)
    shown = room.terms()
    room.clock.advance(hours=2)
    say_yes(room, shown)
    assert [one.not_before for one in approvals(room)] == [None]


def test_the_end_of_an_embargo_is_such_a_time(room: Newsroom) -> None:
    """A translation is held to the embargo of its original, which its own text does not name."""
    room.write(embargo_until=EVE)
    room.write_and_look("dimision", translation_of="resignation", language="es")
    shown = room.terms("dimision", 12)
    room.write_and_look(embargo_until=EVE - timedelta(hours=1))
    with pytest.raises(TimeChanged):
        approve(
            ApprovalRequest(slug="dimision", by=ED, shown=shown),
            store=room.store,
            rules=room.review_rules,
            configuration=room.configuration,
            start=room.starter().start_by_approval,
        )


def test_a_time_by_the_clocks_of_readers_moves_on_under_an_open_page(room: Newsroom) -> None:
    room.write_and_look(local_time=LocalTime(at=time(9)))
    shown = room.terms()
    room.clock.advance(hours=5)
    say_yes(room, shown)
    assert len(approvals(room)) == 1


@pytest.mark.parametrize("override", [False, True])
def test_who_approves_again_for_a_later_time_is_held_to_it(room: Newsroom, override: bool) -> None:
    room.demand(required=3)
    room.rules = replace(room.rules, start=StartBy.SENDER)
    for at in (None, LATE, LATE):
        room.clock.advance(minutes=1)
        room.schedule("resignation", at)
        say_yes(room, by=ADA, override=override, despite="nobody else is there")
    assert [one.not_before for one in approvals(room)] == [None, LATE]
    with room.store.read() as tx:
        stored = tx.statements.get("resignation")
        assert stored is not None
        standing = load_status(tx, stored, room.rules).approval
    assert [(one.at, one.not_before) for one in standing.valid] == [
        (NOON + timedelta(minutes=1), LATE)
    ]
