"""Write the text part of a mail from the same tokens as the HTML part, and fold its lines."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

from newsletter.rendering.markdown.greetings import GREETING, shown_greeting
from newsletter.rendering.markdown.links import BARE_URL_MARK

LINE_WIDTH = 72
"""Columns of the text part."""

_INVISIBLE_PATTERN = re.compile("[\u00ad\u200b\u2060\ufe0e\ufeff]")
_BOLD_CELL_PATTERN = re.compile(r"^\*([^*]+)\*$")  # its marks would shift the figure
# possessive (*+), as a long word without a colon would else be tried from each of its letters
_URL_PATTERN = re.compile(r"(?<![a-z0-9+.-])[0-9+.-]*+[a-z][a-z0-9+.-]*+:\S", re.IGNORECASE)


def remove_invisible(text: str) -> str:
    """Remove invisible characters except joiners, which Persian and emoji need."""
    return _INVISIBLE_PATTERN.sub("", text)


def count_columns(text: str) -> int:
    """Return the width of a text in a terminal. Wide East Asian characters count twice."""
    return sum(map(_columns_of, text))


def wrap(text: str, width: int = LINE_WIDTH, *, indent: str = "") -> list[str]:
    """Fold text into lines of at most ``width`` columns. All but the first begin with ``indent``.

    Line breaks stay. Addresses and long words stay whole and may be wider. East Asian text, which
    has no blanks, is broken between characters.
    """
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = indent if lines else ""
        is_first = True
        for gap, word in _words(paragraph):
            if not is_first and count_columns(line) + len(gap) + count_columns(word) > width:
                lines.append(line.rstrip())
                line, is_first = indent, True
            line += word if is_first else gap + word
            is_first = False
        lines.append(line.rstrip())
    return lines


def underline(text: str, mark: str) -> str:
    """Return a text with a line of marks below it, as wide as its widest line."""
    lines = wrap(text)
    return "\n".join([*lines, mark * max(map(count_columns, lines))])


def _words(paragraph: str) -> Iterator[tuple[str, str]]:
    """Yield (blank before it, piece) for each piece that must stay whole."""
    for word in re.split(r"[ \t\r\f\v]+", paragraph.strip(" \t\r\f\v")):
        gap = " "
        # an address that is broken leads nowhere
        for piece in [word] if _URL_PATTERN.search(word) else _split_wide(word):
            yield gap, piece
            gap = ""


def _split_wide(word: str) -> list[str]:
    pieces = [""]
    for character in word:
        # no comma or closing bracket begins a line in Chinese or Japanese
        is_closing = unicodedata.category(character) in {"Po", "Pe", "Pf"}
        if _columns_of(character) == 2 and pieces[-1] and not is_closing:
            pieces.append("")
        pieces[-1] += character
    return pieces


def _columns_of(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) == "Cf":
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


@dataclass(frozen=True, kw_only=True)
class PlainBody:
    """A statement's body as text, and the address of each ``[n]`` in it."""

    text: str
    links: tuple[str, ...]


def to_text(tokens: Sequence[Token], *, colon: str = ":") -> PlainBody:
    """Return the body in lines of at most 72 columns, with links numbered in reading order.

    ``colon`` follows labels; in French it has a blank.
    """
    links: dict[str, int] = {}
    lines = _Writer(links, colon).blocks(SyntaxTreeNode(tokens).children, LINE_WIDTH)
    return PlainBody(text=remove_invisible("\n".join(lines)), links=tuple(links))


