"""Import PDF files: headings by size, lists by their marks, tables by columns."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from html import escape
from itertools import groupby, islice, pairwise, zip_longest
from operator import attrgetter, itemgetter

from newsletter.documents.markup.pages import import_body
from newsletter.documents.markup.pdf_layout import UNREAD_MARK, Cell, PdfLine, TextRun, read_pages
from newsletter.documents.release.feet import weigh_foot
from newsletter.documents.release.imported import DroppedLine, ImportedDocument, unusable
from newsletter.documents.release.lines import cut_text
from newsletter.documents.release.words import pattern

_MIN_TITLE_RATIO = 1.12
"""Minimum size of a heading's letters, relative to that of most letters."""
_BULLET_PATTERN = re.compile(r"[•▪◦‣●○■□·\uf0a7\uf0b7–-]\s+(?=\S)(?!\w{1,6}\s?[–-]$)")
_LIST_MARK_PATTERN = re.compile(r"[•▪◦‣●○■□·\uf0a7\uf0b7–-]|\d{1,3}[.)]")
_NUMBER_PATTERN = re.compile(r"(\d{1,3})[.)]\s+(?=\S)")
_MIN_GAP_RATIO, _MIN_ROOM_RATIO = 1.12, 1.3
"""Tolerances for the distances of lines and the widths of words, as factors."""
_INDENT = (14, 60)
"""Minimum and maximum indent of a quotation, in points."""
_SENTENCE_END_PATTERN = re.compile(r"[.!?…:;]['\"”’»)\]]{0,3}\Z")
_SPLIT_WORD_PATTERN = re.compile(r"\w[-‐]$")
_TYPED_HYPHEN_PATTERN = re.compile(r"‐\w")
"""A hyphen (U+2010) within a line, which a writer typed. At a line's end, programs put it."""
_OPEN_WORD_PATTERN = pattern("open ends", r"(?:{})\b")
"""The word behind a hyphen that splits no word: ``Innen- und …``."""
_PAGE_PATTERN = pattern("numbers of pages", flags=0)
_PRINTED_URL_PATTERN = re.compile(r"(?:file|https?)://\S+(?: \d+/\d+)?")
"""The foot of a page printed by a browser: the page's address."""
_HEAD_PATTERN = re.compile(r"\d{1,4}[./-]\d{1,2}[./-]\d{2,4},? \d{1,2}:\d\d\b.*")
"""The head of a page printed by a browser: the time and the page's title."""
_MAX_EDGES = 6
"""Maximum lines of a page head or foot."""
_MAX_NUMBERS = 20
"""Maximum numbers of a line that may count the pages."""
_SAME_HEIGHT, _SAME_SIZE = 2, 0.6
"""Maximum points between the tops of lines that are side by side, and between equal sizes."""
_READ_FROM_PDF_NOTE = (
    "It was read from a PDF, which knows no paragraphs, headings or lists: compare it with the"
    " original. Pictures are not taken from it, and what was underlined or raised is plain."
)
_SCANNED_REASON = (
    "holds no text: it is a picture of one. Ask for the text itself, or have a program read it"
    " (OCR), and import what that writes"
)


def import_pdf(data: bytes, *, today: date, file: str) -> ImportedDocument:
    """Find the statement in a PDF.

    Raises InvalidInput, naming ``file``, if it is locked, broken, a scan, or far too long.
    """
    read, remarks = read_pages(data, file)
    pages = list(filter(None, read))
    if not pages:
        raise unusable(file, _SCANNED_REASON)
    edges, kept = _without_edges(pages)
    lines = [line for page in kept for line in page]
    columns = [list(column) for page in kept for _, column in groupby(page, key=attrgetter("part"))]
    # to half points: scaling a page turns one size of letters into several
    usual = _most_frequent((round(line.size * 2) / 2, len(line.text)) for line in lines)
    pitch = _line_distance([round(gap, 1) for column in columns for gap in _gaps(column, usual)])
    blocks = _join_over_pages([_blocks(part, usual, pitch * _MIN_GAP_RATIO) for part in columns])
    margin = _most_frequent((round(line.cells[0].left), 1) for line in lines if line.cells)
    return import_body(
        "".join(_html(blocks, size=usual, margin=margin)),
        edges=[*edges, *remarks],
        outside_texts=[outside.text for outside in (*edges, *remarks)],
        notes=_notes(pages),
        today=today,
        file=file,
    )


