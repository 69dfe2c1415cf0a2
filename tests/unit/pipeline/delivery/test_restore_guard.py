"""The hold over a whole workspace."""

import random
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from newsletter.domain.campaigns.campaign import Counts
from newsletter.domain.delivery.restore_guard import Absence, GuardRecord, HoldKind, Location, Mark
from newsletter.domain.errors import InvalidInput, Outdated, Refused, StoreUnavailable
from newsletter.domain.staff.account import Session
from newsletter.domain.subscribers.audience import Entry
from newsletter.pipeline.delivery.restore_guard import Guard
from newsletter.store.file.copies import backup
from newsletter.store.file.guard_file import GuardFile, location_of
from newsletter.store.sql import Store
from tests.contracts.store_accounts import TOKEN
from tests.fakes import NOON, FixedClock, MemoryWatermark, store_in
from tests.unit.pipeline.newsroom import BalancedStore, Newsroom

SEED = 20110921
ADA = "ada@forum.example"


@pytest.fixture
def store(tmp_path: Path, migrated: Path, clock: FixedClock) -> Iterator[Store]:
    """On a disk, in a file of its own, which these tests copy and restore."""
    store = reopened(Path(shutil.copy(migrated, tmp_path / "newsletter.db")), clock)
    yield store
    store.close()


@pytest.fixture
def guard_file(tmp_path: Path) -> Iterator[GuardFile]:
    """The file next to the database of ``store``."""
    guard_file = GuardFile(tmp_path / "epoch", tmp_path / "newsletter.db")
    yield guard_file
    guard_file.close()


@pytest.fixture
def room(room: Newsroom, guard_file: GuardFile) -> Newsroom:
    room.guard_file = guard_file
    return room


def refusal(room: Newsroom, store: Store | None = None) -> str:
    with pytest.raises(Refused) as caught:
        room.guard(store).begin()
    return str(caught.value)


def test_a_stop_says_who_when_and_why_and_what_to_do(room: Newsroom) -> None:
    room.guard().begin()
    kept = room.guard().stop(by=ADA, reason="wrong figures")
    assert kept == f"stopped by {ADA} (wrong figures) on 2026-11-24 12:00 UTC"
    assert room.guard().holds() == {HoldKind.STOP: kept}
    said = refusal(room)
    assert kept in said
    assert "'newsletter resume-sending --by EMAIL' resumes it" in said
    assert room.deeds()[-1] == (ADA, "hold")


def test_a_stop_without_a_reason_needs_none(room: Newsroom) -> None:
    assert room.guard().stop(by=ADA, reason=" ") == f"stopped by {ADA} on 2026-11-24 12:00 UTC"
    kept = room.guard().stop(by=ADA, reason="wrong\nfigures\n")
    assert f"(wrong figures; stopped by {ADA} on " in kept
    assert room.guard().stop(by=ADA, reason="") == kept


def test_the_reasons_of_stops_have_bounds(room: Newsroom) -> None:
    for reason in ("r" * 201, "wrong\x1b[2J"):
        with pytest.raises(InvalidInput, match="at most 200 visible characters"):
            room.guard().stop(by=ADA, reason=reason)
    assert room.guard().holds() == {}
    kept = max((room.guard().stop(by=ADA, reason=f"{n} " + "r" * 190) for n in range(20)), key=len)
    assert 2_000 < len(kept) < 2_500


def test_nothing_is_handed_over_after_a_stop_and_all_of_it_after_the_release(
    room: Newsroom,
) -> None:
    room.guard().begin()
    room.start(25)
    room.dispatch()
    kept = room.guard().stop(by=ADA, reason="")
    assert room.drain() == 0
    assert room.counts() == Counts(accepted=10, pending=15)

    with pytest.raises(Outdated):
        room.guard().release(by=ADA, kinds={HoldKind.STOP}, shown="another reason")
    lifted = room.guard().release(by=ADA, kinds={HoldKind.STOP}, shown=kept)

    assert lifted == {HoldKind.STOP: kept}
    assert room.deeds()[-1] == (ADA, "release")
    assert room.drain() == 2
    assert room.counts() == Counts(accepted=25)
    assert room.guard().release(by=ADA, kinds=set(HoldKind)) == {}


