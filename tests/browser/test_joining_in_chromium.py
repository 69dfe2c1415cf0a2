"""A reader joins in Chromium: with script and without, by keyboard, on a telephone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from newsletter.web.http.offering import SignUpOffer
from newsletter.web.server import WebServer
from tests.acceptance.signing import LISTS, confirmation_link
from tests.browser.axe import violations_in_both
from tests.browser.opening import Open, Windows, opening, wait_for_count, wait_for_heading
from tests.pages import Forum, forum
from tests.servers import LoopbackServer, Received, Step, reply

pytestmark = pytest.mark.chromium


class Elsewhere(LoopbackServer):
    """Another site, whose one page is ``page``."""

    page = ""

    def usual(self, received: Received) -> Step:
        return reply(200, self.page, {"Content-Type": "text/html; charset=utf-8"})

    def shows(self, body: str, host: str = "www.forum") -> str:
        """Show a body; return the page's address."""
        self.page = f"<!doctype html><html lang=en><title>x</title><main><h1>x</h1>{body}</main>"
        return f"{self.url.replace('127.0.0.1', f'{host}.localhost')}/"


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Elsewhere]:
    with Elsewhere() as server:
        yield server


@pytest.fixture(scope="module")
def served(
    browser: Any, elsewhere: Elsewhere, tmp_path_factory: pytest.TempPathFactory, migrated: Path
) -> Iterator[tuple[Forum, str]]:
    folder = tmp_path_factory.mktemp("joining") / "forum"
    with (
        forum(
            folder,
            database=migrated,
            lists=LISTS,
            signup={"origins": [elsewhere.shows("").rstrip("/")]},
        ) as site,
        WebServer(site.services, host="127.0.0.1", port=0) as server,
    ):
        yield site, server.address


@pytest.fixture
def site(served: tuple[Forum, str]) -> Forum:
    return served[0]


@pytest.fixture
def open_page(windows: Windows, served: tuple[Forum, str]) -> Iterator[Open]:
    expected = ("the server responded with a status of",)
    with opening(windows, served[1], width=375, expected=expected) as open_page:
        yield open_page


def link_in_the_letter(site: Forum, address: str) -> str:
    """Return the path that confirms a sign-up, once the email was sent."""
    courier = site.services.delivery.transactional_sender()
    while courier.post() is not None:
        pass
    return confirmation_link(site, address)


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_the_whole_way_on_a_telephone_from_joining_to_leaving(
    site: Forum, open_page: Open, script: bool
) -> None:
    address = f"ana{int(script)}@example.org"
    page = open_page("/subscribe?list=sport", java_script_enabled=script)
    assert page.get_by_label("Sport & games").is_checked()
    page.get_by_label("Email address").fill(address)
    page.get_by_label("Name (optional)").fill("Ana <b>")
    page.get_by_role("button", name="Subscribe").click()
    wait_for_heading(page, "Check your inbox")
    page.reload()
    wait_for_heading(page, "Check your inbox")

    link = link_in_the_letter(site, address)
    page = open_page(link, java_script_enabled=script)
    assert "Sport & games" in page.locator("main").inner_text()
    wait_for_count(page.get_by_role("button"), 1)
    page.get_by_role("button").click()
    wait_for_heading(page, "You’re subscribed")
    [(number, name)] = site.rows("SELECT id, name FROM subscriber WHERE address = ?", address)
    assert (site.lists_of(number), name) == (["sport"], "Ana <b>")
    [(source,)] = site.rows("SELECT source FROM transactional_email WHERE address = ?", address)
    assert source == "our sign-up page"

    page.get_by_role("link", name="Manage preferences").click()
    page.get_by_label("Press releases").check()
    page.get_by_role("button", name="Save").click()
    assert page.get_by_label("Press releases").is_checked()
    assert site.lists_of(number) == ["press", "sport"]
    page = open_page(link, java_script_enabled=script)
    wait_for_heading(page, "This link has already been used")

    site.send(f"statement-{int(script)}", lists=["press"])
    [(campaign,)] = site.rows("SELECT max(id) FROM campaign")
    page = open_page(site.unsubscribe_link(number, campaign), java_script_enabled=script)
    page.get_by_role("button", name="Unsubscribe").click()
    wait_for_heading(page, "You’ve been unsubscribed")
    assert site.lists_of(number) == ["sport"]