def _notes(pages: Sequence[Sequence[PdfLine]]) -> Iterator[str]:
    yield _READ_FROM_PDF_NOTE
    unread = sum(line.text.count(UNREAD_MARK) for page in pages for line in page)
    if unread:
        letters = "1 letter" if unread == 1 else f"{unread} letters"
        yield f"It does not say what {letters} of it are: write them where {UNREAD_MARK} stands."


def _without_edges(
    pages: Sequence[Sequence[PdfLine]],
) -> tuple[list[DroppedLine], list[list[PdfLine]]]:
    """Remove the lines at the head or foot of most pages.

    Browsers print two on one line: the day and the title, the address and the page's number.
    """
    edges_by_words: dict[str, DroppedLine] = {}
    kept = [list(page) for page in pages]
    for depth in range(_MAX_EDGES):
        tops = [[one.top for one in page] for page in kept]
        ends = [(n, max(of_page), min(of_page)) for n, of_page in enumerate(tops) if of_page]
        heads = [(n, one) for n, top, _ in ends for one in kept[n] if top - one.top < _SAME_HEIGHT]
        feet = [(n, one) for n, _, last in ends for one in kept[n] if one.top - last < _SAME_HEIGHT]
        browsers = [line for _, line in feet if _PRINTED_URL_PATTERN.fullmatch(line.text)]
        browsers += [line for _, line in heads if browsers and _HEAD_PATTERN.fullmatch(line.text)]
        removed: list[PdfLine] = []
        for place, lines in (("head", heads), ("foot", feet)):
            shape_counts = Counter(shape for n, line in lines for shape in _shapes(line, n))
            for page, line in lines:
                # below each other, lines of numbers are more often those of a table
                may_repeat = len(pages) > 1 and (depth == 0 or any(map(str.isalpha, line.text)))
                copies = max(shape_counts[shape] for shape in _shapes(line, page))
                repeated = may_repeat and copies * 2 > len(pages)
                # a number alone goes from a single page too, where nothing can be seen to repeat
                short = depth == 0 and len(line.text) < 40
                if (
                    repeated
                    or (short and _PAGE_PATTERN.fullmatch(line.text.lower()))
                    or line in browsers
                ):
                    why = f"at the {place} of each page"
                    found = DroppedLine(line=0, text=cut_text(line.text), reason=why)
                    edges_by_words.setdefault(re.sub(r"\d+", "0", line.text), found)
                    removed.append(line)
        kept = [[line for line in page if line not in removed] for page in kept]
    return list(edges_by_words.values()), [page for page in kept if page]


def _shapes(line: PdfLine, page: int) -> Iterator[str]:
    """Yield a line's words, and the same with each number that may count the pages."""
    yield line.text
    for found in islice(re.finditer(r"\d{1,4}", line.text), _MAX_NUMBERS):
        yield f"{line.text[: found.start()]}#{int(found[0]) - page}{line.text[found.end() :]}"


def _most_frequent(weights: Iterable[tuple[float, int]]) -> float:
    weight_of: Counter[float] = Counter()
    for value, weight in weights:
        weight_of[value] += weight
    return weight_of.most_common(1)[0][0] if weight_of else 0.0


@dataclass(kw_only=True)
class _Block:
    """The lines of a paragraph, or the rows of a table."""

    lines: list[PdfLine] = field(default_factory=list)
    rows: list[list[Cell]] = field(default_factory=list)
    empty_points: float = 0.0
    """Points between the end of the last line and the right margin."""

    def continues_with(self, line: PdfLine) -> bool:
        """Return whether a paragraph continues: the next line's first word did not fit on the last
        line."""
        last_line = self.lines[-1]
        letter = (last_line.right - last_line.left) / max(len(last_line.text), 1)
        return self.empty_points < _MIN_ROOM_RATIO * letter * (len(line.text.split()[0]) + 1)

    @property
    def is_complete(self) -> bool:
        """Return whether the last line ends a sentence, or the block is no running text."""
        return bool(self.rows) or bool(_SENTENCE_END_PATTERN.search(self.lines[-1].text))


