"""Saving, previews and figures of the desk in Chromium, under the desk's strict policy."""

import re
import secrets
import threading
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.axe import violations_in_both
from tests.browser.opening import Open, wait_for_count
from tests.browser.scripted import Draft, Site, at_the_end, editor

pytestmark = pytest.mark.chromium
expect.set_options(timeout=60_000)  # on a loaded machine


@pytest.fixture
def draft(site: Site) -> Draft:
    draft = Draft()
    # a tab is used again, and what it keeps is named by this address
    draft.address = f"/save/{secrets.token_hex(4)}"
    site.form("One\n", attributes=f'data-autosave="{draft.address}" data-base="1"')
    site.answers[draft.address] = draft.save
    return draft


def saved(page: Any) -> None:
    page.locator("[data-saved]", has_text=re.compile("^Saved")).wait_for()


def test_what_is_typed_is_saved_and_many_saves_of_one_window_are_no_conflict(
    draft: Draft, open_page: Open
) -> None:
    page = open_page("/")
    at_the_end(page)
    for number in range(4):
        page.keyboard.type(f" {number}")
        page.locator("[data-saved]", has_text="Not saved yet").wait_for()
        saved(page)
    assert draft.versions[-1] == {"title": ["A title"], "body": ["One 0 1 2 3\n"]}
    assert (len(draft.versions), draft.refused) == (5, 0)
    assert page.locator("[data-others]").inner_text() == "Ben is in this text"
    assert page.evaluate("sessionStorage.length") == 0


def test_what_a_field_means_stands_below_it_once_it_is_saved(
    site: Site, draft: Draft, open_page: Open
) -> None:
    site.page = site.page.replace("</form>", '<p data-told="title" hidden></p></form>')
    page = open_page("/")
    editor(page)
    page.locator("[data-told]").wait_for(state="hidden")
    page.locator("#title").fill("Hours")
    page.get_by_text("It is called Hours.").wait_for()
    assert page.locator("#title").input_value() == "Hours"
    site.answers[draft.address] = lambda asked: (
        200,
        {
            "version": 3,
            "told": {"title": {"words": "No.", "wrong": True}},
            "settled": {"title": "H"},
        },
    )
    page.locator("#title").fill("Tomorrow")
    page.get_by_text("No.").wait_for()
    assert page.locator("#title").get_attribute("aria-invalid") == "true"
    assert page.locator("#title").input_value() == "Tomorrow", "while somebody is in the field"
    editor(page).click()
    assert page.locator("#title").input_value() == "H"


def test_a_fault_that_was_mended_and_saved_is_not_shown_any_more(
    site: Site, draft: Draft, open_page: Open
) -> None:
    faults = (
        '<div class="errors"><a href="#title">Title: write one.</a></div>'
        '<div class="faulty"><p class="fault" id="title-fault">Title: write one.</p></div>'
    )
    site.page = site.page.replace("</form>", f"{faults}</form>")
    wrong = ["title"]
    site.answers[draft.address] = lambda _: (200, {"version": 3, "wrong": wrong})
    page = open_page("/")
    editor(page)
    page.locator("#title").fill("Hou")
    saved(page)
    expect(page.get_by_text("Title: write one.")).to_have_count(2)
    wrong.clear()
    page.locator("#title").fill("Hours")
    expect(page.get_by_text("Title: write one.")).to_have_count(0)
    expect(page.locator(".errors")).to_have_count(0)


def test_words_for_a_time_are_read_below_their_field(site: Site, open_page: Open) -> None:
    site.page = """<form><label for="at">Time</label><input id="at" name="at" data-time="/time">
<input type="hidden" name="at_read"><p id="at-read" hidden></p></form>"""
    meant = {"words": "Wed 25 Nov 2026", "wrong": False, "at": "2026-11-25T14:00:00+00:00"}
    site.answers["/time?typed=tomorrow+9am"] = lambda _: (200, meant)
    site.answers["/time?typed=3%2F12"] = lambda _: (
        200,
        {"words": "3 Dec?", "wrong": True, "at": ""},
    )
    page = open_page("/")
    page.locator("#at").fill("tomorrow 9am")
    page.get_by_text("Wed 25 Nov 2026").wait_for()
    assert page.locator("[name=at_read]").input_value() == meant["at"]
    page.locator("#at").fill("3/12")
    assert page.locator("[name=at_read]").input_value() == "", "what was read is of other words"
    page.get_by_text("3 Dec?").wait_for()
    assert page.locator("#at").get_attribute("aria-invalid") == "true"


