"""Who gets a statement and who does not, in numbers alone."""

from dataclasses import replace
from datetime import UTC, datetime

from newsletter.domain.subscribers.audience import Entry, SuppressionReason
from newsletter.domain.subscribers.segment import Segment
from newsletter.pipeline.campaigns.headcount import Headcount, headcount
from tests.unit.pipeline.campaigns.correcting import agree, leave
from tests.unit.pipeline.newsroom import Newsroom


def counted(room: Newsroom, slug: str = "resignation") -> Headcount:
    with room.store.read() as tx:
        stored = tx.statements.get(slug)
        assert stored is not None
        return headcount(tx, stored.statement, room.rules.policy, room.rules.times)


def test_who_left_and_who_bounced_are_numbers_without_addresses(room: Newsroom) -> None:
    room.subscribe(9)
    room.write()
    room.look()
    leave(room, 1)
    leave(room, 2)
    room.suppress("reader3@example.org")
    found = counted(room)
    assert (found.readers, found.lists) == (6, ("press",))
    assert found.left_out == (("unsubscribed", 2), ("bounced", 1))
    assert found.left == 3
    assert "@" not in repr(found)


def test_who_is_outside_a_segment_is_counted_apart(room: Newsroom) -> None:
    room.subscribe(5)
    nobody = Segment(
        name="texas", list_name="press", timezone="America/New_York", places=("Austin",)
    )
    room.write(segment=nobody)
    room.look()
    found = counted(room)
    assert (found.readers, found.outside, found.left_out) == (0, 5, ())


def test_of_a_correction_those_are_counted_who_may_have_the_original(room: Newsroom) -> None:
    room.start(4)
    room.drain()
    room.suppress("reader4@example.org", SuppressionReason.COMPLAINED)
    agree(room)
    found = counted(room, "correction")
    assert (found.readers, found.left_out) == (3, (("complained", 1),))


def test_a_correction_of_what_waits_goes_to_its_readers(room: Newsroom) -> None:
    room.subscribe(4)
    room.write(send_at=datetime(2026, 12, 1, 9, tzinfo=UTC))
    room.look()
    room.approve()
    room.plan()
    agree(room)
    leave(room, 2)
    found = counted(room, "correction")
    assert (found.readers, found.left_out) == (3, (("unsubscribed", 1),))


def test_where_languages_go_together_all_are_in_one_mail(room: Newsroom) -> None:
    room.rules = replace(room.rules, together=True)
    room.subscribe(4)
    room.write()
    room.write("dimision", translation_of="resignation", language="es")
    room.look()
    assert counted(room).readers == 4


def test_a_translation_that_its_approval_starts_has_the_readers_of_its_language(
    room: Newsroom,
) -> None:
    room.subscribe(4)
    with room.store.begin() as tx:
        entry = Entry(address="ana@example.org", lists=("press",), language="es")
        tx.readers.upsert([entry], room.clock.now())
    room.write()
    room.write("dimision", translation_of="resignation", language="es")
    room.look()
    assert counted(room).readers == 5
    room.approve(slug="dimision")
    found = counted(room)
    assert (found.readers, found.elsewhere) == (4, (("es", 1),))
