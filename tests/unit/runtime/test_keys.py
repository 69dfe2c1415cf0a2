"""The workspace's own keys, and the clock."""

import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, timedelta
from pathlib import Path

import pytest

from newsletter.domain.errors import InvalidInput, NotFound, Refused
from newsletter.runtime.clock import SystemClock
from newsletter.runtime.keys import (
    add_link_key,
    fingerprint,
    load_keys,
    load_link_keys,
    open_to_others,
    private,
    private_files,
    remove_other_rights,
    with_umask,
)
from newsletter.runtime.services import open_workspace
from tests.fakes import FixedClock
from tests.pages import forum
from tests.rows import rows

KEY = b"k" * 32


def test_a_key_is_made_once_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "links"
    [key] = load_keys(path)
    assert len(key) == 32
    assert load_keys(path) == (key,)


def test_a_new_key_retires_all_others_in_their_places(tmp_path: Path) -> None:
    path = tmp_path / "links"
    [first] = load_keys(path)
    assert load_link_keys(path) == ((first,), frozenset())
    assert add_link_key(path) == 2
    assert add_link_key(path) == 3
    keys, retired = load_link_keys(path)
    assert (keys[0], len(set(keys)), retired) == (first, 3, {0, 1})
    assert [one.name for one in tmp_path.iterdir()] == ["links"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_new_key_is_added_to_the_file_that_a_link_leads_to(tmp_path: Path) -> None:
    file, link = tmp_path / "secrets", tmp_path / "links"
    load_keys(file)
    link.symlink_to(file)
    add_link_key(link)
    assert link.is_symlink()
    assert len(load_link_keys(file)[0]) == 2


def test_more_keys_than_links_can_tell_apart_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "links"
    path.write_text("ab" * 32 + "\n" + ("cd" * 32 + "\n") * 255)
    with pytest.raises(Refused):
        add_link_key(path)


def test_a_file_whose_last_key_is_retired_signs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "links"
    path.write_text("ab" * 32 + " retired\n")
    with pytest.raises(InvalidInput, match="last key signs"):
        load_link_keys(path)


def test_two_workspaces_have_different_keys(tmp_path: Path) -> None:
    assert load_keys(tmp_path / "a") != load_keys(tmp_path / "b")


def test_processes_that_make_a_key_at_once_have_the_same(tmp_path: Path) -> None:
    for turn in range(50):
        with ThreadPoolExecutor(8) as pool:
            made = set(pool.map(load_keys, [tmp_path / str(turn) / "links"] * 8))
        assert len(made) == 1
        assert [path.name for path in (tmp_path / str(turn)).iterdir()] == ["links"]


def test_only_the_owner_can_read_the_key_and_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "links"
    load_keys(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_key_that_was_added_comes_last(tmp_path: Path) -> None:
    path = tmp_path / "links"
    [old] = load_keys(path)
    with path.open("a") as file:
        file.write("ab" * 32 + "\n")
    assert load_keys(path) == (old, bytes.fromhex("ab" * 32))


@rows(
    ("content", "place"),
    [
        (b"ab" * 31 + b"\n", ":1"),
        (b"ab" * 33 + b"\n", ":1"),
        (b"not a key\n", ":1"),
        (b"ab" * 32 + b"\n" + b"xy" * 32 + b"\n", ":2"),
        (b"\xff\xfe" * 32, ":1"),
        (b"\x00" * 64, ":1"),
    ],
)
def test_a_damaged_key_is_named_with_its_line(tmp_path: Path, content: bytes, place: str) -> None:
    path = tmp_path / "links"
    path.write_bytes(content)
    with pytest.raises(InvalidInput) as caught:
        load_keys(path)
    assert str(caught.value).startswith(f"{path}{place}: ")
    assert "restore it from a backup" in str(caught.value)
    assert path.read_bytes() == content


@pytest.mark.parametrize("content", ["", "\n \n"])
def test_an_empty_file_of_keys_is_not_quietly_replaced(tmp_path: Path, content: str) -> None:
    path = tmp_path / "links"
    path.write_text(content)
    with pytest.raises(InvalidInput, match="holds no key; restore it from a backup"):
        load_keys(path)
    assert path.read_text() == content


def test_no_message_repeats_a_damaged_key(tmp_path: Path) -> None:
    path = tmp_path / "links"
    path.write_text("ab" * 31)
    with pytest.raises(InvalidInput) as caught:
        load_keys(path)
    assert "abab" not in str(caught.value)


def test_the_clock_gives_aware_time_in_utc_that_goes_on() -> None:
    clock = SystemClock()
    first, second = clock.now(), clock.now()
    assert first.tzinfo is UTC
    assert timedelta(0) <= second - first < timedelta(minutes=1)


def test_a_fingerprint_tells_keys_apart_and_gives_nothing_of_them_away() -> None:
    first, second = b"a" * 32, b"b" * 32
    assert fingerprint(first) == fingerprint(first) != fingerprint(second)
    assert len(fingerprint(first)) == 16
    assert first.hex()[:16] not in fingerprint(first)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_is_made_in_private_is_so_from_the_beginning_and_only_there(tmp_path: Path) -> None:
    with with_umask(0o022):
        with private() as before, (tmp_path / "kept").open("w"):
            assert before == 0o022
            (tmp_path / "folder").mkdir()
            with with_umask(before):
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

    paths = private_files(state, elsewhere, tmp_path / "none")
    named = {path.name for path in open_to_others(paths)}
    remove_other_rights(paths)

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
    missing = private_files(tmp_path / "var")
    assert open_to_others(missing) == []
    remove_other_rights(missing)


@rows("before", [0o644, 0o600, 0o755])
def test_the_owners_rights_stay(tmp_path: Path, before: int) -> None:
    path = tmp_path / "file"
    path.touch()
    path.chmod(before)
    remove_other_rights([path])
    assert mode(path) == before & 0o700


@pytest.mark.parametrize("name", ["links", "addresses", "audit"])
def test_a_workspace_without_its_key_is_refused_until_the_key_is_back(
    tmp_path: Path, migrated: Path, name: str
) -> None:
    """No new one is made in its place: it would be another one."""
    with forum(tmp_path, database=migrated):
        pass
    file = tmp_path / "var" / "keys" / name
    kept = file.read_bytes()
    file.unlink()
    for _ in range(2):
        with (
            pytest.raises(Refused, match=f"missing in .*: var/keys/{name}.*Put the files back"),
            open_workspace(tmp_path, {}, clock=FixedClock()),
        ):
            pass
        assert not file.exists()
    file.write_bytes(kept)
    with open_workspace(tmp_path, {}, clock=FixedClock()):
        pass


@pytest.mark.parametrize("name", ["links", "addresses"])
def test_another_key_in_the_place_of_one_is_refused(
    tmp_path: Path, migrated: Path, name: str
) -> None:
    with forum(tmp_path, database=migrated):
        pass
    (tmp_path / "var" / "keys" / name).write_text("ab" * 32 + "\n")
    with (
        pytest.raises(Refused, match=f"var/keys/{name} is not the key.*put the right"),
        open_workspace(tmp_path, {}, clock=FixedClock()),
    ):
        pass


def test_of_two_machines_that_each_add_a_key_the_second_is_refused_until_it_has_the_first(
    tmp_path: Path, migrated: Path
) -> None:
    with forum(tmp_path, database=migrated):
        pass
    file = tmp_path / "var" / "keys" / "links"
    before = file.read_text()
    add_link_key(file)
    with open_workspace(tmp_path, {}, clock=FixedClock()):
        pass
    both = file.read_text()
    for other in (before, before + "ab" * 32):
        file.write_text(other)
        with (
            pytest.raises(Refused, match=r"var/keys/links:2 is not the key.*another machine"),
            open_workspace(tmp_path, {}, clock=FixedClock()),
        ):
            pass
    file.write_text(both)
    with open_workspace(tmp_path, {}, clock=FixedClock()):
        pass


def test_no_key_is_made_by_adding_one(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="links is missing"):
        add_link_key(tmp_path / "links")
    assert not (tmp_path / "links").exists()