class _Writer:
    """Writes blocks as lines, and collects the addresses of links."""

    def __init__(self, links: dict[str, int], colon: str) -> None:
        self._links, self._colon = links, colon
        self._blocks: dict[str, Callable[[SyntaxTreeNode, int], list[str]]] = {
            "paragraph": lambda node, width: wrap(self._inline(node.children[0]), width),
            "heading": self._heading,
            "bullet_list": self._list,
            "ordered_list": self._list,
            "blockquote": lambda node, width: [
                f"> {line}".rstrip() for line in self.blocks(node.children, width - 2)
            ],
            "fence": self._code,
            "code_block": self._code,
            "table": self._table,
            "hr": lambda _node, _width: ["* * *"],
            "footnote_block": self._notes,
            "button": self._button,
            "video": self._video,
            "columns": lambda node, width: self.blocks(node.children, width),
            "column": lambda node, width: self.blocks(node.children, width),
        }

    def blocks(self, nodes: Sequence[SyntaxTreeNode], width: int) -> list[str]:
        """Return the lines of blocks, with empty lines between them except in a tight list."""
        lines: list[str] = []
        gap = False
        for node in nodes:
            if node.type not in self._blocks:
                continue
            block_lines = self._blocks[node.type](node, width)
            if node.type == "paragraph" and not any(block_lines):
                continue  # a picture that only decorates
            if gap:
                lines.append("")
            lines += block_lines
            gap = not node.hidden
        return lines

    def _heading(self, node: SyntaxTreeNode, width: int) -> list[str]:
        mark = "-" if node.tag == "h2" else "~"
        return underline(self._inline(node.children[0]), mark).split("\n")

    def _list(self, node: SyntaxTreeNode, width: int) -> list[str]:
        start = int(node.attrs.get("start", 1))
        ordered = node.type == "ordered_list"
        marks = [f"{start + index}. " if ordered else "- " for index in range(len(node.children))]
        indent = max(map(len, marks))
        texts = [child for item in node.children for child in item.children]
        # without empty lines between its items, the paragraphs of a list are hidden
        is_loose = not all(text.hidden for text in texts if text.type == "paragraph")
        lines: list[str] = []
        for mark, item in zip(marks, node.children, strict=True):
            if lines and is_loose:
                lines.append("")
            lines += _indent_item(mark.rjust(indent), self.blocks(item.children, width - indent))
        return lines

    def _code(self, node: SyntaxTreeNode, width: int) -> list[str]:
        return [f"    {line}".rstrip() for line in node.content.rstrip("\n").split("\n")]

    def _notes(self, node: SyntaxTreeNode, width: int) -> list[str]:
        lines: list[str] = []
        for number, note in enumerate(node.children, start=1):
            mark = f"({number}) "
            lines += _indent_item(mark, self.blocks(note.children, width - len(mark)))
        return lines

    def _button(self, node: SyntaxTreeNode, width: int) -> list[str]:
        """Return the lines of a button: its label, then its address on a line of its own."""
        (link,) = (child for child in node.children[0].children if child.type == "link")
        return [*wrap(f"{self._inline(link)}{self._colon}", width), str(link.attrs["href"])]

    def _video(self, node: SyntaxTreeNode, width: int) -> list[str]:
        poster, play = node.children
        (link,) = (child for child in poster.children if child.type == "link")
        lines = [line for line in wrap(self._inline(link), width) if line]
        return [*lines, *self._button(play, width)]

    def _table(self, node: SyntaxTreeNode, width: int) -> list[str]:
        rows = [row for part in node.children for row in part.children]
        texts = [
            [_BOLD_CELL_PATTERN.sub(r"\1", self._inline(cell.children[0])) for cell in row.children]
            for row in rows
        ]
        widths = [max(map(count_columns, column)) for column in zip(*texts, strict=True)]
        # two blanks between columns, as they are joined
        if sum(widths) + 2 * (len(widths) - 1) > width:
            return _records(texts, width, self._colon)
        sides = [str(cell.meta["side"]) for cell in rows[0].children]
        lines = [_align(row, widths, sides) for row in texts]
        return [lines[0], "  ".join("-" * size for size in widths), *lines[1:]]

    def _inline(self, node: SyntaxTreeNode) -> str:
        return "".join(map(self._piece, node.children))

    def _piece(self, node: SyntaxTreeNode) -> str:
        if node.type in {"softbreak", "hardbreak"}:
            return "\n" if node.type == "hardbreak" else " "
        if node.type == "footnote_ref":
            return f" ({node.meta['id'] + 1})"
        if node.type == "image":
            return f"[{node.content}]" if node.content.strip() else ""
        if node.type == "kind":
            return f" ({node.content})"
        if node.type == GREETING:
            return shown_greeting(node.content, node.meta)
        if node.type == "link":
            return self._link(node)
        if not node.children:
            return node.content
        mark = {"strong": "*", "em": "_", "s": "~~"}.get(node.type, "")
        return f"{mark}{self._inline(node)}{mark}"

    def _link(self, node: SyntaxTreeNode) -> str:
        label, href = self._inline(node), str(node.attrs["href"])
        if node.markup == BARE_URL_MARK:
            return href.removeprefix("mailto:")
        # an address that is shown as it is needs no number
        if label in {href, href.removeprefix("mailto:")}:
            return label
        number = self._links.setdefault(href, len(self._links) + 1)
        return f"{label} [{number}]".lstrip()


def _indent_item(mark: str, lines: list[str]) -> list[str]:
    first, *others = lines or [""]
    indent = " " * len(mark)
    return [(mark + first).rstrip(), *((indent + line).rstrip() for line in others)]


def _align(texts: Sequence[str], widths: Sequence[int], alignments: Sequence[str]) -> str:
    cells = []
    for text, width, side in zip(texts, widths, alignments, strict=True):
        padding = width - count_columns(text)
        left_padding = {"right": padding, "center": padding // 2}.get(side, 0)
        cells.append(" " * left_padding + text + " " * (padding - left_padding))
    return "  ".join(cells).rstrip()


def _records(texts: Sequence[Sequence[str]], width: int, colon: str) -> list[str]:
    """Return each row of a wide table as a paragraph with a line for each column."""
    heads, *rows = texts
    lines: list[str] = []
    for row in rows:
        if lines:
            lines.append("")
        for head, text in zip(heads, row, strict=True):
            labelled = f"{head}{colon} {text}" if head else text
            lines += wrap(labelled, width, indent="  ") if text else []
    return lines
