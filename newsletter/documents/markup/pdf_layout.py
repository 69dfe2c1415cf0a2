"""What stands where on the pages of a PDF: its lines, each with its words, their marks and links.

A PDF knows letters and places, and no paragraphs. pdfminer.six puts letters together to lines, and
lines to boxes by their distances.
"""

import io
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from pdfminer.converter import PDFPageAggregator
from pdfminer.layout import LAParams, LTAnno, LTChar, LTTextBox, LTTextLine
from pdfminer.pdfdocument import PDFDocument, PDFPasswordIncorrect
from pdfminer.pdfinterp import PDFPageInterpreter, PDFResourceManager
from pdfminer.pdfpage import PDFPage
from pdfminer.pdfparser import PDFParser
from pdfminer.pdftypes import resolve1

from newsletter.documents.markup.pdf_order import (
    is_mirrored,
    is_right_to_left,
    mirrored,
    reading_order,
    runs_to_the_left,
)
from newsletter.documents.release.imported import unusable
from newsletter.documents.release.lines import ordinary
from newsletter.domain.errors import InvalidInput

MOST_PAGES = 60
_WIDE_GAP = 1.6
"""So many times its size between two words parts the cells of a table."""
_BARE_GAP = 0.35
"""The same where no blank stands in the gap, although this page has blanks between its words."""
_BLANK = 0.1
"""So many times its size between two letters is a blank."""
_UNREAD = re.compile(r"\(cid:\d+\)")
"""What pdfminer writes for a letter of which the file does not say what it is."""
UNREAD = "\ufffd"
_MOST_LINKS, _MOST_ROWS = 1_000, 500


