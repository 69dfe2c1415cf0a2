"""Accounts in Chromium: from an invitation to a session that was ended, with and without script."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pyotp import TOTP

from newsletter.domain.staff.audit import OPERATOR_NAME
from newsletter.domain.staff.role import Role
from newsletter.pipeline.staff import people
from tests.browser.axe import violations_in_both
from tests.browser.opening import Open, Windows, opening, wait_for_heading
from tests.openid import OpenIdServer
from tests.pages import Forum
from tests.unit.pipeline.staff.office import OTHER, PASSWORD
from tests.unit.web.desk.visitor import provide

pytestmark = pytest.mark.chromium

NARROW, WIDE = 390, 1200


@pytest.fixture
def site(staffed: tuple[Forum, str]) -> Forum:
    return staffed[0]


@pytest.fixture
def open_page(windows: Windows, staffed: tuple[Forum, str]) -> Iterator[Open]:
    with opening(windows, staffed[1], expected=("401", "422", "409")) as open_page:
        yield open_page


def sound(page: Any) -> None:
    """The page fits any window, and breaks no rule of axe on a telephone, in light and in dark."""
    page.wait_for_load_state()
    for width in (WIDE, NARROW):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, page.url
    assert violations_in_both(page) == {}, page.url


def press(page: Any, name: str) -> None:
    """Press a button, once all of its page is there, and see what comes of it."""
    page.wait_for_load_state()
    with page.expect_navigation():
        button = page.get_by_role("button", name=name, exact=True).first
        if not button.count():
            unfold(page)
        button.click()


def unfold(page: Any) -> None:
    """Open the menu of one's own account."""
    menu = page.locator("details.menu--bare > summary", has_text=re.compile("Your account|Menu"))
    menu.locator("visible=true").click()


def link_for(site: Forum, address: str, role: Role) -> str:
    made = people.invite(address, role, by=OPERATOR_NAME, proofs=site.services.staff.proofs)
    return f"/desk/invitation/{made.token}"


def code(site: Forum, secret: str, away: int = 0) -> str:
    return str(TOTP(secret).at(int(site.clock.now().timestamp()) + away))


def join(
    site: Forum, page: Any, look: Callable[[Any], None] = lambda _: None
) -> tuple[str, list[str]]:
    """Fill in what an invitation asks of a sender; returns the secret and the recovery codes."""
    page.get_by_label("New password").fill(PASSWORD)
    press(page, "Open your account")
    wait_for_heading(page, "Set up a second factor")
    look(page)
    press(page, "Set up a second factor")
    page.get_by_role("img", name="QR code").wait_for()
    look(page)
    secret = page.locator(".secret").inner_text()
    page.get_by_role("textbox", name="Code").fill(code(site, secret))
    press(page, "Turn on the second factor")
    wait_for_heading(page, "Your recovery codes")
    return secret, page.locator(".codes code").all_inner_texts()


