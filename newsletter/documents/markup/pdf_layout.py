"""Read the lines on the pages of a PDF, with words, marks and links.

A PDF has letters and places, but no paragraphs. pdfminer.six joins letters to lines, and lines to
boxes by distance.
"""

import io
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any

from pdfminer.converter import PDFPageAggregator
from pdfminer.layout import LAParams, LTAnno, LTChar, LTTextBox, LTTextLine
from pdfminer.pdfdocument import PDFDocument, PDFPasswordIncorrect
from pdfminer.pdfinterp import PDFPageInterpreter, PDFResourceManager
from pdfminer.pdfpage import PDFPage
from pdfminer.pdfparser import PDFParser
from pdfminer.pdftypes import resolve1

from newsletter.documents.release.imported import unusable
from newsletter.documents.release.lines import normalise
from newsletter.domain.errors import InvalidInput

MAX_PAGES = 60
_MIN_GAP_RATIO = 1.6
"""Minimum gap between cells of a table, relative to the size of the letters."""
_MIN_BARE_GAP_RATIO = 0.35
"""Minimum gap between cells without a space character, on pages that have spaces."""
_MIN_BLANK_RATIO = 0.1
"""Minimum gap that is a space, relative to the size of the letters."""
_UNREADABLE_GLYPH_PATTERN = re.compile(r"\(cid:\d+\)")
"""pdfminer's placeholder for a letter that the file does not identify."""
UNREAD_MARK = "\ufffd"
_MAX_LINKS, _MAX_ROWS = 1_000, 500


@dataclass(frozen=True, kw_only=True)
class TextRun:
    """Consecutive words of a line that look alike."""

    text: str
    is_bold: bool = False
    is_italic: bool = False
    href: str = ""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A part of a line without a wide gap. ``left`` is in points, from the left of the page."""

    words: tuple[TextRun, ...]
    left: float

    @property
    def text(self) -> str:
        return "".join(word.text for word in self.words).strip()


@dataclass(frozen=True, kw_only=True)
class PdfLine:
    """A line. Its edges are in points, from the left and the foot of the page."""

    cells: tuple[Cell, ...]
    size: float
    left: float
    right: float
    top: float
    bottom: float
    box: int
    """pdfminer's box. Lines in one box probably belong to one paragraph."""

    @property
    def text(self) -> str:
        return " ".join(cell.text for cell in self.cells)


def read_pages(data: bytes, file: str) -> list[list[PdfLine]]:
    """Return the lines of each page, from top to bottom.

    Raises InvalidInput, naming ``file``, if it is locked, broken or far too long.
    """
    try:
        return list(_read_pages(data, file))
    except PDFPasswordIncorrect as error:
        message = "is locked with a password; save it without one, or copy its text into a file"
        raise unusable(file, message) from error
    except InvalidInput:
        raise
    except Exception as error:  # pdfminer raises anything for a crafted file
        message = "is no PDF, or a broken one; save it again and import that"
        raise unusable(file, message) from error


def _read_pages(data: bytes, file: str) -> Iterator[list[PdfLine]]:
    resources = PDFResourceManager()
    device = PDFPageAggregator(resources, laparams=LAParams())
    interpreter = PDFPageInterpreter(resources, device)
    document = PDFDocument(PDFParser(io.BytesIO(data)))
    for number, page in enumerate(PDFPage.create_pages(document)):
        if number == MAX_PAGES:
            long = "has more than {most} pages; save those of the statement alone"
            raise unusable(file, long, most=MAX_PAGES)
        interpreter.process_page(page)
        links = list(_find_links(page))
        boxes = [item for item in device.get_result() if isinstance(item, LTTextBox)]
        lines = [(box, line) for box, one in enumerate(boxes) for line in one]
        text = "".join(line.get_text() for _, line in lines)
        bidi = list(map(_direction_of, text))
        has_blanks = _has_blanks([line for _, line in lines])
        layout = _Layout(
            links=links,
            cell_gap=_MIN_BARE_GAP_RATIO if has_blanks else _MIN_GAP_RATIO,
            to_left=bidi.count(_RTL) > bidi.count(_LTR),
        )
        rows = [[pair] for pair in lines]
        if _runs_to_the_left(text):
            rows = _join_boxes(list(_group_lines(lines)))
        yield [
            _line(row, layout) for row in rows if any(piece.get_text().strip() for _, piece in row)
        ]


@dataclass(frozen=True, kw_only=True)
class _Layout:
    """The common values of all lines of a page: links, gaps and direction."""

    links: Sequence["_Link"]
    cell_gap: float
    """Minimum gap without a blank that separates cells, relative to the size of the letters."""
    to_left: bool
    """Whether most of the page is read from right to left."""