def _gaps(column: Sequence[PdfLine], size: float) -> Iterator[float]:
    """Yield the distance of each two adjacent lines of a size, relative to the size."""
    for above, line in pairwise(sorted(column, key=lambda line: -line.top)):
        is_usual = _is_as_large(above, line) and abs(line.size - size) < _SAME_SIZE
        if is_usual and above.top - line.top > _SAME_HEIGHT:
            yield (above.top - line.top) / line.size


def _line_distance(gaps: Sequence[float]) -> float:
    """Return the distance of lines in paragraphs: the smallest one that is frequent.

    Most lines of a short text may end paragraphs.
    """
    counts = Counter(gaps)
    most = max(counts.values(), default=0)
    return min((gap for gap, count in counts.items() if count * 4 >= most), default=0.0)


def _blocks(page: Sequence[PdfLine], size: float, line_distance: float) -> list[_Block]:
    """Join the lines of a column to paragraphs and tables, by pdfminer's boxes and by distance.

    ``size`` is the size of most letters, in points. ``line_distance`` is the largest distance of
    two lines of a paragraph, relative to the size of their letters.
    """
    edges = [line.right for line in page if _is_as_large(line, replace(line, size=size))]
    right = max(edges, default=0.0)
    blocks: list[_Block] = []
    for row in _group_side_by_side(page):
        cells = [cell for line in row for cell in line.cells]
        cells.sort(key=lambda cell: cell.left, reverse=row[0].is_rtl)
        is_full = right - max(line.right for line in row) < _SAME_HEIGHT
        is_listed = _LIST_MARK_PATTERN.fullmatch(cells[0].text)
        if len(cells) > 1 and not is_listed and not (is_full and _is_justified(cells)):
            if blocks and blocks[-1].rows and len(blocks[-1].rows[-1]) == len(cells):
                blocks[-1].rows.append(cells)
            else:
                blocks.append(_Block(lines=[row[0]], rows=[cells]))
            continue
        line = replace(_as_one(row[0], cells), right=max(one.right for one in row))
        above = blocks[-1].lines[-1] if blocks and not blocks[-1].rows else None
        # a day or a dash amid a sentence is no mark of an item
        is_amid = above and not blocks[-1].is_complete and blocks[-1].continues_with(line)
        is_dash = line.text[0] in "–-" and not _BULLET_PATTERN.match(above.text if above else "")
        is_number = not is_amid and _NUMBER_PATTERN.match(line.text)
        is_item = is_number or (not (is_amid and is_dash) and _BULLET_PATTERN.match(line.text))
        joins = (
            above
            and _is_as_large(above, line)
            and not is_item
            and (_is_close_below(above, line) or _is_below(blocks[-1], line, size, line_distance))
        )
        if joins:
            blocks[-1].lines.append(line)
        else:
            blocks.append(_Block(lines=[line]))
        # a line alone shows no margin
        blocks[-1].empty_points = float("inf") if edges == [line.right] else right - line.right
    # A single row of several cells is no table, but a line with gaps in it.
    return [
        _Block(lines=[_as_one(block.lines[0], block.rows[0])]) if len(block.rows) == 1 else block
        for block in blocks
    ]


def _is_justified(cells: Sequence[Cell]) -> bool:
    """Return whether cells are the words of a justified line, which have equal gaps."""
    cells = sorted(cells, key=lambda cell: cell.left)
    gaps = [after.left - before.right for before, after in pairwise(cells)]
    has_blank = any(" " in cell.text for cell in cells)
    return not has_blank and max(gaps) - min(gaps) < _SAME_HEIGHT


