"""The reviewer's findings on texts; and ordinary ones, which get none."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from newsletter.documents.importing import import_file
from newsletter.domain.statements.review import Check, ReviewContext, ReviewFinding, Severity
from newsletter.domain.statements.statement import Statement
from newsletter.rendering.checks.guards import MAX_HTML_BYTES
from newsletter.rendering.checks.reviewer import LARGE_HTML_BYTES, review_text
from newsletter.rendering.markdown.faults import faults_of_statement
from newsletter.rendering.markdown.markdown import read_markdown
from newsletter.rendering.sentences import Language
from tests.fakes import PlainRenderer
from tests.rows import rows
from tests.unit.documents.corpus import CORPUS, shared
from tests.unit.rendering.examples import STATEMENT

ROOT = Path(__file__).parents[4]
TODAY = date(2026, 11, 24)
AROUND = ReviewContext(today=TODAY, day=TODAY, readers=9, audience=9)
PLACES = (("title", 2), ("summary", 3), ("body", 6))
LONG_IMAGE = "https://forum.example/a.png"


def statement(body: str, **fields: Any) -> Statement:
    defaults: dict[str, Any] = {
        "title": "Forum resigns from the task force",
        "summary": "One line that inboxes show beside the subject.",
        "lists": ("press",),
        "language": "en",
        "origin": "a.md",
        "places": PLACES,
    }
    return Statement(slug="a", body=body, **(defaults | fields))


def review(body: str, **fields: Any) -> tuple[ReviewFinding, ...]:
    return review_text(statement(body, **fields), None, AROUND)


WARNED = [
    ("The quote is TK.", Check.PLACEHOLDER),
    ("The TKTK report", Check.PLACEHOLDER),
    ("Call 202-XXX-1234.", Check.PLACEHOLDER),
    ("Lorem ipsum dolor sit amet", Check.PLACEHOLDER),
    ("The Forum met on [DATE] with friends", Check.PLACEHOLDER),
    ("El [FECHA] en Madrid", Check.PLACEHOLDER),
    ("said [Insert name of chair], chair", Check.PLACEHOLDER),
    ("The venue is [tbd]", Check.PLACEHOLDER),
    ("Please insert quote here", Check.PLACEHOLDER),
    ("Write the statement here, in Markdown.", Check.PLACEHOLDER),
    ("See the attachment for more", Check.ATTACHMENT),
    ("Please read the attached report.", Check.ATTACHMENT),
    ("Attached is the list of names", Check.ATTACHMENT),
    ("The letter is attached.", Check.ATTACHMENT),
    ("Vea el documento adjunto", Check.ATTACHMENT),
    ("Adjuntamos las cifras", Check.ATTACHMENT),
    ("Die Liste finden Sie im Anhang.", Check.ATTACHMENT),
    ("Anbei unsere Stellungnahme", Check.ATTACHMENT),
    ("Vous trouverez ci-joint la liste", Check.ATTACHMENT),
    ("Le rapport est en pièce jointe.", Check.ATTACHMENT),
    ("Die Kundgebung am [DATUM] in Kiel", Check.PLACEHOLDER),
    ("Rendez-vous à [LIEU]", Check.PLACEHOLDER),
    ("sagt [hier Namen einfügen], Vorsitzende", Check.PLACEHOLDER),
    ("Le montant est [à compléter]", Check.PLACEHOLDER),
    ("[Click here](https://forum.example)", Check.LINK_TEXT),
    ("[aquí](https://forum.example)", Check.LINK_TEXT),
    ("[**Read more** »](https://forum.example)", Check.LINK_TEXT),
    ("[Hier](https://forum.example)", Check.LINK_TEXT),
    ("[En savoir plus](https://forum.example)", Check.LINK_TEXT),
    ("[the report](https://bit.ly/3x)", Check.SHORT_LINK),
    ("<https://www.tinyurl.com/3x>", Check.SHORT_LINK),
    (f"![IMG_1234.jpg]({LONG_IMAGE}#600x400)", Check.IMAGE_DESCRIPTION),
    (f"![IMG 1234]({LONG_IMAGE}#600x400)", Check.IMAGE_DESCRIPTION),
    (f"![A photo]({LONG_IMAGE}#600x400)", Check.IMAGE_DESCRIPTION),
    (f"![Ein Foto]({LONG_IMAGE}#600x400)", Check.IMAGE_DESCRIPTION),
    (f"![The chair speaks]({LONG_IMAGE}#1201x400)", Check.IMAGE_WIDTH),
    (f"![The chair speaks]({LONG_IMAGE})", Check.IMAGE_SIZE),
    ("![The chair speaks](https://forum.example/chair.svg#600x400)", Check.IMAGE_KIND),
    ("![The chair speaks](https://forum.example/chair.AVIF?v=2#600x400)", Check.IMAGE_KIND),
    ("© 2019 Example Forum", Check.COPYRIGHT),
    ("Copyright (c) 2019–2025 Example Forum", Check.COPYRIGHT),
    ("We meet on Monday, November 24 at noon", Check.WEEKDAY),
    ("We meet on Tuesday, 31 September 2026", Check.WEEKDAY),
    ("Wir treffen uns am Montag, 24. November, um 12 Uhr", Check.WEEKDAY),
    ("- [ ] Call the press", Check.DIALECT),
    ("- [x] Call the press", Check.DIALECT),
    ("The ==most important== word", Check.DIALECT),
    ("The ++new++ word", Check.DIALECT),
    ("Dear {first_name},", Check.DIALECT),
    ("Dear {first name|friend},", Check.DIALECT),
    ("Dear {FNAME},", Check.DIALECT),
    ("One<br>two", Check.DIALECT),
    ("A <b>bold</b", Check.DIALECT),
    ('<a href="https://forum.example">us</a', Check.DIALECT),
    ("<!-- not yet approved -->", Check.DIALECT),
    ("> [!NOTE]\n> A note", Check.DIALECT),
    ("::: warning\nText\n:::", Check.DIALECT),
    ("[TOC]", Check.DIALECT),
    ("Thanks :smile: to all", Check.DIALECT),
    ("A word {.red}", Check.DIALECT),
    ("- [Kit](https://forum.example/kit.zip)", Check.DOWNLOAD_SIZE),
    ("- [Kit](https://forum.example/kit.zip) (the newest)", Check.DOWNLOAD_SIZE),
    ("|a|b|c|d|\n|-|-|-|-|" + "\n|1,240,500,000|1,240,500,000|1|2|" * 2, Check.TABLE_WIDTH),
    (f"|{'acknowledgement|' * 6}\n{'|-' * 6}|" + f"\n{'|1' * 6}|" * 2, Check.TABLE_WIDTH),
    ("## One\n\n#### Three", Check.HEADINGS),
    ("One\n===\n\n### Three", Check.HEADINGS),
]


@rows(("body", "check"), WARNED)
def test_what_should_not_go_out_unseen_is_said(body: str, check: Check) -> None:
    assert {finding.check for finding in review(body)} == {check}


QUIET = [
    "TK Maxx opens in Boston, and T.K. Smith of TK-20 agrees.",
    "It was Super Bowl XXX. Louis XXX never lived.",
    "The bill says [sic] that [NATO] may, and the [State] must.",
    "Insert your card here to vote.",
    "Use `[DATE]`, `TK` and `XXX` as marks.\n\n    [NAME] TK\n\n```\nlorem ipsum\n```",
    "Read <https://forum.example/TK/XXX> or www.XXX.example or XXX@forum.example.",
    "A garage is attached to the house, with no strings attached; he is attached to it.",
    "Congress attached a rider to the bill. The director adjunto lo adjunta.",
    "Im Anhang des Gesetzes und in der Anlage zum Vertrag steht es; die Anlage in Kiel ruht.",
    "Dem Antrag beigefügte Gutachten liegen vor. Les pièces jointes au dossier restent secrètes.",
    "L'annexe de la loi et le site Natura sont joints au dossier [sic].",
    "[the report of the task force](https://forum.example/report)",
    "[more than four thousand people](https://t.company.example)",
    f"![Two people at the image gallery]({LONG_IMAGE}#1200x400)",
    "![Two people](https://forum.example/svg-or-avif.webp#1200x400)",
    "Photo by Jane Doe, © 2019 Jane Doe",
    "© 2026 Example Forum. In 2019 copyright law changed.",
    "We meet on Tuesday, November 24, 2026.",
    "## One\n\n### Two\n\n## One again\n\n### Two again",
    "### A text may begin with any level",
    "Two\n---\n\n### Three",
    "The 50% and %20 of it; {not a mark}; [[1]](https://forum.example).",
    "[a](<https://[::1>)",
    "`<b>`, `==x==` and `{first_name}` are marks; a < b > c; 1 == 1; C++ and G++; 9:30:15.",
    "The {statute} of [X] and [x]; {a, b}; the time is 10:30:00; a:b:c; [ ] and [x].",
    "Write to <press@forum.example> or see <https://forum.example/a>.",
    "- [Kit](https://forum.example/kit.zip) (ZIP, 2 MB)",
    "| a | b |\n|---|---|\n| 1,204 | 61 % |\n| 312 | 9 % |",
]


@rows("body", QUIET)
def test_ordinary_text_is_left_alone(body: str) -> None:
    assert review(body) == ()


def test_a_remark_names_the_line_in_the_file() -> None:
    body = (
        "One line\nand TK on the second,\n[here](https://forum.example).\n\n"
        "- an item\n- with  \n  [DATE]\n\n| a | b |\n|---|---|\n| c | XXX |\n\nEnd[^n].\n\n"
        "[^n]: lorem ipsum"
    )
    assert [(finding.line, finding.check) for finding in review(body)] == [
        (7, Check.PLACEHOLDER),
        (8, Check.LINK_TEXT),
        (12, Check.PLACEHOLDER),
        (16, Check.PLACEHOLDER),
        (20, Check.PLACEHOLDER),
    ]
    assert {finding.line for finding in review(body, places=())} == {0}


def test_of_words_that_overlap_one_thing_is_said() -> None:
    [finding] = review("The quote is [insert quote here].")
    assert finding.message.startswith("'[insert quote here]' ")
    assert len(review("See the attached report, and the attached map.")) == 2
    assert len(review("The [DATE] and [NAME] of TK")) == 3


def test_placeholders_are_looked_for_in_the_front_matter_too() -> None:
    title, summary = review("Text.", title="The [NAME] Forum resigns", summary="TK " * 15)[::-1]
    assert (title.check, summary.check) == (Check.PLACEHOLDER, Check.PLACEHOLDER)
    assert {title.place, summary.place} == {"a.md:2 title", "a.md:3 summary"}
    [bare] = review("Text.", title="The [NAME] Forum resigns", places=())
    assert bare.place == "a.md"
    assert review("Text.", title="See the attachment of the Forum") == ()


@pytest.mark.parametrize(
    ("size", "said"), [(LARGE_HTML_BYTES, False), (LARGE_HTML_BYTES + 1, True)]
)
def test_html_that_comes_near_the_limit_is_said(size: int, said: bool) -> None:
    one = statement("Text.")
    content = replace(PlainRenderer().render(one), html="x" * size)
    findings = review_text(one, content, AROUND)
    assert [finding.check for finding in findings] == [Check.NEAR_LIMIT] * said


def test_what_a_table_needs_is_said_in_pixels_with_where_it_stands() -> None:
    figures = "\n|1,240,500,000|1,240,500,000|1|2|" * 2
    [finding] = review(f"Text.\n\n|a|b|c|d|\n|-|-|-|-|{figures}")
    assert finding.line == 8
    assert "(284 pixels)" in finding.message
    assert "for a phone (280): there each row is shown as a list" in finding.message
    [nowhere] = review(f"|{'acknowledgement|' * 6}\n{'|-' * 6}|\n{'|1' * 6}|\n{'|2' * 6}|")
    assert "for an email (528): each row is shown as a list on any screen" in nowhere.message


def test_a_text_that_can_never_be_rendered_is_not_read() -> None:
    assert review("TK " * MAX_HTML_BYTES) == ()


def test_a_statement_that_uses_all_of_markdown_has_no_warning() -> None:
    findings = review_text(STATEMENT, None, AROUND)
    assert {finding.severity for finding in findings} <= {Severity.ADVICE}


def warnings_of(path: Path) -> set[Check]:
    """Return the warnings of a statement on the day of its date; it has no faults."""
    read = import_file(path.read_bytes(), today=TODAY, file=path.name)
    day = read.date or TODAY
    one = statement(read.body, title=read.title, date=read.date)
    findings = review_text(one, None, replace(AROUND, today=day, day=day))
    assert not faults_of_statement(one, read_markdown(one.body, one.language))
    return {finding.check for finding in findings if finding.severity is not Severity.ADVICE}


@rows("path", sorted(CORPUS.glob("*/[01]*"))[::3])
def test_a_sound_statement_of_any_layout_gives_no_false_alarm(path: Path) -> None:
    assert warnings_of(path) == set()


TRUE_ALARMS = {
    "12-riverside_ca-atment-and-education-programs-has-been-signed-law.txt": {Check.WEEKDAY},
}
"""There "Sunday, Oct. 9, 2023" was a Monday."""


@pytest.mark.faults(seconds=3)
def test_press_releases_that_went_out_give_no_false_alarm() -> None:
    for path in [*shared("corpus/text/*.txt"), *shared("corpus/markdown/*.md")]:
        assert warnings_of(path) == TRUE_ALARMS.get(path.name, set()), path.name


def test_the_same_is_said_of_the_same() -> None:
    body = "\n\n".join(body for body, _ in WARNED)
    assert review(body) == review(body)


def test_the_right_day_is_named_in_the_reader_s_language() -> None:
    [finding] = review("Am Montag, 24. November")
    catalogue = (ROOT / "templates/desk/words/de.po").read_text("utf-8")
    assert "ein Dienstag" in Language(code="de", catalogue=catalogue).say(finding.message)
