"""Home, the board, and the one page of a statement: its checks, comments and history."""

import re
from pathlib import Path
from typing import Any

import pytest

from newsletter.domain.errors import Refused
from newsletter.domain.statements.review import Check
from tests.api import program
from tests.counting import counted
from tests.desk import Staffed, address_of, desk, words
from tests.pages import kept_after
from tests.rows import rows
from tests.unit.web.desk.work import READERS, approve, hand_over, send, write
from tests.unit.web.desk.writing import Desk

SETTINGS: dict[str, Any] = {
    "approvals": {"author_may_approve": False},
    "schedule": {"undo_window": "5m"},
}


kept = kept_after(desk, **SETTINGS)


def said(staffed: Staffed, path: str, name: str = "ben") -> str:
    answer = staffed.as_(name).get(path)
    assert answer.status == 200, words(answer)
    return words(answer)


INBOX = (
    "From Example Forum <news@forum.example> Subject: The library opens earlier"
    " Summary: From the first of December the library on Mill Street opens at nine."
)


def on_home(staffed: Staffed, name: str) -> str:
    """Work that waits for a person, as their first page shows it."""
    page = said(staffed, "", name)
    return page.partition("Needs your attention")[2].partition("Sending and scheduled")[0]


def test_an_empty_desk_says_how_to_begin(staffed: Staffed) -> None:
    assert "Nothing needs you Write a statement" in said(staffed, "", "ana")
    assert "New statement" in said(staffed, "/statements", "ana")
    assert "Nothing was sent yet" in said(staffed, "/campaigns", "vera")
    dan = staffed.as_("dan", fresh=True)
    assert 'href="/desk/staff#invite"' in dan.get("").text, "the form is at the end of a long page"
    assert 'id="invite"' in dan.get("/staff").text
    assert "New statement" not in said(staffed, "", "vera") + said(staffed, "/statements", "vera")


def test_home_shows_what_waits_for_whom(staffed: Staffed) -> None:
    staffed.site.subscribe(*READERS)
    write(staffed)
    assert "In review The library opens earlier" in on_home(staffed, "ben")
    assert "Nothing needs you" in said(staffed, "", "ana"), "she wrote it"
    assert "New statement" in said(staffed, "", "ana"), "what she can do in the meantime"
    assert "New statement" not in said(staffed, "", "vera")
    assert "Nothing needs you" in said(staffed, "", "vera")
    approve(staffed)
    assert "Nothing needs you" in on_home(staffed, "ben")
    assert "Sending and scheduled Tue 24 Nov The library opens earlier 07:05" in said(staffed, "")
    staffed.site.clock.advance(minutes=6)
    staffed.site.services.tick.run()
    assert "0 of 5 accepted." in said(staffed, "", "vera")
    staffed.site.services.campaigns.actions_of("cleo@forum.example").pause("hours")
    assert "Paused by Cleo. No one has it yet. Resume" in on_home(staffed, "cleo")
    assert "Resume" not in on_home(staffed, "ben")
    staffed.site.services.campaigns.actions_of("cleo@forum.example").resume("hours")
    hand_over(staffed)
    over = said(staffed, "", "vera")
    assert "Sent The library opens earlier 100 % 24 Nov 2026 · 5 of 5 accepted" in over
    assert "subscriptions to 1 list 5 joined in 30 days, 0 left +5 accepted, last statement" in over


def test_what_was_sent_is_shown_as_it_was_sent(staffed: Staffed) -> None:
    staffed.site.subscribe(*READERS)
    send(staffed)
    assert INBOX in said(staffed, "/statements/hours", "vera")
    write(staffed, title="The library opens later", summary="In short.")
    assert INBOX in said(staffed, "/statements/hours", "vera")
    [row] = staffed.site.rows("SELECT content_hash FROM campaign")
    shown = program(staffed.site).get("/statements/hours")
    assert shown["content_digest"] == row[0]
    write(staffed, status="draft")
    with pytest.raises(Refused, match="has already gone out"):
        staffed.site.services.statements.submit("hours", by=address_of("ana"))


