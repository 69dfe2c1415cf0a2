"""Quotation marks become what markdown-it makes of them, in time in proportion to the text."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from newsletter.rendering.markdown.markdown import read_markdown
from newsletter.rendering.markdown.quotes import typographic_quotes
from tests.costs import costs_less
from tests.properties import examples
from tests.rows import rows

_FRENCH = ["«\u00a0", "\u00a0»", "‹", "›"]
_PIECES = st.sampled_from(
    ['"', "'", "a", " ", "7", "-", ".", "*", "**", "`x`", "\n", "[", "](b)", "\\", "«", "\u00a0"]
)


def parser(quotes: list[str]) -> MarkdownIt:
    made = MarkdownIt("commonmark", {"typographer": True, "quotes": quotes})
    return made.enable("smartquotes")


@examples(40)
@given(st.lists(_PIECES, max_size=40).map("".join), st.sampled_from([_FRENCH, list("„“‚‘")]))
def test_the_marks_are_those_of_markdown_it(text: str, quotes: list[str]) -> None:
    ours = parser(quotes)
    ours.core.ruler.at("smartquotes", typographic_quotes)

    assert ours.render(text) == parser(quotes).render(text)


@pytest.mark.slow("reads 180 KB")
@rows("again", ["'", "\"a' ", "www.a.b \\* "])
def test_the_worst_text_takes_time_in_proportion_to_its_length(again: str) -> None:
    text = again * (60_000 // len(again))

    # the square of the length was 3 s, 9 s and more than 15 s
    assert costs_less(2, partial(read_markdown, text, "fr"))
