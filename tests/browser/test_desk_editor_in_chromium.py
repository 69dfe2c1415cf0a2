"""The visual editor of the desk in Chromium, under the desk's strict policy."""

from pathlib import Path
from urllib.parse import parse_qs

import pytest
from PIL import Image

from newsletter.domain.statements.draft import DraftText
from tests.browser.axe import violations_in_both
from tests.browser.opening import Open, wait_for_count
from tests.browser.scripted import PIXEL, Site, at_the_end, copy, editor, markdown

pytestmark = pytest.mark.chromium


TEXT = """The library opens *earlier* from **Monday**.

## Hours

- Monday
- Tuesday

> As asked for.

| Day | Hours |
| --- | ---: |
| Mo | 8 to 18 |

![A door](/door.gif "The door")
"""


def test_what_nobody_touches_is_sent_as_it_was(site: Site, open_page: Open) -> None:
    site.form(TEXT.replace("\n- ", "\n* "))
    page = open_page("/")
    text = editor(page)
    assert text.locator("h2").inner_text() == "Hours"
    wait_for_count(text.locator("td"), 2)
    page.locator("#body").wait_for(state="hidden")
    text.click()
    page.keyboard.press("Control+End")
    page.keyboard.press("ArrowUp")
    assert markdown(page) == TEXT.replace("\n- ", "\n* ")


def test_typing_formatting_and_undoing(site: Site, open_page: Open) -> None:
    site.form("")
    page = open_page("/")
    hint = "element => getComputedStyle(element, '::before').content"
    assert editor(page).evaluate(hint) == '"Write here, or drop a document."'
    editor(page).click()
    page.keyboard.type("## Opening hours\nThe library is ")
    page.keyboard.press("Control+b")
    page.keyboard.type("open")
    page.keyboard.press("Control+b")
    page.keyboard.type(". 2 * 3 * 4 and *that*\n- one\ntwo\n\nEnd")
    assert markdown(page) == (
        "## Opening hours\n\nThe library is **open**. 2 * 3 * 4 and \\*that\\*\n\n"
        "- one\n- two\n\nEnd\n"
    )
    for _ in range(3):
        page.keyboard.press("Control+z")
    assert "End" not in markdown(page)


def test_the_toolbar_by_keyboard_alone(site: Site, open_page: Open) -> None:
    site.form("A word")
    page = open_page("/")
    editor(page).focus()
    page.keyboard.press("Control+a")
    page.keyboard.press("Alt+F10")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.ariaLabel") == "Bold"
    page.keyboard.press("Enter")
    assert markdown(page) == "**A word**\n"
    assert page.locator("[aria-label=Bold]").get_attribute("aria-pressed") == "true"
    page.keyboard.press("Control+k")
    page.get_by_label("Address").fill("example.org/a(b")
    page.keyboard.press("Enter")
    assert markdown(page) == "**[A word](<https://example.org/a(b>)**\n"


def test_a_list_a_table_and_a_footnote(site: Site, open_page: Open) -> None:
    site.form("One")
    page = open_page("/")
    editor(page).click()
    page.get_by_role("button", name="Numbered list").click()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    page.keyboard.type("Two")
    page.keyboard.press("Control+]")
    assert markdown(page) == "1. One\n   1. Two\n"
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Table", exact=True).click()
    page.keyboard.type("Day")
    page.keyboard.press("Tab")
    page.keyboard.type("a|b")
    page.keyboard.press("Tab")
    page.keyboard.type("Mo")
    page.get_by_role("button", name="Remove row").click()
    page.get_by_role("button", name="Align right").click()
    assert markdown(page) == "1. One\n   1. Two\n\n| Day | a\\|b |\n| --: | --- |\n|  |  |\n"
    page.keyboard.type("x")
    page.get_by_role("button", name="Footnote").click()
    page.get_by_label("What it says").fill("A *note*")
    page.get_by_role("button", name="Save").click()
    assert "x^[A *note*]" in markdown(page)


