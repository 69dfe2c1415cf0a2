"""What readers see of a statement's text, passage by passage, and on which line it stands."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markdown_it.token import Token

from newsletter.rendering.references import image_size, image_source

HIDDEN = "\ufffc"
"""In the place of what is no prose: code, images, addresses written out."""

_ADDRESS = re.compile(
    r"(?:\b[a-z][a-z0-9+.-]{0,30}://|\bwww\.)[^\s<>]+|[^\s<>@]{1,64}@[^\s<>@]+", re.IGNORECASE
)
_BREAKS = {"softbreak", "hardbreak"}


@dataclass(frozen=True, kw_only=True)
class Link:
    """A link, with what readers see of it."""

    line: int
    address: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Image:
    """An image, with what those read who do not see it."""

    line: int
    address: str
    description: str
    width: int
    """In pixels; 0 where no size is given."""


@dataclass(frozen=True, kw_only=True)
class Passage:
    """A paragraph, a heading, a cell: text that belongs together, in one line."""

    text: str
    links: tuple[Link, ...]
    images: tuple[Image, ...]
    heading: int
    """Its level as it was written; 0 for no heading."""
    starts: tuple[int, ...]
    """Where in the text each line of the body begins."""
    line: int
    """The first of those lines, from 0."""

    def line_at(self, offset: int) -> int:
        """The line of the body in which a place in the text stands, from 0."""
        return self.line + bisect_right(self.starts, offset) - 1


def passages(tokens: Sequence[Token]) -> Iterator[Passage]:
    """The passages of a text, in its order; footnotes come last. Code in blocks is left out."""
    line = heading = 0
    for token in tokens:
        line = token.map[0] if token.map else line
        if token.type == "heading_open":
            heading = len(token.markup) if token.markup[0] == "#" else 1 + (token.markup == "-")
        elif token.type == "heading_close":
            heading = 0
        elif token.type == "inline":
            yield _Reading(line).passage(token.children or [], heading)


class _Reading:
    """Puts the parts of one passage together."""

    def __init__(self, line: int) -> None:
        self._first = self._line = line
        self._parts: list[str] = []
        self._length = 0
        self._starts = [0]
        self._links: list[Link] = []
        self._images: list[Image] = []
        self._open: list[tuple[int, str, int]] = []
        """Line, address and first part of each link that is not closed yet."""

    def passage(self, children: Sequence[Token], heading: int) -> Passage:
        for child in children:
            self._take(child)
        return Passage(
            text=_ADDRESS.sub(lambda found: HIDDEN * len(found.group()), "".join(self._parts)),
            links=tuple(self._links),
            images=tuple(self._images),
            heading=heading,
            starts=tuple(self._starts),
            line=self._first,
        )

    def _take(self, child: Token) -> None:
        if child.type in _BREAKS:
            self._line += 1
            self._add(" ")
            self._starts.append(self._length)
        elif child.type == "text":
            self._add(child.content)
        elif child.type == "link_open":
            self._open.append((self._line, str(child.attrs["href"]), len(self._parts)))
        elif child.type == "link_close":
            line, address, first = self._open.pop()
            text = "".join(self._parts[first:])
            self._links.append(Link(line=line, address=address, text=text))
        elif child.type == "image":
            self._add(HIDDEN)
            self._images.append(self._image(child))
        elif child.type == "code_inline":
            self._add(HIDDEN)

    def _add(self, words: str) -> None:
        self._parts.append(words)
        self._length += len(words)

    def _image(self, child: Token) -> Image:
        width, _ = image_size(child) or (0, 0)
        return Image(
            line=self._line,
            address=image_source(child),
            description=child.content.strip(),
            width=width,
        )
