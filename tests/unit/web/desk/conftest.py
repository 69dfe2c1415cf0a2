"""A workspace with a desk, whose passwords cost little."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.desk import Staffed, desk
from tests.pages import Forum, Kept
from tests.unit.pipeline.staff.office import hash_cheaply
from tests.unit.web.desk.deciding import Room
from tests.unit.web.desk.visitor import Browser


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[Kept]:
    with desk(tmp_path_factory.mktemp("desk"), database=migrated) as staffed:
        yield Kept(staffed.site)


@pytest.fixture
def staffed(kept: Kept) -> Staffed:
    return Staffed(site=kept.again())


@pytest.fixture
def at(staffed: Staffed) -> Room:
    return Room(staffed)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[Kept]:
    """Without staff but those who join."""
    with desk(tmp_path_factory.mktemp("desk"), database=migrated) as staffed:
        site = staffed.site
        site.change("DELETE FROM staff")
        hash_cheaply(site.services)
        yield Kept(site)


@pytest.fixture
def site(empty: Kept) -> Forum:
    return empty.again()


@pytest.fixture
def browser(site: Forum) -> Browser:
    return Browser(site=site)
