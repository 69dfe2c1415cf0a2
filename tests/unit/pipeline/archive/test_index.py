"""A statement enters the index when its sending begins, once, and not before."""

from datetime import UTC, datetime, timedelta

from newsletter.domain.archive import terms
from newsletter.domain.statements.content import Content
from newsletter.pipeline.archive.index import index
from tests.unit.pipeline.newsroom import Newsroom

AT_THREE = datetime(2026, 11, 24, 10, 0)  # noqa: DTZ001 - a wall time in New York


def words_of(content: Content) -> tuple[str, str]:
    return "", content.text.partition("\n")[0]


def update(room: Newsroom) -> int:
    return index(store=room.store, words_of=words_of)


def found(room: Newsroom, typed: str) -> list[str]:
    with room.store.read() as tx:
        return [hit.slug for hit in tx.search.find(terms(typed), most=99).shown]


def begin(room: Newsroom, *slugs: str) -> None:
    room.look()
    for slug in slugs:
        room.approve(slug=slug)
    room.look()
    room.clock.advance(minutes=6)
    room.start_due()


def test_what_began_is_found_by_its_title_and_its_text(room: Newsroom) -> None:
    room.subscribe(2)
    room.write(title="Forum resigns", body="It left the task force.")
    begin(room, "resignation")
    assert update(room) == 1
    assert found(room, "resigns") == found(room, "force") == ["resignation"]
    assert update(room) == 0


def test_an_embargoed_statement_is_not_found_before_its_hour(room: Newsroom) -> None:
    room.subscribe(2)
    room.write(body="It left.", embargo_until=AT_THREE)
    begin(room, "resignation")
    assert update(room) == 0
    assert found(room, "left") == []

    room.clock.advance(hours=3)
    assert room.clock.now() > AT_THREE.replace(tzinfo=UTC) + timedelta(hours=5)
    room.start_due()
    assert update(room) == 1
    assert found(room, "left") == ["resignation"]


def test_what_went_out_before_there_was_an_index_is_in_it_after_one_look(room: Newsroom) -> None:
    room.subscribe(1)
    slugs = [f"s{number:02}" for number in range(52)]  # more than a page of them
    for slug in slugs:
        room.write(slug, title=f"Nº {slug}")
    begin(room, *slugs)
    assert update(room) == 52
    assert sorted(found(room, "resigned")) == slugs


def test_a_correction_and_what_it_corrects_are_both_found(room: Newsroom) -> None:
    room.subscribe(1)
    room.write(body="It left.")
    begin(room, "resignation")
    room.drain()
    room.write("right", body="It left in May.", corrects="resignation")
    begin(room, "right")
    assert update(room) == 2
    assert sorted(found(room, "left")) == ["resignation", "right"]


def test_words_that_were_altered_since_they_were_approved_are_not_found(room: Newsroom) -> None:
    room.subscribe(1)
    room.write(body="It left.")
    begin(room, "resignation")
    with room.store.begin() as tx:
        # a forger has more than the port
        tx.db.change("UPDATE content SET document = replace(document, 'It left', 'It stays')")
    assert update(room) == 1
    assert found(room, "stays") == found(room, "resigns") == []
    assert update(room) == 0, "it is not looked at again and again"
