"""Rows of a table whose cells tabs part, as a copy out of a spreadsheet or a page has them."""

from collections.abc import Iterator, Sequence

from newsletter.sources.lines import Line
from newsletter.sources.paragraphs import escape_words

_LONGEST_CELL = 200


def table_rows(lines: Sequence[Line]) -> Iterator[tuple[int, Line]]:
    """Each line with the number of its table, from 1; with 0 if it is in none.

    A table is two or more lines below each other, without a blank line, of equally many cells.
    """
    number = 0
    for n, line in enumerate(lines):
        above = n > 0 and not line.gap and _alike(lines[n - 1], line)
        below = n + 1 < len(lines) and not lines[n + 1].gap and _alike(line, lines[n + 1])
        number += below and not above
        yield (number if above or below else 0), line


def tabbed_table(rows: Sequence[Line]) -> str:
    """Write rows as Markdown; the first becomes the head."""
    head, *others = [" | ".join(map(_cell, row.cells)) for row in rows]
    rule = " | ".join(["---"] * len(rows[0].cells))
    return "\n".join(f"| {row} |" for row in [head, rule, *others])


def _alike(one: Line, other: Line) -> bool:
    short = all(len(cell) <= _LONGEST_CELL for cell in [*one.cells, *other.cells])
    return len(one.cells) == len(other.cells) > 1 and short


def _cell(text: str) -> str:
    return escape_words(text).replace("|", "\\|")
