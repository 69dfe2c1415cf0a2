"""A workspace with an editor and ten readers, and Mailgun on loopback."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.mailgun import PacedMailgun
from tests.acceptance.workspace import Workspace, copied, readers


@pytest.fixture(scope="session")
def patterns(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """Workspaces to copy: one as ``init`` leaves it, and one with people in it."""
    folder = tmp_path_factory.mktemp("patterns")
    bare = Workspace.create(folder / "bare")
    peopled = Workspace.create(folder / "peopled")
    peopled.hire()
    peopled.subscribe(readers(10))
    yield {"bare": bare.folder, "peopled": peopled.folder}
    bare.close()
    peopled.close()


@pytest.fixture
def bare(patterns: dict[str, Path], tmp_path: Path) -> Iterator[Workspace]:
    """A workspace as ``init`` leaves it, but without the example and the undo window."""
    yield from _copy(patterns["bare"], tmp_path)


@pytest.fixture
def workspace(patterns: dict[str, Path], tmp_path: Path) -> Iterator[Workspace]:
    """The same with an editor who may approve, and ten readers."""
    yield from _copy(patterns["peopled"], tmp_path)


def _copy(pattern: Path, tmp_path: Path) -> Iterator[Workspace]:
    workspace = Workspace(folder=copied(pattern, tmp_path / "forum"))
    yield workspace
    workspace.close()


@pytest.fixture
def mailgun() -> Iterator[PacedMailgun]:
    with PacedMailgun() as server:
        yield server
