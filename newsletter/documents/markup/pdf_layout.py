"""Read the lines on the pages of a PDF, with words, marks and links.

A PDF has letters and places, but no paragraphs. pdfminer.six joins letters to lines, and lines to
boxes by distance.
"""

import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any

from pdfminer.converter import PDFPageAggregator
from pdfminer.layout import (
    LAParams,
    LTAnno,
    LTChar,
    LTFigure,
    LTLayoutContainer,
    LTPage,
    LTTextLine,
)
from pdfminer.pdfdocument import PDFDocument, PDFPasswordIncorrect
from pdfminer.pdfinterp import PDFPageInterpreter, PDFResourceManager
from pdfminer.pdfpage import PDFPage
from pdfminer.pdfparser import PDFParser
from pdfminer.pdftypes import resolve1
from pdfminer.utils import decode_text

from newsletter.documents.release.imported import DroppedLine, unusable
from newsletter.documents.release.lines import cut_text, normalise
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
_MAX_LINKS, _MAX_PIECES = 1_000, 600


@dataclass(frozen=True, kw_only=True)
class TextRun:
    """Consecutive words of a line that look alike."""

    text: str
    is_bold: bool = False
    is_italic: bool = False
    href: str = ""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A part of a line without a wide gap. Its edges are in points, from the left of the page."""

    words: tuple[TextRun, ...]
    left: float
    right: float

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
    part: int
    """The part of the page, such as a column. Parts are numbered in reading order."""
    is_rtl: bool
    """Whether most of its page is read from right to left."""

    @property
    def text(self) -> str:
        return " ".join(cell.text for cell in self.cells)


def read_pages(data: bytes, file: str) -> tuple[list[list[PdfLine]], list[DroppedLine]]:
    """Return the lines of each page, from top to bottom, and the form fields and comments.

    Raises InvalidInput, naming ``file``, if it is locked, broken or far too long.
    """
    try:
        pages = list(_read_pages(data, file))
        remarks = dict.fromkeys(remark for _, found in pages for remark in found)
        return [lines for lines, _ in pages], list(remarks)
    except PDFPasswordIncorrect as error:
        message = "is locked with a password; save it without one, or copy its text into a file"
        raise unusable(file, message) from error
    except InvalidInput:
        raise
    except Exception as error:  # pdfminer raises anything for a crafted file
        message = "is no PDF, or a broken one; save it again and import that"
        raise unusable(file, message) from error


def _read_pages(data: bytes, file: str) -> Iterator[tuple[list[PdfLine], list[DroppedLine]]]:
    resources = PDFResourceManager()
    device = PDFPageAggregator(resources)
    interpreter = PDFPageInterpreter(resources, device)
    document = PDFDocument(PDFParser(io.BytesIO(data)))
    for number, page in enumerate(PDFPage.create_pages(document)):
        if number == MAX_PAGES:
            long = "has more than {most} pages; save those of the statement alone"
            raise unusable(file, long, most=MAX_PAGES)
        interpreter.process_page(page)
        sheet = LTLayoutContainer((0, 0, 0, 0))
        pieces = sheet.group_objects(LAParams(), _list_letters(device.get_result()))
        lines = [piece for piece in pieces if not piece.is_empty()]
        letters = [one.get_text() for line in lines for one in line if isinstance(one, LTChar)]
        has_blanks = letters.count(" ") * 12 > len(letters)  # some programs only leave gaps
        bidi = Counter(map(_direction_of, letters))
        is_rtl = bidi[_RTL] > bidi[_LTR]
        layout = _Layout(
            links=list(_find_links(page)),
            cell_gap=_MIN_BARE_GAP_RATIO if has_blanks else _MIN_GAP_RATIO,
            is_rtl=is_rtl,
            mirrors_brackets=is_rtl and _mirrors_brackets(lines),
        )
        rows = [
            _line(row, layout, place)
            for place, part in enumerate(order_parts(lines))
            for row in (_group_lines(part) if bidi[_RTL] else ([piece] for piece in part))
            if any(piece.get_text().strip() for piece in row)
        ]
        yield rows, list(_find_remarks(page))


@dataclass(frozen=True, kw_only=True)
class _Layout:
    """The common values of all lines of a page: links, gaps and direction."""

    links: Sequence["_Link"]
    cell_gap: float
    """Minimum gap without a blank that separates cells, relative to the size of the letters."""
    is_rtl: bool
    """Whether most of the page is read from right to left."""
    mirrors_brackets: bool


def _list_letters(container: LTPage | LTFigure) -> Iterator[LTChar]:
    """Yield all letters of a page, also those of a page that was put into another one."""
    for item in container:
        if isinstance(item, LTChar):
            yield item
        elif isinstance(item, LTFigure):
            yield from _list_letters(item)


def order_parts(pieces: Sequence[LTTextLine]) -> list[list[LTTextLine]]:
    """Return the parts of a page, such as columns, in reading order.

    Programs draw a column from top to bottom, and then the next one: a part ends where the file
    goes up again. Parts of one column that the file mixes, as by fonts, are sorted.
    """
    # each part is compared with all others
    if len(pieces) > _MAX_PIECES:
        return [list(pieces)]
    parts: list[list[LTTextLine]] = []
    for piece in pieces:
        above = parts[-1][-1] if parts else None
        rises = above is None or piece.y0 > above.y1 - piece.height / 2
        if above is None or rises or _jumps(above, piece, pieces):
            parts.append([])
        parts[-1].append(piece)
    ordered: list[list[LTTextLine]] = []
    for part in parts:
        mixed = [other for other in ordered if _are_mixed(part, other)]
        for other in mixed:
            ordered.remove(other)
            part = sorted([*other, *part], key=lambda piece: -piece.y1)
        below = (n for n, other in enumerate(ordered) if _is_above(part, other))
        ordered.insert(next(below, len(ordered)), part)
    return ordered


def _jumps(above: LTTextLine, below: LTTextLine, pieces: Sequence[LTTextLine]) -> bool:
    """Return whether other lines are between two lines, as between the head and foot of a page."""
    if above.y0 - below.y1 < below.height:
        return False
    left, right = min(above.x0, below.x0), max(above.x1, below.x1)
    return any(
        below.y1 <= (one.y0 + one.y1) / 2 <= above.y0 and left < one.x1 and one.x0 < right
        for one in pieces
    )


def _is_above(part: Sequence[LTTextLine], other: Sequence[LTTextLine]) -> bool:
    left, right = min(one.x0 for one in other), max(one.x1 for one in other)
    return min(one.y0 for one in part) >= max(one.y1 for one in other) and any(
        one.x0 < right and left < one.x1 for one in part
    )


def _are_mixed(part: Sequence[LTTextLine], other: Sequence[LTTextLine]) -> bool:
    """Return whether lines of two parts are between each other, and not side by side."""
    top = min(max(one.y1 for one in each) for each in (part, other))
    bottom = max(min(one.y0 for one in each) for each in (part, other))
    level = [
        [one for one in each if bottom < (one.y0 + one.y1) / 2 < top] for each in (part, other)
    ]
    return all(level) and all(
        min(line.x0 for line in left) < max(line.x1 for line in right)
        for left, right in (level, level[::-1])
    )


def _group_lines(lines: Sequence[LTTextLine]) -> Iterator[list[LTTextLine]]:
    """Yield the pieces of each line, from left to right. Lines come from top to bottom."""
    row: list[LTTextLine] = []
    # round to whole points: the pieces of one line differ by fractions of a point
    for line in sorted(lines, key=lambda line: (-round(line.y0), line.x0)):
        if row:
            previous = row[-1]
            is_set_apart = line.x0 - previous.x1 > _MIN_GAP_RATIO * line.height
            if is_set_apart or (line.y0 + line.y1) / 2 < previous.y0 or line.x0 < previous.x0:
                yield row
                row = []
        row.append(line)
    if row:
        yield row


_Link = tuple[tuple[float, float, float, float], str]
"""A link: left, bottom, right and top in points, and its target."""


def _list_annotations(page: PDFPage) -> list[dict[str, Any]]:
    # each letter of a page is compared with each link
    found = map(resolve1, (resolve1(page.annots) or [])[:_MAX_LINKS])
    return [annotation for annotation in found if isinstance(annotation, dict)]


def _find_remarks(page: PDFPage) -> Iterator[DroppedLine]:
    """Yield the values of form fields and the words of comments, which the page does not draw."""
    for annotation in _list_annotations(page):
        kind = str(getattr(annotation.get("Subtype"), "name", ""))
        # the field around several widgets may have the name and the value
        both = {**(resolve1(annotation.get("Parent")) or {}), **annotation}
        field = [resolve1(both.get(key)) for key in ("T", "V")]
        parts = field if kind == "Widget" else [resolve1(annotation.get("Contents"))]
        said = [decode_text(part) if isinstance(part, bytes) else part for part in parts]
        words = [getattr(part, "name", part) for part in said]
        if kind != "Link" and isinstance(words[-1], str) and words[-1].strip():
            text = normalise(": ".join(filter(None, words))).strip()
            reason = f"in a {'form field' if kind == 'Widget' else 'comment'} of the PDF"
            yield DroppedLine(line=0, text=cut_text(" ".join(text.split())), reason=reason)


def _find_links(page: PDFPage) -> Iterator[_Link]:
    for annotation in _list_annotations(page):
        action = resolve1(annotation.get("A"))
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


def _line(row: Sequence[LTTextLine], layout: _Layout, part: int) -> PdfLine:
    turns = any(_runs_to_the_left(piece.get_text()) for piece in row)
    letters = [letter for piece in row for letter in piece]
    characters = list(_sort_letters(letters)) if turns or len(row) > 1 else letters
    sizes = sorted(character.size for character in characters if isinstance(character, LTChar))
    # the median, so that a raised figure or a large initial does not count
    size = sizes[len(sizes) // 2] if sizes else 0.0
    gap = _MIN_GAP_RATIO if turns else layout.cell_gap  # bidirectional text has narrow gaps
    cells = [
        cell for part in _split_line(characters, size, gap) if (cell := _cell(part, layout)).text
    ]
    return PdfLine(
        cells=tuple(reversed(cells) if layout.is_rtl else cells),
        size=size,
        left=min(piece.x0 for piece in row),
        right=max(piece.x1 for piece in row),
        top=max(piece.y1 for piece in row),
        bottom=min(piece.y0 for piece in row),
        part=part,
        is_rtl=layout.is_rtl,
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
    letters = [one for one in characters if isinstance(one, LTChar) and one.get_text().strip()]
    left, right = (letters[0].x0, letters[-1].x1) if letters else (0.0, 0.0)
    return Cell(words=words, left=left, right=right)


def _in_reading_order(characters: Sequence[Any], layout: _Layout) -> list[tuple[Any, str]]:
    letters = [(letter, _normalise_letter(letter.get_text())) for letter in characters]
    text = "".join(text for _, text in letters)
    # the sign of a telephone number is right of it where that is read from the right
    if not _runs_to_the_left(text) and (not layout.is_rtl or text.startswith("+")):
        return letters
    order = reading_order([text for _, text in letters], is_rtl=layout.is_rtl)
    table = _MIRRORED if layout.mirrors_brackets else {}
    return [(letters[n][0], letters[n][1].translate(table)) for n in order]


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


_RTL, _LTR, _DIGIT, _SEPARATOR, _NEUTRAL = "R", "L", "D", "S", "N"
_DIRECTIONS = {"R": _RTL, "AL": _RTL, "NSM": _RTL, "L": _LTR, "EN": _DIGIT, "AN": _DIGIT}
_DIRECTIONS |= dict.fromkeys(("CS", "ES"), _SEPARATOR)
_BRACKET_PAIRS = {"(": ")", "[": "]", "{": "}", "«": "»"}
_BRACKETS = _BRACKET_PAIRS | {end: begin for begin, end in _BRACKET_PAIRS.items()}
_MIRRORED = str.maketrans(_BRACKETS)


def _runs_to_the_left(text: str) -> bool:
    """Return whether a text has letters that are read from right to left."""
    return any(unicodedata.bidirectional(one) in {"R", "AL"} for one in text)


def reading_order(letters: Sequence[str], *, is_rtl: bool) -> list[int]:
    """Return the indexes of letters, given from left to right, in reading order.

    ``is_rtl`` means that most of the text is read from right to left. Follows UAX 9 without its
    embeddings.
    """
    order = list(range(len(letters)))
    levels = _embedding_levels([_direction_of(letter) for letter in letters], base=int(is_rtl))
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
    strong = [n for n, each in enumerate(bidi) if each not in {_NEUTRAL, _SEPARATOR}]
    for place, n in enumerate(strong):
        # in left-to-right text, figures belong to Arabic words if all their neighbours are Arabic
        near = {bidi[neighbour] for neighbour in strong[max(0, place - 1) : place + 2]}
        is_inner = base or (bidi[n] == _DIGIT and _LTR not in near and _RTL in near)
        levels[n] = 1 if bidi[n] == _RTL else 2 if is_inner else 0
    for before, after in pairwise(strong):
        neighbour_levels = levels[before], levels[after]
        # 10:30 and 1,250, but not 5550 0198
        is_separated = bidi[before + 1 : after] == [_SEPARATOR]
        is_one_number = is_separated or _LTR in {bidi[before], bidi[after]} or after - before == 1
        level = 2 if neighbour_levels == (2, 2) and is_one_number else min(*neighbour_levels, 1)
        levels[before + 1 : after] = [level] * (after - before - 1)
    return levels


def _mirrors_brackets(lines: Sequence[LTTextLine]) -> bool:
    """Return whether a page has the brackets that are seen: more of them close than open first."""
    letters = (one for line in lines for one in reversed(list(_sort_letters(list(line)))))
    kinds = [one.get_text() in _BRACKET_PAIRS for one in letters if one.get_text() in _BRACKETS]
    pairs = Counter(pairwise(kinds))
    return pairs[False, True] > pairs[True, False]
