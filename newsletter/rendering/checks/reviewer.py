"""Review a statement's text before approval."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from urllib.parse import urlsplit

from markdown_it.token import Token

from newsletter.domain.statements.content import Content
from newsletter.domain.statements.review import (
    Check,
    ReviewContext,
    ReviewFinding,
    find_context_findings,
    sort_findings,
)
from newsletter.domain.statements.statement import Statement
from newsletter.domain.statements.weekdays import find_mismatches
from newsletter.domain.wording import say
from newsletter.rendering.checks import text_segments
from newsletter.rendering.checks.embargo import embargo_in
from newsletter.rendering.checks.guards import MAX_HTML_BYTES
from newsletter.rendering.markdown.markdown import read_markdown
from newsletter.rendering.markdown.tables import PHONE_WIDTH, SHEET_WIDTH, Fits, tables_in

LARGE_HTML_BYTES = 90_000
"""Bytes of HTML from which a finding warns of ``guards.HTML_LIMIT``."""
MAX_IMAGE_WIDTH_PIXELS = 1_200
"""Pixels: twice the width of a mail, which the sharpest screens show."""
MAX_CHARACTERS_SHOWN = 80

_SHORTENER_HOSTS = frozenset(text_segments.PHRASE_TABLES.words("shorteners"))
_EMPTY_LINK_TEXTS = frozenset(text_segments.PHRASE_TABLES.words("empty link texts"))
_UNSEEN_KIND_PATTERN = re.compile(r"\.(?:svgz?|avif|heic|tiff?|bmp)(?:\?[^#]*)?$", re.IGNORECASE)
_FILE_NAME_PATTERN = re.compile(
    r"(?i:\S+\.(?:jpe?g|png|gif|webp|heic|svg|bmp|tiff?)"
    r"|(?:img|dsc[nf]?|pict|image|screenshot|screen shot|photo|foto|untitled)[-_ ]?\d[-\w .]{0,40}"
    r"|an? (?:image|photo|picture)|image|photo|photograph|picture|graphic|img|untitled"
    r"|imagen|fotografía|gráfico|bild|grafik|(?:eine? |une )?(?:foto|photo|image|bild|grafik))"
)


def review_text(
    statement: Statement, content: Content | None, context: ReviewContext
) -> tuple[ReviewFinding, ...]:
    """Return all findings in order. Visits no link and never raises for a text.

    ``content`` is None if the statement cannot be rendered.
    """
    statement = replace(statement, embargo=embargo_in(statement))
    findings = [*find_context_findings(statement, context), *_check_front_matter(statement)]
    if len(statement.body) <= MAX_HTML_BYTES:  # what is longer cannot be rendered anyway
        findings += _check_text(statement, context)
    if content is not None:
        findings += _check_size(statement, content)
    return sort_findings(findings)


def _check_front_matter(statement: Statement) -> Iterator[ReviewFinding]:
    for key in ("title", "subject", "preview", "summary"):
        line = statement.line_of(key)
        for phrase in text_segments.find_phrases(getattr(statement, key)):
            if phrase.check in {Check.PLACEHOLDER, Check.DIALECT}:
                yield ReviewFinding(
                    check=phrase.check,
                    message=phrase.message,
                    file=statement.origin,
                    line=line,
                    key=key if line else "",
                )


def _check_size(statement: Statement, content: Content) -> Iterator[ReviewFinding]:
    size = len(content.html.encode())
    if size > LARGE_HTML_BYTES:
        message = say(
            "it comes to {size:,} bytes of HTML, and at {most:,} it is refused:"
            " shorten it, or link to the long version on the web",
            size=size,
            most=MAX_HTML_BYTES,
        )
        yield ReviewFinding(check=Check.NEAR_LIMIT, message=message, file=statement.origin)


_FoundPhrase = tuple[Check, int, str]
"""(check, line of the body from 0, message)."""


def _check_text(statement: Statement, context: ReviewContext) -> Iterator[ReviewFinding]:
    body_line = statement.line_of("body")
    tokens = read_markdown(statement.body, statement.language)
    about = statement.date or context.day
    segments = _check_segments(tokens, about, context.day.year)
    for check, line, message in (*_check_tables(tokens), *_check_files(tokens), *segments):
        place = body_line + line if body_line else 0
        yield ReviewFinding(check=check, message=message, file=statement.origin, line=place)


def _check_segments(tokens: Sequence[Token], about: date, year: int) -> Iterator[_FoundPhrase]:
    """Yield findings. The weekday of a date is checked in the year near ``about``."""
    level = 0
    for segment in text_segments.text_segments(tokens):
        for phrase in (
            *text_segments.find_phrases(segment.text),
            *text_segments.find_old_copyrights(segment.text, year),
        ):
            yield phrase.check, segment.line_at(phrase.offset), phrase.message
        for day in find_mismatches(segment.text, about=about):
            values = {"date": day.written, "year": str(day.year)}
            message = say("{date!r}: there is no such day in {year}; correct it", **values)
            if day.right:
                correction = "{date!r}: in {year} that is a {right:%A}; correct the day or the date"
                message = say(correction, right=day.right, **values)
            yield Check.WEEKDAY, segment.line_at(day.offset), message
        for link in segment.links:
            yield from _check_link(link)
        for image in segment.images:
            yield from _check_image(image)
        if level and segment.heading > level + 1:
            message = say(
                "this heading is of level {heading} below one of level {level}: write {marks}",
                heading=segment.heading,
                level=level,
                marks="#" * (level + 1),
            )
            yield Check.HEADINGS, segment.line, message
        level = segment.heading or level


def _check_tables(tokens: Sequence[Token]) -> Iterator[_FoundPhrase]:
    for table in tables_in(tokens):
        line = (tokens[table.first].map or [0])[0]
        width = str(table.width_needed)
        if table.fits is Fits.ON_DESKTOPS:
            message = say(
                "this table is too wide ({width} pixels) for a phone ({most}): there each row is"
                " shown as a list",
                width=width,
                most=str(PHONE_WIDTH),
            )
            yield Check.TABLE_WIDTH, line, message
        elif table.fits is Fits.NOWHERE:
            message = say(
                "this table is too wide ({width} pixels) for an email ({most}): each row is shown"
                " as a list on any screen; fewer columns would leave it a table",
                width=width,
                most=str(SHEET_WIDTH),
            )
            yield Check.TABLE_WIDTH, line, message


def _check_files(tokens: Sequence[Token]) -> Iterator[_FoundPhrase]:
    for token in tokens:
        for child in token.children or ():
            if child.type == "kind" and not child.meta["sized"]:
                line = (token.map or [0])[0]
                message = say(
                    "the file has no size next to it: write one behind the link, like (PDF, 2 MB)"
                )
                yield Check.DOWNLOAD_SIZE, line, message


def _check_link(link: text_segments.Link) -> Iterator[_FoundPhrase]:
    try:
        host = (urlsplit(link.address).hostname or "").removeprefix("www.")
    except ValueError:
        host = ""
    if host in _SHORTENER_HOSTS:
        message = say(
            "the link goes through {host}, which hides where it leads: write the address that it"
            " leads to",
            host=host,
        )
        yield Check.SHORT_LINK, link.line, message
    words = link.text.strip(" .:;,!»›>→…").lower()
    if words in _EMPTY_LINK_TEXTS:
        message = say(
            "the link to {address!r} says only {words!r}: put what is there between the brackets",
            address=link.address[:MAX_CHARACTERS_SHOWN],
            words=link.text.strip(),
        )
        yield Check.LINK_TEXT, link.line, message


def _check_image(image: text_segments.Image) -> Iterator[_FoundPhrase]:
    shown = image.address[:MAX_CHARACTERS_SHOWN]
    if _FILE_NAME_PATTERN.fullmatch(image.description):
        pattern = "the image {image!r} is described as {words!r}: write what it shows"
        message = say(pattern, image=shown, words=image.description)
        yield Check.IMAGE_DESCRIPTION, image.line, message
    if _UNSEEN_KIND_PATTERN.search(image.address):
        kind = (
            "the image {image!r} is of a kind that some mail programs do not show: save it as PNG"
            " or JPEG"
        )
        yield Check.IMAGE_KIND, image.line, say(kind, image=shown)
    if not image.width:
        size = (
            "the image {image!r} has no size, which Outlook for Windows needs: put #WIDTHxHEIGHT"
            " behind its address"
        )
        yield Check.IMAGE_SIZE, image.line, say(size, image=shown)
    elif image.width > MAX_IMAGE_WIDTH_PIXELS:
        too_wide = (
            "the image {image!r} is {width:,} pixels wide, which is slow to load: make it {most:,}"
            " or less"
        )
        message = say(too_wide, image=shown, width=image.width, most=MAX_IMAGE_WIDTH_PIXELS)
        yield Check.IMAGE_WIDTH, image.line, message
