"""The archive's search gets a statement's words when its sending begins, and not before."""

from datetime import UTC, datetime, timedelta

from newsletter.domain.archive import parse_search
from tests.unit.pipeline.newsroom import Newsroom

AT_THREE = datetime(2026, 11, 24, 10, 0)  # noqa: DTZ001 - a wall time in New York


def found(room: Newsroom, typed: str) -> list[str]:
    with room.store.read() as tx:
        return [hit.slug for hit in tx.search.find(parse_search(typed), limit=99).shown]


def begin(room: Newsroom, slug: str) -> None:
    room.look()
    room.approve(slug=slug)
    room.look()
    room.start_due(minutes=6)


def test_what_began_is_found_by_its_title_and_its_text(room: Newsroom) -> None:
    room.subscribe(2)
    room.write(title="Forum resigns", body="It left the task force.")
    begin(room, "resignation")
    assert found(room, "resigns") == found(room, "force") == ["resignation"]


def test_an_embargoed_statement_is_not_found_before_its_hour(room: Newsroom) -> None:
    room.subscribe(2)
    room.write(body="It left.", embargo_until=AT_THREE)
    begin(room, "resignation")
    assert found(room, "left") == []

    room.clock.advance(hours=3)
    assert room.clock.now() > AT_THREE.replace(tzinfo=UTC) + timedelta(hours=5)
    room.start_due()
    assert found(room, "left") == ["resignation"]


def test_a_correction_and_what_it_corrects_are_both_found(room: Newsroom) -> None:
    room.subscribe(1)
    room.write(body="It left.")
    begin(room, "resignation")
    room.drain()
    room.write("right", body="It left in May.", corrects="resignation")
    begin(room, "right")
    assert sorted(found(room, "left")) == ["resignation", "right"]
