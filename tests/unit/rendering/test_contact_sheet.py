"""The contact sheet: what it says, and that whatever a statement says in it is text."""

import re
from dataclasses import replace

from newsletter.rendering.preview import (
    MARK,
    Facts,
    Screenshot,
    contact_sheet,
    sheet_of_pictures,
)
from tests.rows import rows

FACTS = Facts(
    slug="hours",
    sender="Example Forum",
    sender_address="news@forum.example",
    reply_to="press@forum.example",
    to="reader@example.org",
    made_up=True,
    subject="The library opens on Sundays",
    inbox_line="From January on.",
    lists=("press", "members"),
    corrects="",
    language="en",
    send_at="",
    embargo_until="",
    made="2026-11-24 09:00 (America/New_York)",
    content_hash="0123456789abcdef" * 4,
    approved=False,
    approved_by=(),
    reasons=("it has 0 of 1 approvals",),
    size=8_200,
    picture_hosts=(),
    fetched=False,
)
SHOT = Screenshot(title="Light", file="light.png", width=700, height=1600)


def page(*shots: Screenshot, combined: str = "", **changes: object) -> str:
    return contact_sheet(replace(FACTS, **changes), shots, combined=combined)


def words(html: str) -> str:
    """The text between the elements."""
    return " ".join(re.sub(r"<style>.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL).split())


def test_it_says_what_the_inbox_and_the_approver_see() -> None:
    said = words(page())
    for part in (
        "From Example Forum &lt;news@forum.example&gt;",
        "Answers go to press@forum.example",
        "To reader@example.org (made up)",
        "Subject The library opens on Sundays",
        "Preview line From January on.",
        "Lists press, members",
        "8,200 bytes of HTML, 8 % of the 102,000 after which Gmail cuts a mail off",
        "Pictures none that are loaded from the web",
        "Not approved it has 0 of 1 approvals",
        FACTS.content_hash,
        "newsletter statement approve hours --digest 0123456789ab --by EMAIL",
    ):
        assert part in said


def test_an_approved_statement_names_who_said_yes_and_asks_for_nothing() -> None:
    said = words(page(approved=True, approved_by=("a@forum.example",), reasons=()))
    assert "Approved By a@forum.example" in said
    assert "Not approved" not in said
    assert "statement approve" not in said


def test_what_is_empty_has_no_line_of_its_own() -> None:
    said = words(page(reply_to="", made_up=False))
    assert "Answers go to" not in said
    assert "made up" not in said
    assert "Embargo" not in said
    assert "Corrects" not in said
    assert "Corrects hours, and goes to whoever may have that" in words(page(corrects="hours"))
    full = words(page(send_at="2026-11-25 09:00", embargo_until="2026-11-25 08:00"))
    assert "Time in its file 2026-11-25 09:00" in full
    assert "Embargo until 2026-11-25 08:00" in full


def test_it_says_where_pictures_come_from_and_whether_they_were_fetched() -> None:
    hosts = ("a.example", "b.example")
    assert "grey boxes stand for those of a.example, b.example" in words(page(picture_hosts=hosts))
    fetched = words(page(picture_hosts=hosts, fetched=True))
    assert "loaded from a.example, b.example" in fetched
    assert "--with-images" not in fetched


def test_every_view_has_a_frame_that_may_do_nothing_and_says_what_it_is() -> None:
    frames = re.findall(r"<iframe [^>]*>", page())
    assert [re.findall(r'"([^"]*)"', frame) for frame in frames] == [
        ["light.html", "The mail: Light", "640"],
        ["dark.html", "The mail: Dark", "640"],
        ["light.html", "The mail: Phone, light", "375"],
        ["dark.html", "The mail: Phone, dark", "375"],
        ["no-images.html", "The mail: Images off", "640"],
        ["no-styles.html", "The mail: Style sheets removed", "640"],
        ["text.html", "The mail: Plain text", "640"],
    ]
    for frame in frames:
        assert re.search(r" sandbox(?=[ >])", frame)
        assert "allow" not in frame


def test_it_needs_no_script_and_no_network() -> None:
    made = page(SHOT, combined="contact-sheet.png")
    assert "<script" not in made
    assert not re.search(r"""(?:src|href)="(?!#)[a-z]*:""", made)
    assert MARK in made


def test_screenshots_have_alt_text_and_lead_to_the_whole_picture() -> None:
    made = page(SHOT, replace(SHOT, title="Dark", file="dark.png", cut=True), combined="all.png")
    assert '<a href="light.png"><img src="light.png" alt="Screenshot of the mail: Light"' in made
    assert "Light, 700 × 1600 Dark, 700 × 1600, cut off below" in words(made)
    assert '<a href="all.png">all in one picture</a>' in made
    assert "all in one picture" not in page(SHOT)
    assert "Screenshots" not in page()


@rows("field", ["subject", "sender", "inbox_line", "to"])
def test_what_a_statement_says_is_text(field: str) -> None:
    made = page(**{field: "<img src=x onerror=alert(1)>"})
    assert "<img" not in made
    assert "&lt;img src=x onerror=alert(1)&gt;" in made


def test_the_page_of_all_pictures_holds_them_within_itself() -> None:
    shot = replace(SHOT, data="data:image/png;base64,AAAA")
    made = sheet_of_pictures(replace(FACTS, subject="A & B"), [shot])
    assert '<img src="data:image/png;base64,AAAA" alt="">' in made
    assert "A &amp; B" in made
    assert "not approved" in made
    approved = sheet_of_pictures(
        replace(FACTS, approved=True, approved_by=("a@forum.example",)), [shot]
    )
    assert "approved by a@forum.example" in approved
