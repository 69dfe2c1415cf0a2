"""A person puts right what went out: unknown, rejected, cancelled, bounced and complained.

The provider is a server on loopback. It takes the second batch and hangs up before it answers.
"""

import secrets
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from newsletter.credentials.codes import hash_of
from newsletter.domain.campaigns.campaign import CampaignState, Counts
from newsletter.domain.events import Bounce, EventKind
from newsletter.domain.staff.account import Session
from newsletter.web.server import WebServer
from tests.browser.opening import Windows, opening
from tests.desk import address_of
from tests.provider_servers.postmark import KIND, PostmarkServer
from tests.servers import bytes_then_close
from tests.unit.web.desk.campaigns.test_campaign import told
from tests.unit.web.desk.deciding import CANARIES, SLUG, Room, room

pytestmark = [
    pytest.mark.chromium,
    pytest.mark.slow("a person walks through each of four doors"),
]


def _signed_in(at: Room, page: Any, url: str, name: str) -> None:
    word, now = secrets.token_urlsafe(16), at.clock.now()
    session = Session(
        hash=hash_of(word),
        address=address_of(name),
        created_at=now,
        seen_at=now,
        stepped_up_at=now,
    )
    with at.services.store.begin() as tx:
        tx.sessions.begin(session)
    page.context.add_cookies([{"name": "desk", "value": word, "url": url}])


def _gone_out(at: Room, server: PostmarkServer) -> None:
    """Three have it, one was rejected, four are unknown, four wait. Two of the three came back."""
    server.inactive.add(CANARIES[1])
    at.approve()
    cleo, start = at.as_("cleo"), f"/statements/{SLUG}/start"
    at.press(cleo, cleo.get(start), f"/desk{start}")
    at.begin()
    at.hand_over(batches=1)
    server.script.append(bytes_then_close(b"", takes=True))
    at.hand_over(batches=1)
    told(at, EventKind.BOUNCED, 1, bounce=Bounce.HARD, reason="550 no such mailbox")
    told(at, EventKind.COMPLAINED, 3)


def test_a_person_puts_a_campaign_right_by_each_of_its_doors(
    windows: Windows, tmp_path: Path, migrated: Path
) -> None:
    with (
        PostmarkServer() as server,
        room(
            tmp_path / "forum",
            migrated,
            provider={"kind": "postmark", "base_url": server.url, "batch_size": 4, **KIND.options},
        ) as at,
        WebServer(at.services, host="127.0.0.1", port=0) as web,
        opening(windows, web.address) as open_page,
    ):
        _gone_out(at, server)
        page = open_page("/robots.txt")
        _signed_in(at, page, web.address, "dan")
        here = f"{web.address}/desk/campaigns/{at.campaign.id}"

        def press(name: str) -> str:
            with page.expect_navigation():
                page.get_by_role("button", name=name).or_(
                    page.get_by_role("link", name=name, exact=True)
                ).first.click()
            return str(page.locator("main").inner_text())

        page.goto(here)
        press("Cancel the rest")
        press("Cancel the rest")
        assert at.campaign.counts == Counts(accepted=3, rejected=1, unknown=4, cancelled=4)
        page.goto(f"{here}/unknown")
        page.get_by_label("It has them").check()
        assert "Nothing is unknown any more." in press("Decide for 4 people")
        press("Correct or withdraw")

        page.locator("#note").fill("Mill Street opens at nine from Tuesday on.")
        assert "The note is on the page." in press("Put the note on the page")
        page.locator("#withdrawn").fill("The hours are wrong.")
        assert "off the web" in press("Take it off the web")
        page.goto(f"{web.address}/archive/{SLUG}")
        text = page.locator("main").inner_text()
        assert "Mill Street opens at nine from Tuesday on." in text
        assert "The hours are wrong." in text
        assert "The library opens at nine." not in text
        page.goto(f"{here}/amend")
        assert "on the web again" in press("Put it back")
        server.inactive.clear()
        assert "You can pause it" in press("Send it to 5 people")
        at.hand_over()
        assert at.campaign.counts == Counts(accepted=12)
        assert at.campaign.state is CampaignState.SENT
        got = Counter(mail.to for mail in server.delivered)
        assert got == Counter(CANARIES), "each reader got it once"
        page.goto(f"{web.address}/archive/{SLUG}")
        text = page.locator("main").inner_text()
        assert "The library opens at nine." in text
        assert "withdrawn" not in text
        page.goto(here)

        page.goto(f"{here}/amend")
        press("Write a correction")
        press("Start writing")
        assert page.locator("#corrects").input_value() == SLUG
