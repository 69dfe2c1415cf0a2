"""Numbers in links: none is used twice, after any restore."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from newsletter.store.file import copies
from newsletter.store.file.copies import Connection
from tests.fakes import NOON


@pytest.fixture
def connection(path: Path) -> Iterator[Connection]:
    with closing(sqlite3.connect(path, factory=Connection)) as connection:
        yield connection


def next_email(connection: Connection) -> int:
    """Take one on."""
    done = connection.execute(
        "INSERT INTO transactional_email (kind, state, address, address_hash, mailbox_hash,"
        " network_hash, name, language, timezone, lists, source, asked_at, asks, not_before)"
        " VALUES ('join', 'waiting', '', x'', x'', x'', '', '', '', '', '', 0, 1, 0)"
    )
    return done.lastrowid or 0


def test_every_table_whose_numbers_are_never_given_twice_is_among_them(
    connection: Connection,
) -> None:
    numbered = {
        name
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE sql LIKE '%PRIMARY KEY AUTOINCREMENT%'"
        )
    }
    in_no_link = {"changed_statement", "address_history", "import", "worker"}
    assert numbered - in_no_link == set(copies.SKIPPED)


def test_a_number_lies_beyond_all_that_any_copy_gave_before(connection: Connection) -> None:
    """From one copy, restored twice, and from a second one that continued in between."""
    given = []
    for minutes in (0, 1, 2):
        connection.execute("DELETE FROM transactional_email")
        connection.execute("DELETE FROM sqlite_sequence")
        copies.skip_numbers(connection, NOON + timedelta(minutes=minutes), {})
        given.append(next_email(connection))
    assert given[1] - given[0] == given[2] - given[1] == copies.SKIPPED["transactional_email"][0]


def test_where_the_clock_was_put_back_it_goes_on_all_the_same(connection: Connection) -> None:
    connection.execute(
        "INSERT INTO sqlite_sequence VALUES ('transactional_email', 5), ('transactional_email', 7)"
    )
    copies.skip_numbers(connection, datetime(1970, 1, 1, tzinfo=UTC), {})
    assert next_email(connection) == 1_000_008
    copies.skip_numbers(
        connection, datetime(1970, 1, 1, tzinfo=UTC), {"transactional_email": 5_000_000}
    )
    assert next_email(connection) == 6_000_001
    assert copies.last_numbers(connection)["transactional_email"] == 6_000_001


def test_a_clock_that_is_far_ahead_does_not_leave_the_room_that_links_have(
    connection: Connection,
) -> None:
    copies.skip_numbers(connection, datetime(9000, 1, 1, tzinfo=UTC), {})
    last = copies.last_numbers(connection)
    assert last["subscriber"] < 1 << 48
    assert last["transactional_email"] < 1 << 56
    assert last["campaign"] < 1 << 32
