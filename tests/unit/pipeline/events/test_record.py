"""Events that providers report later: booked, suppressed, counted; once, in any order."""

import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from newsletter.domain.campaigns.campaign import CampaignState, Counts
from newsletter.domain.delivery.batch import Answer, OutgoingBatch, Resolution, Verdict
from newsletter.domain.delivery.provider import Replay
from newsletter.domain.errors import StoreUnavailable
from newsletter.domain.events import Bounce, Event, EventKind, Forged
from newsletter.domain.subscribers.audience import SuppressionReason
from newsletter.pipeline.campaigns.report import make_report
from newsletter.pipeline.events.record import RecordedEvents, record
from newsletter.store.sql import Store
from tests.fakes import (
    OURS,
    THEIRS,
    WORKSPACE,
    MemoryWatermark,
    RecordingProvider,
    accept_all,
    always,
)
from tests.unit.pipeline.newsroom import BalancedStore, Newsroom

PROVING = [kind for kind in EventKind if kind.proves_acceptance]


def event(room: Newsroom, number: int, kind: EventKind, **fields: Any) -> Event:
    """Return the events of one reader's message in the first campaign."""
    usual: dict[str, Any] = {
        "id": f"{kind.value} {number}",
        "at": room.clock.now(),
        "address": f"reader{number}@example.org",
        "campaign": "resignation",
        "attempt_id": OURS,
        "bounce": Bounce.HARD if kind is EventKind.BOUNCED else None,
        "raw": f'{{"to": "reader{number}@example.org"}}',
    }
    return Event(kind=kind, **usual | fields)


def tell(room: Newsroom, *events: Event) -> RecordedEvents:
    return record(events, provider="recording", workspace=WORKSPACE, store=room.store)


def tell_of(room: Newsroom, number: int, kind: EventKind, **fields: Any) -> RecordedEvents:
    return tell(room, event(room, number, kind, **fields))


def suppressed(room: Newsroom, number: int) -> SuppressionReason | None:
    with room.store.read() as tx:
        return tx.readers.suppression_reason(f"reader{number}@example.org")


def figures(room: Newsroom, name: str = "resignation") -> dict[str, Any]:
    return make_report(name, store=room.store)


def kept(room: Newsroom) -> list[str]:
    with room.store.read() as tx:
        return tx.db.column("SELECT id FROM event ORDER BY id")


@pytest.fixture
def accepted(room: Newsroom) -> Newsroom:
    """Ten readers, all accepted."""
    room.send(10)
    return room


def test_a_post_without_events_changes_nothing(accepted: Newsroom) -> None:
    assert tell(accepted) == RecordedEvents()
    assert figures(accepted)["events_received"] is False


def test_a_token_that_came_before_with_another_event_is_refused(accepted: Newsroom) -> None:
    told = event(accepted, 1, EventKind.COMPLAINED, token="token of one event")
    tell(accepted, told)
    accepted.clock.advance(hours=8)
    tell(accepted, told)  # told again, also after a restart
    with pytest.raises(Forged):
        tell(accepted, replace(told, address="reader2@example.org"))
    assert suppressed(accepted, 2) is None


def test_a_token_is_forgotten_once_its_post_is_too_old_anyway(accepted: Newsroom) -> None:
    for number in range(3):
        tell_of(accepted, number, EventKind.DELIVERED, token=f"token {number}")
        accepted.clock.advance(days=3)
    with accepted.store.read() as tx:
        assert tx.db.value("SELECT count(*) FROM webhook_token") == 1


def test_what_was_told_is_in_the_report(accepted: Newsroom) -> None:
    recorded = tell(
        accepted,
        *(event(accepted, number, EventKind.DELIVERED) for number in (1, 2, 3, 4)),
        event(accepted, 4, EventKind.COMPLAINED),
        event(accepted, 5, EventKind.BOUNCED),
        event(accepted, 6, EventKind.BOUNCED, bounce=Bounce.POLICY),
        event(accepted, 7, EventKind.OPENED),
    )
    assert recorded == RecordedEvents(events=8, suppressed=2)
    found = figures(accepted)
    assert found["events_received"] is True
    assert (found["delivered"], found["bounced"], found["complained"]) == (4, 2, 1)
    assert found["bounces"] == {"hard": 1, "soft": 0, "policy": 1, "complaint": 0, "other": 0}
    assert (found["accepted"], found["audience"]) == (10, 10)


