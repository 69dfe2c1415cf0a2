"""Digest emails at the desk: writers make and drop issues, and everybody sees what comes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from newsletter.runtime.services import open_workspace
from tests.desk import Signed, Staffed, desk, words
from tests.pages import Answer, Forum
from tests.unit.web.desk.work import READERS, WEEKLY, approve, hand_over, send

PAGE = "/digests/weekly"
MONTHLY = WEEKLY | {"name": "monthly", "every": "month", "day": "last", "least": 3}
MONTHLY |= {"gathers": ["events"], "lists": ["events"]}


@pytest.fixture
def room(tmp_path: Path, migrated: Path) -> Iterator[Staffed]:
    with desk(tmp_path, database=migrated, digests=[WEEKLY, MONTHLY]) as staffed:
        staffed.site.subscribe(*READERS)
        staffed.site.services.tick.run()
        staffed.site.clock.advance(minutes=1)
        yield staffed


@pytest.fixture
def ana(room: Staffed) -> Signed:
    return room.as_("ana")


def make(who: Signed) -> Answer:
    return who.post(f"{PAGE}/make")


def slug_of(made: Answer) -> str:
    assert made.status == 303, words(made)
    return made.headers["location"].removeprefix("/desk/statements/").partition("?")[0]


def test_its_page_says_when_it_comes_what_it_lists_and_to_whom(room: Staffed) -> None:
    vera = room.as_("vera")
    assert "Nothing was sent for it since its last issue." in words(vera.get(PAGE))
    send(room, "hours", title="The library opens earlier")
    page = words(vera.get(PAGE))
    for one in (
        "Next issue: Fri",
        "It would list 1 statement now.",
        "The library opens earlier",
        "Every Friday at 16:00",
        "Press releases",
        "Digest emails The week to 27 Nov 2026",
        "All statements",
    ):
        assert one in page, one
    assert "Make the issue now" not in page
    assert 'href="/desk/digests"' in vera.get("/statements").text
    listed = words(vera.get("/digests"))
    assert "The week to 27 Nov 2026" in listed, "its title, not its short name"
    assert "Last day of each month at 16:00" in listed
    monthly = words(vera.get("/digests/monthly"))
    assert "It takes at least 3." in monthly
    assert "All statements" not in monthly
    assert vera.get("/digests/daily").status == 404


def test_an_issue_is_made_waits_for_approval_and_is_dropped(room: Staffed, ana: Signed) -> None:
    send(room)
    assert "Make the issue now" in words(ana.get(PAGE))
    slug = slug_of(make(ana))
    statement = ana.get(f"/statements/{slug}?done=issue-made")
    assert "It waits for approval like any other statement." in words(statement)
    assert "There is no email of it yet" not in words(statement)
    assert f'href="/desk{PAGE}"' in statement.text
    page = ana.get(PAGE)
    assert f'href="/desk/statements/{slug}"' in page.text
    assert "Make the issue now" not in words(page)
    assert "Drop this issue" in words(page)
    assert "Drop this issue" not in words(room.as_("vera").get(PAGE))

    dropped = ana.post(f"{PAGE}/drop", {"issue": slug})
    assert dropped.headers["location"] == f"/desk{PAGE}?done=issue-dropped"
    page = ana.get(PAGE)
    assert "Make the issue now" in words(page)
    assert f"/desk/statements/{slug}" not in page.text
    with room.site.services.store.read() as tx:
        assert not tx.statements.get(slug).present
    assert ana.post(f"{PAGE}/drop", {"issue": slug}).status == 404
    actions = room.site.rows("SELECT actor, action FROM audit WHERE subject = ?", slug)
    assert [one[1] for one in actions if one[0] == ana.address] == ["gather", "drop"]


def test_a_waiting_issue_of_a_deleted_digest_email_is_dropped_on_its_own_page(
    room: Staffed, ana: Signed
) -> None:
    send(room)
    slug = slug_of(make(ana))
    assert "Drop this issue" not in words(ana.get(f"/statements/{slug}"))
    file, clock = room.site.folder / "newsletter.yaml", room.site.clock
    settings = yaml.safe_load(file.read_text("utf-8")) | {"digests": [MONTHLY]}
    file.write_text(yaml.safe_dump(settings), "utf-8")
    with open_workspace(file.parent, {}, clock=clock) as services:
        later = Staffed(site=Forum(services=services, folder=file.parent, clock=clock))
        ana = later.as_("ana")
        page = ana.get(f"/statements/{slug}")
        assert "Drop this issue" in words(page)
        assert "Drop this issue" not in words(later.as_("vera").get(f"/statements/{slug}"))
        dropped = ana.post(f"{PAGE}/drop", {"issue": slug})
        assert dropped.headers["location"] == "/desk/digests?done=issue-dropped"
        assert "Drop this issue" not in words(ana.get(f"/statements/{slug}"))


def test_a_refusal_says_what_to_do_at_the_desk(room: Staffed, ana: Signed) -> None:
    nothing = make(ana)
    assert nothing.status == 409
    assert "There is nothing to gather" in words(nothing)
    send(room)
    slug = slug_of(make(ana))
    again = make(ana)
    assert (again.status, "Until it is sent, you can drop it." in words(again)) == (409, True)
    room.site.services.tick.run()
    approve(room, slug)
    room.site.clock.advance(minutes=6)
    room.site.services.tick.run()
    hand_over(room)
    late = ana.post(f"{PAGE}/drop", {"issue": slug})
    assert (late.status, "A sender can cancel the rest." in words(late)) == (409, True)
    assert "Drop this issue" not in words(ana.get(PAGE))
    for refused in (nothing, again, late):
        assert "newsletter digest" not in words(refused)
