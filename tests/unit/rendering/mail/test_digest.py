"""A digest email as readers get it: each title leads to its page, in both parts."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from newsletter.domain.campaigns.digest import compose_issue, escape_markdown
from newsletter.domain.statements.brand import Brand
from newsletter.domain.statements.content import Content
from newsletter.domain.statements.statement import Statement
from newsletter.domain.themes import Theme
from newsletter.rendering.checks.guards import Page
from newsletter.rendering.mail.details import Abstracts
from newsletter.rendering.mail.excerpts import excerpt
from newsletter.rendering.markdown.markdown import read_markdown
from newsletter.rendering.markdown.plaintext import to_text
from tests.rows import rows
from tests.unit.domain.campaigns.test_digest import WEEKLY as USUAL
from tests.unit.rendering.checks.test_checklist import Elements
from tests.unit.rendering.examples import (
    HOUSE,
    STATEMENT,
    WORDINGS,
    arabic,
    renderer_with,
    statement,
)

WEEKLY = replace(USUAL, intro="What we said this week, in *three* minutes.")
FRIDAY = date(2011, 9, 23)
TITLED = "Is 5 < 6? *Yes* [and] <b>no</b> & R_D"
PARTS = (STATEMENT, statement("Nothing but this.", slug="second", title=TITLED, summary=""))
ABSTRACTS = Abstracts(HOUSE, WORDINGS)


def issue(*parts: Statement, **changes: object) -> Statement:
    settings = replace(WEEKLY, **changes)  # type: ignore[arg-type] # one place for all tests
    abstracts = [ABSTRACTS.of(one, FRIDAY, settings.language) for one in parts]
    dated = ABSTRACTS.dated(FRIDAY, settings.language)
    return compose_issue(settings, FRIDAY, abstracts, dated=dated)


def rendered(made: Statement, override: Path | None = None) -> Content:
    return renderer_with(override).render(made)


@pytest.fixture(scope="module")
def content() -> Content:
    return rendered(issue(*PARTS))


def test_each_title_leads_to_the_page_of_its_statement_in_both_parts(content: Content) -> None:
    for part in PARTS:
        address = f"https://news.forum.example/archive/{part.slug}"
        assert address in Page(content.html).hrefs
        assert address in content.text.split()
        assert part.title in Page(content.html).text
        assert " ".join(part.title.split()) in " ".join(content.text.split())


def test_its_titles_are_headings_below_its_own(content: Content) -> None:
    elements = Elements(content.html)
    headings = [tag for tag, _ in elements.found if tag in {"h1", "h2", "h3", "h4"}]
    assert headings == ["h1", "h2", "h2"]
    assert elements.mistakes == []


def test_it_says_of_each_its_date_and_its_summary_or_first_sentence(content: Content) -> None:
    for words in (
        "21 September 2011 · The Forum leaves because the final report does not mend",
        "21 September 2011 · Nothing but this.",
        "What we said this week, in three minutes.",
        "23 September 2011",
    ):
        assert words in Page(content.html).text


def test_an_inbox_shows_the_titles_behind_the_subject(content: Content) -> None:
    assert content.subject == "The week at Example Forum"
    hidden = content.html.index("display:none")
    assert content.html.index(PARTS[0].title, hidden) < content.html.index("<h1", hidden)


def test_it_goes_to_its_own_lists_and_says_so(content: Content) -> None:
    assert content.lists == ("supporters",)
    assert "you’re on Example Forum’s supporters list." in Page(content.html).text


def test_a_briefing_of_four_or_more_lists_its_titles_first() -> None:
    def listed(number: int, theme: Theme) -> str:
        parts = [statement("Text.", slug=f"s{no}", title=f"On {no} & all") for no in range(number)]
        publisher = replace(HOUSE, brand=Brand(theme=theme))
        made = renderer_with(None, publisher).render(issue(*parts))
        assert "On 3 &amp; all" in made.html or number == 3
        assert excerpt(made.html).page.count("On 0 &amp; all") == 1
        _, begin, after = made.html.partition('<div class="contents"')
        return begin and after.partition("</div>")[0]

    assert listed(4, Theme.BRIEFING).count('role="listitem"') == 4
    assert ">On 3 &amp; all</a>" in listed(4, Theme.BRIEFING)
    for number, theme in ((3, Theme.BRIEFING), (21, Theme.BRIEFING), (4, Theme.STATEMENT)):
        assert listed(number, theme) == ""


def test_rendering_it_twice_gives_the_same(content: Content) -> None:
    assert rendered(issue(*PARTS)).content_hash() == content.content_hash()


def test_a_round_up_of_as_many_as_one_holds_is_not_cut_off_by_gmail() -> None:
    long = "The Forum says at some length what it thinks of the matter at hand, " * 3
    parts = [
        statement("Text.", slug=f"a-statement-with-a-rather-long-name-{number}", summary=long)
        for number in range(50)
    ]
    assert len(rendered(issue(*parts)).html.encode()) < 102_000


def test_a_statement_without_a_date_has_that_of_the_day_it_went_out() -> None:
    undated = statement("Text.", date=None)
    assert ABSTRACTS.of(undated, FRIDAY, "en").dated == "23 September 2011"
    assert ABSTRACTS.of(undated, FRIDAY, "es").dated == ABSTRACTS.dated(FRIDAY, "es")


@rows(
    ("body", "opening"),
    [
        (
            "# Head\n\nOne sentence that is long enough to stand alone here. Two.",
            "One sentence that",
        ),
        ("", ""),
        ("Word " * 100, "Word Word"),
    ],
)
def test_the_opening_is_whole_sentences_of_the_first_paragraph(body: str, opening: str) -> None:
    said = ABSTRACTS.of(statement(body, summary=""), FRIDAY, "en").opening
    assert said.startswith(opening)
    assert len(said) <= 300
    assert "Two" not in said
    assert said[-1:] in {"", ".", "…"}


def test_a_summary_is_never_cut_and_has_no_line_breaks() -> None:
    summary = "A long summary.\n" * 40
    said = ABSTRACTS.of(statement("Text.", summary=summary), FRIDAY, "en").opening
    assert said == " ".join(summary.split())


def test_a_round_up_from_right_to_left_is_whole() -> None:
    made = rendered(issue(arabic(), title="أسبوع المنتدى", language="ar", intro=""))
    assert Elements(made.html).of("html")[0]["dir"] == "rtl"
    assert arabic().title in Page(made.html).text


def test_a_workspace_may_change_the_template_of_round_ups_alone(tmp_path: Path) -> None:
    own = '{% extends "default/digest.html.j2" %}{% block reason %}Our week.{% endblock %}'
    (tmp_path / "digest.html.j2").write_text(own)
    assert "Our week." in rendered(issue(*PARTS), tmp_path).html
    assert "Our week." not in rendered(STATEMENT, tmp_path).html


@rows(
    "text",
    [
        "1. First things first",
        "2) Second",
        "12",
        "- a dash",
        "+1 202 555 0100",
        "# not a heading #",
        "> not a quotation",
        "=====",
        "*not* _slanted_ ~~struck~~ `code`",
        "[remedy](https://evil.example) ![x](y) [^1] [[a]]",
        "<b>bold</b> <https://x.example> &amp; &copy; R&D",
        "a \\ backslash \\* and a trailing one \\",
        "| a | b |",
        "    indented\n\nand of two blocks",
        "***",
        "a_b_c 1*2*3 5 < 6",
    ],
)
def test_plain_text_reads_in_a_mail_as_it_was(text: str) -> None:
    one_line = " ".join(text.split())
    for before, after in (("", ""), ("## [", "](https://x.example)")):
        markdown = f"{before}{escape_markdown(text)}{after}"
        shown = to_text(read_markdown(markdown, "en"))
        assert " ".join(shown.text.split("\n---")[0].split()).removesuffix(" [1]") == one_line
        assert list(shown.links) == ["https://x.example"] * bool(before)
