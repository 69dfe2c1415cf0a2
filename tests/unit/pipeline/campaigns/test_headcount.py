"""Readers of a statement and those left out, in numbers alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from newsletter.domain.campaigns.campaign import StartBy
from newsletter.domain.campaigns.status import StatementStatus
from newsletter.domain.subscribers.audience import Entry, SuppressionReason
from newsletter.domain.subscribers.segment import Segment
from newsletter.pipeline.campaigns.control import StartRequest
from newsletter.pipeline.campaigns.headcount import (
    Headcount,
    count_heads,
    find_late_translations,
    with_readers,
)
from newsletter.pipeline.status import find_status
from tests.unit.pipeline.campaigns.correcting import agree, leave
from tests.unit.pipeline.newsroom import Newsroom


def counted(room: Newsroom, slug: str = "resignation") -> Headcount:
    with room.store.read() as tx:
        return count_heads(tx, find_status(tx, slug, room.rules))


def test_who_left_and_who_bounced_are_numbers_without_addresses(room: Newsroom) -> None:
    room.subscribe(9)
    room.write_and_look()
    leave(room, 1)
    leave(room, 2)
    room.suppress("reader3@example.org")
    found = counted(room)
    assert (found.readers, found.lists) == (6, ("press",))
    assert found.left_out == (("unsubscribed", 2), ("bounced", 1))
    assert "@" not in repr(found)


def test_who_is_outside_a_segment_is_counted_apart(room: Newsroom) -> None:
    room.subscribe(5)
    nobody = Segment(name="texas", list="press", timezone="America/New_York", place=("Austin",))
    room.write_and_look(segment=nobody)
    found = counted(room)
    assert (found.readers, found.outside, found.left_out) == (0, 5, ())


def test_of_a_correction_those_are_counted_who_may_have_the_original(room: Newsroom) -> None:
    room.send(4)
    room.suppress("reader4@example.org", SuppressionReason.COMPLAINED)
    agree(room)
    found = counted(room, "correction")
    assert (found.readers, found.left_out) == (3, (("complained", 1),))


def test_a_correction_of_what_waits_goes_to_its_readers(room: Newsroom) -> None:
    room.subscribe(4)
    room.write_and_approve(send_at=datetime(2026, 12, 1, 9, tzinfo=UTC))
    room.plan()
    agree(room)
    leave(room, 2)
    found = counted(room, "correction")
    assert (found.readers, found.left_out) == (3, (("unsubscribed", 1),))


def test_where_languages_go_together_all_are_in_one_mail(room: Newsroom) -> None:
    room.demand(shares_email=True)
    room.subscribe(4)
    room.write()
    room.write_and_look("dimision", translation_of="resignation", language="es")
    assert counted(room).readers == 4


def test_a_translation_that_its_approval_starts_has_the_readers_of_its_language(
    room: Newsroom,
) -> None:
    room.subscribe(4)
    with room.store.begin() as tx:
        entry = Entry(address="ana@example.org", lists=("press",), language="es")
        tx.readers.upsert([entry], room.clock.now())
    room.write()
    room.write_and_look("dimision", translation_of="resignation", language="es")
    assert counted(room).readers == 5
    room.approve(slug="dimision")
    found = counted(room)
    assert (found.readers, found.elsewhere) == (4, (("es", 1),))


def test_whose_readers_get_the_original_is_told_until_their_translation_is_started(
    room: Newsroom,
) -> None:
    def behind(slug: str = "resignation", **other: Any) -> tuple[list[str], list[str]]:
        with room.store.read() as tx:
            found = find_late_translations(tx, find_status(tx, slug, replace(room.rules, **other)))
        return [one.slug for one in found[0]], [one.slug for one in found[1]]

    room.subscribe(1)
    room.write()
    room.write_and_look("dimision", translation_of="resignation", language="es")
    assert behind() == ([], ["dimision"])
    assert behind(shares_email=True) == ([], [])
    room.rules = replace(room.rules, start=StartBy.SENDER)
    room.approve(slug="dimision")
    assert behind() == (["dimision"], [])
    assert behind("dimision") == ([], [])
    with room.store.begin() as tx:
        entry = Entry(address="ana@example.org", lists=("press",), language="es")
        tx.readers.upsert([entry], room.clock.now())
    start = StartRequest(slug="dimision", by="sam@forum.example", seen="")
    room.starter().start(replace(start, shown=room.terms("dimision")))
    assert behind() == ([], [])


def expected(room: Newsroom, slug: str = "resignation") -> StatementStatus:
    with room.store.read() as tx:
        return with_readers(tx, find_status(tx, slug, room.rules))


def test_it_counts_readers_and_adds_the_time_to_undo(room: Newsroom) -> None:
    room.subscribe(7)
    room.write_and_look()
    leaves = room.clock.now() + timedelta(minutes=5)
    found = expected(room)
    assert (found.readers, found.lists, found.release) == (7, ("press",), leaves)


def test_a_time_that_its_file_says_is_when_it_leaves(room: Newsroom) -> None:
    room.write_and_look(send_at=datetime(2099, 1, 1, 9, tzinfo=UTC))
    found = expected(room)
    assert found.release == datetime(2099, 1, 1, 9, tzinfo=UTC)


def test_a_translation_goes_to_the_readers_of_its_language(room: Newsroom) -> None:
    room.subscribe(3)
    with room.store.begin() as tx:
        entry = Entry(address="ana@example.org", lists=("press",), language="es")
        tx.readers.upsert([entry], room.clock.now())
    room.write()
    room.write_and_look("renuncia", language="es", translation_of="resignation")
    found = expected(room, "renuncia")
    assert found.readers == 1


def test_what_planning_refuses_has_no_outlook(room: Newsroom) -> None:
    room.write_and_look("right", corrects="nothing")
    assert expected(room, "right").readers is None
