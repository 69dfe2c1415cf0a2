"""The reader that an event is about, where addresses are hashed as in production."""

import pytest

from newsletter.domain.events import Event, EventKind, EventTarget
from newsletter.domain.subscribers.address import AddressHash
from newsletter.store.sql import Store
from newsletter.store.sqlite import Sqlite
from tests.contracts.books import Books
from tests.fakes import NOON, WORKSPACE, FixedClock, chain_of


@pytest.mark.parametrize(
    ("address", "known"),
    [("READER2@Example.Org", 2), ("ana@" + "à" * 70 + ".example", None), ("no address", None)],
)
def test_an_address_that_cannot_be_one_names_nobody(
    database: Sqlite, address: str, known: int | None
) -> None:
    store = Store(
        database,
        hash_address=AddressHash(b"k" * 32),
        chain=chain_of(database.path),
        clock=FixedClock(),
    )
    Books(store, 3)
    event = Event(id="e", kind=EventKind.DELIVERED, at=NOON, address=address)
    with store.read() as tx:
        [place] = tx.events.locate([event], provider="recording", workspace=WORKSPACE)
    assert place.subscriber_id == known
    assert known or place == EventTarget()
