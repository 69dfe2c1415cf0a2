"""A reader joins in Chromium: with script and without, by keyboard, on a telephone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from newsletter.web.http.frame import Frame
from newsletter.web.public.subscribers.sign_up import Offering
from newsletter.web.server import WebServer
from tests.acceptance.signing import LISTS, confirmation_link
from tests.browser.axe import violations_in_both
from tests.browser.opening import Open, Windows, opening
from tests.pages import Forum, forum

pytestmark = pytest.mark.chromium


@pytest.fixture(scope="module")
def served(
    browser: Any, tmp_path_factory: pytest.TempPathFactory, migrated: Path
) -> Iterator[tuple[Forum, str]]:
    folder = tmp_path_factory.mktemp("joining") / "forum"
    with (
        forum(folder, database=migrated, lists=LISTS) as site,
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


def title(page: Any) -> str:
    return str(page.get_by_role("heading", level=1).inner_text())


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
    assert title(page) == "Check your inbox"
    page.reload()
    assert title(page) == "Check your inbox"

    link = link_in_the_letter(site, address)
    page = open_page(link, java_script_enabled=script)
    assert "Sport & games" in page.locator("main").inner_text()
    assert page.get_by_role("button").count() == 1
    page.get_by_role("button").click()
    assert title(page) == "You're subscribed"
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
    assert title(page) == "This link has already been used"

    site.send(f"statement-{int(script)}", lists=["press"])
    [(campaign,)] = site.rows("SELECT max(id) FROM campaign")
    page = open_page(site.unsubscribe_link(number, campaign), java_script_enabled=script)
    page.get_by_role("button", name="Unsubscribe").click()
    assert title(page) == "You've been unsubscribed"
    assert site.lists_of(number) == ["sport"]


def test_what_is_wrong_is_said_beside_its_field_and_the_focus_is_there(open_page: Open) -> None:
    page = open_page("/subscribe", java_script_enabled=False)
    page.get_by_label("Email address").fill("ana@")
    page.get_by_role("button", name="Subscribe").click()

    email = page.get_by_label("Email address")
    assert email.input_value() == "ana@"
    assert email.get_attribute("aria-invalid") == "true"
    assert page.get_by_role("alert").is_visible()
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
    trap = page.locator(".trap input").bounding_box()
    assert trap is None or trap["x"] + trap["width"] < 0


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
    assert title(page) == "Check your inbox"
    assert violations_in_both(page) == {}
    page = open_page(link_in_the_letter(site, "axe@example.org"))
    assert violations_in_both(page) == {}
    page.get_by_role("button").click()
    assert title(page) == "You're subscribed"
    assert violations_in_both(page) == {}


def test_the_form_for_other_sites_works_on_one(served: tuple[Forum, str], windows: Windows) -> None:
    site, url = served
    settings = site.services.settings
    offering = Offering(settings, Frame(house=settings.house(), language=settings.language))
    offers = offering.rules.offers
    shown = offering.words("en", offers)
    with site.services.store.begin() as tx:
        tx.consents.keep_words(shown.words, shown.language, site.clock.now())
    printed = offering.html("en", offers)
    assert "https://news.forum.example/subscribe" in printed
    body = f"<!doctype html><html lang=en><title>x</title><main><h1>x</h1>{printed}</main>"
    body = body.replace("https://news.forum.example/subscribe", f"{url}/subscribe")
    page = windows.open()
    host = "http://www.forum.localhost/"
    page.route(host, lambda route: route.fulfill(body=body, content_type="text/html"))
    page.goto(host)
    assert violations_in_both(page) == {}

    page.get_by_label("Email address").fill("elsewhere@example.org")
    page.get_by_label("Press releases").check()
    page.get_by_role("button", name="Subscribe").click()
    page.wait_for_url("**/subscribe/asked**")
    [(source,)] = site.rows(
        "SELECT source FROM transactional_email WHERE address LIKE 'elsewhere%'"
    )
    assert source == "a form on www.forum.localhost"
