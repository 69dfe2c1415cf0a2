"""A person's hand on a campaign."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from newsletter.domain.archive import NoteKind
from newsletter.domain.campaigns.campaign import CampaignState, Counts
from newsletter.domain.delivery.batch import Answer, Outcome, OutgoingBatch, Resolution, Verdict
from newsletter.domain.delivery.restore_guard import HoldKind
from newsletter.domain.errors import NotFound, Refused
from newsletter.domain.events import Event, EventKind
from newsletter.domain.staff.role import Role
from newsletter.pipeline.archive.annotate import annotate
from newsletter.pipeline.campaigns.control import OperatorActions
from newsletter.pipeline.events.record import record
from tests.contracts.books import audited
from tests.fakes import NOON, WORKSPACE, accept_all, always
from tests.unit.pipeline.campaigns.correcting import correct, people
from tests.unit.pipeline.newsroom import Meanwhile, Newsroom
from tests.unit.pipeline.statements.languages import (
    FORUM,
    SPANISH,
    agree,
    begin,
    compose,
    in_each,
    populate,
)

ADA = "ada@forum.example"


def with_unknowns(room: Newsroom) -> None:
    """25 readers: ten unknown, the rest accepted, and the campaign in need of attention."""
    room.start()
    room.dispatch(always(Verdict.UNKNOWN))
    room.drain(answer=accept_all)
    assert room.counts() == Counts(accepted=15, unknown=10)
    assert room.campaign().state is CampaignState.ATTENTION


def test_what_is_cancelled_in_a_restored_database_may_have_gone_out(room: Newsroom) -> None:
    populate(room, {"en": 1, "es": 2})
    compose(room, FORUM)
    agree(room, FORUM)
    assert begin(room) == [FORUM]
    with room.store.begin() as tx:
        tx.hold.put(HoldKind.RESTORE_GUARD, "it was restored")
    assert room.hand().cancel(FORUM).counts == Counts(cancelled=3)
    with room.store.begin() as tx:
        tx.hold.release(HoldKind.RESTORE_GUARD)
    with pytest.raises(Refused, match="everybody may have it"):
        room.hand().reopen(FORUM)
    compose(room, SPANISH)
    agree(room, SPANISH)
    assert begin(room) == []
    correct(room, corrects=FORUM)
    room.drain()
    assert in_each(room) == {"correction": 3}


def test_a_pause_between_two_batches_stops_there(room: Newsroom) -> None:
    room.start()
    room.dispatch()
    paused = room.hand().pause("resignation")
    assert paused.state is CampaignState.PAUSED
    assert paused.reason == f"paused by {ADA}"
    assert paused.counts == Counts(accepted=10, pending=15)
    assert room.drain() == 0
    assert len(room.provider.accepted) == 10
    assert room.deeds()[-1] == (ADA, "pause")


def test_a_call_under_way_at_the_pause_is_still_booked(room: Newsroom) -> None:
    room.start()

    def pause_meanwhile(batch: OutgoingBatch) -> object:
        room.hand().pause("resignation")
        return accept_all(batch)

    room.provider.answer = pause_meanwhile  # type: ignore[assignment]
    room.dispatch()
    assert room.counts() == Counts(accepted=10, pending=15)
    assert room.campaign().state is CampaignState.PAUSED


def test_resuming_goes_on_where_it_stopped(room: Newsroom) -> None:
    started = room.start().started_at
    room.dispatch()
    room.hand().pause("resignation")
    room.clock.advance(hours=1)
    resumed = room.hand().resume("resignation")
    assert (resumed.state, resumed.reason, resumed.started_at) == (
        CampaignState.SENDING,
        "",
        started,
    )
    room.drain()
    assert len(set(room.provider.accepted)) == len(room.provider.accepted) == 25
    assert room.campaign().state is CampaignState.SENT


def test_a_campaign_paused_during_its_last_call_ends_when_it_is_resumed(room: Newsroom) -> None:
    room.start(5)

    def pause_meanwhile(batch: OutgoingBatch) -> object:
        room.hand().pause("resignation")
        return accept_all(batch)

    room.provider.answer = pause_meanwhile  # type: ignore[assignment]
    room.dispatch()
    assert room.campaign().state is CampaignState.PAUSED
    assert room.hand().resume("resignation").state is CampaignState.SENT


def test_cancelling_ends_what_waits_to_the_last_delivery(room: Newsroom) -> None:
    room.start()
    room.dispatch()
    cancelled = room.hand().cancel("resignation")
    assert cancelled.state is CampaignState.CANCELLED
    assert (cancelled.reason, cancelled.ended_by) == (f"canceled by {ADA}", ADA)
    assert cancelled.counts == Counts(accepted=10, cancelled=15)
    assert cancelled.finished_at == room.clock.now()
    assert room.drain() == 0
    assert len(room.provider.accepted) == 10


def test_a_paused_campaign_can_be_cancelled(room: Newsroom) -> None:
    room.start()
    room.hand().pause("resignation")
    assert room.hand().cancel("resignation").counts == Counts(cancelled=25)


def _scheduled(room: Newsroom) -> None:
    room.write_and_approve()
    room.plan()


def test_a_campaign_can_be_held_and_ended_before_it_starts(room: Newsroom) -> None:
    _scheduled(room)
    assert room.hand().pause("resignation").state is CampaignState.PAUSED
    assert room.hand().resume("resignation").state is CampaignState.SCHEDULED
    cancelled = room.hand().cancel("resignation")
    assert cancelled.state is CampaignState.CANCELLED
    assert cancelled.counts == Counts()


@pytest.mark.parametrize(
    ("deed", "needed"),
    [
        ("pause", "to pause it, its state has to be needs attention or scheduled or sending"),
        ("resume", "to resume it, its state has to be paused"),
        (
            "cancel",
            "to cancel it, its state has to be needs attention or paused or scheduled or sending",
        ),
    ],
)
def test_what_has_ended_is_left_as_it_is(room: Newsroom, deed: str, needed: str) -> None:
    room.send(5)
    before, deeds = room.campaign(), room.deeds()
    with pytest.raises(
        Refused, match=rf"campaign 1 \(resignation\) is in the state “sent”; {needed}"
    ):
        getattr(room.hand(), deed)("resignation")
    assert room.campaign() == before
    assert room.deeds() == deeds


def test_there_is_nothing_to_do_to_a_campaign_that_is_not_there(
    subtests: pytest.Subtests, room: Newsroom
) -> None:
    room.start(1)
    for name in ["nothing", "7", "", "-1", "٣", "9" * 30, "9" * 5000]:
        for deed in ["pause", "resume", "cancel"]:
            with (
                subtests.test(name=name, deed=deed),
                pytest.raises(NotFound, match="there is no campaign"),
            ):
                getattr(room.hand(), deed)(name)


def test_a_campaign_goes_by_its_number_or_by_its_statement(room: Newsroom) -> None:
    _scheduled(room)
    room.hand().cancel("resignation")
    room.approve()
    room.plan()
    assert room.hand().pause("resignation").id == 2
    assert room.hand().resume("2").id == 2
    with pytest.raises(Refused, match="campaign 1"):
        room.hand().pause("1")


def test_a_statement_whose_name_is_a_number_is_found_while_no_campaign_has_it(
    room: Newsroom,
) -> None:
    room.write_and_approve("2011")
    room.plan()
    assert room.hand().pause("2011").slug == "2011"


@pytest.mark.parametrize(
    ("to", "counts", "state"),
    [
        (Resolution.ACCEPTED, Counts(accepted=25), CampaignState.SENT),
        (Resolution.GIVE_UP, Counts(accepted=15, cancelled=10), CampaignState.SENT),
        (Resolution.RESEND, Counts(accepted=15, pending=10), CampaignState.SENDING),
    ],
)
def test_a_person_decides_what_became_of_the_unknown(
    room: Newsroom, to: Resolution, counts: Counts, state: CampaignState
) -> None:
    with_unknowns(room)
    campaign, people = room.hand().resolve("resignation", to)
    assert people == 10
    assert campaign.counts == counts
    assert campaign.state is state
    assert campaign.reason == ""
    assert room.unknown() == []
    assert (ADA, "resolve") in room.deeds()


def test_what_is_to_be_sent_again_goes_to_those_and_nobody_else(room: Newsroom) -> None:
    with_unknowns(room)
    room.hand().resolve("resignation", Resolution.RESEND)
    assert room.drain() == 1
    assert len(set(room.provider.accepted)) == len(room.provider.accepted) == 25
    assert room.campaign().state is CampaignState.SENT


def test_a_paused_campaign_stays_paused_when_its_unknown_are_resolved(room: Newsroom) -> None:
    room.start()
    room.dispatch(always(Verdict.UNKNOWN))
    room.hand().pause("resignation")
    campaign, _ = room.hand().resolve("resignation", Resolution.RESEND)
    assert campaign.state is CampaignState.PAUSED
    assert campaign.counts == Counts(pending=25)
    assert room.drain() == 0


def test_the_unknown_of_a_cancelled_campaign_are_settled_but_not_sent_again(room: Newsroom) -> None:
    room.start()
    room.dispatch(always(Verdict.UNKNOWN))
    room.hand().cancel("resignation")
    with pytest.raises(Refused, match="campaign 1 is canceled; nothing more is sent"):
        room.hand().resolve("resignation", Resolution.RESEND)
    assert room.counts() == Counts(unknown=10, cancelled=15)
    campaign, people = room.hand().resolve("resignation", Resolution.GIVE_UP)
    assert people == 10
    assert campaign.state is CampaignState.CANCELLED
    assert campaign.counts == Counts(cancelled=25)


def test_what_was_given_up_may_have_arrived_so_the_statement_does_not_go_out_again(
    room: Newsroom,
) -> None:
    room.start()
    room.dispatch(always(Verdict.UNKNOWN))
    room.hand().cancel("resignation")
    room.hand().resolve("resignation", Resolution.GIVE_UP)
    assert room.campaign().may_have_reached_anybody
    with pytest.raises(Refused, match="already gone out as campaign 1"):
        room.approve("flo@forum.example")
    assert room.look().scheduled == ()


def test_where_nothing_is_unknown_there_is_nothing_to_decide(room: Newsroom) -> None:
    room.send()
    with pytest.raises(Refused, match="has nothing unknown"):
        room.hand().resolve("resignation", Resolution.RESEND)


def _with_the_rest(room: Newsroom) -> None:
    """25 readers: eight accepted, two rejected, the others cancelled."""
    room.start()
    room.provider.answer = lambda batch: Answer(
        outcome=Outcome(verdict=Verdict.ACCEPTED),
        exceptions={
            one: Outcome(verdict=Verdict.REJECTED, reason="no such name") for one in (3, 7)
        },
    )
    room.dispatch()
    room.hand().cancel("resignation")


def test_those_who_were_cancelled_or_rejected_get_it_after_all(room: Newsroom) -> None:
    _with_the_rest(room)
    assert room.counts() == Counts(accepted=8, rejected=2, cancelled=15)
    with room.store.begin() as tx:
        tx.choices.leave(12, ["press"], room.clock.now(), 0)
    room.provider.answer = accept_all
    with pytest.raises(Refused, match="did not get it now, not 18"):
        room.hand().reopen("resignation", shown=18)
    campaign, rest = room.hand().reopen("resignation", shown=17)
    assert (rest, campaign.state) == (17, CampaignState.SENDING)
    assert (campaign.counts, campaign.ended_by) == (Counts(accepted=8, pending=17), "")
    room.drain()
    assert room.counts() == Counts(accepted=24, suppressed=1)
    assert room.campaign().state is CampaignState.SENT
    again = [one.address for batch in room.provider.batches[1:] for one in batch.recipients]
    assert sorted(again) == people(3, 7, 11, *range(13, 26))
    assert (ADA, "reopen") in room.deeds()
    with pytest.raises(Refused, match="everybody may have it, or left before"):
        room.hand().reopen("resignation")


def test_a_batch_that_was_rejected_as_a_whole_is_sent_again(room: Newsroom) -> None:
    room.start(5)
    room.dispatch(always(Verdict.REJECTED))
    assert room.campaign().state is CampaignState.SENT
    room.provider.answer = accept_all
    assert room.hand().reopen("resignation")[1] == 5
    room.drain()
    assert room.counts() == Counts(accepted=5)


def test_those_who_may_have_it_stay_as_they_are(room: Newsroom) -> None:
    """Unknown and given up: neither is sent again by this door."""
    room.start()
    room.dispatch(always(Verdict.UNKNOWN))
    room.hand().cancel("resignation")
    room.provider.answer = accept_all
    assert room.hand().reopen("resignation")[1] == 15
    room.drain()
    assert room.counts() == Counts(accepted=15, unknown=10)
    assert room.campaign().state is CampaignState.ATTENTION
    room.hand().resolve("resignation", Resolution.GIVE_UP)
    with pytest.raises(Refused, match="everybody may have it"):
        room.hand().reopen("resignation")


@pytest.mark.parametrize("kind", [EventKind.DELIVERED, EventKind.OPENED])
@pytest.mark.parametrize(
    "end", ["cancelled", "rejected", "rejected in part", "unknown but for two"]
)
def test_what_an_event_told_meanwhile_is_not_sent_again(
    room: Newsroom, kind: EventKind, end: str
) -> None:
    """A repetition ends without a message, and an event says that the first call had arrived."""
    room.start(5)
    room.dispatch(always(Verdict.UNKNOWN))
    room.hand().resolve("resignation", Resolution.RESEND)
    if end == "cancelled":
        room.hand().cancel("resignation")
    else:
        refusal = Outcome(verdict=Verdict.REJECTED)
        rests = {"rejected": Verdict.REJECTED, "rejected in part": Verdict.ACCEPTED}
        rest = Outcome(verdict=rests.get(end, Verdict.UNKNOWN))
        answer = Answer(outcome=rest, exceptions={2: refusal, 3: refusal})
        room.dispatch(lambda _: answer)
    before = room.counts()
    told = Event(
        id="told",
        kind=kind,
        at=room.clock.now(),
        campaign="resignation",
        attempt_id="attempt1",
        address="reader2@example.org",
    )
    record([told], provider="recording", workspace=WORKSPACE, store=room.store)
    if before.unknown:
        room.hand().resolve("resignation", Resolution.ACCEPTED)
    taken = before.accepted + before.unknown
    assert room.hand().reopen("resignation")[0].counts == Counts(
        accepted=taken + 1, pending=4 - taken
    )


def test_what_may_have_reached_its_readers_by_another_way_is_not_reopened(room: Newsroom) -> None:
    _with_the_rest(room)
    with pytest.raises(Refused, match="17 people did not get it now, not 3"):
        room.hand().reopen("resignation", shown=3)
    correct(room)
    with pytest.raises(Refused, match="correction corrected it"):
        room.hand().reopen("resignation")
    with pytest.raises(Refused, match="it is sending"):
        room.hand().reopen("correction")


def test_a_statement_that_was_planned_anew_or_went_out_in_another_language_is_not_reopened(
    room: Newsroom,
) -> None:
    room.start(5)
    room.hand().cancel("resignation")
    room.write_and_look("renuncia", language="es", translation_of="resignation", body="Renuncia.")
    room.clock.advance(minutes=1)
    with room.store.begin() as tx:
        tx.db.change("UPDATE subscriber SET language = 'es' WHERE id = 1")
    room.approve(slug="renuncia")
    room.plan()
    assert [one.slug for one in room.start_due(minutes=5)] == ["renuncia"]
    with pytest.raises(Refused, match="renuncia went out since"):
        room.hand().reopen("resignation")
    room.approve()
    room.plan()
    with pytest.raises(Refused, match="campaign 3 sends the statement"):
        room.hand().reopen("1")


def test_what_staff_took_off_the_web_or_corrected_is_not_reopened_in_any_language(
    room: Newsroom,
) -> None:
    populate(room, {"en": 2, "es": 15})
    compose(room, FORUM, SPANISH)
    agree(room, FORUM, SPANISH)
    assert begin(room) == [FORUM, SPANISH]
    room.dispatch()
    room.dispatch()
    room.hand().cancel(SPANISH)
    for slug in (FORUM, SPANISH):
        annotate(slug, NoteKind.WITHDRAWN, "Wrong.", by="ada@forum.example", store=room.store)
        with pytest.raises(Refused, match="text is off the web"):
            room.hand().reopen(SPANISH)
        annotate(slug, NoteKind.RESTORED, "", by="ada@forum.example", store=room.store)
    room.clock.advance(minutes=1)
    room.write_and_look("right", corrects=FORUM)
    agree(room, "right")
    begin(room)
    with pytest.raises(Refused, match="forum, which right has corrected since"):
        room.hand().reopen(SPANISH)


def test_a_time_is_set_only_for_a_statement_that_is_there(room: Newsroom) -> None:
    with pytest.raises(NotFound, match="there is no statement 'nothing'"):
        room.schedule("nothing", NOON)


def test_no_time_is_set_for_what_is_going_out(room: Newsroom) -> None:
    room.start()
    for step in (lambda: None, lambda: room.hand().pause("resignation")):
        step()
        with pytest.raises(Refused, match="has already gone out as campaign 1"):
            room.schedule("resignation", NOON + timedelta(days=1))


def test_a_time_can_be_set_for_what_was_cancelled(room: Newsroom) -> None:
    room.start(5)
    room.hand().cancel("resignation")
    later = NOON + timedelta(days=1)
    room.schedule("resignation", later)
    room.approve()
    [campaign] = room.plan().scheduled
    assert campaign.release_at == later


def test_each_set_time_is_entered_in_the_log(room: Newsroom) -> None:
    room.write_and_look()
    room.schedule("resignation", NOON, by="sam@forum.example")
    room.schedule("resignation", None, by="sam@forum.example")
    assert [(one.actor, one.subject, one.values) for one in audited(room.store)] == [
        ("sam@forum.example", "resignation", {"at": NOON}),
        ("sam@forum.example", "resignation", {}),
    ]


def test_each_act_takes_its_role_within_its_transaction(room: Newsroom) -> None:
    with_unknowns(room)
    room.write_and_look("other")
    hand = room.hand("ed@forum.example")
    acts: list[Callable[[], object]] = [
        lambda: hand.pause("resignation"),
        lambda: hand.resume("resignation"),
        lambda: hand.cancel("resignation"),
        lambda: hand.return_to_first_provider("resignation"),
        lambda: room.schedule("other", NOON, by="ed@forum.example"),
        lambda: room.hand("sam@forum.example").resolve("resignation", Resolution.GIVE_UP),
        lambda: room.hand("sam@forum.example").reopen("resignation"),
        lambda: room.guard().stop(by="ed@forum.example", reason=""),
        lambda: room.guard().release(by="ed@forum.example", kinds={HoldKind.STOP}),
        lambda: room.guard().release(by="sam@forum.example", kinds={HoldKind.RESTORE_GUARD}),
    ]
    before = room.deeds()
    for act in acts:
        with pytest.raises(Refused, match="takes the role"):
            act()
    assert room.deeds() == before


def test_a_role_that_was_lost_meanwhile_is_lost(room: Newsroom) -> None:
    room.start()

    def demote() -> None:
        room.hire("sam@forum.example", Role.VIEWER)

    hand = OperatorActions(store=Meanwhile(room.store, demote), actor="sam@forum.example")  # type: ignore[arg-type]
    with pytest.raises(Refused, match="has the role viewer"):
        hand.pause("resignation")
    assert room.campaign().state is CampaignState.SENDING


def test_the_operator_needs_no_role(room: Newsroom) -> None:
    room.start()
    assert room.hand("operator").pause("resignation").state is CampaignState.PAUSED


def test_what_came_out_since_is_not_decided_by_a_look_of_before(room: Newsroom) -> None:
    room.start()
    room.dispatch(always(Verdict.UNKNOWN))
    with room.store.begin() as tx:
        shown = tx.unknowns.fingerprint(room.campaign().id)
        ids = dict.fromkeys(range(1, 11), "")
        tx.unknowns.confirm(room.campaign().id, ids, at=tx.now, reason="told")
    room.dispatch(always(Verdict.UNKNOWN))
    assert room.counts().unknown == 10, "as many as before, and others"
    with pytest.raises(Refused, match=r"since you looked.* these 10 are unknown now"):
        room.hand().resolve("resignation", Resolution.RESEND, shown=shown)
    with room.store.read() as tx:
        shown = tx.unknowns.fingerprint(room.campaign().id)
    assert room.hand().resolve("resignation", Resolution.RESEND, shown=shown)[1] == 10
