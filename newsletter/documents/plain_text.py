"""Import plain text, also if it was copied from a web page or a PDF, and Markdown.

Markdown, with or without front matter, stays unchanged.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain, groupby, pairwise
from operator import itemgetter

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

from newsletter.documents.encoding import decode
from newsletter.documents.redirects import redirect_note, replace_redirects
from newsletter.documents.release import paragraphs
from newsletter.documents.release.blocks import Block, ExtractedText, import_blocks
from newsletter.documents.release.dates import find_dates
from newsletter.documents.release.feet import Reasons
from newsletter.documents.release.furniture import find_forwarded_start
from newsletter.documents.release.heading import Dated, find_prose
from newsletter.documents.release.imported import DroppedLine, ImportedDocument, unusable
from newsletter.documents.release.lines import Line, find_wrap_width, normalise, read_lines
from newsletter.documents.release.recognition import StatedFacts, complete_document, recognise
from newsletter.documents.release.words import pattern
from newsletter.domain.errors import InvalidInput
from newsletter.domain.wording import say

_PAGE_NUMBER_PATTERN = pattern("page numbers")
_PAGE_NUMBER_REASON, _RUNNING_HEADER_REASON = "a page number", "a running header"
_MAX_HEAD_CHARS = 100
_MASTHEAD_LINES = 3
"""Number of lines at the top that may be the masthead, which page heads repeat."""


def _find_running_lines(lines: Sequence[Line]) -> Reasons:
    """Return the lines to drop: page numbers, and page heads or feet beside them.

    Return none unless the numbers count from 1 and the text around them stays the same.
    """
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
    found = {n: _parse_page_number(line.text) for n, line in enumerate(lines)}
    marks = [(n, page) for n, page in found.items() if page is not None]
    numbers = [page[0] for _, page in marks]
    alike = len({page[1:] for _, page in marks}) == 1
    first = numbers[0] if marks and marks[0][1][1] else 1  # the first page may have no number
    if not marks or not alike or numbers != list(range(first, first + len(numbers))):
        return []
    is_only_one = len(marks) == 1 and marks[0][0] < len(lines) - 1
    if is_only_one and (not marks[0][1][1] or re.search(r"\w", marks[0][1][2])):
        return []
    return [n for n, _ in marks]


def _parse_page_number(text: str) -> tuple[int, str, str] | None:
    """Return the page number, the number of pages or "", and the text around them; else None."""
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


def _find_underlines(lines: Sequence[Line]) -> Reasons:
    """Return the lines to drop that only underline the line above."""
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
    """Yield (number of its table, from 1, or 0; line) for each line.

    A table is two or more adjacent lines with the same number of cells.
    """
    number = 0
    for n, line in enumerate(lines):
        follows_row = n > 0 and not line.gap_above and _same_shape(lines[n - 1], line)
        below = (
            n + 1 < len(lines) and not lines[n + 1].gap_above and _same_shape(line, lines[n + 1])
        )
        number += below and not follows_row
        yield (number if follows_row or below else 0), line


def _same_shape(one: Line, other: Line) -> bool:
    short = all(len(cell) <= _MAX_CELL_CHARS for cell in [*one.cells, *other.cells])
    return (
        len(one.cells) == len(other.cells) > 1 and short and not (_is_item(one) or _is_item(other))
    )


def _is_item(row: Line) -> bool:
    """Return whether a row is a list item of Word: mark, tab, words."""
    return len(row.cells) == 2 and _LIST_MARK_PATTERN.fullmatch(row.cells[0]) is not None


def import_bytes(data: bytes, *, today: date, file: str = "the text") -> ImportedDocument:
    """Decode and import a text file. Raises InvalidInput."""
    text, note = decode(data, file=file)
    return import_document(text, today=today, file=file, notes=filter(None, [note]))


def import_document(
    text: str, *, today: date, file: str = "the text", notes: Iterable[str] = (), subject: str = ""
) -> ImportedDocument:
    """Find title, date and body of a plain text.

    ``subject`` is that of its email. It becomes the title if the text shows none. Raises
    InvalidInput, naming ``file``, if it is empty or has no body.
    """
    text, redirects = replace_redirects(text)
    all_lines = read_lines(text)
    if not all_lines:
        raise unusable(file, "is empty; copy the whole statement into it")
    running = _find_running_lines(all_lines) | _find_underlines(all_lines)
    lines = [
        replace(line, gap_above=line.gap_above or running.get(n - 1) == _UNDERLINE_REASON)
        for n, line in enumerate(all_lines)
        if n not in running
    ]
    start, inner = find_forwarded_start([line.text for line in lines])
    forwarded, lines = lines[:start], lines[start:]
    width = find_wrap_width(lines)
    prose = find_prose(lines, width)
    left_out = [
        DroppedLine(line=all_lines[n].number, text=all_lines[n].text, reason=why)
        for n, why in running.items()
    ]
    facts = StatedFacts(
        email_subject=inner or subject,
        forwarded=forwarded,
        outside_texts=[(one.line, one.text) for one in left_out],
    )
    document, kept = recognise(lines, facts, prose=prose, width=width, today=today, file=file)
    # a paragraph may continue below a page break
    breaks = {all_lines[n].number for n in running}
    soft_breaks = {below.number for above, below in pairwise(all_lines) if above.number in breaks}
    how = paragraphs.plan_joining(lines, width=width, page_breaks=frozenset(soft_breaks - breaks))
    body = "\n\n".join(_blocks([lines[n] for n in kept], how))
    redirected = filter(None, [redirect_note(redirects)])
    all_notes = (*notes, *redirected, *document.notes, *how.notes())
    return complete_document(document, body, dropped=left_out, notes=all_notes)


_MAX_QUOTE_DEPTH = 5
"""Maximum levels of nested quotations."""


def _unquote(lines: Sequence[Line]) -> Iterator[Line]:
    """Yield the lines of a quotation without their marks. Empty ones separate paragraphs."""
    gap = False
    for line in lines:
        text = line.text[1:].strip(" ")
        if text:
            yield replace(line, text=text, cells=(), gap_above=line.gap_above or gap)
        gap = not text


def _blocks(lines: Sequence[Line], joining: paragraphs.JoinRules, depth: int = 0) -> Iterator[str]:
    """Yield each paragraph, table and quotation as Markdown."""
    is_deepest = depth == _MAX_QUOTE_DEPTH
    # a quotation of an email, but not >5 %
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
            table = (
                [paragraphs.escape_words(cell).replace("|", "\\|") for cell in row.cells]
                for row in part
            )
            head, *rows = map(" | ".join, table)
            rule = " | ".join(["---"] * len(part[0].cells))
            yield "\n".join(f"| {row} |" for row in [head, rule, *rows])
        else:
            yield from paragraphs.write_markdown(paragraphs.join_lines(part, joining))


_FRONT_MATTER_PATTERN = re.compile(
    r"---[ \t]*\n(?P<header>(?:.*\n)*?)---[ \t]*(?:\n(?:[ \t]*\n)*|\Z)"
)
_PARSER = MarkdownIt("commonmark").disable("reference")
"""Also the definition of a link is text."""
_MAX_CHARS = 200_000
"""The most of a statement at the desk."""
_EMPTY_VALUES = {"", "no", "none", "false", "null", "off", "~"}
_NOTE_PATTERN = re.compile(r"(?<!\\)\[\^[^\]\s]{1,50}\]")
_IMPORTED_KEYS = ("title", "date", "summary", "subject", "language")
_IGNORED = "front matter; only title, date, summary, subject and language are taken"
_LOST_MARK = "The title had a footnote, which a title cannot: nothing in the text leads to it now."


def import_markdown(data: bytes, *, today: date, file: str) -> ImportedDocument:
    """Find title and date of a Markdown file. Its text stays unchanged.

    Raises InvalidInput, naming ``file`` and the faulty line of the front matter.
    """
    text, note = decode(data, file=file)
    front_matter = _split_front_matter(text.removeprefix("\ufeff"), file)
    if len(front_matter.body) > _MAX_CHARS:  # the parser needs minutes for some
        long = "is longer than {most:,} characters, the most of a statement; shorten it"
        raise unusable(file, long, most=_MAX_CHARS)
    blocks = tuple(_split_blocks(front_matter.body, front_matter.body_line))
    values: dict[str, str] = {}
    ignored = []
    for key, value, line in front_matter.pairs:
        if key in _IMPORTED_KEYS and value and key not in values:
            values[key] = value
        else:
            ignored.append(DroppedLine(line=line, text=f"{key}: {value}".strip(), reason=_IGNORED))
    dates = find_dates(values.get("date", "").replace("T", " ", 1))
    extracted = ExtractedText(
        blocks=blocks,
        title=normalise(values.get("title", "")).strip(),
        dated=Dated(value=dates[0].value) if dates else None,
        summary=normalise(values.get("summary", "")).strip(),
        subject=normalise(values.get("subject", "")).strip(),
        dropped=tuple(ignored),
        notes=tuple(filter(None, [note])),
        # values that may mention an embargo; ``embargo: no`` does not
        outside_texts=tuple(
            (line, text)
            for key, value, line in front_matter.pairs
            if value.casefold() not in _EMPTY_VALUES
            for text in (value, f"{key}: {value}")
        ),
    )
    document = import_blocks(extracted, today=today, file=file)
    titles = [block.markdown for block in blocks if block.text == document.title]
    notes = (*document.notes, *([_LOST_MARK] if any(map(_NOTE_PATTERN.search, titles)) else []))
    return replace(document, language=values.get("language", ""), notes=notes)


@dataclass(frozen=True, kw_only=True)
class _FrontMatter:
    """The front matter of a file, if it has any, and the text below it."""

    pairs: tuple[tuple[str, str, int], ...]
    """(key, value, line). A value that is no text is ""."""
    body: str
    body_line: int
    """The text's first line in the file, from 1."""


