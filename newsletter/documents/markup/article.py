"""Find the article on a web page, and drop all else."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile

from newsletter.documents.markup.inline_markup import (
    Element,
    describe,
    line_of,
    tag_of,
    text_of,
)
from newsletter.documents.release.imported import DroppedLine
from newsletter.documents.release.lines import cut_text, ends_sentence
from newsletter.documents.release.words import pattern
from newsletter.tables import load_table

_UNSEEN_TAGS = ("head", "script", "style", "link", "meta", "title", "xml")
UNSEEN = "hidden on the page"
_FURNITURE: Mapping[str, Mapping[str, list[str]]] = load_table(
    "newsletter.documents.markup", "furniture.yaml"
)
_REASON_BY_TAG = {tag: why for why, kind in _FURNITURE.items() for tag in kind.get("elements", ())}
_REASON_BY_ROLE = {role: why for why, kind in _FURNITURE.items() for role in kind.get("roles", ())}
_NAME_PATTERNS = [
    (re.compile("|".join(kind["names"])), why)
    for why, kind in _FURNITURE.items()
    if "names" in kind
]
_TEXT_TAGS = ("p", "li", "blockquote", "td", "div", "dd", "section", "article", "span")
_BREAK_MARK = "\0"
_MIN_BODY_SHARE = 0.9
_CONTAINER_TAGS = {
    *("div", "section", "main", "article", "form", "fieldset", "center", "font", "span"),
    *("table", "tbody", "tr", "td"),
}
_WAY_OUT_PATTERN = pattern("ways out", r"(?:{})(?: here)?\W{0,3}")
_WAY_OUT = "leads to the list of readers that it was once sent to"
_MAX_FOOT_CHARS = 600
"""Maximum characters of a mailing's foot: address, copyright, why it came, ways out."""
_MAX_WAYS_OUT = 20
_OUTSIDE_REASON = "running text outside of the article"
_MIN_PROSE_SHARE = 0.5
_MAX_FURNITURE_RATIO = 0.2


@dataclass(frozen=True, kw_only=True)
class Article:
    """The part of a page to read."""

    element: Element
    dropped: tuple[DroppedLine, ...]
    notes: tuple[str, ...]


def drop_unseen(root: Element) -> list[DroppedLine]:
    """Drop the parts that readers do not see. Return those with words."""
    dropped = []
    for element in list(root.iter(*_UNSEEN_TAGS)):
        if element.getparent() is not None and element is not root:
            element.drop_tree()
    for element in list(root.iter()):
        style = (element.get("style") or "").replace(" ", "").lower() if tag_of(element) else ""
        is_hidden = "display:none" in style or "mso-hide:all" in style
        is_hidden = is_hidden or tag_of(element) in {"template", "noscript"}
        if tag_of(element) not in {"", "html", "body"} and (
            is_hidden or element.get("hidden") is not None
        ):
            if text := describe(element):
                line = line_of(element)
                dropped.append(DroppedLine(line=line, text=cut_text(text), reason=UNSEEN))
            element.drop_tree()
    return dropped


