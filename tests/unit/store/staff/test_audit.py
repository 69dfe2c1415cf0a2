"""Changes that the audit log and approvals cannot hide: from the key and the head."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from newsletter.domain.delivery.restore_guard import Absence
from newsletter.domain.errors import Defect
from newsletter.domain.staff.audit import AuditHead
from newsletter.domain.statements.statement import Approval, Channel
from newsletter.store.file.keys import HeadFile
from newsletter.store.sql import Store
from newsletter.store.sqlite import Sqlite
from tests.fakes import NOON, FixedClock, chain_of, hash_address

YES = Approval(slug="news", content_hash="d1", by="ed@x.example", at=NOON, channel=Channel.COMMAND)


def enter(store: Store, *details: str, action: str = "do") -> None:
    for detail in details:
        with store.begin() as tx:
            tx.audit.enter(actor="ed@x.example", action=action, subject="s", detail=detail)


def test_nothing_is_entered_by_a_transaction_that_need_not_last(store: Store) -> None:
    with pytest.raises(Defect, match="has to last"), store.begin(is_durable=False) as tx:
        tx.audit.enter(actor="ed@x.example", action="do", subject="s", detail="one")
    enter(store, "two")
    assert verified(store) == 1


def say_yes(store: Store, yes: Approval = YES) -> None:
    with store.begin() as tx:
        tx.approvals.add(yes)
        tx.audit.enter(yes.by, "approve", yes.slug, version=yes.content_hash)


def tamper(store: Store, *statements: str) -> None:
    with store.begin() as tx:
        for statement in statements:
            tx.db.change(statement)


def fault(store: Store) -> str:
    with store.read() as tx, pytest.raises(Defect) as caught:
        tx.audit.verify()
    return str(caught.value)


def verified(store: Store) -> int:
    with store.read() as tx:
        return tx.audit.verify().number


def rewrite_without_key(store: Store) -> None:
    """Ways in which somebody who can write to the database, without the key, hides a change."""
    with store.begin() as tx:
        before = ""
        for row in tx.db.rows(
            "SELECT number, at, actor, action, subject, detail FROM audit ORDER BY number"
        ):
            said = [before, *row]
            before = hashlib.sha256(json.dumps(said, ensure_ascii=False).encode()).hexdigest()
            tx.db.change(
                "UPDATE audit SET digest = :digest WHERE number = :number",
                digest=before,
                number=row[0],
            )


@pytest.fixture
def head(database: Sqlite) -> HeadFile:
    return chain_of(database.path).head


@pytest.mark.parametrize(
    "cut", ["DELETE FROM audit WHERE number = 3", "DELETE FROM audit WHERE number > 1"]
)
def test_lines_cut_off_at_the_end_are_missed_and_stay_so_when_others_follow(
    store: Store, cut: str
) -> None:
    enter(store, "one", "two", "three")
    tamper(store, cut)
    assert "line 3 of the audit log is not what" in fault(store)
    enter(store, "four", "five", "six")
    assert "line 3 of the audit log is not what" in fault(store)


def test_a_log_that_was_emptied_is_missed(store: Store) -> None:
    enter(store, "one", "two")
    tamper(store, "DELETE FROM audit")
    assert "lines were cut off" in fault(store)


def test_a_line_that_was_changed_and_hashed_anew_without_the_key_is_found(store: Store) -> None:
    enter(store, "one", "two", "three")
    tamper(store, "UPDATE audit SET detail = 'TWO' WHERE number = 2")
    rewrite_without_key(store)
    assert "line 1 of the audit log is not what" in fault(store)


def test_a_line_added_without_the_key_is_found(store: Store) -> None:
    enter(store, "one")
    tamper(store, "INSERT INTO audit SELECT 2, at, actor, action, subject, 'x', 'y' FROM audit")
    assert "line 2 of the audit log is not what was written" in fault(store)


def test_a_head_that_lags_behind_accuses_nobody(store: Store, head: HeadFile) -> None:
    enter(store, "one")
    assert head.path.stat().st_mode & 0o777 == 0o600
    early = head.path.read_bytes()
    enter(store, "two", "three")
    head.path.write_bytes(early)
    assert verified(store) == 3
    enter(store, "four")
    assert head.read() == AuditHead(number=4, digest=_digest(store, 4))


def _digest(store: Store, number: int) -> str:
    with store.read() as tx:
        return tx.audit.digest(number)


@pytest.mark.parametrize("left", [None, b""])
def test_a_head_that_is_not_there_accuses_nobody_and_is_made_again(
    store: Store, head: HeadFile, left: bytes | None
) -> None:
    enter(store, "one")
    head.path.unlink()
    if left is not None:
        head.path.write_bytes(left)  # the process that made it died at once
    assert head.read() is Absence.MISSING
    assert verified(store) == 1
    enter(store, "two")
    assert head.read() == AuditHead(number=2, digest=_digest(store, 2))


def test_a_head_that_cannot_be_read_is_named_until_the_next_line(
    store: Store, head: HeadFile
) -> None:
    enter(store, "one")
    head.path.write_bytes(b"garbage")
    assert "cannot be read" in fault(store)
    enter(store, "two")
    assert verified(store) == 2
    head.path.unlink()
    head.path.mkdir()
    assert "cannot be read" in fault(store)
    enter(store, "three")  # what cannot be written lags behind


def test_a_transaction_that_is_rolled_back_leaves_the_head(store: Store, head: HeadFile) -> None:
    enter(store, "one")

    def stop() -> None:
        with store.begin() as tx:
            tx.audit.enter(actor="ed", action="do", subject="s", detail="two")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        stop()
    assert head.read() == AuditHead(number=1, digest=_digest(store, 1))


def test_a_head_is_not_written_on_a_full_disk(head: HeadFile) -> None:
    full = HeadFile(Path("/dev/full"))
    full.write(AuditHead(number=1, digest="a" * 64))
    assert full.read() is Absence.UNREADABLE


def test_a_gap_that_somebody_wrote_down_is_no_fault_and_the_log_goes_on(
    store: Store, head: HeadFile
) -> None:
    enter(store, "one", "two", "three")
    known = head.path.read_bytes()
    tamper(store, "DELETE FROM audit WHERE number > 1")
    with store.acting_through("token crm").begin() as tx:
        tx.audit.note_gap(actor="ada@x.example")
        tx.audit.note_gap(actor="ada@x.example")
        assert [line.action for line in tx.audit.list_newest(None)[::-1]] == ["do", "gap"]
    assert head.read() == AuditHead(number=2, digest=_digest(store, 2))
    head.path.write_bytes(known)  # the process died before it could write
    assert verified(store) == 2
    enter(store, "four")
    assert head.read() == AuditHead(number=3, digest=_digest(store, 3))


@pytest.mark.parametrize(
    "forged",
    [
        "INSERT INTO approval (slug, content_hash, [by], channel, at)"
        " VALUES ('news', 'd2', 'ed@x.example', 'command', 0)",
        "INSERT INTO approval (slug, content_hash, [by], channel, at, seal)"
        " SELECT slug, content_hash, [by], channel, at, seal FROM approval",
        "UPDATE approval SET content_hash = 'd2'",
        "UPDATE approval SET [by] = 'flo@x.example'",
        "UPDATE approval SET revoked_at = 5",
    ],
)
def test_an_approval_by_sql_counts_for_nothing_and_is_named(store: Store, forged: str) -> None:
    say_yes(store)
    tamper(store, forged)
    with store.read() as tx:
        assert {yes.content_hash for yes in tx.approvals.list_for("news")} <= {"d1"}
        assert len(tx.approvals.list_for("news")) == int("INSERT" in forged)
    assert "of news by" in fault(store)


def test_a_revoked_approval_cannot_be_brought_back_by_sql(store: Store) -> None:
    say_yes(store)
    with store.begin() as tx:
        assert tx.approvals.revoke("news", NOON, actor="ed@x.example") == 1
    assert verified(store) == 2
    tamper(store, "UPDATE approval SET revoked_at = NULL")
    with store.begin() as tx:
        assert tx.approvals.list_for("news") == []
        assert tx.approvals.revoke("news", NOON, actor="ed@x.example") == 0, (
            "or our seal would vouch for it"
        )


def test_a_revoked_approval_cannot_be_brought_back_by_the_row_of_before(store: Store) -> None:
    say_yes(store)
    tamper(store, "CREATE TABLE kept AS SELECT * FROM approval")
    with store.begin() as tx:
        assert tx.approvals.revoke("news", NOON, "ed@x.example", actor="ed@x.example") == 1
    tamper(store, "DELETE FROM approval", "INSERT INTO approval SELECT * FROM kept")
    with store.begin() as tx:
        assert tx.approvals.list_for("news") == []
        assert tx.approvals.revoke("news", NOON, actor="ed@x.example") == 0
    assert "was taken back" in fault(store)
    say_yes(store)
    with store.read() as tx:
        assert len(tx.approvals.list_for("news")) == 1, "a new yes counts all the same"


def test_an_approval_without_its_line_is_named(store: Store) -> None:
    with store.begin() as tx:
        tx.approvals.add(replace(YES, content_hash="d9"))
    say_yes(store)
    assert "the approval 1, of news by ed@x.example, has no line" in fault(store)


def test_with_another_key_nothing_is_what_was_written(store: Store, database: Sqlite) -> None:
    say_yes(store)
    other = replace(chain_of(database.path), key=b"o" * 32)
    stranger = Store(database, hash_address=hash_address, chain=other, clock=FixedClock())
    assert "var/keys/audit is another key" in fault(stranger)
