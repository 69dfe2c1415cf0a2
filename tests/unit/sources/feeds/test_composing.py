"""The text made from an item: Markdown, and a sentence for each loss or guess."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from newsletter.domain.errors import InvalidInput
from newsletter.domain.statements.feed import ExtractedStatement, Item
from newsletter.sources.feeds.reading import compose
from newsletter.sources.feeds.syndication import absolute_url, language, plain
from tests.fakes import NOON
from tests.rows import rows

ITEM = Item(
    id="1",
    title="Forum wins",
    link="https://forum.example/wins",
    published=datetime(2026, 11, 24, 3, 0, tzinfo=UTC),
    content="<p>The Forum has <b>won</b>.</p>",
    summary="A win.",
    language="en",
    base="https://forum.example/wins",
)


def made(content: str = ITEM.content, **fields: object) -> ExtractedStatement:
    item = replace(ITEM, content=content, **fields)  # type: ignore[arg-type]
    return compose(item, zone="America/New_York", now=NOON)


def test_an_item_becomes_markdown_dated_in_the_zone_of_the_workspace() -> None:
    assert made() == ExtractedStatement(
        title="Forum wins",
        body="The Forum has **won**.",
        summary="A win.",
        date=date(2026, 11, 23),
        language="en",
        link="https://forum.example/wins",
    )


def test_relative_links_count_from_the_items_base_and_pictures_are_told_of() -> None:
    composed = made('<p>A <a href="../case">case</a>.</p><p><img src="a.png" alt="A photo"></p>')
    assert composed.body == "A [case](https://forum.example/case)."
    assert composed.notes == ("Left out: A photo (a picture: pictures are not imported).",)


def test_the_title_said_again_and_what_a_site_adds_around_its_texts_are_left_out() -> None:
    composed = made(
        "<h2>Forum Wins</h2><hr><p>The text.</p><div class='sharedaddy'>Share</div><hr>"
        "<p>The post <a href='x'>Forum wins</a> appeared first on <a href='y'>Forum</a>.</p>"
    )
    assert composed.body == "The text."
    assert "Left out: Share (links for sharing)." in composed.notes
    assert any("what the site adds below its texts" in note for note in composed.notes)


def test_what_a_site_adds_is_in_no_summary_and_the_end_of_a_text_is_no_mark() -> None:
    plug = "The post Forum wins appeared first on Forum."
    for summary, shown in (
        (f"The forum won its case on […] {plug}", "The forum won its case on…"),
        (f"The post office closed. {plug}", "The post office closed."),
        ("The post that nobody wanted.", "The post that nobody wanted."),
    ):
        assert made("<p>The text.</p><p>***</p>", summary=summary).summary == shown
    composed = made("<p>The text.</p><p>***</p><p><a href='https://x.example'>Unsubscribe</a></p>")
    assert composed.body == "The text."


def test_a_picture_written_into_the_text_makes_it_no_longer() -> None:
    picture = f'<img alt="A photo" src="data:image/png;base64,{"A" * 900_000}">'
    assert made(f"<p>Text.</p>{picture}").body == "Text."


def test_words_html_is_cleaned() -> None:
    composed = made(
        '<p class="MsoNormal" style="font-family:Calibri">Points:<o:p></o:p></p>'
        '<p class="MsoListParagraph" style="mso-list:l0 level1 lfo1">'
        '<span style="mso-list:Ignore">·   </span>One</p>'
        '<p class="MsoListParagraph" style="mso-list:l0 level1 lfo1">'
        '<span style="mso-list:Ignore">·   </span>Two</p>'
    )
    assert composed.body == "Points:\n\n- One\n- Two"


def test_scripts_and_their_links_do_not_come_along() -> None:
    composed = made("<p>Text <a href='javascript:x()'>here</a>.</p><script>alert(1)</script>")
    assert composed.body == "Text here."
    assert len(composed.notes) == 1


def test_plain_words_keep_their_paragraphs_and_mean_no_markdown() -> None:
    composed = made("1 * 2 < 3\r\n# and so\r\n \r\nNext.\n\n\n", markup=False)
    assert composed.body == "1 \\* 2 \\< 3\\\n\\# and so\n\nNext."


def test_a_summary_alone_is_said_to_be_one() -> None:
    assert made(is_full=False).notes[0].startswith("Only a summary is in the feed")


def test_a_date_to_come_is_left_out_and_said() -> None:
    composed = made(published=NOON + timedelta(days=400))
    assert composed.date is None
    assert composed.notes == ("It is dated in the future (2027-12-29); the date is left out.",)
    assert made(published=None).date is None
    assert made(published=None).notes == ()


def test_a_long_summary_is_cut_between_words() -> None:
    summary = made(summary="word " * 100).summary
    assert len(summary) <= 251
    assert summary.endswith("word…")


@rows(
    ("content", "fields", "message"),
    [
        ("<p>x</p>", {"title": ""}, "has no title"),
        ("", {}, "has no text"),
        ("<p> </p>", {}, "has no text"),
        ("<!-- -->", {}, "has no text"),
        ("<img src=a.png>", {}, "has no text"),
        ("x" * 500_001, {}, "is longer than 500,000 characters"),
        ("<div>" * 400 + "x", {}, "nested more than 150 deep"),
        (" \n ", {"markup": False}, "has no text"),
    ],
)
def test_what_is_no_statement_is_refused_with_the_reason(
    content: str, fields: dict[str, object], message: str
) -> None:
    with pytest.raises(InvalidInput, match=message):
        made(content, **fields)


@rows(
    ("written", "meant"),
    [
        ("A &amp;amp; B", "A & B"),
        ("<b>F</b>orum, and <i>more</i>!", "Forum, and more!"),
        ("<p>A</p><P>B</P>c<br/>d", "A B c d"),
        ("<!-->", ""),
        ("<!DOCTYPE x>", ""),
        ("<html><body>x</body></html>", "x"),
        ("<![CDATA[x]]>", ""),
        ("a\n\t b", "a b"),
        ("a < b", "a < b"),
        ("<!-- -->", ""),
        ("x\x00\x1fy", "xy"),
    ],
)
def test_words_are_plain_on_one_line(written: str, meant: str) -> None:
    assert plain(plain(written)) == meant


@rows(
    ("written", "meant"),
    [
        ("en-us", "en-US"),
        ("ZH_hant_tw", "zh-Hant-TW"),
        ("de-1996", "de-1996"),
        ("", ""),
        ("english!", ""),
    ],
)
def test_languages_are_written_in_their_usual_letters(written: str, meant: str) -> None:
    assert language(written) == meant


def test_only_web_addresses_are_addresses() -> None:
    assert absolute_url("https://a.example/b/", "c") == "https://a.example/b/c"
    for text in ("", "mailto:a@b.example", "https://[broken"):
        assert absolute_url("https://a.example", text) == ""
