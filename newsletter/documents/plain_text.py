"""Find title, date and body in a plain text, copied from a web page or a PDF."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from itertools import groupby, pairwise
from operator import itemgetter

from newsletter.documents.encoding import decode
from newsletter.documents.redirects import redirect_note, replace_redirects
from newsletter.documents.release.furniture import below_forwarding
from newsletter.documents.release.heading import first_prose
from newsletter.documents.release.imported import DroppedLine, ImportedDocument, unusable
from newsletter.documents.release.lines import Line, read_lines, wrap_width
from newsletter.documents.release.paragraphs import (
    Joining,
    escape_words,
    how_to_join,
    in_markdown,
    join_lines,
)
from newsletter.documents.release.recognition import (
    Reasons,
    StatedFacts,
    complete_document,
    recognise,
)
from newsletter.documents.release.words import pattern

_PAGE_NUMBER_PATTERN = pattern("page numbers")
_PAGE_NUMBER_REASON, _RUNNING_HEADER_REASON = "a page number", "a running header"
_MAX_HEAD_CHARS = 100
_MASTHEAD_LINES = 3
"""Lines at the top that may be the masthead, which page heads repeat."""


def _running_lines(lines: Sequence[Line]) -> Reasons:
    """Return page numbers and the page heads or feet beside them, as lines to drop. Return none
    unless the numbers count from 1 and the text around them stays the same."""
    marks = _page_marks(lines)
    if not marks:
        return {}
    reasons = dict.fromkeys(marks, _PAGE_NUMBER_REASON)
    neighbours = [n for mark in marks for n in (mark - 1, mark + 1) if 0 <= n < len(lines)]
    counts = Counter(lines[n].text for n in neighbours)
    masthead = [line.text.casefold() for line in lines[:_MASTHEAD_LINES]]
    for n in neighbours:
        repeated = (
            n >= _MASTHEAD_LINES
            and n - 1 in marks
            and any(one in lines[n].text.casefold() for one in masthead)
        )
        if n not in marks and (repeated or counts[lines[n].text] == len(marks) > 1):
            reasons[n] = _RUNNING_HEADER_REASON
    return reasons


def _page_marks(lines: Sequence[Line]) -> list[int]:
    found = {n: _page(line.text) for n, line in enumerate(lines)}
    marks = [(n, page) for n, page in found.items() if page is not None]
    numbers = [page[0] for _, page in marks]
    alike = len({page[1:] for _, page in marks}) == 1
    if not marks or not alike or numbers != list(range(1, len(numbers) + 1)):
        return []
    is_only_one = len(marks) == 1 and marks[0][0] < len(lines) - 1
    if is_only_one and (not marks[0][1][1] or re.search(r"\w", marks[0][1][2])):
        return []
    return [n for n, _ in marks]


def _page(text: str) -> tuple[int, str, str] | None:
    """Return a page's number, the number of pages, and the rest of the line."""
    match = _PAGE_NUMBER_PATTERN.fullmatch(text) if len(text) <= _MAX_HEAD_CHARS else None
    if match is None:
        return None
    around = f"{match['before']}|{match['behind']}"
    bare = re.fullmatch(r"\W*", around)
    if match["n"] is None and not bare:
        return None
    number = match["n"] or match["m"] or match["k"] or match["b"]
    return int(number), match["of"] or match["mof"] or "", around


_UNDERLINE_PATTERN = re.compile(r"(?:={4,}|-{4,}|~{4,}|_{4,}|\*{4,}|—{4,})")
_UNDERLINE_REASON = "an underline"


def _underlines(lines: Sequence[Line]) -> Reasons:
    """Return the rows of signs that underline the line above, as lines to drop."""
    return {
        n: _UNDERLINE_REASON
        for n, line in enumerate(lines)
        if n
        and not line.gap_above
        and len(line.text) <= _MAX_HEAD_CHARS
        and _UNDERLINE_PATTERN.fullmatch(line.text)
    }


_MAX_CELL_CHARS = 200
_LIST_MARK_PATTERN = re.compile(r"[•▪◦‣●○■□·*§o\uf0a7\uf0b7–-]|\(?(?:\d{1,2}|[a-z])[.)]")


def _table_rows(lines: Sequence[Line]) -> Iterator[tuple[int, Line]]:
    """Yield each line with the number of its table, from 1, or 0.

    A table is two or more adjacent lines with the same number of cells.
    """
    number = 0
    for n, line in enumerate(lines):
        follows_row = n > 0 and not line.gap_above and _alike(lines[n - 1], line)
        below = n + 1 < len(lines) and not lines[n + 1].gap_above and _alike(line, lines[n + 1])
        number += below and not follows_row
        yield (number if follows_row or below else 0), line


