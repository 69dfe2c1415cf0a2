"""A workspace with a desk, whose passwords cost little."""

import pytest

from tests.desk import Staffed, desk
from tests.pages import Forum, Kept, kept_after
from tests.unit.pipeline.staff.office import hash_cheaply
from tests.unit.web.desk.deciding import Room
from tests.unit.web.desk.visitor import Browser

kept = kept_after(desk)


@pytest.fixture
def staffed(kept: Kept) -> Staffed:
    return Staffed(site=kept.again())


@pytest.fixture
def at(staffed: Staffed) -> Room:
    return Room(staffed)


def dismiss_all(staffed: Staffed) -> None:
    staffed.site.change("DELETE FROM staff")
    hash_cheaply(staffed.site.services)


empty = kept_after(desk, dismiss_all)
"""Without staff but those who join."""


@pytest.fixture
def site(empty: Kept) -> Forum:
    return empty.again()


@pytest.fixture
def browser(site: Forum) -> Browser:
    return Browser(site=site)
