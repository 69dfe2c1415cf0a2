"""A folder that we wrote: whole files, no needless writes, and what is not ours stays as it is."""

import fcntl
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from newsletter.domain.errors import Refused
from newsletter.web.public.archive.files import LIST, BroughtUp, bring_up


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "site"


def build(folder: Path, **files: str) -> BroughtUp:
    """``a_b`` is the file ``b.html`` in the folder ``a``."""
    return bring_up(
        folder, {named(name): partial(str.encode, text) for name, text in files.items()}
    )


def named(name: str) -> str:
    return name.replace("_", "/") + ".html"


def held(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text("utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != LIST
    }


def test_what_did_not_change_is_not_written_again(folder: Path) -> None:
    first = build(folder, archive_a="A", index="1")
    assert (first.written, first.unchanged, first.removed) == (2, 0, 0)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    again = build(folder, archive_a="A", index="1")
    assert (again.written, again.unchanged, again.removed) == (0, 2, 0)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
    assert build(folder, archive_a="A", index="2").written == 1
    assert held(folder) == {"archive/a.html": "A", "index.html": "2"}


def test_what_is_not_wanted_any_more_goes_with_its_folder(folder: Path) -> None:
    build(folder, archive_a_x="A", archive_b_x="B", index="1")
    assert build(folder, index="1").removed == 2
    assert held(folder) == {"index.html": "1"}
    assert not (folder / "archive").exists()


def test_files_of_others_stay(folder: Path) -> None:
    build(folder, archive_a_x="A", index="1")
    theirs = folder / "archive" / "a" / "picture.png"
    theirs.write_text("P", "utf-8")
    (folder / "favicon.ico").write_text("F", "utf-8")
    build(folder, index="1")
    assert held(folder) == {
        "archive/a/picture.png": "P",
        "favicon.ico": "F",
        "index.html": "1",
    }


def test_what_somebody_changed_is_not_removed_but_named(folder: Path) -> None:
    build(folder, archive_a_x="A", archive_b_x="B", index="1")
    (folder / "archive/a/x.html").write_text("mine", "utf-8")
    (folder / "archive/b/x.html").unlink()
    done = build(folder, index="1")
    assert (done.removed, done.left) == (1, ("archive/a/x.html",))
    assert held(folder)["archive/a/x.html"] == "mine"
    assert build(folder, index="1").left == ()


def test_a_folder_that_is_not_ours_is_refused_untouched(folder: Path) -> None:
    folder.mkdir()
    (folder / "thesis.txt").write_text("T", "utf-8")
    with pytest.raises(Refused, match=r"is not empty, and was not written by .*an empty folder"):
        build(folder, index="1")
    assert held(folder) == {"thesis.txt": "T"}


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"files": ["a"]}', '{"files": {"../a.html": ""}}',
             '{"files": {"/etc/a.html": ""}}', '{"files": {"a.html": 1}}', '{"files": null}'],
)  # fmt: skip
def test_a_list_that_we_did_not_write_is_not_believed(folder: Path, text: str) -> None:
    folder.mkdir()
    (folder.parent / "a.html").write_text("outside", "utf-8")
    (folder / LIST).write_text(text, "utf-8")
    with pytest.raises(Refused, match="is not as we wrote it"):
        build(folder, index="1")
    assert held(folder) == {}
    assert (folder.parent / "a.html").read_text("utf-8") == "outside"


def test_a_file_of_another_in_the_way_is_named_and_nothing_is_changed(folder: Path) -> None:
    build(folder, index="1")
    (folder / "robots.html").write_text("mine", "utf-8")
    with pytest.raises(Refused, match=r"robots\.html is in the way"):
        build(folder, index="2", robots="ours")
    assert held(folder) == {"index.html": "1", "robots.html": "mine"}


def test_nothing_is_written_through_a_link_that_leads_out(folder: Path) -> None:
    outside = folder.parent / "outside"
    outside.mkdir()
    build(folder, archive_a="A")
    (folder / "archive").rename(folder.parent / "moved")
    (folder / "archive").symlink_to(outside)
    with pytest.raises(Refused, match="leads out of"):
        build(folder, archive_a="B")
    with pytest.raises(Refused, match="leads out of"):
        build(folder, archive_b="B")
    (outside / "a.html").write_text("A", "utf-8")
    assert build(folder, index="1").left == ("archive/a.html",)
    assert held(outside) == {"a.html": "A"}


def test_a_link_in_the_place_of_a_file_of_ours_is_replaced_and_not_followed(folder: Path) -> None:
    build(folder, index="1")
    other = folder.parent / "other.html"
    other.write_text("1", "utf-8")
    (folder / "index.html").unlink()
    (folder / "index.html").symlink_to(other)
    assert build(folder, index="1").written == 1
    assert not (folder / "index.html").is_symlink()
    build(folder, index="2")
    assert other.read_text("utf-8") == "1"


def test_a_build_that_was_cut_off_leaves_whole_files_and_is_taken_up_again(folder: Path) -> None:
    class Killed(BaseException):
        """What no handler of errors catches."""

    def die() -> bytes:
        raise Killed

    files: dict[str, Callable[[], bytes]] = {"a.html": lambda: b"A", "b.html": die}
    with pytest.raises(Killed):
        bring_up(folder, files)
    (folder / ".newsletter-archive.part").write_text("half a fi", "utf-8")
    assert build(folder, a="A", b="B").written == 1
    assert held(folder) == {"a.html": "A", "b.html": "B"}

    build(folder, c="C")
    assert held(folder) == {"c.html": "C"}


def test_one_that_was_cut_off_before_its_list_begins_anew(folder: Path) -> None:
    folder.mkdir()
    (folder / ".newsletter-archive.part").write_text("{", "utf-8")
    assert build(folder, index="1").written == 1
    assert held(folder) == {"index.html": "1"}


def test_two_builds_at_once_are_one_too_many(folder: Path) -> None:
    folder.mkdir()
    other = os.open(folder, os.O_RDONLY)
    fcntl.flock(other, fcntl.LOCK_EX)
    with pytest.raises(Refused, match="another build is at work"):
        build(folder, index="1")
    os.close(other)
    assert build(folder, index="1").written == 1


def test_everybody_may_read_what_is_written(folder: Path) -> None:
    build(folder, archive_a="A")
    assert (folder / "archive/a.html").stat().st_mode & 0o044 == 0o044 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