def _alike(one: Line, other: Line) -> bool:
    short = all(len(cell) <= _MAX_CELL_CHARS for cell in [*one.cells, *other.cells])
    return len(one.cells) == len(other.cells) > 1 and short and not (_listed(one) or _listed(other))


def _listed(row: Line) -> bool:
    """Whether a row is a list item as Word writes it: mark, tab, words."""
    return len(row.cells) == 2 and _LIST_MARK_PATTERN.fullmatch(row.cells[0]) is not None


def import_bytes(data: bytes, *, today: date, file: str = "the text") -> ImportedDocument:
    """Decode and import a text file; add a note if the encoding was guessed. Raises
    InvalidInput."""
    text, note = decode(data, file=file)
    return import_document(text, today=today, file=file, notes=filter(None, [note]))


def import_document(
    text: str, *, today: date, file: str = "the text", notes: Iterable[str] = (), subject: str = ""
) -> ImportedDocument:
    """Find title, date and body of a plain text.

    ``subject`` is that of its email: the title if the text shows none. Raises InvalidInput, naming
    ``file``, if it is empty or has no body.
    """
    text, redirects = replace_redirects(text)
    all_lines = read_lines(text)
    if not all_lines:
        raise unusable(file, "is empty; copy the whole statement into it")
    running = _running_lines(all_lines) | _underlines(all_lines)
    lines = [
        replace(line, gap_above=line.gap_above or running.get(n - 1) == _UNDERLINE_REASON)
        for n, line in enumerate(all_lines)
        if n not in running
    ]
    start, inner = below_forwarding([line.text for line in lines])
    forwarded, lines = lines[:start], lines[start:]
    width = wrap_width(lines)
    prose = first_prose(lines, width)
    left_out = [
        DroppedLine(line=all_lines[n].number, text=all_lines[n].text, reason=why)
        for n, why in running.items()
    ]
    facts = StatedFacts(
        email=inner or subject,
        forwarded=forwarded,
        beside=[(one.line, one.text) for one in left_out],
    )
    document, kept = recognise(lines, facts, prose=prose, width=width, today=today, file=file)
    # A paragraph may go on below what a page break left between its lines.
    breaks = {all_lines[n].number for n in running}
    soft_breaks = {below.number for above, below in pairwise(all_lines) if above.number in breaks}
    how = how_to_join(lines, width=width, soft=frozenset(soft_breaks - breaks))
    body = "\n\n".join(_blocks([lines[n] for n in kept], how))
    redirected = filter(None, [redirect_note(redirects)])
    all_notes = (*notes, *redirected, *document.notes, *how.notes())
    return complete_document(document, body, dropped=left_out, notes=all_notes)


_MAX_QUOTE_DEPTH = 5
"""Levels of nested quotations."""


def _unquote(lines: Sequence[Line]) -> Iterator[Line]:
    """Yield the lines of a quotation; empty ones separate paragraphs."""
    gap = False
    for line in lines:
        text = line.text[1:].strip(" ")
        if text:
            yield replace(line, text=text, cells=(), gap_above=line.gap_above or gap)
        gap = not text


def _blocks(lines: Sequence[Line], joining: Joining, depth: int = 0) -> Iterator[str]:
    """Yield paragraphs, tables and quotations, in Markdown."""
    is_deepest = depth == _MAX_QUOTE_DEPTH
    # as emails quote, and no sum such as >5 %
    kinds = (
        (cells, (line.text + " ").startswith(("> ", ">>")) and not is_deepest, line)
        for cells, line in _table_rows(lines)
    )
    for (cells, quoted), group in groupby(kinds, key=itemgetter(0, 1)):
        part = [line for *_, line in group]
        if quoted and len(part) > 1:  # a single line may only begin so
            inner = "\n\n".join(_blocks(list(_unquote(part)), joining, depth + 1))
            yield "\n".join(f"> {line}".rstrip() for line in inner.split("\n"))
        elif cells:
            table = ([escape_words(cell).replace("|", "\\|") for cell in row.cells] for row in part)
            head, *rows = map(" | ".join, table)
            rule = " | ".join(["---"] * len(part[0].cells))
            yield "\n".join(f"| {row} |" for row in [head, rule, *rows])
        else:
            yield from in_markdown(join_lines(part, joining))