def test_of_more_than_ten_that_wait_the_board_has_the_rest(staffed: Staffed) -> None:
    for number in range(11):
        write(staffed, f"s{number}")
    assert "See all statements" in on_home(staffed, "ben")


def test_the_board_counts_by_state_and_says_who_acts_and_when(staffed: Staffed) -> None:
    write(staffed, "waits", title="In need of approval")
    write(staffed, "budget", title="Budget", send_at="2026-12-01 09:00")
    approve(staffed, "budget")
    write(staffed, "fair", title="Winter fair", status="draft")
    board = said(staffed, "/statements", "cleo")
    assert "All 3 Drafts 1 In review 1 Approved 0 Scheduled 1 Sending 0 Sent 0" in board
    assert "In need of approval Press releases In review Waiting since Tue 24 Nov" in board
    assert "You, Ben, Ed or 1 other can approve it." in board
    assert "Scheduled Will be sent Tue 1 Dec 2026, 09:00 New York" in board
    assert "You or Dan can still change the time." in board
    assert "Winter fair" not in said(staffed, "/statements?state=review")
    assert "Faulty" not in board, "what is empty and rare is left out"


def test_a_search_keeps_its_words_and_its_state(staffed: Staffed) -> None:
    write(staffed, "hours")
    write(staffed, "budget", "It grows.", title="Budget", summary="In short.")
    found = staffed.as_("vera").get("/statements?q=LIBRARY&state=review").text
    assert "/desk/statements/hours" in found
    assert "/desk/statements/budget" not in found
    assert 'value="LIBRARY"' in found
    assert "/desk/statements?state=drafts&amp;q=LIBRARY" in found
    assert "No statement matches “zzz”" in said(staffed, "/statements?q=zzz")
    narrow = "/statements?list=press&writer=ana%40forum.example&month=2026-11"
    page = staffed.as_("vera").get(narrow).text
    assert '<option value="2026-11" selected>November 2026</option>' in page
    assert "state=drafts&amp;list=press&amp;writer=ana%40forum.example&amp;month=2026-11" in page
    for other in ("list=nothing", "month=2025-01", "writer=nobody%40forum.example"):
        assert "Choose another list, writer or month" in said(staffed, f"/statements?{other}")
    assert staffed.as_("vera").get("/statements?month=9999-12").status == 404
    found = staffed.as_("vera").get("/statements?q=opens+nine").text
    assert "The library <mark>opens</mark> at <mark>nine.</mark> …" in found
    assert "There is nothing here at the moment" in said(staffed, "/statements?state=sent")


@pytest.mark.slow("it writes fifty-one statements")
def test_fifty_are_on_a_page_and_the_others_are_one_further(staffed: Staffed) -> None:
    for number in range(51):
        path = staffed.site.folder / "statements" / f"s{number:02}.md"
        path.write_text(f"---\ntitle: Number {number:02}\n---\nText.\n", "utf-8")
    staffed.site.services.tick.run()
    first = staffed.as_("vera").get("/statements").text
    assert first.count("/desk/statements/s") == 50
    assert 'rel="next" href="/desk/statements?page=2"' in first
    second = staffed.as_("vera").get("/statements?page=2").text
    assert second.count("/desk/statements/s") == 1
    assert 'rel="prev" href="/desk/statements"' in second


