"""What in the lines of a press release is its title, its date, its text, and what is furniture."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from newsletter.documents.release.candidates import Heading, is_byline
from newsletter.documents.release.dates import date_line
from newsletter.documents.release.embargo import is_embargo
from newsletter.documents.release.foot import Reasons, below_the_text, page_breaks
from newsletter.documents.release.furniture import (
    always,
    at_the_edge,
    contact_lines,
    is_contact_label,
    is_end_mark,
    is_for_editors,
    release_line,
)
from newsletter.documents.release.heading import (
    Dated,
    find_date,
    find_heading,
    made_up_heading,
)
from newsletter.documents.release.imported import Dropped, unusable
from newsletter.documents.release.lines import Line, begins_dateline
from newsletter.documents.release.paragraphs import is_bullet
from newsletter.documents.release.window import names_page

_CONTACT = "a contact above the text"
_LONGEST_SUBHEAD = 300
_FULL = 5


@dataclass(frozen=True, kw_only=True)
class Recognised:
    """Which lines are the text, by index, and what the others are."""

    heading: Heading
    dated: Dated
    kept: tuple[int, ...]
    reasons: Reasons
    dropped: tuple[Dropped, ...]
    notes: tuple[str, ...]
    """Guesses about the end of the text; those about title and date are with these."""
    subhead: int | None = None
    """The one line between title and running text, which is kept."""


def recognise(
    lines: Sequence[Line],
    *,
    prose: int | None,
    width: int,
    file: str,
    heading: Heading | None = None,
) -> Recognised:
    """Tell the text from what surrounds it.

    ``prose`` is the index of the first line of running text. ``heading`` is the title where the
    file itself says it; its place is -1 if it stands in no line. Without a title one is made
    up. Raises InvalidInput, naming ``file``, without a text.
    """
    heading = heading or find_heading(lines, prose, width) or made_up_heading(lines, prose, file)
    reasons, notes = _left_out(lines, heading, prose)
    kept = [n for n in range(len(lines)) if n not in reasons and not _in_title(n, heading)]
    if not kept:
        raise unusable(file, "has a title and no text below it; copy the whole statement into it")
    return Recognised(
        heading=heading,
        dated=find_date(lines, heading, prose),
        kept=tuple(kept),
        reasons=reasons,
        dropped=_dropped(lines, reasons, heading),
        notes=tuple(notes),
        subhead=_subhead(lines, kept, prose),
    )


def _subhead(lines: Sequence[Line], kept: Sequence[int], prose: int | None) -> int | None:
    above = [n for n in kept if prose is not None and n < prose]
    if len(above) != 1 or len(kept) == 1:
        return None
    text = lines[above[0]].text
    wordy = len(text.split()) >= _FULL and len(text) <= _LONGEST_SUBHEAD and text[0].isalnum()
    return above[0] if wordy and not begins_dateline(text) and not is_byline(text) else None


def summary_of(lines: Sequence[Line], subhead: int | None) -> tuple[str, str]:
    """What inboxes show beside the subject, from the subhead; and what to say of it."""
    if subhead is None:
        return "", ""
    line = lines[subhead]
    note = f"{line.told} reads like a subhead: it stays in the text, and is the summary too."
    return line.text, note


def future_note(value: date | None, today: date) -> str:
    """What to say of a date that is not there yet, or nothing."""
    return f"The date {value} lies in the future." if value and value > today else ""


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
    start = heading.last + 1
    top = start if prose is None else max(prose, start)
    contacts = contact_lines(lines[: len(lines) if prose is None else top])
    reasons: Reasons = {
        n: _CONTACT if n in contacts else _above(lines[n].text, heading.title)
        for n in range(heading.first)
    }
    for n in range(start, len(lines)):
        why = _CONTACT if n in contacts else _below_title(lines[n].text, heading.title)
        if n >= top and (prose is not None or not why):
            break
        if why:
            reasons[n] = why
    masthead = lines[0].text if heading.first > 0 else ""
    below, notes = below_the_text(lines, max(top, start), masthead)
    reasons.update(below)
    for n in range(top, len(lines)):
        why = _inside(lines[n].text)
        if why:
            reasons.setdefault(n, why)
    kept = [n for n in range(start, len(lines)) if n not in reasons]
    reasons.update(page_breaks(lines, kept, lines[: kept[0]] if kept else []))
    notes += _below_notes([lines[n] for n in range(top, len(lines)) if n not in reasons])
    return reasons, notes


def _below_notes(lines: Sequence[Line]) -> Iterator[str]:
    """What was kept below the text that may not be for readers."""
    for line in lines:
        if is_contact_label(line.text):
            yield (
                f"{line.told} begins a contact, which was kept. Each mail ends with the "
                "press contact of the configuration: take this one out if it is the same."
            )
        if is_for_editors(line.text):
            yield (
                f"{line.told} begins what editors are told, which was kept: take it out if "
                "it is not for readers."
            )


def _above(text: str, title: str) -> str:
    if at_the_edge(text):
        return at_the_edge(text)
    if text == title:
        return "the title again"
    if names_page(text, title):
        return "the page's title"
    if is_embargo(text):
        return "the embargo"
    if date_line(text):
        return "the date"
    return "for immediate release" if release_line(text) is not None else "above the title"


def _below_title(text: str, title: str) -> str:
    if text == title:
        return "the title again"
    if is_embargo(text):
        return "the embargo"
    if date_line(text):
        return "the date"
    if release_line(text) == "":
        return "for immediate release"
    return at_the_edge(text)


def _inside(text: str) -> str:
    if is_end_mark(text):
        return "the mark of the end"
    if is_bullet(text):
        return "a bullet without a text"
    return always(text)


def _in_title(index: int, heading: Heading) -> bool:
    return heading.first <= index <= heading.last
