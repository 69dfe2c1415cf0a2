"""Turn the tree of a page into blocks: paragraphs, headings, lists, quotations, tables."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from newsletter.documents.markup.inline_markup import (
    BLOCK_TAGS,
    MEDIA_TAGS,
    Element,
    InlineReader,
    Run,
    line_of,
    markdown,
    split_lines,
    tag_of,
    tail_of,
    text_of,
    words,
)
from newsletter.documents.release.blocks import RULE, Block
from newsletter.documents.release.dates import date_line
from newsletter.documents.release.furniture import edge_reason, is_contact, release_line

ElementRows = Sequence[Sequence[Element]]
BlockCells = Sequence[Sequence[Sequence[Block]]]

_MAX_LAYOUT_CELL_CHARS = 400
_MAX_COLUMNS = 40


def rows_of(element: Element) -> list[list[Element]]:
    """Return the cells of a table, row by row, without those of tables inside it."""
    rows = []
    for child in element:
        if tag_of(child) == "tr":
            rows.append([cell for cell in child if tag_of(cell) in {"td", "th"}])
        elif tag_of(child) in {"thead", "tbody", "tfoot"}:
            rows += rows_of(child)
    return [row for row in rows if row]


def has_stray_words(element: Element) -> bool:
    """Return whether a table has words or elements between its cells, as on a broken page."""
    parts = [element, *element.iter("thead", "tbody", "tfoot", "tr")]
    words = [*(part.text for part in parts), *(child.tail for part in parts for child in part)]
    table_tags = {"thead", "tbody", "tfoot", "tr", "td", "th", "caption", "colgroup", "col", ""}
    has_other_tags = any(tag_of(child) not in table_tags for part in parts for child in part)
    return has_other_tags or any(word and word.strip() for word in words)


def is_layout_table(rows: ElementRows, cells: BlockCells) -> bool:
    """Return whether a table only arranges running text, so that its cells are read one by one."""
    filled_rows = [[cell for cell in row if cell] for row in cells]
    # one row or one column compares nothing: it is layout
    if sum(bool(row) for row in filled_rows) < 2 or max(map(len, filled_rows), default=0) < 2:
        return True
    texts = [_texts(cell) for row in cells for cell in row]
    has_blocks = any(
        "\n" in part.markdown or part.level for row in cells for cell in row for part in cell
    )
    has_long_cell = any(len(text) > _MAX_LAYOUT_CELL_CHARS for text in texts)
    # only small tables: in many rows, contacts and dates are data
    head = [text for text in texts[: len(rows[0]) * 2] if len(rows) <= 3]
    letterhead = any(
        release_line(text) is not None or is_contact(text) or date_line(text) for text in head
    )
    return has_blocks or has_long_cell or max(map(len, rows)) > _MAX_COLUMNS or letterhead


def write_table(rows: ElementRows, cells: BlockCells, line: int) -> list[Block]:
    """Return a table as one block of Markdown. Its first row becomes the head."""
    covered: dict[int, int] = {}
    grid = [_texts_by_column(row, of_row, covered) for row, of_row in zip(rows, cells, strict=True)]
    grid = [row for row in grid if any(row)]
    width = max(map(len, grid))
    lines = ["| " + " | ".join([*row, *[""] * (width - len(row))]) + " |" for row in grid]
    lines.insert(1, "|" + " --- |" * width)
    blocks = [block for row in cells for cell in row for block in cell]
    return [Block(number=line, text=_texts(blocks), markdown="\n".join(lines))]


def _texts(blocks: Iterable[Block]) -> str:
    return " ".join(block.text for block in blocks)


def _texts_by_column(
    row: Sequence[Element], cells: Sequence[Sequence[Block]], covered: dict[int, int]
) -> list[str]:
    """Return the texts of a row, column by column.

    ``covered`` maps a column to the number of rows that a cell above still covers.
    """
    texts: list[str] = []
    for element, blocks in zip(row, cells, strict=True):
        _skip_covered(texts, covered)
        text = " ".join(block.markdown for block in blocks).replace("|", "\\|")
        for n in range(_span(element, "colspan")):
            covered[len(texts)] = _span(element, "rowspan") - 1
            texts.append("" if n else text)
    _skip_covered(texts, covered)
    return texts


def _skip_covered(out: list[str], covered: dict[int, int]) -> None:
    while covered.get(len(out), 0) > 0:
        covered[len(out)] -= 1
        out.append("")


def _span(element: Element, direction: str) -> int:
    span = element.get(direction, "1")
    return max(1, min(int(span), _MAX_COLUMNS)) if span.isdecimal() and len(span) < 5 else 1


_HEADING_TAG_PATTERN = re.compile(r"h[1-6]")
_MAX_ENTRY_CHARS = 60
_TYPED_MARK_PATTERN = re.compile(
    r"(?:[•▪◦‣●○■□·\uf0a7\uf0b7]|(?P<dash>–|\\-)|(?P<number>\d{1,2})\\[.)])\s+(?=\S)"
)


@dataclass(frozen=True, kw_only=True)
class BlockReader:
    """Reads the blocks of one page. ``inline`` collects the parts that are left out."""

    inline: InlineReader
    block_ancestors: frozenset[Element]

    def read(self, element: Element) -> list[Block]:
        return _make_typed_lists(self._read_children(element, Run(text="")))

    def _read_children(self, element: Element, style: Run) -> list[Block]:
        """Return the blocks of an element's children. ``style`` has the marks around them."""
        blocks: list[Block] = []
        runs: list[Run] = [replace(style, text=element.text or "")]
        line = line_of(element)
        for child in element:
            tag = tag_of(child)
            if tag in BLOCK_TAGS or (child in self.block_ancestors and tag not in MEDIA_TAGS):
                blocks += _paragraphs(runs, line)
                runs = []
                blocks += self._block(child, self.inline.add_marks(child, style))
                line = line_of(child)
            else:
                runs += self.inline.runs(child, style)
            runs.append(replace(style, text=tail_of(child)))
        return _separate_lists([*blocks, *_paragraphs(runs, line)])

    def _block(self, element: Element, style: Run) -> list[Block]:
        tag = tag_of(element)
        if tag == "object":
            self.inline.leave_out(element, "embedded media", element.get("data") or tag)
        if _HEADING_TAG_PATTERN.fullmatch(tag):
            return self._heading(element, int(tag[1]))
        if tag == "pre":
            return _code(element)
        if tag == "hr":
            return [Block(number=line_of(element), text=RULE, markdown=RULE)]
        readers = {
            **dict.fromkeys(("ul", "ol", "menu", "dir"), self._list),
            "blockquote": self._quote,
            "table": self._table,
            "figure": self._figure,
        }
        return readers.get(tag, self._read_children)(element, style)

    def _heading(self, element: Element, level: int) -> list[Block]:
        lines = [line for line in split_lines(self.inline.runs_in(element, Run(text=""))) if line]
        text = " ".join(map(words, lines)).strip()
        if not text:
            return []
        written = " ".join(markdown(line, with_marks=False) for line in lines)
        # Markdown takes # at the end of a heading for its closing marks
        written = re.sub(r"(?<!#)(#++)$", r"\\\1", written)
        # the title, which is kept apart, is the only heading of the first level
        written = f"{'#' * max(2, level)} {written}"
        return [Block(number=line_of(element), text=text, markdown=written, level=level)]

    def _list(self, element: Element, style: Run) -> list[Block]:
        start = element.get("start", "1")
        number = int(start) if start.isdecimal() and len(start) < 9 else 1
        items: list[list[Block]] = []
        # pages put words, and whole lists, between the items
        stray = _paragraphs([replace(style, text=element.text or "")], line_of(element))
        for child in element:
            tag = tag_of(child)
            inside = self._read_children(child, style) if tag == "li" else self._block(child, style)
            after = _paragraphs([replace(style, text=child.tail or "")], line_of(child))
            inside, stray = [*stray, *inside, *after], []
            if tag != "li" and items:
                items[-1] = _separate_lists([*items[-1], *inside])
            elif inside:
                items.append(inside)
        if stray:
            items.append(stray)
        # the date, the author, links for sharing: such items are lines
        texts = [block.text for item in items for block in item]
        date_lines = sum(bool(date_line(text) or edge_reason(text)) for text in texts)
        max_length = max(map(len, texts), default=0)
        if max_length <= _MAX_ENTRY_CHARS and date_lines * 2 >= len(texts) > 0:
            return [block for item in items for block in item]
        marks = [f"{number + n}." for n in range(len(items))]
        return list_of(items, marks if tag_of(element) == "ol" else ["-"] * len(items))

    def _quote(self, element: Element, style: Run) -> list[Block]:
        blocks = self._read_children(element, style)
        if not blocks:
            return []
        quote = "\n".join(f"> {line}".rstrip() for line in join_blocks(blocks).split("\n"))
        return [Block(number=blocks[0].number, text=_texts(blocks), markdown=quote)]

    def _table(self, element: Element, style: Run) -> list[Block]:
        if has_stray_words(element):
            return self._read_children(element, style)
        rows = rows_of(element)
        captions = [child for child in element if tag_of(child) == "caption"]
        above = [block for caption in captions for block in self._read_children(caption, style)]
        cells = [[self._read_children(cell, Run(text="")) for cell in row] for row in rows]
        if is_layout_table(rows, cells):
            return _separate_lists(
                [*above, *(block for row in cells for cell in row for block in cell)]
            )
        return [*above, *write_table(rows, cells, line_of(element))]

    def _figure(self, element: Element, style: Run) -> list[Block]:
        if not any(tag_of(part) in {"img", "video", "iframe"} for part in element.iter()):
            return self._read_children(element, style)
        captions = list(element.iter("figcaption"))
        for caption in captions:
            caption.drop_tree()
        picture_count = len(self.inline.pictures)
        blocks = self._read_children(element, style)
        for caption in captions:
            # without its picture, a caption stays in the text
            if picture_count == len(self.inline.pictures):
                blocks += self._read_children(caption, style)
            else:
                self.inline.leave_out(caption, "the caption of a picture")
        for n in range(picture_count, len(self.inline.pictures)):
            text = " ".join(map(text_of, captions))
            self.inline.pictures[n] = replace(self.inline.pictures[n], caption=text)
        return blocks


