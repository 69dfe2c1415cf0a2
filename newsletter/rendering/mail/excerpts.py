"""Extract the statement from a mail, for feeds, pages and searches.

The source is the approved HTML, so nothing unapproved can appear.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from html.parser import HTMLParser

import nh3

from newsletter.domain.statements.content import MARK_PREFIX, Content
from newsletter.rendering.markdown.links import untagged

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
_LAYOUTS = frozenset(("button", "video", "columns"))
"""Layout tables in the text: on a page each becomes a ``<div>`` of this class."""
_CLASSES = {
    "div": {*(f"of-{name}" for name in _LAYOUTS), "half"},
    "p": {"caption", "edge", "standfirst", "by", "head", "end"},
    "span": {"credit", "kind", "named"},
    "ul": {"downloads"},
    "blockquote": {"pull"},
    "table": {"wide"},
    "td": {"right", "to-right", "center", "to-center"},
    "th": {"right", "center"},
}
_NAMED = re.compile(r'<span class="named">[^<]*(?:<wbr>[^<]*)*</span> ?')
"""The label of a cell in a wide table on telephones; other readers see the head."""
_WITHIN_WORDS = {"a", "em", "strong", "s", "sup", "code", "span"}
_PADDING = "\u00a0\u200c \n"
_KEPT = 128
"""Mails with a cached excerpt: more than a feed has."""


@dataclass(frozen=True, kw_only=True)
class Excerpt:
    """The statement in a mail."""

    title: str
    """The words of its only h1."""
    opening: str
    """The preview text, or "" if the template has none."""
    body: str
    """Plain HTML below the title, or "" if the template puts it elsewhere."""
    page: str
    """The HTML for our pages, whose style sheet turns wide tables into records."""


def excerpt_of(content: Content) -> Excerpt:
    """Return the statement in a mail for readers without a name."""
    return excerpt(content.in_words(content.html))


@lru_cache(maxsize=_KEPT)
def excerpt(html: str) -> Excerpt:
    """Extract the statement from a mail's HTML."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    opening = "".join(reader.opening).strip(_PADDING)
    page = _plain("".join(reader.body)) if reader.whole else ""
    return Excerpt(
        title=" ".join("".join(reader.title).split()),
        opening=opening,
        body=_NAMED.sub("", page),
        page=page,
    )


def body_of(content: Content) -> str:
    """Return the plain HTML below the title, without any reader's own link.

    If a template has the title outside of a cell, the foot is included: then it is all
    HTML after the title.
    """
    found = excerpt_of(content)
    return found.page or _plain(content.in_words(content.html).partition("</h1>")[2])


def _plain(html: str) -> str:
    clean = nh3.clean(
        html,
        tags=set(_ALLOWED),
        attributes=_ALLOWED,
        allowed_classes=_CLASSES,
        attribute_filter=_for_everybody,
        url_schemes={"https", "mailto", "tel"},
        link_rel=None,
        strip_comments=True,
    )
    return clean.replace(' class=""', "").strip()


def _for_everybody(_tag: str, name: str, value: str) -> str | None:
    if MARK_PREFIX in value:
        return None
    return untagged(value) if name == "href" else value


def words_of(content: Content) -> tuple[str, str]:
    """Return the opening line of the statement in an email, and its text with its summary."""
    found = excerpt_of(content)
    reader = _Words()
    reader.feed(found.body)
    reader.close()
    text = " ".join("".join(reader.words).split())
    begins = found.opening.removesuffix("…")
    return found.opening, text if begins in text else f"{found.opening} {text}".strip()


class _Words(HTMLParser):
    """Collects the text of plain HTML, with a blank between blocks."""

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
    """Collects what follows the first title, up to the end of its table cell.

    A lead picture and the text below it have cells of their own, which count too.
    """

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)  # what is kept stays HTML: &lt; is no <
        self.title: list[str] = []
        self.opening: list[str] = []
        self.body: list[str] = []
        self.whole = False
        """Whether the cell has ended."""
        self._cells = 0
        self._cell = 0
        """The depth of the title's cell; 0 until the title has ended."""
        self._hidden = False
        self._in_title = False
        self._tables: list[str] = []
        """The layout class of each open table, "" for a data table."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        style = given.get("style", "").replace(" ", "")
        self._hidden = self._hidden or (not self.opening and "display:none" in style)
        self._cells += tag == "td"
        self._in_title = self._in_title or (tag == "h1" and not self.title)
        if tag == "table":
            names = _LAYOUTS.intersection(given.get("class", "").split())
            is_layout = names and given.get("role") == "presentation"
            self._tables.append(min(names) if is_layout else "")
        written = self.get_starttag_text() or ""
        self._keep(self._unframed(tag, f'<div class="of-{self._layout}">', written))
        goes_on = {"lead", "below"}.intersection(given.get("class", "").split())
        if tag == "td" and self.whole and goes_on:
            self.whole, self._cell = False, self._cells

    def handle_endtag(self, tag: str) -> None:
        self._hidden = False
        if tag == "td":
            self.whole = self.whole or self._cell == self._cells > 0
            self._cells -= 1
        self._keep(self._unframed(tag, "</div>", f"</{tag}>"))
        if tag == "table" and self._tables:
            self._tables.pop()
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

    @property
    def _layout(self) -> str:
        return self._tables[-1] if self._tables else ""

    def _unframed(self, tag: str, instead: str, written: str) -> str:
        """Replace a part of a layout table."""
        if not self._layout or tag not in {"table", "tbody", "tr", "td"}:
            return written
        return instead if tag == "table" else ""

    def _note(self, words: str) -> None:
        if self._hidden:
            self.opening.append(words)
        if self._in_title:
            self.title.append(words)

    def _keep(self, piece: str) -> None:
        if self._cell and not self.whole:
            self.body.append(piece)
