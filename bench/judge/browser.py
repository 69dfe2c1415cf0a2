"""The judges in Debian's Chromium: axe-core, the page's width, and the mode it is read in."""

import re
import shutil
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from bench.judge.markup import MODULES

AXE = MODULES / "axe-core" / "axe.min.js"
NARROW = 375
"""The width of a telephone in CSS pixels."""
_WIDE = 700
_LOOKS = (
    ("desk", _WIDE, "light", True),
    ("phone", NARROW, "light", True),
    ("dark", _WIDE, "dark", True),
    ("dark phone", NARROW, "dark", True),
    ("no images", _WIDE, "light", False),
)
_WAIT = 30_000
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_STYLE = re.compile(r"(?is)<style\b.*?</style>")
_AXE = """() => axe.run(document, {runOnly: {
  type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}})"""
_WIDTH = "document.documentElement.scrollWidth"


@dataclass(frozen=True, kw_only=True)
class Sight:
    """How a mail looks: widths in CSS pixels in a window 375 wide, violations by theme."""

    mode: str
    """``CSS1Compat`` is the standard's, ``BackCompat`` that of the nineties."""
    width: int
    width_without_images: int
    width_without_styles: int
    light: tuple[str, ...]
    dark: tuple[str, ...]


class Eyes:
    """Opens mails in a browser that reaches nothing."""

    def __init__(self, browser: Any) -> None:
        self._browser = browser
        self._pages: dict[tuple[int, str, bool], Any] = {}
        self._axe = AXE.read_text(encoding="utf-8")

    def look(self, html: str) -> Sight:
        """Open a mail on a desk in light, and on a telephone in dark, without images or styles."""
        light = self._violations(self._page(html, width=_WIDE))
        page = self._page(html, scheme="dark")
        mode, width = page.evaluate("document.compatMode"), page.evaluate(_WIDTH)
        dark = self._violations(page)
        without_images = self._page(html, images=False).evaluate(_WIDTH)
        without_styles_ = self._page(without_styles(html)).evaluate(_WIDTH)
        return Sight(
            mode=mode,
            width=width,
            width_without_images=without_images,
            width_without_styles=without_styles_,
            light=light,
            dark=dark,
        )

    def pictures(self, html: str) -> Iterator[tuple[str, bytes]]:
        """How it is seen, each look with its name, as PNG."""
        for name, width, scheme, images in _LOOKS:
            page = self._page(html, width=width, scheme=scheme, images=images)
            yield name, page.screenshot(full_page=True)

    def photograph(self, html: str, *, width: int) -> bytes:
        """How a page is seen in light, as PNG."""
        picture: bytes = self._page(html, width=width).screenshot(full_page=True)
        return picture

    def _page(
        self, html: str, *, width: int = NARROW, scheme: str = "light", images: bool = True
    ) -> Any:
        """A page with the mail in it: of each kind there is one, since a new one takes a while."""
        key = width, scheme, images
        if key not in self._pages:
            self._pages[key] = self._new_page(*key)
        page = self._pages[key]
        page.set_content(html, wait_until="load")
        return page

    def _new_page(self, width: int, scheme: str, images: bool) -> Any:
        page = self._browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
        page.set_default_timeout(_WAIT)

        def answer(route: Any) -> None:
            if images and route.request.resource_type == "image":
                route.fulfill(body=PICTURE, content_type="image/png")
            else:
                route.abort()

        page.route("**/*", answer)
        return page

    def _violations(self, page: Any) -> tuple[str, ...]:
        page.evaluate(self._axe)
        return tuple(
            f"{one['id']}: {node['html'][:120]}"
            for one in page.evaluate(_AXE)["violations"]
            for node in one["nodes"]
        )


@contextmanager
def eyes() -> Iterator[Eyes]:
    """Start Chromium, and end it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=_FLAGS, timeout=60_000
        )
        try:
            yield Eyes(browser)
        finally:
            browser.close()


def without_styles(html: str) -> str:
    """The mail as programs show it that take all <style> away."""
    return _STYLE.sub("", html)


def picture(width: int, height: int) -> bytes:
    """A grey PNG: what a mail asks for, and wider than it may show."""

    def chunk(name: bytes, data: bytes) -> bytes:
        whole = name + data
        return struct.pack(">I", len(data)) + whole + struct.pack(">I", zlib.crc32(whole))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = (b"\0" + b"\x99" * width) * height
    signature = b"\x89PNG\r\n\x1a\n"
    return (
        signature + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    )


PICTURE = picture(1200, 800)
