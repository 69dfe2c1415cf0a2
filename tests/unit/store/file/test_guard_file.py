"""The file outside the database, and its stand-in in memory."""

import os
import shutil
import stat
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from newsletter.domain.delivery.restore_guard import Absence, GuardRecord, Location
from newsletter.domain.errors import Defect, Refused, StoreUnavailable
from newsletter.store.file.guard_file import (
    GuardFile,
    boot_id,
    device_id,
    filesystem_id,
    location_of,
    machine_id,
)
from tests.contracts.guard_file import WatermarkContract, record
from tests.fakes import MemoryWatermark
from tests.rows import rows


@pytest.fixture
def opened(path: Path) -> Iterator[Callable[[], GuardFile]]:
    """Opens the watermark of the database ``path``; all are closed in the end."""
    with ExitStack() as stack:

        def one() -> GuardFile:
            made = GuardFile(path.with_name("epoch"), path)
            stack.callback(made.close)
            return made

        yield one


@pytest.fixture
def file(path: Path) -> Path:
    return path.with_name("epoch")


class TestFileWatermark(WatermarkContract):
    @pytest.fixture
    def guard_file(self, opened: Callable[[], GuardFile]) -> GuardFile:
        return opened()

    @pytest.fixture
    def again(self, opened: Callable[[], GuardFile]) -> Callable[[], GuardFile]:
        return opened


class TestMemoryWatermark(WatermarkContract):
    @pytest.fixture
    def guard_file(self) -> MemoryWatermark:
        return MemoryWatermark()

    @pytest.fixture
    def again(self, guard_file: MemoryWatermark) -> Callable[[], GuardFile]:
        return lambda: guard_file


def test_it_is_readable_by_its_owner_alone_and_leaves_no_draft(
    opened: Callable[[], GuardFile], file: Path
) -> None:
    file.with_name("epoch.part").write_bytes(b"of a process that was cut off")
    opened().write(record())
    assert file.stat().st_mode & 0o777 == 0o600
    assert not file.with_name("epoch.part").exists()


def test_its_length_and_its_place_never_change(opened: Callable[[], GuardFile], file: Path) -> None:
    guard_file = opened()
    guard_file.write(record())
    before = file.stat()
    guard_file.store_claim(10**19)
    assert (file.stat().st_size, file.stat().st_ino) == (before.st_size, before.st_ino)


@pytest.mark.parametrize("length", [0, 1, 60, -1])
def test_a_file_cut_off_anywhere_is_unreadable(
    opened: Callable[[], GuardFile], file: Path, length: int
) -> None:
    opened().write(record())
    file.write_bytes(file.read_bytes()[:length])
    assert opened().read() is Absence.UNREADABLE


def test_any_changed_byte_makes_it_unreadable(opened: Callable[[], GuardFile], file: Path) -> None:
    opened().write(record(claims=12))
    whole = file.read_bytes()
    for place in range(len(whole)):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert opened().read() is Absence.UNREADABLE, place


def test_garbage_a_folder_and_what_may_not_be_read_are_unreadable(
    opened: Callable[[], GuardFile], file: Path
) -> None:
    file.write_bytes(os.urandom(5000))
    assert opened().read() is Absence.UNREADABLE
    file.unlink()
    file.mkdir()
    assert opened().read() is Absence.UNREADABLE


def test_a_copy_of_the_database_is_another_file(
    opened: Callable[[], GuardFile], path: Path
) -> None:
    copy = Path(shutil.copy(path, path.with_name("copy.db")))
    assert opened().location() != GuardFile(path.with_name("epoch"), copy).location()
    assert opened().location().file == path.stat().st_ino


def test_where_it_cannot_be_written_it_says_where_and_what_to_do(path: Path) -> None:
    guard_file = GuardFile(path.with_name("none") / "epoch", path)
    with pytest.raises(StoreUnavailable, match=r"none/epoch cannot be written: .*'epoch_file'"):
        guard_file.write(record())


def test_a_watermark_that_was_closed_notes_nothing_more(opened: Callable[[], GuardFile]) -> None:
    guard_file = opened()
    guard_file.write(record())
    guard_file.close()
    with pytest.raises(StoreUnavailable, match="cannot be written"):
        guard_file.store_claim(1)
    with pytest.raises(Refused, match="taken away"):
        guard_file.flush()