def test_the_page_says_where_it_stands_what_is_next_and_who_acts(staffed: Staffed) -> None:
    staffed.site.subscribe(*READERS)
    write(staffed)
    page = said(staffed, "/statements/hours")
    assert "Waiting for 1 approval, from someone other than Ana." in page
    assert "Next: you, Ed, Cleo or 1 other can approve it. Review" in page
    assert "Its text is in statements/hours.md, and is edited there." in page
    assert "Press releases" in page
    assert "People 5 today" in page
    assert "Dark version Preview and test" in page
    assert INBOX in page
    assert INBOX in said(staffed, "/statements/hours/review", "ben")
    assert re.search("Technical details Name hours Content hash [0-9a-f]{4} [0-9a-f]{4}", page)
    approve(staffed)
    page = said(staffed, "/statements/hours", "cleo")
    assert "Leaves at 07:05:00 to about 5 people. Next: you, Ben or Dan can undo this." in page
    assert "In 5:00 Undo" in page
    on = "Tue 24 Nov 2026, 07:0"
    line = f"Approved (done) Ben {on}0 New York Scheduled Ben for {on}5 New York Sending Sent"
    assert line in page
    staffed.site.clock.advance(minutes=6)
    staffed.site.services.tick.run()
    hand_over(staffed)
    page = said(staffed, "/statements/hours", "cleo")
    assert f"Sending (done) {on}6 New York Sent {on}6 New York The provider accepted" in page


@rows(
    ["name", "offered", "not_offered"],
    [
        ("vera", [], ["Review", "Copy to the desk", "Add comment"]),
        ("ana", ["Copy to the desk", "Add comment"], ["Review"]),
        ("ben", ["Review", "Copy to the desk", "Add comment"], []),
    ],
)
def test_each_role_is_offered_what_it_may(
    staffed: Staffed, name: str, offered: list[str], not_offered: list[str]
) -> None:
    write(staffed)
    page = said(staffed, "/statements/hours", name).partition("Lives in")
    acts = page[0].partition("approve it.")[2] + page[2]
    assert [one for one in offered if one not in acts] == []
    assert [one for one in not_offered if one in acts] == []


def test_what_changed_since_the_approval_is_counted(staffed: Staffed) -> None:
    write(staffed)
    approve(staffed)
    write(staffed, body="The library opens at ten.", title="The library opens late")
    page = said(staffed, "/statements/hours")
    assert "After Ben approved it, its text changed. It needs a new approval." in page
    assert re.search(r"[23] things have changed since the last approval\.", page)
    write(staffed, body="The library opens at nine.", summary="")
    write(staffed)
    assert "Leaves at" in said(staffed, "/statements/hours"), "the approved text is back"


def test_a_statement_whose_file_is_gone_stays_and_says_so(staffed: Staffed) -> None:
    write(staffed)
    (staffed.site.folder / "statements" / "hours.md").unlink()
    staffed.site.services.tick.run()
    page = said(staffed, "/statements/hours", "ana")
    assert "Its file statements/hours.md is gone. What was read of it before stays here." in page
    assert "Next: you can copy it to the desk and go on there. Copy to the desk" in page
    assert "Faulty or gone 1" in said(staffed, "/statements")


def test_readers_are_counted_once_for_a_page(staffed: Staffed) -> None:
    staffed.site.subscribe(*READERS)
    write(staffed)
    with counted() as statements:
        said(staffed, "/statements/hours")
    counts = [one for one in statements if "COUNT" in one and "subscription" in one]
    assert len(counts) == 1


def test_a_faulty_file_is_told_with_its_line(staffed: Staffed) -> None:
    write(staffed)
    path = staffed.site.folder / "statements" / "hours.md"
    path.write_text("---\ntitle: Hours\nlists: 7\n---\nText.\n", "utf-8")
    staffed.site.services.tick.run()
    assert "It cannot be read any more: statements/hours.md:3" in said(staffed, "/statements/hours")
    linked = "---\ntitle: Linked\nlists: [press]\n---\n[Read](http://forum.example/read).\n"
    path.with_name("linked.md").write_text(linked, "utf-8")
    staffed.site.services.tick.run()
    assert "1 thing needs you." in said(staffed, "", "cleo")
    assert "Linked It cannot be sent like this" in said(staffed, "", "cleo")
    assert "Linked" not in said(staffed, "", "ben")