BLOCKS = [
    (
        "Button",
        {"Text": "Read it", "Address": "example.org/a"},
        "**[Read it](https://example.org/a)**",
    ),
    (
        "Pull quote",
        {"Quote": "The page is there.", "Who": "Jane Doe"},
        "> The page is there.\n>\n> — Jane Doe",
    ),
    (
        "Downloads",
        {"Name": "Press kit", "Address": "https://example.org/kit.zip", "Kind": "ZIP, 12 MB"},
        "- [Press kit](https://example.org/kit.zip) (ZIP, 12 MB)",
    ),
    ("Greeting", {"Greeting": "Dear", "For readers": "friend"}, "Dear {name|friend},"),
    ("Divider", {}, "___"),
]
"""The button, the typed values, and the Markdown that they produce."""


@pytest.mark.parametrize("width", [1200, 390])
def test_each_block_of_the_toolbar(site: Site, open_page: Open, width: int) -> None:
    site.form("Before")
    page = open_page("/", width=width)
    at_the_end(page)
    page.keyboard.press("Enter")
    for name, fields, _ in BLOCKS:
        if width == 390:
            page.locator("summary", has_text="Insert").click()
        page.get_by_role("button", name=name, exact=True).locator("visible=true").click()
        for label, text in fields.items():
            page.get_by_role("dialog").get_by_label(label).fill(text)
        if fields:
            page.locator("dialog .btn--main").click()
        if name == "Greeting":
            page.keyboard.press("Enter")
    assert markdown(page) == "\n\n".join(["Before", *(one for _, _, one in BLOCKS)]) + "\n"
    for kind in ("button", "pull", "downloads", "greeting"):
        wait_for_count(editor(page).locator(f".is-{kind}"), 1)
    editor(page).locator(".is-downloads").click()
    if width == 390:
        page.locator("summary", has_text="Insert").click()
    page.get_by_role("button", name="Downloads", exact=True).locator("visible=true").click()
    page.get_by_label("Name").fill("Report")
    page.get_by_label("Address of the file").fill("https://example.org/page")
    page.get_by_role("button", name="Add the file").click()
    assert "not the address of a file" in page.get_by_role("alert").inner_text()
    page.get_by_label("Address of the file").fill("https://example.org/report.pdf")
    page.get_by_role("button", name="Add the file").click()
    assert "(ZIP, 12 MB)\n- [Report](https://example.org/report.pdf)\n" in markdown(page)


@pytest.mark.parametrize("width", [1200, 390])
def test_a_template_is_inserted_below_the_paragraph_with_the_cursor(
    site: Site, open_page: Open, width: int
) -> None:
    about = DraftText(title="About us", body="## About us\n\nThe Forum speaks.\n")
    odd = DraftText(title="Odd", body="A [](https://example.org) link\n")
    site.form("One.\n\nTwo.", templates=[about, odd])
    page = open_page("/", width=width)

    def insert(name: str) -> None:
        page.locator("summary", has_text="Insert a template").click()
        entry = page.get_by_role("button", name=name, exact=True)
        assert entry.bounding_box()["x"] >= 0, "the menu is cut off"
        entry.click()

    editor(page).locator("p").first.click()
    insert("About us")
    page.keyboard.press("Enter")
    insert("About us")
    twice = "One.\n\n" + "## About us\n\nThe Forum speaks.\n\n" * 2 + "Two.\n"
    assert markdown(page) == twice
    insert("Odd")
    page.locator("#body").wait_for(state="visible")
    assert markdown(page) == f"{twice}\n{odd.body}"


def test_the_selection_becomes_a_template(site: Site, open_page: Open) -> None:
    form = """<button type="button" data-selection hidden>Save the selection</button>
<form id="selection" method="post" action="/new"><input type="hidden" name="from" value="text:1">
<input type="hidden" name="title"><input type="hidden" name="body"></form>"""
    site.form("One.\n\n## About us\n\nThe *Forum* speaks.\n\n- Two", more=form)
    page = open_page("/")
    editor(page).locator("p").first.click()
    button = page.get_by_role("button", name="Save the selection")
    button.click()
    page.get_by_text("First select the words").wait_for()
    editor(page).locator("h2").click()
    page.keyboard.press("Home")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Shift+End")
    with page.expect_navigation():
        button.click()
    [sent] = site.to("/new")
    wanted = "## About us\r\n\r\nThe *Forum* speaks."
    assert parse_qs(sent.decode()) == {
        "from": ["text:1"],
        "title": ["About us The Forum speaks."],
        "body": [wanted],
    }


