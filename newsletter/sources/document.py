"""From a plain text, copied off a web page or a PDF, to a statement's title, date and body."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from newsletter.domain.errors import Fault, InvalidInput
from newsletter.sources.dates import date_line
from newsletter.sources.ending import Reasons, below_the_text, page_breaks
from newsletter.sources.furniture import (
    always,
    at_the_edge,
    is_contact,
    is_embargo,
    is_end_mark,
    release_line,
)
from newsletter.sources.heading import Heading, find_date, find_heading, first_prose
from newsletter.sources.lines import Line, read_lines, wrap_width
from newsletter.sources.paragraphs import escape, is_bullet, join_lines
from newsletter.sources.text import decode as decode_bytes
from newsletter.sources.text import encoding_note


@dataclass(frozen=True, kw_only=True)
class Dropped:
    """A line that is not in the body, and why."""

    line: int
    text: str
    why: str


@dataclass(frozen=True, kw_only=True)
class ImportedDocument:
    """What was made of a plain text. Each line of it is in the title, the body or ``dropped``."""

    title: str
    date: date | None
    body: str
    """Markdown."""
    dropped: tuple[Dropped, ...]
    notes: tuple[str, ...]
    """Each guess, in a sentence, for the person who imports."""


def decode(data: bytes, *, file: str = "the text") -> str:
    """Read bytes as text; see ``newsletter.sources.text.decode``. Raises InvalidInput."""
    return decode_bytes(data, file=file)


def import_bytes(data: bytes, *, today: date, file: str = "the text") -> ImportedDocument:
    """Decode and import; a guess at the encoding is among the notes. Raises InvalidInput."""
    return import_document(
        decode(data, file=file), today=today, file=file, notes=filter(None, [encoding_note(data)])
    )


def import_document(
    text: str, *, today: date, file: str = "the text", notes: Iterable[str] = ()
) -> ImportedDocument:
    """Find title, date and body of a plain text.

    Raises InvalidInput, naming ``file``, if it is empty, has no title or has no body.
    """
    lines = read_lines(text)
    if not lines:
        raise _unusable(file, "is empty; copy the whole statement into it")
    width = wrap_width(lines)
    prose = first_prose(lines, width)
    heading = find_heading(lines, prose, width)
    if heading is None:
        message = "has no title that can be told from the text; write it as the first line"
        raise _unusable(file, message)
    reasons, guesses = _left_out(lines, heading, prose)
    kept = [n for n in range(len(lines)) if n not in reasons and not _in_title(n, heading)]
    if not kept:
        raise _unusable(file, "has a title and no text below it; copy the whole statement into it")
    dated = find_date(lines, heading, prose)
    paragraphs = join_lines([lines[n] for n in kept], width=width, soft=_soft(lines, reasons))
    return ImportedDocument(
        title=heading.title,
        date=dated.value,
        body="\n\n".join(map(escape, paragraphs)),
        dropped=_dropped(lines, reasons, heading),
        notes=tuple(
            filter(None, [*notes, heading.note, dated.note, _future(dated.value, today), *guesses])
        ),
    )


def _dropped(lines: Sequence[Line], reasons: Reasons, heading: Heading) -> tuple[Dropped, ...]:
    dropped = [
        Dropped(line=lines[n].number, text=lines[n].text, why=why) for n, why in reasons.items()
    ]
    if heading.prefix is not None:
        why = "stands before the title"
        dropped.append(Dropped(line=heading.prefix.number, text=heading.prefix.text, why=why))
    return tuple(sorted(dropped, key=lambda line: line.line))


def _left_out(
    lines: Sequence[Line], heading: Heading, prose: int | None
) -> tuple[Reasons, list[str]]:
    reasons: Reasons = {n: _above(lines[n].text) for n in range(heading.first)}
    start = heading.last + 1
    top = start if prose is None else max(prose, start)
    for n in range(start, len(lines)):
        why = _below_title(lines[n].text, heading.title)
        if n >= top and (prose is not None or not why):
            break
        if why:
            reasons[n] = why
    masthead = lines[0].text if heading.first else ""
    below, notes = below_the_text(lines, max(top, start), masthead)
    reasons.update(below)
    for n in range(top, len(lines)):
        why = _inside(lines[n].text)
        if why:
            reasons.setdefault(n, why)
    kept = [n for n in range(start, len(lines)) if n not in reasons]
    reasons.update(page_breaks(lines, kept, lines[: kept[0]] if kept else []))
    notes += [
        f"Line {line.number} speaks of an embargo: set embargo_until."
        for line in lines
        if is_embargo(line.text)
    ]
    return reasons, notes


def _above(text: str) -> str:
    if at_the_edge(text):
        return at_the_edge(text)
    if is_contact(text):
        return "a contact above the title"
    if date_line(text):
        return "the date"
    if is_embargo(text):
        return "the embargo"
    return "for immediate release" if release_line(text) is not None else "above the title"


def _below_title(text: str, title: str) -> str:
    if text == title:
        return "the title again"
    if date_line(text):
        return "the date"
    if is_embargo(text):
        return "the embargo"
    if release_line(text) == "":
        return "for immediate release"
    return at_the_edge(text)


def _inside(text: str) -> str:
    if is_end_mark(text):
        return "the mark of the end"
    if is_bullet(text):
        return "a bullet without a text"
    return always(text)


def _soft(lines: Sequence[Line], reasons: Reasons) -> frozenset[int]:
    """The numbers of lines that follow upon what a page break left, so that no paragraph ends."""
    soft: set[int] = set()
    broken = False
    for n, line in enumerate(lines):
        if n in reasons:
            broken = broken or reasons[n] in {"a page number", "a running header"}
            continue
        if broken:
            soft.add(line.number)
        broken = False
    return frozenset(soft)


def _in_title(index: int, heading: Heading) -> bool:
    return heading.first <= index <= heading.last


def _future(value: date | None, today: date) -> str:
    return f"The date {value} lies in the future." if value and value > today else ""


def _unusable(file: str, message: str) -> InvalidInput:
    return InvalidInput([Fault(file=file, message=message)])