def test_a_time_can_be_picked_in_the_browsers_calendar(site: Site, open_page: Open) -> None:
    site.page = """<form><label for="at">Time</label><input id="at" name="at">
<button type="button" data-pick="at" hidden>Pick</button></form>"""
    page = open_page("/")
    page.get_by_role("button", name="Pick").click()
    picked = "one => { one.value = '2026-12-03T06:00'; one.dispatchEvent(new Event('change')); }"
    page.locator("[type=datetime-local]").evaluate(picked)
    assert page.locator("#at").input_value() == "2026-12-03 06:00"
    assert page.evaluate("[...new FormData(document.forms[0]).keys()]") == ["at"]


def test_words_of_an_embargo_are_set_or_denied_by_a_press(site: Site, open_page: Open) -> None:
    site.page = """<form><div class="note" data-embargo="/time"><div><div class="field">
<label for="e">Embargo in the text</label>
<input id="e" name="embargo" value="Embargoed: not before Thursday, 6am"></div></div></div>
<label for="u">Embargo until</label><input id="u" name="embargo_until"></form>"""
    read = {"words": "Thu 3 Dec 2026, 06:00 New York", "wrong": False, "at": "2026-12-03"}
    site.answers["/time?typed=Thursday%2C+6am"] = lambda _: (200, read)
    for press, until in (
        ("Set Thu 3 Dec 2026, 06:00", "Thursday, 6am"),
        ("There is no embargo", ""),
    ):
        page = open_page("/")
        page.get_by_role("button", name="Set Thu 3 Dec").wait_for()
        page.get_by_label("Embargo in the text").wait_for(state="hidden")
        page.get_by_role("button", name=press).click()
        assert page.locator("#u").input_value() == until
        assert page.locator("#e").input_value() == ""
        page.locator(".note").wait_for(state="hidden")


def test_a_drawer_takes_the_focus_and_gives_it_back(site: Site, open_page: Open) -> None:
    site.page = """<form id="text"><div data-behind><a href="#details">Details</a>
<span data-shows="subject title">A</span><span data-count="subject" data-most="60"></span></div>
<input name="title" value="A" aria-label="Title"><aside class="panel" id="details" tabindex="-1"
 aria-label="Details" data-behind>
<textarea name="subject" aria-label="Subject" data-one-line></textarea>
<a href="#main">Done</a></aside></form>"""
    page = open_page("/", width=390)
    page.get_by_label("Subject").wait_for(state="hidden")
    page.get_by_role("link", name="Details").click()
    assert page.evaluate("document.activeElement.id") == "details"
    assert page.locator("div[data-behind]").evaluate("one => one.inert") is True
    page.get_by_label("Subject").fill("B")
    page.keyboard.press("Enter")
    assert page.get_by_label("Subject").input_value() == "B"
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Details")).to_be_focused()
    page.get_by_label("Subject").wait_for(state="hidden")
    assert page.locator("[data-shows]").inner_text() == "B"
    assert page.locator("[data-count]").inner_text() == "1 of 60"


def test_a_form_that_is_sent_while_it_is_saved_names_the_version_that_comes_of_it(
    site: Site, draft: Draft, open_page: Open
) -> None:
    site.page = site.page.replace("<div", '<input type="hidden" name="base" value="1"><div', 1)
    asked, go_on = threading.Event(), threading.Event()

    def slowly(said: Any) -> tuple[int, Any]:
        asked.set()
        go_on.wait(60)
        return draft.save(said)

    site.answers[draft.address] = slowly
    page = open_page("/")
    at_the_end(page)
    page.keyboard.type(" two")
    page.locator("[data-saved]", has_text="Saving").wait_for()
    assert asked.wait(60)
    page.get_by_role("button", name="Submit for review").click()
    assert site.to("/sent") == []
    go_on.set()
    page.wait_for_url("**/sent")
    assert site.to("/sent")[0].startswith(b"base=2&")