def test_what_went_out_shows_its_report_and_no_checks(staffed: Staffed) -> None:
    staffed.site.subscribe(*READERS)
    send(staffed)
    page = said(staffed, "/statements/hours", "vera")
    assert "The provider accepted 5 of 5 emails. See the report" in page
    assert "This is a trial: its emails are files on this machine, and nobody got them." in page
    assert "Checks" not in page
    web = f"{staffed.site.services.settings.public_url}/archive/hours"
    assert f'<a href="{web}">Web page</a>' in staffed.as_("vera").get("/statements/hours").text
    assert "Sent 1" in said(staffed, "/statements")


def test_checks_are_shown_beside_the_lines_that_they_speak_of(staffed: Staffed) -> None:
    write(staffed, body="Hello.\n\n[Click here](https://forum.example)\n")
    page = said(staffed, "/statements/hours")
    assert "Warning: The link to 'https://forum.example' says only 'Click here'" in page
    checks = staffed.as_("ben").get("/statements/hours/checks")
    assert 'href="#line-10"' in checks.text
    assert 'id="line-10" class="marked"' in checks.text
    assert words(checks).count("says only 'Click here'") == 2, "in the list, and at its line"


def test_each_check_fits_the_page(staffed: Staffed) -> None:
    write(staffed, body="TK [Click here](https://bit.ly/x) see attached on Monday 24 November 2026")
    shown = said(staffed, "/statements/hours/checks")
    assert shown.count("Warning") >= 4
    assert len(Check) > 4


def test_a_comment_stands_on_the_page_with_its_writer_and_version(staffed: Staffed) -> None:
    write(staffed)
    answer = staffed.as_("ana").post(
        "/statements/hours/comments", {"comment": "Shall <we> wait, @Ben?"}
    )
    assert (answer.status, answer.headers["location"]) == (
        303,
        "/desk/statements/hours?done=commented",
    )
    assert "Your comment was added." in said(staffed, "/statements/hours?done=commented")
    page = said(staffed, "/statements/hours", "vera")
    assert "Ana Tue 24 Nov 2026, 07:00 New York Shall <we> wait, @Ben ?" in page
    assert "Ana commented." in page
    write(staffed, body="Another text.")
    assert "on an earlier version" in said(staffed, "/statements/hours", "vera")


def test_a_name_after_an_at_that_nobody_has_is_no_mention(staffed: Staffed) -> None:
    write(staffed)
    typed = {"comment": "@nobody, @ben and <i>@Ben's</i> ben@forum.example"}
    answer = staffed.as_("ana").post("/statements/hours/comments", typed)
    assert answer.headers["location"].endswith("?done=commented-unknown")
    assert "Nobody on the team has one of the names" in words(
        staffed.as_("ana").get("/statements/hours?done=commented-unknown")
    )
    page = staffed.as_("vera").get("/statements/hours").text
    ben, other = '<span class="mention">@ben</span>', '<span class="mention">@Ben</span>'
    assert f"@nobody, {ben} and &lt;i&gt;{other}&#39;s&lt;/i&gt; ben@forum.example" in page
    assert "Ana on The library opens earlier" in on_home(staffed, "ben")
    assert "Ana on" not in on_home(staffed, "cleo")


@rows(["typed", "why"], [("", "Write a comment first"), ("x" * 2_001, "it has 2,001 characters")])
def test_a_comment_that_cannot_be_kept_is_given_back(
    staffed: Staffed, typed: str, why: str
) -> None:
    write(staffed)
    answer = staffed.as_("ana").post("/statements/hours/comments", {"comment": typed})
    assert answer.status == 422
    assert why in words(answer)
    assert f">\n{typed}</textarea>" in answer.text
    assert staffed.site.rows("SELECT count(*) FROM comment") == [(0,)]