def test_opens_and_clicks_are_counted_nowhere_and_kept_nowhere(accepted: Newsroom) -> None:
    before = figures(accepted)
    tell_of(accepted, 1, EventKind.OPENED)
    tell_of(accepted, 1, EventKind.CLICKED)
    assert figures(accepted) == before
    assert kept(accepted) == []


def test_what_has_to_be_looked_into_is_kept_as_it_came(accepted: Newsroom) -> None:
    for kind in EventKind:
        tell_of(accepted, 1, kind)
        tell_of(accepted, 1, kind)
    assert kept(accepted) == ["bounced 1", "complained 1", "other 1", "unsubscribed 1"]


def test_a_long_post_is_recorded_whole(room: Newsroom) -> None:
    room.rules = replace(room.rules, batch_size=1_000)
    room.send(1_003)
    events = [event(room, number, EventKind.DELIVERED) for number in range(1, 1_004)]
    assert tell(room, *events).events == 1_003
    assert figures(room)["delivered"] == 1_003


def test_an_event_that_names_nobody_we_know_is_kept_and_nothing_else(accepted: Newsroom) -> None:
    stranger = {"address": "stranger@example.org", "campaign": "elsewhere"}
    told = [event(accepted, 1, kind, **stranger) for kind in EventKind]
    assert tell(accepted, *told) == RecordedEvents(events=9, strangers=9)
    assert kept(accepted) == ["bounced 1", "complained 1", "other 1", "unsubscribed 1"]
    assert figures(accepted)["events_received"] is False
    with accepted.store.read() as tx:
        assert tx.readers.suppression_reason("stranger@example.org") is None


def test_of_whom_we_forgot_the_figures_are_kept_and_no_words(accepted: Newsroom) -> None:
    with accepted.store.begin() as tx:
        tx.readers.erase("reader3@example.org", accepted.clock.now())
    tell_of(accepted, 3, EventKind.BOUNCED, subscriber_id=3, reason="reader3@ is no more")
    tell_of(accepted, 3, EventKind.COMPLAINED)
    assert figures(accepted)["bounces"]["hard"] == 1
    assert kept(accepted) == []
    with accepted.store.read() as tx:
        reasons = tx.db.column("SELECT reason FROM delivery_status")
    assert reasons == [""]


@pytest.mark.parametrize("number", [0, -1, 1 << 63, 10**30])
def test_what_no_database_takes_is_recorded_as_far_as_it_can_be(
    accepted: Newsroom, number: int
) -> None:
    half = "\ud83d"
    odd = {"id": f"b{half}", "reason": f"550 {half}", "raw": half, "subscriber_id": number}
    assert tell_of(accepted, 1, EventKind.BOUNCED, **odd) == RecordedEvents(events=1, suppressed=1)
    assert kept(accepted) == ["b?"]


@pytest.mark.parametrize(
    ("kind", "bounce", "reason"),
    [
        (EventKind.BOUNCED, Bounce.HARD, SuppressionReason.BOUNCED),
        (EventKind.BOUNCED, Bounce.COMPLAINT, SuppressionReason.COMPLAINED),
        (EventKind.BOUNCED, Bounce.SOFT, None),
        (EventKind.BOUNCED, Bounce.POLICY, None),
        (EventKind.BOUNCED, Bounce.OTHER, None),
        (EventKind.COMPLAINED, None, SuppressionReason.COMPLAINED),
        (EventKind.DELIVERED, None, None),
        (EventKind.UNSUBSCRIBED, None, None),
        (EventKind.OTHER, None, None),
    ],
)
def test_a_missing_mailbox_and_a_complaint_suppress_at_once_and_nothing_else(
    accepted: Newsroom, kind: EventKind, bounce: Bounce | None, reason: SuppressionReason | None
) -> None:
    assert tell_of(accepted, 1, kind, bounce=bounce).suppressed == (reason is not None)
    assert suppressed(accepted, 1) is reason
    assert tell_of(accepted, 1, kind, bounce=bounce).suppressed == 0


def test_a_suppression_says_which_event_it_comes_from(accepted: Newsroom) -> None:
    tell_of(accepted, 1, EventKind.BOUNCED)
    with accepted.store.read() as tx:
        origin = tx.db.value("SELECT origin FROM suppression")
    assert origin == "recording event bounced 1"


