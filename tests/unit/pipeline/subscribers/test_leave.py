"""A reader leaves by the link in a message."""

import pytest

from newsletter.credentials.links import LeaveLink
from newsletter.domain.campaigns.campaign import Counts
from newsletter.domain.delivery.batch import Answer, OutgoingBatch
from newsletter.domain.errors import NotFound, Refused
from newsletter.domain.events import Event, EventKind, EventTarget
from newsletter.domain.subscribers.audience import Audience, SuppressionReason
from newsletter.pipeline.campaigns.report import make_report
from newsletter.pipeline.subscribers.administer import clean, forget
from newsletter.pipeline.subscribers.choose import (
    PendingDeparture,
    leave,
    leave_everything,
    load_pending_departure,
)
from tests.fakes import NOON, accept_all
from tests.unit.pipeline.newsroom import Meanwhile, Newsroom


def token(room: Newsroom, reader: int = 1, campaign: int = 1) -> str:
    [found], _ = room.links.for_batch(campaign, [reader])
    return found


def follow(room: Newsroom, *words: str) -> None:
    leave([room.links.read_unsubscribe(word) for word in words], store=room.store)


def look(room: Newsroom, word: str) -> PendingDeparture:
    return load_pending_departure(room.links.read_unsubscribe(word), store=room.store)


def lists_of(room: Newsroom, reader: int = 1) -> tuple[str, ...]:
    with room.store.read() as tx:
        return tx.readers.get(reader).lists  # type: ignore[union-attr] # there is one


def test_looking_at_a_link_changes_nothing(room: Newsroom) -> None:
    room.start(3)
    for _ in range(2):
        assert look(room, token(room)) == PendingDeparture(
            lists=("press",), ended=False, language=""
        )
    assert lists_of(room) == ("press",)


def test_a_link_ends_the_lists_of_its_campaign_and_no_others(room: Newsroom) -> None:
    room.subscribe(3, "press", "events")
    room.start(0)
    follow(room, token(room))
    assert look(room, token(room)).ended
    assert lists_of(room, 1) == ("events",)
    assert lists_of(room, 2) == ("events", "press")
    room.drain()
    assert room.counts() == Counts(accepted=2, suppressed=1)


def test_a_link_works_after_years_and_twice_does_no_harm(room: Newsroom) -> None:
    room.send(3)
    room.clock.advance(days=3650)
    follow(room, token(room), token(room))
    follow(room, token(room))
    assert look(room, token(room)).ended
    assert lists_of(room) == ()
    assert make_report("resignation", store=room.store)["unsubscribed"] == 1
    room.suppress("reader2@example.org")
    assert look(room, token(room, 2)).ended, "a suppressed reader has nothing left to end"


@pytest.mark.parametrize("reader", [1, 99])
def test_the_link_of_whoever_is_not_there_any_more_is_answered_all_the_same(
    room: Newsroom, reader: int
) -> None:
    room.start(3)
    with room.store.begin() as tx:
        tx.readers.erase("reader1@example.org", room.clock.now())
    follow(room, token(room, reader))
    assert look(room, token(room, reader)).ended
    leave_everything(room.links.read_unsubscribe(token(room, reader)), store=room.store)


def test_the_link_of_a_test_mail_ends_nothing(room: Newsroom) -> None:
    room.start(3)
    test = room.links.read_unsubscribe(token(room, campaign=0))
    assert test.is_test
    leave([test], store=room.store)
    leave_everything(test, store=room.store)
    assert lists_of(room) == ("press",)


def test_a_link_that_is_not_ours_is_refused(subtests: pytest.Subtests, room: Newsroom) -> None:
    room.start(3)
    for word in ["", "t-1", "x-1-1", "t-1-x", "'; DROP TABLE subscriber; --"]:
        with subtests.test(word=word):
            with pytest.raises(NotFound, match="not one of ours"):
                follow(room, word)
            assert lists_of(room) == ("press",)