def names(file: Path) -> list[str]:
    return sorted(one.name for one in file.parent.glob("epoch*"))


def test_the_count_stands_in_a_name_too_since_the_last_look_or_the_end(
    opened: Callable[[], GuardFile], path: Path, file: Path
) -> None:
    guard_file = opened()
    guard_file.write(record(claims=3, file=path.stat().st_ino))
    assert names(file) == ["epoch", "epoch.3"]
    guard_file.store_claim(7)
    assert names(file) == ["epoch", "epoch.3"]
    guard_file.flush()
    assert names(file) == ["epoch", "epoch.7"]
    guard_file.store_claim(9)
    guard_file.close()
    assert names(file) == ["epoch", "epoch.9"]


def test_an_old_line_is_not_believed_where_a_name_knows_of_more(
    opened: Callable[[], GuardFile], file: Path
) -> None:
    guard_file = opened()
    guard_file.write(record(claims=3))
    old = file.read_bytes()
    guard_file.store_claim(7)
    guard_file.close()
    file.write_bytes(old)
    file.with_name("epoch.3").touch()
    file.with_name("epoch.part").touch()
    file.with_name("epoch.99x").touch()
    assert opened().read() == record(claims=7)

    opened().write(record(claims=8))
    assert names(file) == ["epoch", "epoch.8", "epoch.99x"]
    file.write_bytes(b"garbage")
    assert opened().read() is Absence.UNREADABLE


def test_a_look_at_what_stayed_in_its_place_finds_nothing(
    opened: Callable[[], GuardFile], path: Path
) -> None:
    guard_file = opened()
    with pytest.raises(Defect):
        guard_file.flush()
    guard_file.write(record(file=path.stat().st_ino))
    guard_file.store_claim(3)
    guard_file.flush()


def test_a_look_finds_that_the_file_was_taken_away(
    opened: Callable[[], GuardFile], path: Path, file: Path
) -> None:
    guard_file = opened()
    guard_file.write(record(file=path.stat().st_ino))
    file.unlink()
    with pytest.raises(Refused, match="epoch was taken away"):
        guard_file.flush()
    shutil.copy(path, file)
    with pytest.raises(Refused, match="epoch was taken away"):
        guard_file.flush()


def test_a_look_finds_another_database_in_the_location_of_this_one(
    opened: Callable[[], GuardFile], path: Path
) -> None:
    guard_file = opened()
    guard_file.write(record(file=path.stat().st_ino))
    copy = Path(shutil.copy(path, path.with_name("copy.db")))
    copy.replace(path)
    with pytest.raises(Refused, match=r"exchanged while it was at work: another file"):
        guard_file.flush()
    path.unlink()
    with pytest.raises(Refused, match="another file"):
        guard_file.flush()


