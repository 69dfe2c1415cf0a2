"""source → statement."""

from dataclasses import replace
from datetime import date

from newsletter.domain.errors import Fault
from newsletter.domain.statements.statement import Reading, StageResult, StoredStatement
from newsletter.pipeline.statements.ingest import DigestSource, IngestState, ingest
from newsletter.store.sql import Store
from tests.contracts.store_digests import EMPTY, MADE
from tests.fakes import NOON, ListSource
from tests.rows import rows
from tests.unit.pipeline.newsroom import Meanwhile, Newsroom

FAULT = Fault(file="statements/broken.md", message="has no title")


def stored(room: Newsroom, slug: str = "resignation") -> StoredStatement:
    with room.store.read() as tx:
        found = tx.statements.get(slug)
    assert found is not None
    return found


def test_a_new_statement_is_taken_down_and_waits_to_be_rendered(room: Newsroom) -> None:
    statement = room.write()
    assert room.ingest().slugs == ("resignation",)
    assert stored(room) == StoredStatement(statement=statement, content_hash="", fingerprint="")


def test_what_another_look_has_rendered_meanwhile_stays_rendered(room: Newsroom) -> None:
    room.write()

    def another_look() -> None:
        room.ingest()
        room.render()

    racing = Meanwhile(room.store, another_look)
    ingest(store=racing, sources=[room.source])  # type: ignore[arg-type] # a store in what counts
    assert stored(room).content_hash != ""


def test_a_second_look_at_the_same_changes_nothing(room: Newsroom) -> None:
    room.write()
    room.ingest()
    room.render()
    before = stored(room)
    assert room.ingest().slugs == ()
    assert stored(room) == before


def test_the_very_reading_of_before_is_not_compared_again(room: Newsroom) -> None:
    class Unmoved:
        reading = Reading(statements=(room.write(),), faults=(FAULT,))

        def read(self) -> Reading:
            return self.reading

    before = IngestState()
    looks = [ingest(store=room.store, sources=[Unmoved()], state=before) for _ in range(3)]
    assert [look.slugs for look in looks] == [("resignation",), (), ()]
    assert looks[-1] == StageResult(slugs=(), faults=(FAULT,))


def test_a_changed_statement_has_to_be_rendered_again(room: Newsroom) -> None:
    room.write_and_look()
    changed = room.write(body="The Forum has resigned after all.")
    assert room.ingest().slugs == ("resignation",)
    assert stored(room) == StoredStatement(statement=changed, content_hash="", fingerprint="")


def test_a_statement_that_is_gone_stays_known_but_is_not_present(room: Newsroom) -> None:
    room.write_and_look()
    content_hash = room.content_hash()
    room.remove()
    assert room.ingest().slugs == ("resignation",)
    assert not stored(room).present
    assert stored(room).content_hash == content_hash
    assert room.ingest().slugs == ()


def test_a_statement_that_comes_back_is_present_again(room: Newsroom) -> None:
    room.write()
    room.ingest()
    room.remove()
    room.ingest()
    room.write()
    assert room.ingest().slugs == ("resignation",)
    assert stored(room).present


def test_a_source_that_cannot_be_read_makes_nothing_disappear(room: Newsroom) -> None:
    room.write()
    room.ingest()
    room.remove()
    room.source.complete = False
    assert room.ingest().slugs == ()
    assert stored(room).present


def test_a_faulty_statement_hides_no_other(room: Newsroom) -> None:
    room.write("fine")
    room.source.faults = [FAULT]
    found = room.ingest()
    assert found.slugs == ("fine",)
    assert found.faults == (FAULT,)


def test_a_statement_whose_own_file_has_a_fault_now_is_not_present(room: Newsroom) -> None:
    room.write("broken", origin=FAULT.file)
    room.ingest()
    room.remove("broken")
    room.source.faults = [FAULT]
    room.source.complete = False
    assert room.ingest().slugs == ("broken",)
    assert not stored(room, "broken").present


def test_one_source_that_cannot_be_read_keeps_what_came_from_any(room: Newsroom) -> None:
    room.write()
    elsewhere = ListSource(room.write("elsewhere"))
    room.remove("elsewhere")
    both = [room.source, elsewhere]
    ingest(store=room.store, sources=both)
    room.remove()
    elsewhere.statements.clear()
    elsewhere.complete = False
    assert ingest(store=room.store, sources=both).slugs == ()
    elsewhere.complete = True
    gone = ingest(store=room.store, sources=both).slugs
    assert sorted(gone) == ["elsewhere", "resignation"]


@rows(["feed", "advice"], [("", "write another slug"), ("press", "give that one another")])
def test_of_two_statements_with_one_slug_the_first_counts_and_the_other_is_a_fault(
    room: Newsroom, feed: str, advice: str
) -> None:
    first = room.write(origin="statements/first.md")
    room.source.statements = []
    second = ListSource(room.write(origin="more/second.md", body="Another text.", feed=feed))
    sources = [ListSource(first), second]
    found = ingest(store=room.store, sources=sources)
    assert stored(room).statement == first
    [fault] = found.faults
    assert fault.file == "more/second.md"
    assert "taken by statements/first.md" in fault.message
    assert advice in fault.message


def test_without_round_ups_there_is_nothing_and_nothing_is_missing(store: Store) -> None:
    assert DigestSource(store).read() == Reading(statements=())


def test_every_issue_that_says_something_is_a_statement(store: Store) -> None:
    assert MADE.statement is not None
    second = replace(MADE.statement, slug="weekly-2026-12-04")
    later = replace(MADE, day=date(2026, 12, 4), statement=second)
    with store.begin() as tx:
        for issue in (later, EMPTY, MADE):
            tx.digests.put(issue, NOON)
    assert DigestSource(store).read() == Reading(statements=(MADE.statement, second))


def test_only_what_was_touched_is_read_again(store: Store) -> None:
    source = DigestSource(store)
    with store.begin() as tx:
        tx.digests.put(MADE, NOON)
    first = source.read()
    with store.begin() as tx:
        tx.schedules.put("another-statement-of-2026-11-27", NOON)
    assert source.read() is first
    with store.begin() as tx:
        tx.digests.put(replace(MADE, statement=None, parts=()), NOON)
        tx.digests.put(EMPTY, NOON)
    assert source.read() == Reading(statements=())
