"""Passkeys in Chromium, by its virtual authenticator: added, signed in with, asked for again."""

from collections.abc import Iterator
from typing import Any

import pytest

from newsletter.domain.staff.role import Role
from tests.browser.opening import Open, Windows, opening, wait_for_count, wait_for_heading
from tests.browser.test_accounts_in_chromium import join, link_for, press, sound, unfold
from tests.pages import Forum
from tests.unit.pipeline.staff.office import PASSWORD

pytestmark = pytest.mark.chromium

CLEO = "cleo@forum.example"


@pytest.fixture
def open_page(windows: Windows, staffed: tuple[Forum, str]) -> Iterator[Open]:
    here = staffed[1].replace("127.0.0.1", "localhost")  # a number is no name to a browser
    with opening(windows, here, expected=("401", "409")) as open_page:
        yield open_page


class Device:
    """A device that has a finger on it, unless it is taken away."""

    def __init__(self, page: Any) -> None:
        self._cdp = page.context.new_cdp_session(page)
        self._cdp.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasUserVerification": True,
            "hasResidentKey": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        added = self._cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        self._id = added["authenticatorId"]

    def verifies(self, whether: bool) -> None:
        said = {"authenticatorId": self._id, "isUserVerified": whether}
        self._cdp.send("WebAuthn.setUserVerified", said)

    def end(self) -> None:
        self._cdp.send("WebAuthn.disable")


@pytest.mark.slow("a walk through seven pages, axe on two of them in two colours")
def test_a_passkey_is_added_and_takes_the_place_of_the_code(
    staffed: tuple[Forum, str], open_page: Open
) -> None:
    site, numbered = staffed
    page = open_page(link_for(site, CLEO, Role.SENDER), width=390, apart="passkeys")
    device = Device(page)
    _, codes = join(site, page)
    page.get_by_role("link", name="Continue").click()
    unfold(page)
    page.get_by_role("link", name="Cleo").click()
    page.get_by_role("link", name="Add a passkey").click()
    wait_for_heading(page, "Add a passkey")
    page.get_by_role("button", name="Add a passkey").wait_for()
    page.locator("[data-without-passkeys]").wait_for(state="hidden")
    page.get_by_label("What do you call it?").fill("My telephone")
    press(page, "Add a passkey")
    assert "Your passkey is added." in page.get_by_role("status").first.inner_text()
    page.get_by_text("My telephone").wait_for()

    press(page, "Sign out")
    page.get_by_label("Email address").fill(CLEO)
    page.get_by_label("Password").fill(PASSWORD)
    press(page, "Sign in")
    wait_for_heading(page, "Enter your code")
    sound(page)
    device.verifies(False)
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_text("Nothing was done. Try again, or use a code.").wait_for()
    device.verifies(True)
    press(page, "Use a passkey")
    assert page.title().startswith("Home")

    site.clock.advance(minutes=11)
    unfold(page)
    page.get_by_role("link", name="Cleo").click()
    press(page, "Make new recovery codes")
    wait_for_heading(page, "Confirm that it's you")
    sound(page)
    press(page, "Use a passkey")
    wait_for_heading(page, "Your recovery codes")
    page.get_by_role("link", name="Continue").click()
    assert "Last used" in page.get_by_text("Added").inner_text()
    # a browser finds it by a number too, but has no passkeys there
    page.context.clear_cookies()
    page.goto(f"{numbered}/desk/sign-in")
    page.get_by_label("Email address").fill(CLEO)
    page.get_by_label("Password").fill(PASSWORD)
    press(page, "Sign in")
    said = page.get_by_text("Passkeys don't work at 127.0.0.1").inner_text()
    there = numbered.replace("127.0.0.1", "localhost")
    assert f"Use {there}/desk instead." in said
    wait_for_count(page.get_by_role("button", name="Use a passkey"), 0)
    device.end()

    bare = open_page("/desk/sign-in", width=390, java_script_enabled=False)
    bare.get_by_label("Email address").fill(CLEO)
    bare.get_by_label("Password").fill(PASSWORD)
    press(bare, "Sign in")
    bare.get_by_role("button", name="Use a passkey").wait_for(state="hidden")
    bare.get_by_role("textbox", name="Code").fill(codes[0])
    press(bare, "Sign in")
    assert "That is not right." in bare.get_by_role("alert").inner_text()  # made anew meanwhile
