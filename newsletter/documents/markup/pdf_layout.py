"""What stands where on the pages of a PDF: its lines, each with its words, their marks and links.

A PDF knows letters and places, and no paragraphs. pdfminer.six puts letters together to lines, and
lines to boxes by their distances.
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from pdfminer.converter import PDFPageAggregator
from pdfminer.layout import LAParams, LTChar, LTTextBox, LTTextLine
from pdfminer.pdfdocument import PDFDocument, PDFPasswordIncorrect
from pdfminer.pdfinterp import PDFPageInterpreter, PDFResourceManager
from pdfminer.pdfpage import PDFPage
from pdfminer.pdfparser import PDFParser
from pdfminer.pdftypes import resolve1

from newsletter.documents.release.imported import unusable
from newsletter.documents.release.lines import ordinary
from newsletter.domain.errors import InvalidInput

MOST_PAGES = 60
_WIDE_GAP = 1.6
"""So many times its size between two words parts the cells of a table."""
_BARE_GAP = 0.35
"""The same where no blank stands in the gap, although this page has blanks between its words."""
_MOST_LINKS = 1_000


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
    """One line. Places are in points, from the foot of its page."""

    cells: tuple[Cell, ...]
    size: float
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
        boxes = [one for one in device.get_result() if isinstance(one, LTTextBox)]
        lines = [(box, line) for box, one in enumerate(boxes) for line in one]
        bare = _BARE_GAP if _has_blanks([line for _, line in lines]) else _WIDE_GAP
        yield [_line(line, links, box, bare) for box, line in lines if line.get_text().strip()]


def _has_blanks(lines: Sequence[LTTextLine]) -> bool:
    """Whether blanks are written between words, as some programs only move on."""
    long = [line for line in lines if len(line.get_text().split()) > 4]
    written = sum(
        any(isinstance(one, LTChar) and one.get_text() == " " for one in line) for line in long
    )
    return written * 10 > len(long) * 8


_Link = tuple[tuple[float, float, float, float], str]
"""Left, bottom, right, top; and where it leads."""


def _links(page: PDFPage) -> Iterator[_Link]:
    for one in (resolve1(page.annots) or [])[:_MOST_LINKS]:
        annotation = resolve1(one)
        action = resolve1(annotation.get("A")) if isinstance(annotation, dict) else None
        target = resolve1(action.get("URI")) if isinstance(action, dict) else None
        place = resolve1(annotation.get("Rect")) if target else None
        if isinstance(target, bytes) and isinstance(place, list) and len(place) == 4:
            left, bottom, right, top = (float(resolve1(number)) for number in place)
            yield (left, bottom, right, top), target.decode("utf-8", "replace")


def _is_blank(one: object) -> bool:
    return isinstance(one, LTChar) and not one.get_text().strip()


def _line(line: LTTextLine, links: Sequence[_Link], box: int, bare: float) -> PdfLine:
    characters = list(line)
    sizes = sorted(character.size for character in characters if isinstance(character, LTChar))
    size = sizes[len(sizes) // 2] if sizes else 0.0
    cells = tuple(_cell(part, links) for part in _parts(characters, size, bare))
    cells = tuple(cell for cell in cells if cell.text)
    return PdfLine(cells=cells, size=size, top=line.y1, bottom=line.y0, box=box)


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


def _cell(characters: Sequence[Any], links: Sequence[_Link]) -> Cell:
    looks: tuple[bool, bool, str] = (False, False, "")
    marked: list[tuple[tuple[bool, bool, str], str]] = []
    for character in characters:
        if isinstance(character, LTChar) and character.get_text().strip():
            looks = _look(character, links)
        elif isinstance(character, LTChar) and looks[2]:
            looks = (*looks[:2], _target(character, links))
        marked.append((looks, character.get_text()))
    words = tuple(
        Words(text=ordinary("".join(text for _, text in group)), bold=b, italic=i, href=href)
        for (b, i, href), group in groupby(marked, key=lambda pair: pair[0])
    )
    left = next((character.x0 for character in characters if isinstance(character, LTChar)), 0.0)
    return Cell(words=words, left=left)


def _look(one: LTChar, links: Sequence[_Link]) -> tuple[bool, bool, str]:
    font = one.fontname.lower()
    bold = any(word in font for word in ("bold", "black", "heavy"))
    return bold, "italic" in font or "oblique" in font, _target(one, links)


def _target(one: LTChar, links: Sequence[_Link]) -> str:
    across, up = (one.x0 + one.x1) / 2, (one.y0 + one.y1) / 2
    return next(
        (
            target
            for (left, bottom, right, top), target in links
            if left <= across <= right and bottom <= up <= top
        ),
        "",
    )
