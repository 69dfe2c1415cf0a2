"""The words inside a paragraph of a page: marks, links, and what a mail cannot hold."""

import re
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from newsletter.sources.google import direct
from newsletter.sources.imported import Dropped
from newsletter.sources.lines import ordinary
from newsletter.sources.spans import BOLD, ITALIC, STRUCK, Run

Element = Any

BLOCKS = frozenset(
    [
        *("address", "article", "aside", "blockquote", "body", "caption", "center", "dd"),
        *("details", "dialog", "dir", "div", "dl", "dt", "fieldset", "figcaption", "figure"),
        *("footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main"),
        *("menu", "nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "td"),
        *("tfoot", "th", "thead", "tr", "ul"),
    ]
)
"""Elements that stand on lines of their own."""

_MARKS = {
    **dict.fromkeys(("b", "strong"), BOLD),
    **dict.fromkeys(("i", "em", "cite", "dfn", "var"), ITALIC),
    **dict.fromkeys(("s", "strike", "del"), STRUCK),
}
_STYLES = (
    (re.compile(r"font-weight:\s*(?:bold|[6-9]00)", re.I), BOLD),
    (re.compile(r"font-style:\s*italic", re.I), ITALIC),
    (re.compile(r"text-decoration[\w-]{0,20}+:[^;:]*line-through", re.I), STRUCK),
)
_UNMARKED = (
    (re.compile(r"font-weight:\s*(?:normal|[1-4]00)", re.I), BOLD),
    (re.compile(r"font-style:\s*normal", re.I), ITALIC),
)
_SHOWN_ELSEWHERE = {
    **dict.fromkeys(("video", "audio", "object", "embed", "iframe", "canvas"), "embedded media"),
    "svg": "a drawing",
    "math": "a formula",
}
_RAISED = str.maketrans("0123456789+-=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿ")
_LOWERED = str.maketrans("0123456789+-=()", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎")
_FIGURES = re.compile(r"[-+0-9]{1,6}")
_UNSAFE = re.compile(r"[\s<>\"\\^`{|}]")
_SCHEMES = {"http", "https", "mailto", "tel"}
_SHOWN = 80


def tag_of(element: Element) -> str:
    """An element's name in small letters; empty for a comment."""
    return element.tag.lower() if isinstance(element.tag, str) else ""


def line_of(element: Element) -> int:
    """Where an element stands in its file, from 1; 0 where nobody knows."""
    return element.sourceline or 0


def text_of(element: Element) -> str:
    """All words in an element, on one line."""
    return ordinary(" ".join(element.itertext())).strip()


def shortened(text: str) -> str:
    """As much of a text as tells a person which one it is."""
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1].rstrip() + "…"


@dataclass(kw_only=True)
class Inlines:
    """Reads the words of one page, and keeps what it left out and what it could not resolve."""

    base: str = ""
    """The page's own address, which relative links count from."""
    references: dict[Element, str] = field(default_factory=dict)
    """A link that is the mark of a footnote → the footnote's name."""
    dropped: list[Dropped] = field(default_factory=list)
    http: int = 0
    """How many links are not encrypted."""
    redirects: int = 0
    """How many links led through Google, as links in its documents do."""

    def under(self, element: Element, like: Run) -> Run:
        """What words directly in an element are like, given what is around it."""
        tag, style = tag_of(element), element.get("style") or ""
        marks = set(like.marks)
        if tag in _MARKS:
            marks.add(_MARKS[tag])
        marks |= {mark for pattern, mark in _STYLES if pattern.search(style)}
        marks -= {mark for pattern, mark in _UNMARKED if pattern.search(style)}
        href = self._address(element) if tag == "a" and element.get("href") else like.href
        return replace(like, marks=frozenset(marks), href=href)

    def runs(self, element: Element, like: Run) -> list[Run]:
        """The runs of an element that stands inside of a paragraph."""
        tag = tag_of(element)
        if tag == "br":
            return [Run(text="\n", ends_line=True)]
        if tag == "img":
            self.leave_out_image(element)
            return []
        if tag in _SHOWN_ELSEWHERE:
            self.leave_out(element, _SHOWN_ELSEWHERE[tag])
            return []
        if element in self.references:
            return [Run(text="", literal=f"[^{self.references[element]}]")]
        if tag in {"code", "kbd", "samp", "tt"}:
            return [replace(one, code=True) for one in self.runs_in(element, like)]
        if tag in {"sup", "sub"} and _FIGURES.fullmatch(element.text or "") and not len(element):
            return [
                replace(like, text=element.text.translate(_RAISED if tag == "sup" else _LOWERED))
            ]
        inside = self.runs_in(element, self.under(element, like))
        return _between(inside, tag, like)

    def runs_in(self, element: Element, like: Run) -> list[Run]:
        """The runs of an element's own words and of its children."""
        runs = [replace(like, text=element.text or "")]
        for child in element:
            runs += self.runs(child, like)
            runs.append(replace(like, text=child.tail or ""))
        return runs

    def leave_out(self, element: Element, why: str) -> None:
        """Note an element that is not taken."""
        text = text_of(element) or element.get("src") or element.get("title") or tag_of(element)
        self.dropped.append(Dropped(line=line_of(element), text=shortened(text), why=why))

    def leave_out_image(self, element: Element) -> None:
        """Note a picture, by its description."""
        alt = ordinary(element.get("alt") or "").strip()
        source = element.get("src") or ""
        name = "" if source.startswith("data:") else source.split("?")[0].rpartition("/")[2]
        text = alt or name or "a picture without a description"
        why = "a picture: pictures are not imported"
        self.dropped.append(Dropped(line=line_of(element), text=shortened(text), why=why))

    def _address(self, element: Element) -> str:
        href = re.sub(r"[\x00-\x1f\x7f]", "", element.get("href")).strip()
        if href.startswith("#"):
            return ""
        written = _joined(self.base, href)
        address = direct(written)
        self.redirects += address != written
        scheme = _scheme(address)
        if scheme in _SCHEMES:
            self.http += scheme == "http"
            return _UNSAFE.sub(lambda found: quote(found.group()), address)
        why = (
            f"a {scheme}: link" if scheme else "a relative link: the page does not say its address"
        )
        text = f"{text_of(element)} → {shortened(href)}".strip()
        self.dropped.append(Dropped(line=line_of(element), text=text, why=f"{why}; its words stay"))
        return ""


def _between(inside: list[Run], tag: str, like: Run) -> list[Run]:
    """What a browser shows around an element: quotes, or the ends of a line."""
    if tag == "q":
        return [replace(like, text="“"), *inside, replace(like, text="”")]
    end = [Run(text="\n", ends_line=True)] if tag in BLOCKS else []
    return [*end, *inside, *end]


def _joined(base: str, href: str) -> str:
    try:
        return urljoin(base, href)
    except ValueError:
        return href


def _scheme(address: str) -> str:
    try:
        return urlsplit(address).scheme.lower()
    except ValueError:
        return ""