def join_blocks(blocks: Sequence[Block]) -> str:
    return "".join((block.glue if n else "") + block.markdown for n, block in enumerate(blocks))


def list_of(items: Sequence[Sequence[Block]], marks: Sequence[str]) -> list[Block]:
    if not items:
        return []
    # a Markdown list is loose or tight as a whole: one further paragraph makes it loose
    is_loose = any(
        block.glue == "\n\n" and not _is_list(block) for item in items for block in item[1:]
    )
    items_text = []
    for mark, item in zip(marks, items, strict=True):
        parts = [
            replace(block, glue="\n") if n and _is_list(block) and not is_loose else block
            for n, block in enumerate(item)
        ]
        # CommonMark: the blocks of an item are indented as far as its words
        indent = " " * (len(mark) + 1)
        first, *others = join_blocks(parts).split("\n")
        lines = [f"{mark} {first}", *(indent + line if line else "" for line in others)]
        items_text.append("\n".join(lines))
    text = _texts(block for item in items for block in item)
    markdown = ("\n\n" if is_loose else "\n").join(items_text)
    return [Block(number=items[0][0].number, text=text, markdown=markdown)]


def _is_list(block: Block) -> bool:
    return bool(re.match(r"(?:[-*]|\d+[.)]) ", block.markdown)) and block.text != RULE