def test_an_address_is_suppressed_also_when_the_campaign_is_not_known(accepted: Newsroom) -> None:
    tell_of(accepted, 1, EventKind.COMPLAINED, campaign="")
    assert suppressed(accepted, 1) is SuppressionReason.COMPLAINED


def test_who_leaves_through_the_provider_leaves_the_lists_of_the_campaign(room: Newsroom) -> None:
    room.subscribe(3, "press", "supporters")
    room.send(3)
    tell_of(room, 2, EventKind.UNSUBSCRIBED)
    with room.store.read() as tx:
        person = tx.readers.find("reader2@example.org")
    assert (person.lists, person.suppressed) == (("supporters",), None)
    assert figures(room)["unsubscribed"] == 1


def test_who_leaves_and_nobody_knows_what_leaves_everything(accepted: Newsroom) -> None:
    tell_of(accepted, 2, EventKind.UNSUBSCRIBED, campaign="")
    assert suppressed(accepted, 2) is SuppressionReason.UNSUBSCRIBED


@pytest.mark.parametrize("kind", [EventKind.UNSUBSCRIBED, EventKind.COMPLAINED, EventKind.BOUNCED])
def test_a_copy_of_an_event_does_not_end_what_its_reader_has_begun_anew(
    accepted: Newsroom, kind: EventKind
) -> None:
    told = event(accepted, 2, kind)
    tell(accepted, told)
    with accepted.store.begin() as tx:
        tx.readers.lift("reader2@example.org")
        tx.choices.join(2, ["press"], tx.now, ())
    tell(accepted, told)
    with accepted.store.read() as tx:
        person = tx.readers.get(2)
    assert (person.lists, person.suppressed) == (("press",), None)


@pytest.mark.parametrize("kind", EventKind)
def test_an_event_of_a_message_proves_that_the_provider_took_it(
    lost: Newsroom, kind: EventKind
) -> None:
    proved = tell_of(lost, 3, kind, provider_id="m3").confirmed
    assert proved == (kind in PROVING)
    assert lost.counts() == Counts(accepted=proved, unknown=10 - proved)
    if proved:
        with lost.store.read() as tx:
            told = ("reader3@example.org", "accepted", "told by an event", "m3")
            assert tx.campaigns.list_exceptions(1) == [told]


def test_when_the_last_unknown_is_told_of_the_campaign_is_sent(lost: Newsroom) -> None:
    for number in range(1, 11):
        assert lost.campaign().state is CampaignState.ATTENTION
        tell_of(lost, number, EventKind.DELIVERED)
    assert lost.campaign().state is CampaignState.SENT
    assert lost.counts() == Counts(accepted=10)


def test_whoever_is_known_to_have_it_is_not_written_to_again(lost: Newsroom) -> None:
    tell_of(lost, 1, EventKind.DELIVERED)
    lost.hand().resolve("resignation", Resolution.RESEND)
    tell_of(lost, 2, EventKind.OPENED)
    lost.drain()
    assert lost.provider.accepted == [f"reader{number}@example.org" for number in range(3, 11)]
    assert lost.counts() == Counts(accepted=10)


def _told_during_the_call(room: Newsroom, verdict: Verdict) -> None:
    room.start(10)

    def faster(batch: OutgoingBatch) -> Answer:
        names = {"attempt_id": batch.attempt_id, "campaign": ""}
        tell_of(room, 1, EventKind.OPENED, **names)
        tell_of(room, 2, EventKind.DELIVERED, **names)
        return always(verdict)(batch)

    room.dispatch(faster)
    room.provider.answer = accept_all


def test_an_event_that_is_faster_than_the_answer_is_not_lost(room: Newsroom) -> None:
    _told_during_the_call(room, Verdict.ACCEPTED)
    assert room.counts() == Counts(accepted=10)
    assert figures(room)["delivered"] == 1


@pytest.mark.parametrize("verdict", [Verdict.UNKNOWN, Verdict.RETRY])
def test_an_event_that_is_faster_than_the_answer_proves_what_the_answer_does_not(
    room: Newsroom, verdict: Verdict
) -> None:
    _told_during_the_call(room, verdict)
    assert room.counts().accepted == 2
    room.clock.advance(minutes=1)
    if verdict is Verdict.UNKNOWN:
        room.hand().resolve("resignation", Resolution.RESEND)
    room.drain()
    assert len(room.provider.accepted) == len(set(room.provider.accepted)) == 8
    assert room.counts() == Counts(accepted=10)