def _split_front_matter(text: str, file: str) -> _FrontMatter:
    if text.startswith("+++"):
        message = "has front matter in TOML, which is not read; write it in YAML, between --- lines"
        raise unusable(file, message)
    found = _FRONT_MATTER_PATTERN.match(text)
    try:
        root = yaml.compose(found["header"], Loader=yaml.SafeLoader) if found else None
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        message = say("has front matter that is not YAML; put a value with a colon in it in quotes")
        raise InvalidInput.at(file, message, line=mark.line + 2 if mark else 1) from error
    if found is None or not isinstance(root, yaml.MappingNode):  # lines across the page
        return _FrontMatter(pairs=(), body=text.rstrip(), body_line=1)
    pairs = ((_scalar(key), _scalar(value), key.start_mark.line + 2) for key, value in root.value)
    return _FrontMatter(
        pairs=tuple(pairs),
        body=text[found.end() :].rstrip(),
        body_line=text.count("\n", 0, found.end()) + 1,
    )


def _scalar(node: yaml.Node) -> str:
    return str(node.value).strip() if isinstance(node, yaml.ScalarNode) else ""


def _split_blocks(body: str, first_line: int) -> Iterator[Block]:
    """Split a text into its paragraphs, headings, items of lists and other blocks."""
    lines = body.split("\n")
    above_end = -1
    tree = SyntaxTreeNode(_PARSER.parse(body.replace("\x00", " ")))
    for block in chain.from_iterable(
        top.children if top.type.endswith("_list") else [top] for top in tree.children
    ):
        start, end = block.map or (0, 0)
        source = "\n".join(lines[start:end]).rstrip("\n")
        inlines = (node.token for node in block.walk() if node.type == "inline" and node.token)
        # the mark of an item too: 6. May 2024
        mark = block.info + block.markup if block.type == "list_item" else ""
        words = _NOTE_PATTERN.sub("", " ".join([mark, *map(_plain_words, inlines)]))
        text = normalise(words).strip() or normalise(source).strip()
        if text:  # not only invisible characters, such as NUL
            # as many blank lines as there were: the text stays as it was written
            glue = "\n" * (start - above_end + 1)
            level = int(block.tag[1:]) if block.type == "heading" else 0
            yield Block(
                number=first_line + start, text=text, markdown=source, level=level, glue=glue
            )
            above_end = start + source.count("\n") + 1


def _plain_words(inline: Token) -> str:
    parts = inline.children or ()
    return "".join(" " if part.tag == "br" else part.content for part in parts)
