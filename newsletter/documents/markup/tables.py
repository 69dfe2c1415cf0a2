"""Tables of a page: those that hold figures, and those that only lay the page out."""

from collections.abc import Sequence
from typing import Any

from newsletter.documents.markup.inlines import tag_of
from newsletter.documents.release.dates import date_line
from newsletter.documents.release.furniture import is_contact, release_line
from newsletter.documents.release.pieces import Piece

Element = Any
Rows = Sequence[Sequence[Element]]
Cells = Sequence[Sequence[Sequence[Piece]]]

_LONGEST_CELL = 400
_WIDEST = 40


def rows_of(element: Element) -> list[list[Element]]:
    """The cells of a table, row by row, without those of tables inside it."""
    rows = []
    for child in element:
        if tag_of(child) == "tr":
            rows.append([cell for cell in child if tag_of(cell) in {"td", "th"}])
        elif tag_of(child) in {"thead", "tbody", "tfoot"}:
            rows += rows_of(child)
    return [row for row in rows if row]


def has_stray_words(element: Element) -> bool:
    """Whether a table holds words outside of its cells, as broken pages do."""
    parts = [element, *element.iter("thead", "tbody", "tfoot", "tr")]
    words = [element.text, *(one.text for one in parts), *(c.tail for one in parts for c in one)]
    known = {"thead", "tbody", "tfoot", "tr", "td", "th", "caption", "colgroup", "col", ""}
    odd = any(tag_of(child) not in known for one in parts for child in one)
    return odd or any(word and word.strip() for word in words)


def layout(rows: Rows, cells: Cells) -> bool:
    """Whether a table holds running text: its cells are then read one after the other."""
    filled = [[cell for cell in row if cell] for row in cells]
    if sum(bool(row) for row in filled) < 2 or max(map(len, filled), default=0) < 2:
        return True
    parts = [piece for row in cells for cell in row for piece in cell]
    texts = [" ".join(piece.text for piece in cell) for row in cells for cell in row]
    written = any("\n" in one.markdown or one.level for one in parts)
    long = any(len(text) > _LONGEST_CELL for text in texts)
    head = [text for text in texts[: len(rows[0]) * 2] if len(rows) <= 3]
    return written or long or max(map(len, rows)) > _WIDEST or any(map(_is_letterhead, head))


def _is_letterhead(text: str) -> bool:
    return bool(release_line(text) is not None or is_contact(text) or date_line(text))


def table(rows: Rows, cells: Cells, line: int) -> list[Piece]:
    """Write a table as Markdown; its first row becomes the head."""
    hanging: dict[int, int] = {}
    grid = [_spread(row, of_row, hanging) for row, of_row in zip(rows, cells, strict=True)]
    grid = [row for row in grid if any(row)]
    width = max(map(len, grid))
    lines = ["| " + " | ".join([*row, *[""] * (width - len(row))]) + " |" for row in grid]
    text = " ".join(piece.text for row in cells for cell in row for piece in cell)
    lines.insert(1, "|" + " --- |" * width)
    return [Piece(number=line, text=text, markdown="\n".join(lines))]


def _spread(
    row: Sequence[Element], cells: Sequence[Sequence[Piece]], hanging: dict[int, int]
) -> list[str]:
    """The texts of a row, column by column.

    ``hanging`` holds how many rows below the last one a cell above reaches down to, by column.
    """
    out: list[str] = []
    for element, pieces in zip(row, cells, strict=True):
        _skip_hanging(out, hanging)
        text = " ".join(piece.markdown for piece in pieces).replace("|", "\\|")
        for n in range(_span(element, "colspan")):
            hanging[len(out)] = _span(element, "rowspan") - 1
            out.append("" if n else text)
    _skip_hanging(out, hanging)
    return out


def _skip_hanging(out: list[str], hanging: dict[int, int]) -> None:
    while hanging.get(len(out), 0) > 0:
        hanging[len(out)] -= 1
        out.append("")


def _span(element: Element, direction: str) -> int:
    span = element.get(direction, "1")
    return max(1, min(int(span), _WIDEST)) if span.isdecimal() and len(span) < 5 else 1
