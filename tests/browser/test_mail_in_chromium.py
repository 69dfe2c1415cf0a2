"""A finished mail in Chromium: standards mode, width, colours, direction."""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from typing import Any

import pytest

from newsletter.domain.delivery.transactional import EmailText
from newsletter.domain.statements.content import Content, PressContact, Publisher
from tests.browser.opening import Windows
from tests.rows import rows
from tests.unit.rendering.examples import (
    BLOCK_MAILS,
    HARBOUR,
    HOUSE,
    ORGANISATION,
    arabic,
    render,
    render_letter,
)
from tests.unit.rendering.examples import MAILS as BRANDED
from tests.unit.rendering.mail.test_translations import SPANISH, together

pytestmark = pytest.mark.chromium

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d4944415478da63"
    "fccfc0500f0004850180d4d2a2a60000000049454e44ae426082"
)

LOW_CONTRAST = """() => {
  const rgb = text => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, at) => sum + v * [0.2126, 0.7152, 0.0722][at], 0);
  const ground = element => {
    for (let at = element; at; at = at.parentElement) {
      const colour = rgb(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let seen = 0;
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.getClientRects().length) continue;
    seen += 1;
    const pair = [light(rgb(getComputedStyle(element).color)), light(ground(element))];
    const ratio = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
    if (ratio < 4.5) found.push([walker.currentNode.data.trim().slice(0, 30), ratio]);
  }
  return {seen, found};
}"""

WIDE_BODY = """
A word of its own: Donaudampfschifffahrtselektrizitaetenhauptbetriebswerkbauunterbeamtengesellschaft
and an address: <https://forum.example/a/very/long/path/that-goes-on-and-on-without-any-blank.html>

| Organisation | Responsibility | Representative | Recommendations | Acknowledgement |
|---|---|---|---|---|
| Administration | Transportation | Superintendent | Incomprehensibility | 1,204,000,000 |

    a line of code that is much longer than any telephone is wide, and so has to be folded by it

![A chair](https://forum.example/chair.jpg#1200x800)

- one
  - two
    - three
      > a quote in a list in a list in a list
"""


class Reader:
    """Opens mails, as a mail program with a window of some width."""

    def __init__(self, windows: Windows) -> None:
        self._windows = windows

    def open(
        self, html: str, *, width: int = 375, scheme: str = "light", images: bool = False
    ) -> Any:
        """A page showing the mail. It can reach nothing; images are one pixel or blocked."""
        # a window that has shown an image may show it again without asking for it
        page = self._windows.open(width=width, scheme=scheme, apart="images" * images)

        def answer(route: Any) -> None:
            if images and route.request.resource_type == "image":
                route.fulfill(body=PIXEL, content_type="image/png")
            else:
                route.abort()

        page.unroute_all()
        page.route("**/*", answer)
        page.set_content(html)
        return page


@pytest.fixture
def reader(windows: Windows) -> Reader:
    return Reader(windows)


def without_styles(html: str) -> str:
    """As Gmail shows it in other people's accounts."""
    return re.sub(r"<style.*?</style>", "", html, flags=re.DOTALL)


def without_frame(html: str) -> str:
    """As webmail shows it: only what stands inside the body."""
    return html.partition("<body")[2].partition(">")[2].partition("</body>")[0]


LETTERS = [says.value for says in EmailText]
MAILS: dict[str, Callable[[], Content]] = {
    **BRANDED,
    **{says.value: partial(render_letter, says, publisher=HARBOUR) for says in EmailText},
    **BLOCK_MAILS,
    "example": render,
    "wide": lambda: render(WIDE_BODY, title="Antidisestablishmentarianism-and-the-rest-of-it"),
    "arabic": lambda: render(**vars(arabic())),
    "three languages": lambda: together(SPANISH, arabic()),
    "long names": lambda: render(
        publisher=replace(
            HOUSE,
            organisation=replace(
                ORGANISATION,
                website="https://the-very-long-name-of-an-organisation-for-everything.example",
                press_contact=PressContact(
                    name="Press Office",
                    email="the-whole-press-office-of-the-forum@an-organisation.forum.example",
                ),
            ),
        )
    ),
}