def test_only_the_holds_that_are_named_are_lifted(room: Newsroom) -> None:
    room.guard().stop(by=ADA, reason="")
    with room.store.begin() as tx:
        tx.hold.put(HoldKind.RESTORE_GUARD, "restored")
    room.guard().release(by=ADA, kinds={HoldKind.STOP})
    assert room.guard().holds() == {HoldKind.RESTORE_GUARD: "restored"}
    room.guard().stop(by=ADA, reason="")
    assert room.guard().release(by=ADA, kinds={HoldKind.RESTORE_GUARD}) == {
        HoldKind.RESTORE_GUARD: "restored"
    }
    assert HoldKind.STOP in room.guard().holds()


def test_each_run_begins_an_epoch_in_both_places(
    room: Newsroom, guard_file: GuardFile, tmp_path: Path
) -> None:
    place = location_of(tmp_path / "newsletter.db")
    for number in (1, 2, 3):
        room.guard().begin()
        mark = Mark(generation=f"{number:032x}", claims=0)
        assert guard_file.read() == GuardRecord(mark=mark, before=mark.generation, location=place)
        with room.store.read() as tx:
            assert tx.generation.mark() == mark
    assert room.guard().holds() == {}


class Stopped(BaseException):
    """The end of the process."""


class Dying(MemoryWatermark):
    """Ends the process after, or before, so many writings."""

    writings = 1000
    after = True

    def write(self, record: GuardRecord) -> None:
        self.writings -= 1
        if not self.after and not self.writings:
            raise Stopped
        super().write(record)
        if not self.writings:
            raise Stopped


@pytest.mark.parametrize("after", [True, False])
@pytest.mark.parametrize("writings", [1, 2])
def test_a_process_that_dies_while_an_epoch_begins_leaves_no_doubt(
    room: Newsroom, writings: int, after: bool
) -> None:
    guard_file = Dying()
    room.guard_file = guard_file
    for _ in range(3):
        guard_file.writings, guard_file.after = writings, after
        with pytest.raises(Stopped):
            room.guard().begin()
        assert room.guard().holds() == {}
        guard_file.writings = 1000
        room.guard().begin()


@pytest.mark.parametrize("after", [True, False])
@pytest.mark.parametrize("writings", [1, 2])
def test_a_release_that_is_cut_off_stays_a_hold_or_is_whole(
    room: Newsroom, writings: int, after: bool
) -> None:
    guard_file = Dying()
    room.guard_file = guard_file
    room.guard().begin()
    guard_file.store_claim(7)
    assert "there were 7" in refusal(room)
    guard_file.writings, guard_file.after = writings, after
    with pytest.raises(Stopped):
        room.guard().release(by=ADA, kinds={HoldKind.RESTORE_GUARD})
    guard_file.writings = 1000
    if writings == 1:
        assert "there were 7" in refusal(room)
        room.guard().release(by=ADA, kinds={HoldKind.RESTORE_GUARD})
    room.guard().begin()


class GlancedAt:
    """A store in which a run begins just before it is read for the first time."""

    def __init__(self, room: Newsroom) -> None:
        self._room = room
        self._first = True
        self.begin = room.store.begin
        self.clock = room.clock

    @contextmanager
    def read(self) -> Iterator[Any]:
        if self._first:
            self._first = False
            self._room.guard().begin()
        with self._room.store.read() as tx:
            yield tx


def test_a_run_that_begins_between_two_glances_is_no_doubt(room: Newsroom) -> None:
    room.guard().begin()

    assert room.guard(GlancedAt(room)).holds() == {}


def test_a_doubt_is_kept_entered_in_the_log_and_told_once_more(
    room: Newsroom, guard_file: GuardFile, tmp_path: Path
) -> None:
    room.guard().begin()
    room.start(5)
    (tmp_path / "epoch").unlink()
    assert "is missing" in room.guard().holds()[HoldKind.RESTORE_GUARD]
    first = refusal(room)
    assert "sending is stopped, nothing leaves: this database knows of 0 claims" in first
    assert "compare 'newsletter campaign list' and 'newsletter statement list' with the" in first
    assert "cancel what has gone, or revoke it where it has no campaign here" in first
    assert first.count("this database knows of 0 claims") == 1
    assert refusal(room) == first
    assert room.deeds()[-1] == ("scheduler", "hold")
    assert guard_file.read() is Absence.MISSING
    assert room.drain() == 0


