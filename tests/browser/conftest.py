"""Debian's Chromium, driven by playwright."""

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from newsletter.config import environment
from tests.browser.opening import Windows

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