def test_a_lead_picture_is_wide_and_stands_at_the_top(
    site: Site, open_page: Open, tmp_path: Path
) -> None:
    site.form("*A standfirst.*\n\nBefore")
    site.answers["/pictures"] = lambda _: (200, {"address": "/1.gif#1200x600"})
    for name, size in (("tall", (700, 900)), ("wide", (1200, 600))):
        Image.new("RGB", size).save(tmp_path / f"{name}.gif")
    page = open_page("/")
    at_the_end(page)
    page.get_by_role("button", name="Lead picture").click()
    page.locator("dialog input[type=file]").set_input_files(tmp_path / "tall.gif")
    page.get_by_label("What it shows").fill("A door")
    page.get_by_role("button", name="Add the picture").click()
    page.get_by_text("This picture has 700 × 900 pixels.").wait_for()
    page.locator("dialog input[type=file]").set_input_files(tmp_path / "wide.gif")
    page.get_by_role("button", name="Add the picture").click()
    page.locator(".is-lead .picture").wait_for()
    assert markdown(page) == ("*A standfirst.*\n\n![A door](/1.gif#1200x600)\n\nBefore\n")


def test_an_address_pasted_on_words_makes_a_link(site: Site, open_page: Open) -> None:
    site.form("Read this")
    page = open_page("/")
    editor(page).click()
    page.keyboard.press("Control+a")
    copy(page, "", " https://example.org/a?b=1 ")
    assert markdown(page) == "[Read this](https://example.org/a?b=1)\n"
    page.get_by_role("button", name="Edit as Markdown").click()
    page.locator("#body").fill("Read this")
    page.locator("#body").select_text()
    copy(page, "", "www.example.org")
    assert markdown(page) == "[Read this](https://www.example.org)"


DROP = """([name, selector]) => {
    const data = new DataTransfer();
    data.items.add(new File(["bytes"], name));
    const event = { dataTransfer: data, bubbles: true, cancelable: true };
    document.querySelector(selector).dispatchEvent(new DragEvent("drop", event));
}"""


def test_a_document_dropped_on_the_page_is_read(site: Site, open_page: Open) -> None:
    site.form("")
    read = {"title": "T", "summary": "", "markdown": "## Read\n\nA *text*", "notes": ["a date"]}
    site.answers["/import"] = lambda _: (200, read | {"left_out": ["a picture"]})
    page = open_page("/")
    editor(page)
    page.evaluate(DROP, ["release.docx", "h1"])
    editor(page).locator("h2").wait_for()
    assert b'filename="release.docx"' in site.to("/import")[0]
    told = page.locator(".editor-note").inner_text()
    assert "release.docx is in the text. Check 2 things: a picture; a date." in told
    assert markdown(page) == "## Read\n\nA *text*\n"
    site.answers["/import"] = lambda _: (422, {"error": "This is no document."})
    page.evaluate(DROP, ["other.pdf", ".editor-text p"])
    page.get_by_text("This is no document.").wait_for()
    assert markdown(page) == "## Read\n\nA *text*\n"


def test_what_the_editor_cannot_show_opens_in_markdown_and_quotes_the_words(
    site: Site, open_page: Open
) -> None:
    text = "One\n\nA [](https://example.org) link\n"
    site.form(text)
    page = open_page("/")
    page.locator("#body").wait_for(state="visible")
    told = "can't show a link without text: “A [](https://example.org) link”."
    assert told in page.locator(".editor-note").inner_text()
    page.get_by_role("button", name="Go there").click()
    assert page.evaluate("getSelection().toString()") == "A [](https://example.org) link"
    page.locator("#body").fill("One\n\nA [good](https://example.org) link\n")
    page.get_by_role("button", name="Edit visually").click()
    assert editor(page).locator("a").inner_text() == "good"
    assert markdown(page) == "One\n\nA [good](https://example.org) link\n"


