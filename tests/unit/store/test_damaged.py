"""Bytes that changed in the database by themselves: no mail goes to a changed address."""

import pytest

from newsletter.domain.campaigns.campaign import Counts
from newsletter.domain.delivery.transactional import (
    EmailKind,
    EmailLimits,
    MessageState,
    TransactionalEmail,
)
from newsletter.domain.subscribers.audience import SuppressedEntry, SuppressionReason
from newsletter.store.sql import Store
from tests.contracts.books import Books, ids
from tests.fakes import NOON

DAMAGES = [
    "address = 'reades1@example.org'",
    "address = 'reader1@exam√ple.org'",
    "address = CAST(x'e5656164657231406578616d706c652e6f7267' AS TEXT)",
    "address = 'reader1-example.org'",
    "address = 'reader1' || char(10) || '@example.org'",
    "address = 'reader1@example.org' || char(10) || 'reader2@example.org'",
    "address = 'reader1' || char(0) || '@example.org'",
    "address = ''",
    "address = 'reader1@' || 'é..org'",
    "address_hash = zeroblob(16)",
    "address_hash = zeroblob(3)",
]


def damage(store: Store, table: str, how: str) -> None:
    with store.begin() as tx:
        tx.db.change(f"UPDATE {table} SET {how} WHERE id = 1")


@pytest.mark.parametrize("how", DAMAGES)
def test_nothing_is_sent_to_a_damaged_address_and_its_campaign_says_so(
    store: Store, how: str
) -> None:
    books = Books(store, 3, beside=False)
    damage(store, "subscriber", how)
    claimed = books.claim()
    assert ids(claimed) == [2, 3]
    with store.read() as tx:
        assert tx.batches.count_unreached(books.id) == 0
    books.settle(claimed)
    assert books.counts() == Counts(accepted=2, rejected=1)
    with store.read() as tx:
        assert tx.batches.count_unreached(books.id) == 0
        [(number, reason)] = tx.db.rows(
            "SELECT subscriber_id, reason FROM delivery WHERE state = 'rejected'"
        )
    assert number == 1
    assert "damaged in the database" in reason


def test_beside_one_who_left_the_damaged_one_is_booked_once(store: Store) -> None:
    books = Books(store, 3)
    with books.step() as tx:
        entry = SuppressedEntry(address="reader2@example.org", reason=SuppressionReason.MANUAL)
        tx.readers.suppress([entry], NOON, "test")
    damage(store, "subscriber", DAMAGES[0])
    assert ids(books.claim()) == [3]
    assert books.counts() == Counts(pending=1, rejected=1, suppressed=1)


def test_a_batch_of_damaged_addresses_alone_is_done(store: Store) -> None:
    books = Books(store, 1)
    damage(store, "subscriber", DAMAGES[0])
    assert books.try_claim() is None
    assert books.counts() == Counts(rejected=1)


@pytest.mark.parametrize("how", DAMAGES)
def test_no_email_goes_to_a_damaged_address(store: Store, how: str) -> None:
    with store.begin() as tx:
        for number in (1, 2):
            email = TransactionalEmail(
                id=0, kind=EmailKind.JOIN, address=f"reader{number}@example.org", asked_at=NOON
            )
            tx.emails.ask(email, network="", limits=EmailLimits())
    damage(store, "transactional_email", how)
    with store.begin() as tx:
        claimed = tx.emails.claim(at=NOON, attempt_id="a")
        assert claimed.email.id == 2
        assert tx.emails.claim(at=NOON, attempt_id="b") is None
        withheld = tx.db.value("SELECT state FROM transactional_email WHERE id = 1")
    assert withheld == MessageState.WITHHELD.value
