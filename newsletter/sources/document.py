"""From a plain text, copied off a web page or a PDF, to a statement's title, date and body."""

from collections.abc import Iterable, Sequence
from datetime import date

from newsletter.sources.ending import Reasons
from newsletter.sources.heading import first_prose
from newsletter.sources.imported import ImportedDocument, unusable
from newsletter.sources.lines import Line, read_lines, wrap_width
from newsletter.sources.paragraphs import escape, join_lines
from newsletter.sources.recognition import future_note, recognise
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
    lines = read_lines(text)
    if not lines:
        raise unusable(file, "is empty; copy the whole statement into it")
    width = wrap_width(lines)
    found = recognise(lines, prose=first_prose(lines, width), width=width, file=file)
    kept = [lines[n] for n in found.kept]
    paragraphs = join_lines(kept, width=width, soft=_soft(lines, found.reasons))
    value = found.dated.value
    guesses = [found.heading.note, found.dated.note, future_note(value, today), *found.notes]
    return ImportedDocument(
        title=found.heading.title,
        date=value,
        body="\n\n".join(map(escape, paragraphs)),
        dropped=found.dropped,
        notes=tuple(filter(None, [*notes, *guesses])),
    )


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
