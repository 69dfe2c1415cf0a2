"""Differences between two texts or mails, and how two texts become one."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from newsletter.domain.statements.comparison import (
    Difference,
    compare_contents,
    compare_drafts,
    merge_texts,
)
from newsletter.domain.statements.draft import DraftText
from tests.contracts.books import content
from tests.rows import rows

TEXT = DraftText(title="Library hours", body="It opens at 9.\n\nIt is free.", lists=("press",))


def test_a_text_does_not_differ_from_itself() -> None:
    assert compare_drafts(TEXT, TEXT) == ()


def test_fields_and_paragraphs_that_differ_are_told_one_by_one() -> None:
    other = replace(
        TEXT,
        title="Opening hours",
        lists=("press", "events"),
        urgent=True,
        body="It opens at 8.\n\nIt is free.\n\nCome in.",
    )
    assert compare_drafts(TEXT, other) == (
        Difference(what="title", before="Library hours", after="Opening hours"),
        Difference(what="lists", before="press", after="press, events"),
        Difference(what="urgent", before="no", after="yes"),
        Difference(what="body", before="It opens at 9.", after="It opens at 8."),
        Difference(what="body", before="", after="Come in."),
    )


def test_blank_lines_alone_are_no_difference() -> None:
    assert compare_drafts(TEXT, replace(TEXT, body="It opens at 9.\n\n \nIt is free.\n")) == ()


def test_two_texts_become_one_that_holds_what_differs_twice() -> None:
    mine = replace(TEXT, summary="In short", body="It opens at 8.\n\nIt is free.")
    joined = merge_texts(TEXT, mine)
    assert joined.body == "It opens at 9.\n\nIt opens at 8.\n\nIt is free."
    assert (joined.title, joined.summary) == (TEXT.title, "In short")


PARAGRAPHS = st.lists(st.sampled_from(["a", "b", "c d", "e\nf"]), max_size=6).map("\n\n".join)


@given(PARAGRAPHS, PARAGRAPHS)
def test_no_paragraph_of_either_text_is_lost_in_both(one: str, other: str) -> None:
    joined = merge_texts(DraftText(body=one), DraftText(body=other)).body.split("\n\n")
    for text in (one, other):
        for paragraph in filter(None, text.split("\n\n")):
            assert joined.count(paragraph) >= text.split("\n\n").count(paragraph)


def test_what_reads_alike_does_not_differ() -> None:
    before = content()
    assert (
        compare_contents(before, replace(before, html="<p>Other</p>", template_version="2")) == ()
    )


def test_each_field_and_each_place_in_the_text_is_told_once() -> None:
    before = replace(content(), text="One.\nTwo.\nThree.\nFour.")
    sender = replace(before.sender, reply_to="press@forum.example")
    text = "One.\n2.\nThree.\nFour.\nFive."
    after = replace(before, subject="Other", sender=sender, corrects="first", text=text)
    assert compare_contents(before, after) == (
        Difference(what="subject", before="Forum resigns", after="Other"),
        Difference(what="reply address", before="", after="press@forum.example"),
        Difference(what="corrects", before="", after="first"),
        Difference(what="text", before="Two.", after="2."),
        Difference(what="text", before="", after="Five."),
    )


def test_a_picture_and_the_text_in_inboxes_are_told_where_no_word_differs() -> None:
    html = '<div style="display:none;mso-hide:all">We &amp; you{}</div><img alt="" src="{}">'
    before = replace(content(), html=html.format("\xa0\u200c" * 9, "https://a.example/1?a&amp;b"))
    after = replace(before, html=html.format(" too\xa0\u200c", "https://a.example/2"))
    assert compare_contents(before, after) == (
        Difference(what="preview text", before="We & you", after="We & you too"),
        Difference(what="pictures", before="https://a.example/1?a&b", after="https://a.example/2"),
    )


@rows(
    ["before", "after", "runs"],
    [
        (
            "We close five libraries at 5.",
            "We close five branch libraries at four.",
            [
                ("same", "We close five "),
                ("in", "branch "),
                ("same", "libraries at "),
                ("out", "5."),
                ("in", "four."),
            ],
        ),
        (
            "It is nine.",
            "Nobody comes here.",
            [("out", "It is nine."), ("in", "Nobody comes here.")],
        ),
        ("", "New.", [("in", "New.")]),
        ("word " * 2_001, "word", [("out", ("word " * 2_001).strip()), ("in", "word")]),
    ],
)
def test_a_difference_is_told_word_by_word_where_most_of_it_stays(
    before: str, after: str, runs: list[tuple[str, str]]
) -> None:
    assert Difference(what="text", before=before, after=after).runs == runs
