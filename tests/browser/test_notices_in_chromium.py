"""Three people take a statement from nothing to inboxes, each by the mails that they get alone."""

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pyotp import TOTP

from newsletter.domain.staff.role import Role
from newsletter.pipeline.staff import people
from tests.browser.axe import violations
from tests.browser.opening import Open, Windows, opening
from tests.browser.test_desk_walk_in_chromium import READERS, TEXT, TITLE, Hands, office
from tests.pages import Forum
from tests.unit.pipeline.staff.office import PASSWORD
from tests.unit.web.desk.staff.test_notices import posted

pytestmark = [
    pytest.mark.chromium,
    pytest.mark.slow("three people walk from an invitation to an inbox"),
]
DESK = "https://news.forum.example/desk"


@dataclass(kw_only=True)
class Team:
    """The mails that people got, and the browsers in which they follow their links."""

    site: Forum
    open_page: Open
    hands: dict[str, Hands] = field(default_factory=dict)
    read: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def mails(self) -> dict[str, str]:
        """Return the mails since: recipient → subject and text."""
        self.site.clock.advance(minutes=1)
        self.site.services.tick.run()
        staff = [one for one in posted(self.site) if one[0].endswith("@forum.example")]
        mails = Counter(one for one in staff if one[1] != "What happened to your account")
        new, self.read = [*(mails - self.read).elements()], mails
        found = {to.partition("@")[0]: f"{subject}\n{text}" for to, subject, text in new}
        assert len(found) == len(new), "somebody was written to twice"
        return found

    def follow(self, name: str, mail: str) -> Hands:
        """Open the first link of the desk in a mail."""
        link = re.search(rf"{re.escape(DESK)}(/\S+)", mail)
        assert link is not None, mail
        path = f"/desk{link[1]}"
        if name not in self.hands:
            self.hands[name] = Hands(page=self.open_page(path, width=1200, apart=name))
        page = self.hands[name].page
        page.goto(re.sub(r"/desk.*", path, page.url))
        return self.hands[name]

    def join(self, name: str, mail: str, role: Role) -> None:
        """Open an account by the link of an invitation."""
        hands = self.follow(name, mail)
        hands.type(hands.page.get_by_label("New password"), PASSWORD)
        hands.press("button", "Open your account")
        if role.includes(Role.SENDER):
            hands.press("button", "Set up a second factor")
            secret = hands.page.locator(".secret").inner_text()
            now = int(self.site.clock.now().timestamp())
            hands.type(hands.page.get_by_role("textbox", name="Code"), str(TOTP(secret).at(now)))
            hands.press("button", "Turn it on")
            hands.press("link", "I have kept them")


def test_three_people_take_a_statement_to_inboxes_by_mails_alone(
    windows: Windows, tmp_path: Path, migrated: Path
) -> None:
    roles = {"ana": Role.WRITER, "ben": Role.APPROVER, "cleo": Role.SENDER}
    with (
        office(tmp_path / "forum", migrated) as (site, url),
        opening(windows, url, expected=("/preview", "/save")) as open_page,
    ):
        team, proofs = Team(site=site, open_page=open_page), site.services.staff.proofs
        with site.services.store.begin() as tx:
            tx.staff.put("dan@forum.example", Role.ADMIN, tx.now)  # without an account: no mails
        for name, role in roles.items():
            address = f"{name}@forum.example"
            people.invite(address, role, by="dan@forum.example", proofs=proofs)
        invitations = team.mails()
        assert invitations.keys() == roles.keys()
        for name, mail in invitations.items():
            team.join(name, mail, roles[name])

        write(team.hands["ana"])
        mails = team.mails()
        assert mails.keys() == {"ben", "cleo"}
        assert mails["ben"].startswith(f"{TITLE}: waiting for approval\n")

        ben = team.follow("ben", mails["ben"])
        assert "Waiting for 1 approval" in ben.page.locator("main").inner_text()
        ben.press("link", "Review")
        assert TEXT in ben.page.frame_locator("iframe.mail").first.locator("body").inner_text()
        ben.press("button", "Approve this text")
        mails = team.mails()
        assert mails.keys() == {"ana", "cleo"}
        assert f"{TITLE}: approved\n" in mails["cleo"]

        cleo = team.follow("cleo", mails["cleo"])
        cleo.press("link", "Choose a time and send")
        cleo.press("button", "Send to 3 people")
        assert team.mails().keys() == {"ana", "ben", "cleo"}, "it has started"
        dispatcher = site.services.delivery.dispatcher()
        while dispatcher.dispatch() is not None:
            pass
        mails = team.mails()
        assert mails.keys() == {"ana", "ben", "cleo"}
        assert all("The provider accepted 3 of 3 emails." in mail for mail in mails.values())
        assert sum(any(one.encode() in mail for one in READERS) for mail in site.mails) == 3
        assert team.mails() == {}

        ana = team.follow("ana", mails["ana"])
        assert "The provider accepted 3 of 3 emails." in ana.page.locator("main").inner_text()
        choose(ana)


def write(ana: Hands) -> None:
    """Write a text at the desk and submit it."""
    ana.press("link", "Statements")
    ana.press("link", "New statement")
    ana.type(ana.page.get_by_label("Title"), TITLE)
    ana.press("button", "Start writing")
    ana.page.locator(".ProseMirror").wait_for()
    ana.type(ana.page.locator(".ProseMirror"), TEXT)
    ana.tick("Press releases")
    ana.press("button", "Submit")
    assert "Submitted." in ana.page.get_by_role("status").first.inner_text()


def choose(ana: Hands) -> None:
    """Choose the notices that are mailed, at the desk."""
    page = ana.page
    page.goto(re.sub(r"/desk.*", "/desk/account", page.url))
    box = page.get_by_label("Sending has started", exact=True)
    assert box.is_checked()
    box.uncheck()
    ana.press("button", "Save")
    assert not page.get_by_label("Sending has started", exact=True).is_checked()
    assert violations(page) == []
