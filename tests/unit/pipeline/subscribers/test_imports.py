"""An import has a number, creates no list by a slip, and is undone where nothing happened since."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from newsletter.credentials.links import LeaveLink, Owner
from newsletter.domain.errors import InvalidInput, NotFound, Refused, StoreUnavailable
from newsletter.domain.subscribers.audience import (
    Audience,
    Entry,
    ImportResult,
    ImportUndoResult,
    SuppressedEntry,
    SuppressionReason,
    UploadedFile,
)
from newsletter.domain.subscribers.preferences import PreferenceChange
from newsletter.pipeline.subscribers.administer import SubscriberActs, forget
from newsletter.pipeline.subscribers.choose import (
    ask_for_link,
    leave,
    leave_everything,
    resume,
    save,
)
from newsletter.pipeline.subscribers.imports import ImportPlan, run_import, undo
from newsletter.subscriber_files.csv_files import Instructions
from newsletter.subscriber_files.subscriber_file import pause_after
from newsletter.subscriber_files.subscribers import read_people
from tests.unit.pipeline.newsroom import Newsroom

ADA = "ada@forum.example"
PLAN = ImportPlan(
    file="people.csv", kind="plain", sha256="ab12", by=ADA, declared={"press", "events"}
)
NOTHING = ImportUndoResult(**dict.fromkeys(ImportUndoResult.__dataclass_fields__, 0))


def person(local: str, *lists: str, **fields: object) -> Entry:
    return replace(Entry(address=f"{local}@example.org", lists=lists or ("press",)), **fields)  # type: ignore[arg-type] # fields of an entry


def located(*people: Entry) -> list[tuple[str, Entry | SuppressedEntry]]:
    return [(f"people.csv:{line}", one) for line, one in enumerate(people, start=2)]


def bring(room: Newsroom, *people: Entry, plan: ImportPlan = PLAN, gone: str = "") -> ImportResult:
    file = located(*people)
    if gone:
        reason = SuppressionReason.UNSUBSCRIBED
        file.append(("", SuppressedEntry(address=gone, reason=reason)))
    lists = [name for person in people for name in (*person.lists, *person.left)]
    plan = replace(plan, places=dict.fromkeys(lists, "people.csv:2"))
    rehearsed = run_import(file, plan, store=room.store, only_rehearse=True)
    brought = run_import(file, plan, store=room.store)
    assert replace(rehearsed, number=brought.number) == brought
    return brought


def take_back(room: Newsroom, number: int) -> ImportUndoResult:
    return undo(number, by=ADA, store=room.store)


def known(room: Newsroom) -> dict[str, tuple[str, ...]]:
    with room.store.read() as tx:
        return {who.address.partition("@")[0]: who.lists for who, _ in tx.readers.stream()}


def test_the_log_and_the_list_of_imports_tie_people_to_their_very_file(room: Newsroom) -> None:
    brought = bring(room, person("ana"), gone="gone@example.org")
    assert (brought.number, brought.new, brought.suppressed) == (1, 1, 1)
    with room.store.read() as tx:
        entered, began = tx.audit.list_newest(2)
        [record] = tx.imports.list_newest(None)
    assert (entered.actor, entered.action, entered.subject) == (ADA, "import", "people.csv")
    counts = {"new": 1, "known": 0, "suppressed": 1}
    assert entered.values == {"number": 1, **counts, "sha256": "ab12"}
    assert began.values == {"number": 1, "sha256": "ab12"}
    assert (record.id, record.by, record.file, record.sha256) == (1, ADA, "people.csv", "ab12")
    assert (record.new, record.joined, record.suppressed, record.undone_at) == (1, 1, 1, None)


def test_a_list_nobody_knows_is_refused_where_it_stands_and_created_on_purpose(
    room: Newsroom,
) -> None:
    file = located(person("ana", "pres"))
    plan = replace(PLAN, places={"pres": "people.csv:2"})
    for only_rehearse in (True, False):
        said = "people.csv:2: there is no list 'pres'; did you mean press"
        with pytest.raises(InvalidInput, match=said):
            run_import(file, plan, store=room.store, only_rehearse=only_rehearse)
    assert known(room) == {}
    wanted = replace(PLAN, create_lists=True)
    assert bring(room, person("ana", "pres"), plan=wanted).created == ("pres",)
    assert bring(room, person("bo", "pres")).created == (), "it is known from now on"
    with pytest.raises(InvalidInput, match="no list 'event'; did you mean events"):
        bring(room, person("cy", left=("event",)))
    take_back(room, 2)
    take_back(room, 1)
    with room.store.read() as tx:
        assert tx.readers.list_names() == [], "a list goes with the import that created it"


MANY = [person(f"a{number}") for number in range(501)]


def slowly(room: Newsroom, act: Callable[[], object]) -> ImportResult:
    """Import a file of two parts; something happens before the last one."""

    def after_part(count: int) -> None:
        if count == 500:
            act()

    return run_import(located(*MANY), PLAN, store=room.store, after_part=after_part)


def test_an_import_pauses_after_each_part_for_other_writers(room: Newsroom) -> None:
    counts: list[int] = []
    run_import(located(*MANY), PLAN, store=room.store, after_part=pause_after(counts.append))
    assert counts == [500, 501]


def test_who_leaves_while_a_file_is_imported_stays_away(room: Newsroom) -> None:
    bring(room, MANY[-1])
    brought = slowly(room, lambda: room.suppress(MANY[-1].address))
    assert (brought.new, brought.known, brought.skipped) == (500, 0, 1)


def test_what_was_written_of_an_import_that_is_cut_off_can_be_undone(room: Newsroom) -> None:
    def fail() -> None:
        raise StoreUnavailable("the disk is full")

    with pytest.raises(StoreUnavailable):
        slowly(room, fail)
    with room.store.read() as tx:
        [record] = tx.imports.list_newest(None)
    assert (record.new, record.joined, record.finished_at) == (500, 500, None)
    assert bring(room, *MANY[498:]).new == 1
    assert take_back(room, 2).removed == 1
    assert take_back(room, 1).removed == 500


@pytest.mark.parametrize(
    "rows",
    [
        ("gone@example.org,press,", "gone@example.org,,complained"),
        ("gone@example.org,press,complained",),
    ],
)
def test_whom_a_file_suppresses_gets_nothing_while_it_is_imported(
    rows: tuple[str, ...], room: Newsroom, tmp_path: Path
) -> None:
    people = [f"{one.address},press," for one in MANY]
    rows = ("email,lists,suppressed", rows[0], *people, *rows[1:])
    file = tmp_path / "people.csv"
    file.write_text("\n".join(rows))
    read = read_people(file, Instructions())

    def cut_off(count: int) -> None:
        raise StoreUnavailable("the disk is full")

    with pytest.raises(StoreUnavailable):
        run_import(read.people, PLAN, store=room.store, after_part=cut_off)
    press = Audience(lists=("press",))
    with room.store.read() as tx:
        reached = {*tx.audiences.stream_addresses(press)}
    assert reached & {MANY[0].address, "gone@example.org"} == {MANY[0].address}
    again = run_import(read.people, PLAN, store=room.store)
    assert (again.refused, again.suppressed) == ({}, 0)
    with room.store.read() as tx:
        person = tx.readers.find("gone@example.org")
        assert person is not None, "as if it had not been cut off"
        assert person.lists == ("press",)
        assert tx.audiences.count(press) == 501
    other = replace(PLAN, sha256="cd34")
    assert run_import(read.people, other, store=room.store).skipped == 1, "for any other file"


def test_an_import_that_is_undone_while_it_is_at_work_ends(room: Newsroom) -> None:
    with pytest.raises(Refused, match="import 1 was undone while it was at work"):
        slowly(room, lambda: take_back(room, 1))
    assert known(room) == {}


def test_an_upload_is_imported_once(room: Newsroom) -> None:
    upload = UploadedFile(by=ADA, file="a.csv", lists=(), without=(), agreed="fair", body=b"")
    with room.store.begin() as tx:
        number = tx.imports.add_upload(upload, tx.now)
    plan = replace(PLAN, upload=number)
    assert run_import(located(person("ana")), plan, store=room.store).new == 1
    with pytest.raises(NotFound, match="was imported already"):
        run_import(located(person("bo")), plan, store=room.store)
    assert known(room) == {"ana": ("press",)}


def test_an_undo_removes_who_was_new_and_restores_who_was_changed(room: Newsroom) -> None:
    bring(room, person("ana", name="Ana", tags=("vip",)))
    bring(room, person("ana", "events", name="Anna", language="es", tags=("board",)), person("bo"))
    assert take_back(room, 2) == replace(NOTHING, removed=1, restored=1, ended=2)
    with room.store.read() as tx:
        [(ana, _)] = tx.readers.stream()
        entered = tx.audit.list_newest(1)[0]
    assert (ana.name, ana.language, ana.lists, ana.tags) == ("Ana", "", ("press",), ("vip",))
    assert entered.action == "undo import"
    assert entered.values == {"number": 2, "removed": 1, "stay": 0}
    assert take_back(room, 1) == replace(NOTHING, removed=1, ended=1), "nor is that an act of hers"
    assert known(room) == {}


def test_an_undo_removes_its_lists_and_leaves_what_the_undo_of_another_needs(
    room: Newsroom,
) -> None:
    bring(room, person("ana", name="Ana"))
    bring(room, person("ana", name="Anna"))
    bring(room, person("bo", "events"))
    assert take_back(room, 3) == replace(NOTHING, removed=1, ended=1)
    with room.store.read() as tx:
        assert [*tx.readers.list_names()] == ["press"]
    assert take_back(room, 2) == replace(NOTHING, restored=1)


def test_who_left_by_a_file_stays_away_after_its_undo(room: Newsroom) -> None:
    bring(room, person("ana", "events", left=("press",)))
    assert take_back(room, 1) == replace(NOTHING, ended=1, left=1)
    bring(room, person("ana"))
    assert known(room) == {"ana": ()}


def test_an_undo_is_refused_twice_too_late_and_for_no_import(room: Newsroom) -> None:
    bring(room, person("ana"))
    bring(room, person("bo"))
    take_back(room, 1)
    with pytest.raises(Refused, match=f"undone already, on .* by {ADA}"):
        take_back(room, 1)
    with pytest.raises(NotFound, match="there is no import 3"):
        take_back(room, 3)
    room.clock.advance(days=91)
    with pytest.raises(Refused, match="older than 90 days"):
        take_back(room, 2)


def test_what_changed_is_kept_no_longer_than_it_can_be_undone(room: Newsroom) -> None:
    bring(room, person("ana", name="Ana"))
    bring(room, person("ana", name="Anna"))
    with room.store.read() as tx:
        kept = tx.data_exports.collect(1)["before_imports"]
    assert str(kept).count("'name': 'Ana'") == 1
    room.clock.advance(days=91)
    bring(room)
    with room.store.read() as tx:
        assert tx.data_exports.collect(1)["before_imports"] == []
    bring(room, person("ana", name="Ann"))
    forget("ana@example.org", by=ADA, store=room.store)
    with room.store.read() as tx:
        assert tx.db.value("SELECT count(*) FROM import_change") == 0


def acts(room: Newsroom) -> SubscriberActs:
    return SubscriberActs(store=room.store, actor=ADA, declared={"events"})


ACTS: dict[str, Callable[[Newsroom, int], object]] = {
    "one click": lambda room, one: leave(
        [LeaveLink(campaign_id=9, subscriber_id=one)], store=room.store
    ),
    "left everything": lambda room, one: leave_everything(
        LeaveLink(campaign_id=9, subscriber_id=one), store=room.store
    ),
    "another name": lambda room, one: save(
        Owner(subscriber_id=one, signed_at=room.clock.now()),
        PreferenceChange(details={"name": "Ann"}),
        shown={},
        language="en",
        closed=(),
        store=room.store,
    ),
    "a pause": lambda room, one: paused(room, one),
    "confirmed": lambda room, one: joined(room),
    "added by staff": lambda room, one: acts(room).add(person("ana", "events")),
    "unsubscribed by staff": lambda room, one: acts(room).unsubscribe("ana@example.org", ["press"]),
    "moved by staff": lambda room, one: acts(room).change_address(
        "ana@example.org", "ann@example.org"
    ),
    "suppressed by staff": lambda room, one: acts(room).suppress("ana@example.org"),
    "complained": lambda room, one: room.suppress("ana@example.org"),
    "asked for a link": lambda room, one: ask_for_link(
        one, host="192.0.2.1", language="en", source="a page", store=room.store
    ),
}


def paused(room: Newsroom, one: int) -> None:
    with room.store.begin() as tx:
        tx.choices.set_details(one, paused_until=room.clock.now() + timedelta(days=9))


def joined(room: Newsroom) -> None:
    with room.store.begin() as tx:
        tx.readers.join(person("ana"), tx.now)


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_who_acted_since_stays_as_they_are(
    room: Newsroom, act: Callable[[Newsroom, int], object]
) -> None:
    bring(room, person("ana"), person("bo"))
    act(room, 1)
    before = known(room)
    assert take_back(room, 1) == replace(NOTHING, removed=1, ended=1, acted=1)
    del before["bo"]
    assert known(room) == before


def test_what_a_person_said_before_they_moved_counts_at_their_new_address_once(
    room: Newsroom,
) -> None:
    bring(room, person("ana"), person("bo"))
    acts(room).change_address("ana@example.org", "new@example.org")
    assert bring(room, person("bo"), gone="ana@example.org").suppressed == 1
    with room.store.begin() as tx:
        reason = tx.readers.lift("new@example.org")
        assert reason is SuppressionReason.UNSUBSCRIBED
    assert bring(room, person("bo"), gone="ana@example.org").suppressed == 0
    with room.store.read() as tx:
        assert tx.readers.suppression_reason("new@example.org") is None, "they came back"


def test_the_end_of_a_pause_is_no_act_and_the_end_of_a_suppression_is(room: Newsroom) -> None:
    bring(room, person("ana", paused_until=room.clock.now() + timedelta(days=1)))
    bring(room, person("bo"), gone="bo@example.org")
    room.clock.advance(days=2)
    assert resume(store=room.store) == 1
    assert take_back(room, 1).removed == 1
    acts(room).lift("bo@example.org", reason="a slip")
    assert take_back(room, 2) == replace(NOTHING, acted=1)


def test_a_later_import_is_respected_unless_it_was_undone_too(room: Newsroom) -> None:
    bring(room, person("ana"), person("bo"))
    bring(room, person("ana"), person("cy"))
    assert take_back(room, 1) == replace(NOTHING, removed=1, ended=1, later=1)
    assert known(room) == {"ana": ("press",), "cy": ("press",)}
    bring(room, person("di"))
    bring(room, person("di", name="Di"))
    take_back(room, 4)
    assert take_back(room, 3).removed == 1


def test_who_got_something_since_stays_and_who_would_have_gets_nothing(room: Newsroom) -> None:
    bring(room, person("ana"))
    planned(room, "first")
    room.drain()
    bring(room, person("bo"), person("cy"))
    planned(room, "second")
    assert take_back(room, 2) == replace(NOTHING, removed=2, ended=2)
    room.drain()
    assert room.provider.accepted == ["ana@example.org"] * 2
    assert take_back(room, 1) == replace(NOTHING, sent=1)


def planned(room: Newsroom, slug: str) -> None:
    """A campaign that is sending, of which nothing has left."""
    room.write_and_approve(slug)
    room.look()
    assert len(room.start_due(minutes=5)) == 1


def test_no_address_in_a_files_name_stays_in_the_audit_log(room: Newsroom) -> None:
    number = bring(room, person("ana"), plan=replace(PLAN, file="for ana@example.org.csv")).number
    take_back(room, number)
    with room.store.read() as tx:
        logged = [one.subject for one in tx.audit.list_newest(3)]
        record = tx.imports.get(number)
    assert record is not None
    assert {*logged, record.file} == {"for …@example.org.csv"}
