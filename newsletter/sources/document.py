"""From a plain text, copied off a web page or a PDF, to a statement's title, date and body."""

from collections.abc import Iterable, Iterator, Sequence, Set
from datetime import date
from itertools import groupby
from operator import itemgetter

from newsletter.sources.ending import PAGE_NUMBER, RUNNING_HEADER, Reasons
from newsletter.sources.heading import first_prose
from newsletter.sources.imported import Dropped, ImportedDocument, unusable
from newsletter.sources.lines import Line, read_lines, wrap_width
from newsletter.sources.paragraphs import Joining, escape, how_to_join, join_lines
from newsletter.sources.recognition import future_note, recognise, summary_of
from newsletter.sources.running import running_lines
from newsletter.sources.tabbed import tabbed_table, table_rows
from newsletter.sources.text import decode, encoding_note


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
    every = read_lines(text)
    if not every:
        raise unusable(file, "is empty; copy the whole statement into it")
    running = running_lines(every)
    lines = [line for n, line in enumerate(every) if n not in running]
    width = wrap_width(lines)
    found = recognise(lines, prose=first_prose(lines, width), width=width, file=file)
    broken = {*running, *_breaks(every, lines, found.reasons)}
    how = how_to_join(lines, width=width, soft=_soft(every, broken))
    body = "\n\n".join(_blocks([lines[n] for n in found.kept], how))
    value = found.dated.value
    summary, of_summary = summary_of(lines, found.subhead)
    guesses = [found.heading.note, found.dated.note, future_note(value, today), *found.notes]
    return ImportedDocument(
        title=found.heading.title,
        date=value,
        body=body,
        dropped=tuple(sorted([*_dropped(every, running), *found.dropped], key=_by_line)),
        notes=tuple(filter(None, [*notes, *guesses, of_summary, *how.notes()])),
        summary=summary,
    )


def _blocks(lines: Sequence[Line], how: Joining) -> Iterator[str]:
    """Paragraphs and tables, in Markdown."""
    for cells, group in groupby(table_rows(lines), key=itemgetter(0)):
        part = [line for _, line in group]
        if cells:
            yield tabbed_table(part)
        else:
            yield from map(escape, join_lines(part, how))


def _breaks(every: Sequence[Line], lines: Sequence[Line], reasons: Reasons) -> Iterator[int]:
    place = {line.number: n for n, line in enumerate(every)}
    for n, why in reasons.items():
        if why in {PAGE_NUMBER, RUNNING_HEADER}:
            yield place[lines[n].number]


def _soft(every: Sequence[Line], broken: Set[int]) -> frozenset[int]:
    """The numbers of lines that follow upon what a page break left, so that no paragraph ends."""
    return frozenset(
        line.number for n, line in enumerate(every) if n not in broken and n - 1 in broken
    )


def _dropped(every: Sequence[Line], reasons: Reasons) -> Iterator[Dropped]:
    for n, why in reasons.items():
        yield Dropped(line=every[n].number, text=every[n].text, why=why)


def _by_line(dropped: Dropped) -> int:
    return dropped.line
