"""A file that is written appears whole or not at all."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from newsletter.formats.files import write_file


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond a size, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("is_new", [True, False])
def test_without_room_the_path_is_named_and_nothing_half_is_left(
    tmp_path: Path, is_new: bool
) -> None:
    path = tmp_path / "a.txt"
    with room_for(3), pytest.raises(OSError, match=r"too large: '.*/a\.txt'"):
        write_file(path, b"four", is_new=is_new)
    assert not [*tmp_path.iterdir()]


def test_without_room_a_file_that_was_there_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with room_for(3), pytest.raises(OSError, match="too large"):
        write_file(path, b"four")
    with pytest.raises(FileExistsError):
        write_file(path, b"new", is_new=True)
    assert [each.read_text() for each in tmp_path.iterdir()] == ["old"]


def test_a_file_is_replaced_behind_its_link_with_its_rights(tmp_path: Path) -> None:
    path, link = tmp_path / "a.txt", tmp_path / "link"
    path.touch(0o640)
    link.symlink_to(path)
    write_file(link, b"new")
    assert (link.is_symlink(), path.read_text()) == (True, "new")
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_rename_that_fails_names_the_path_too(tmp_path: Path) -> None:
    (tmp_path / "folder" / "in it").mkdir(parents=True)
    with pytest.raises(OSError, match=r"directory: '.*/folder'"):
        write_file(tmp_path / "folder", b"text")
    assert [each.name for each in tmp_path.iterdir()] == ["folder"]