@cache
def mail_of(name: str) -> str:
    """Rendered when a test asks for it, and once."""
    return MAILS[name]().html


def test_the_mail_is_shown_in_standards_mode(reader: Reader) -> None:
    assert reader.open(mail_of("example")).evaluate("document.compatMode") == "CSS1Compat"


@pytest.mark.parametrize("mail", MAILS)
@rows("images", [True, False])
@rows("styles", [True, False])
def test_a_telephone_need_not_scroll_sideways(
    reader: Reader, mail: str, images: bool, styles: bool
) -> None:
    html = mail_of(mail) if styles else without_styles(mail_of(mail))
    page = reader.open(html, images=images, width=320)
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    ways_out = page.locator('a[href*="/u/"]').all_inner_texts()
    arabic = ["إلغاء الاشتراك", "التفضيلات"]
    rtl = dict.fromkeys(("arabic", "blocks, right to left"), arabic)
    shown = {**{name: [] for name in LETTERS}, **rtl}
    assert ways_out == shown.get(mail, ["Unsubscribe", "Preferences"])


TABLES = """
| County | Held now | Change |
|:-------|---------:|-------:|
| Adams | 1,240,500 | –33 % |
| Bristol | $912,000 | 1990–1995 |

| County | Held before | Held now | Change | Budget |
|:-------|------------:|:--------:|-------:|-------:|
| Westmoreland | 1,240,500 | 810,000 | –33 % | $1.2 million |
| Bristol | 312,000 | 2019-2020 | –7 % | $1,912,000 |

| Organisation | Responsibility | Representative | Recommendations | Acknowledgement | Budget |
|---|---|---|---|---|--:|
| Administration | Transportation | Superintendent | Incomprehensibility | 1990–1995 | $1,500 |
"""
BROKEN = """() => {
  const walker = document.createTreeWalker(document.querySelector('td.body'), NodeFilter.SHOW_TEXT);
  const broken = [];
  let seen = 0;
  while (walker.nextNode()) {
    const text = walker.currentNode;
    for (const found of text.data.matchAll(/[$–]?\\d[\\d.,–-]*(?:\u00a0\\S+)?/g)) {
      const range = document.createRange();
      range.setStart(text, found.index);
      range.setEnd(text, found.index + found[0].length);
      const tops = new Set([...range.getClientRects()].map(box => Math.round(box.top)));
      seen += 1;
      if (tops.size > 1) broken.push(found[0]);
    }
  }
  return {seen, broken};
}"""


@pytest.mark.parametrize("publisher", [HOUSE, HARBOUR], ids=["plain", "wide letters"])
@pytest.mark.parametrize("styles", [True, False], ids=["styles", "no styles"])
def test_at_no_width_a_figure_is_broken_or_a_table_runs_out_of_the_sheet(
    reader: Reader, publisher: Publisher, styles: bool
) -> None:
    html = render(TABLES, publisher=publisher).html
    for width in (320, 360, 375, 414, 500, 599, 600, 620, 700, 1000):
        page = reader.open(html if styles else without_styles(html), width=width)
        assert page.evaluate("document.documentElement.scrollWidth") == width
        found = page.evaluate(BROKEN)
        assert found["broken"] == [], width
        assert found["seen"] > 10


def test_a_wide_table_is_a_table_on_a_desk_and_records_on_a_telephone(reader: Reader) -> None:
    html = render(TABLES).html
    shown = {}
    for width in (375, 700):
        page = reader.open(html, width=width)
        table = page.locator("table.wide")
        shown[width] = (
            table.locator("thead").is_visible(),
            table.locator("td .named").first.is_visible(),
        )
    assert shown == {375: (False, True), 700: (True, False)}