def copied(page: Any) -> list[str]:
    """The lines that the clipboard holds after a press."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy").click()
    page.get_by_text("Copied", exact=True).wait_for()
    return str(page.evaluate("navigator.clipboard.readText()")).split()


@pytest.mark.slow("a walk through eight pages, axe on each in two colours")
def test_an_admin_comes_in_and_lets_somebody_else_in(site: Forum, open_page: Open) -> None:
    page = open_page(link_for(site, "dan@forum.example", Role.ADMIN), width=NARROW)
    wait_for_heading(page, "Welcome")
    sound(page)
    secret, _ = join(site, page, look=sound)
    sound(page)
    page.get_by_role("link", name="Continue").click()

    unfold(page)
    page.get_by_role("link", name="Settings", exact=True).click()
    page.get_by_label("Email address").fill("x")
    page.get_by_label("Email address").evaluate("field => field.form.noValidate = true")
    press(page, "Send the invitation")
    assert "Check these points" in page.get_by_role("alert").inner_text()
    sound(page)
    page.get_by_label("Email address").fill("ana@forum.example")
    page.get_by_label("Approver").check()
    press(page, "Send the invitation")
    assert "The link is emailed to its owner." in page.get_by_role("status").inner_text()
    sound(page)

    site.clock.advance(minutes=11)
    unfold(page)
    menu = page.get_by_role("navigation", name="Main, on a phone")
    menu.get_by_role("link", name="Settings", exact=True).click()
    press(page, "Withdraw the link of ana@forum.example")
    wait_for_heading(page, "Confirm that it's you")
    sound(page)
    page.get_by_role("textbox", name="Code").fill("000000")
    press(page, "Continue")
    assert "That is not right." in page.get_by_role("alert").inner_text()
    page.get_by_role("textbox", name="Code").fill(code(site, secret))
    press(page, "Continue")
    assert "The link is withdrawn" in page.get_by_role("status").inner_text()


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_who_was_signed_out_comes_back_to_what_they_were_doing(
    site: Forum, open_page: Open, script: bool
) -> None:
    address = f"cleo{script}@forum.example".lower()
    page = open_page(link_for(site, address, Role.SENDER), width=NARROW, java_script_enabled=script)
    _, codes = join(site, page)
    assert not script or copied(page) == codes
    page.get_by_role("link", name="Continue").click()
    press(page, "Sign out")
    assert "You are signed out." in page.get_by_role("status").inner_text()
    page.goto(re.sub("/desk.*", "/desk/account/password", page.url))
    page.get_by_label("Email address").fill(address)
    page.get_by_label("Password").fill(OTHER)
    press(page, "Sign in")
    assert "We couldn't sign you in." in page.get_by_role("alert").inner_text()
    page.get_by_label("Password").fill(PASSWORD)
    press(page, "Sign in")
    wait_for_heading(page, "Enter your code")
    if script:
        sound(page)
    page.get_by_role("textbox", name="Code").fill(codes[1])
    press(page, "Sign in")
    wait_for_heading(page, "Change your password")

    with site.services.store.begin() as tx:
        tx.sessions.end_all(address)
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_label("New password").fill(OTHER)
    press(page, "Change the password")
    wait_for_heading(page, "Sign in")
    assert PASSWORD not in page.content()


def test_the_door_needs_no_mouse_and_takes_what_is_pasted(site: Forum, open_page: Open) -> None:
    page = open_page("/desk/sign-in", width=NARROW)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the page"
    page.get_by_label("Email address").focus()
    page.keyboard.insert_text("nobody@forum.example")  # as a paste does
    page.keyboard.press("Tab")
    page.keyboard.insert_text(OTHER)
    page.keyboard.press("Enter")
    assert "We couldn't sign you in." in page.get_by_role("alert").inner_text()
    sound(page)
    assert page.get_by_label("Email address").input_value() == "nobody@forum.example"
    assert page.get_by_label("Password").input_value() == ""


@pytest.mark.slow("a walk through eight pages, axe on most of them in two colours")
def test_an_approver_joins_and_signs_in_by_the_identity_provider_and_approves(
    site: Forum, open_page: Open
) -> None:
    text = "---\ntitle: Opening hours\nauthor: ana@forum.example\nlists: [press]\n---\nAt nine.\n"
    (site.folder / "statements" / "hours.md").write_text(text, "utf-8")
    site.subscribe("kim@paper.example")
    site.services.tick.run()
    with OpenIdServer(site.clock) as server:
        server.claims |= {"email": "ben@forum.example", "amr": ["pwd", "mfa"]}
        provide(site, server, factor="mfa")
        page = open_page(link_for(site, "ben@forum.example", Role.APPROVER), width=NARROW)
        sound(page)
        page.get_by_role("button", name="Continue with Forum ID").click()
        page.get_by_role("button", name="Continue to the desk").wait_for()
        press(page, "Continue to the desk")
        page.goto(page.url.partition("/desk")[0] + "/desk/account")
        assert "You have no other way to sign in" in page.inner_text("main")
        sound(page)
        press(page, "Sign out")
        page.goto(page.url.partition("/desk")[0] + "/desk/statements/hours/review")
        sound(page)
        page.get_by_role("button", name="Sign in with Forum ID").click()
        page.get_by_role("button", name="Continue to the desk").wait_for()
        wait_for_heading(page, "Back from Forum ID")
        sound(page)
        press(page, "Continue to the desk")
        with page.expect_navigation():
            page.get_by_role("button", name=re.compile("^Approve:")).click()
        assert site.rows("SELECT actor FROM audit WHERE action = 'approve'") == [
            ("ben@forum.example",)
        ]
        site.clock.advance(minutes=11)
        page.goto(page.url.partition("/desk")[0] + "/desk/account/factor")
        wait_for_heading(page, "Confirm that it's you")
        sound(page)
        page.get_by_role("button", name="Sign in with Forum ID again").click()
        page.get_by_role("button", name="Continue to the desk").wait_for()
        press(page, "Continue to the desk")
        wait_for_heading(page, "Set up a second factor")
