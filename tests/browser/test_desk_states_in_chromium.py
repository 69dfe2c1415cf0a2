"""The pages on which something is decided, in each state that a statement passes through."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from newsletter.domain.campaigns.campaign import CampaignState
from newsletter.domain.delivery.batch import Verdict
from newsletter.pipeline.campaigns.control import StartRequest
from newsletter.pipeline.delivery.provider_pool import PooledProvider, ProviderPool
from newsletter.web.server import WebServer
from tests.browser.axe import violations
from tests.browser.opening import Windows, opening
from tests.desk import address_of
from tests.fakes import RecordingProvider, always
from tests.unit.web.desk.deciding import CANARIES, SLUG, Room, room

pytestmark = [
    pytest.mark.chromium,
    pytest.mark.slow("axe on some twenty pages in states that take a campaign to reach"),
]

HERE = f"/statements/{SLUG}"
Visit = Callable[..., Any]


@contextmanager
def visiting(windows: Windows, folder: Path, database: Path) -> Iterator[tuple[Room, Visit]]:
    """A page as a member of staff has it: it fits its window, and axe finds nothing in it."""
    with (
        room(folder, database, desk={"typed_count": 5}) as at,
        WebServer(at.services, host="127.0.0.1", port=0) as server,
        opening(windows, server.address, expected=("401", "403", "404", "409", "422")) as open_page,
    ):

        def visit(
            who: str, path: str, *, fresh: bool = False, width: int = 1280, known: bool = False
        ) -> Any:
            """``known``: axe saw it in this state already."""
            signed = at.as_(who, fresh=fresh)
            window = windows.open(width=width).context
            window.clear_cookies()
            window.add_cookies([{"name": "desk", "value": signed.cookie, "url": server.address}])
            page = open_page(f"/desk{path}", width=width)
            return page if known else sound(page, width)

        yield at, visit


def sound(page: Any, width: int) -> Any:
    page.wait_for_load_state()
    assert page.evaluate("document.documentElement.scrollWidth") <= width, page.url
    # wide in light and narrow in dark: the pages of the demo are looked at in both
    scheme = "light" if width > 390 else "dark"
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    assert violations(page) == [], page.url
    return page


def press(page: Any, name: str, width: int = 1280) -> Any:
    with page.expect_navigation():
        page.get_by_role("button", name=name).first.click()
    return sound(page, width)


def said(page: Any) -> str:
    return str(page.locator("body").inner_text())


def test_before_it_goes_out(windows: Windows, tmp_path: Path, migrated: Path) -> None:
    with visiting(windows, tmp_path, migrated) as (at, visit):
        at.write("The library opens at [TIME].")
        assert "Warning" in said(visit("ben", f"{HERE}/review"))
        at.write()
        page = visit("ben", f"{HERE}/review", width=390)
        at.write("The library opens at ten.")  # while somebody reads it
        assert "Not approved" in said(press(page, "Approve this text", 390))
        at.approve()
        at.write("The library opens at eleven.")  # after the approval
        assert "changed" in said(visit("ana", HERE)).lower()
        visit("ben", f"{HERE}/review")
        at.approve()
        page = visit("cleo", f"{HERE}/start", fresh=True, width=390)
        page.locator("form").evaluate_all("forms => forms.forEach(form => form.noValidate = true)")
        assert "type 12" in said(press(page, "Send to 12 people", 390))
        page.get_by_label("To confirm, type 12").fill("12")
        assert "undo" in said(press(page, "Send to 12 people", 390)).lower()
        visit("cleo", f"{HERE}/start")
        visit("cleo", "", width=390)


def test_while_it_goes_out_and_afterwards(windows: Windows, tmp_path: Path, migrated: Path) -> None:
    with visiting(windows, tmp_path, migrated) as (at, visit):
        at.approve()
        at.services.campaigns.starter().start(
            StartRequest(
                slug=SLUG,
                by=address_of("cleo"),
                seen=at.content_hash,
                shown=at.services.campaigns.current_terms(SLUG),
            )
        )
        at.begin()
        at.hand_over(batches=1)
        here = f"/campaigns/{at.campaign.id}"
        for path, width in ((HERE, 390), (here, 1280), (f"{here}/cancel", 390)):
            assert "5" in said(visit("cleo", path, width=width))
        at.services.campaigns.actions_of(address_of("cleo")).pause(SLUG)
        assert "Paused" in said(visit("cleo", here, width=390))
        visit("vera", HERE)
        at.services.campaigns.actions_of(address_of("cleo")).resume(SLUG)
        losing = RecordingProvider(max_recipients=5)
        losing.answer = always(Verdict.UNKNOWN)
        vars(at.services.delivery)["pool"] = ProviderPool(
            first=PooledProvider(provider=losing, limiter=at.services.delivery.pool.first.limiter)
        )
        at.hand_over()
        assert at.campaign.state is CampaignState.ATTENTION
        assert "it is unknown" in said(visit("vera", here))
        page = visit("dan", f"{here}/unknown", fresh=True, width=390)
        page.get_by_label("It has them").check()
        press(page, "Decide for", 390)
        visit("cleo", f"{here}/people")
        page = visit("cleo", f"{here}/amend")
        assert "Everybody may have it" in said(page)
        page.locator("textarea#note").fill("It opens on Monday.")
        press(page, "Put the note on the page")
        page.locator("textarea#withdrawn").fill("The council changed its mind.")
        assert "Put it back" in said(press(page, "Take it off the web"))
        page = visit("cleo", "/stop", width=390)
        page.get_by_label("Why?").fill("The wrong list")
        assert "The wrong list" in said(press(page, "Stop all sending", 390))
        visit("vera", "")
        page = visit("dan", "/readers", fresh=True, width=390)
        page.get_by_label("Search").fill(CANARIES[0].partition("@")[0].upper())
        page = press(page, "Search", 390)
        with page.expect_navigation():
            page.get_by_role("link", name=CANARIES[0]).click()
        assert "Gets email on" in said(sound(page, 390))
        assert "Accepted by the provider" in said(page)
        page = visit("cleo", "/readers/new", width=390)
        page.get_by_label("Email address").fill("jürgen@bücher.example ")
        page.get_by_label("How they agreed").fill("By phone")
        page.get_by_label("Press releases").check()
        assert "jürgen@bücher.example" in said(press(page, "Add the reader", 390))


def test_doors_in_the_middle_of_something(windows: Windows, tmp_path: Path, migrated: Path) -> None:
    with visiting(windows, tmp_path, migrated) as (at, visit):
        page = visit("ben", f"{HERE}/review", known=True)
        page.locator("summary", has_text="Send back").click()
        page.get_by_label("What should change?").fill("Name the street.")
        at.site.change("DELETE FROM session")
        assert "Sign in" in said(press(page, "Send back"))
        page = visit("dan", "/staff", width=390, known=True)
        page.get_by_label("Email address").fill("eve@forum.example")
        page.get_by_label("Writer", exact=True).check()
        assert "Confirm that it's you" in said(press(page, "Send the invitation", 390))
        assert "takes the role" in said(visit("ana", f"{HERE}/review"))


def test_a_file_of_readers_step_by_step(windows: Windows, tmp_path: Path, migrated: Path) -> None:
    table = b"Correo,Nombre,Status\nzoe@readers.example,Zo\xc3\xab,active\n"
    with visiting(windows, tmp_path, migrated) as (_, visit):
        page = visit("cleo", "/readers/import", width=390)
        page.set_input_files(
            "#file", {"name": "press.csv", "mimeType": "text/csv", "buffer": table}
        )
        page.fill("#new-list", "climate-desk")
        page.fill("#agreed", "Asked at the congress in May")
        page.get_by_role("button", name="See what it changes").click()
        page.get_by_role("heading", name="What is in each column?").wait_for()
        sound(page, 390)
        for column, ours in (("Correo", "email"), ("Nombre", "name"), ("Status", "-")):
            page.get_by_label(f"Import {column} as").select_option(ours)
        page.get_by_role("button", name="See what it changes").click()
        page.get_by_role("heading", name="Check before you import").wait_for()
        assert "climate-desk" in said(sound(page, 390))
        page.get_by_role("button", name="Import 1 person").click()
        page.get_by_text("An admin can undo it for 90 days.").wait_for()
        page = visit("dan", "/readers/import", fresh=True, width=390)
        page.get_by_role("link", name="Undo the import of press.csv").click()
        assert "Removed at most: 1 person." in said(sound(page, 390))
        assert "1 person removed" in said(press(page, "Undo the import of 1 person", 390))
        page = visit("cleo", "/readers/import", width=390)
        page.fill("#pasted", "Name\tEmail\nAna\tana@readers.example\nBen\tben at readers\n")
        page.fill("#new-list", "climate-desk")
        page.fill("#agreed", "Asked at the congress in May")
        assert "Line 3, column Email" in said(press(page, "See what it changes", 390))
        assert "1 bad row is left out" in said(press(page, "Leave these rows out", 390))
