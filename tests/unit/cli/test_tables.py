"""Tables: each row is one line, of which nothing is cut."""

import pytest

from newsletter.cli.shell import print_table
from newsletter.domain.statements.content import short_hash

SLUG = "a-very-long-slug-that-no-table-of-eighty-columns-has-room-for-beside-its-title"
TITLE = "A title of many words that has to go on in the next line, and the next, of its own column"
ROWS = [[SLUG, TITLE, None, "waits for approval"], ["short", "Short", "", "approved"]]
COLUMNS = ["slug", "title", "translation_of", "approval"]


def test_nothing_is_cut_and_what_stands_nowhere_has_no_column(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_table(COLUMNS, ROWS)
    header, first, second = capsys.readouterr().out.splitlines()
    assert SLUG in first
    assert TITLE in first
    assert second.split() == ["short", "Short", "approved"]
    assert "translation_of" not in header, "nothing stands there"


def test_each_row_is_one_line_and_cells_stand_below_each_other(
    capsys: pytest.CaptureFixture[str],
) -> None:
    long = "a title that is far wider than any terminal " * 9
    print_table(("slug", "title", "at"), [["one", long, None], ["a-longer-slug", "two\nlines", 7]])
    head, first, second = capsys.readouterr().out.splitlines()
    assert head.split() == ["slug", "title", "at"]
    assert first == f"one            {long}".rstrip()
    assert second.index("two lines") == first.index("a title") == head.index("title")
    assert second.endswith("7")


def test_no_cell_gives_orders_to_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("subject",), [["people.csv\x1b[2K\r\x9b1A"]])
    assert capsys.readouterr().out.splitlines()[1:] == [r"people.csv\x1b[2K\r\x9b1A"]


def test_wide_characters_and_accents_take_the_room_that_they_take(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_table(("a", "b"), [["日本", "x"], ["e\u0301e\u0301e\u0301e\u0301", "x"], ["four", "x"]])
    lines = capsys.readouterr().out.splitlines()
    assert lines[1:] == ["日本  x", "e\u0301e\u0301e\u0301e\u0301  x", "four  x"]


def test_a_table_without_rows_still_says_what_it_would_hold(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_table(COLUMNS, [])
    assert capsys.readouterr().out.split() == COLUMNS


def test_a_hash_is_short_enough_to_read_out() -> None:
    assert short_hash("4fb02501" + "0" * 56) == "4fb0 2501"
    assert short_hash("") == ""


def test_values_are_told_in_words_and_not_in_pythons(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["slug", "lists", "on", "at"], [["a", ["x", "y"], True, None], ["b", (), False, 1]])
    said = capsys.readouterr().out
    assert "x, y" in said
    assert not any(word in said for word in ("None", "True", "[", "("))
