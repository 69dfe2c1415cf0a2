"""A reader joins in Chromium: with script and without, by keyboard, on a telephone."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.acceptance.mails import read_mail
from tests.acceptance.signing import LISTS, confirmation_link, letters
from tests.acceptance.workspace import Workspace
from tests.browser.axe import violations
from tests.browser.opening import Open, Windows, opening

pytestmark = [
    pytest.mark.chromium,
    pytest.mark.slow("readers join page by page, and a campaign goes out to them"),
]


@dataclass(kw_only=True)
class Forum:
    """A workspace and the address of its pages."""

    workspace: Workspace
    url: str


@pytest.fixture(scope="module")
def forum(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forum]:
    workspace = Workspace.create(tmp_path_factory.mktemp("joining") / "forum", lists=LISTS)
    server = workspace.start("serve", "--port", "0")
    yield Forum(workspace=workspace, url=server.wait_for(r"http://\S+:\d+")[0])
    server.stop()
    assert server.finish(15).code == 0
    workspace.close()


@pytest.fixture
def open_page(windows: Windows, forum: Forum) -> Iterator[Open]:
    expected = ("the server responded with a status of",)
    with opening(windows, forum.url, width=375, expected=expected) as open_page:
        yield open_page


def unsubscribe_link(workspace: Workspace, address: str) -> str:
    """The path in the mail of a campaign to somebody."""
    mails = [read_mail(path) for path in workspace.outbox]
    [link] = [
        found[1]
        for mail in mails
        if mail["To"] == address
        and (found := re.search(r"<https://[^/]+(/u/\S+)>", mail["List-Unsubscribe"] or ""))
    ]
    return link


def title(page: Any) -> str:
    return str(page.get_by_role("heading", level=1).inner_text())


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_a_reader_signs_up_reads_the_letter_and_confirms(
    forum: Forum, open_page: Open, script: bool
) -> None:
    address = f"ana{int(script)}@example.org"
    page = open_page("/subscribe?list=sport", java_script_enabled=script)
    assert page.get_by_label("Sport & games").is_checked()
    page.get_by_label("Email address").fill(address)
    page.get_by_label("Name (optional)").fill("Ana <b>")
    page.get_by_label("Press releases").check()
    page.get_by_role("button", name="Subscribe").click()
    assert title(page) == "Check your inbox"
    page.reload()
    assert title(page) == "Check your inbox"

    forum.workspace.do("run", "--until-idle")
    page = open_page(confirmation_link(forum.workspace, address), java_script_enabled=script)
    assert "Press releases, Sport & games" in page.locator("main").inner_text()
    assert page.get_by_role("button").count() == 1
    page.get_by_role("button").click()

    assert title(page) == "You're subscribed"
    assert page.get_by_role("link", name="Manage preferences").count() == 1
    shown = forum.workspace.do("subscribers", "show", address, "--json").json()
    assert (shown["lists"], shown["name"]) == (["press", "sport"], "Ana <b>")
    [row] = [one for one in letters(forum.workspace) if one["address"] == address]
    assert row["source"] == "our sign-up page"
    page.reload()  # a browser posts again
    assert title(page) == "This link has already been used"


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_the_whole_way_on_a_telephone_from_joining_to_leaving(
    forum: Forum, open_page: Open, script: bool
) -> None:
    workspace, address = forum.workspace, f"whole{int(script)}@example.org"
    page = open_page("/subscribe?list=press", java_script_enabled=script)
    page.get_by_label("Email address").fill(address)
    page.get_by_role("button", name="Subscribe").click()
    workspace.do("run", "--until-idle")

    page = open_page(confirmation_link(workspace, address), java_script_enabled=script)
    page.get_by_role("button").click()
    page.get_by_role("link", name="Manage preferences").click()
    page.get_by_label("Sport & games").check()
    page.get_by_role("button", name="Save").click()
    assert page.get_by_label("Sport & games").is_checked()
    assert workspace.do("subscribers", "show", address, "--json").json()["lists"] == [
        "press",
        "sport",
    ]

    slug = f"statement-{int(script)}"
    workspace.hire()
    workspace.write(slug, lists=["press"])
    workspace.approve(slug)
    workspace.do("run", "--until-idle")
    page = open_page(unsubscribe_link(workspace, address), java_script_enabled=script)
    page.get_by_role("button", name="Unsubscribe").click()
    assert title(page) == "You've been unsubscribed"
    left = workspace.do("subscribers", "show", address, "--json").json()
    assert (left["lists"], left["left"]) == (["sport"], ["press"])


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


@pytest.mark.parametrize("width", [320, 375, 1000])
def test_no_page_to_join_by_scrolls_sideways(open_page: Open, width: int) -> None:
    for path in ("/subscribe", "/subscribe/asked", "/confirm/none"):
        page = open_page(path, width=width)
        assert page.evaluate("document.documentElement.scrollWidth") == width
        for control in page.get_by_role("button").all():
            assert control.bounding_box()["height"] >= 44, "a finger needs so much"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nobody_stumbles_over_these_pages(forum: Forum, open_page: Open, scheme: str) -> None:
    address = f"axe-{scheme}@example.org"
    page = open_page("/subscribe", scheme=scheme)
    assert violations(page) == []
    page.get_by_label("Email address").fill("ana@")
    page.get_by_role("button", name="Subscribe").click()
    assert violations(page) == []
    page.get_by_label("Email address").fill(address)
    page.get_by_label("Press releases").check()
    page.get_by_role("button", name="Subscribe").click()
    assert title(page) == "Check your inbox"
    assert violations(page) == []
    forum.workspace.do("run", "--until-idle")
    page = open_page(confirmation_link(forum.workspace, address), scheme=scheme)
    assert violations(page) == []
    page.get_by_role("button").click()
    assert title(page) == "You're subscribed"
    assert violations(page) == []


@pytest.fixture
def elsewhere(forum: Forum, windows: Windows) -> Any:
    """A page of another site with the form that the command prints."""
    printed = forum.workspace.do("subscribers", "form").stdout
    action = "https://news.forum.example/subscribe"
    assert action in printed
    body = f"<!doctype html><html lang=en><title>x</title><main><h1>x</h1>{printed}</main>"
    body = body.replace(action, f"{forum.url}/subscribe")
    page = windows.open()
    host = "http://www.forum.localhost/"
    page.route(host, lambda route: route.fulfill(body=body, content_type="text/html"))
    page.goto(host)
    return page


def test_the_form_for_other_sites_works_on_one(forum: Forum, elsewhere: Any) -> None:
    elsewhere.get_by_label("Email address").fill("elsewhere@example.org")
    elsewhere.get_by_label("Press releases").check()
    elsewhere.get_by_role("button", name="Subscribe").click()
    elsewhere.wait_for_url("**/subscribe/asked**")

    [row] = [one for one in letters(forum.workspace) if one["address"].startswith("elsewhere")]
    assert row["source"] == "a form on www.forum.localhost"


def test_nobody_stumbles_over_the_form_for_other_sites(elsewhere: Any) -> None:
    assert violations(elsewhere) == []
