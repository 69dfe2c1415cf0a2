"""Backups, and putting one back."""

import sqlite3
import stat
import sys
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from newsletter.credentials.links import SignedLinks
from newsletter.domain.delivery.restore_guard import HoldKind
from newsletter.domain.delivery.transactional import EmailKind, MessageState, TransactionalEmail
from newsletter.domain.errors import InvalidInput, NotFound, Refused, StoreUnavailable
from newsletter.domain.staff.account import LinkKind, Session, StaffLink
from newsletter.domain.staff.role import Role
from newsletter.domain.subscribers.audience import Entry
from newsletter.pipeline.subscribers.choose import leave, subscriber_of
from newsletter.pipeline.subscribers.join import confirm, follow
from newsletter.store.file.copies import backup, restore
from newsletter.store.sql import Store
from tests.contracts.books import Books, add_campaign
from tests.contracts.store_accounts import TOKEN
from tests.fakes import NOON, FixedClock, store_in


def campaigns(path: Path) -> int:
    connection = sqlite3.connect(path)
    [number] = connection.execute("SELECT count(*) FROM campaign").fetchone()
    connection.close()
    return int(number)


def test_a_backup_is_taken_while_work_goes_on(path: Path, store: Store, tmp_path: Path) -> None:
    Books(store, 3, beside=False)
    with store.read() as tx:
        tx.campaigns.list_newest(None)[::-1]
        backup(path, tmp_path / "copy.db")
    assert campaigns(tmp_path / "copy.db") == 1
    assert stat.S_IMODE((tmp_path / "copy.db").stat().st_mode) == 0o600
    assert not list(tmp_path.glob("*.part"))


