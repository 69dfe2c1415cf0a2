"""A database whose file was replaced while it was open: no act is reported as done."""

import shutil
from pathlib import Path

import pytest

from newsletter.domain.errors import DatabaseReplaced
from newsletter.domain.staff.role import Role
from newsletter.store.sql import Store
from tests.fakes import NOON


def replace_it(path: Path) -> None:
    shutil.copyfile(path, path.with_name("incoming"))
    path.with_name("incoming").replace(path)


def test_nothing_is_read_from_a_file_that_was_replaced(path: Path, store: Store) -> None:
    with store.read() as tx:
        tx.staff.roles()
    replace_it(path)
    with pytest.raises(
        DatabaseReplaced, match=r"another file is in its place.* start this process"
    ):
        store.read().__enter__()
    path.unlink()
    with pytest.raises(DatabaseReplaced):
        store.read().__enter__()
    store.close()


def test_nothing_is_written_to_a_file_that_was_replaced(path: Path, store: Store) -> None:
    store.begin().__enter__()
    replace_it(path)
    with pytest.raises(DatabaseReplaced, match="would be lost"):
        store.begin().__enter__()
    store.close()


def test_what_was_committed_while_the_file_was_replaced_is_not_called_done(
    path: Path, store: Store
) -> None:
    def write() -> None:
        with store.begin() as tx:
            replace_it(path)
            tx.staff.put("ed@forum.example", Role.ADMIN, NOON)

    with pytest.raises(DatabaseReplaced, match="would be lost"):
        write()
    store.close()