class LossyDisk:
    """A disk that loses in a power cut all that no ``fsync`` stored.

    Of a file it has the bytes of its last ``fsync``, of a folder the names. It does not
    show that a real disk keeps its word.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._bytes: dict[int, bytes] = {}
        self._names: dict[str, int] = {}
        self._flush_names()

    def fsync(self, descriptor: int) -> None:
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            self._flush_names()
        else:
            self._bytes[status.st_ino] = os.pread(descriptor, 1 << 20, 0)

    def _flush_names(self) -> None:
        self._names = {file.name: file.stat().st_ino for file in self._folder.iterdir()}

    def cut(self) -> None:
        """The power goes, and comes back."""
        for file in self._folder.iterdir():
            file.unlink()
        for name, inode in self._names.items():
            (self._folder / name).write_bytes(self._bytes.get(inode, b""))


@pytest.fixture
def disk(tmp_path: Path) -> LossyDisk:
    folder = tmp_path / "outside"
    folder.mkdir()
    return LossyDisk(folder)


def test_a_generation_that_began_outlives_a_power_cut(
    path: Path, tmp_path: Path, disk: LossyDisk
) -> None:
    """Else an older file would be there again, and a copy of the database that fits it sends."""
    guard_file = GuardFile(tmp_path / "outside" / "epoch", path, fsync=disk.fsync)
    for written in (record(1), record(7), record(9)):
        guard_file.write(written)
        there = {file.name: file.read_bytes() for file in (tmp_path / "outside").iterdir()}
        disk.cut()
        assert guard_file.read() == written
        assert {file.name for file in (tmp_path / "outside").iterdir()} == set(there)
    guard_file.close()


def test_what_a_look_flushed_outlives_a_power_cut(
    path: Path, tmp_path: Path, disk: LossyDisk
) -> None:
    guard_file = GuardFile(tmp_path / "outside" / "epoch", path, fsync=disk.fsync)
    guard_file.write(replace(record(1), location=location_of(path)))
    guard_file.store_claim(7)
    guard_file.flush()
    guard_file.store_claim(8)
    guard_file.close()
    disk.cut()
    seen = guard_file.read()
    assert isinstance(seen, GuardRecord)
    assert seen.mark.claims == 7, "to lag behind by what was not flushed is no alarm"


def test_a_file_is_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "newsletter.db"
    path.touch()
    first, again = location_of(path), location_of(path)
    assert first == again
    assert first.file == path.stat().st_ino
    assert first.find_move(again) == ""


@rows(
    ["content", "known"],
    [("0123456789abcdef" * 2 + "\n", True), ("uninitialized\n", False), ("", False), ("é", False)],
)
def test_only_what_systemd_made_names_a_machine_and_it_is_not_told(
    tmp_path: Path, content: str, known: bool
) -> None:
    file = tmp_path / "machine-id"
    file.write_text(content, "utf-8")
    named = machine_id([tmp_path / "none", file], library=object())
    assert bool(named) is known
    assert named == "" or content.strip() != named
    assert named == machine_id([file], library=object())


class Library:
    """The calls of macOS."""

    def __init__(self, fails: int = 0) -> None:
        self._fails = fails

    def gethostuuid(self, found: Any, _patience: Any) -> int:
        found.raw = uuid.UUID(int=5).bytes
        return self._fails


def test_a_mac_is_asked_for_its_own_name() -> None:
    assert len(machine_id([], library=Library())) == 32
    assert machine_id([], library=Library(fails=1)) == ""


def test_a_boot_has_a_name_where_the_system_gives_it(tmp_path: Path) -> None:
    file = tmp_path / "boot_id"
    assert boot_id(file) == ""
    file.write_text(f"{uuid.uuid4()}\n")
    assert len(boot_id(file)) == 32


def test_the_number_of_a_device_is_no_name_of_a_file_system() -> None:
    disk = os.makedev(253, 700)
    packed = (700 & 0xFF) | (253 << 8) | ((700 & ~0xFF) << 12)
    assert filesystem_id(0, disk) == ""
    assert filesystem_id(packed, disk) == "", "XFS"
    assert filesystem_id(disk, disk) == "", "macOS"
    assert filesystem_id(0x327AFDEEBCCB4D41, disk) == "327afdeebccb4d41"


def test_a_file_system_without_a_disk_has_another_number_with_each_mount() -> None:
    assert device_id(os.makedev(0, 57)) == ""
    assert len(device_id(os.makedev(254, 0))) == 16


def test_processes_of_one_folder_share_the_file_and_follow_one_another(path: Path) -> None:
    one, other = (GuardFile(path.with_name("epoch"), path, shares_sending=True) for _ in range(2))
    one.write(record(claims=4, file=path.stat().st_ino))
    other.write(record(claims=4, file=path.stat().st_ino))  # in the place of the first file
    one.flush()
    one.store_claim(9)
    assert other.read() == record(claims=9, file=path.stat().st_ino)
    one.close()
    other.close()


def test_a_process_at_work_follows_a_replica_of_its_server_and_no_other_database(
    path: Path,
) -> None:
    first = Location(file=7, machine="a" * 32, filesystem="1" * 16)
    elsewhere, replica = replace(first, machine="b" * 32), replace(first, filesystem="2" * 16)
    places = [first]
    file = GuardFile(path.with_name("epoch"), "server", lambda _: places[-1], shares_sending=True)
    file.write(replace(record(claims=4), location=first))
    for place, is_checked, followed in (
        (elsewhere, True, first),
        (replica, False, first),
        (replica, True, replica),
    ):
        places.append(place)
        file.flush(is_replica_checked=is_checked)
        found = file.read()
        assert isinstance(found, GuardRecord)
        assert replace(found.location, host="") == followed
    file.close()
    alone = GuardFile(path.with_name("alone"), "server", lambda _: places[-1])
    alone.write(replace(record(claims=4), location=first))
    with pytest.raises(Refused, match="a replica took over"):
        alone.flush()
    alone.close()