def drop_ways_out(root: Element) -> Iterator[DroppedLine]:
    """Drop the links that lead out of a mailing, each with the small part around it."""
    max_chars = min(_MAX_FOOT_CHARS, len(text_of(root)) // 3)
    links = [link for link in root.iter("a") if _WAY_OUT_PATTERN.fullmatch(text_of(link)[:99])]
    for link in links[-_MAX_WAYS_OUT:]:
        around = takewhile(lambda part: len(text_of(part)) <= max_chars, link.iterancestors())
        part = [link, *around][-1]
        # a part above may be gone, with this link
        if root in link.iterancestors() and next(part.iter("h1", "h2"), None) is None:
            yield DroppedLine(line=line_of(part), text=cut_text(text_of(part)), reason=_WAY_OUT)
            part.drop_tree()


def find_article(root: Element) -> Article:
    """Drop the furniture, and return the smallest element with nearly all sentences."""
    body = next(iter(root.iter("body")), root)
    dropped = list(drop_furniture(body))
    # counted again, without the furniture
    prose = count_prose(body)
    start = _find_named(body, prose)
    # an element that the page marks as its article is taken whole
    article = _narrow(start, prose) if start is body else start
    outside = list(_list_outside(body, article))
    left_out = [part for part in outside if part.reason == _OUTSIDE_REASON]
    places = "line " + ", ".join(str(part.line) for part in left_out[:5])
    # a page without line ends has one line: its number shows no place
    lines = Counter(line_of(element) for element in body.iter())
    if max(lines.values()) * 2 > lines.total() > len(left_out[:5]):
        places = ", ".join(f"“{part.text}”" for part in left_out[:5])
    parts = "1 part" if len(left_out) == 1 else f"{len(left_out)} parts"
    note = f"{parts} with running text outside of the article left out: see {places}."
    return Article(element=article, dropped=(*dropped, *outside), notes=(note,) if left_out else ())


def count_prose(root: Element) -> dict[Element, int]:
    """Return element → number of characters in its sentences, without links."""
    total: dict[Element, int] = {}
    for element in root.iter(*_TEXT_TAGS):
        own_length = sum(map(len, _own_sentences(element)))
        above = element if own_length else None
        while above is not None:
            total[above] = total.get(above, 0) + own_length
            above = None if above is root else above.getparent()
    return total


def _own_sentences(element: Element) -> Iterator[str]:
    """Yield the lines of running text in an element, without inner blocks and links."""
    parts = [element.text or ""]
    for child in element:
        tag = tag_of(child)
        if tag in {"b", "strong", "i", "em", "u", "font"}:
            parts.append("".join(child.itertext()))
        parts += [_BREAK_MARK] if tag == "br" else []
        parts.append(child.tail or "")
    for line in "".join(parts).split(_BREAK_MARK):
        words = " ".join(line.split())
        # entries of menus and captions are shorter, and end without a full stop
        if len(words) >= 40 or (len(words) >= 15 and ends_sentence(words)):
            yield words


def drop_furniture(body: Element) -> Iterator[DroppedLine]:
    """Drop navigation, sharing links and the like. Yield each dropped part that has words."""
    prose = count_prose(body)
    max_prose = _MAX_FURNITURE_RATIO * max(prose.get(body, 0), 1)
    for element in list(body.iter()):
        why = _drop_reason(element) if element is not body and tag_of(element) else ""
        if not why or body not in element.iterancestors():  # dropped with a part above it
            continue
        if next(element.iter("article", "main", "h1"), None) is not None:
            continue  # some sites make one form of the whole page
        # An element with a fifth of the text is no furniture, despite its class.
        needs_name = tag_of(element) not in _REASON_BY_TAG
        if prose.get(element, 0) > max_prose and (needs_name or tag_of(element) == "form"):
            continue
        if text := describe(element):
            yield DroppedLine(line=line_of(element), text=cut_text(text), reason=why)
        element.drop_tree()


def _drop_reason(element: Element) -> str:
    tag = tag_of(element)
    if tag in _REASON_BY_TAG:
        # The foot of a quotation names its author.
        is_quoted = tag == "footer" and next(element.iterancestors("blockquote"), None) is not None
        return "" if is_quoted else _REASON_BY_TAG[tag]
    if element.get("role") in _REASON_BY_ROLE:
        return _REASON_BY_ROLE[element.get("role")]
    # content, whatever its class: themes write has-sidebar on what holds the text
    if tag in {"article", "main", "p", "h1", "h2", "h3", "body"}:
        return ""
    names = f"{element.get('class') or ''} {element.get('id') or ''}".lower()
    for name in names.split():
        for names_of_part, why in _NAME_PATTERNS:
            if names_of_part.fullmatch(name):
                return why
    return ""


def _find_named(body: Element, text_lengths: dict[Element, int]) -> Element:
    """Return the element that the page marks as its article and has most of the text, else body."""
    for attribute, value in (("itemprop", "articleBody"), ("role", "article"), ("role", "main")):
        found = [
            element
            for element in body.iter("*")
            if element.get(attribute) == value or tag_of(element) == value
        ]
        best = max(found, key=lambda element: text_lengths.get(element, 0), default=None)
        if best is not None and text_lengths.get(best, 0) > _MIN_PROSE_SHARE * max(
            text_lengths.get(body, 0), 1
        ):
            return best
    return body


def _narrow(element: Element, text_lengths: dict[Element, int]) -> Element:
    """Return the innermost element that has nearly all text of the given one."""
    while True:
        length = text_lengths.get(element, 0)
        parts = [child for child in element if tag_of(child) in _CONTAINER_TAGS]
        best = max(parts, key=lambda child: text_lengths.get(child, 0), default=None)
        if best is None or not length or text_lengths.get(best, 0) < _MIN_BODY_SHARE * length:
            return element
        element = best


def _list_outside(body: Element, article: Element) -> Iterator[DroppedLine]:
    path = [article, *article.iterancestors()]
    for ancestor in path[1:] if article is not body else []:
        parts = [(ancestor, ancestor.text or "")]
        for part in ancestor:
            parts.append((part, "" if part in path or not tag_of(part) else text_of(part)))
            parts.append((part, part.tail or ""))
        for part, words in parts:
            text = " ".join(words.split())
            if text:
                # a long sentence may belong to the statement: a note says so
                is_prose = len(text) >= 60 and ends_sentence(text)
                why = _OUTSIDE_REASON if is_prose else "outside of the article"
                yield DroppedLine(line=line_of(part), text=cut_text(text), reason=why)
        if ancestor is body:
            return
