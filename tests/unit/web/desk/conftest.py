"""A workspace with a desk, whose passwords cost little."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.desk import Staffed, desk
from tests.pages import Forum
from tests.unit.pipeline.staff.office import PASSWORDS
from tests.unit.web.desk.visitor import Browser


@pytest.fixture
def staffed(tmp_path: Path, migrated: Path) -> Iterator[Staffed]:
    with desk(tmp_path, database=migrated) as staffed:
        yield staffed


@pytest.fixture
def site(tmp_path: Path, migrated: Path) -> Iterator[Forum]:
    """Without staff but those who join."""
    with desk(tmp_path, database=migrated) as staffed:
        site = staffed.site
        site.change("DELETE FROM staff")
        vars(site.app.staff)["proofs"] = replace(site.app.staff.proofs, passwords=PASSWORDS)
        yield Forum(app=site.app, folder=site.folder, clock=site.clock)


@pytest.fixture
def browser(site: Forum) -> Browser:
    return Browser(site=site)
