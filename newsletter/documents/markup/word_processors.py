"""Read the markup of word processors in pages: lists of paragraphs, changes, comments."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import html

from newsletter.documents.markup.inline_markup import Element, tag_of, text_of

_LIST_LEVEL_PATTERN = re.compile(r"mso-list:\s*\w+\s+level(\d)", re.IGNORECASE)
_IGNORED_STYLE_PATTERN = re.compile(r"mso-list:\s*ignore", re.IGNORECASE)
# Word types its bullets in Symbol, Courier New and Wingdings: · o § in any other font.
_MARK_PATTERN = re.compile(r"\s*(?P<mark>[·•▪◦‣●○■□§o\uf0a7\uf0b7-]|\(?\w{1,4}[.)])[\s\xa0]{2,}")


def is_word(root: Element) -> bool:
    """Return whether a word processor or Outlook saved a page."""
    for meta in root.iter("meta"):
        name = (meta.get("name") or "").lower()
        if name in {"generator", "progid"} and re.search(
            r"\bword|openoffice|libreoffice|outlook", meta.get("content") or "", re.IGNORECASE
        ):
            return True
    return any((element.get("class") or "").startswith("Mso") for element in root.iter("p", "li"))


def clean_word(root: Element) -> None:
    """Turn paragraphs with the styles of titles, quotations and lists into these elements."""
    for paragraph in root.iter("p"):
        names = (paragraph.get("class") or "").split()
        if "MsoTitle" in names:
            paragraph.tag = "h1"
        elif any(name.startswith("MsoQuote") or name == "MsoIntenseQuote" for name in names):
            paragraph.tag = "blockquote"
    run: list[Element] = []
    for paragraph in list(root.iter("p")):
        typed = "MsoListParagraph" in (paragraph.get("class") or "") and _MARK_PATTERN.match(
            "".join(paragraph.itertext())
        )
        if not (typed or _LIST_LEVEL_PATTERN.search(paragraph.get("style") or "")):
            continue
        # anything between two items ends the list
        if run and run[-1].getnext() is not paragraph:
            _make_list(run)
            run = []
        run.append(paragraph)
    _make_list(run)


def _make_list(run: list[Element]) -> None:
    """Turn a run of item paragraphs into lists, nested by level."""
    stack: list[tuple[int, Element]] = []
    for paragraph in run:
        found = _LIST_LEVEL_PATTERN.search(paragraph.get("style") or "")
        level = int(found[1]) if found else 1
        mark = _take_mark(paragraph)
        kind = "ol" if re.search(r"\w[.)]", mark) else "ul"
        while len(stack) > 1 and stack[-1][0] > level:
            stack.pop()
        if not stack:
            outer = html.Element(kind)
            paragraph.addprevious(outer)
            stack.append((level, outer))
        # an inner list needs an item around it; without one the item stays on the outer level
        elif stack[-1][0] < level and len(stack[-1][1]):
            inner = html.Element(kind)
            stack[-1][1][-1].append(inner)
            stack.append((level, inner))
        paragraph.tag = "li"
        paragraph.tail, tail = None, paragraph.tail
        stack[-1][1].append(paragraph)
        outer = stack[0][1]
        # words behind a paragraph go behind the list, which replaces it
        outer.tail = (outer.tail or "") + (tail or "")


def _take_mark(paragraph: Element) -> str:
    """Remove an item's typed mark from its words, and return it."""
    for element in paragraph.iter("span"):
        if _IGNORED_STYLE_PATTERN.search(element.get("style") or ""):
            mark = text_of(element)
            element.drop_tree()
            return mark
    found = _MARK_PATTERN.match("".join(paragraph.itertext()))
    if found is None:
        return ""
    remaining = found.end()
    for element, attribute in list(_text_places(paragraph)):
        text = getattr(element, attribute) or ""
        setattr(element, attribute, text[remaining:])
        remaining -= min(remaining, len(text))
        if not remaining:
            break
    return found["mark"]


def _text_places(element: Element) -> Iterator[tuple[Element, str]]:
    """Yield (element, ``text`` or ``tail``) of each text within an element, in order."""
    yield element, "text"
    for child in element:
        if tag_of(child):
            yield from _text_places(child)
        yield child, "tail"


