"""Machines that share the sending share a generation; each has a guard file of its own."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from newsletter.domain.delivery.restore_guard import Absence, GuardRecord, HoldKind, Location
from newsletter.domain.delivery.worker import DEAD_AFTER, ProcessRole
from newsletter.domain.errors import Refused
from newsletter.pipeline.delivery.restore_guard import Guard
from newsletter.store.database import as_stored
from newsletter.store.file.guard_file import GuardFile
from newsletter.store.sql import Store
from tests.fakes import FixedClock, store_in
from tests.unit.pipeline.delivery.test_restore_guard import ADA
from tests.unit.pipeline.newsroom import Newsroom

Machine = Callable[[str], Guard]


@pytest.fixture
def store(tmp_path: Path, migrated: Path, clock: FixedClock) -> Store:
    """In a file of its own, in place of the database on a server."""
    return store_in(Path(shutil.copy(migrated, tmp_path / "newsletter.db")), clock)


@pytest.fixture
def machine(room: Newsroom, tmp_path: Path) -> Machine:
    """Name → the guard of that machine."""

    def of(name: str) -> Guard:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        file = GuardFile(folder / "epoch", tmp_path / "newsletter.db", shares_sending=True)
        names = room.guard().names
        return Guard(
            store=room.store,
            guard_file=file,
            names=names,
            shares_sending=True,
            waits=lambda: beat(room),
        )

    return of


def enter(room: Newsroom) -> None:
    with room.store.begin() as tx:
        tx.workers.enter(name="w", host="one", role=ProcessRole.WORKER, slots=1, at=tx.now)


def beat(room: Newsroom) -> None:
    """A second passes, and all who are at work give a sign of life."""
    room.clock.advance(seconds=1)
    with room.store.begin() as tx:
        for worker in tx.workers.all():
            tx.workers.beat(worker.id, tx.now)


def generation(room: Newsroom) -> str:
    with room.store.read() as tx:
        return tx.generation.mark().generation


def test_a_second_machine_joins_the_generation_while_the_first_is_at_work(
    room: Newsroom, machine: Machine
) -> None:
    machine("one").begin()
    first = generation(room)
    enter(room)
    machine("two").check_on_open()
    machine("two").begin()
    machine("one").begin()
    assert generation(room) == first
    one, two = (machine(name).guard_file.read() for name in ("one", "two"))
    assert isinstance(one, GuardRecord)
    assert isinstance(two, GuardRecord)
    assert one.mark == two.mark


def test_a_machine_without_a_record_stops_the_sending_where_none_is_at_work(
    room: Newsroom, machine: Machine
) -> None:
    machine("one").begin()
    enter(room)
    room.clock.advance(seconds=DEAD_AFTER.total_seconds())
    assert machine("two").guard_file.read() is Absence.MISSING
    machine("two").check_on_open()
    with pytest.raises(Refused, match="could confirm it, is missing"):
        machine("one").begin()


def test_a_copy_with_the_fresh_heartbeats_of_its_original_does_not_send(
    room: Newsroom, machine: Machine
) -> None:
    machine("one").begin()
    enter(room)
    copy = replace(machine("two"), waits=lambda: room.clock.advance(seconds=1))
    copy.check_on_open()
    with pytest.raises(Refused, match="could confirm it, is missing"):
        copy.begin()


def test_a_machine_that_knows_of_more_claims_stops_the_sending_of_all(
    room: Newsroom, machine: Machine
) -> None:
    one, two = machine("one"), machine("two")
    one.begin()
    enter(room)
    two.begin()
    two.guard_file.store_claim(7)  # the database that was put back has none
    machine("two").check_on_open()
    assert HoldKind.RESTORE_GUARD in one.holds()
    with pytest.raises(Refused, match="there were 7"):
        one.begin()


class Timeline:
    """The location of a database on a server, for the machine of a guard file."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.number = folder, 1

    def of(self, guard: Guard, name: str) -> Guard:
        def location(_: object) -> Location:
            return Location(file=7, machine="5" * 32, filesystem=f"{self.number:016}")

        file = GuardFile(self.folder / name / "epoch", "server", location, shares_sending=True)
        return replace(guard, guard_file=file)


@pytest.fixture
def timeline(tmp_path: Path) -> Timeline:
    return Timeline(tmp_path)


def waits(room: Newsroom) -> bool:
    """Return whether the workers wait until each machine has compared."""
    with room.store.read() as tx:
        return bool(tx.db.number("SELECT sends_from FROM restore_guard") > tx.now.timestamp() * 1e3)


@pytest.mark.parametrize("is_used_elsewhere", [True, False])
def test_a_replica_that_has_all_is_followed_whether_or_not_a_process_lives(
    room: Newsroom, machine: Machine, timeline: Timeline, is_used_elsewhere: bool
) -> None:
    one = timeline.of(machine("one"), "one")
    one.begin()
    enter(room)
    beat(room)
    timeline.number = 2
    if is_used_elsewhere:
        one.follow()
        assert waits(room)
        one.guard_file.flush(is_replica_checked=True)
    room.clock.advance(seconds=DEAD_AFTER.total_seconds())
    again = timeline.of(machine("one"), "one")
    again.check_on_open()
    again.begin()
    assert waits(room) is not is_used_elsewhere
    assert again.holds() == {}
    again.follow()  # the location is known by now
    assert room.deeds() == []


def test_a_copied_workspace_that_joined_knows_the_replica_too(
    room: Newsroom, machine: Machine, timeline: Timeline
) -> None:
    one, two = (timeline.of(machine(name), name) for name in ("one", "two"))
    one.begin()
    shutil.copy(timeline.folder / "one" / "epoch", timeline.folder / "two" / "epoch")
    for _ in range(2):  # as a service that serves pages alone is started
        two.check_on_open()
    timeline.number = 2
    two.check_on_open()
    assert one.holds() == {}


