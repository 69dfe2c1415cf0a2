"""Debian's Chromium, driven by playwright."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from newsletter.config import environment
from newsletter.web.server import WebServer
from tests.browser.opening import Open, Windows, opening
from tests.browser.scripted import Site, serving
from tests.pages import Forum, forum
from tests.unit.pipeline.staff.office import hash_cheaply

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def _chromium() -> str:
    """Its path. Skips where it is missing, but fails in CI."""
    path = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    missing = "" if path else "chromium is not installed (apt-get install chromium)"
    try:
        import playwright.sync_api  # noqa: F401 - only whether it is there
    except ImportError:
        missing = "playwright is not installed (pip install newsletter[dev])"
    if missing and environment().get("CI"):
        pytest.fail(missing)
    if missing or path is None:
        pytest.skip(missing)
    return path


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    """One for all these tests: to start it costs two seconds of work, and a window one more."""
    path = _chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=FLAGS, timeout=60_000)
        yield started
        started.close()


@pytest.fixture(scope="package")
def opened(browser: Any) -> Windows:
    return Windows(browser)


@pytest.fixture
def windows(opened: Windows) -> Iterator[Windows]:
    """The windows that are open, with nothing in them."""
    yield opened
    opened.clear()


@pytest.fixture(scope="module")
def staffed(
    browser: Any, tmp_path_factory: pytest.TempPathFactory, migrated: Path
) -> Iterator[tuple[Forum, str]]:
    """A workspace whose staff come in by their passwords, and its address."""
    with forum(tmp_path_factory.mktemp("accounts") / "forum", database=migrated) as site:
        hash_cheaply(site.services)
        with WebServer(site.services, host="127.0.0.1", port=0) as server:
            yield site, server.address


# --- for the scripts alone: a module with pages of ours has fixtures of these names itself


@pytest.fixture(scope="module")
def served(browser: Any) -> Iterator[tuple[Site, str]]:
    with serving() as served:
        yield served


@pytest.fixture
def site(served: tuple[Site, str]) -> Site:
    served[0].reset()
    return served[0]


@pytest.fixture
def open_page(windows: Windows, served: tuple[Site, str], site: Site) -> Iterator[Open]:
    # statuses that are meant
    with opening(windows, served[1], expected=("401", "409", "422", "503")) as open_page:
        yield open_page