@pytest.mark.parametrize("replay", Replay)
def test_what_was_told_before_a_crash_is_known_after_it(room: Newsroom, replay: Replay) -> None:
    room.provider = RecordingProvider(replay=replay)
    room.start(10)

    def cut(batch: OutgoingBatch) -> Answer:
        tell_of(room, 4, EventKind.DELIVERED, attempt_id=batch.attempt_id)
        raise KeyboardInterrupt

    room.provider.answer = cut
    with pytest.raises(KeyboardInterrupt):
        room.dispatch()
    room.provider.answer = accept_all
    room.recover()
    assert room.counts().accepted == 1
    room.drain()
    assert "reader4@example.org" not in room.provider.accepted


def test_an_event_during_a_claim_of_which_nothing_leaves_is_not_lost(room: Newsroom) -> None:
    """The first call arrived, although the answer said that it did not."""
    room.start(10)
    room.dispatch(always(Verdict.RETRY))
    room.clock.advance(minutes=1)
    room.provider.answer = accept_all
    guard_file, room.guard_file = room.guard_file, Unwritable(room)
    with pytest.raises(StoreUnavailable):
        room.dispatch()
    room.guard_file = guard_file
    assert room.counts() == Counts(accepted=1, pending=9)
    room.drain()
    assert "reader4@example.org" not in room.provider.accepted


class Unwritable(MemoryWatermark):
    """Its disk is full, and an event comes before that shows."""

    def __init__(self, room: Newsroom) -> None:
        super().__init__(begun=True)
        self._room = room

    def store_claim(self, claims: int) -> None:
        tell_of(self._room, 4, EventKind.DELIVERED)
        raise StoreUnavailable("the disk is full")


def test_events_that_come_while_others_send_reach_nobody_twice(room: Newsroom) -> None:
    room.start(300)
    told: set[int] = set()

    def lossy(batch: OutgoingBatch) -> Answer:
        """Every second message arrives, with an event, and every third answer gets lost."""
        members = [one.subscriber_id for one in batch.recipients if one.subscriber_id % 2]
        told.update(members)
        tell(
            room,
            *(
                event(room, number, EventKind.DELIVERED, attempt_id=batch.attempt_id)
                for number in members
            ),
        )
        lost = batch.recipients[0].subscriber_id % 3 == 0
        return always(Verdict.UNKNOWN)(batch) if lost else accept_all(batch)

    room.provider.answer = lossy
    drain = partial(room.drain, dispatcher=room.dispatcher())
    with ThreadPoolExecutor(3) as pool:
        assert sum(future.result() for future in [pool.submit(drain) for _ in range(3)]) == 30
    assert len(told) == 150
    counts = room.counts()
    assert counts.unknown > 0
    assert counts.accepted + counts.unknown == 300
    assert not {f"reader{number}@example.org" for number in told} & set(room.unknown())
    room.provider.answer = accept_all
    room.hand().resolve("resignation", Resolution.RESEND)
    again = len(room.provider.batches)
    room.drain()
    sent_again = {
        one.subscriber_id for batch in room.provider.batches[again:] for one in batch.recipients
    }
    assert len(sent_again) == counts.unknown
    assert not sent_again & told
    assert (room.counts(), figures(room)["delivered"]) == (Counts(accepted=300), 150)


def _move(room: Newsroom, address: str = "new@example.org", number: int = 1) -> None:
    with room.store.begin() as tx:
        assert tx.readers.change_address(number, address)


def _reason(room: Newsroom, address: str) -> SuppressionReason | None:
    with room.store.read() as tx:
        return tx.readers.suppression_reason(address)


