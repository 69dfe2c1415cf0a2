"""A copy has all rows, of SQLite or of PostgreSQL, and sends nothing."""

from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path

import pytest

from newsletter.domain.archive import Searchable
from newsletter.domain.errors import NotFound, Refused
from newsletter.store.copying import copy
from newsletter.store.database import Backend
from newsletter.store.file import copies
from newsletter.store.postgresql import Postgresql
from newsletter.store.schema import create, table_names
from newsletter.store.sql import Store
from newsletter.store.sqlite import Sqlite
from tests.contracts.books import Books
from tests.fakes import NOON, FixedClock, chain_of, hash_address
from tests.postgresql import Server

LEFT_OUT = {"meta", "session", "staff_link"}
"""Tables that a copy changes."""


def rows(database: Backend, table: str) -> list[str]:
    with database.transaction(is_read_only=True) as db:
        cursor = db.driver.execute(f"SELECT * FROM {table}", {})
        names = [column[0] for column in cursor.description]
        found = [dict(zip(names, row, strict=True)) for row in cursor]
    return sorted(
        str(
            {
                name: value
                for name, value in row.items()
                if (table, name) != ("archive_text", "found")
            }
        )
        for row in found
    )


def fill(database: Backend, path: Path) -> None:
    store = Store(database, hash_address=hash_address, chain=chain_of(path), clock=FixedClock())
    books = Books(store, 30, batch_size=10, beside=False)
    books.claim()
    with store.begin() as tx:
        tx.audit.enter(actor="ed", action="do", subject="s", detail="one")
        assert tx.readers.change_address(1, "ana@second.example")
        tx.readers.erase("reader30@example.org", NOON)
        tx.search.put(
            Searchable(
                slug="news",
                content_hash=tx.campaigns.get_without_counts(books.id).content_hash,
                language="en",
                title="São Paulo",
                opening="",
                text="The library opens.",
            )
        )


@pytest.mark.slow("makes a database on a server")
def test_every_row_is_copied_to_the_server_and_back(
    path: Path, postgresql: Server, worker_id: str
) -> None:
    name = f"copy_{worker_id}"
    postgresql.run(f"DROP DATABASE IF EXISTS {name}")
    postgresql.run(f"CREATE DATABASE {name}")
    with (
        closing(Sqlite(path)) as first,
        closing(Postgresql(postgresql.url(name))) as there,
        closing(Sqlite(path.with_name("back.db"))) as back,
    ):
        fill(first, path)
        counts = copy(first, there, at=NOON)
        with_hold = counts | {"meta": counts["meta"] + 1}
        assert copy(there, back, at=NOON) == with_hold
        assert counts["subscriber"] == 29
        assert counts["batch"] == 3
        assert counts["address_history"] == 1
        for table in set(table_names()) - LEFT_OUT:
            assert rows(first, table) == rows(there, table) == rows(back, table), table
        given = []
        for database in (first, there, back):
            with database.transaction() as db:
                given.append(copies.last_numbers(db.driver)["subscriber"])
                fresh = db.value(
                    "INSERT INTO import (at, by, file, kind, sha256, new, known, changed, joined,"
                    " ended, suppressed, skipped)"
                    " VALUES (0, '', '', '', '', 0, 0, 0, 0, 0, 0, 0) RETURNING id"
                )
                assert fresh == 1
        assert given[0] == 30
        assert given[1] < given[2]
        assert held(there) == f"copied on 2026-11-24 12:00 UTC from {first.name}"
        assert held(back) == f"copied on 2026-11-24 12:00 UTC from {there.name}"
        with back.transaction() as db:
            db.change("UPDATE subscriber SET address = 'x@y.example' WHERE id = 2")
            assert db.value("SELECT COUNT(*) FROM address_history") == 2, "triggers are there"
            assert db.value("SELECT COUNT(*) FROM archive_words('\"librar\" *')") == 1


def held(database: Backend) -> str:
    with database.transaction(is_read_only=True) as db:
        return str(db.value("SELECT value FROM meta WHERE key = 'doubt'"))


def test_a_database_that_is_in_use_is_not_written_over(path: Path) -> None:
    nowhere = Sqlite(path.with_name("nowhere.db"))
    with closing(Sqlite(path)) as first, pytest.raises(Refused, match="is there already"):
        copy(first, first, at=NOON)
    with pytest.raises(NotFound, match=r"no database at .*nowhere\.db"):
        copy(nowhere, nowhere, at=NOON + timedelta(days=1))


def test_a_copy_that_failed_can_be_made_again(path: Path) -> None:
    with closing(Sqlite(path)) as first, closing(Sqlite(path.with_name("copy.db"))) as second:
        with suppress(InterruptedError), second.transaction() as db:
            create(second, db)
            raise InterruptedError
        assert second.path.exists()
        assert "list" in copy(first, second, at=NOON)


def test_in_a_copy_emails_that_waited_are_withheld_and_nobody_is_signed_in(path: Path) -> None:
    with closing(Sqlite(path)) as first, closing(Sqlite(path.with_name("copy.db"))) as second:
        with first.transaction() as db:
            db.change(
                "INSERT INTO transactional_email (kind, state, address, address_hash,"
                " mailbox_hash, network_hash, name, language, timezone, lists, source, asked_at,"
                " asks, not_before)"
                " VALUES ('join', 'waiting', '', x'', x'', x'', '', '', '', '', '', 0, 1, 0)"
            )
            db.change(
                "INSERT INTO session (hash, address, stage, created_at, seen_at)"
                " VALUES (x'', 'ed@forum.example', 'full', 0, 0)"
            )
        copy(first, second, at=NOON)
        with second.transaction(is_read_only=True) as db:
            assert db.column("SELECT state FROM transactional_email") == ["withheld"]
            assert db.column("SELECT address FROM session") == []
