"""From an empty database to readers' inboxes, by five people, without a terminal.

Once by the keyboard alone, admin and writer from their invitations on, and once without script on
a telephone, where a correction follows.
"""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pyotp import TOTP

from newsletter.credentials.codes import hash_token
from newsletter.domain.staff.account import Session
from newsletter.domain.staff.audit import OPERATOR_NAME
from newsletter.domain.staff.role import Role
from newsletter.pipeline.staff import people
from newsletter.web.server import WebServer
from tests.browser.opening import Open, Windows, opening
from tests.pages import Forum, forum
from tests.unit.pipeline.staff.office import PASSWORD, hash_cheaply
from tests.unit.web.desk.staff.test_notices import posted

pytestmark = [
    pytest.mark.chromium,
    pytest.mark.slow("five people walk from an invitation to a report, twice"),
]

TITLE = "Library hours have to stay"
CORRECTION = "Correction: when libraries close"
TEXT = "The city plans to close five libraries at four in the afternoon."
READERS = ("r1@example.org", "r2@example.org", "r3@example.org")
_MOST_TABS = 120


@contextmanager
def office(folder: Path, database: Path) -> Iterator[tuple[Forum, str]]:
    schedule = {"undo_window": "0s", "start": "sender"}
    approvals = {"author_may_approve": False}
    with forum(folder, database=database, schedule=schedule, approvals=approvals) as site:
        hash_cheaply(site.services)
        site.subscribe(*READERS)
        with WebServer(site.services, host="127.0.0.1", port=0) as server:
            yield site, server.address


@dataclass(frozen=True, kw_only=True)
class Hands:
    """A person's hands on a page: with the mouse, or on Tab and Enter alone."""

    page: Any
    keys: bool = False

    def press(self, role: str, name: str) -> None:
        """Press a button or follow a link, and see what comes of it."""
        self.page.wait_for_load_state()
        # some say to those who do not see what they are about: "Review: Library hours"
        found = self.page.get_by_role(role, name=re.compile(f"^{re.escape(name)}")).first
        if not found.count():  # on a phone, where the links of the header are
            self.page.locator("summary", has_text="Menu").click()
        with self.page.expect_navigation():
            if self.keys:
                self._reach(found)
                self.page.keyboard.press("Enter")
            else:
                found.click()

    def type(self, found: Any, text: str) -> None:
        """Write into a field."""
        if self.keys:
            self._reach(found)
            self.page.keyboard.type(text)
        else:
            found.fill(text)

    def tick(self, name: str) -> None:
        """Tick a box."""
        found = self.page.get_by_label(re.compile(f"^{re.escape(name)}"))
        if self.keys:
            self._reach(found)
            self.page.keyboard.press("Space")
        else:
            found.check()

    def _reach(self, found: Any) -> None:
        """Go on by Tab until it has the focus."""
        found.wait_for()
        for _ in range(_MOST_TABS):
            if found.evaluate("one => one === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not reach {found}")


def signed_in(site: Forum, page: Any, name: str, role: Role) -> None:
    """Somebody who has joined before. How they join by the mouse is in the tests of accounts."""
    address, now = f"{name.lower()}@forum.example", site.clock.now()
    root, word = page.url.removesuffix("/desk/sign-in"), secrets.token_urlsafe(16)
    session = Session(hash=hash_token(word), address=address, created_at=now, seen_at=now)
    with site.services.store.begin() as tx:
        tx.staff.put(address, role, now)
        tx.sessions.begin(session)
    page.context.add_cookies([{"name": "desk", "value": word, "url": root}])
    page.goto(f"{root}/desk")


def join(site: Forum, hands: Hands, name: str, role: Role, link: str) -> None:
    """Open an account by an invitation, with a second factor where it is demanded."""
    page = hands.page
    page.goto(re.sub("/desk.*", link, page.url))
    hands.type(page.get_by_label("New password"), PASSWORD)
    hands.press("button", "Open your account")
    if role.includes(Role.SENDER):
        hands.press("button", "Set up a second factor")
        secret = page.locator(".secret").inner_text()
        now = int(site.clock.now().timestamp())
        hands.type(page.get_by_role("textbox", name="Code"), str(TOTP(secret).at(now)))
        hands.press("button", "Turn on the second factor")
        hands.press("link", "Continue")
    page.get_by_text(f"Your account, {name}").first.wait_for()


def invite(site: Forum, dan: Hands, address: str) -> str:
    """Invite a writer; returns the link that they get by email."""
    dan.press("link", "Settings")
    dan.type(dan.page.get_by_label("Email address"), address)
    dan.press("button", "Send the invitation")
    ((_, _, text),) = (mail for mail in posted(site) if mail[0] == address)
    return re.findall(r"/desk/invitation/\S+", text)[0]


def letters(site: Forum) -> list[bytes]:
    """The emails to readers."""
    return [mail for mail in site.mails if b"List-Unsubscribe" in mail]