def test_a_doubt_signs_everybody_out(room: Newsroom, tmp_path: Path) -> None:
    room.guard().begin()
    now = room.clock.now()
    with room.store.begin() as tx:
        tx.sessions.begin(Session(hash=b"h", address=ADA, created_at=now, seen_at=now))
        tx.tokens.add(TOKEN, b"t")
    (tmp_path / "epoch").unlink()
    room.guard().check_on_open()
    with room.store.read() as tx:
        assert tx.sessions.get(b"h") is None
        assert tx.tokens.list_newest(1)[0].revoked_at is not None


def test_a_doubt_that_no_run_has_seen_yet_can_be_lifted_too(room: Newsroom, tmp_path: Path) -> None:
    room.guard().begin()
    (tmp_path / "epoch").write_bytes(b"garbage")
    [reason] = room.guard().release(by=ADA, kinds=set(room.guard().holds())).values()
    assert "cannot be read" in reason
    room.guard().begin()


def test_a_restored_database_says_also_what_the_outside_knows(
    room: Newsroom, guard_file: GuardFile
) -> None:
    room.guard().begin()
    guard_file.store_claim(3)
    with room.store.begin() as tx:
        tx.hold.put(HoldKind.RESTORE_GUARD, "restored on Monday")
    said = refusal(room)
    assert "there were 3: what went out with the last 3 is not in it. restored on Monday;" in said
    room.guard().release(by=ADA, kinds={HoldKind.RESTORE_GUARD})
    room.guard().begin()
    with room.store.read() as tx:
        assert tx.generation.mark().claims == 3


def by_cp(copy: Path, database: Path) -> None:
    shutil.copyfile(copy, database)


def by_mv(copy: Path, database: Path) -> None:
    shutil.copyfile(copy, database.with_name("incoming"))
    database.with_name("incoming").replace(database)


def by_sqlite(copy: Path, database: Path) -> None:
    with closing(sqlite3.connect(copy)) as old, closing(sqlite3.connect(database)) as new:
        old.backup(new)


def reopened(database: Path, clock: FixedClock) -> Store:
    return store_in(database, clock)


@pytest.mark.slow("a restore of each age")
@pytest.mark.parametrize("restores", [12, pytest.param(200, marks=pytest.mark.faults)])
def test_restores_of_any_age_hand_nothing_over_and_go_on_when_released(
    room: Newsroom, store: Store, tmp_path: Path, restores: int
) -> None:
    chance = random.Random(SEED)  # noqa: S311 - a test that is the same each time
    database = tmp_path / "newsletter.db"
    ages = aged(room, database, tmp_path)
    accepted = sorted(room.provider.accepted)
    assert len(accepted) == len(set(accepted)) == 400
    store.close()
    ways: list[Callable[[Path, Path], None]] = [by_cp, by_mv, by_sqlite]

    for _ in range(restores):
        chance.choice(ways)(chance.choice(ages), database)
        old = reopened(database, room.clock)
        room.store = BalancedStore(old)
        said = refusal(room)
        assert re.search(r"knows of \d+ claims, and there were \d+", said)
        assert room.drain() == 0
        room.recover()
        room.hand().cancel("resignation")
        room.guard().release(by=ADA, kinds={HoldKind.RESTORE_GUARD})
        room.guard().begin()
        assert room.drain() == 0
        old.close()
    assert sorted(room.provider.accepted) == accepted


def aged(room: Newsroom, database: Path, folder: Path) -> list[Path]:
    """Send a campaign of forty batches in four runs; returns a copy of the database before each."""
    room.start(400)
    ages = []
    for number in range(40):
        if number % 10 == 0:
            room.guard().begin()
        ages.append(folder / f"age{number}.db")
        backup(database, ages[-1])
        room.dispatch()
    assert room.drain() == 0
    return ages


def ids(room: Newsroom, address: str) -> int:
    with room.store.begin() as tx:
        tx.readers.upsert([Entry(address=address, lists=("press",))], NOON)
        person = tx.readers.find(address)
    return person.id


def test_a_new_database_is_marked_when_it_is_opened_and_its_first_run_goes_on(
    room: Newsroom, guard_file: GuardFile
) -> None:
    room.guard().check_on_open()
    first = guard_file.read()
    assert isinstance(first, GuardRecord)
    room.guard().check_on_open()
    assert guard_file.read() == first
    assert room.deeds() == []
    room.guard().begin()