@pytest.mark.parametrize(
    "names",
    [
        {"subscriber_id": 1},  # as providers tell it that carry our own words
        {},
        {"subscriber_id": 1, "attempt_id": "attempt1"},
        {"attempt_id": "attempt1", "address": "READER1@example.org"},
        # not in our spelling: then the attempt says where it went
        {"subscriber_id": 1, "attempt_id": "attempt1", "address": "r1@forwarded.example"},
        {"subscriber_id": 1, "attempt_id": "attempt1", "address": ""},
    ],
)
@pytest.mark.parametrize("kind", [EventKind.BOUNCED, EventKind.COMPLAINED])
def test_a_bounce_at_an_address_that_was_left_does_not_end_the_new_one_and_a_complaint_does(
    accepted: Newsroom, kind: EventKind, names: dict[str, Any]
) -> None:
    _move(accepted)
    tell_of(accepted, 1, kind, **names)
    complained = SuppressionReason.COMPLAINED if kind is EventKind.COMPLAINED else None
    assert suppressed(accepted, 1) is not None
    assert _reason(accepted, "new@example.org") is complained
    found = figures(accepted)
    assert found["complained"] + found["bounces"]["hard"] == 1, "it was their delivery"


def test_what_is_told_of_the_new_address_ends_the_new_one(accepted: Newsroom) -> None:
    _move(accepted)
    tell_of(accepted, 1, EventKind.COMPLAINED, address="NEW@example.org", subscriber_id=1)
    assert _reason(accepted, "new@example.org") is SuppressionReason.COMPLAINED
    assert suppressed(accepted, 1) is None


def test_an_attempt_to_the_new_address_is_told_from_those_before(room: Newsroom) -> None:
    room.start(1)
    _move(room)
    room.drain()
    odd = {"subscriber_id": 1, "address": "n1@forwarded.example"}
    # of a try that another followed, to whichever of the two addresses
    assert tell_of(room, 1, EventKind.BOUNCED, **odd).suppressed == 0
    tell_of(room, 1, EventKind.BOUNCED, id="another", attempt_id="attempt1", **odd)
    assert _reason(room, "new@example.org") is SuppressionReason.BOUNCED
    assert suppressed(room, 1) is None


def test_where_the_address_of_the_attempt_was_forgotten_nobody_is_suppressed(
    accepted: Newsroom,
) -> None:
    _move(accepted)
    with accepted.store.begin() as tx:
        assert tx.readers.clear_left_addresses() == 1
    odd = {"subscriber_id": 1, "attempt_id": "attempt1", "address": "r1@forwarded.example"}
    assert tell_of(accepted, 1, EventKind.BOUNCED, **odd) == RecordedEvents(events=1)
    assert tell_of(accepted, 1, EventKind.BOUNCED, id="b2").suppressed == 1, "its hash is kept"
    tell_of(accepted, 1, EventKind.COMPLAINED, **odd)
    assert _reason(accepted, "new@example.org") is SuppressionReason.COMPLAINED


def test_an_address_that_was_left_and_is_somebody_elses_now_ends_for_them(
    accepted: Newsroom,
) -> None:
    _move(accepted)
    _move(accepted, "reader1@example.org", number=2)
    tell_of(accepted, 1, EventKind.BOUNCED, subscriber_id=1)
    assert suppressed(accepted, 1) is SuppressionReason.BOUNCED
    assert _reason(accepted, "new@example.org") is None


def test_an_erased_person_leaves_no_address_behind_that_was_left(accepted: Newsroom) -> None:
    _move(accepted)
    tell_of(accepted, 1, EventKind.BOUNCED)
    with accepted.store.begin() as tx:
        assert [one.address for one in tx.readers.stream_suppressions()] == ["reader1@example.org"]
        tx.readers.erase("new@example.org", accepted.clock.now())
        assert list(tx.readers.stream_suppressions()) == []
        assert tx.db.value("SELECT count(*) FROM address_history") == 0
    assert suppressed(accepted, 1) is SuppressionReason.ERASED


def _state(room: Newsroom) -> dict[str, list[Any]]:
    """All that events change, without the moments at which they came in."""
    queries = {
        "receipt": "SELECT * FROM delivery_status",
        "event": "SELECT provider, id, kind, at, campaign_id, subscriber_id, raw FROM event",
        "suppression": "SELECT address, reason FROM suppression",
        "subscription": "SELECT list_id, subscriber_id, state, ended_by FROM subscription",
        "batch": "SELECT id, state, accepted, unknown, pending, cancelled FROM batch",
        "delivery": "SELECT campaign_id, subscriber_id, state, reason FROM delivery",
        "campaign": "SELECT id, state, reason FROM campaign",
    }
    with room.store.read() as tx:
        return {name: sorted(tx.db.rows(query)) for name, query in queries.items()}


