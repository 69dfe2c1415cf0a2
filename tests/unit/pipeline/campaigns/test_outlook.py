"""What an approval comes to: how many, on which lists, and when."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from newsletter.domain.subscribers.audience import Entry
from newsletter.pipeline.campaigns.outlook import Outlook, outlook
from tests.unit.pipeline.newsroom import Newsroom


def expected(room: Newsroom, slug: str = "resignation") -> Outlook | None:
    with room.store.read() as tx:
        policy, times = room.rules.policy, room.rules.times
        return outlook(tx, slug, room.clock.now(), policy=policy, times=times)


def test_it_counts_readers_and_adds_the_time_to_undo(room: Newsroom) -> None:
    room.subscribe(7)
    room.write()
    room.look()
    leaves = room.clock.now() + timedelta(minutes=5)
    assert expected(room) == Outlook(readers=7, lists=("press",), leaves_at=leaves)


def test_a_time_that_its_file_says_is_when_it_leaves(room: Newsroom) -> None:
    room.write(send_at=datetime(2099, 1, 1, 9, tzinfo=UTC))
    room.look()
    found = expected(room)
    assert found is not None
    assert found.leaves_at == datetime(2099, 1, 1, 9, tzinfo=UTC)


def test_a_correction_goes_to_those_who_may_have_the_original(room: Newsroom) -> None:
    room.start(readers=4)
    room.drain()
    room.write("right", corrects="resignation")
    room.look()
    found = expected(room, "right")
    assert found is not None
    assert (found.readers, found.corrects) == (4, "resignation")


def test_a_correction_of_what_has_not_begun_goes_to_its_lists(room: Newsroom) -> None:
    room.subscribe(3)
    room.write()
    room.look()
    room.approve()
    room.plan()
    room.write("right", corrects="resignation")
    room.look()
    found = expected(room, "right")
    assert found is not None
    assert found.readers == 3


def test_a_translation_goes_to_the_readers_of_its_language(room: Newsroom) -> None:
    room.subscribe(3)
    with room.store.begin() as tx:
        entry = Entry(address="ana@example.org", lists=("press",), language="es")
        tx.readers.upsert([entry], room.clock.now())
    room.write()
    room.write("renuncia", language="es", translation_of="resignation")
    room.look()
    found = expected(room, "renuncia")
    assert found is not None
    assert found.readers == 1


def test_what_planning_refuses_has_no_outlook(room: Newsroom) -> None:
    room.write("right", corrects="nothing")
    room.look()
    assert expected(room, "right") is None


def test_within_one_mail_translations_change_no_figures(room: Newsroom) -> None:
    room.rules = replace(room.rules, together=True)
    room.subscribe(3)
    room.write()
    room.look()
    found = expected(room)
    assert found is not None
    assert found.readers == 3
