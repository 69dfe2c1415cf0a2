"""Where a database lies, as far as the system tells."""

import os
import uuid
from pathlib import Path
from typing import Any

import pytest

from newsletter.domain.delivery.restore_guard import Location
from newsletter.store.file.guard_file import boot, device, filesystem, location_of, machine

HERE = Location(file=7, machine="m" * 32, filesystem="f" * 16, boot="b" * 32, device="d" * 16)


def test_a_file_is_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "newsletter.db"
    path.touch()
    first, again = location_of(path), location_of(path)
    assert first == again
    assert first.file == path.stat().st_ino
    assert first.moved_from(again) == ""


@pytest.mark.parametrize(
    ("content", "known"),
    [("0123456789abcdef" * 2 + "\n", True), ("uninitialized\n", False), ("", False), ("é", False)],
)
def test_only_what_systemd_made_names_a_machine_and_it_is_not_told(
    tmp_path: Path, content: str, known: bool
) -> None:
    file = tmp_path / "machine-id"
    file.write_text(content, "utf-8")
    named = machine([tmp_path / "none", file], library=object())
    assert bool(named) is known
    assert named == "" or content.strip() != named
    assert named == machine([file], library=object())


class Library:
    """What macOS offers."""

    def __init__(self, fails: int = 0) -> None:
        self._fails = fails

    def gethostuuid(self, found: Any, _patience: Any) -> int:
        found.raw = uuid.UUID(int=5).bytes
        return self._fails


def test_a_mac_is_asked_for_its_own_name() -> None:
    assert len(machine([], library=Library())) == 32
    assert machine([], library=Library(fails=1)) == ""


def test_a_boot_has_a_name_where_the_system_gives_it(tmp_path: Path) -> None:
    file = tmp_path / "boot_id"
    assert boot(file) == ""
    file.write_text(f"{uuid.uuid4()}\n")
    assert len(boot(file)) == 32


def test_the_number_of_a_device_is_no_name_of_a_file_system() -> None:
    disk = os.makedev(253, 700)
    packed = (700 & 0xFF) | (253 << 8) | ((700 & ~0xFF) << 12)
    assert filesystem(0, disk) == ""
    assert filesystem(packed, disk) == "", "XFS"
    assert filesystem(disk, disk) == "", "macOS"
    assert filesystem(0x327AFDEEBCCB4D41, disk) == "327afdeebccb4d41"


def test_a_file_system_without_a_disk_has_another_number_with_each_mount() -> None:
    assert device(os.makedev(0, 57)) == ""
    assert len(device(os.makedev(254, 0))) == 16