def _history(room: Newsroom, readers: int, chance: random.Random) -> list[Event]:
    """A possible history of a campaign's messages, in order."""
    events: list[Event] = []
    for number in set(range(1, readers + 1)) - set(range(1, readers, 7)):  # of some, nothing
        kinds = chance.choices(list(EventKind), k=chance.choice([1, 1, 2, 4]))
        for step, kind in enumerate(kinds):
            bounce = chance.choice(list(Bounce)) if kind is EventKind.BOUNCED else None
            at = room.clock.now() + timedelta(seconds=chance.randrange(100_000))
            events.append(event(room, number, kind, id=f"{number}.{step}", bounce=bounce, at=at))
    return sorted(events, key=lambda one: (one.at, one.id))


def _prepared(store: Store, readers: int) -> Newsroom:
    """Half of the readers accepted, half unknown."""
    room = Newsroom(BalancedStore(store))
    room.start(readers)
    for calls in range(-(-readers // 10)):
        room.dispatch(always(Verdict.UNKNOWN) if calls % 2 else accept_all)
    return room


def _post_all(room: Newsroom, events: Sequence[Event], size: int) -> None:
    for start in range(0, len(events), size):
        tell(room, *events[start : start + size])


@pytest.mark.slow("many orders of the same events")
def test_whatever_the_order_and_however_many_copies_the_state_is_that_of_an_ordered_replay(
    stores: Sequence[Store],
) -> None:
    chance = random.Random(46)  # noqa: S311 - the same each time, which is the point
    readers, rooms = 30, [_prepared(store, 30) for store in stores]
    events = _history(rooms[0], readers, chance)
    _post_all(rooms[0], events, 20)
    expected = _state(rooms[0])
    assert {row[1] for row in expected["suppression"]} == {"bounced", "complained"}
    assert any(row[1] == "unknown" for row in expected["batch"])
    for room in rooms[1:]:
        copies = [one for one in events for _ in range(chance.choice([1, 1, 2, 3, 9]))]
        chance.shuffle(copies)
        _post_all(room, copies, chance.choice([1, 7, 100]) if len(copies) < 500 else 50)
        assert _state(room) == expected


@pytest.mark.faults
def test_twenty_thousand_events_shuffled_with_copies_lead_to_the_same_state(
    stores: Sequence[Store],
) -> None:
    chance = random.Random(20_000)  # noqa: S311 - the same each time, which is the point
    ordered, shuffled = (_prepared(store, 1_500) for store in stores[:2])
    events = _history(ordered, 1_500, chance)
    _post_all(ordered, events, 500)
    copies = [one for one in events for _ in range(chance.choice([1, 2, 3, 4]))]
    copies += chance.choices(events, k=max(0, 20_000 - len(copies) - 45)) + events[:1] * 45
    chance.shuffle(copies)
    _post_all(shuffled, copies, 1_000)
    assert _state(shuffled) == _state(ordered)


@pytest.mark.parametrize("kind", [EventKind.BOUNCED, EventKind.COMPLAINED, EventKind.UNSUBSCRIBED])
@pytest.mark.parametrize(
    "names",
    [
        {"address": "theirs@example.net", "attempt_id": "of before tries named a workspace"},
        {"address": "theirs@example.net", "attempt_id": ""},
        {"address": "", "attempt_id": ""},
        {"address": "theirs@example.net", "attempt_id": THEIRS},
        {"address": "reader2@example.org", "attempt_id": THEIRS},
    ],
)
def test_what_is_told_of_others_messages_touches_no_reader_of_ours(
    accepted: Newsroom, kind: EventKind, names: dict[str, str]
) -> None:
    """They number their readers from one too, and may send a statement of the same name."""
    told = tell_of(accepted, 2, kind, subscriber_id=2, **names)
    assert (told.events, told.strangers, told.suppressed) == (1, 1, 0)
    assert suppressed(accepted, 2) is None
    with accepted.store.read() as tx:
        person = tx.readers.find("reader2@example.org")
    assert person.lists == ("press",)
    assert figures(accepted)["bounced"] == 0


def test_what_is_told_of_another_workspace_is_not_even_kept(accepted: Newsroom) -> None:
    tell_of(accepted, 2, EventKind.BOUNCED, attempt_id=THEIRS)
    assert kept(accepted) == []
