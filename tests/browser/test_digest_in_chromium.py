"""A digest email in Chromium: its titles are links, and the longest fits a phone."""

import pytest

from tests.browser.opening import Windows, wait_for_count
from tests.browser.test_mail_in_chromium import LOW_CONTRAST, Reader
from tests.unit.rendering.examples import STATEMENT, arabic, statement
from tests.unit.rendering.mail.test_digest import issue, rendered

pytestmark = pytest.mark.chromium

LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft resigns"
PARTS = (STATEMENT, statement("Text.", slug="long", title=LONG), arabic())


@pytest.fixture
def reader(windows: Windows) -> Reader:
    return Reader(windows)


@pytest.fixture(scope="module")
def html() -> str:
    return rendered(issue(*PARTS)).html


@pytest.mark.parametrize("width", [320, 375, 760])
def test_nothing_is_wider_than_the_window(reader: Reader, html: str, width: int) -> None:
    page = reader.open(html, width=width)
    assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_word_can_be_read_in_both_schemes(reader: Reader, html: str, scheme: str) -> None:
    contrast = reader.open(html, scheme=scheme).evaluate(LOW_CONTRAST)
    assert contrast["seen"] > 10
    assert contrast["found"] == []


def test_its_titles_are_underlined_links_below_one_heading(reader: Reader, html: str) -> None:
    page = reader.open(html, width=760)
    titles = page.locator("h2 a")
    wait_for_count(titles, len(PARTS))
    for number in range(len(PARTS)):
        line = titles.nth(number).evaluate("one => getComputedStyle(one).textDecorationLine")
        assert line == "underline"
    wait_for_count(page.locator("h1"), 1)
