"""Quotation marks become typographic ones, in time in proportion to the text."""

from functools import partial

import pytest

from newsletter.rendering.markdown.markdown import read_markdown
from newsletter.rendering.markdown.tables import text_of
from tests.costs import costs_less
from tests.rows import rows


@pytest.mark.slow("reads 180 KB")
@rows("again", ["'", "\"a' ", "www.a.b \\* ", "'a \"\n\n"])
def test_the_worst_text_takes_time_in_proportion_to_its_length(again: str) -> None:
    text = again * (60_000 // len(again))

    # 0.8 s at most; the square of the length was 3 s, 9 s and more than 15 s, all without coverage
    assert costs_less(4, partial(read_markdown, text, "fr"))


@rows(("times", "opening"), [(500, "‘a’"), (501, "'a'")])
def test_a_paragraph_of_more_marks_than_anybody_writes_keeps_them_straight(
    times: int, opening: str
) -> None:
    assert text_of(read_markdown("'a' " * times, "en")[1]).startswith(opening)