def walk(site: Forum, open_page: Open, *, keys: bool, width: int, script: bool) -> None:
    """Each of the five in a browser of their own."""
    roles = {
        "Dan": Role.ADMIN,
        "Ana": Role.WRITER,
        "Ben": Role.APPROVER,
        "Cleo": Role.SENDER,
        "Vera": Role.VIEWER,
    }
    hands: dict[str, Hands] = {}
    for name, role in roles.items():
        page = open_page("/desk/sign-in", width=width, java_script_enabled=script, apart=name)
        hands[name] = Hands(page=page, keys=keys)
        address = f"{name.lower()}@forum.example"
        if keys and role is Role.ADMIN:
            made = people.invite(address, role, by=OPERATOR_NAME, proofs=site.services.staff.proofs)
            join(site, hands[name], name, role, f"/desk/invitation/{made.token}")
        elif keys and role is Role.WRITER:
            join(site, hands[name], name, role, invite(site, hands["Dan"], address))
        else:
            signed_in(site, page, name, role)

    ana, ben, cleo = hands["Ana"], hands["Ben"], hands["Cleo"]
    write(ana, TITLE, TEXT, script=script)
    approve(ben, TEXT)
    assert letters(site) == []  # an approval is not a start
    send(site, cleo, TITLE)
    assert len(letters(site)) == len(READERS)
    assert all(TITLE.encode() in mail for mail in letters(site))
    if not keys:
        write(
            ana,
            CORRECTION,
            "They close at five.",
            script=script,
            corrects="library-hours-have-to-stay",
        )
        approve(ben, "They close at five.")
        send(site, cleo, CORRECTION)
        assert len(letters(site)) == 2 * len(READERS)
        cleo.press("link", "Statements")
        cleo.press("link", TITLE)
        assert "Corrected" in cleo.page.locator("main").inner_text()
    hands["Vera"].press("link", "Home")
    hands["Vera"].press("link", TITLE)
    assert "3 of 3 people accepted" in hands["Vera"].page.locator("main").inner_text()


def write(ana: Hands, title: str, text: str, *, script: bool, corrects: str = "") -> None:
    """Write a text at the desk and submit it."""
    ana.press("link", "Statements")
    ana.press("link", "New statement")
    ana.type(ana.page.get_by_label("Title"), title)
    ana.press("button", "Start writing")
    if script:
        ana.page.locator(".ProseMirror").wait_for()
    ana.type(ana.page.locator(".ProseMirror" if script else "#body"), text)
    details = ana.page.get_by_role("link", name="Details: subject, lists, time")
    if details.is_visible():  # they are a drawer on a telephone
        details.click()
    ana.tick("Press releases")
    if corrects:
        ana.page.get_by_text("Corrects or translates another statement").click()
        ana.page.get_by_label("Corrects").select_option(corrects)
    done = ana.page.get_by_role("link", name="Done")
    if done.is_visible():
        done.click()
    box = ana.page.get_by_role("button", name=re.compile("^Submit")).bounding_box()
    assert box["x"] + box["width"] <= ana.page.viewport_size["width"]
    ana.press("button", "Submit")
    assert "Submitted." in ana.page.get_by_role("status").first.inner_text()


def approve(ben: Hands, text: str) -> None:
    """Read the email, and approve it."""
    ben.press("link", "Home")
    ben.press("link", "Review")
    assert text in ben.page.frame_locator("iframe.mail").first.locator("body").inner_text()
    ben.press("button", "Approve this text")
    assert "Your approval was recorded." in ben.page.get_by_role("status").first.inner_text()


def send(site: Forum, cleo: Hands, title: str) -> None:
    """Start it, and see what became of it."""
    cleo.press("link", "Home")
    cleo.press("link", "Send or schedule")
    assert "Send to 3 people?" in cleo.page.get_by_role("heading", level=1).inner_text()
    cleo.press("button", "Send to 3 people")
    site.services.tick.run()
    dispatcher = site.services.delivery.dispatcher()
    while dispatcher.dispatch() is not None:
        pass
    cleo.press("link", "Statements")
    cleo.press("link", title)
    assert "The provider accepted 3 of 3 emails." in cleo.page.locator("main").inner_text()


@pytest.mark.parametrize(
    ("keys", "width", "script"),
    [(True, 1200, True), (False, 390, False)],
    ids=["the keyboard alone", "a telephone without script"],
)
def test_five_people_take_a_statement_from_nothing_to_its_report(
    windows: Windows, tmp_path: Path, migrated: Path, keys: bool, width: int, script: bool
) -> None:
    with (
        office(tmp_path / "forum", migrated) as (site, url),
        # a browser that leaves the page cuts off a preview or a save in progress
        opening(windows, url, expected=("/preview", "/save")) as open_page,
    ):
        walk(site, open_page, keys=keys, width=width, script=script)