_Row = list[tuple[int, LTTextLine]]
"""The parts of one line, each with the number of its box."""


def _group_lines(lines: _Row) -> Iterator[_Row]:
    """Yield the parts of each line, from left to right. Lines come from top to bottom."""
    row: _Row = []
    # round to whole points: the parts of one line differ by fractions of a point
    for pair in sorted(lines, key=lambda pair: (-round(pair[1].y0), pair[1].x0)):
        if row:
            previous, line = row[-1][1], pair[1]
            is_set_apart = line.x0 - previous.x1 > _MIN_GAP_RATIO * line.height
            if is_set_apart or (line.y0 + line.y1) / 2 < previous.y0 or line.x0 < previous.x0:
                yield row
                row = []
        row.append(pair)
    if row:
        yield row


def _has_blanks(lines: Sequence[LTTextLine]) -> bool:
    """Return whether the page has blanks between words. Some programs only leave a gap."""
    long_lines = [line for line in lines if len(line.get_text().split()) > 4]
    blank_count = sum(
        any(isinstance(letter, LTChar) and letter.get_text() == " " for letter in line)
        for line in long_lines
    )
    return blank_count * 10 > len(long_lines) * 8


_Link = tuple[tuple[float, float, float, float], str]
"""A link: left, bottom, right and top in points, and its target."""


def _find_links(page: PDFPage) -> Iterator[_Link]:
    # each letter of a page is compared with each link
    for reference in (resolve1(page.annots) or [])[:_MAX_LINKS]:
        annotation = resolve1(reference)
        action = resolve1(annotation.get("A")) if isinstance(annotation, dict) else None
        target = resolve1(action.get("URI")) if isinstance(action, dict) else None
        # a link within the file has no URI
        place = resolve1(annotation.get("Rect")) if target else None
        if isinstance(target, bytes) and isinstance(place, list) and len(place) == 4:
            left, bottom, right, top = (float(resolve1(number)) for number in place)
            yield (left, bottom, right, top), target.decode("utf-8", "replace")


def _is_blank(item: object) -> bool:
    return isinstance(item, LTChar) and not item.get_text().strip()


def _sort_letters(letters: Sequence[Any]) -> Iterator[Any]:
    """Yield letters from left to right, with a blank in each gap.

    A file may store right-to-left letters in either order.
    """
    previous: LTChar | None = None
    for letter in sorted(
        (letter for letter in letters if isinstance(letter, LTChar)), key=lambda letter: letter.x0
    ):
        has_gap = previous is not None and letter.x0 - previous.x1 > _MIN_BLANK_RATIO * letter.size
        if has_gap and not _is_blank(letter) and not _is_blank(previous):
            yield LTAnno(" ")
        yield letter
        previous = letter


def _join_boxes(rows: Sequence[_Row]) -> list[_Row]:
    """Give rows one box number if they share a box, directly or through other rows."""
    # each row is compared with all boxes so far
    if len(rows) > _MAX_ROWS:
        return list(rows)
    joined: dict[int, int] = {}
    for row in rows:
        row_boxes = {joined.get(box, box) for box, _ in row}
        box_of = dict.fromkeys([*row_boxes, *(box for box, _ in row)], min(row_boxes))
        joined = {box: box_of.get(number, number) for box, number in joined.items()} | box_of
    return [[(joined[box], line) for box, line in row] for row in rows]


