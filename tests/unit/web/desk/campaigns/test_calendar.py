"""The calendar shows texts written for a time, planned and sent; its private link ends."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from newsletter.domain.staff.role import Role
from newsletter.pipeline.staff import people
from tests.desk import Staffed, desk, words
from tests.pages import Answer
from tests.rows import rows
from tests.unit.web.desk.visitor import Browser
from tests.unit.web.desk.work import READERS, approve, hand_over, send, write
from tests.unit.web.desk.writing import Desk

# the clock of the fixture shows 24 November 2026, 07:00 in New York


@pytest.fixture
def staffed(tmp_path: Path, migrated: Path) -> Iterator[Staffed]:
    approvals = {"author_may_approve": False}
    with desk(tmp_path, database=migrated, approvals=approvals) as found:
        found.site.subscribe(*READERS)
        yield found


def shown(staffed: Staffed, query: str = "", who: str = "vera") -> str:
    return words(staffed.as_(who).get(f"/calendar{query}"))


def test_it_shows_each_kind_in_the_zone_of_the_workspace(staffed: Staffed) -> None:
    send(staffed, "sent", title="Thank you")
    write(staffed, "later", title="Budget hearing", send_at="2026-11-26 09:00")
    approve(staffed, "later")
    write(
        staffed,
        "kept",
        title="Shelter count",
        lists=["events"],
        send_at="2026-11-27 06:00",
        embargo_until="2026-11-27 05:00",
    )
    text = Desk(staffed)
    text.keep(title="Night buses", send_at="Friday 10am")
    text.keep(title="Night buses", send_at="no such time", embargo_until="28 Nov 2026, 08:00")
    page = shown(staffed)
    assert "November 2026 Times are in New York." in page
    for said in (
        "07:00 Thank you , sent",
        "09:00 Budget hearing , scheduled",
        "05:00 Embargo ends: Shelter count",
        "06:00 Shelter count , in review",
        "08:00 Embargo ends: Night buses",
    ):
        assert said in page, page
    text.keep(title="Night buses", send_at="27 Nov 2026, 10am")
    assert "10:00 Night buses , draft" in shown(staffed)
    assert "Night buses" not in shown(staffed, "?month=2026-12-01")
    assert "Nothing is planned in December 2026." in shown(staffed, "?month=2026-12-01")
    assert "Nothing is planned in this week." in shown(staffed, "?week=2026-12-14")


def test_what_has_no_time_or_was_cancelled_is_not_planned(staffed: Staffed) -> None:
    write(staffed, "open", title="Without a time")
    write(staffed, "off", title="Called off", send_at="2026-11-26 09:00")
    approve(staffed, "off")
    assert "Called off" in shown(staffed)
    staffed.site.services.campaigns.actions_of("cleo@forum.example").cancel("off")
    page = shown(staffed)
    assert "Without a time" not in page
    assert "Called off" not in page


def test_two_statements_to_one_list_at_almost_one_time_clash(staffed: Staffed) -> None:
    write(staffed, "one", title="Budget", send_at="2026-11-26 09:00", lists=["press", "events"])
    write(staffed, "two", title="Library", send_at="2026-11-26 09:10", lists=["events"])
    write(staffed, "three", title="Shelter", send_at="2026-11-26 09:05", lists=["press"])
    page = shown(staffed)
    assert page.count("Two statements at almost the same time.") == 2
    assert "“Budget”, Thu 26 Nov 2026, 09:00 New York, and “Library”" in page
    assert "both go to Events" in page
    write(staffed, "two", title="Library", send_at="2026-11-26 09:15", lists=["events"])
    assert shown(staffed).count("Two statements at almost the same time.") == 1


@rows(
    ["query", "title", "days"],
    [
        ("?month=2026-11-05", "November 2026", 42),
        ("?month=2026-02-28", "February 2026", 35),
        ("?month=2027-02-01", "February 2027", 28),
        ("?week=2026-12-02", "30 November to 6 December 2026", 7),
        ("?week=2026-11-25", "23 November to 29 November 2026", 7),
    ],
)
def test_a_span_is_whole_weeks(staffed: Staffed, query: str, title: str, days: int) -> None:
    page = staffed.as_("vera").get(f"/calendar{query}")
    assert f"<h1>{title}</h1>" in page.text
    assert page.text.count('<span class="day">') == days


@rows("query", ["?month=2026-13-01", "?month=x", "?week=2026-02-30", "?month=9999-12-01"])
def test_a_day_that_does_not_exist_is_no_page(staffed: Staffed, query: str) -> None:
    assert staffed.as_("vera").get(f"/calendar{query}").status == 404


def fetched(browser: Browser, link: str) -> Answer:
    return browser.site.ask("GET", link.removeprefix("https://news.forum.example"))


def link_in(answer: Answer) -> str:
    assert answer.status == 200
    return answer.text.partition('<code id="link">')[2].partition("</code>")[0]


def test_a_private_link_shows_titles_alone_and_works_until_it_is_renewed(browser: Browser) -> None:
    browser.join("ana@forum.example")
    head = "---\ntitle: Budget, hearing\nsend_at: 2026-11-26 09:00\nlists: [press]\n---\n"
    path = browser.site.folder / "statements" / "budget.md"
    path.write_text(f"{head}Nobody may read this yet.\n", "utf-8")
    browser.site.services.tick.run()
    link = link_in(browser.post("/calendar/link"))
    answer = fetched(browser, link)
    assert (answer.status, answer.headers["content-type"]) == (200, "text/calendar; charset=utf-8")
    assert answer.headers["cache-control"] == "no-store"
    whole = answer.text.replace("\r\n ", "")
    assert "SUMMARY:In review: Budget\\, hearing\r\n" in whole
    assert "UID:statements/budget@news.forum.example\r\n" in whole
    assert "DTSTART:20261126T140000Z\r\n" in whole
    assert "Nobody may read" not in whole
    assert link not in browser.get("/calendar").text, "it is shown once"

    second = link_in(browser.post("/calendar/link"))
    assert fetched(browser, link).status == 404
    assert fetched(browser, second).status == 200
    assert browser.post("/calendar/link/end").headers["location"].endswith("calendar-ended")
    assert fetched(browser, second).status == 404
    with browser.site.services.store.read() as tx:
        assert [line.action for line in tx.audit.list_newest(3)] == [
            "end calendar",
            "renew calendar",
            "renew calendar",
        ]
        stored = tx.db.rows("SELECT detail FROM audit")
        assert not any(second[-40:-4] in str(row) for row in stored)


def test_a_private_link_ends_with_the_role_for_ever(browser: Browser) -> None:
    browser.join("ana@forum.example")
    proofs = browser.site.services.staff.proofs
    link = link_in(browser.post("/calendar/link"))
    with browser.site.services.store.begin() as tx:
        tx.staff.put("dan@forum.example", Role.ADMIN, tx.now)
    people.disable("ana@forum.example", by="dan@forum.example", proofs=proofs)
    assert fetched(browser, link).status == 404
    with browser.site.services.store.begin() as tx:
        tx.staff.put("ana@forum.example", Role.WRITER, tx.now)
        tx.accounts.open("ana@forum.example", "hashed", tx.now)
    assert fetched(browser, link).status == 404


def test_what_is_being_sent_is_no_clash(staffed: Staffed) -> None:
    send(staffed, "sent", title="Thank you", lists=["press"])
    write(staffed, "later", title="Budget", send_at="2026-11-24 07:08", lists=["press"])
    hand_over(staffed)
    assert "almost the same time" not in shown(staffed)
