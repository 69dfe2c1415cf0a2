"""A newsroom on a real store whose books are checked after each transaction."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from newsletter.domain.campaigns.campaign import CampaignState
from newsletter.domain.delivery.batch import Verdict
from newsletter.store.sql import Store
from tests.fakes import accept_all, always, store_in
from tests.unit.pipeline.newsroom import BalancedStore, Newsroom


@pytest.fixture
def room(store: Store) -> Newsroom:
    return Newsroom(BalancedStore(store))


@pytest.fixture
def lost(room: Newsroom) -> Newsroom:
    """Ten readers, all of them unknown."""
    room.start(10)
    room.dispatch(always(Verdict.UNKNOWN))
    room.provider.answer = accept_all
    assert room.campaign().state is CampaignState.ATTENTION
    return room


@pytest.fixture
def stores(tmp_path: Path, migrated: Path) -> Iterator[list[Store]]:
    """Several databases, for histories that have to lead to the same."""
    paths = [Path(shutil.copy(migrated, tmp_path / f"{number}.db")) for number in range(4)]
    stores = [store_in(path) for path in paths]
    yield stores
    for store in stores:
        store.close()
