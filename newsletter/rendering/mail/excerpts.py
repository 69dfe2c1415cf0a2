"""Extract the statement from a mail, for feeds, pages and searches.

The source is the approved HTML, so nothing unapproved can appear.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import Any

import nh3
from lxml.etree import XPath
from lxml.html import document_fromstring, tostring

from newsletter.domain.statements.content import MARK_PREFIX, Content
from newsletter.rendering.markdown.links import remove_marks
from newsletter.tables import load_table

_ALLOWED_ATTRIBUTES, _ALLOWED_CLASSES = (
    {element: set(names) for element, names in table.items()}
    for table in load_table("newsletter.rendering.mail", "excerpts.yaml").values()
)
_LAYOUT_CLASSES = frozenset(("button", "video", "columns", "mat", "file"))
"""Classes of layout tables in an email. On a page, each becomes a ``<div>`` of its class."""
_CELL_LABEL_PATTERN = re.compile(r'<span class="named">[^<]*</span> ?')
"""The label of a cell in a wide table, which only phones show."""
_NOTE_LINK_PATTERN = re.compile(r'<a (?:id="[^"]*" )?href="#[^"]*"(?: id="[^"]*")?>(\[\d+\])</a>')
"""Links of footnotes, which are broken in a feed."""
_CREDIT = XPath("string(../following-sibling::*[1][@class='caption']/span[@class='credit'])")
_INLINE_TAGS = {"a", "em", "strong", "s", "sup", "code", "span"}
_PADDING_CHARS = "\u00a0\u200c \n"
_CACHED_EXCERPTS = 128
"""Number of cached excerpts, more than the entries of a feed."""


@dataclass(frozen=True, kw_only=True)
class Excerpt:
    """The statement without the mail around it."""

    title: str
    opening: str
    """The preview text, or "" if the template has none."""
    body: str
    """Plain HTML below the title, or "" if the template puts it elsewhere."""
    page: str
    """HTML for our pages, whose style sheet turns wide tables into records."""


def excerpt_of(content: Content) -> Excerpt:
    """Return the cached excerpt of a mail, with greetings for readers without a name."""
    return excerpt(content.in_words(content.uncounted().html))


@lru_cache(maxsize=_CACHED_EXCERPTS)
def excerpt(html: str) -> Excerpt:
    """Extract the statement from a mail's HTML.

    The statement follows the first title in its table cell. A lead picture and the text below it
    have cells of their own.
    """
    root = document_fromstring(html or "<p>")
    for contents in root.xpath("//div[@class='contents']"):
        contents.drop_tree()
    title = next(root.iter("h1"), None)
    cell = None if title is None else next(title.iterancestors("td"), None)
    hidden_elements = (
        each.text_content()
        for each in root.iterfind(".//*[@style]")
        if "display:none" in each.get("style").replace(" ", "")
    )
    body = "" if cell is None else "".join(_html_below(title, cell))
    page = _visible_page(body)
    return Excerpt(
        title="" if title is None else " ".join(title.text_content().split()),
        opening=next(hidden_elements, "").strip(_PADDING_CHARS),
        body=_NOTE_LINK_PATTERN.sub(r"\1", _CELL_LABEL_PATTERN.sub("", page)),
        page=page,
    )


def _html_below(title: Any, cell: Any) -> Iterator[str]:
    """Yield the HTML after a title in its cell, and of the cells that continue the text."""
    for table in cell.getroottree().iterfind(".//table[@role='presentation']"):
        for name in _LAYOUT_CLASSES.intersection(table.get("class", "").split()):
            for part in list(table.iter("tbody", "tr", "td")):
                if next(part.iterancestors("table")) is table:
                    part.drop_tag()
            table.tag = "div"
            table.attrib.pop("role")
            table.set("class", f"of-{name}")
    for other in cell.xpath("preceding::td"):
        if "lead" in other.get("class", "").split():
            yield tostring(other, encoding="unicode", with_tail=False)
    at = title
    while at is not cell:
        yield escape(at.tail or "")
        yield from (tostring(each, encoding="unicode") for each in at.itersiblings())
        at = at.getparent()
    for other in cell.xpath("following::td"):
        if {"lead", "below"}.intersection(other.get("class", "").split()):
            yield tostring(other, encoding="unicode", with_tail=False)


def pictures_of(html: str) -> list[Mapping[str, str]]:
    """Return the attributes of each picture in the HTML with an alt text, and its credit."""
    found = document_fromstring(html or "<p>").iter("img")
    return [{**each.attrib, "credit": _CREDIT(each)} for each in found if each.get("alt")]


def replace_parts(html: str, others: Mapping[str, str]) -> str:
    """Return the HTML of a digest with other HTML below the heading of each slug in ``others``."""
    sections = html.split("<h2")
    for number, section in enumerate(sections):
        head, end, _ = section.partition("</h2>")
        slug = next((one for one in others if f'/archive/{one}"' in head), "")
        if end and slug:
            sections[number] = f"{head}{end}\n{others[slug]}\n"
    return "<h2".join(sections)


def body_of(content: Content) -> str:
    """Return the plain HTML below the title, without any reader's own link.

    If a template has the title outside of a cell, it is all HTML after the title, with the foot.
    """
    found = excerpt_of(content)
    return found.page or _visible_page(
        content.in_words(content.uncounted().html).partition("</h1>")[2]
    )


def _visible_page(html: str) -> str:
    clean = nh3.clean(
        html,
        tags=set(_ALLOWED_ATTRIBUTES),
        attributes=_ALLOWED_ATTRIBUTES,
        allowed_classes=_ALLOWED_CLASSES,
        attribute_filter=_keep_attribute,
        url_schemes={"https", "http", "mailto", "tel"},
        link_rel=None,
        strip_comments=True,
    )
    return clean.replace(' class=""', "").strip()


def _keep_attribute(_tag: str, name: str, value: str) -> str | None:
    if MARK_PREFIX in value:
        return None
    return remove_marks(value) if name == "href" else value


def words_of(content: Content) -> tuple[str, str]:
    """Return the preview text of an email, and all words of its statement, for the search."""
    found = excerpt_of(content)
    body = document_fromstring(found.body.strip() or "<p>")
    for each in body.iter():
        if each.tag not in _INLINE_TAGS:
            each.text, each.tail = f" {each.text or ''}", f" {each.tail or ''}"
    text = " ".join(body.text_content().split())
    begins = found.opening.removesuffix("…")
    return found.opening, text if begins in text else f"{found.opening} {text}".strip()