def test_those_who_leave_at_the_same_time_leave_together(room: Newsroom) -> None:
    room.start(3)
    follow(room, token(room, 1), token(room, 3), token(room, campaign=0))
    assert [lists_of(room, reader) for reader in (1, 2, 3)] == [(), ("press",), ()]


def test_where_nobody_knows_a_campaigns_lists_any_more_its_link_ends_everything(
    room: Newsroom,
) -> None:
    room.subscribe(2, "press", "events")
    word = token(room, campaign=77)
    assert look(room, word) == PendingDeparture(lists=(), ended=False, language="")
    follow(room, word)
    assert look(room, word).ended
    assert [lists_of(room, reader) for reader in (1, 2)] == [(), ("events", "press")]


def test_whoever_leaves_everything_is_on_no_list_and_no_import_brings_them_back(
    room: Newsroom,
) -> None:
    room.subscribe(2, "press", "events")
    room.start(0)
    left = LeaveLink(campaign_id=1, subscriber_id=1)
    for _ in range(2):
        leave_everything(left, store=room.store)
    assert lists_of(room) == ()
    room.subscribe(2, "other")
    with room.store.read() as tx:
        person = tx.readers.get(1)
        assert person.suppressed is SuppressionReason.UNSUBSCRIBED
        assert tx.audiences.count(Audience(lists=("press", "events", "other"))) == 1
    assert make_report("resignation", store=room.store)["unsubscribed"] == 1
    room.suppress("reader2@example.org", SuppressionReason.COMPLAINED)
    leave_everything(LeaveLink(campaign_id=1, subscriber_id=2), store=room.store)
    with room.store.read() as tx:
        assert tx.readers.suppression_reason("reader2@example.org") is SuppressionReason.COMPLAINED


def tell(room: Newsroom, name: str) -> None:
    told = Event(id=name, kind=EventKind.OTHER, at=NOON, raw="To: READER1@example.org")
    with room.store.begin() as tx:
        tx.events.store_events("mailgun", [(told, EventTarget())], NOON)


def test_whoever_is_forgotten_is_gone_with_what_was_told_even_meanwhile(room: Newsroom) -> None:
    room.subscribe(2)
    tell(room, "before")
    meanwhile = Meanwhile(room.store, lambda: tell(room, "meanwhile"))
    assert forget("reader1@example.org", by="ada@forum.example", store=meanwhile)  # type: ignore[arg-type]
    with room.store.read() as tx:
        assert tx.readers.get(1) is None
        assert tx.traces.find("reader1@example.org") == []
    assert ("ada@forum.example", "forget") in room.deeds()


def test_an_address_of_which_nothing_is_kept_is_blocked_on_purpose_alone(room: Newsroom) -> None:
    eve = "eve@example.org"
    with pytest.raises(Refused, match="nothing is kept of eve@"):
        forget(eve, by="ada@forum.example", store=room.store)
    with room.store.read() as tx:
        assert not tx.readers.has_data_of(eve)
    assert not forget(eve, by="ada@forum.example", block_unknown=True, store=room.store)
    with room.store.read() as tx:
        assert tx.readers.suppression_reason(eve) is SuppressionReason.ERASED
    assert not forget(eve, by="ada@forum.example", store=room.store), "it was erased before"


def test_nothing_is_overwritten_while_a_batch_is_being_sent(room: Newsroom) -> None:
    room.start(2)
    cleaned = []

    def forget_and_clean(batch: OutgoingBatch) -> Answer:
        forget("reader1@example.org", by="ada@forum.example", store=room.store)
        cleaned.append(clean(store=room.store))
        return accept_all(batch)

    room.drain(answer=forget_and_clean)
    assert (cleaned, clean(store=room.store)) == ([False], True)


def test_what_is_left_is_overwritten_once(room: Newsroom) -> None:
    room.subscribe(1)
    assert clean(store=room.store), "there is nothing to do"
    forget("reader1@example.org", by="ada@forum.example", store=room.store)
    with room.store.read() as tx:
        assert tx.traces.erasure_due_since() is not None
    assert clean(store=room.store)
    with room.store.read() as tx:
        assert tx.traces.erasure_due_since() is None
