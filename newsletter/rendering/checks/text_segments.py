"""Split a statement's text into visible segments with their lines, and find phrases in them."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markdown_it.token import Token

from newsletter.domain.statements.review import Check
from newsletter.domain.wording import say
from newsletter.rendering.markdown.faults import image_size, image_source
from newsletter.rendering.markdown.greetings import GREETING
from newsletter.tables import Tables

PHRASE_TABLES = Tables("newsletter.rendering.checks", "phrases.yaml")
HIDDEN_MARK = "\ufffc"
"""Placeholder for code, images and URLs, in which no phrase is searched."""

_URL_OR_EMAIL_PATTERN = re.compile(
    r"(?:\b[a-z][a-z0-9+.-]{0,30}://|\bwww\.)[^\s<>]+|[^\s<>@]{1,64}@[^\s<>@]+", re.IGNORECASE
)
_LINE_BREAK_TOKENS = {"softbreak", "hardbreak"}


@dataclass(frozen=True, kw_only=True)
class Link:
    line: int
    address: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Image:
    line: int
    address: str
    description: str
    width: int
    """In pixels; 0 without a size."""


@dataclass(frozen=True, kw_only=True)
class TextSegment:
    """The text of a paragraph, a heading or a cell, as one line."""

    text: str
    links: tuple[Link, ...]
    images: tuple[Image, ...]
    heading: int
    """The level of a heading, else 0."""
    starts: tuple[int, ...]
    """The offset in the text at which each line of the body begins."""
    line: int
    """The first line of the body, from 0."""

    def line_at(self, offset: int) -> int:
        """Return the line of the body, from 0, at an offset in the text."""
        return self.line + bisect_right(self.starts, offset) - 1


def text_segments(tokens: Sequence[Token]) -> Iterator[TextSegment]:
    """Yield the segments of a text in order, footnotes last, without code blocks."""
    line = heading = 0
    for token in tokens:
        line = token.map[0] if token.map else line
        if token.type == "heading_open":
            heading = len(token.markup) if token.markup[0] == "#" else 1 + (token.markup == "-")
        elif token.type == "heading_close":
            heading = 0
        elif token.type == "inline":
            yield _make_segment(token.children or [], line, heading)


def _make_segment(children: Sequence[Token], first: int, heading: int) -> TextSegment:
    text, line, starts = "", first, [0]
    links: list[Link] = []
    images: list[Image] = []
    open_links: list[tuple[int, str, int]] = []  # lines, addresses and where their texts begin
    for child in children:
        if child.type in _LINE_BREAK_TOKENS:
            text, line = text + " ", line + 1
            starts.append(len(text))
        elif child.type in {"text", GREETING}:
            text += child.content
        elif child.type == "link_open":
            open_links.append((line, str(child.attrs["href"]), len(text)))
        elif child.type == "link_close":
            where, address, link_start = open_links.pop()
            links.append(Link(line=where, address=address, text=text[link_start:]))
        elif child.type in {"image", "code_inline"}:
            text += HIDDEN_MARK
        if child.type == "image":
            width, _ = image_size(child) or (0, 0)
            content = child.content.strip()
            address = image_source(child)
            images.append(Image(line=line, address=address, description=content, width=width))
    return TextSegment(
        text=_URL_OR_EMAIL_PATTERN.sub(lambda found: HIDDEN_MARK * len(found.group()), text),
        links=tuple(links),
        images=tuple(images),
        heading=heading,
        starts=tuple(starts),
        line=first,
    )


_PHRASE_PATTERNS = tuple(
    (check, re.compile(row))
    for check in (Check.PLACEHOLDER, Check.ATTACHMENT, Check.DIALECT)
    for row in PHRASE_TABLES.words(check.value)
)

_SENTENCE_OF_CHECK = {
    Check.PLACEHOLDER: say(
        "{words!r} looks like something still to be filled in: write what it stands for", words=""
    ),
    Check.DIALECT: say(
        "{words!r} is no mark that this program knows, so subscribers would see it like this:"
        " write it otherwise, or put it between two ` if they are to see it",
        words="",
    ),
    Check.ATTACHMENT: say(
        "{words!r} speaks of an attachment, and mails carry none: link to the file instead",
        words="",
    ),
}


_NAME_PLACEHOLDER_PATTERN = re.compile(r"\{.{0,20}name", re.IGNORECASE)
_UNKNOWN_GREETING = say(
    "{words!r} is no greeting that this program knows, so subscribers would see it like this: write"
    " {example}, with your own word for readers without a name",
    words="",
    example="{name|friend}",
)


@dataclass(frozen=True, kw_only=True)
class Phrase:
    """A match of a phrase rule in a text."""

    check: Check
    offset: int
    """Characters before the segment in the text."""
    message: str


def find_phrases(text: str) -> Iterator[Phrase]:
    """Yield the matches of all rules in one line. Of overlapping ones, only the first counts."""
    found = [
        (words.start(), words.end(), check)
        for check, pattern in _PHRASE_PATTERNS
        for words in pattern.finditer(text)
    ]
    end_of_check: dict[Check, int] = {}
    for start, end, check in sorted(found, key=lambda one: (one[0], -one[1])):
        if start >= end_of_check.get(check, 0):
            end_of_check[check] = end
            is_name = check is Check.DIALECT and _NAME_PLACEHOLDER_PATTERN.match(text, start, end)
            sentence = _UNKNOWN_GREETING if is_name else _SENTENCE_OF_CHECK[check]
            message = say(sentence.pattern, **{**sentence.values, "words": text[start:end]})
            yield Phrase(check=check, offset=start, message=message)


_COPYRIGHT_PATTERN = re.compile(
    r"(?i:©|\(c\)|\bcopyright\b) {0,2}(?:© {0,2})?(?:\d{4} {0,2}[-–] {0,2})?(\d{4})\b"
)
_CREDIT_PATTERN = re.compile(r"(?i:photo|picture|image|courtesy|credit|foto|imagen|cr[eé]dito)")
_MAX_CREDIT_DISTANCE = 40
"""Characters before a © that are searched for a word such as Photo."""


def find_old_copyrights(text: str, year: int) -> Iterator[Phrase]:
    """Yield past years after a ©, except in the credits of pictures."""
    for found in _COPYRIGHT_PATTERN.finditer(text):
        before = text[max(0, found.start() - _MAX_CREDIT_DISTANCE) : found.start()]
        if int(found[1]) < year and not _CREDIT_PATTERN.search(before):
            yield Phrase(
                check=Check.COPYRIGHT,
                offset=found.start(),
                message=say(
                    "{words!r} names a year that is over: write {year}, or no year",
                    words=found.group(),
                    year=str(year),
                ),
            )