def test_two_copies_of_one_disk_are_told_apart(room: Newsroom, tmp_path: Path) -> None:
    """The same bytes under the same inode, as a clone of the disk has them."""
    database = tmp_path / "newsletter.db"
    here = Location(file=7, machine="a" * 32, filesystem="f" * 16, boot="b" * 32, device="1" * 16)

    def at(location: Location) -> Guard:
        return replace(
            room.guard(),
            guard_file=GuardFile(tmp_path / "epoch", database, location_of=lambda _: location),
        )

    at(here).check_on_open()
    at(here).begin()
    for other in (replace(here, machine="c" * 32), replace(here, device="2" * 16)):
        assert "is on another" in at(other).holds()[HoldKind.RESTORE_GUARD]
    started_anew = replace(here, boot="d" * 32, device="2" * 16)
    assert at(started_anew).holds() == {}


@pytest.mark.parametrize("outside", [False, True])
def test_a_workspace_put_back_in_place_is_seen_by_a_file_outside_it_alone(
    migrated: Path, tmp_path: Path, clock: FixedClock, outside: bool
) -> None:
    """As ``rsync --inplace --delete`` does, or a volume that is rolled back."""
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    database = Path(shutil.copy(migrated, workspace / "newsletter.db"))
    guard_file = (tmp_path if outside else workspace) / "epoch"

    @contextmanager
    def opened() -> Iterator[Newsroom]:
        store = reopened(database, clock)
        room = Newsroom(BalancedStore(store))
        room.guard_file = GuardFile(guard_file, database)
        yield room
        room.guard_file.close()
        store.close()

    with opened() as room:
        room.guard().begin()
        room.start(25)
        room.dispatch()
    kept = {file: file.read_bytes() for file in workspace.iterdir()}
    with opened() as room:
        room.guard().begin()
        assert room.drain() == 2

    for file in set(workspace.iterdir()) - kept.keys():
        file.unlink()
    for file, content in kept.items():
        file.touch()
        with file.open("r+b") as there:  # the same inode
            there.truncate()
            there.write(content)
    with opened() as room:
        if outside:
            assert "claims, and there were 3" in refusal(room)
        else:
            room.guard().begin()  # the limit that README names


def test_what_is_in_doubt_gives_no_number_again_before_anybody_is_answered(
    room: Newsroom, guard_file: GuardFile
) -> None:
    room.guard().begin()
    before = ids(room, "ana@example.org")
    guard_file.store_claim(3)
    room.guard().check_on_open()
    assert ids(room, "bo@example.org") > before + 1_000_000
    assert HoldKind.RESTORE_GUARD in room.guard().holds()
    assert room.deeds()[-1] == ("scheduler", "hold")


def test_where_the_outside_cannot_be_written_no_epoch_begins(room: Newsroom) -> None:
    guard_file = MemoryWatermark()
    guard_file.full = True
    room.guard_file = guard_file
    room.guard().check_on_open()
    with room.store.read() as tx:
        assert tx.generation.mark() == Mark()
    with pytest.raises(StoreUnavailable):
        room.guard().begin()


def test_a_run_that_begins_while_somebody_opens_the_workspace_is_no_doubt(room: Newsroom) -> None:
    room.guard().begin()
    room.guard(GlancedAt(room)).check_on_open()
    assert room.guard().holds() == {}
    assert room.deeds() == []


class MarkedMeanwhile(GlancedAt):
    """A store whose first epoch another process begins after the first glance."""

    @contextmanager
    def read(self) -> Iterator[Any]:
        with self._room.store.read() as tx:
            yield tx
        if self._first:
            self._first = False
            self._room.guard().check_on_open()


def test_two_that_open_a_new_database_at_once_begin_one_epoch(room: Newsroom) -> None:
    room.guard(MarkedMeanwhile(room)).check_on_open()
    with room.store.read() as tx:
        assert tx.generation.mark().generation == f"{1:032x}"


def test_to_release_writes_down_what_the_log_lacks(room: Newsroom, guard_file: GuardFile) -> None:
    room.guard().begin()
    room.guard().stop(by=ADA, reason="")
    with room.store.begin() as tx:
        tx.db.change("DELETE FROM audit")
    guard_file.store_claim(3)
    room.guard().check_on_open()
    room.guard().release(by=ADA, kinds=set(HoldKind))
    assert [deed for _, deed in room.deeds()] == ["hold", "release", "release", "gap"]
    with room.store.read() as tx:
        assert tx.audit.verify().number == 4
