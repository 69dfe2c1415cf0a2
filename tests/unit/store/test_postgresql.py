"""PostgreSQL as a backend: one writer, a version, one sender, and its errors in words."""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import psycopg
import pytest

from newsletter.domain.errors import (
    DatabaseReplaced,
    Defect,
    NewsletterError,
    Refused,
    StoreUnavailable,
)
from newsletter.domain.subscribers.audience import Audience
from newsletter.store.database import Database
from newsletter.store.delivery.batches import Batches
from newsletter.store.file import copies
from newsletter.store.file.secure_erase import ERASURES_KEY
from newsletter.store.postgresql import Postgresql
from newsletter.store.postgresql_words import translate
from newsletter.store.schema import ensure_current
from tests.contracts.books import LEASE, Books, add_campaign
from tests.fakes import NOON, hash_address
from tests.postgresql import PASSWORD, FreshPostgresqlStores, Server, emptied
from tests.relay import Relay

DEED = "INSERT INTO meta (key, value) VALUES (:key, :value)"


@pytest.fixture
def database(postgresql_database: Postgresql) -> Iterator[Postgresql]:
    with closing(emptied(postgresql_database)):
        yield postgresql_database


@pytest.fixture
def url(postgresql: Server, worker_id: str, database: Postgresql) -> str:
    return postgresql.url(worker_id)


def note(database: Postgresql, key: str, value: str = "") -> None:
    with database.transaction() as db:
        db.change(DEED, key=key, value=value)


def noted(database: Postgresql) -> list[str]:
    with database.transaction(is_read_only=True) as db:
        return db.column("SELECT key FROM meta ORDER BY key")


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT :a, ':b', \":c\", x::text -- :d", "SELECT %(a)s, ':b', \":c\", x::text -- :d"),
        ("LIKE '50%' AND :a", "LIKE '50%%' AND %(a)s"),
    ],
)
def test_a_value_is_named_as_the_driver_names_it(sql: str, words: str) -> None:
    assert translate(sql) == words.encode()


def test_what_is_no_trigger_is_a_defect() -> None:
    with pytest.raises(Defect, match="no trigger"):
        translate("CREATE TRIGGER one BEFORE INSERT ON meta BEGIN SELECT 1; END;")


def test_values_come_back_as_in_sqlite(database: Postgresql) -> None:
    with database.transaction() as db:
        db.change_each(DEED, [{"key": str(number), "value": "x\x00y"} for number in range(2500)])
        assert db.change("UPDATE meta SET value = value || '!'") == 2500
        query = "SELECT SUM(length(value)), AVG(length(value)), MAX(value), COUNT(*) > 9 FROM meta"
        assert db.rows(query) == [(10_000, 4.0, "x\ufffdy!", 1)]
        assert [type(one) for one in db.rows(query)[0]] == [int, float, str, int]


def test_rows_that_are_copied_are_stored_as_those_of_a_statement(database: Postgresql) -> None:
    rows = [{"key": f"tab\t{number}", "value": "\\N\n\x00é"} for number in range(2500)]
    with database.transaction() as db:
        assert db.insert_all("meta", rows) == 2500
        copied = db.rows("SELECT key, value FROM meta ORDER BY key")
        db.change("DELETE FROM meta")
        db.change_each(DEED, rows)
        assert db.rows("SELECT key, value FROM meta ORDER BY key") == copied


def test_a_stream_takes_its_rows_in_parts_while_other_statements_run(database: Postgresql) -> None:
    with database.transaction() as db:
        db.change_each(DEED, [{"key": f"{number:04}", "value": ""} for number in range(2500)])
        keys = db.scan("SELECT key FROM meta ORDER BY key")
        first = next(keys)
        db.change("DELETE FROM meta")
        assert [first, *keys] == [f"{number:04}" for number in range(2500)]


@pytest.mark.parametrize("is_shared", [False, True])
def test_a_statement_of_senders_is_prepared_once_whatever_its_values(
    database: Postgresql, is_shared: bool
) -> None:
    asked = f"SELECT {int(is_shared)} FROM campaign WHERE id = :id OR slug = :slug"
    prepared = f"SELECT 1 FROM pg_prepared_statements WHERE statement LIKE '{asked[:22]}%'"
    with database.transaction(is_shared=is_shared) as db:
        db.has_row(asked, id=1, slug="one")
        assert not db.has_row(prepared)
        db.keep_plans()
        for value in ("one", "two"):
            for number in (1, 1 << 40, None):
                db.has_row(asked, id=number, slug=value)
        assert len(db.rows(prepared)) == 1 + 1  # of numbers, and of NULL
    with database.transaction(is_shared=is_shared) as db:
        db.has_row(f"{asked} AND id > 0", id=1, slug="one")
        assert len(db.rows(prepared)) == 2