def test_columns_stand_beside_each_other_on_a_desk_and_below_on_a_telephone(reader: Reader) -> None:
    halves = {}
    for width in (375, 700):
        page = reader.open(mail_of("blocks"), width=width, images=True)
        first, second = (page.locator("div.half").nth(at).bounding_box() for at in (0, 1))
        halves[width] = first["y"] == second["y"]
    assert halves == {375: False, 700: True}


@pytest.mark.parametrize("width", [375, 700])
def test_a_lead_picture_reaches_both_edges_of_the_sheet(reader: Reader, width: int) -> None:
    page = reader.open(mail_of("blocks"), width=width, images=True)
    picture = page.locator("td.lead img").bounding_box()
    sheet = page.locator("td.masthead").bounding_box()
    assert (picture["x"], picture["width"]) == (sheet["x"], sheet["width"])


def test_the_column_is_600_pixels_wide_where_there_is_room(reader: Reader) -> None:
    page = reader.open(mail_of("example"), width=1000)
    box = page.locator("table.column").bounding_box()
    assert (box["x"], box["width"]) == (200, 600)


@pytest.mark.parametrize("mail", [*BRANDED, *BLOCK_MAILS, "arabic", *LETTERS])
@rows("scheme", ["light", "dark"])
def test_every_text_contrasts_with_its_ground(reader: Reader, scheme: str, mail: str) -> None:
    result = reader.open(mail_of(mail), scheme=scheme).evaluate(LOW_CONTRAST)
    assert result["found"] == []
    assert result["seen"] > (6 if mail in LETTERS else 15)


def test_the_contrast_holds_without_styles_in_a_dark_program(reader: Reader) -> None:
    page = reader.open(without_styles(mail_of("example")), scheme="dark")
    assert page.evaluate(LOW_CONTRAST)["found"] == []


def test_a_dark_screen_gets_a_dark_mail(reader: Reader) -> None:
    grounds = [
        reader.open(mail_of("example"), scheme=scheme).evaluate(
            "getComputedStyle(document.querySelector('td.body')).backgroundColor"
        )
        for scheme in ("light", "dark")
    ]
    assert grounds == ["rgb(255, 255, 255)", "rgb(24, 29, 30)"]


def test_the_preheader_is_not_seen(reader: Reader) -> None:
    page = reader.open(mail_of("example"))
    assert "\u200c" not in page.evaluate("document.body.innerText")


@pytest.mark.parametrize("styles", [True, False])
def test_arabic_stands_on_the_right_even_in_webmail(reader: Reader, styles: bool) -> None:
    html = without_frame(mail_of("arabic")) if not styles else mail_of("arabic")
    page = reader.open(html, width=700)
    sheet = page.locator("td.body").bounding_box()
    edge = sheet["x"] + sheet["width"] - 36
    for selector in ("td.body > p:nth-of-type(1)", "blockquote"):
        box = page.locator(selector).bounding_box()
        assert abs(box["x"] + box["width"] - edge) <= 1
    label = page.evaluate("""() => {
      const range = document.createRange();
      range.selectNodeContents(document.querySelector('p.label'));
      return range.getBoundingClientRect().right;
    }""")
    assert abs(label - edge) <= 1
    listed = page.locator("td.body ul").bounding_box()
    assert abs(listed["x"] + listed["width"] - (edge - 22)) <= 1
    assert page.evaluate("getComputedStyle(document.querySelector('h1')).direction") == "rtl"


def test_inlined_styles_are_those_the_stylesheet_asks_for(reader: Reader) -> None:
    script = """() => [...document.body.querySelectorAll('*')].map(element =>
      [element.tagName, ...['color', 'fontSize', 'lineHeight', 'marginTop', 'paddingLeft',
       'backgroundColor', 'fontFamily'].map(name => getComputedStyle(element)[name])].join(' '))"""
    kept, stripped = (
        reader.open(html, width=700).evaluate(script)
        for html in (mail_of("example"), without_styles(mail_of("example")))
    )
    assert stripped == kept
