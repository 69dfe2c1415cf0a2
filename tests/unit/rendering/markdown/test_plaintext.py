"""The text part: what each thing in Markdown looks like in 72 columns."""

import pytest

from newsletter.rendering.markdown.markdown import read_markdown
from newsletter.rendering.markdown.plaintext import count_columns, to_text, underline, wrap
from tests.rows import rows


def text(body: str) -> str:
    return to_text(read_markdown(body, "en")).text


SHOWN = {
    "a line break": ("1 Example Street\\\nWashington\nDC", "1 Example Street\nWashington DC"),
    "headings": ("# Ask\n\n## More\n\nx", "Ask\n---\n\nMore\n~~~~\n\nx"),
    "emphasis": ("*a* **b** ~~c~~ `d`", "_a_ *b* ~~c~~ d"),
    "a picture": ('![A chair](https://a.example/b.jpg "Empty.")\n\nx', "[A chair]\n\nEmpty.\n\nx"),
    "decoration": ("a ![](https://a.example/b#3x2,decoration)\n\nx", "a\n\nx"),
    "numbers keep their start": ("9. a\n10. b", " 9. a\n10. b"),
    "a loose list": ("- a\n\n- b\n\n  c", "- a\n\n- b\n\n  c"),
    "an empty item": ("- a\n-\n- b", "- a\n-\n- b"),
    "quotations": ("> a\n>\n> > b\n>\n> - c", "> a\n>\n> > b\n>\n> - c"),
    "a rule": ("a\n\n---\n\nb", "a\n\n* * *\n\nb"),
    "a footnote that ends with a list": (
        "One[^a].\n\n[^a]:\n    - b\n    - c",
        "One (1).\n\n(1) - b\n    - c",
    ),
    "a table without rows": ("|a|b|\n|-|-|", "a  b\n-  -"),
    "invisible characters, but joiners stay": (
        "a\u200bb\u00adc\ufeffd \u0645\u06cc\u200c\u062e",
        "abcd \u0645\u06cc\u200c\u062e",
    ),
}
"""Thing → its Markdown and its plain text."""


@rows("what", SHOWN)
def test_each_thing_looks_like_this(what: str) -> None:
    markdown, plain = SHOWN[what]
    assert text(markdown) == plain


def test_paragraphs_are_folded_at_72_columns() -> None:
    lines = text("word " * 60 + "\n\nnext").split("\n")
    assert lines[0] == " ".join(["word"] * 14)
    assert lines[-2:] == ["", "next"]


def test_links_are_numbered_in_reading_order_and_once() -> None:
    body = to_text(
        read_markdown("[a](https://a.example) [b](https://b.example) [c](https://a.example)", "en")
    )
    assert body.text == "a [1] b [2] c [1]"
    assert body.links == ("https://a.example", "https://b.example")


def test_an_address_that_is_its_own_text_needs_no_number() -> None:
    body = to_text(read_markdown("<https://a.example/b> <press@a.example>", "en"))
    assert body.text == "https://a.example/b press@a.example"
    assert body.links == ()


def test_an_address_is_never_broken() -> None:
    url = "https://a.example/" + "very-long/" * 12
    assert url in text(f"Read all of this at length and with patience: <{url}> now").split("\n")


def test_a_linked_image_keeps_its_link() -> None:
    body = to_text(read_markdown("[![A chair](https://a.example/b.jpg)](https://a.example)", "en"))
    assert body.text == "[A chair] [1]"


def test_lists_hang_and_nest() -> None:
    long = "word " * 20
    assert text(f"Intro:\n\n- {long}\n- two\n  1. a\n  2. b\n\nend").split("\n") == [
        "Intro:",
        "",
        "- " + " ".join(["word"] * 14),
        "  " + " ".join(["word"] * 6),
        "- two",
        "  1. a",
        "  2. b",
        "",
        "end",
    ]


def test_code_is_indented_and_not_folded() -> None:
    long = "x " * 50 + "x"
    assert text(f"```\n{long}\n\n  y\n```") == f"    {long}\n\n      y"


def test_footnotes_stand_at_the_end_with_their_numbers() -> None:
    note = "word " * 16
    assert text(f"One[^a], two[^b].\n\n[^a]: {note}\n[^b]: Second.").split("\n") == [
        "One (1), two (2).",
        "",
        "(1) " + " ".join(["word"] * 13),
        "    " + " ".join(["word"] * 3),
        "(2) Second.",
    ]


def test_tables_are_aligned() -> None:
    assert text("|County|n|Share|\n|-|-:|:-:|\n|Adams|1,204|6|\n|東京|3|12 %|").split("\n") == [
        "County      n  Share",
        "------  -----  -----",
        "Adams   1,204    6",
        "東京        3  12 %",
    ]


def test_bold_figures_stand_below_the_others() -> None:
    shown = text("|Ward|n|\n|-|-:|\n|**All**|**9**|\n|*Old*|8|").split("\n")
    assert shown == ["Ward   n", "-----  -", "All    9", "_Old_  8"]


def test_a_table_too_wide_becomes_a_paragraph_a_row() -> None:
    wide = "word " * 14
    shown = text(f"|Name||Said|\n|-|-|-|\n|Ana|x|{wide}|\n|Ben||{wide}|\n||y||").split("\n")
    assert shown[5:7] == ["Name: Ben", "Said: " + " ".join(["word"] * 13)]
    assert shown[-2:] == ["", "y"]
    assert shown[:3] == ["Name: Ana", "x", "Said: " + " ".join(["word"] * 13)]
    assert shown[3:5] == ["  word", ""]
    assert all(count_columns(line) <= 72 for line in shown)


def test_wide_characters_count_two_and_may_break_anywhere() -> None:
    lines = wrap("東" * 50)
    assert lines == ["東" * 36, "東" * 14]
    assert count_columns("e\u0301東") == 3


def test_a_full_stop_never_begins_a_line_of_wide_characters() -> None:
    assert wrap("東" * 35 + "京。北")[1].startswith("京。")


def test_prefixes_count_within_the_width() -> None:
    assert wrap("aaa bbb ccc", 9, indent="  ") == ["aaa bbb", "  ccc"]


def test_a_word_longer_than_the_line_stands_alone_and_whole() -> None:
    assert wrap("a " + "x" * 80 + " b") == ["a", "x" * 80, "b"]


@pytest.mark.parametrize("empty", ["", "   "])
def test_nothing_is_one_empty_line(empty: str) -> None:
    assert wrap(empty) == [""]


def test_a_long_heading_is_underlined_below_its_last_line() -> None:
    lines = underline("word " * 20, "=").split("\n")
    assert lines[-1] == "=" * 69
    assert len(lines) == 3
