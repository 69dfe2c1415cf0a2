"""Decide which lines of a press release are title, date, text and furniture."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from newsletter.documents.release.candidates import Heading, is_byline, names_page
from newsletter.documents.release.dates import date_line
from newsletter.documents.release.embargo import find_embargo, is_embargo
from newsletter.documents.release.furniture import (
    edge_reason,
    ends_at_foot,
    find_contact_lines,
    furniture_reason,
    is_address,
    is_contact_label,
    is_end_mark,
    is_foot_address,
    is_for_editors,
    is_label,
    is_machine_data,
    is_trade_name,
    leads_to_other_pages,
    release_line,
)
from newsletter.documents.release.heading import (
    Dated,
    find_by_subject,
    find_date,
    find_heading,
    make_up_heading,
    subject_heading,
)
from newsletter.documents.release.imported import DroppedLine, ImportedDocument, unusable
from newsletter.documents.release.lines import Line, begins_dateline, begins_small, ends_sentence
from newsletter.documents.release.paragraphs import is_bullet

_MAX_FOOT_LINE_CHARS = 70
_MIN_ENTRIES = 3
_MANY_ENTRIES = 5
_LINES_PER_ENTRY = 4
"""In a large page foot, at least one of this many lines is a known menu entry."""
Reasons = dict[int, str]
"""Index of a dropped line → the reason for dropping it."""


def find_foot(lines: Sequence[Line], start: int, masthead: str) -> tuple[Reasons, list[str]]:
    """Return the lines to drop below the text, and notes. ``start`` is its first line."""
    reasons: Reasons = {}
    notes: list[str] = []
    others = (n for n in range(start + 1, len(lines)) if leads_to_other_pages(lines[n].text))
    end = next(others, len(lines))
    if end < len(lines):
        why = f"below {lines[end].text!r}: other pages"
        reasons.update(dict.fromkeys(range(end, len(lines)), why))
        notes.append(f"All from {lines[end].location} on was taken for lists of other pages.")
    data = _find_page_data(lines, start, end)
    reasons.update(dict.fromkeys(range(data, end), "the page's own data"))
    menu = _find_site_foot(lines, start, data)
    if menu < data:
        reasons.update(dict.fromkeys(range(menu, data), "the foot of the site"))
        notes.append(f"All from {lines[menu].location} on was taken for the foot of the site.")
    for index, why in _foot_reasons(lines, start, menu, masthead, notes):
        reasons[index] = why
    return reasons, notes


def _find_page_data(lines: Sequence[Line], start: int, end: int) -> int:
    """Return the index at which the page's own data begin, without a later sentence; else end."""
    for index in range(start + 1, end):
        if is_machine_data(lines[index].text):
            rest = lines[index:end]
            prose = any(len(line.text) > 60 and ends_sentence(line.text) for line in rest)
            return end if prose else index
    return end


def _find_site_foot(lines: Sequence[Line], start: int, end: int) -> int:
    """Return the index at which the foot of the site begins (address, menu, copyright), else end.

    All its lines are short, and several are common menu entries. A signature above it stays.
    """
    top = end
    while top - 1 > start:
        text = lines[top - 1].text
        ended = ends_sentence(text) or is_contact_label(text) or text[-1] in ":,;–"
        if not edge_reason(text) and (len(text) > _MAX_FOOT_LINE_CHARS or ended):
            break
        top -= 1
    run = range(top, end)
    entries = [n for n in run if edge_reason(lines[n].text) and not is_label(lines[n].text)]
    known = sorted({*entries, *(n for n in run if is_address(lines[n].text))})
    if not entries or len(known) < _MIN_ENTRIES:
        return end
    if len(known) >= _MANY_ENTRIES and len(known) * _LINES_PER_ENTRY >= len(run):
        # A blank line or a mark parts a large foot from who signs the text above it.
        marks = [
            n for n in range(top, known[0]) if lines[n].gap_above or is_end_mark(lines[n].text)
        ]
        return marks[-1] if marks else top
    first = known[0]
    while first > top and is_address(lines[first - 1].text):
        first -= 1
    return first