def test_a_form_that_is_sent_before_it_was_saved_is_no_second_writer(
    site: Site, draft: Draft, open_page: Open
) -> None:
    """The next page has the typed text under the next number, like one with a fault."""
    first = site.page.replace("<div", '<input type="hidden" name="base" value="1"><div', 1)
    site.page = first.replace("</form>", '<input name="embargo" value="Hold"></form>')
    page = open_page("/")
    page.get_by_label("Title").fill("Another title")
    page.locator("[name=embargo]").fill("")
    site.page = first.replace('value="1"', 'value="2"').replace('data-base="1"', 'data-base="2"')
    site.page = site.page.replace("A title", "Another title")
    with page.expect_navigation(url="**/sent"):
        page.get_by_role("button", name="Submit for review").click()
    page.goto(page.url.replace("/sent", "/"))
    editor(page)
    wait_for_count(page.get_by_role("alertdialog"), 0)
    assert page.evaluate("sessionStorage.getItem('desk:sent')") is None
    assert draft.refused == 0


def test_what_was_sent_and_taken_is_not_put_back_beside_what_another_wrote_since(
    site: Site, draft: Draft, open_page: Open
) -> None:
    page = open_page("/")
    page.get_by_label("Title").fill("Another title")
    with page.expect_navigation(url="**/sent"):
        page.get_by_role("button", name="Submit for review").click()
    site.page, form = "<p>Submitted.</p>", site.page
    page.goto(page.url.replace("/sent", "/?a=b&done=handed-in"))
    page.wait_for_url("**/?a=b")
    site.page = form.replace("A title", "Ben's title").replace('data-base="1"', 'data-base="3"')
    page.goto(page.url)
    editor(page)
    wait_for_count(page.get_by_role("alertdialog"), 0)
    assert page.get_by_label("Title").input_value() == "Ben's title"


def test_whoever_is_signed_out_loses_no_text(site: Site, draft: Draft, open_page: Open) -> None:
    site.answers[draft.address] = lambda _: (401, "<p>Sign in</p>")
    page = open_page("/?a=b")
    at_the_end(page)
    page.keyboard.type(" two")
    link = page.get_by_role("link", name="Sign in")
    link.wait_for()
    assert link.get_attribute("href") == "/desk/sign-in?next=%2F%3Fa%3Db"
    site.answers[draft.address] = draft.save
    link.click()
    page.get_by_text("Sign in").wait_for()
    page.go_back()
    page.get_by_text("We put back what you typed").wait_for()
    saved(page)
    assert editor(page).inner_text() == "One two"
    assert draft.versions[-1]["body"] == ["One two\n"]


def test_what_was_refused_is_kept_in_the_tab_until_it_is_saved(
    site: Site, draft: Draft, open_page: Open
) -> None:
    whole = f'data-autosave="{draft.address}" data-base="1"'
    site.form("Too long\n", attributes=f"{whole} data-unsaved")
    page = open_page("/")
    editor(page).wait_for()
    site.form("One\n", attributes=whole)
    page.on("dialog", lambda asked: asked.accept())
    page.reload()
    page.get_by_text("We put back what you typed").wait_for()
    assert editor(page).inner_text() == "Too long"


@pytest.mark.parametrize(
    ("choice", "kept"),
    [
        ("Keep mine", "One mine\n"),
        ("Take Ben's", "One of Ben\n"),
        ("Keep both", "One mine\n\nOne of Ben\n"),
        ("Take the other", "One of Ben\n"),
    ],
)
def test_of_two_who_write_at_once_both_texts_are_kept(
    draft: Draft, open_page: Open, choice: str, kept: str
) -> None:
    page = open_page("/")
    draft.own = choice == "Take the other"
    draft.versions.append({"title": ["Ben's title"], "body": ["One of Ben\n"]})
    at_the_end(page)
    page.keyboard.type(" mine")
    panel = page.get_by_role("alertdialog")
    panel.wait_for()
    who, where = ("You", " in another window") if draft.own else ("Ben", "")
    assert f"{who} saved this text at" in panel.inner_text()
    assert f"{where} while you were writing" in panel.inner_text()
    assert "One of Ben" in panel.locator(".in").all_inner_texts()[-1]
    panel.get_by_role("button", name=choice).click()
    saved(page)
    assert draft.versions[-1]["body"] == [kept]
    bodies = [one["body"][0] for one in draft.versions]
    assert "One mine\n" in bodies
    assert "One of Ben\n" in bodies
    assert editor(page).inner_text().split() == kept.split()
    assert draft.refused == 1


def test_axe_finds_nothing_in_the_panel_of_two_who_wrote(draft: Draft, open_page: Open) -> None:
    page = open_page("/")
    draft.versions.append({"title": ["Ben's title"], "body": ["One of Ben\n"]})
    page.get_by_role("button", name="Markdown").click()
    page.locator("#body").fill("Mine")
    page.get_by_role("alertdialog").wait_for()
    assert violations_in_both(page) == {}