def test_the_history_tells_each_deed_a_page_at_a_time(staffed: Staffed) -> None:
    write(staffed)
    assert "Nothing has happened yet" in said(staffed, "/statements/hours/history")
    approve(staffed)
    history = said(staffed, "/statements/hours/history", "vera")
    assert re.search(
        "The program scheduled the statement[.].*Ben approved the statement[.]", history
    )
    with staffed.site.services.store.begin() as tx:
        for _ in range(60):
            tx.audit.enter(actor="x@y.example", action="note", subject="hours", detail="")
    assert "/desk/statements/hours/history?page=2" in (
        staffed.as_("vera").get("/statements/hours/history").text
    )
    assert "Ben approved" in said(staffed, "/statements/hours/history?page=2")


PATHS = (
    "",
    "/statements",
    "/statements?q=library",
    "/statements/hours",
    "/statements/hours/history",
    "/statements/hours/checks",
    "/statements/hours/look",
    "/statements/hours/mail",
    "/statements/hours/mail?view=text",
)
EVIL = '"><script>alert(1)</script><img src=x onerror=alert(1)>'


def test_nothing_that_people_write_is_markup(staffed: Staffed) -> None:
    write(staffed, title=EVIL, body="Text.", author="ana@forum.example")
    staffed.as_("ana").post("/statements/hours/comments", {"comment": EVIL})
    approve(staffed, despite=EVIL)
    staffed.site.services.campaigns.actions_of("cleo@forum.example").pause("hours")
    with staffed.site.services.store.begin() as tx:
        tx.staff.change("ana@forum.example", name=EVIL)
    for path in PATHS:
        page = staffed.as_("cleo").get(path).text
        assert "<script>alert" not in page, path
        assert "<img src=x" not in page, path


def test_nothing_that_people_write_is_a_template(staffed: Staffed) -> None:
    said = "{{ 191 * 7 }} {% raw %} ${191*7} #{191*7}"
    write(staffed, title=said, body=said, summary=said, author="ana@forum.example")
    staffed.as_("ana").post("/statements/hours/comments", {"comment": said})
    approve(staffed, despite=said)
    with staffed.site.services.store.begin() as tx:
        tx.staff.change("ana@forum.example", name=said)
    for path in PATHS:
        assert "1337" not in staffed.as_("cleo").get(path).text, path
    assert "{{ 191 * 7 }}" in words(staffed.as_("cleo").get("/statements/hours/mail"))


def begin(staffed: Staffed, title: str = "Concert in the park") -> str:
    """Ana begins a text at the desk; returns its key."""
    answer = staffed.as_("ana").post("/drafts/new", {"title": title})
    found = re.search(r"/drafts/([a-z0-9]{16})/", answer.headers["location"])
    assert found is not None
    key = found[1]
    form = {"base": "1", "act": "save", "title": title, "body": "From six.", "lists": "press"}
    staffed.as_("ana").post(f"/drafts/{key}/edit", form)
    return key


def submit_draft(staffed: Staffed, key: str) -> None:
    with staffed.site.services.store.read() as tx:
        draft = tx.drafts.get(key)
    answer = staffed.as_("ana").post(f"/drafts/{key}/hand-in", {"base": str(draft.revision)})
    assert answer.status == 303, words(answer)


def test_a_text_of_the_desk_stands_on_the_board_from_its_first_word(staffed: Staffed) -> None:
    key = begin(staffed)
    board = staffed.as_("ben").get("/statements?q=concert")
    assert f'href="/desk/drafts/{key}"' in board.text
    assert "Drafts 1" in words(board)
    assert "Your drafts Concert in the park" in said(staffed, "", "ana")
    assert "Concert" not in said(staffed, "", "ben")
    submit_draft(staffed, key)
    assert "In review Concert in the park" in on_home(staffed, "ben")
    page = said(staffed, "/statements/concert-in-the-park", "ben")
    assert "Draft (done) Ana Tue 24 Nov 2026, 07:00 New York In review Ana Tue 24 Nov" in page
    assert "Written by Ana" in page
    assert "Take back" in page
    assert "Lives in" not in page