def test_a_claim_that_the_replica_lacks_is_missed_however_many_were_made_since(
    room: Newsroom, machine: Machine, timeline: Timeline
) -> None:
    one, two = (timeline.of(machine(name), name) for name in ("one", "two"))
    one.begin()
    enter(room)
    two.begin()
    two.guard_file.store_claim(1)
    timeline.number = 2
    one.follow()
    with room.store.begin() as tx:
        tx.db.change("UPDATE worker SET claims = 5")
    two.guard_file.flush()  # a tick comes first
    two.follow()
    two.guard_file.flush(is_replica_checked=True)
    two.follow()  # an absent or followed record raises no second alarm
    assert "knows of 0 claims, and there were 1:" in one.holds()[HoldKind.RESTORE_GUARD]
    timeline.of(machine("two"), "two").release(by=ADA, kinds={HoldKind.RESTORE_GUARD})
    for name in ("one", "two"):
        timeline.of(machine(name), name).begin()
    assert timeline.of(machine("three"), "three").follow() is None
    assert one.holds() == {}


@pytest.mark.parametrize("goes_on", [False, True])
def test_a_machine_that_used_the_former_server_after_a_release_is_seen_when_it_comes_back(
    room: Newsroom, machine: Machine, timeline: Timeline, goes_on: bool
) -> None:
    one, two = (timeline.of(machine(name), name) for name in ("one", "two"))
    one.begin()
    enter(room)
    two.begin()
    for each in (one, two):
        each.guard_file.store_claim(3, as_stored(room.clock.now()))  # the replica lacks it
    timeline.number = 2
    one.follow()
    one.release(by=ADA, kinds={HoldKind.RESTORE_GUARD})
    room.clock.advance(seconds=1)
    if goes_on:
        two.guard_file.store_claim(4, as_stored(room.clock.now()))
    two.follow()
    held = one.holds()
    if goes_on:
        assert "went on with the server before" in held[HoldKind.RESTORE_GUARD]
        one.release(by=ADA, kinds={HoldKind.RESTORE_GUARD})
        two.check_on_open()
    assert one.holds() == {}


def test_a_machine_that_went_on_between_two_releases_is_seen_when_it_comes_back(
    room: Newsroom, machine: Machine, timeline: Timeline
) -> None:
    one, two = (timeline.of(machine(name), name) for name in ("one", "two"))
    one.begin()
    enter(room)
    two.begin()
    one.guard_file.store_claim(3, as_stored(room.clock.now()))  # the replica lacks it
    for number in (2, 3):
        timeline.number = number
        timeline.of(machine("one"), "one").follow()
        with room.store.begin() as tx:
            tx.hold.put(HoldKind.RESTORE_GUARD, "r")
        one.release(by=ADA, kinds={HoldKind.RESTORE_GUARD})
        room.clock.advance(seconds=1)
        if number == 2:
            two.guard_file.store_claim(4, as_stored(room.clock.now()))
            room.clock.advance(seconds=1)
    for _ in range(2):  # a restart while sending is stopped is no other reason
        two.check_on_open()
    assert "went on with the server before" in one.holds()[HoldKind.RESTORE_GUARD]
    one.release(by=ADA, kinds={HoldKind.RESTORE_GUARD})
    two.check_on_open()
    two.begin()
    assert one.holds() == {}


def test_a_machine_at_work_joins_the_generation_after_a_release_and_follows_a_whole_replica(
    room: Newsroom, machine: Machine, timeline: Timeline
) -> None:
    one, two = (timeline.of(machine(name), name) for name in ("one", "two"))
    one.begin()
    enter(room)
    two.begin()
    two.guard_file.store_claim(7)
    timeline.number = 2
    two.follow()
    one.release(by=ADA, kinds={HoldKind.RESTORE_GUARD})
    beat(room)
    with room.store.read() as tx:
        mark = tx.generation.mark()
    two.guard_file.store_claim(mark.claims, as_stored(room.clock.now()), mark)
    two.guard_file.flush(is_replica_checked=True)
    timeline.number = 3  # it has every heartbeat
    with room.store.begin() as tx:
        tx.db.change("UPDATE restore_guard SET beat_at = :at", at=room.clock.now())
    two.follow()
    assert one.holds() == {}
    record = two.guard_file.read()
    assert isinstance(record, GuardRecord)
    assert (record.mark, record.before) == (mark, mark.generation)


def test_once_a_person_released_it_every_machine_goes_on(room: Newsroom, machine: Machine) -> None:
    first, two = machine("one"), machine("two")
    first.begin()
    enter(room)
    two.begin()
    before = generation(room)
    two.guard_file.store_claim(7)
    machine("two").check_on_open()
    machine("one").release(by=ADA, kinds={HoldKind.RESTORE_GUARD})
    assert generation(room) != before
    for name in ("one", "two"):
        machine(name).check_on_open()
        machine(name).begin()
    with room.store.read() as tx:
        assert not tx.hold.reasons()


def test_a_database_of_before_the_release_is_another_one(room: Newsroom, machine: Machine) -> None:
    machine("one").begin()
    before = generation(room)
    enter(room)
    with room.store.begin() as tx:
        tx.hold.put(HoldKind.RESTORE_GUARD, "r")
    machine("one").release(by=ADA, kinds={HoldKind.RESTORE_GUARD})
    with room.store.begin() as tx:
        tx.db.change("UPDATE restore_guard SET name = :name", name=before)
        tx.db.change("DELETE FROM meta WHERE key LIKE 'former%'")
    with pytest.raises(Refused, match="not the one that the last run worked on"):
        machine("one").begin()
