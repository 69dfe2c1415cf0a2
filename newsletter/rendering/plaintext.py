"""The text part's body, from the same tokens as the HTML."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

from newsletter.rendering.wrapping import WIDTH, columns, underlined, visible, wrap


@dataclass(frozen=True, kw_only=True)
class PlainBody:
    """A statement's body as text, and the addresses that its ``[n]`` stand for."""

    text: str
    links: tuple[str, ...]


def to_text(tokens: Sequence[Token]) -> PlainBody:
    """Write the body in lines of at most 72 columns, with links numbered in reading order."""
    links: dict[str, int] = {}
    lines = _Writer(links).blocks(SyntaxTreeNode(tokens).children, WIDTH)
    return PlainBody(text=visible("\n".join(lines)), links=tuple(links))


def inline_text(nodes: Sequence[SyntaxTreeNode]) -> str:
    """What a line of text says, without links and marks of emphasis."""
    return visible("".join(_bare(node) for node in nodes))


def _bare(node: SyntaxTreeNode) -> str:
    if node.type in {"softbreak", "hardbreak"}:
        return " "
    if node.type in {"text", "code_inline"}:
        return node.content
    return "" if node.type == "image" else "".join(map(_bare, node.children))


class _Writer:
    """Writes blocks as lines, and collects addresses on the way."""

    def __init__(self, links: dict[str, int]) -> None:
        self._links = links
        self._blocks: dict[str, Callable[[SyntaxTreeNode, int], list[str]]] = {
            "paragraph": self._paragraph,
            "heading": self._heading,
            "bullet_list": self._list,
            "ordered_list": self._list,
            "blockquote": self._quote,
            "fence": self._code,
            "code_block": self._code,
            "table": self._table,
            "hr": lambda _node, _width: ["* * *"],
            "footnote_block": self._notes,
        }

    def blocks(self, nodes: Sequence[SyntaxTreeNode], width: int) -> list[str]:
        """All blocks, with an empty line between them but after the text of a tight list's item."""
        lines: list[str] = []
        gap = False
        for node in nodes:
            if node.type not in self._blocks:
                continue
            if gap:
                lines.append("")
            lines += self._blocks[node.type](node, width)
            gap = not node.hidden
        return lines

    # --- blocks ---

    def _paragraph(self, node: SyntaxTreeNode, width: int) -> list[str]:
        return wrap(self._inline(node.children[0]), width)

    def _heading(self, node: SyntaxTreeNode, width: int) -> list[str]:
        return underlined(self._inline(node.children[0]), "-" if node.tag == "h2" else "~").split(
            "\n"
        )

    def _list(self, node: SyntaxTreeNode, width: int) -> list[str]:
        start = int(node.attrs.get("start", 1))
        ordered = node.type == "ordered_list"
        marks = [f"{start + index}. " if ordered else "- " for index in range(len(node.children))]
        indent = max(map(len, marks))
        loose = not _tight(node)
        lines: list[str] = []
        for mark, item in zip(marks, node.children, strict=True):
            if lines and loose:
                lines.append("")
            lines += _hang(mark.rjust(indent), self.blocks(item.children, width - indent))
        return lines

    def _quote(self, node: SyntaxTreeNode, width: int) -> list[str]:
        return [f"> {line}".rstrip() for line in self.blocks(node.children, width - 2)]

    def _code(self, node: SyntaxTreeNode, width: int) -> list[str]:
        return [f"    {line}".rstrip() for line in node.content.rstrip("\n").split("\n")]

    def _notes(self, node: SyntaxTreeNode, width: int) -> list[str]:
        lines: list[str] = []
        for number, note in enumerate(node.children, start=1):
            mark = f"({number}) "
            lines += _hang(mark, self.blocks(note.children, width - len(mark)))
        return lines

    def _table(self, node: SyntaxTreeNode, width: int) -> list[str]:
        rows = [row for part in node.children for row in part.children]
        texts = [[self._inline(cell.children[0]) for cell in row.children] for row in rows]
        widths = [max(map(columns, column)) for column in zip(*texts, strict=True)]
        if sum(widths) + 2 * (len(widths) - 1) > width:
            return _records(texts, width)
        sides = [str(cell.attrs.get("class", "left")) for cell in rows[0].children]
        lines = [_aligned(row, widths, sides) for row in texts]
        return [lines[0], "  ".join("-" * size for size in widths), *lines[1:]]

    # --- within a block ---

    def _inline(self, node: SyntaxTreeNode) -> str:
        return "".join(map(self._piece, node.children))

    def _piece(self, node: SyntaxTreeNode) -> str:
        if node.type in {"softbreak", "hardbreak"}:
            return "\n" if node.type == "hardbreak" else " "
        if node.type == "footnote_ref":
            return f" ({node.meta['id'] + 1})"
        if node.type == "image":
            return f"[{node.content}]"
        if node.type == "link":
            return self._link(node)
        if not node.children:
            return node.content
        mark = {"strong": "*", "em": "_", "s": "~~"}.get(node.type, "")
        return f"{mark}{self._inline(node)}{mark}"

    def _link(self, node: SyntaxTreeNode) -> str:
        label, href = self._inline(node), str(node.attrs["href"])
        if label in {href, href.removeprefix("mailto:")}:
            return label
        number = self._links.setdefault(href, len(self._links) + 1)
        return f"{label} [{number}]".lstrip()


def _tight(node: SyntaxTreeNode) -> bool:
    """A list whose items are not parted by empty lines: its paragraphs are hidden."""
    return all(
        child.hidden
        for item in node.children
        for child in item.children
        if child.type == "paragraph"
    )


def _hang(mark: str, lines: list[str]) -> list[str]:
    first, *others = lines or [""]
    indent = " " * len(mark)
    return [(mark + first).rstrip(), *((indent + line).rstrip() for line in others)]


def _aligned(texts: Sequence[str], widths: Sequence[int], sides: Sequence[str]) -> str:
    cells = []
    for text, width, side in zip(texts, widths, sides, strict=True):
        free = width - columns(text)
        before = {"right": free, "center": free // 2}.get(side, 0)
        cells.append(" " * before + text + " " * (free - before))
    return "  ".join(cells).rstrip()


def _records(texts: Sequence[Sequence[str]], width: int) -> list[str]:
    """A table too wide for the lines: each row as its own paragraph, a line a column."""
    heads, *rows = texts
    lines: list[str] = []
    for row in rows:
        if lines:
            lines.append("")
        for head, text in zip(heads, row, strict=True):
            lines += wrap(f"{head}: {text}" if head else text, width, rest="  ")
    return lines
