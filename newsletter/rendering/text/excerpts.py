"""What a mail says, taken out of it again: for feeds and searches, where the mail has no room.

It is read from the HTML that was approved, so it can say nothing that nobody approved.
"""

from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from html.parser import HTMLParser

import nh3

from newsletter.domain.statements.content import MARK_PREFIX, Content

_ALLOWED: dict[str, set[str]] = {
    **{tag: set() for tag in ("p", "h2", "h3", "h4", "ul", "li", "em", "strong", "s", "sup")},
    **{tag: set() for tag in ("blockquote", "table", "thead", "tbody", "tr", "code", "pre")},
    **{tag: set() for tag in ("br", "hr", "td")},
    "a": {"href"},
    "div": {"lang", "dir"},
    "img": {"src", "alt", "width", "height"},
    "ol": {"start"},
    "span": {"lang", "dir"},
    "th": {"scope"},
}
_WITHIN_WORDS = {"a", "em", "strong", "s", "sup", "code", "span"}
_PADDING = "\u00a0\u200c \n"
_KEPT = 128
"""Mails whose excerpt is remembered: more than a feed has."""


@dataclass(frozen=True, kw_only=True)
class Excerpt:
    """The statement within a mail."""

    title: str
    """What its one h1 says, without marks."""
    opening: str
    """What an inbox shows behind the subject; empty where the template hides no such line."""
    body: str
    """Plain HTML of what stands below the title; empty where the template has it elsewhere."""


@lru_cache(maxsize=_KEPT)
def excerpt(html: str) -> Excerpt:
    """Take the statement out of a mail's HTML."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    opening = "".join(reader.opening).strip(_PADDING)
    return Excerpt(
        title=" ".join("".join(reader.title).split()),
        opening=opening,
        body=_plain("".join(reader.body)) if reader.whole else "",
    )


def body_of(content: Content) -> str:
    """What a page shows below the title: plain HTML, without any reader's own link.

    Where a template of one's own has the title outside of a cell, nobody can tell the statement
    from its foot: then it is all that follows the title.
    """
    said = excerpt(content.html)
    return said.body or _plain(content.html.partition("</h1>")[2])


def _plain(html: str) -> str:
    return nh3.clean(
        html,
        tags=set(_ALLOWED),
        attributes=_ALLOWED,
        attribute_filter=_for_everybody,
        url_schemes={"https", "mailto", "tel"},
        link_rel=None,
        strip_comments=True,
    ).strip()


def _for_everybody(_tag: str, _name: str, value: str) -> str | None:
    return None if MARK_PREFIX in value else value


def text_of(content: Content) -> str:
    """The words of the statement within a mail, without its title: its summary, and its text."""
    said = excerpt(content.html)
    reader = _Words()
    reader.feed(said.body)
    reader.close()
    text = " ".join("".join(reader.words).split())
    begins = said.opening.removesuffix("…")
    return text if begins in text else f"{said.opening} {text}".strip()


class _Words(HTMLParser):
    """Keeps the text of plain HTML; words of two blocks do not grow together."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in _WITHIN_WORDS:
            self.words.append(" ")

    def handle_data(self, data: str) -> None:
        self.words.append(data)


class _Reader(HTMLParser):
    """Keeps what follows the first title, up to the end of the cell that it stands in."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.title: list[str] = []
        self.opening: list[str] = []
        self.body: list[str] = []
        self.whole = False
        """The cell's end was seen."""
        self._cells = 0
        self._cell = 0
        """How deep the title's cell lies; 0 until the title has ended."""
        self._hidden = False
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        style = (dict(attrs).get("style") or "").replace(" ", "")
        self._hidden = self._hidden or (not self.opening and "display:none" in style)
        self._cells += tag == "td"
        self._in_title = self._in_title or (tag == "h1" and not self.title)
        self._keep(self.get_starttag_text() or "")

    def handle_endtag(self, tag: str) -> None:
        self._hidden = False
        if tag == "td":
            self.whole = self.whole or self._cell == self._cells > 0
            self._cells -= 1
        self._keep(f"</{tag}>")
        if tag == "h1":
            self._in_title = False
            self._cell = self._cell or self._cells

    def handle_data(self, data: str) -> None:
        self._note(data)
        self._keep(data)

    def handle_entityref(self, name: str) -> None:
        self.handle_charref(name, mark="&")

    def handle_charref(self, name: str, mark: str = "&#") -> None:
        written = f"{mark}{name};"
        self._note(unescape(written))
        self._keep(written)

    def _note(self, words: str) -> None:
        if self._hidden:
            self.opening.append(words)
        if self._in_title:
            self.title.append(words)

    def _keep(self, piece: str) -> None:
        if self._cell and not self.whole:
            self.body.append(piece)