def _foot_reasons(
    lines: Sequence[Line], start: int, end: int, masthead: str, notes: list[str]
) -> Iterator[tuple[int, str]]:
    index = end - 1
    # from the end up to the first other line
    while index > start:
        why = _foot_reason(lines, index, masthead)
        if not why:
            break
        yield index, why
        index -= 1
    if index <= start:
        return
    line = lines[index]
    # in a text without any blank line, a missing one says nothing
    parted = line.gap_above or not any(other.gap_above for other in lines)
    alone = parted and ends_sentence(lines[index - 1].text)
    words = len(line.text.split())
    may_sign = words <= 6 and re.search(r"\w", line.text) and not ends_sentence(line.text)
    if alone and is_trade_name(line.text):
        yield index, "the vendor's line: a firm's name alone below the last paragraph"
    elif alone and may_sign:
        notes.append(
            f"{line.opening}, {line.text!r}, stands alone at the end and was kept: "
            "take it out if it is not a signature."
        )


def _foot_reason(lines: Sequence[Line], index: int, masthead: str) -> str:
    text = lines[index].text
    # the last word of a wrapped sentence: members.
    if begins_small(text) and ends_sentence(text) and not lines[index].gap_above:
        return ""
    if edge_reason(text):
        return edge_reason(text)
    if is_end_mark(text) or ends_at_foot(text):
        return "the mark of the end"
    if masthead and text == masthead:
        return "the masthead again"
    if is_embargo(text):
        return "the embargo"
    return "the foot of the letterhead" if is_foot_address(text) else ""


_CONTACT_REASON = "a contact above the text"
_MAX_SUBHEAD_CHARS = 300
_MIN_WORDS = 5


@dataclass(frozen=True, kw_only=True)
class StatedFacts:
    """The facts that a file states outside of its lines."""

    heading: Heading | None = None
    """The title. The indexes are -1 if it is in no line."""
    dated: Dated | None = None
    summary: str = ""
    email_subject: str = ""
    """The subject of its email, which becomes the title if the text shows none."""
    forwarded: Sequence[Line] = ()
    """The lines down to the end of the header of a forwarded email or a memo."""
    beside: Sequence[tuple[int, str]] = ()
    """(line or 0, text) of texts outside of the lines, which may mention an embargo."""


def recognise(
    lines: Sequence[Line],
    stated: StatedFacts,
    *,
    prose: int | None,
    width: int,
    today: date,
    file: str,
) -> tuple[ImportedDocument, list[int]]:
    """Return the statement without its body, and the indexes of the body's lines.

    ``prose`` is the index of the first line of running text. Without a title, the email's subject
    or a made-up one is used. Raises InvalidInput, naming ``file``, if there is no text.
    """
    given = stated.heading or find_by_subject(stated.email_subject, lines, prose)
    heading = given or find_heading(lines, prose, width)
    # a person wrote the subject, so that it is better than a guess
    if heading is None or (stated.email_subject and heading.guessed):
        heading = subject_heading(stated.email_subject) or make_up_heading(lines, prose, file)
    reasons, ends = _find_dropped(lines, heading, prose)
    title = range(heading.first, heading.last + 1)
    kept = [n for n in range(len(lines)) if n not in reasons and n not in title]
    if not kept:
        raise unusable(file, "has a title and no text below it; copy the whole statement into it")
    head = [(line.number, line.text) for line in stated.forwarded]
    beside = [*head, (0, stated.email_subject), *stated.beside]
    around = {"above the title", "the embargo", "the date", "for immediate release"}
    apart = {n for n, why in reasons.items() if why not in around}
    embargo = find_embargo(lines, prose, today, title, apart=apart, beside=beside)
    dated = _choose_date(lines, heading, prose, stated)
    ahead = f"The date {dated.value} lies in the future."
    summary, of_summary = (stated.summary, "") if stated.summary else _summary(lines, kept, prose)
    notes = [
        *(embargo.notes if embargo else ()),
        heading.note,
        dated.note,
        ahead if dated.value and dated.value > today else "",
        *ends,
        of_summary,
    ]
    why = "the head of a forwarded email or a memo"
    above = (DroppedLine(line=line.number, text=line.text, reason=why) for line in stated.forwarded)
    document = ImportedDocument(
        title=heading.title,
        date=dated.value,
        body="",
        dropped=(*above, *_dropped(lines, reasons, heading)),
        notes=tuple(filter(None, notes)),
        summary=summary,
        embargo=embargo,
        guessed=heading.guessed,
    )
    return document, kept


