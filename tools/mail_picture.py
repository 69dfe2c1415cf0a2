"""The picture of an email in each theme: ``python -m tools.mail_picture docs/images/emails.png``.

Needs Debian's Chromium, and no network.
"""

import shutil
import sys
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from io import BytesIO
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from newsletter.domain.statements.brand import Brand
from newsletter.domain.statements.statement import Statement
from newsletter.domain.themes import Theme
from tests.browser.conftest import FLAGS
from tests.unit.rendering.examples import HOUSE, renderer_with

BODY = """\
**Washington, 24 November.** Example Forum welcomes the decision of the city council to keep every
branch library open until nine in the evening, twice a week, from January.

People who work during the day have asked for this since the hours were cut in 2019. More than four
thousand of them signed our petition.

**[Read the decision](https://forum.example/decision)**

## What changes

- All twelve branches stay open until 9 p.m. on Tuesdays and Thursdays.
- The reading rooms at Fourth Street and Harbor Square open on Sundays again.

> A library that closes at five is a library for those who do not have to work.
>
> — Maria Okafor, chair of Example Forum

| Evening visits | 2025 | 2026 |
|---|--:|--:|
| Fourth Street | 1,204 | 1,391 |
| Harbor Square | 862 | 974 |
"""
STATEMENT = Statement(
    slug="library-hours",
    title="Example Forum welcomes the new library hours",
    summary="Twelve branches stay open until nine, twice a week.",
    body=BODY,
    lists=("press",),
    language="en",
    date=date(2026, 11, 24),
    origin="statements/library-hours.md",
)
COLOURS = {Theme.STATEMENT: "#17505c", Theme.BRIEFING: "#1a4fa0", Theme.BULLETIN: "#8a1c3b"}
SHEET = """<!doctype html><style>
body {{ margin: 0; padding: 24px; background: #e8e5df; font: 600 15px sans-serif; color: #222;
  display: flex; gap: 20px; align-items: flex-start }}
figure {{ margin: 0 }} figcaption {{ margin-bottom: 8px }} img {{ display: block }}
</style>{}"""


def emails() -> Iterator[tuple[str, str]]:
    """Yield the name and the HTML of each theme."""
    for theme, colour in COLOURS.items():
        publisher = replace(HOUSE, brand=Brand(color=colour, theme=theme))
        yield theme.value.capitalize(), renderer_with(None, publisher).render(STATEMENT).html


def shots(browser: Browser) -> Iterator[str]:
    """Yield a figure for each theme on a desktop, then on a telephone in the dark."""
    for width, shown in ((700, 400), (375, 240)):
        scheme: Literal["light", "dark"] = "light" if width == 700 else "dark"
        page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
        page.route("**/*", lambda route: route.abort())
        for name, html in emails():
            page.set_content(html)
            data = b64encode(page.screenshot(full_page=True)).decode()
            caption = name if scheme == "light" else f"{name}, phone, dark"
            picture = f'<img width="{shown}" src="data:image/png;base64,{data}">'
            yield f"<figure><figcaption>{caption}</figcaption>{picture}</figure>"


def main() -> None:
    """Write the picture to the file that the command line names."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_page(viewport={"width": 2100, "height": 600})
        page.set_content(SHEET.format("".join(shots(browser))))
        drawn = Image.open(BytesIO(page.screenshot(full_page=True)))
        browser.close()
    drawn.convert("P", palette=Image.Palette.ADAPTIVE, colors=128).save(sys.argv[1], optimize=True)


if __name__ == "__main__":
    main()
