"""Check a statement before rendering, and HTML and text after it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml.html import document_fromstring

from newsletter.domain.statements.content import MARK_PREFIX, NAME_MARKS
from newsletter.domain.statements.statement import Statement
from newsletter.domain.wording import say

MAX_HTML_BYTES = 102_000
"""Bytes of HTML. Gmail clips longer mails, and with them the unsubscribe link."""

MAX_SOURCE_BYTES = MAX_HTML_BYTES * 3 // 2
"""Bytes of one field of a statement; a longer one is refused."""

_TOO_LONG_REASON = say(
    "and Gmail cuts a message off after {most:,}: shorten it, or link to the long version on the"
    " web",
    most=MAX_HTML_BYTES,
)
# with U+202D and U+202E a subject would read as other words than it holds
_CONTROL_PATTERN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f\u202d\u202e\ufffe\uffff]")
_ABSOLUTE_URL_PATTERN = re.compile(r"(?:https?://|mailto:|tel:).")
_LINE_BREAK_PATTERN = re.compile(r"[\n\r\u2028\u2029]")
_FORBIDDEN_TAGS = frozenset(
    [
        *("applet", "audio", "base", "button", "embed", "form", "frame", "frameset", "iframe"),
        *("input", "link", "object", "script", "select", "svg", "textarea", "video"),
    ]
)


@dataclass(frozen=True, kw_only=True)
class Requirements:
    """The parts that the HTML and the text of an email must have."""

    links: tuple[str, ...]
    postal_address: str
    embargo: str = ""
    """The embargo's end as written in the mail, or ""."""
    max_gaps: int = 0
    """How many of ``NAME_MARKS`` may occur."""


class Page:
    """The elements and the text of a rendered HTML part."""

    def __init__(self, html: str) -> None:
        root = document_fromstring(html.strip() or "<p>")
        self.tags = [element.tag for element in root.iter("*")]
        self.hrefs: list[str] = root.xpath("//@href")
        self.anchors = {f"#{place}" for place in root.xpath("//@id")}
        handlers = root.xpath("//@*[starts-with(name(), 'on')]")
        self.event_attributes = [handler.attrname for handler in handlers]
        self.text: str = root.text_content()


def statement_faults(statement: Statement) -> Iterator[str]:
    """Yield the faults of a statement's fields, each with a remedy."""
    for field in ("title", "subject", "preview", "summary", "body"):
        yield from _text_faults(field, getattr(statement, field))
    for field in ("title", "subject"):
        if _LINE_BREAK_PATTERN.search(getattr(statement, field)):
            yield say("the {field} has more than one line: write it in one", field=field)
    if not statement.title.strip():
        yield say("it has no title: write one")
    if not statement.body.strip():
        yield say("it has no text: write some below the front matter")
    if not statement.lists:
        yield say("it names no list: write lists, or set default_lists in the configuration")


def _text_faults(field: str, text: str) -> Iterator[str]:
    size = len(text.encode())
    if size > MAX_SOURCE_BYTES:
        long = "the {field} is {size:,} bytes long, {why}"
        yield say(long, field=field, size=size, why=_TOO_LONG_REASON)
    if MARK_PREFIX in text:
        marked = "the {field} holds {mark}, which marks gaps to be filled: write another word"
        yield say(marked, field=field, mark=MARK_PREFIX)
    found = _CONTROL_PATTERN.search(text)
    if found:
        control = "the {field} holds the control character {control}: remove it"
        yield say(control, field=field, control=repr(found.group()))


def size_faults(html: str) -> Iterator[str]:
    size = len(html.encode())
    if size > MAX_HTML_BYTES:
        yield say("it comes to {size:,} bytes of HTML, {why}", size=size, why=_TOO_LONG_REASON)


def mark_faults(part: str, required: Requirements) -> Iterator[str]:
    """Yield a fault if the author wrote a merge mark."""
    # a mark that is not ours came from the text
    for mark in (*required.links, *NAME_MARKS[: required.max_gaps]):
        part = part.replace(mark, "")
    if MARK_PREFIX in part:
        marked = "it holds {mark}, which marks gaps to be filled: write another word"
        yield say(marked, mark=MARK_PREFIX)


def html_faults(html: str, required: Requirements) -> Iterator[str]:
    """Yield a fault for each element that a template's HTML lacks or must not have."""
    page = Page(html)
    for tag in sorted(_FORBIDDEN_TAGS.intersection(page.tags)):
        yield f"it has a <{tag}>, which mail programs block: remove it"
    for event in page.event_attributes:
        yield f"it has the attribute {event}, which mail programs block: remove it"
    if page.tags.count("h1") != 1:
        yield f"it has {page.tags.count('h1')} h1 elements: the title must be the only one"
    for href in page.hrefs:
        if href not in page.anchors and not _ABSOLUTE_URL_PATTERN.match(href):
            yield f"it links to {href!r}: write a whole address"
    for url in required.links:
        if url not in page.hrefs:
            yield f"it does not link to {url}"
    yield from _missing_words(page.text, required)


def _missing_words(part: str, required: Requirements) -> Iterator[str]:
    if not _contains_words(part, required.postal_address):
        yield "it lacks the postal address"
    if not _contains_words(part, required.embargo):
        yield f"it leaves out the embargo until {required.embargo}: fill in embargo"


def text_faults(text: str, html: str, required: Requirements) -> Iterator[str]:
    """Yield a fault for each part that a template's text lacks."""
    yield from _missing_words(text, required)
    digits = re.sub(r"[^+0-9]", "", text)
    page = Page(html)
    for href in [*required.links, *(href for href in page.hrefs if href not in page.anchors)]:
        if href.startswith("tel:") and href.removeprefix("tel:") in digits:
            continue
        if href.removeprefix("mailto:") not in text:
            yield f"it lacks {href}, to which the HTML links"


def _contains_words(text: str, words: str) -> bool:
    """Return whether a text contains the words. Line breaks and blanks do not count."""
    # lines of text are folded, and an address is on several lines
    return "".join(words.split()) in "".join(text.split())
