"""Word's own HTML made ordinary: its titles, and its lists, which are paragraphs with marks."""

import re
from collections.abc import Iterator
from typing import Any

from lxml import html

from newsletter.documents.markup.inlines import tag_of, text_of

Element = Any

_LEVEL = re.compile(r"mso-list:\s*\w+\s+level(\d)", re.IGNORECASE)
_IGNORED = re.compile(r"mso-list:\s*ignore", re.IGNORECASE)
_TYPED = re.compile(r"\s*(?P<mark>[·•▪◦‣●○■□§o\uf0a7\uf0b7-]|\(?\w{1,4}[.)])[\s\xa0]{2,}")


def is_word(root: Element) -> bool:
    """Whether a page was saved by Word, Outlook or another word processor."""
    for meta in root.iter("meta"):
        name = (meta.get("name") or "").lower()
        if name in {"generator", "progid"} and re.search(
            r"\bword|openoffice|libreoffice|outlook", meta.get("content") or "", re.IGNORECASE
        ):
            return True
    return any((one.get("class") or "").startswith("Mso") for one in root.iter("p", "li"))


def clean_word(root: Element) -> None:
    """Make headings and lists of the paragraphs that stand for them."""
    for paragraph in root.iter("p"):
        names = (paragraph.get("class") or "").split()
        if "MsoTitle" in names:
            paragraph.tag = "h1"
        elif any(name.startswith("MsoQuote") or name == "MsoIntenseQuote" for name in names):
            paragraph.tag = "blockquote"
    run: list[Element] = []
    for paragraph in list(root.iter("p")):
        if not _is_item(paragraph):
            continue
        if run and run[-1].getnext() is not paragraph:
            _make_list(run)
            run = []
        run.append(paragraph)
    _make_list(run)


def _is_item(paragraph: Element) -> bool:
    style = paragraph.get("style") or ""
    if _LEVEL.search(style):
        return True
    listed = "MsoListParagraph" in (paragraph.get("class") or "")
    return listed and _TYPED.match("".join(paragraph.itertext())) is not None


def _make_list(run: list[Element]) -> None:
    """Put a run of item paragraphs into lists, nested by their levels."""
    stack: list[tuple[int, Element]] = []
    for paragraph in run:
        found = _LEVEL.search(paragraph.get("style") or "")
        level = int(found[1]) if found else 1
        mark = _take_mark(paragraph)
        kind = "ol" if re.search(r"\w[.)]", mark) else "ul"
        while len(stack) > 1 and stack[-1][0] > level:
            stack.pop()
        if not stack:
            outer = html.Element(kind)
            paragraph.addprevious(outer)
            stack.append((level, outer))
        elif stack[-1][0] < level and len(stack[-1][1]):
            inner = html.Element(kind)
            stack[-1][1][-1].append(inner)
            stack.append((level, inner))
        paragraph.tag = "li"
        paragraph.tail, tail = None, paragraph.tail
        stack[-1][1].append(paragraph)
        outer = stack[0][1]
        outer.tail = (outer.tail or "") + (tail or "")


def _take_mark(paragraph: Element) -> str:
    """Take an item's typed mark out of its words, and say what it was."""
    for element in paragraph.iter("span"):
        if _IGNORED.search(element.get("style") or ""):
            mark = text_of(element)
            element.drop_tree()
            return mark
    found = _TYPED.match("".join(paragraph.itertext()))
    if found is None:
        return ""
    left = found.end()
    for element, attribute in list(_texts(paragraph)):
        text = getattr(element, attribute) or ""
        setattr(element, attribute, text[left:])
        left -= min(left, len(text))
        if not left:
            break
    return found["mark"]


def _texts(element: Element) -> Iterator[tuple[Element, str]]:
    """Where the words of an element are kept, in their order."""
    yield element, "text"
    for child in element:
        if tag_of(child):
            yield from _texts(child)
        yield child, "tail"