def _paragraphs(runs: Iterable[Run], number: int) -> list[Block]:
    """Return paragraphs of runs. One line break ends a line, two end a paragraph."""
    blocks: list[Block] = []
    broken = False
    for line in split_lines(runs):
        text = words(line)
        if not text:
            broken = False
            continue
        glue = "\\\n" if broken else "\n\n"
        written = markdown(line)
        blocks.append(Block(number=number, text=text, markdown=written, broken=broken, glue=glue))
        broken = True
    return blocks


def _separate_lists(blocks: list[Block]) -> list[Block]:
    """Return the blocks. The second of two adjacent lists gets another mark, to stay apart."""
    for n in range(1, len(blocks)):
        before, after = blocks[n - 1].markdown, blocks[n].markdown
        if not (_is_list(blocks[n - 1]) and _is_list(blocks[n])):
            continue
        if before.startswith("- ") and after.startswith("- "):
            other_list = re.sub(r"^- ", "* ", after, flags=re.MULTILINE)
        elif re.match(r"\d+\. ", before) and re.match(r"\d+\. ", after):
            other_list = re.sub(r"^(\d+)\. ", r"\1) ", after, flags=re.MULTILINE)
        else:
            continue
        blocks[n] = replace(blocks[n], markdown=other_list)
    return blocks


def _make_typed_lists(blocks: Sequence[Block]) -> list[Block]:
    """Return the blocks. Adjacent paragraphs that begin with typed marks become lists."""
    result: list[Block] = []
    for (kind, offset), run in groupby(enumerate(blocks), key=_typed_mark):
        items = list(run)
        # a dash or a number alone may be part of a sentence
        if not kind or (kind != "•" and len(items) == 1):
            result += (block for _, block in items)
            continue
        marks = [f"{n + offset}." if kind == "1" else "-" for n, _ in items]
        unmarked_blocks = (replace(block, text=block.text.partition(" ")[2]) for _, block in items)
        texts = [
            [replace(block, markdown=_TYPED_MARK_PATTERN.sub("", block.markdown, count=1))]
            for block in unmarked_blocks
        ]
        result += list_of(texts, marks)
    return _separate_lists(result)


def _typed_mark(place: tuple[int, Block]) -> tuple[str, int]:
    """Return the kind of a typed mark, or "", and how far its number is ahead of its place."""
    found = _TYPED_MARK_PATTERN.match(place[1].markdown)
    if found is None or found["number"] is None:
        return (found["dash"] or "•", 0) if found else ("", 0)
    return "1", int(found["number"]) - place[0]


def _code(element: Element) -> list[Block]:
    text = "".join(element.itertext()).strip("\n").replace("\r", "")
    if not text.strip():
        return []
    fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", text)), 3)
    code = f"{fence}\n{text}\n{fence}"
    return [Block(number=line_of(element), text=" ".join(text.split()), markdown=code)]


def holding_blocks(root: Element) -> frozenset[Element]:
    holders: set[Element] = set()
    for element in root.iter(*BLOCK_TAGS):
        ancestor = element.getparent()
        while ancestor is not None and ancestor not in holders:
            holders.add(ancestor)
            ancestor = ancestor.getparent()
    return frozenset(holders)


def numbered(blocks: Iterable[Block]) -> Iterator[Block]:
    """Yield the blocks with their ordinal as number, for files without lines."""
    for number, block in enumerate(blocks, start=1):
        yield replace(block, number=number)
