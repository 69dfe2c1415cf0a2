"""Fit tables into a mail: measure them, and write each row of a wide one as a record.

A figure is never broken. A table that is too wide for telephones becomes records on telephones. A
table that is too wide for the sheet becomes records everywhere.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from itertools import pairwise

from markdown_it.token import Token

_NARROW_LETTERS = frozenset("iljtfrI.,:;'’‘|!()[]/ \u00a0\u202f")
_BROAD_LETTERS = frozenset("mwMW@%—…&")


@lru_cache(maxsize=4096)
def em_width(word: str) -> float:
    """Return the width of a word in em, at least as wide as it is shown.

    The widths are Verdana's, rounded up. Other fonts are narrower.
    """
    return sum(map(_letter_width, word))


def _letter_width(character: str) -> float:
    if unicodedata.combining(character) or unicodedata.category(character) == "Cf":
        return 0.0
    if character in _NARROW_LETTERS:
        return 0.45
    if character in _BROAD_LETTERS or unicodedata.east_asian_width(character) in {"W", "F"}:
        return 1.05
    if character.isupper():
        return 0.74
    return 0.64


SHEET_WIDTH = 528
"""Pixels between the paddings of the sheet."""
PHONE_WIDTH = 280
"""Pixels between the paddings on the narrowest telephone, of 320 pixels."""
_BARE_WIDTH = 240
"""Pixels that a table may ask for, if a program removes the styles, on that telephone."""

_CELL_FONT_SIZE, _HEAD_FONT_SIZE, _CELL_PADDING = 15, 15.5, 8
"""Pixels: the font size of cells, that of bold heads, and the space between columns."""
_WIDER_PADDING = 4
"""Pixels that a table for desktops adds to the space between columns."""
_PROSE = 88
"""Width in pixels at which a line of a cell holds several words."""
_PICTURE = 60

_FIGURE_PATTERN = re.compile(
    r"[^\w\s]{0,3}[ \u00a0]?\d[\d.,:'’/–-]*(?:[ \u00a0]?(?:[^\w\s]{1,2}|[^\W\d_]{1,8}\.?))?"
)
_LETTER_PATTERN = re.compile(r"[^\W\d_]")
_BOLD_PATTERN = re.compile(r"\*\*[^*]+\*\*")
_SOURCE_PATTERN = re.compile(
    r"[*_]?(?:sources?|quellen?|fuentes?|fontes?|المصدر|المصادر)[ \u00a0\u202f]?:", re.IGNORECASE
)
_LINE_BREAK_PATTERN = re.compile(r"–(?=\d)|(?<=\d)-(?=\d)")


SIDES = ("left", "center", "right")


class Fits(Enum):
    EVERYWHERE = "everywhere"
    """On a telephone too."""
    ON_DESKTOPS = "on desks"
    """On a telephone each row becomes a record: a list of its cells."""
    NOWHERE = "nowhere"
    """Too wide for any screen: each row is always a record."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A cell: the index of its text among the tokens, its text, and whether it has pictures."""

    at: int
    text: str
    pictures: bool


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table: the indexes of its first and last token, and its rows, the head first."""

    first: int
    last: int
    rows: tuple[tuple[Cell, ...], ...]

    @property
    def width_needed(self) -> int:
        """Return the least width in pixels at which no figure or word is broken."""
        return round(sum(map(_min_width, zip(*self.rows, strict=True))))

    @property
    def fits(self) -> Fits:
        if self.width_needed <= PHONE_WIDTH:
            return Fits.EVERYWHERE
        room = SHEET_WIDTH - _WIDER_PADDING * len(self.rows[0])
        return Fits.ON_DESKTOPS if self.width_needed <= room else Fits.NOWHERE


def tables_in(tokens: Sequence[Token]) -> Iterator[Table]:
    first = 0
    rows: list[list[Cell]] = []
    for at, (token, following) in enumerate(pairwise([*tokens, Token("", "", 0)])):
        if token.type == "table_open":
            first, rows = at, []
        elif token.type == "tr_open":
            rows.append([])
        elif token.type in {"th_open", "td_open"}:
            pictures = any(child.type == "image" for child in following.children or ())
            rows[-1].append(Cell(at=at + 1, text=text_of(following), pictures=pictures))
        elif token.type == "table_close":
            yield Table(first=first, last=at, rows=tuple(map(tuple, rows)))


def fit_tables(tokens: Sequence[Token], *, is_rtl: bool = False) -> None:
    """Turn alignment into classes, keep figures whole, and set ``fits`` in each table's ``meta``.

    In ``is_rtl`` text (from right to left), figures keep their own direction.
    """
    number = 0
    for token in tokens:
        if token.type in {"th_open", "td_open"}:
            _align_cell(token, is_rtl=is_rtl)
        number = 0 if token.type == "tbody_open" else number + (token.type == "tr_open")
        if token.type == "tr_open" and number % 2 == 0:
            token.attrSet("class", "even")
    for table in tables_in(tokens):
        for cell in (cell for row in table.rows for cell in row):
            _keep_whole(tokens, cell, is_rtl=is_rtl)
        for row in table.rows:
            # the token before a cell's text is the one that opens it
            tokens[row[-1].at - 1].attrJoin("class", "last")  # it ends at the edge of the sheet
        tokens[table.first].meta["fits"] = table.fits


def text_of(token: Token, *, greeting_prefix: str = "") -> str:
    """Return a line's visible text, without marks.

    ``greeting_prefix`` is put before the word for readers without a name.
    """
    texts = (
        " "
        if child.type in {"softbreak", "hardbreak"}
        else greeting_prefix * (child.type == "greeting") + child.content
        for child in token.children or ()
        if child.type in {"text", "code_inline", "softbreak", "hardbreak", "greeting"}
    )
    return "".join(texts).strip()


def paragraph_of(children: list[Token], kind: str = "", source: Token | None = None) -> list[Token]:
    """Return a new paragraph of class ``kind``, with the Markdown and the lines of ``source``."""
    attributes: dict[str, str | int | float] = {"class": kind} if kind else {}
    content = source.content if source else "".join(child.content for child in children)
    where = source.map if source else None
    return [
        Token("paragraph_open", "p", 1, attrs=attributes, block=True, map=where),
        Token("inline", "", 0, content=content, children=children, block=True, map=where),
        Token("paragraph_close", "p", -1, block=True),
    ]


def bold_tokens(children: Sequence[Token]) -> list[Token]:
    return [Token("strong_open", "strong", 1), *children, Token("strong_close", "strong", -1)]


def _min_width(column: Sequence[Cell]) -> float:
    head, *cells = column
    widths = [max(map(em_width, _unbreakable_parts(head.text)), default=0) * _HEAD_FONT_SIZE]
    for cell in cells:
        longest = max(map(em_width, _unbreakable_parts(cell.text)), default=0) * _CELL_FONT_SIZE
        # a short text wants its own width, a long one that of a few words
        width = min(em_width(cell.text) * _CELL_FONT_SIZE, _PROSE)
        widths += [longest, width, _PICTURE * cell.pictures]
    return max(widths) + _CELL_PADDING


def _unbreakable_parts(text: str) -> list[str]:
    """Return the parts of a text that must not break: a figure with its unit, or each word."""
    if _FIGURE_PATTERN.fullmatch(text):
        return [text]
    return re.findall(r"[^\s-]+-?|-", text)


def _align_cell(cell: Token, *, is_rtl: bool) -> None:
    side = str(cell.attrs.pop("style", "")).removeprefix("text-align:")
    cell.meta["side"] = side  # as authors mean it, for the text part
    if is_rtl:  # authors write "left" and mean the side where lines begin
        side = {"left": "right", "right": "left"}.get(side, side)
    if side:
        cell.attrSet("class", side)
    if cell.type == "th_open":
        cell.attrSet("scope", "col")


def _keep_whole(tokens: Sequence[Token], cell: Cell, *, is_rtl: bool) -> None:
    """Give a figure hard blanks, and set ``nowrap`` on its cell if it would break at a dash."""
    if not _FIGURE_PATTERN.fullmatch(cell.text):
        return
    children = tokens[cell.at].children or []
    for child in children:
        child.meta["whole"] = True
    if is_rtl and not _LETTER_PATTERN.search(cell.text):
        tokens[cell.at].children = spanned(children, dir="ltr")  # a sign stays before its figure
    if _LINE_BREAK_PATTERN.search(cell.text):
        tokens[cell.at - 1].attrSet("nowrap", "")  # Word ignores white-space


def write_tables(tokens: Sequence[Token]) -> list[Token]:
    """Return the tokens for HTML, with tables that are too wide as records."""
    result: list[Token] = []
    position = 0
    for table in tables_in(tokens):
        fits = tokens[table.first].meta.get("fits")
        result += tokens[position : table.first]
        last = result[-3:]
        if last and last[0].type == "paragraph_open" and _BOLD_PATTERN.fullmatch(last[1].content):
            result[-3] = last[0].copy(attrs={"class": "head"})  # the title
        position = table.last + 1
        below = tokens[position : position + 2]
        is_sourced = len(below) == 2 and _SOURCE_PATTERN.match(below[1].content)
        classes = "sourced " if is_sourced else ""
        if fits is Fits.ON_DESKTOPS:
            result += _label_cells(tokens, table, f"{classes}wide")
        elif fits is Fits.NOWHERE:
            result += _records(tokens, table)
        else:
            classes += "narrow" if table.width_needed <= _BARE_WIDTH else "narrow full"
            narrow = tokens[table.first].copy(attrs={"class": classes})
            result += [narrow, *tokens[table.first + 1 : table.last + 1]]
        if is_sourced:
            result.append(below[0].copy(attrs={**below[0].attrs, "class": "source"}))
            position += 1
    return [*result, *tokens[position:]]


def _label_cells(tokens: Sequence[Token], table: Table, classes: str) -> Iterator[Token]:
    heads = [cell.text for cell in table.rows[0]]
    column = 0
    for token in tokens[table.first : table.last + 1]:
        # a copy: the text part is written from the same tokens
        token = token.copy(attrs=dict(token.attrs))
        if token.type in {"table_open", "thead_open"}:
            token.attrSet("class", classes if token.type == "table_open" else "heads")
        elif token.type == "tr_open":
            column = 0
        elif token.type == "td_open":
            _name_cell(token, column)
        elif token.type == "td_close":
            column += 1
        # the first cell names its record, and an empty one needs no label
        elif token.type == "inline" and column and token.content:
            token.children = [*_label(heads[column]), *(token.children or ())]
        yield token


def _name_cell(cell: Token, column: int) -> None:
    classes = [
        f"to-{one}" if one in SIDES else one for one in str(cell.attrs.pop("class", "")).split()
    ]
    classes += ["first"] * (column == 0)
    if classes:
        cell.attrSet("class", " ".join(classes))


def _label(head: str) -> list[Token]:
    return [Token("label", "", 0, content=head)] if head else []


def spanned(children: Sequence[Token], **attributes: str) -> list[Token]:
    opening = Token("span_open", "span", 1, attrs=dict(attributes))
    return [opening, *children, Token("span_close", "span", -1)]


def _records(tokens: Sequence[Token], table: Table) -> Iterator[Token]:
    """Yield a paragraph for each row with a line for each cell, as in the text part."""
    head, *rows = table.rows
    for row in rows:
        children: list[Token] = []
        for name, cell in zip(head, row, strict=True):
            content = tokens[cell.at].children or []
            if children and not content:
                continue
            if _FIGURE_PATTERN.fullmatch(cell.text) and _LINE_BREAK_PATTERN.search(cell.text):
                # a browser would break the figure at its dash
                content = spanned(content, **{"class": "whole"})
            if children:
                children += [Token("hardbreak", "br", 0), *_label(name.text), *content]
            else:
                children += bold_tokens(content)
        yield from paragraph_of(children, "record")
