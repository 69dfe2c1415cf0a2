"""A reader leaves by the link in a message."""

import pytest

from newsletter.domain.delivery import Counts
from newsletter.domain.errors import NotFound
from newsletter.pipeline.report import report
from newsletter.pipeline.subscribe import Departure, look_up, unsubscribe
from newsletter.security.links import SignedLinks
from tests.unit.pipeline.newsroom import Newsroom


def token(room: Newsroom, reader: int = 1, campaign: int = 1) -> str:
    [found] = room.links.unsubscribe_tokens(campaign, [reader])
    return found


def leave(room: Newsroom, word: str) -> Departure:
    return unsubscribe(word, store=room.store, links=room.links, clock=room.clock)


def lists_of(room: Newsroom, reader: int = 1) -> tuple[str, ...]:
    with room.store.read() as tx:
        found = tx.readers.get(reader)
    assert found is not None
    return found.lists


def test_looking_at_a_link_changes_nothing(room: Newsroom) -> None:
    room.start(3)
    for _ in range(2):
        found = look_up(token(room), store=room.store, links=room.links)
        assert found == Departure(campaign_id=1, subscriber_id=1, lists=("press",), ended=False)
    assert lists_of(room) == ("press",)


def test_a_link_ends_the_lists_of_its_campaign_and_no_others(room: Newsroom) -> None:
    room.subscribe(3, "press", "events")
    room.start(0)
    assert not leave(room, token(room)).ended
    assert lists_of(room, 1) == ("events",)
    assert lists_of(room, 2) == ("events", "press")
    room.drain()
    assert room.counts() == Counts(accepted=2, suppressed=1)


def test_leaving_twice_does_no_harm(room: Newsroom) -> None:
    room.start(3)
    leave(room, token(room))
    assert leave(room, token(room)).ended
    assert report("resignation", store=room.store)["unsubscribed"] == 1


def test_an_old_link_works_after_everything_went_out(room: Newsroom) -> None:
    room.start(3)
    room.drain()
    room.clock.advance(days=3650)
    leave(room, token(room))
    assert lists_of(room) == ()


def test_whoever_is_suppressed_has_nothing_left_to_end(room: Newsroom) -> None:
    room.start(3)
    room.suppress("reader1@example.org")
    assert look_up(token(room), store=room.store, links=room.links).ended


@pytest.mark.parametrize("reader", [1, 99])
def test_the_link_of_whoever_is_not_there_any_more_is_answered_all_the_same(
    room: Newsroom, reader: int
) -> None:
    room.start(3)
    with room.store.begin() as tx:
        tx.readers.forget("reader1@example.org", room.clock.now())
    assert leave(room, token(room, reader)).ended


def test_the_link_of_a_test_mail_ends_nothing(room: Newsroom) -> None:
    room.start(3)
    found = leave(room, token(room, campaign=0))
    assert (found.lists, found.ended) == ((), True)
    assert lists_of(room) == ("press",)


@pytest.mark.parametrize("word", ["", "t-1", "x-1-1", "t-1-x", "'; DROP TABLE subscriber; --"])
def test_a_link_that_is_not_ours_is_refused(room: Newsroom, word: str) -> None:
    room.start(3)
    with pytest.raises(NotFound, match="not one of ours"):
        leave(room, word)
    assert lists_of(room) == ("press",)


def test_a_link_signed_by_somebody_else_ends_nothing(room: Newsroom) -> None:
    room.links = SignedLinks([b"k" * 32])  # type: ignore[assignment]
    room.start(3)
    [foreign] = SignedLinks([b"e" * 32]).unsubscribe_tokens(1, [1])
    with pytest.raises(NotFound, match="not one of ours"):
        leave(room, foreign)
    leave(room, token(room))
    assert lists_of(room) == ()
