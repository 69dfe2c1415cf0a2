"""Split a statement's text into visible segments with their lines, and apply the rules.

Each row of a table is one rule. A good rule is silent about ordinary text.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markdown_it.token import Token

from newsletter.domain.statements.review import Check
from newsletter.rendering.markdown.faults import image_size, image_source
from newsletter.rendering.markdown.greetings import GREETING

HIDDEN = "\ufffc"
"""Replaces code, images and addresses, which are no prose."""

_ADDRESS = re.compile(
    r"(?:\b[a-z][a-z0-9+.-]{0,30}://|\bwww\.)[^\s<>]+|[^\s<>@]{1,64}@[^\s<>@]+", re.IGNORECASE
)
_BREAKS = {"softbreak", "hardbreak"}


@dataclass(frozen=True, kw_only=True)
class Link:
    """A link, with its visible text."""

    line: int
    address: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Image:
    """An image, with its description."""

    line: int
    address: str
    description: str
    width: int
    """In pixels; 0 without a size."""


@dataclass(frozen=True, kw_only=True)
class TextSegment:
    """A paragraph, a heading or a cell, on one line."""

    text: str
    links: tuple[Link, ...]
    images: tuple[Image, ...]
    heading: int
    """The written level, or 0."""
    starts: tuple[int, ...]
    """Where each line of the body begins in the text."""
    line: int
    """The first of those lines, from 0."""

    def line_at(self, offset: int) -> int:
        """Return the line of the body, from 0, of a place in the text."""
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
            yield _segment(token.children or [], line, heading)


def _segment(children: Sequence[Token], first: int, heading: int) -> TextSegment:
    text, line, starts = "", first, [0]
    links: list[Link] = []
    images: list[Image] = []
    opened: list[tuple[int, str, int]] = []  # lines, addresses and where their texts begin
    for child in children:
        if child.type in _BREAKS:
            text, line = text + " ", line + 1
            starts.append(len(text))
        elif child.type in {"text", GREETING}:
            text += child.content
        elif child.type == "link_open":
            opened.append((line, str(child.attrs["href"]), len(text)))
        elif child.type == "link_close":
            where, address, begins = opened.pop()
            links.append(Link(line=where, address=address, text=text[begins:]))
        elif child.type in {"image", "code_inline"}:
            text += HIDDEN
        if child.type == "image":
            width, _ = image_size(child) or (0, 0)
            said = child.content.strip()
            address = image_source(child)
            images.append(Image(line=line, address=address, description=said, width=width))
    return TextSegment(
        text=_ADDRESS.sub(lambda found: HIDDEN * len(found.group()), text),
        links=tuple(links),
        images=tuple(images),
        heading=heading,
        starts=tuple(starts),
        line=first,
    )


_TO_FILL_IN = (
    "DATE|DAY|TIME|NAME|FIRST NAME|LAST NAME|FULL NAME|TITLE|POSITION|CITY|STATE|PLACE|LOCATION"
    "|VENUE|PHONE|PHONE NUMBER|EMAIL|E-MAIL|ADDRESS|NUMBER|AMOUNT|LINK|URL|QUOTE|COMPANY"
    "|COMPANY NAME|ORGANI[SZ]ATION|SPOKESPERSON|CONTACT|HEADLINE|PHOTO|IMAGE|LOGO"
    "|FECHA|HORA|NOMBRE|APELLIDOS?|CARGO|CIUDAD|LUGAR|ENLACE|CITA|TEL[EÉ]FONO|CORREO"
)
_NUMBERED = ("Bowl", "Article", "Chapter", "Title", "Part", "Book", "Volume", "Section", "Louis")
_NOT_A_NUMERAL = "".join(rf"(?<!\b{word} )" for word in _NUMBERED)
_FILE = (
    r"(?:files?|documents?|pdfs?|letters?|photos?|images?|reports?|spreadsheets?|agendas?|flyers?"
    r"|press release|fact ?sheets?|statements?|cop(?:y|ies)|lists?|maps?)"
)

_PHRASES = (
    # --- to be filled in
    (Check.PLACEHOLDER, r"(?<![-.&\w])(?:TK)+\b(?![-.&]?\w| [A-Z0-9][a-z0-9])"),
    (Check.PLACEHOLDER, rf"{_NOT_A_NUMERAL}(?<![.\w])(?:X{{3,}}|x{{3,}})\b"),
    (Check.PLACEHOLDER, r"(?i:\blorem ipsum\b)"),
    (Check.PLACEHOLDER, rf"\[(?:{_TO_FILL_IN})\]"),
    (Check.PLACEHOLDER, r"(?i:\[(?:tbd|tbc|tba|todo|tk|placeholder|to come|pendiente)\])"),
    (Check.PLACEHOLDER, r"(?i:\[(?:insert|add|fill in|your|insertar|completar)\s[^\[\]]{1,60}\])"),
    (
        Check.PLACEHOLDER,
        r"(?i:\binsert (?:the |a |your )?(?:name|date|time|place|city|quote|link|photo|image|logo"
        r"|text|title|headline|address|number) here\b)",
    ),
    (Check.PLACEHOLDER, r"\bWrite the statement here, in Markdown\b"),
    # --- attached
    (Check.ATTACHMENT, r"(?i:\b(?:see|find|open|view|read) (?:the )?attach(?:ed|ments?)\b)"),
    (Check.ATTACHMENT, rf"(?i:(?<!-)\battached (?:\w+ )?{_FILE}\b)"),
    (Check.ATTACHMENT, r"(?i:^attached (?:is|are|you|please|find)\b)"),
    (Check.ATTACHMENT, rf"(?i:\b{_FILE} (?:is|are) attached\b(?! to\b))"),
    (Check.ATTACHMENT, r"(?i:\b(?:please find|find) (?:enclosed|attached)\b)"),
    (Check.ATTACHMENT, r"(?i:\battach(?:ed|ments?) (?:to|in) this (?:e-?mail|message)\b)"),
    (Check.ATTACHMENT, r"(?i:\b(?:archivos?|documentos?|ficheros?|fotos?|pdf) adjunt[oa]s?\b)"),
    (Check.ATTACHMENT, r"(?i:\b(?:ver|v[eé]ase|vea) (?:el )?adjunto\b|\bse adjuntan?\b)"),
    (Check.ATTACHMENT, r"(?i:\badjuntamos\b|\ben (?:el )?adjunto\b)"),
)
_TAGS = (
    "a|abbr|b|big|blockquote|br|center|code|del|details|div|em|figure|font|h[1-6]|hr|i|iframe|img|ins"
    "|kbd|li|mark|ol|p|picture|pre|s|script|small|span|strike|strong|style|sub|summary|sup|table|tbody"
    "|td|th|thead|tr|u|ul|video|wbr"
)
_DIALECTS = (
    (Check.DIALECT, r"^\[[ xX]\](?= )"),  # a task, which is an item of a list
    (Check.DIALECT, r"(?<![=\w])==(?=[^\s=])[^=]{0,80}[^\s=]==(?![=\w])"),
    (Check.DIALECT, r"(?<![+\w])\+\+(?=[^\s+])[^+]{0,80}[^\s+]\+\+(?![+\w])"),
    (Check.DIALECT, rf"(?i:</?(?:{_TAGS})(?:\s[^<>]{{0,200}})?/?>)"),
    (Check.DIALECT, r"<!(?:--|–|—)"),
    (Check.DIALECT, r"^\[!(?:NOTE|TIP|IMPORTANT|WARNING|CAUTION)\]"),
    (Check.DIALECT, r"^:::+ ?\w*"),
    (Check.DIALECT, r"(?i:\[(?:toc|_toc_)\])|\[\[_TOC_\]\]"),
    (Check.DIALECT, r"(?<![\w:]):[a-z][a-z0-9_]{2,30}:(?![\w:])"),  # :smile:
    (Check.DIALECT, r"\{[.#][A-Za-z][\w .#-]{0,40}\}"),  # attributes
    (
        Check.DIALECT,
        r"(?i:(?<![{$\w])\{(?!name\|)(?:(?:first|last|full|user|company)[ _-]?name|[fl]name|name"
        r"|email|unsubscribe[ _-]?(?:link|url)?|[a-z]{1,20}_[a-z_]{1,30})"
        r"(?:\|[^{}\n]{0,40})?\}(?!\}))",
    ),
    (Check.DIALECT, r"\{ {0,3}name {0,3}\Z"),  # the | of a cell was taken for the end of the cell
)
_COMPILED = tuple((check, re.compile(pattern)) for check, pattern in (*_PHRASES, *_DIALECTS))

_SAYS = {
    Check.PLACEHOLDER: "looks like something still to be filled in: write what it stands for",
    Check.DIALECT: "is no mark that this program knows, so subscribers would see it like this:"
    " write it otherwise, or put it between two ` if they are to see it",
    Check.ATTACHMENT: "speaks of an attachment, and mails carry none: link to the file instead",
}


_BY_NAME = re.compile(r"\{.{0,20}name", re.IGNORECASE)
_SAY_NAME = (
    "is no greeting that this program knows, so subscribers would see it like this: write"
    " {name|friend}, with your own word for readers without a name"
)


@dataclass(frozen=True, kw_only=True)
class Phrase:
    """Words that match a rule."""

    check: Check
    offset: int
    """In the text, in characters."""
    message: str


def phrases_in(text: str) -> Iterator[Phrase]:
    """Yield the matches of the rules in one line; of overlapping ones only the first."""
    found = [
        (words.start(), words.end(), check)
        for check, pattern in _COMPILED
        for words in pattern.finditer(text)
    ]
    ends: dict[Check, int] = {}
    for start, end, check in sorted(found, key=lambda one: (one[0], -one[1])):
        if start >= ends.get(check, 0):
            ends[check] = end
            by_name = check is Check.DIALECT and _BY_NAME.match(text, start, end)
            message = f"{text[start:end]!r} {_SAY_NAME if by_name else _SAYS[check]}"
            yield Phrase(check=check, offset=start, message=message)


_COPYRIGHT = re.compile(
    r"(?i:©|\(c\)|\bcopyright\b) {0,2}(?:© {0,2})?(?:\d{4} {0,2}[-–] {0,2})?(\d{4})\b"
)
_PICTURE = re.compile(r"(?i:photo|picture|image|courtesy|credit|foto|imagen|cr[eé]dito)")
_NEAR = 40
"""Characters."""


def old_copyrights(text: str, year: int) -> Iterator[Phrase]:
    """Yield past years after a ©, except those of pictures."""
    for found in _COPYRIGHT.finditer(text):
        before = text[max(0, found.start() - _NEAR) : found.start()]
        if int(found[1]) < year and not _PICTURE.search(before):
            yield Phrase(
                check=Check.COPYRIGHT,
                offset=found.start(),
                message=f"{found.group()!r} names a year that is over: write {year}, or no year",
            )