@dataclass(frozen=True, kw_only=True)
class Words:
    """Some words of a line that look alike."""

    text: str
    bold: bool = False
    italic: bool = False
    href: str = ""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What stands on one line without a wide gap in it. Places are in points, from the left."""

    words: tuple[Words, ...]
    left: float

    @property
    def text(self) -> str:
        """Without marks."""
        return "".join(word.text for word in self.words).strip()


@dataclass(frozen=True, kw_only=True)
class PdfLine:
    """One line. Places are in points, from the left and from the foot of its page."""

    cells: tuple[Cell, ...]
    size: float
    left: float
    right: float
    top: float
    bottom: float
    box: int
    """Lines with the same number belong together, as far as distances tell."""

    @property
    def text(self) -> str:
        """All of it."""
        return " ".join(cell.text for cell in self.cells)


def read_pages(data: bytes, file: str) -> list[list[PdfLine]]:
    """The lines of each page, from top to bottom.

    Raises InvalidInput, naming ``file``, if it is locked, broken or far too long.
    """
    try:
        return list(_pages(data, file))
    except PDFPasswordIncorrect as error:
        message = "is locked with a password; save it without one, or copy its text into a file"
        raise unusable(file, message) from error
    except InvalidInput:
        raise
    except Exception as error:  # what a file is made to raise in there has no common name
        message = "is no PDF, or a broken one; save it anew and import that"
        raise unusable(file, message) from error


def _pages(data: bytes, file: str) -> Iterator[list[PdfLine]]:
    resources = PDFResourceManager()
    device = PDFPageAggregator(resources, laparams=LAParams())
    interpreter = PDFPageInterpreter(resources, device)
    document = PDFDocument(PDFParser(io.BytesIO(data)))
    for number, page in enumerate(PDFPage.create_pages(document)):
        if number == MOST_PAGES:
            message = f"has more than {MOST_PAGES} pages; save those of the statement alone"
            raise unusable(file, message)
        interpreter.process_page(page)
        links = list(_links(page))
        boxes = [item for item in device.get_result() if isinstance(item, LTTextBox)]
        lines = [(box, line) for box, one in enumerate(boxes) for line in one]
        text = "".join(line.get_text() for _, line in lines)
        turns = runs_to_the_left(text)
        way = _Way(
            links=links,
            bare=_BARE_GAP if _has_blanks([line for _, line in lines]) else _WIDE_GAP,
            to_left=is_right_to_left(text),
        )
        rows = _in_one_box(list(_rows(lines))) if turns else [[pair] for pair in lines]
        yield [_line(row, way) for row in rows if any(piece.get_text().strip() for _, piece in row)]


@dataclass(frozen=True, kw_only=True)
class _Way:
    """How a page is read."""

    links: Sequence["_Link"]
    bare: float
    """So wide a gap without a blank parts cells, in the size of the letters."""
    to_left: bool
    """Most of it is read from right to left."""


_Row = list[tuple[int, LTTextLine]]
"""Lines that stand beside each other, with the numbers of their boxes."""


def _rows(lines: _Row) -> Iterator[_Row]:
    """Lines, from left to right where several are the parts of one: by which way these run."""
    row: _Row = []
    # to whole points: the parts of one line differ by fractions, and would be sorted by these
    for pair in sorted(lines, key=lambda pair: (-round(pair[1].y0), pair[1].x0)):
        if row:
            last, line = row[-1][1], pair[1]
            apart = line.x0 - last.x1 > _WIDE_GAP * line.height
            if apart or (line.y0 + line.y1) / 2 < last.y0 or line.x0 < last.x0:
                yield row
                row = []
        row.append(pair)
    if row:
        yield row


def _has_blanks(lines: Sequence[LTTextLine]) -> bool:
    """Whether blanks are written between words, as some programs only move on."""
    long = [line for line in lines if len(line.get_text().split()) > 4]
    written = sum(
        any(isinstance(letter, LTChar) and letter.get_text() == " " for letter in line)
        for line in long
    )
    return written * 10 > len(long) * 8


_Link = tuple[tuple[float, float, float, float], str]
"""Left, bottom, right, top; and where it leads."""


def _links(page: PDFPage) -> Iterator[_Link]:
    # each letter is held against each link of its page
    for reference in (resolve1(page.annots) or [])[:_MOST_LINKS]:
        annotation = resolve1(reference)
        action = resolve1(annotation.get("A")) if isinstance(annotation, dict) else None
        target = resolve1(action.get("URI")) if isinstance(action, dict) else None
        # what leads to a place in the same file has no URI
        place = resolve1(annotation.get("Rect")) if target else None
        if isinstance(target, bytes) and isinstance(place, list) and len(place) == 4:
            left, bottom, right, top = (float(resolve1(number)) for number in place)
            yield (left, bottom, right, top), target.decode("utf-8", "replace")


def _is_blank(item: object) -> bool:
    return isinstance(item, LTChar) and not item.get_text().strip()


def _as_seen(letters: Sequence[Any]) -> Iterator[Any]:
    """Letters from left to right, with a blank where there is room for one.

    What runs to the left and what does not stands in the file in one order or another.
    """
    before: LTChar | None = None
    for letter in sorted(
        (letter for letter in letters if isinstance(letter, LTChar)), key=lambda letter: letter.x0
    ):
        apart = before is not None and letter.x0 - before.x1 > _BLANK * letter.size
        if apart and not _is_blank(letter) and not _is_blank(before):
            yield LTAnno(" ")
        yield letter
        before = letter


def _in_one_box(rows: Sequence[_Row]) -> list[_Row]:
    """Rows whose parts, and what goes on with these, all have one box's number."""
    # each row is compared with all boxes so far
    if len(rows) > _MOST_ROWS:
        return list(rows)
    ours: dict[int, int] = {}
    for row in rows:
        boxes = {ours.get(box, box) for box, _ in row}
        joined = dict.fromkeys([*boxes, *(box for box, _ in row)], min(boxes))
        ours = {box: joined.get(one, one) for box, one in ours.items()} | joined
    return [[(ours[box], line) for box, line in row] for row in rows]