def test_what_stands_in_a_text_runs_nowhere(site: Site, open_page: Open) -> None:
    text = (
        "[a](javascript:document.title='ran') <img src=x onerror=\"document.title='ran'\">\n\n"
        "![b](/door.gif \"<script>document.title='ran'</script>\") [c](https://example.org)\n"
    )
    site.form(text.replace("&", "&amp;").replace("<", "&lt;"))
    page = open_page("/")
    links = editor(page).locator("a")
    assert links.nth(0).get_attribute("href") is None
    assert links.nth(1).get_attribute("href") == "https://example.org"
    links.nth(0).click(modifiers=["Control"])
    wait_for_count(editor(page).locator("[onerror], script"), 0)
    assert page.title() == "Desk"
    assert markdown(page) == text


def test_what_is_pasted_is_read_by_the_importer(site: Site, open_page: Open) -> None:
    site.form("Before")
    lost = {"markdown": "## Pasted\n\nA *text*", "left_out": ["a picture", "a comment"]}
    site.answers["/paste"] = lambda _: (200, lost)
    page = open_page("/")
    at_the_end(page)
    page.keyboard.press("Enter")
    html = '<p style="color:red" onclick="x()">A <i>text</i><script>alert(1)</script></p>'
    copy(page, html)
    editor(page).locator("h2").wait_for()
    assert site.to("/paste") == [{"html": html}]
    assert (
        "2 things were left out: a picture; a comment." in page.locator(".editor-note").inner_text()
    )
    assert markdown(page) == "Before\n\n## Pasted\n\nA *text*\n"
    page.locator(".editor-note").get_by_role("button", name="Undo").click()
    assert markdown(page) == "Before"
    site.answers["/paste"] = lambda _: (503, {})
    copy(page, html, "Only *words*")
    page.get_by_text("only its words are here").wait_for()
    assert markdown(page) == "BeforeOnly \\*words\\*\n"


def test_a_picture_needs_words(site: Site, open_page: Open, tmp_path: Path) -> None:
    site.form("Before")
    site.answers["/pictures"] = lambda _: (200, {"address": "/media/1.gif#9x9"})
    (tmp_path / "door.gif").write_bytes(PIXEL)
    page = open_page("/")
    at_the_end(page)
    page.get_by_role("button", name="Picture", exact=True).click()
    page.locator("dialog input[type=file]").set_input_files(tmp_path / "door.gif")
    page.get_by_role("button", name="Add the picture").click()
    assert "Say what the picture shows" in page.locator("dialog [role=alert]").inner_text()
    page.get_by_label("What it shows").fill("A [red] door")
    page.get_by_label("Caption").fill('The "door"')
    page.get_by_role("button", name="Add the picture").click()
    page.locator(".picture").wait_for()
    assert b'name="alt"\r\n\r\nA [red] door' in site.to("/pictures")[0]
    assert markdown(page) == ('Before\n\n![A \\[red\\] door](/media/1.gif#9x9 "The \\"door\\"")\n')


def test_axe_finds_nothing_in_the_editor(site: Site, open_page: Open) -> None:
    site.form(TEXT)
    page = open_page("/")
    editor(page).locator("td").first.click()
    for width in (1000, 390):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") == width
        smallest = 44 if width == 390 else 40
        for control in page.locator(".tools :is(button, summary, select):visible").all():
            box = control.bounding_box()
            assert min(box["height"], box["width"]) >= smallest, control
    assert violations_in_both(page) == {}
    page.locator("summary", has_text="Insert").click()
    assert violations_in_both(page) == {}
    page.get_by_role("button", name="Picture", exact=True).click()
    assert violations_in_both(page) == {}
    page.keyboard.press("Escape")