def test_the_preview_follows_and_runs_nothing(site: Site, open_page: Open) -> None:
    frame = '<iframe class="mail" title="The email" src="/mail" sandbox></iframe>'
    site.form("One", more=f'<div data-preview="/preview" data-form="text">{frame}</div>')
    site.answers["/mail"] = lambda _: (200, "<p>First</p>")
    site.answers["/preview"] = lambda body: (200, f"<p style='color:red'>{body.decode()}</p>")
    page = open_page("/")
    at_the_end(page)
    page.keyboard.type(" two")
    page.frame_locator("iframe:not(.waiting)").get_by_text("body=One+two").wait_for()
    wait_for_count(page.locator("iframe"), 1)
    assert page.locator("iframe").get_attribute("title") == "The email"
    page.keyboard.type(" three")
    page.frame_locator("iframe:not(.waiting)").get_by_text("body=One+two+three").wait_for()


def test_a_countdown_goes_by_the_servers_clock(site: Site, open_page: Open) -> None:
    site.page = """<p><span data-countdown="2020-01-01T00:05:00Z"
data-now="2020-01-01T00:00:10Z">soon</span></p>"""
    page = open_page("/")
    expect(page.get_by_role("timer").get_by_text(re.compile("4:[0-4][0-9]"))).to_be_visible()


def figures(handed: int, state: str = "sending") -> tuple[int, dict[str, Any]]:
    return 200, {"state": state, "handed": handed, "total": 4213}


def test_figures_are_renewed_and_each_tenth_is_announced(site: Site, open_page: Open) -> None:
    site.page = """<div data-live="/figures" data-state="sending" data-part="handed"
data-whole="total">
<p><b data-figure="handed">0</b> of <b data-figure="total">4,213</b></p>
<progress aria-label="Accepted" data-figure="handed" max="4213" value="0"></progress></div>"""
    site.answers["/figures"] = lambda _: figures(100)
    page = open_page("/")
    page.locator("b", has_text="100").wait_for()
    site.answers["/figures"] = lambda _: figures(1280)
    page.get_by_text("30 percent: 1,280 of 4,213.").wait_for()
    assert page.locator("progress").get_attribute("value") == "1280"
    site.answers["/figures"] = lambda _: figures(4213, "sent")
    site.page = "<p>Sent</p>"
    page.get_by_text("Sent").wait_for()


def test_figures_that_are_not_renewed_say_so(site: Site, open_page: Open) -> None:
    site.page = '<div data-live="/figures" data-state="sending"><b data-figure="handed">7</b></div>'
    site.answers["/figures"] = lambda _: (401, {})
    expect(open_page("/").get_by_text("Reload the page to see newer ones.")).to_be_visible()


def test_a_form_is_sent_once_and_a_typed_number_is_told_apart(site: Site, open_page: Open) -> None:
    site.page = """<form method="post" action="/sent"><div class="field">
<label for="n">Type 4213</label><input id="n" data-confirm-number="4213"></div>
<button>Send</button></form>"""
    page = open_page("/")
    page.get_by_label("Type 4213").fill("4,21")
    assert page.get_by_role("status").inner_text() == ""
    page.get_by_label("Type 4213").fill("4,213")
    assert page.get_by_role("status").inner_text() == "This is the number."
    page.get_by_label("Type 4213").fill("4123")
    assert page.get_by_role("status").inner_text() == "This is another number."
    page.evaluate("const b = document.querySelector('button'); b.click(); b.click()")
    page.wait_for_url("**/sent")
    assert len(site.to("/sent")) == 1


def test_a_frame_is_as_high_as_its_email_and_a_menu_closes_by_escape(
    site: Site, open_page: Open
) -> None:
    site.page = """<iframe title="The email" src="/mail" sandbox="allow-same-origin" data-fit
height="90"></iframe><details class="menu"><summary>Menu</summary><a href="/">Home</a></details>"""
    site.answers["/mail"] = lambda _: (200, "<body style='margin: 0'><p style='height: 700px'>")
    page = open_page("/")
    expect(page.get_by_title("The email")).to_have_attribute("height", re.compile("7[0-9]{2}"))
    page.get_by_text("Menu").press("Enter")
    page.get_by_role("link", name="Home").focus()
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Home").wait_for(state="hidden")
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