def test_what_is_wrong_is_said_beside_its_field_and_the_focus_is_there(open_page: Open) -> None:
    page = open_page("/subscribe", java_script_enabled=False)
    page.get_by_label("Email address").fill("ana@")
    page.get_by_role("button", name="Subscribe").click()

    email = page.get_by_label("Email address")
    assert email.input_value() == "ana@"
    assert email.get_attribute("aria-invalid") == "true"
    page.get_by_role("alert").wait_for()
    described = page.locator(f"#{email.get_attribute('aria-describedby')}")
    assert "name@example.org" in described.inner_text()
    page.keyboard.type("example.org")
    assert email.input_value() in {"ana@example.org", "example.organa@"}, "it has the focus"


def test_the_keyboard_goes_from_field_to_field_and_never_into_the_trap(open_page: Open) -> None:
    page = open_page("/subscribe")
    reached = []
    for _ in range(5):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("document.activeElement.name || document.activeElement.tagName")
        )
    assert reached == ["email", "name", "list", "list", "BUTTON"]
    trap = page.locator(".trap")
    assert trap.bounding_box()["width"] == 1, "nothing is moved out of the window: it would scroll"
    style = trap.evaluate("one => [getComputedStyle(one).overflow, getComputedStyle(one).clipPath]")
    assert style == ["hidden", "inset(50%)"]


def test_no_page_to_join_by_scrolls_sideways(open_page: Open) -> None:
    for path in ("/subscribe", "/subscribe/asked", "/confirm/none"):
        page = open_page(path)
        for width in (320, 375, 1000):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") == width
            for control in page.get_by_role("button").all():
                assert control.bounding_box()["height"] >= 44, "a finger needs so much"


def test_nobody_stumbles_over_these_pages(site: Forum, open_page: Open) -> None:
    page = open_page("/subscribe")
    assert violations_in_both(page) == {}
    page.get_by_label("Email address").fill("ana@")
    page.get_by_role("button", name="Subscribe").click()
    assert violations_in_both(page) == {}
    page.get_by_label("Email address").fill("axe@example.org")
    page.get_by_label("Press releases").check()
    page.get_by_role("button", name="Subscribe").click()
    wait_for_heading(page, "Check your inbox")
    assert violations_in_both(page) == {}
    page = open_page(link_in_the_letter(site, "axe@example.org"))
    assert violations_in_both(page) == {}
    page.get_by_role("button").click()
    wait_for_heading(page, "You’re subscribed")
    assert violations_in_both(page) == {}


@pytest.mark.parametrize("script", [False, True], ids=["plain", "script"])
def test_the_form_for_other_sites_works_on_one(
    served: tuple[Forum, str], elsewhere: Elsewhere, windows: Windows, script: bool
) -> None:
    site, url = served
    offering = SignUpOffer(site.services.settings)
    printed = offering.form_html(site.services.store) + (offering.script_html() if script else "")
    assert "https://news.forum.example/subscribe" in printed
    there = elsewhere.shows(printed.replace("https://news.forum.example", url))
    page = windows.open()
    page.goto(there)
    assert violations_in_both(page) == {}

    email, status = page.get_by_label("Email address"), page.get_by_role("status")
    page.get_by_label("Press releases").check()
    if script:
        email.fill("elsewhere@")
        page.get_by_role("button", name="Subscribe").click()
        page.wait_for_selector("[aria-invalid]")
        assert "name@example.org" in status.inner_text()
        assert email.evaluate("field => field === document.activeElement")
    email.fill(f"elsewhere{script}@example.org")
    page.get_by_role("button", name="Subscribe").click()
    if script:
        page.get_by_text("sent an email to the address").wait_for()
        assert page.url == there
        wait_for_count(page.get_by_role("button"), 0)
        assert page.context.cookies() == []
        assert violations_in_both(page) == {}
    else:
        page.wait_for_url("**/subscribe/asked**")
    [(source,)] = site.rows(
        "SELECT source FROM transactional_email WHERE address = ?", f"elsewhere{script}@example.org"
    )
    assert source == "a form on www.forum.localhost"


def test_the_script_gives_way_on_a_site_that_is_not_named(
    served: tuple[Forum, str], elsewhere: Elsewhere, windows: Windows
) -> None:
    site, url = served
    offering = SignUpOffer(site.services.settings)
    printed = offering.form_html(site.services.store) + offering.script_html()
    page = windows.open()
    body = printed.replace("https://news.forum.example", url)
    page.goto(elsewhere.shows(body, host="stranger"))
    page.get_by_label("Email address").fill("strange@example.org")
    page.get_by_label("Press releases").check()
    page.get_by_role("button", name="Subscribe").click()
    page.wait_for_url("**/subscribe/asked**")
    count = "SELECT COUNT(*) FROM transactional_email WHERE address = 'strange@example.org'"
    assert site.rows(count) == [(1,)]