def complete_document(
    document: ImportedDocument, body: str, *, dropped: Iterable[DroppedLine], notes: Iterable[str]
) -> ImportedDocument:
    """Return the document with a body in Markdown, more dropped lines, and these notes."""
    lost = sorted([*document.dropped, *dropped], key=lambda one: one.line)
    return replace(document, body=body, dropped=tuple(lost), notes=tuple(notes))


def _choose_date(
    lines: Sequence[Line], heading: Heading, prose: int | None, stated: StatedFacts
) -> Dated:
    """Return the date in the text, else the one that the file states."""
    seen = find_date(lines, heading, prose)
    if seen.value is None and stated.forwarded:
        seen = find_date(stated.forwarded, heading, None)
    if stated.dated is None or stated.dated.value is None:
        return seen
    if seen.value is None:
        return stated.dated
    if seen.value == stated.dated.value:
        return Dated(value=seen.value)
    other = f"the file's own data say {stated.dated.value}"
    return Dated(value=seen.value, note=f"The text is dated {seen.value}, and {other}.")


def _summary(lines: Sequence[Line], kept: Sequence[int], prose: int | None) -> tuple[str, str]:
    """Return the only line between title and text as the summary, and a note; else "" twice."""
    above = [n for n in kept if prose is not None and n < prose]
    if len(above) != 1 or len(kept) == 1:
        return "", ""
    line = lines[above[0]]
    text = line.text
    wordy = (
        len(text.split()) >= _MIN_WORDS and len(text) <= _MAX_SUBHEAD_CHARS and text[0].isalnum()
    )
    if not wordy or begins_dateline(text) or is_byline(text):
        return "", ""
    note = f"{line.opening} reads like a subhead: it stays in the text, and is the summary too."
    return text, note


def _dropped(lines: Sequence[Line], reasons: Reasons, heading: Heading) -> tuple[DroppedLine, ...]:
    dropped = [
        DroppedLine(line=lines[n].number, text=lines[n].text, reason=why)
        for n, why in reasons.items()
    ]
    if heading.prefix is not None:
        why = "stands before the title"
        dropped.append(
            DroppedLine(line=heading.prefix.number, text=heading.prefix.text, reason=why)
        )
    return tuple(sorted(dropped, key=lambda line: line.line))


def _find_dropped(
    lines: Sequence[Line], heading: Heading, prose: int | None
) -> tuple[Reasons, list[str]]:
    start = heading.last + 1
    top = start if prose is None else max(prose, start)
    contacts = find_contact_lines(lines[: len(lines) if prose is None else top])
    reasons: Reasons = {
        n: _CONTACT_REASON
        if n in contacts
        else _reason_near_title(lines[n].text, heading.title) or "above the title"
        for n in range(heading.first)
    }
    for n in range(start, len(lines)):
        why = _CONTACT_REASON if n in contacts else _reason_near_title(lines[n].text, heading.title)
        if n >= top and (prose is not None or not why):
            break
        if why:
            reasons[n] = why
    masthead = lines[0].text if heading.first > 0 else ""
    below, notes = find_foot(lines, max(top, start), masthead)
    reasons.update(below)
    for n in range(top, len(lines)):
        bullet = "a bullet without a text" if is_bullet(lines[n].text) else ""
        end = "the mark of the end" if is_end_mark(lines[n].text) else ""
        if why := end or bullet or furniture_reason(lines[n].text):
            # a reason by the line's place is better
            reasons.setdefault(n, why)
    notes += _below_notes([lines[n] for n in range(top, len(lines)) if n not in reasons])
    return reasons, notes


def _below_notes(lines: Sequence[Line]) -> Iterator[str]:
    """Yield notes on kept lines that may not be for readers: contacts, notes to editors."""
    for line in lines:
        words = replace(line, number=0).location  # the text at the desk has other line numbers
        if is_contact_label(line.text):
            yield (
                f"{words} begins a contact, which was kept. Each mail ends with the "
                "press contact of the configuration: take this one out if it is the same."
            )
        if is_for_editors(line.text):
            yield (
                f"{words} begins what editors are told, which was kept: take it out if "
                "it is not for readers."
            )


def _reason_near_title(text: str, title: str) -> str:
    """Return why a line near the title is not part of the text, or ""."""
    if text == title:
        return "the title again"
    if names_page(text, title):
        return "the page's title"
    if is_embargo(text):
        return "the embargo"
    if date_line(text):
        return "the date"
    return edge_reason(text) or ("for immediate release" if release_line(text) == "" else "")
