"""What is for its owner alone."""

import stat
from pathlib import Path

import pytest

from newsletter.runtime.keys import close_off, kept_in, made_with, open_to_others, private


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_is_made_in_private_is_so_from_the_beginning_and_only_there(tmp_path: Path) -> None:
    with made_with(0o022):
        with private() as before, (tmp_path / "kept").open("w"):
            assert before == 0o022
            (tmp_path / "folder").mkdir()
            with made_with(before):
                (tmp_path / "shown").touch()
        (tmp_path / "after").touch()
    assert [mode(tmp_path / name) for name in ("kept", "folder", "shown", "after")] == [
        0o600,
        0o700,
        0o644,
        0o644,
    ]


def test_what_was_left_open_is_shut_and_nothing_else(tmp_path: Path) -> None:
    state = tmp_path / "var"
    (state / "outbox").mkdir(parents=True)
    (state / "outbox" / "old.eml").touch(0o644)
    (state / "key").symlink_to(tmp_path / "newsletter.yaml")
    elsewhere = tmp_path / "newsletter.db"
    for name in ("newsletter.db", "newsletter.db-wal", "newsletter.db.before-x", "newsletter.yaml"):
        (tmp_path / name).touch(0o644)
    tmp_path.chmod(0o755)

    paths = kept_in(state, elsewhere, tmp_path / "none")
    named = {path.name for path in open_to_others(paths)}
    close_off(paths)

    assert named == {
        "var",
        "outbox",
        "newsletter.db",
        "newsletter.db-wal",
        "newsletter.db.before-x",
    }
    assert open_to_others(paths) == []
    assert (mode(state), mode(elsewhere)) == (0o700, 0o600)
    assert (mode(tmp_path), mode(tmp_path / "newsletter.yaml")) == (0o755, 0o644)


def test_a_folder_that_is_not_there_yet_holds_nothing(tmp_path: Path) -> None:
    missing = kept_in(tmp_path / "var")
    assert open_to_others(missing) == []
    close_off(missing)


@pytest.mark.parametrize("before", [0o644, 0o600, 0o755])
def test_the_owners_rights_stay(tmp_path: Path, before: int) -> None:
    path = tmp_path / "file"
    path.touch()
    path.chmod(before)
    close_off([path])
    assert mode(path) == before & 0o700