def _line(row: _Row, way: _Way) -> PdfLine:
    turns = any(runs_to_the_left(piece.get_text()) for _, piece in row)
    letters = [letter for _, piece in row for letter in piece]
    characters = list(_as_seen(letters)) if turns or len(row) > 1 else letters
    sizes = sorted(character.size for character in characters if isinstance(character, LTChar))
    # the median: a raised figure or a large initial says nothing of the line
    size = sizes[len(sizes) // 2] if sizes else 0.0
    bare = _WIDE_GAP if turns else way.bare  # parts that run another way are set apart
    cells = [cell for part in _parts(characters, size, bare) if (cell := _cell(part, way)).text]
    return PdfLine(
        cells=tuple(reversed(cells) if way.to_left else cells),
        size=size,
        left=min(piece.x0 for _, piece in row),
        right=max(piece.x1 for _, piece in row),
        top=max(piece.y1 for _, piece in row),
        bottom=min(piece.y0 for _, piece in row),
        box=min(box for box, _ in row),
    )


def _parts(characters: Sequence[Any], size: float, bare: float) -> Iterator[list[Any]]:
    """A line parted where there are wide gaps."""
    part: list[Any] = []
    right: float | None = None
    blank = False
    for character in characters:
        if isinstance(character, LTChar) and character.get_text().strip():
            if right is not None and character.x0 - right > size * (_WIDE_GAP if blank else bare):
                yield part
                part = []
            right, blank = character.x1, False
        elif isinstance(character, LTChar):
            blank = True
        part.append(character)
    if part:
        yield part


def _cell(characters: Sequence[Any], way: _Way) -> Cell:
    looks: tuple[bool, bool, str] = (False, False, "")
    marked: list[tuple[tuple[bool, bool, str], str]] = []
    for character, text in _as_read(characters, way):
        if isinstance(character, LTChar) and text.strip():
            looks = _look(character, way.links)
        # a blank behind linked words is of the link only where the link reaches over it
        elif isinstance(character, LTChar) and looks[2]:
            looks = (*looks[:2], _target(character, way.links))
        marked.append((looks, text))
    words = tuple(
        Words(text=ordinary("".join(text for _, text in group)), bold=b, italic=i, href=href)
        for (b, i, href), group in groupby(marked, key=lambda pair: pair[0])
    )
    left = next((character.x0 for character in characters if isinstance(character, LTChar)), 0.0)
    return Cell(words=words, left=left)


def _as_read(characters: Sequence[Any], way: _Way) -> list[tuple[Any, str]]:
    """Each letter and what it says, in the order in which people read them."""
    real = [(letter, _plain(letter.get_text())) for letter in characters]
    if not runs_to_the_left("".join(text for _, text in real)):
        return real
    order = reading_order([text for _, text in real], to_left=way.to_left)
    whole = "".join(real[n][1] for n in order)
    turned = way.to_left and is_mirrored(whole)
    return [(real[n][0], mirrored(real[n][1]) if turned else real[n][1]) for n in order]


def _plain(text: str) -> str:
    """A letter without the shape that Arabic and Hebrew ones have beside others."""
    if _UNREAD.fullmatch(text):
        return UNREAD
    # only the presentation forms of Hebrew and Arabic: NFKC would change ² and ½ as well
    return unicodedata.normalize("NFKC", text) if "\ufb1d" <= text[:1] <= "\ufefc" else text


def _look(letter: LTChar, links: Sequence[_Link]) -> tuple[bool, bool, str]:
    # a PDF says nothing of bold or italic but in the names of its fonts
    font = letter.fontname.lower()
    bold = any(word in font for word in ("bold", "black", "heavy"))
    return bold, "italic" in font or "oblique" in font, _target(letter, links)


def _target(letter: LTChar, links: Sequence[_Link]) -> str:
    # by its middle: rectangles of links seldom end where a letter does
    across, up = (letter.x0 + letter.x1) / 2, (letter.y0 + letter.y1) / 2
    return next(
        (
            target
            for (left, bottom, right, top), target in links
            if left <= across <= right and bottom <= up <= top
        ),
        "",
    )