_CLASS_RULE_PATTERN = re.compile(r"\.(c\d+)\s*\{([^{}]*)\}")
_DOCS_LIST_CLASS_PATTERN = re.compile(r"\blst-kix_(?P<name>\w{1,100})-(?P<level>\d)\b")


def is_google(root: Element) -> bool:
    return any("doc-content" in (body.get("class") or "") for body in root.iter("body"))


def clean_google(root: Element) -> None:
    """Copy the style sheet's rules into the elements, nest the lists, and make the title an h1."""
    rules = {
        name: styles
        for sheet in root.iter("style")
        for name, styles in _CLASS_RULE_PATTERN.findall(sheet.text or "")
    }
    for element in root.iter("p", "span", "li", "h1", "h2", "h3", "h4", "h5", "h6"):
        names = (element.get("class") or "").split()
        styles = [*(rules[name] for name in names if name in rules), element.get("style") or ""]
        if element.tag in {"p", "span", "li"}:
            element.set("style", ";".join(styles))
        if element.tag == "p" and "title" in names:
            element.tag = "h1"
    _nest_lists(root)


def _nest_lists(root: Element) -> None:
    stack: list[tuple[str, int, Element]] = []
    for element in list(root.iter("ul", "ol")):
        found = _DOCS_LIST_CLASS_PATTERN.search(element.get("class") or "")
        if found is None:
            continue
        name, level = found["name"], int(found["level"])
        # Google writes a nested list as several in a row, with one name and growing levels
        follows = bool(stack) and element.getprevious() is stack[0][2] and stack[0][0] == name
        while stack and (not follows or stack[-1][1] > level):
            stack.pop()
        if stack and stack[-1][1] == level:
            stack[-1][2].extend(list(element))
            element.drop_tree()
            continue
        if stack and len(stack[-1][2]):
            element.tail = None
            stack[-1][2][-1].append(element)
        stack.append((name, level, element))


_LINK_PATTERN = re.compile(r"#?(?:cmnt(?:_ref)?\d+|_?mso(?:com|anchor)_\d+)")
_STYLE_PATTERN = re.compile(r"mso-element:\s*comment", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Review:
    inserted: int = 0
    deleted: int = 0
    comments: int = 0
    formulas: int = 0

    def notes(self) -> Iterator[str]:
        if self.inserted or self.deleted:
            yield (
                f"It has tracked changes: {_count(self.inserted, 'insertion')} taken as text, "
                f"{_count(self.deleted, 'deletion')} left out. Is that what was agreed?"
            )
        if self.comments:
            yield f"It has {_count(self.comments, 'comment')}, left out."
        if self.formulas:
            yield f"It has {_count(self.formulas, 'formula')}, left out: write them as text."


def take_review(root: Element) -> Review:
    """Remove comments and tracked deletions from a page of Word or Google Docs."""
    changes = [
        element
        for element in root.iter("ins", "del")
        if element.get("datetime") or element.get("cite")
    ]
    deleted = [element for element in changes if element.tag == "del"]
    marks = [link for link in root.iter("a") if _LINK_PATTERN.fullmatch(link.get("href") or "")]
    # by number: each comment has two links, from the text and back
    comments = {re.sub(r"\D", "", mark.get("href")) for mark in marks}
    parts = [
        element for element in root.iter("div") if _STYLE_PATTERN.search(element.get("style") or "")
    ]
    for mark in marks:
        if "ref" in mark.get("href") or "anchor" in mark.get("href"):  # leads back to the text
            parts += _comment_parts(mark)
    for element in [*deleted, *parts, *marks]:
        if element.getparent() is not None:
            element.drop_tree()
    return Review(
        inserted=len(changes) - len(deleted), deleted=len(deleted), comments=len(comments)
    )


def _comment_parts(back_link: Element) -> Iterator[Element]:
    """Yield the elements of a comment: parts that begin with its link back, and its paragraph."""
    for part in back_link.iterancestors("div"):
        # a part that begins with another link holds more than this comment
        if next(part.iter("a")) is back_link:
            yield part
    yield from list(back_link.iterancestors("p"))[:1]


def _count(number: int, name: str) -> str:
    return f"{number} {name}{'' if number == 1 else 's'}"