def _is_below(block: _Block, line: PdfLine, usual_size: float, pitch: float) -> bool:
    above = block.lines[-1]
    if above.top - line.top > pitch * line.size:
        return False
    offset = above.right - line.right if line.is_rtl else line.left - above.left
    is_first = len(block.lines) == 1
    is_aligned = abs(offset) < _SAME_HEIGHT or (is_first and -_INDENT[1] < offset < 0)
    if is_first and _LIST_MARK_PATTERN.match(above.text):
        is_aligned = 0 < offset < _INDENT[1]
    return line.size >= usual_size * _MIN_TITLE_RATIO or (is_aligned and block.continues_with(line))


def _is_close_below(above: PdfLine, line: PdfLine) -> bool:
    """Return whether two lines are so close that only lines of one paragraph are."""
    tolerance = (line.top - line.bottom) / 2
    left, right = line.left - above.left, line.right - above.right
    # aligned at the left, at the right or in the middle
    is_aligned = min(abs(left), abs(right), abs(left + right) / 2) < tolerance
    return -tolerance < above.bottom - line.top < tolerance and is_aligned


def _as_one(line: PdfLine, cells: Sequence[Cell]) -> PdfLine:
    words = [word for cell in cells for word in (*cell.words, TextRun(text=" "))]
    return replace(
        line, cells=(Cell(words=tuple(words), left=cells[0].left, right=cells[-1].right),)
    )


def _group_side_by_side(page: Sequence[PdfLine]) -> Iterator[list[PdfLine]]:
    """Yield the lines that are side by side, from top to bottom."""
    row: list[PdfLine] = []
    for line in sorted((line for line in page if line.cells), key=lambda line: -line.top):
        # by its middle: lines below each other often overlap at their edges
        if row and (line.top + line.bottom) / 2 < row[0].bottom:
            yield row
            row = []
        row.append(line)
    if row:
        yield row


def _is_as_large(one: PdfLine, other: PdfLine) -> bool:
    return abs(one.size - other.size) < _SAME_SIZE


def _join_over_pages(pages: Sequence[list[_Block]]) -> list[_Block]:
    """Return the blocks of all pages. A paragraph that a page break splits is joined."""
    joined: list[_Block] = []
    for page in pages:
        blocks = list(page)
        if joined and blocks and not joined[-1].is_complete and not blocks[0].rows:
            first, last = blocks[0].lines[0], joined[-1].lines[-1]
            alike = _is_as_large(last, first) and joined[-1].continues_with(first)
            # lines of a headline, whose letters show no margin, begin or end below each other
            shift = min(abs(last.left - first.left), abs(last.right - first.right))
            alike = alike and (joined[-1].empty_points >= 0 or shift < first.size)
            is_other = _BULLET_PATTERN.match(first.text) or weigh_foot(first.text) > 1
            if alike and not is_other:
                joined[-1].lines += blocks.pop(0).lines
        joined += blocks
    return joined


def _html(blocks: Sequence[_Block], *, size: float, margin: float) -> Iterator[str]:
    """Yield the HTML of the blocks. Adjacent items form one list.

    ``size`` is the size of most letters, and ``margin`` the left edge of most lines, in points.
    """
    # a PDF names no levels: the largest letters are the title's, all other large ones subheads
    max_size = max((block.lines[0].size for block in blocks if block.lines), default=0.0)
    for kind, group in groupby(_with_kinds(blocks, size, margin), key=itemgetter(0)):
        same_kind = [block for _, block in group]
        if kind in {"ul", "ol"}:
            items = (f"<li>{_block_html(block, without_mark=True)}</li>" for block in same_kind)
            yield f"<{kind}>{''.join(items)}</{kind}>"
        elif kind == "blockquote":
            quoted = "".join(f"<p>{_block_html(block)}</p>" for block in same_kind)
            yield f"<blockquote>{quoted}</blockquote>"
        elif kind == "table":
            yield from (_table(block.rows) for block in same_kind)
        elif kind == "h":
            for block in same_kind:
                level = 1 if block.lines[0].size > max_size - 0.6 else 2
                yield f"<h{level}>{_block_html(block)}</h{level}>"
        else:
            yield from (f"<p>{_block_html(block)}</p>" for block in same_kind)