def test_a_claim_reads_the_subscribers_of_its_batch_alone(
    database: Postgresql, tmp_path: Path
) -> None:
    other = Books(FreshPostgresqlStores(database, tmp_path)(), 5_000, batch_size=500).other
    with database.transaction() as db:
        db.change("ANALYZE")
    with database.transaction(is_shared=True) as db:
        batches = Batches(db, hash_address)
        read_otherwise = rows_read(db)  # by transactions of less than a second ago
        for number in range(8):  # also by a plan that PostgreSQL keeps
            if number == 7:
                before = rows_read(db)
                db.change(
                    "INSERT INTO delivery SELECT campaign_id, id, batch_id, 'rejected', '', '', 0"
                    " FROM subscriber CROSS JOIN (SELECT campaign_id, batch_id FROM delivery"
                    " WHERE campaign_id = :other LIMIT 1) AS one ON CONFLICT DO NOTHING",
                    other=other,
                )
                read_otherwise += rows_read(db) - before
            claimed = batches.claim(at=NOON, lease=LEASE, attempt_id=f"a{number}")
            assert claimed
            assert len(claimed.members) == 500
        read = rows_read(db) - read_otherwise
    assert read["delivery"] < 100_000, read
    # the planner looks at some rows more
    assert max(read["subscriber"], read["subscription"]) < 5_000, read


@pytest.mark.parametrize("lists", [("press",), ("press", "events")])
def test_a_freeze_reads_each_subscriber_once_however_many_batches_it_makes(
    database: Postgresql, tmp_path: Path, lists: tuple[str, ...]
) -> None:
    store = FreshPostgresqlStores(database, tmp_path)()
    Books(store, 2_001, batch_size=2_001)
    with store.begin() as tx:
        number = add_campaign(tx, "another", lists=lists)
        read_otherwise = rows_read(tx.db)
        assert tx.audiences.freeze(number, Audience(lists=lists), 3) == 2_001
        read = rows_read(tx.db) - read_otherwise
        sizes = tx.db.column("SELECT size FROM batch WHERE campaign_id = :id", id=number)
    assert sizes == [3] * 667
    # the last batch is full, so a second query looks for more
    assert max(read["subscriber"], read["subscription"]) <= 2 * 2_001, read


def rows_read(db: Database) -> Counter[str]:
    """Return the rows that this transaction has read, by table.

    The server's counts include earlier transactions of the session that it has not yet reported,
    which it does once a second.
    """
    found = db.rows(
        "SELECT relname, seq_tup_read + COALESCE(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables"
        " WHERE relname IN ('subscriber', 'subscription', 'delivery')"
    )
    return Counter({table: int(count) for table, count in found})


def test_a_new_database_is_made_once(database: Postgresql) -> None:
    assert not ensure_current(database)