def test_a_backup_overwrites_nothing(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    target.write_text("precious")
    with pytest.raises(Refused, match="exists already; name another file"):
        backup(path, target)
    assert target.read_text() == "precious"


def test_a_backup_that_cannot_be_written_leaves_nothing_half(path: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"there is no folder .*nowhere; make it"):
        backup(path, tmp_path / "nowhere" / "copy.db")
    assert not (tmp_path / "nowhere").exists()
    (tmp_path / "taken.db.part").mkdir()
    with pytest.raises(StoreUnavailable, match=r"taken\.db cannot be written: .*; check the disk"):
        backup(path, tmp_path / "taken.db")


def test_a_restored_database_is_on_hold_and_the_old_one_is_kept(
    path: Path, store: Store, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.db"
    backup(path, copy)
    Books(store, 3, beside=False)
    store.close()
    kept = restore(copy, path, at=NOON)
    assert campaigns(path) == 0
    assert campaigns(kept) == 1
    assert campaigns(copy) == 0
    with store_in(path).read() as tx:
        [reason] = tx.hold.reasons().values()
    assert reason == "restored on 2026-11-24 12:00 UTC from the backup copy.db"


def test_what_a_restore_that_was_cut_off_left_behind_gets_into_no_other(
    path: Path, store: Store, tmp_path: Path
) -> None:
    """SQLite would read its write-ahead log as that of the next one."""
    copy, incoming = tmp_path / "copy.db", path.with_name(path.name + ".incoming")
    backup(path, copy)
    Books(store, 3, beside=False)
    store.close()
    backup(path, incoming)
    with closing(sqlite3.connect(incoming)) as killed:
        killed.execute("PRAGMA journal_mode = WAL")
        killed.execute("INSERT INTO meta VALUES ('stray', 'of the other backup')")
        killed.commit()
        left = {file: file.read_bytes() for file in path.parent.glob(f"{incoming.name}*")}
    for file, data in left.items():
        file.write_bytes(data)
    part = incoming.with_name(incoming.name + ".part-journal")
    part.write_bytes(b"of a copy that was cut off")
    assert f"{incoming.name}-wal" in {file.name for file in left}

    restore(copy, path, at=NOON)

    assert campaigns(path) == 0
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("SELECT 1 FROM meta WHERE key = 'stray'").fetchall() == []
    assert [file.name for file in path.parent.glob("*.incoming*")] == []


def test_what_was_still_in_the_write_ahead_log_is_kept_too(
    path: Path, store: Store, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.db"
    backup(path, copy)
    Books(store, 3, beside=False)
    assert path.with_name(path.name + "-wal").stat().st_size > 0
    kept = restore(copy, path, at=NOON)
    assert campaigns(kept) == 1
    assert campaigns(path) == 0
    store.close()


@pytest.mark.parametrize("name", ["newsletter.db", "what? #1.db"])
def test_a_lost_database_can_be_restored(path: Path, tmp_path: Path, name: str) -> None:
    copy = tmp_path / f"copy of {name}"
    backup(path, copy)
    lost = tmp_path / "elsewhere" / name
    lost.parent.mkdir()
    restore(copy, lost, at=NOON)
    assert campaigns(lost) == 0
    assert [one.name for one in lost.parent.iterdir()] == [name]


def test_a_damaged_database_is_set_aside_and_replaced(
    path: Path, store: Store, tmp_path: Path
) -> None:
    store.close()
    copy = tmp_path / "copy.db"
    backup(path, copy)
    path.write_bytes(b"damaged" * 1000)
    kept = restore(copy, path, at=NOON)
    assert campaigns(path) == 0
    assert kept.read_bytes() == b"damaged" * 1000


def test_only_a_whole_database_of_ours_is_put_back(path: Path, tmp_path: Path) -> None:
    email = tmp_path / "letter.db"
    email.write_bytes(b"This is a letter to the editor. " * 100)
    theirs = tmp_path / "theirs.db"
    with closing(sqlite3.connect(theirs)) as connection, connection:
        connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    newer = tmp_path / "newer.db"
    backup(path, newer)
    with closing(sqlite3.connect(newer)) as connection, connection:
        connection.execute("UPDATE schema_version SET version = 9999")
    damaged = tmp_path / "damaged.db"
    whole = path.read_bytes()
    damaged.write_bytes(whole[:5000] + b"\xff" * 20_000 + whole[25_000:])
    before = path.read_bytes()
    missing = tmp_path / "missing.db"
    for bad in (email, theirs, newer, damaged, missing):
        with pytest.raises(InvalidInput, match="take another") as caught:
            restore(bad, path, at=NOON)
        assert str(bad) in str(caught.value)
        assert ("does not exist" in str(caught.value)) is (bad is missing)
    assert path.read_bytes() == before
    assert not list(tmp_path.glob("*.incoming"))


def test_an_earlier_restore_that_was_cut_off_is_no_obstacle(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    backup(path, copy)
    path.with_name(path.name + ".incoming").write_text("half")
    path.with_name(path.name + ".incoming.part").write_text("half")
    restore(copy, path, at=NOON)
    assert campaigns(path) == 0


def test_a_backup_is_for_its_owner_alone_from_its_first_byte(path: Path, tmp_path: Path) -> None:
    seen = []

    def hear(event: str, arguments: tuple[object, ...]) -> None:
        if event == "sqlite3.connect" and str(arguments[0]).endswith(".part") and listening:
            seen.append(stat.S_IMODE(Path(str(arguments[0])).stat().st_mode))

    listening = True
    sys.addaudithook(hear)
    backup(path, tmp_path / "copy.db")
    restore(tmp_path / "copy.db", path, at=NOON)
    listening = False
    assert seen == [0o600] * 3
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_no_number_that_stands_in_a_link_is_given_again_after_a_restore(
    path: Path, store: Store, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.db"
    backup(path, copy)
    given = set()
    for number in range(3):  # the same backup, while the clock goes back
        numbers = [campaign_and_reader(store_in(path)) for _ in range(2)]
        assert not given & set(numbers)
        given |= set(numbers)
        restore(copy, path, at=NOON - timedelta(days=number))


def campaign_and_reader(store: Store) -> tuple[int, int]:
    with store.begin() as tx:
        slug = f"c{tx.campaigns.count()}"
        tx.readers.upsert([Entry(address=f"{slug}@example.org", lists=("press",))], NOON)
        person = tx.readers.find(f"{slug}@example.org")
        assert person is not None
        campaign = add_campaign(tx, slug)
    store.close()
    return campaign, person.id


def test_a_link_from_before_a_restore_shows_nothing_of_whoever_comes_after_it(
    path: Path, store: Store, tmp_path: Path
) -> None:
    """Ana's email is not in the backup; Bo's is the first after the restore."""
    links, clock, copy = SignedLinks([b"k" * 32]), FixedClock(), tmp_path / "copy.db"

    def ask(store: Store, address: str) -> str:
        email = TransactionalEmail(
            id=0, kind=EmailKind.JOIN, address=address, lists=("press",), asked_at=NOON
        )
        with store.begin() as tx:
            tx.emails.ask(email, network="")
            claimed = tx.emails.claim(at=NOON, attempt_id="a")
        return links.email_token(claimed.email.id)

    backup(path, copy)
    of_ana = ask(store, "ana@example.org")
    joined = confirm(of_ana, known=["press"], closed=(), store=store, links=links)
    assert joined.reader_id is not None
    own_page = links.preferences_token(joined.reader_id, NOON)
    [in_mail], _ = links.for_batch(1, [joined.reader_id])
    store.close()
    restore(copy, path, at=NOON)
    restored = store_in(path, clock)
    with restored.begin() as tx:
        tx.hold.release(HoldKind.RESTORE_GUARD)
    asked = ask(restored, "bo@example.org")
    of_bo = confirm(asked, known=["press"], closed=(), store=restored, links=links)

    for deed in (partial(follow, known=()), partial(confirm, known=(), closed=())):
        with pytest.raises(NotFound):
            deed(of_ana, store=restored, links=links)
    with pytest.raises(NotFound):
        subscriber_of(links.read_preferences(own_page), store=restored)
    leave([links.read_unsubscribe(in_mail)], store=restored)
    with restored.read() as tx:
        bo = tx.readers.get(of_bo.reader_id or 0)
    assert bo.lists == ("press",)
    restored.close()


def test_a_letter_that_waited_in_a_backup_does_not_leave_from_it(
    path: Path, store: Store, tmp_path: Path
) -> None:
    with store.begin() as tx:
        email = TransactionalEmail(
            id=0, kind=EmailKind.JOIN, address="ana@example.org", asked_at=NOON
        )
        tx.emails.ask(email, network="")
    backup(path, tmp_path / "copy.db")
    store.close()
    restore(tmp_path / "copy.db", path, at=NOON)
    with store_in(path).read() as tx:
        found = tx.emails.get(1)
    assert found.state is MessageState.WITHHELD


def test_sessions_links_and_tokens_in_a_backup_open_nothing(
    path: Path, store: Store, tmp_path: Path
) -> None:
    invitation = StaffLink(
        id=0,
        kind=LinkKind.RESET,
        address="ana@forum.example",
        role=Role.ADMIN,
        by="operator",
        made_at=NOON,
        expires_at=NOON + timedelta(days=1),
    )
    session = Session(hash=b"h", address="ana@forum.example", created_at=NOON, seen_at=NOON)
    with store.begin() as tx:
        tx.sessions.begin(session)
        tx.staff_links.add(invitation, b"i")
        tx.tokens.add(TOKEN, b"t")
        tx.accounts.open("ana@forum.example", "", NOON)
        tx.accounts.change("ana@forum.example", feed=b"f")
        assert tx.accounts.find_calendar_owner(b"f") == "ana@forum.example"
        tx.accounts.renew_codes("ana@forum.example", [b"c"])
    backup(path, tmp_path / "copy.db")
    store.close()
    restore(tmp_path / "copy.db", path, at=NOON)
    with store_in(path).read() as tx:
        assert tx.sessions.get(b"h") is None
        assert tx.staff_links.list_usable(NOON) == []
        assert [one.revoked_at for one in tx.tokens.list_newest(5)] == [NOON]
        assert tx.accounts.find_calendar_owner(b"f") is None
        assert not tx.accounts.use_code("ana@forum.example", b"c", NOON)


def test_a_backup_of_another_workspace_is_refused(path: Path, tmp_path: Path) -> None:
    """Its readers' links would be signed by keys that this one does not have."""
    copy = tmp_path / "copy.db"
    with closing(sqlite3.connect(path)) as books, books:
        books.execute("INSERT INTO meta VALUES ('key var/keys/links', 'theirs')")
    backup(path, copy)
    before = path.read_bytes()
    ours = {"var/keys/links": "ours", "var/keys/addresses": "not noted"}
    with pytest.raises(Refused, match=r"of another workspace.*other keys than var/keys/links,"):
        restore(copy, path, at=NOON, keys=ours)
    assert path.read_bytes() == before
    restore(copy, path, at=NOON, keys=ours | {"var/keys/links": "theirs"})
