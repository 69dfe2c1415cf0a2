"""Markdown that a mail would leave out without a word is reported."""

import pytest

from tests.rows import rows
from tests.unit.rendering.examples import faults_of


def lists(depth: int) -> str:
    return "\n".join("  " * n + f"- item {n}" for n in range(depth))


@rows("body", [lists(10), "> " * 20 + "deep", "> - " * 6 + "deep"])
def test_what_lies_as_deep_as_people_write_passes(body: str) -> None:
    assert faults_of(body) == []


@pytest.mark.parametrize("body", ["First.\n\n" + "> " * 21 + "deep", "First.\n\n> " + "> - " * 8])
def test_what_lies_deeper_is_named_by_its_line(body: str) -> None:
    assert faults_of(body) == ["line 3 is deeper than 10 lists or 20 quotations: use fewer levels"]


def test_an_eleventh_list_is_too_deep() -> None:
    assert faults_of(lists(11))[0].startswith("line 11 is deeper than 10 lists")


def test_emphasis_in_emphasis_without_end_is_named_by_its_line() -> None:
    assert faults_of("First.\n\n" + "**a " * 30 + "b" + " a**" * 30) == [
        "the paragraph on line 3 of the body has more than 20 marks of emphasis inside of each "
        r"other: remove some, or write \* for a star"
    ]


def test_a_footnote_without_a_mark_is_named() -> None:
    assert faults_of("A word[^1].\n\n[^1]: Seen.\n\n[^law]: Unseen.") == [
        "no reader would see the footnote [^law], for nothing refers to it: write [^law] where it "
        "belongs, or remove it"
    ]


@rows("body", ["---", "> ", "[a]: https://forum.example", "```\n```"])
def test_a_body_without_a_word_is_told_of(body: str) -> None:
    assert faults_of(body) == [
        "no reader would see a word of its body: look whether all of it is marks of Markdown"
    ]


@rows("body", ["    code", "| a |\n|---|", "![A house](https://a.example/b.png)"])
def test_code_a_table_and_a_picture_are_something_to_see(body: str) -> None:
    assert faults_of(body) == []