def test_what_was_sent_back_waits_for_its_writer_with_the_reason(staffed: Staffed) -> None:
    submit_draft(staffed, begin(staffed))
    with staffed.site.services.store.read() as tx:
        stored = tx.statements.get("concert-in-the-park")
    assert stored is not None
    here = "/statements/concert-in-the-park"
    form = {"digest": stored.content_hash, "reason": "Which Saturday?"}
    assert staffed.as_("ben").post(f"{here}/send-back", form).status == 303
    assert "Ben sent it back: “Which Saturday?” Edit" in on_home(staffed, "ana")
    assert "Next: you can change it and submit it again. Edit Submit for review" in said(
        staffed, here, "ana"
    )
    assert "Ben sent the statement back: Which Saturday?" in said(
        staffed, f"{here}/history", "vera"
    )
    with staffed.site.services.store.read() as tx:
        draft = tx.drafts.find_by_slug("concert-in-the-park")
    page = said(staffed, f"/drafts/{draft.key}/edit", "ana")
    assert "Ben sent it back on Tue 24 Nov 2026, 07:00 New York Which Saturday?" in page


def test_who_handed_in_another_text_meanwhile_is_named(staffed: Staffed) -> None:
    key = begin(staffed)
    submit_draft(staffed, key)
    with staffed.site.services.store.read() as tx:
        before = tx.statements.get("concert-in-the-park")
    assert before is not None
    staffed.site.clock.advance(minutes=3)
    form = {"base": "2", "act": "hand-in", "title": "Concert in the park", "lists": "press"}
    done = staffed.as_("ana").post(f"/drafts/{key}/edit", form | {"body": "From seven."})
    assert done.status == 303, words(done)
    here = "/statements/concert-in-the-park/review"
    answer = staffed.as_("ben").post(here, {"digest": before.content_hash})
    assert answer.status == 409
    said = words(answer)
    assert "Not approved. Ana submitted another text at 07:03, while you were reading" in said
    incomplete = words(staffed.as_("ben").post(here, {}))
    assert "Not approved. The page was incomplete when you pressed the button. Open" in incomplete
    assert "submitted another text" not in incomplete
    staffed.site.clock.advance(hours=24)
    answer = staffed.as_("ben").post(here, {"digest": before.content_hash})
    assert "another text on Tue 24 Nov 2026, 07:03 New York, while" in words(answer)


def test_checks_on_pages_name_no_commands(tmp_path: Path, migrated: Path) -> None:
    segments = [{"name": "german", "list": "press", "language": "de"}]
    with desk(tmp_path, database=migrated, segments=segments) as staffed:
        staffed.site.subscribe(*READERS)
        write(staffed, segment="german")
        for path in ("", "/checks", "/review"):
            page = said(staffed, f"/statements/hours{path}", "ben")
            assert "picks no one now" in page, path
            assert "newsletter segment" not in page, path
        review = staffed.as_("ben").get("/statements/hours/review")
        assert "Press releases, only german" in words(review)
        audience = said(staffed, "/readers", "cleo")
        assert "Segments german on press; language de. 0 people get what goes to it." in audience
        copied = staffed.as_("ana").post("/statements/hours/copy", {})
        editor = staffed.as_("ana").get(copied.headers["location"].removeprefix("/desk"))
        assert "<option selected>german</option>" in editor.text
        assert "Recipients 0 people" in words(editor)


def test_an_approver_reads_before_a_change_that_it_bars_them(staffed: Staffed) -> None:
    text = Desk(staffed)
    barred = "If you change it, someone else has to approve it."
    text.keep(act="hand-in")
    assert barred in words(text.ben.get(f"{text.at}/edit"))
    assert barred not in words(text.ana.get(f"{text.at}/edit")), "she wrote it"
    text.keep(text.ben, body="The library opens at ten.")
    assert barred not in words(text.ben.get(f"{text.at}/edit")), "it is too late"
