"""Decide which lines of a press release are title, date, text and furniture.

The title comes first. The lines above it are dropped, then the foot, from the last line upwards.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from newsletter.documents.release.candidates import Heading, begins_page_title, is_byline
from newsletter.documents.release.dates import date_line, find_yearless
from newsletter.documents.release.embargo import find_embargo, is_embargo
from newsletter.documents.release.feet import Reasons, find_foot
from newsletter.documents.release.furniture import (
    SITE_PATTERN,
    edge_reason,
    find_contact_lines,
    find_menu_end,
    is_contact_label,
    is_end_mark,
    is_for_editors,
    is_label,
    is_share_link,
    release_line,
)
from newsletter.documents.release.heading import (
    NO_DATE_NOTE,
    Dated,
    find_by_subject,
    find_date,
    find_heading,
    find_prose,
    make_subject_heading,
    make_up_heading,
)
from newsletter.documents.release.imported import DroppedLine, ImportedDocument, unusable
from newsletter.documents.release.lines import Line, begins_dateline
from newsletter.documents.release.paragraphs import is_bullet

_MIN_MASTHEAD_CHARS = 3
_CONTACT_REASON, _REPEATED_TITLE_REASON = "a contact above the text", "the title again"
_MAX_SUBHEAD_CHARS = 300
_MIN_WORDS, _MAX_DATED_CHARS = 5, 400


@dataclass(frozen=True, kw_only=True)
class StatedFacts:
    """The facts that a file states outside of its lines."""

    heading: Heading | None = None
    """The title. The indexes are -1 if it is in no line."""
    dated: Dated | None = None
    summary: str = ""
    email_subject: str = ""
    """The subject of the email, which becomes the title if the text shows none."""
    forwarded: Sequence[Line] = ()
    """The lines down to the end of the header of a forwarded email or a memo."""
    outside_texts: Sequence[tuple[int, str]] = ()
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
    label, _, title = stated.email_subject.partition(": ")
    subject = title.strip() if is_label(label) else stated.email_subject
    stated_heading = stated.heading or find_by_subject(subject, lines, prose)
    heading = stated_heading or find_heading(lines, prose, width)
    # a person wrote the subject: it is better than a guess
    if heading is None or (subject and heading.guessed):
        heading = make_subject_heading(subject) or make_up_heading(lines, prose, file)
    if prose is not None and heading.last >= prose:  # the headline is below a letter's opening
        below = find_prose(lines[heading.last + 1 :], width)
        prose = None if below is None else heading.last + 1 + below
    reasons, foot_notes = _find_dropped(lines, heading, prose)
    title_lines = range(heading.first, heading.last + 1)
    kept = [n for n in range(len(lines)) if n not in reasons and n not in title_lines]
    if not kept:
        raise unusable(file, "has a title and no text below it; copy the whole statement into it")
    head = [(line.number, line.text) for line in stated.forwarded if is_embargo(line.text)]
    outside = [*head, (0, stated.email_subject), *stated.outside_texts]
    header_reasons = {"above the title", "the embargo", "the date", "for immediate release"}
    furniture = {n for n, why in reasons.items() if why not in header_reasons}
    embargo = find_embargo(lines, prose, today, title_lines, apart=furniture, outside_texts=outside)
    dated = _choose_date(lines, heading, prose, stated, today)
    future_note = f"The date {dated.value} lies in the future."
    summary, summary_note = (stated.summary, "") if stated.summary else _summary(lines, kept, prose)
    notes = [
        *(embargo.notes if embargo else ()),
        heading.note,
        dated.note,
        future_note if dated.value and dated.value > today else "",
        *foot_notes,
        summary_note,
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
    all_dropped = sorted([*document.dropped, *dropped], key=lambda line: line.line)
    return replace(document, body=body, dropped=tuple(all_dropped), notes=tuple(notes))


def _choose_date(
    lines: Sequence[Line], heading: Heading, prose: int | None, stated: StatedFacts, today: date
) -> Dated:
    """Return the date in the text, else the one that the file states."""
    found = find_date(lines, heading, prose)
    head = [line.text for line in lines[: (prose or 0) + 1] if not is_embargo(line.text)]
    days = (find_yearless(text[:_MAX_DATED_CHARS], today) for text in head)
    if found.note == NO_DATE_NOTE and (day := next(filter(None, days), None)):
        found = Dated(value=day, note=f"The date {day} has no year in the text.")
    if found.value is None and stated.forwarded:
        found = find_date(stated.forwarded, heading, None)
    if stated.dated is None or stated.dated.value is None:
        return found
    if found.value is None:
        return stated.dated
    if found.value == stated.dated.value:
        return Dated(value=found.value)
    other_date = f"the file's own data say {stated.dated.value}"
    return Dated(value=found.value, note=f"The text is dated {found.value}, and {other_date}.")


def _summary(lines: Sequence[Line], kept: Sequence[int], prose: int | None) -> tuple[str, str]:
    """Return the only line between title and text as the summary, and a note; else "" twice."""
    lines_above = [n for n in kept if prose is not None and n < prose]
    if len(lines_above) != 1 or len(kept) == 1:
        return "", ""
    line = lines[lines_above[0]]
    text = line.text
    is_wordy = len(text.split()) >= _MIN_WORDS and text[0].isalnum()
    if not is_wordy or len(text) > _MAX_SUBHEAD_CHARS or begins_dateline(text) or is_byline(text):
        return "", ""
    note = f"{line.opening} reads like a subhead: it stays in the text, and is the summary too."
    return text, note


def _dropped(lines: Sequence[Line], reasons: Reasons, heading: Heading) -> tuple[DroppedLine, ...]:
    dropped = [
        DroppedLine(line=lines[n].number, text=lines[n].text, reason=reason)
        for n, reason in reasons.items()
    ]
    prefix, reason = heading.prefix, "stands before the title"
    if prefix is not None:
        dropped.append(DroppedLine(line=prefix.number, text=prefix.text, reason=reason))
    return tuple(sorted(dropped, key=lambda line: line.line))


def _find_dropped(
    lines: Sequence[Line], heading: Heading, prose: int | None
) -> tuple[Reasons, list[str]]:
    after_title = heading.last + 1
    text_start = after_title if prose is None else max(prose, after_title)
    contacts = find_contact_lines(lines[: len(lines) if prose is None else text_start])
    reasons: Reasons = {
        n: _CONTACT_REASON
        if n in contacts
        else _reason_near_title(lines[n].text, heading.title) or "above the title"
        for n in range(heading.first)
    }
    for n in range(after_title, len(lines)):
        why = _CONTACT_REASON if n in contacts else _reason_near_title(lines[n].text, heading.title)
        is_link = any(map(is_share_link, lines[n : n + 2])) and not why
        why = "site furniture" if is_link and len(lines[n].text.split()) <= _MIN_WORDS else why
        if n >= text_start and (prose is not None or not why):
            break
        if why:
            reasons[n] = why
    # the copy of the title that is nearest to the text is the headline
    copies = [n for n, why in reasons.items() if why == _REPEATED_TITLE_REASON]
    for n in range(after_title, max(copies, default=0)):
        reasons.setdefault(n, "above the title")
    above = [n for n in range(text_start) if reasons.get(n) in {"above the title", _CONTACT_REASON}]
    mastheads = [text for n in above if len(text := lines[n].text) > _MIN_MASTHEAD_CHARS]
    start = max(text_start, after_title)
    has_menu = find_menu_end(lines[: max(heading.first, 0)]) > 0
    foot_reasons, notes = find_foot(lines, start, mastheads, has_menu=has_menu)
    reasons.update(foot_reasons)
    for n in range(text_start, len(lines)):
        bullet_reason = "a bullet without a text" if is_bullet(lines[n].text) else ""
        end_reason = "the mark of the end" if is_end_mark(lines[n].text) else ""
        furniture = "site furniture" if SITE_PATTERN.fullmatch(lines[n].text) else ""
        if why := end_reason or bullet_reason or furniture:
            # a reason that follows from the line's place has priority
            reasons.setdefault(n, why)
    notes += _list_notes([lines[n] for n in range(text_start, len(lines)) if n not in reasons])
    return reasons, notes


def _list_notes(lines: Sequence[Line]) -> Iterator[str]:
    """Yield notes on kept lines that may not be for readers: contacts, notes to editors."""
    for line in lines:
        quote = replace(line, number=0).location  # the text at the desk has other line numbers
        if is_contact_label(line.text):
            yield (
                f"{quote} begins a contact, which was kept. Each mail ends with the "
                "press contact of the configuration: take this one out if it is the same."
            )
        if is_for_editors(line.text):
            yield (
                f"{quote} begins what editors are told, which was kept: take it out if "
                "it is not for readers."
            )


def _reason_near_title(text: str, title: str) -> str:
    """Return why a line near the title is not part of the text, or ""."""
    if text == title:
        return _REPEATED_TITLE_REASON
    if begins_page_title(text, title):
        return "the page's title"
    if is_embargo(text):
        return "the embargo"
    if date_line(text):
        return "the date"
    if is_byline(text):
        return "site furniture"
    return edge_reason(text) or ("for immediate release" if release_line(text) == "" else "")
