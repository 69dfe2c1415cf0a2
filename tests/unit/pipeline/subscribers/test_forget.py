"""A person is erased, with all that was told of them."""

from newsletter.domain.events import Event, EventKind, Place
from newsletter.pipeline.subscribers.leave import clean, forget
from tests.fakes import NOON
from tests.unit.pipeline.newsroom import Meanwhile, Newsroom


def tell(room: Newsroom, name: str) -> None:
    told = Event(id=name, kind=EventKind.OTHER, at=NOON, raw="To: READER1@example.org")
    with room.store.begin() as tx:
        tx.events.keep("mailgun", [(told, Place())], NOON)


def test_whoever_is_forgotten_is_gone_with_what_was_told_even_meanwhile(room: Newsroom) -> None:
    room.subscribe(2)
    tell(room, "before")
    meanwhile = Meanwhile(room.store, lambda: tell(room, "meanwhile"))
    assert forget("reader1@example.org", by="ada", store=meanwhile, clock=room.clock)  # type: ignore[arg-type]
    with room.store.read() as tx:
        assert tx.readers.get(1) is None
        assert tx.traces.of("reader1@example.org") == []
    assert ("ada", "forget") in room.deeds()


def test_an_address_that_nobody_has_is_blocked_all_the_same(room: Newsroom) -> None:
    assert not forget("eve@example.org", by="ada", store=room.store, clock=room.clock)
    with room.store.read() as tx:
        assert tx.readers.suppressed("eve@example.org") is not None


def test_what_is_left_is_overwritten_once(room: Newsroom) -> None:
    room.subscribe(1)
    assert clean(store=room.store), "there is nothing to do"
    forget("reader1@example.org", by="ada", store=room.store, clock=room.clock)
    with room.store.read() as tx:
        assert tx.traces.left()
    assert clean(store=room.store)
    with room.store.read() as tx:
        assert not tx.traces.left()
