"""A newsroom on a real store whose books are checked after each transaction."""

import pytest

from newsletter.store.sql import SqlStore
from tests.fakes import FixedClock
from tests.unit.pipeline.newsroom import BalancedStore, Newsroom


@pytest.fixture
def room(store: SqlStore, clock: FixedClock) -> Newsroom:
    return Newsroom(BalancedStore(store), clock)