def _line(row: _Row, layout: _Layout) -> PdfLine:
    turns = any(_runs_to_the_left(piece.get_text()) for _, piece in row)
    letters = [letter for _, piece in row for letter in piece]
    characters = list(_sort_letters(letters)) if turns or len(row) > 1 else letters
    sizes = sorted(character.size for character in characters if isinstance(character, LTChar))
    # the median, so that a raised figure or a large initial does not count
    size = sizes[len(sizes) // 2] if sizes else 0.0
    gap = _MIN_GAP_RATIO if turns else layout.cell_gap  # bidirectional text has narrow gaps
    cells = [
        cell for part in _split_line(characters, size, gap) if (cell := _cell(part, layout)).text
    ]
    return PdfLine(
        cells=tuple(reversed(cells) if layout.to_left else cells),
        size=size,
        left=min(piece.x0 for _, piece in row),
        right=max(piece.x1 for _, piece in row),
        top=max(piece.y1 for _, piece in row),
        bottom=min(piece.y0 for _, piece in row),
        box=min(box for box, _ in row),
    )


def _split_line(characters: Sequence[Any], size: float, gap_factor: float) -> Iterator[list[Any]]:
    part: list[Any] = []
    last_right: float | None = None
    had_blank = False
    for character in characters:
        if isinstance(character, LTChar) and character.get_text().strip():
            if last_right is not None and character.x0 - last_right > size * (
                _MIN_GAP_RATIO if had_blank else gap_factor
            ):
                yield part
                part = []
            last_right, had_blank = character.x1, False
        elif isinstance(character, LTChar):
            had_blank = True
        part.append(character)
    if part:
        yield part


def _cell(characters: Sequence[Any], layout: _Layout) -> Cell:
    style: tuple[bool, bool, str] = (False, False, "")
    styled_text: list[tuple[tuple[bool, bool, str], str]] = []
    for character, text in _in_reading_order(characters, layout):
        if isinstance(character, LTChar) and text.strip():
            # in a PDF only the name of the font says bold or italic
            font = character.fontname.lower()
            bold = any(word in font for word in ("bold", "black", "heavy"))
            italic = "italic" in font or "oblique" in font
            style = (bold, italic, _find_link(character, layout.links))
        # a blank after linked words belongs to the link only if the link covers it
        elif isinstance(character, LTChar) and style[2]:
            style = (*style[:2], _find_link(character, layout.links))
        styled_text.append((style, text))
    words = tuple(
        TextRun(
            text=normalise("".join(text for _, text in run)),
            is_bold=bold,
            is_italic=italic,
            href=href,
        )
        for (bold, italic, href), run in groupby(styled_text, key=lambda pair: pair[0])
    )
    left = next((character.x0 for character in characters if isinstance(character, LTChar)), 0.0)
    return Cell(words=words, left=left)


def _in_reading_order(characters: Sequence[Any], layout: _Layout) -> list[tuple[Any, str]]:
    letters = [(letter, _normalise_letter(letter.get_text())) for letter in characters]
    if not _runs_to_the_left("".join(text for _, text in letters)):
        return letters
    order = reading_order([text for _, text in letters], to_left=layout.to_left)
    text_in_order = "".join(letters[n][1] for n in order)
    mirrored = layout.to_left and _is_mirrored(text_in_order)
    return [(letters[n][0], letters[n][1].translate(_MIRRORED if mirrored else {})) for n in order]


def _normalise_letter(text: str) -> str:
    """Replace a presentation form of Arabic or Hebrew by the letter itself."""
    if _UNREADABLE_GLYPH_PATTERN.fullmatch(text):
        return UNREAD_MARK
    # only the presentation forms of Hebrew and Arabic: NFKC would change ² and ½ as well
    return unicodedata.normalize("NFKC", text) if "\ufb1d" <= text[:1] <= "\ufefc" else text


def _find_link(letter: LTChar, links: Sequence[_Link]) -> str:
    # by the letter's middle: the rectangle of a link seldom ends where a letter does
    x, y = (letter.x0 + letter.x1) / 2, (letter.y0 + letter.y1) / 2
    return next(
        (
            target
            for (left, bottom, right, top), target in links
            if left <= x <= right and bottom <= y <= top
        ),
        "",
    )


_RTL, _LTR, _DIGIT, _NEUTRAL = "R", "L", "D", "N"
_DIRECTIONS = {"R": _RTL, "AL": _RTL, "NSM": _RTL, "L": _LTR, "EN": _DIGIT, "AN": _DIGIT}
_BRACKET_PAIRS = {"(": ")", "[": "]", "{": "}", "«": "»"}
_MIRRORED = str.maketrans(_BRACKET_PAIRS | {end: begin for begin, end in _BRACKET_PAIRS.items()})


def _runs_to_the_left(text: str) -> bool:
    """Return whether a text has letters that are read from right to left."""
    return any(unicodedata.bidirectional(one) in {"R", "AL"} for one in text)


def reading_order(letters: Sequence[str], *, to_left: bool) -> list[int]:
    """Return the indexes of letters, given from left to right, in reading order.

    ``to_left`` means that most of the text is read from right to left. Follows UAX 9 without its
    embeddings.
    """
    order = list(range(len(letters)))
    levels = _embedding_levels([_direction_of(letter) for letter in letters], base=int(to_left))
    for level in (2, 1):  # UAX 9, rule L2
        flipped = {n for n in order if levels[n] >= level}
        runs = [(is_rtl, list(run)) for is_rtl, run in groupby(order, flipped.__contains__)]
        order = [n for is_rtl, run in runs for n in (reversed(run) if is_rtl else run)]
    return order


def _direction_of(letter: str) -> str:
    return _DIRECTIONS.get(unicodedata.bidirectional(letter[:1] or " "), _NEUTRAL)


def _embedding_levels(bidi: Sequence[str], base: int) -> list[int]:
    """Return the level of each letter, by its direction: 1 is read from the right, 0 and 2 not.

    ``base`` is the text's level: 1 if most of its letters are Arabic or Hebrew.
    """
    levels = [base] * len(bidi)
    strong = [n for n, each in enumerate(bidi) if each != _NEUTRAL]
    for place, n in enumerate(strong):
        # in left-to-right text, figures belong to Arabic words if all their neighbours are Arabic
        near = {bidi[neighbour] for neighbour in strong[max(0, place - 1) : place + 2]}
        is_inner = base or (bidi[n] == _DIGIT and _LTR not in near and _RTL in near)
        levels[n] = 1 if bidi[n] == _RTL else 2 if is_inner else 0
    for before, after in pairwise(strong):
        neighbour_levels = levels[before], levels[after]
        is_one_number = _LTR in {bidi[before], bidi[after]} or after - before == 2  # 10:30, 1,250
        level = 2 if neighbour_levels == (2, 2) and is_one_number else min(*neighbour_levels, 1)
        levels[before + 1 : after] = [level] * (after - before - 1)
    return levels


def _is_mirrored(text: str) -> bool:
    """Return whether brackets in right-to-left text close before they open.

    Some programs store the bracket that is seen, some the one that was typed.
    """
    depth = 0
    for letter in text:
        depth += (letter in _BRACKET_PAIRS) - (letter in _BRACKET_PAIRS.values())
        if depth < 0:
            return True
    return False


_MIN_COLUMN_LINES, _MAX_PAGE_LINES = 4, 500
"""Lines of a column at least, and of a page with columns at most."""
_MIN_GUTTER_POINTS = 8
_LONG_CHARS = 20
"""Characters of a line of text in a column; cells of tables usually have fewer."""
_MAX_SHORT_RATIO = 0.4
"""Maximum share of a column's characters that are in short lines."""


def split_columns(lines: Sequence[PdfLine]) -> list[list[PdfLine]]:
    """Split a page into parts of one column each, in reading order.

    A line across several columns separates the parts above and below it.
    """
    gutter = _find_gutter(lines) if len(lines) <= _MAX_PAGE_LINES else None
    if gutter is None:
        return [list(lines)] if lines else []
    parts: list[list[PdfLine]] = []
    from_top = sorted(lines, key=lambda line: -line.top)
    crosses = [gutter - _MIN_GUTTER_POINTS < line.right and line.left < gutter for line in from_top]
    for is_across, group in groupby(range(len(from_top)), key=crosses.__getitem__):
        part_lines = [from_top[n] for n in group]
        if is_across:
            parts.append(part_lines)
            continue
        # a side may have two columns of its own
        left_column = [line for line in part_lines if line.right <= gutter]
        parts += split_columns(left_column)
        parts += split_columns([line for line in part_lines if line not in left_column])
    return parts


def _find_gutter(lines: Sequence[PdfLine]) -> float | None:
    """Return the left edge of the right one of two columns, in points; None for one column."""
    gutters: dict[float, int] = {}
    starts = sorted({round(line.left) for line in lines})
    # nothing stands left of the first
    for start in starts[1:]:
        left_lines = [line for line in lines if line.right <= start - _MIN_GUTTER_POINTS]
        right_lines = [line for line in lines if line.left >= start - 1]
        are_columns = all(
            len(side) >= _MIN_COLUMN_LINES
            and sum(len(line.text) for line in side if len(line.text) < _LONG_CHARS)
            <= _MAX_SHORT_RATIO * sum(len(line.text) for line in side)
            for side in (left_lines, right_lines)
        )
        if are_columns and _are_side_by_side(left_lines, right_lines):
            gutters[start - 1.0] = len(left_lines) + len(right_lines)
    # a table in a column has gutters too, which more lines cross
    return max(gutters, key=lambda gutter: gutters[gutter], default=None)


def _are_side_by_side(left: Sequence[PdfLine], right: Sequence[PdfLine]) -> bool:
    """Return whether most lines of the shorter column are at the height of the other one."""
    level_counts = [
        sum(
            min(one.top for one in other_column) <= line.top <= max(one.top for one in other_column)
            for line in column
        )
        for column, other_column in ((left, right), (right, left))
    ]
    # the first or last line of a column may be above or below the other column
    return max(level_counts) >= _MIN_COLUMN_LINES - 1
