"""An office on a store of its own."""

import pytest

from newsletter.store.sql import Store
from tests.fakes import FixedClock
from tests.unit.pipeline.staff.office import Office


@pytest.fixture
def office(store: Store, clock: FixedClock) -> Office:
    return Office(store=store, clock=clock)
