"""The check that the database still holds the stored values."""

from pathlib import Path

import pytest

from newsletter.domain.statements.statement import Approval, Channel
from newsletter.store.soundness import IntegrityReport
from newsletter.store.sql import Store
from tests.contracts.books import Books, content
from tests.fakes import NOON

DIGEST = content("resignation").content_hash()


@pytest.fixture
def full(store: Store) -> Store:
    Books(store, 3, beside=False)
    with store.begin() as tx:
        yes = Approval(slug="s", content_hash="d", by="ed@x.org", at=NOON, channel=Channel.COMMAND)
        tx.approvals.add(yes)
    return store


def damaged(store: Store) -> dict[str, tuple[str, ...]]:
    return {one.what: one.damaged for one in store.check_rows(seconds=60) if one.damaged}


def test_what_was_stored_is_sound_and_counted(full: Store) -> None:
    assert full.database.faults(seconds=60) == []
    assert full.check_rows(seconds=60) == [
        IntegrityReport(what="approvals", looked_at=1, total=1),
        IntegrityReport(what="addresses", looked_at=3, total=3),
        IntegrityReport(what="contents", looked_at=1, total=1),
        IntegrityReport(what="statements", looked_at=0, total=0),
        IntegrityReport(what="versions", looked_at=0, total=0),
        IntegrityReport(what="issues", looked_at=0, total=0),
    ]


@pytest.mark.parametrize(
    ("how", "what", "name"),
    [
        (
            "UPDATE subscriber SET address = 'x@example.org' WHERE id = 2",
            "addresses",
            "subscriber 2",
        ),
        ("UPDATE subscriber SET address = CAST(x'ff40' AS TEXT) WHERE id = 2", "addresses", "2"),
        ("UPDATE content SET document = replace(document, 'It', 'Is')", "contents", DIGEST[:12]),
        ("UPDATE content SET document = '{'", "contents", DIGEST[:12]),
        ("UPDATE approval SET content_hash = 'e'", "approvals", "approval 1 of s"),
    ],
)
def test_what_was_damaged_is_named(full: Store, how: str, what: str, name: str) -> None:
    with full.begin() as tx:
        tx.db.change(how)
    [(found, [named])] = damaged(full).items()
    assert found == what
    assert name in named


def test_the_time_is_limited_and_it_is_said_how_far_it_came(full: Store) -> None:
    assert [(one.looked_at, one.total) for one in full.check_rows(seconds=-1)] == [
        (1, 1),
        (1, 3),
        (1, 1),
        *[(0, 0)] * 3,
    ]
    assert full.database.faults(seconds=-1) is None


def test_a_file_that_does_not_hang_together_is_named(full: Store, path: Path) -> None:
    full.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:9000] + b"\xff" * 20_000 + whole[29_000:])
    assert full.database.faults(seconds=60)
    path.write_bytes(b"This is a letter to the editor. " * 400)
    assert full.database.faults(seconds=60) == ["file is not a database"]
