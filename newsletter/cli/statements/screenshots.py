"""Screenshots of an email in its views, by a Chromium that reaches only named hosts.

Playwright is optional: ``pip install 'newsletter[screenshots]'``.
"""

import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter.rendering.preview import Screenshot

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-breakpad",
    "--disable-dev-shm-usage",
    "--no-proxy-server",
)
_TIMEOUT_MS = 30_000
_MAX_PIXELS = 16_000
"""The height in device pixels: below it Chromium draws nothing right."""
_FIRST_HEIGHT = 100
"""CSS pixels: less than any email has, so that the email itself says how high it is."""
_LOADED = """() => Promise.race([
  Promise.all([...document.images].map(image => image.decode().catch(() => null))),
  new Promise(done => setTimeout(done, 5000)),
]).then(() => document.fonts.ready).then(() => ({
  height: document.scrollingElement.scrollHeight,
  missing: [...document.images]
    .filter(image => image.src.startsWith('https:') && !image.naturalWidth)
    .map(image => image.src),
}))"""
"""Waits at most 5 seconds for pictures; tells the height, and which pictures did not come."""


class BrowserFailed(Exception):
    """Chromium or Playwright failed. The message says how."""


@dataclass(frozen=True, kw_only=True)
class Sitting:
    """The subject of a screenshot."""

    name: str
    """The name of the file, without ``.png``."""
    title: str
    html: str
    width: int
    """CSS pixels."""
    dark: bool = False
    sharpness: float = 2.0
    """Device pixels for one CSS pixel."""


@contextmanager
def started(named: Path | None, *, hosts: Sequence[str]) -> Iterator["Browser"]:
    """Start the named Chromium, or an installed one, that can reach these hosts alone.

    Raises BrowserFailed, also for errors of Playwright within the block.
    """
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError as error:
        raise BrowserFailed("Playwright is missing; install newsletter[screenshots]") from error
    path = _program(named)
    allowed = "".join(f", EXCLUDE {host.partition(':')[0]}" for host in hosts)
    rules = f"--host-resolver-rules=MAP * ~NOTFOUND{allowed}"
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=path,
                args=[*_FLAGS, rules],
                chromium_sandbox=os.geteuid() != 0,  # as root Chromium does not start with it
                timeout=_TIMEOUT_MS,
            )
            yield browser
            browser.close()
    except Error as error:
        raise BrowserFailed(error.message.partition("\n")[0]) from error


def _program(named: Path | None) -> str:
    if named is not None:
        if not (named.is_file() and os.access(named, os.X_OK)):
            raise BrowserFailed(f"{named} is not a program")
        return str(named.resolve())
    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    if found is None:
        raise BrowserFailed(
            f"none of {', '.join(_NAMES)} is installed; install one, or name it with --browser"
        )
    return found


def take(browser: "Browser", sittings: Iterable[Sitting]) -> Iterator[tuple[Screenshot, bytes]]:
    """Take one screenshot after the other, each with its PNG."""
    for sitting in sittings:
        shot, png = _taken(browser, sitting, sitting.sharpness)
        if shot.height * sitting.sharpness > _MAX_PIXELS:
            # a long email is rather less sharp than cut off
            shot, png = _taken(browser, sitting, 1.0)
        yield shot, png


def _taken(browser: "Browser", sitting: Sitting, sharpness: float) -> tuple[Screenshot, bytes]:
    page = browser.new_page(
        viewport={"width": sitting.width, "height": _FIRST_HEIGHT},
        device_scale_factor=sharpness,
        color_scheme="dark" if sitting.dark else "light",
    )
    page.set_default_timeout(_TIMEOUT_MS)
    page.set_content(sitting.html, wait_until="commit")
    loaded = page.wait_for_function(_LOADED).json_value()
    height = min(max(1, loaded["height"]), _MAX_PIXELS)
    page.set_viewport_size({"width": sitting.width, "height": height})
    png = page.screenshot()
    page.close()
    shot = Screenshot(
        title=sitting.title,
        file=f"{sitting.name}.png",
        width=sitting.width,
        height=height,
        cut=height < loaded["height"],
        missing=tuple(loaded["missing"]),
    )
    return shot, png
