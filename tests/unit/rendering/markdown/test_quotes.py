"""Quotation marks become typographic ones, in time in proportion to the text."""

import pytest

from newsletter.rendering.markdown.markdown import read_markdown
from newsletter.rendering.markdown.tables import text_of
from tests.costs import grows_in_proportion
from tests.rows import rows


@pytest.mark.slow("reads 100 KB")
@rows("again", ["'", "\"a' ", "www.a.b \\* ", "'a \"\n\n"])
def test_the_worst_text_takes_time_in_proportion_to_its_length(again: str) -> None:
    def read(length: int) -> object:
        return read_markdown(again * (length // len(again)), "fr")

    assert grows_in_proportion(read, 30_000)


@rows(("times", "opening"), [(500, "‘a’"), (501, "'a'")])
def test_a_paragraph_of_more_marks_than_anybody_writes_keeps_them_straight(
    times: int, opening: str
) -> None:
    assert text_of(read_markdown("'a' " * times, "en")[1]).startswith(opening)
