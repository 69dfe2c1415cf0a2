"""A reader's own pages in Chromium: by mouse, keyboard or finger, with and without script."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from newsletter.web.server import WebServer
from tests.browser.axe import violations
from tests.browser.opening import Open, Windows, opening, wait_for_count, wait_for_heading
from tests.pages import Forum, forum

pytestmark = pytest.mark.chromium

PEOPLE = [f"reader{number}@example.org" for number in range(1, 31)]


@pytest.fixture(scope="module")
def served(
    browser: Any, tmp_path_factory: pytest.TempPathFactory, migrated: Path
) -> Iterator[tuple[Forum, str]]:
    with forum(tmp_path_factory.mktemp("own") / "forum", database=migrated) as site:
        site.subscribe(*PEOPLE, lists=["press", "old"], name="Ana Ruiz", language="en")
        site.send()
        with WebServer(site.services, host="127.0.0.1", port=0) as server:
            yield site, server.address


@pytest.fixture
def site(served: tuple[Forum, str]) -> Forum:
    return served[0]


@pytest.fixture
def open_page(windows: Windows, served: tuple[Forum, str]) -> Iterator[Open]:
    # statuses that are meant, and what becomes a download
    with opening(windows, served[1], expected=("422", "410", "/data")) as open_page:
        yield open_page


@pytest.mark.parametrize(
    ("script", "width"), [(True, 1000), (False, 375)], ids=["script", "no script"]
)
def test_a_person_changes_what_they_get_and_then_leaves(
    site: Forum, open_page: Open, script: bool, width: int
) -> None:
    number = 1 + 2 * script + (width == 375)
    page = open_page(site.preferences_link(number), width=width, java_script_enabled=script)
    wait_for_heading(page, "Your preferences")

    page.get_by_label("Events").check()
    page.get_by_label("old").uncheck()
    page.get_by_label("For a week").check()
    page.get_by_label("Name", exact=True).fill("Ana R.")
    page.get_by_label("Time zone").select_option("Europe/Berlin")
    page.get_by_role("button", name="Save").click()

    assert page.get_by_role("status").inner_text() == "Your preferences have been saved."
    assert page.get_by_label("Events").is_checked()
    wait_for_count(page.get_by_label("old"), 0)
    assert "We’ll send you nothing before 1 December 2026" in page.locator("main").inner_text()
    assert site.lists_of(number) == ["events", "press"]

    page = open_page(site.unsubscribe_link(number), width=width, java_script_enabled=script)
    page.get_by_role("button", name="Unsubscribe").click()
    wait_for_heading(page, "You’ve been unsubscribed")
    assert site.lists_of(number) == ["events"]
    page.get_by_role("button", name="Manage preferences").click()
    wait_for_heading(page, "Check your inbox")
    page = open_page(site.unsubscribe_link(number), width=width, java_script_enabled=script)
    page.get_by_role("button", name="Unsubscribe from everything").click()
    assert site.lists_of(number) == []


def test_the_keyboard_alone_will_do(site: Forum, open_page: Open) -> None:
    page = open_page(site.preferences_link(11))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.value") == "press"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Space")
    page.locator("#name").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("[role=status]")
    assert site.lists_of(11) == ["old"]
    page.get_by_label("New email address").focus()
    page.keyboard.insert_text("jürgen@bücher.example")
    page.keyboard.press("Enter")
    wait_for_heading(page, "Check your inbox")


def test_what_is_wrong_is_read_out_with_its_field(site: Forum, open_page: Open) -> None:
    page = open_page(site.preferences_link(12))
    page.get_by_label("Until the date below").check()
    page.get_by_role("button", name="Save").click()
    page.get_by_role("alert").wait_for()
    day = page.get_by_label("Date", exact=True)
    assert day.get_attribute("aria-invalid") == "true"
    told = page.locator(f"#{day.get_attribute('aria-describedby')}").inner_text()
    assert "between tomorrow and two years from now" in told


def test_data_is_a_download_and_deleting_asks_once_more(site: Forum, open_page: Open) -> None:
    page = open_page(site.preferences_link(13))
    with page.expect_download() as download:
        page.get_by_role("link", name="Download my data").click()
    assert download.value.suggested_filename == "my-data.json"
    page = open_page(site.preferences_link(13))
    page.get_by_role("link", name="Delete my data").click()
    wait_for_heading(page, "Delete everything that we hold about you?")
    page.get_by_role("button", name="Yes, delete everything").click()
    wait_for_heading(page, "Your data has been deleted")
    with site.services.store.read() as tx:
        assert tx.readers.get(13) is None


def pages_of(site: Forum, number: int) -> list[str]:
    own = site.preferences_link(number)
    late = site.services.links.preferences_token(number, site.clock.now().replace(year=2025))
    leave = site.unsubscribe_link(number)
    return [leave, own, f"{own}?saved=1", f"{own}/delete", f"/preferences/{late}"]


@pytest.mark.parametrize(("language", "scheme"), [("en", "dark"), ("ar", "light")])
def test_axe_finds_nothing_on_any_of_the_pages(
    site: Forum, open_page: Open, language: str, scheme: str
) -> None:
    site.change(f"UPDATE subscriber SET language = '{language}' WHERE id = 14")
    for path in pages_of(site, 14):
        page = open_page(path, scheme=scheme, locale=language)
        assert violations(page) == [], path
    page = open_page(site.preferences_link(14), scheme=scheme)
    page.locator("input[name=pause][value=day]").check()
    page.locator("form button").first.click()
    page.get_by_role("alert").wait_for()
    assert violations(page) == []
    page = open_page(site.unsubscribe_link(99), scheme=scheme, locale=language)
    assert violations(page) == []


@pytest.mark.parametrize(("language", "width"), [("de", 320), ("ar", 375), ("en", 1000)])
def test_no_page_scrolls_sideways_and_fingers_find_what_they_need(
    site: Forum, open_page: Open, language: str, width: int
) -> None:
    site.change(f"UPDATE subscriber SET language = '{language}' WHERE id = 15")
    for path in pages_of(site, 15):
        page = open_page(path, width=width, locale=language)
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert page.get_attribute("html", "dir") == ("rtl" if language == "ar" else "ltr")
        controls = "button, .button, .choice, .field input, .field select"
        for control in page.locator(controls).all():
            assert control.bounding_box()["height"] >= 44, "a finger needs so much"


@pytest.mark.faults(seconds=10)
def test_h5_a_scanner_that_renders_with_script_changes_nothing(
    site: Forum, open_page: Open
) -> None:
    before = site.everything()
    for number in range(20, 22):
        for path in pages_of(site, number):
            page = open_page(path)
            page.wait_for_load_state("networkidle")
            page.evaluate("document.querySelectorAll('a').forEach(one => one.focus())")
            page.close()
    assert site.everything() == before