def _with_kinds(
    blocks: Sequence[_Block], usual_size: float, margin: float
) -> Iterator[tuple[str, _Block]]:
    are_indented = [_is_indented(block, margin) for block in blocks]
    quotes = sum(are_indented) * 3 <= len(blocks)  # else it is how the whole text is laid out
    numbered = _find_numbered(blocks)
    for number, block in enumerate(blocks):
        if block.rows:
            yield "table", block
        elif _BULLET_PATTERN.match(block.lines[0].text):
            yield "ul", block
        elif number in numbered:
            yield "ol", block
        elif block.lines[0].size >= usual_size * _MIN_TITLE_RATIO:
            yield "h", block
        else:
            yield ("blockquote" if quotes and are_indented[number] else "p"), block


def _is_indented(block: _Block, margin: float) -> bool:
    """Return whether all lines of a block are indented by as much as quotations are."""
    lefts = [line.cells[0].left - margin for line in block.lines]
    words = sum(len(line.text.split()) for line in block.lines)
    is_aligned = max(lefts, default=0) - min(lefts, default=0) < 2
    return bool(lefts) and is_aligned and _INDENT[0] < lefts[0] < _INDENT[1] and words > 4


def _find_numbered(blocks: Sequence[_Block]) -> set[int]:
    """Return the indexes of blocks that are numbered 1, 2 and so on. A date is not one of them."""
    numbers = [
        _NUMBER_PATTERN.match(block.lines[0].text) if block.lines else None for block in blocks
    ]
    numbered: set[int] = set()
    for index, number in enumerate(numbers):
        run = [index] if number and number[1] == "1" else []
        for following, one in enumerate(numbers[index + 1 :], start=index + 1):
            if not run or one is None or one[1] != str(len(run) + 1):
                break
            run.append(following)
        numbered |= set(run) if len(run) > 1 else set()
    return numbered


def _block_html(block: _Block, *, without_mark: bool = False) -> str:
    words: list[TextRun] = []
    is_typed = any(_TYPED_HYPHEN_PATTERN.search(line.text) for line in block.lines)
    for line, below in zip_longest(block.lines, block.lines[1:]):
        for cell in line.cells:
            words += [*cell.words, TextRun(text=" ")]
        split = _SPLIT_WORD_PATTERN.search(line.text)
        if split and below and not _OPEN_WORD_PATTERN.match(below.text):
            while not words[-1].text.strip():
                words.pop()
            text = words[-1].text.rstrip()
            words[-1] = replace(words[-1], text=text if is_typed else text.removesuffix("‐"))
    return _marked_html(_without_mark(words) if without_mark else words)


def _without_mark(words: Sequence[TextRun]) -> list[TextRun]:
    """Return an item's runs without its bullet or number."""
    text = "".join(word.text for word in words)
    found = _BULLET_PATTERN.match(text) or _NUMBER_PATTERN.match(text)
    mark_length = found.end() if found else 0
    kept_words = []
    for word in words:
        kept_words.append(replace(word, text=word.text[mark_length:]))
        mark_length = max(0, mark_length - len(word.text))
    return kept_words


def _marked_html(words: Sequence[TextRun]) -> str:
    """Write runs as HTML, and merge those that look alike."""
    runs: list[TextRun] = []
    for word in filter(lambda word: word.text, words):
        # a blank looks like the run before it: PDFs often set it in another font
        if runs and (not word.text.strip() or replace(runs[-1], text=word.text) == word):
            runs[-1] = replace(runs[-1], text=runs[-1].text + word.text)
        else:
            runs.append(word)
    html = ""
    for word in runs:
        text = escape(re.sub(r"\s+", " ", word.text))
        text = f"<em>{text}</em>" if word.is_italic else text
        text = f"<strong>{text}</strong>" if word.is_bold else text
        html += f'<a href="{escape(word.href)}">{text}</a>' if word.href else text
    return html


def _table(rows: Sequence[Sequence[Cell]]) -> str:
    head, *body_rows = rows
    head_cells = "".join(f"<th>{escape(cell.text)}</th>" for cell in head)
    body = "".join(
        f"<tr>{''.join(f'<td>{_marked_html(cell.words).strip()}</td>' for cell in row)}</tr>"
        for row in body_rows
    )
    return f"<table><tr>{head_cells}</tr>{body}</table>"
