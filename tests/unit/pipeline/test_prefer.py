"""What readers choose for themselves takes effect."""

from datetime import timedelta

from newsletter.pipeline.prefer import resume
from tests.unit.pipeline.newsroom import Newsroom


def test_a_pause_ends_by_itself_and_the_next_campaign_is_for_everybody_again(
    room: Newsroom,
) -> None:
    room.subscribe(2)
    with room.store.begin() as tx:
        tx.choices.pause(1, room.clock.now() + timedelta(days=7))
    assert resume(store=room.store, clock=room.clock) == 0
    room.clock.advance(days=7)
    assert resume(store=room.store, clock=room.clock) == 1
    assert resume(store=room.store, clock=room.clock) == 0
    room.start(0)
    assert room.counts().audience == 2