def test_a_block_that_fails_leaves_nothing_and_the_next_begins_anew(database: Postgresql) -> None:
    with pytest.raises(ZeroDivisionError), database.transaction() as db:
        db.change(DEED, key="one", value=str(1 // (db.change(DEED, key="two", value="") - 1)))
    note(database, "two")
    assert noted(database) == ["two"]


def test_a_reader_writes_nothing_and_sees_one_moment(database: Postgresql) -> None:
    with database.transaction(is_read_only=True) as db:
        assert db.column("SELECT key FROM meta") == []
        note(database, "one")
        assert db.column("SELECT key FROM meta") == []
    with (
        pytest.raises(StoreUnavailable, match="read-only"),
        database.transaction(is_read_only=True) as db,
    ):
        db.change(DEED, key="two", value="")


def test_an_error_that_is_passed_over_keeps_the_rest_from_being_committed(
    database: Postgresql,
) -> None:
    with (
        pytest.raises(Defect, match="went on"),
        database.transaction() as db,
        suppress(psycopg.Error),
    ):
        db.change("SELECT nothing")
    assert noted(database) == []


def test_a_server_that_was_started_anew_is_asked_again(database: Postgresql, url: str) -> None:
    note(database, "one")
    version = database.change_number()
    with closing(Postgresql(url)) as other, other.transaction() as db:
        db.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    note(database, "two")
    assert noted(database) == ["one", "two"]
    assert database.change_number() != version


def test_a_connection_that_breaks_within_a_transaction_is_not_kept(database: Postgresql) -> None:
    with pytest.raises(StoreUnavailable, match="try again"), database.transaction() as db:
        db.rows("SELECT pg_terminate_backend(pg_backend_pid())")
    assert noted(database) == []


def test_an_act_whose_commit_got_no_answer_may_have_been_done(
    database: Postgresql, postgresql: Server, worker_id: str
) -> None:
    def commit_without_answer() -> None:
        with far.transaction() as db:
            db.change(DEED, key="one", value="")
            line.close()

    with closing(Relay(postgresql.port)) as line:
        url = postgresql.tcp_url(worker_id).replace(str(postgresql.port), str(line.port))
        far = Postgresql(url, PASSWORD)
        with closing(far), pytest.raises(StoreUnavailable, match="it may have been done"):
            commit_without_answer()
    assert noted(database) == []


def test_a_commit_that_the_server_warns_about_is_not_taken_for_done(database: Postgresql) -> None:
    warns = (
        "CREATE FUNCTION warn() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN RAISE WARNING ''the wait for the standby was cancelled''; RETURN NULL; END'",
        "CREATE CONSTRAINT TRIGGER warns AFTER INSERT ON meta DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION warn()",
    )
    with database.transaction() as db:
        for statement in warns:
            db.driver.run(statement)
    with pytest.raises(StoreUnavailable, match=r"not confirmed: the wait .*has not taken over"):
        note(database, "one")
    with database.transaction() as db:
        db.driver.run("DROP FUNCTION warn CASCADE")
    note(database, "two")
    assert noted(database) == ["one", "two"]


def test_the_version_is_another_one_after_each_commit_of_anybody(
    database: Postgresql, url: str
) -> None:
    seen = [database.change_number()]
    with closing(Postgresql(url)) as other:
        for number in range(3):
            note(other if number % 2 else database, str(number))
            seen.append(database.change_number())
    assert len(set(seen)) == 4


def test_the_version_changes_with_the_commit_and_not_before(database: Postgresql) -> None:
    before = database.change_number()
    with database.transaction() as db:
        db.change(DEED, key="one", value="")
        during = database.change_number()
    assert database.change_number() not in {before, during}


def test_one_process_sends_on_whatever_machine(database: Postgresql, url: str) -> None:
    with closing(Postgresql(url)) as other:
        with database.hold_sender_lock():
            with pytest.raises(Refused, match="another 'newsletter run' is at work on"):
                other.hold_sender_lock().__enter__()
            other.change_number()
            database.close()  # keeps the lock
            with pytest.raises(Refused):
                other.hold_sender_lock().__enter__()
        with other.hold_sender_lock():
            pass


def test_a_database_is_unused_while_no_other_process_is_connected(
    database: Postgresql, url: str
) -> None:
    note(database, "before")  # connections of one's own are no others
    with database.block_writers() as check:
        noted(database)
        check()
    hasty = f"{url}{'&' if '?' in url else '?'}options=-c%20lock_timeout%3D50ms"
    used = "is in use by newsletter on .*; stop 'run', 'worker' and 'serve' there first"
    with closing(Postgresql(hasty)) as other:
        with database.block_writers() as check:
            with pytest.raises(StoreUnavailable, match="has been writing"):
                note(other, "lost")
            other.change_number()
            with pytest.raises(Refused, match=used):
                check()
        note(other, "kept")
        with pytest.raises(Refused, match=used):
            database.block_writers().__enter__()
    assert noted(database) == ["before", "kept"]


def test_who_loses_the_lock_takes_it_again_or_is_told_who_has_it(
    database: Postgresql, url: str
) -> None:
    with closing(Postgresql(url)) as other, database.hold_sender_lock():
        disconnect_runner(other)
        database.change_number()
        with pytest.raises(Refused):
            other.hold_sender_lock().__enter__()
        disconnect_runner(other)
        with other.hold_sender_lock():
            for _ in range(2):
                with pytest.raises(DatabaseReplaced, match="has begun since; stop one of the two"):
                    database.change_number()
        database.change_number()


def disconnect_runner(database: Postgresql) -> None:
    with database.transaction() as db:
        db.rows(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks"
            " WHERE locktype = 'advisory' AND pid <> pg_backend_pid() AND database ="
            " (SELECT oid FROM pg_database WHERE datname = current_database())"
        )


def test_numbers_are_skipped_as_in_sqlite(database: Postgresql) -> None:
    with database.transaction() as db:
        assert set(copies.last_numbers(db.driver).values()) == {0}
        copies.skip_numbers(db.driver, NOON, {"campaign": 1 << 31})
        given = copies.last_numbers(db.driver)
    assert given["campaign"] == (1 << 31) + 1000
    assert given["subscriber"] > 1 << 40


def test_two_databases_of_one_server_lie_in_two_places(
    database: Postgresql, postgresql: Server
) -> None:
    with closing(Postgresql(postgresql.url("postgres"))) as other:
        here, there = database.location(), other.location()
    assert here == database.location()
    assert (here.machine, here.filesystem) == (there.machine, there.filesystem)
    assert here.find_move(there)


def test_nothing_is_promised_of_bytes_and_none_is_called_damaged(database: Postgresql) -> None:
    note(database, ERASURES_KEY)
    assert database.overwrite_erased()
    assert noted(database) == []
    assert database.faults(seconds=1) == []


def failing(database: Postgresql, *statements: str) -> str:
    def run(db: Database) -> None:
        for statement in statements:
            db.change(statement)

    with (
        closing(database),
        pytest.raises(NewsletterError) as caught,
        database.transaction(is_read_only="SELECT 1" in statements) as db,
    ):
        run(db)
    return str(caught.value)


def test_an_error_says_what_to_do_and_never_the_password(
    postgresql: Server, url: str, worker_id: str, subtests: pytest.Subtests
) -> None:
    tcp, wrong = postgresql.tcp_url(worker_id), "ge:heim%40"
    nowhere = postgresql.tcp_url(worker_id).replace(str(postgresql.port), "1")
    secret = tcp.replace("newsletter@", f"newsletter:{wrong}@")
    for said, database in {
        "password authentication failed": Postgresql(secret),
        "check the user and the password": Postgresql(tcp, wrong),
        "set 'database_password_file'": Postgresql(tcp),
        "make it with 'createuser' or 'createdb'": Postgresql(postgresql.tcp_url("x"), PASSWORD),
        "check that the server runs": Postgresql(nowhere, wrong),
        "check the name of the host": Postgresql("postgresql://u:geheim@nowhere.invalid/x"),
    }.items():
        with subtests.test(said=said):
            message = failing(database, "SELECT 1")
            assert said in message
            assert "heim" not in message + repr(database)
    assert Postgresql(secret).name == tcp


def test_a_url_that_cannot_be_read_is_not_repeated() -> None:
    with pytest.raises(Refused, match="is no address of PostgreSQL") as caught:
        Postgresql("postgresql://u:geheim@db/news?sslmod=require")
    assert "geheim" not in str(caught.value)


def test_what_breaks_a_rule_of_the_tables_is_a_defect(database: Postgresql) -> None:
    note(database, "one")
    message = failing(database, "INSERT INTO meta (key, value) VALUES ('one', 'geheim')")
    assert "please report it" in message


def test_a_writer_waits_for_another_only_so_long(url: str, database: Postgresql) -> None:
    hasty = Postgresql(f"{url}&options=-c%20lock_timeout%3D50ms")
    with database.transaction():
        assert "another process has been writing" in failing(hasty)


def test_a_standby_takes_no_writes(url: str) -> None:
    standby = Postgresql(f"{url}&options=-c%20default_transaction_read_only%3Don")
    assert "is no standby" in failing(standby, "DELETE FROM meta")


def test_a_database_in_another_encoding_is_refused(postgresql: Server, worker_id: str) -> None:
    name = f"latin_{worker_id}"
    postgresql.run(f"CREATE DATABASE {name} ENCODING 'LATIN1' TEMPLATE template0 LOCALE 'C'")
    assert "make it with ENCODING 'UTF8'" in failing(Postgresql(postgresql.url(name)))
