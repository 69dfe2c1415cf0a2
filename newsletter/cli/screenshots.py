"""Screenshots of a mail in its views, by a Chromium that can reach no network of its own accord."""

import base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from newsletter.cli.devtools import Browser, BrowserFailed
from newsletter.rendering.sheet import Screenshot

_TALLEST = 16_000
"""Device pixels: Chromium draws nothing right below."""
_SHARP = 2.0
_FIRST_HEIGHT = 100
"""CSS pixels: less than any mail has, so that the mail itself says how high it is."""
_LOADED = """Promise.race([
  Promise.all([...document.images].map(image => image.decode().catch(() => null))),
  new Promise(done => setTimeout(done, 5000)),
]).then(() => document.fonts.ready).then(() => [...document.images]
  .filter(image => image.src.startsWith('https:') && !image.naturalWidth)
  .map(image => image.src))"""
"""Waits for pictures, but not for ever; names those that did not come."""


@dataclass(frozen=True, kw_only=True)
class Sitting:
    """What a screenshot is to be taken of."""

    name: str
    """The file is called so, with ``.png`` behind it."""
    title: str
    html: str
    width: int
    """CSS pixels."""
    dark: bool = False
    sharpness: float = _SHARP
    """Device pixels for one CSS pixel."""


def take(browser: Browser, sittings: Iterable[Sitting]) -> Iterator[tuple[Screenshot, bytes]]:
    """One after the other, each with its PNG. Raises BrowserFailed."""
    for sitting in sittings:
        with browser.page() as session:
            yield _taken(browser, session, sitting)


def _taken(browser: Browser, session: str, sitting: Sitting) -> tuple[Screenshot, bytes]:
    def tell(method: str, **parameters: Any) -> dict[str, Any]:
        return browser.call(method, session, **parameters)

    def measure(height: int, sharpness: float) -> None:
        tell(
            "Emulation.setDeviceMetricsOverride",
            width=sitting.width,
            height=height,
            deviceScaleFactor=sharpness,
            mobile=False,
        )

    measure(_FIRST_HEIGHT, sitting.sharpness)
    scheme = "dark" if sitting.dark else "light"
    tell(
        "Emulation.setEmulatedMedia",
        features=[{"name": "prefers-color-scheme", "value": scheme}],
    )
    frame = tell("Page.getFrameTree")["frameTree"]["frame"]["id"]
    tell("Page.setDocumentContent", frameId=frame, html=sitting.html)
    waited = tell("Runtime.evaluate", expression=_LOADED, awaitPromise=True, returnByValue=True)
    whole = max(1, round(tell("Page.getLayoutMetrics")["cssContentSize"]["height"]))
    sharpness = sitting.sharpness if whole * sitting.sharpness <= _TALLEST else 1.0
    height = min(whole, _TALLEST)
    measure(height, sharpness)
    png = base64.b64decode(tell("Page.captureScreenshot", format="png")["data"])
    if not png:
        raise BrowserFailed(f"it made no picture of {sitting.title}")
    shot = Screenshot(
        title=sitting.title,
        file=f"{sitting.name}.png",
        width=sitting.width,
        height=height,
        cut=height < whole,
        missing=tuple(waited["result"].get("value") or ()),
    )
    return shot, png
