"""Tables where nobody looks: a line for each row, whatever it holds."""

import pytest

from newsletter.cli.shell import print_table


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


def test_wide_characters_and_accents_take_the_room_that_they_take(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_table(("a", "b"), [["日本", "x"], ["e\u0301e\u0301e\u0301e\u0301", "x"], ["four", "x"]])
    lines = capsys.readouterr().out.splitlines()
    assert lines[1:] == ["日本  x", "e\u0301e\u0301e\u0301e\u0301  x", "four  x"]


def test_a_table_without_rows_is_its_head(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("a", "b"), [])
    assert capsys.readouterr().out == "a  b\n"
