"""What in the lines of a press release is its title, its date, its text, and what is furniture."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from newsletter.documents.release.candidates import Heading, is_byline, names_page
from newsletter.documents.release.dates import date_line
from newsletter.documents.release.embargo import is_embargo
from newsletter.documents.release.furniture import (
    always,
    at_the_edge,
    contact_lines,
    ends_at_foot,
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
    find_date,
    find_heading,
    made_up_heading,
    subject_heading,
)
from newsletter.documents.release.imported import Dropped, unusable
from newsletter.documents.release.lines import Line, begins_dateline, ends_sentence
from newsletter.documents.release.paragraphs import is_bullet

_LONGEST_FOOT_LINE = 70
_FEWEST_ENTRIES = 3
_SHORTEST_HEAD = 8
_MANY_ENTRIES = 5
_THICK = 4
"""Of so many lines of a large foot at least one is known."""
Reasons = dict[int, str]
"""Index of a line that is left out → why."""

PAGE_NUMBER = "a page number"
RUNNING_HEADER = "a running header"


def below_the_text(lines: Sequence[Line], start: int, masthead: str) -> tuple[Reasons, list[str]]:
    """What to leave out of the lines from ``start`` (the first of the body) on, and notes."""
    reasons: Reasons = {}
    notes: list[str] = []
    end = _cut(lines, start)
    if end < len(lines):
        why = f"below {lines[end].text!r}: other pages"
        reasons.update(dict.fromkeys(range(end, len(lines)), why))
        notes.append(f"All from {lines[end].where} on was taken for lists of other pages.")
    data = _page_data(lines, start, end)
    reasons.update(dict.fromkeys(range(data, end), "the page's own data"))
    menu = _site_foot(lines, start, data)
    if menu < data:
        reasons.update(dict.fromkeys(range(menu, data), "the foot of the site"))
        notes.append(f"All from {lines[menu].where} on was taken for the foot of the site.")
    for index, why in _foot(lines, start, menu, masthead, notes):
        reasons[index] = why
    return reasons, notes


def page_breaks(lines: Sequence[Line], indexes: Sequence[int], head: Sequence[Line]) -> Reasons:
    """Page numbers, and the running headers that come again below them."""
    numbers = [index for index in indexes if lines[index].text.isdecimal()]
    if [lines[index].text for index in numbers] != [str(n + 1) for n in range(len(numbers))]:
        return {}
    if len(numbers) == 1 and numbers[0] != indexes[-1]:
        return {}
    reasons = dict.fromkeys(numbers, PAGE_NUMBER)
    marks = frozenset(numbers)
    repeated = Counter(lines[index].text for index in indexes)
    above = {line.text for line in head}
    for index in indexes:
        text = lines[index].text
        after_number = index - 1 in marks
        again = any(len(one) >= _SHORTEST_HEAD and one in text for one in above)
        if after_number and (again or repeated[text] > 1) and not ends_sentence(text):
            reasons[index] = RUNNING_HEADER
    return reasons


def _cut(lines: Sequence[Line], start: int) -> int:
    for index in range(start + 1, len(lines)):
        if leads_to_other_pages(lines[index].text):
            return index
    return len(lines)


def _page_data(lines: Sequence[Line], start: int, end: int) -> int:
    """Where the page's own data begins: none of what follows is a sentence."""
    for index in range(start + 1, end):
        if is_machine_data(lines[index].text):
            rest = lines[index:end]
            prose = any(len(line.text) > 60 and ends_sentence(line.text) for line in rest)
            return end if prose else index
    return end


def _site_foot(lines: Sequence[Line], start: int, end: int) -> int:
    """Where the foot of the whole site begins: its address, its menu, its rights.

    All of its lines are short, and several are what menus of many sites have. A name that signs
    the text above it stays.
    """
    top = end
    while top - 1 > start and _may_be_foot(lines[top - 1].text):
        top -= 1
    run = range(top, end)
    entries = [n for n in run if at_the_edge(lines[n].text) and not is_label(lines[n].text)]
    known = sorted({*entries, *(n for n in run if is_address(lines[n].text))})
    if not entries or len(known) < _FEWEST_ENTRIES:
        return end
    if len(known) >= _MANY_ENTRIES and len(known) * _THICK >= len(run):
        return _below_signature(lines, top, known[0])
    first = known[0]
    while first > top and is_address(lines[first - 1].text):
        first -= 1
    return first


def _below_signature(lines: Sequence[Line], top: int, known: int) -> int:
    """The first line of a large foot: a blank line or a mark parts it from who signs the text."""
    marks = [n for n in range(top, known) if lines[n].gap or is_end_mark(lines[n].text)]
    return marks[-1] if marks else top


def _may_be_foot(text: str) -> bool:
    if at_the_edge(text):
        return True
    ended = ends_sentence(text) or is_contact_label(text) or text[-1] in ":,;–"
    return len(text) <= _LONGEST_FOOT_LINE and not ended


def _foot(
    lines: Sequence[Line], start: int, end: int, masthead: str, notes: list[str]
) -> Iterator[tuple[int, str]]:
    index = end - 1
    while index > start:
        why = _foot_reason(lines, index, masthead)
        if not why:
            break
        yield index, why
        index -= 1
    if index <= start:
        return
    line = lines[index]
    parted = line.gap or not any(other.gap for other in lines)
    alone = parted and ends_sentence(lines[index - 1].text)
    if alone and is_trade_name(line.text):
        yield index, "the vendor's line: a firm's name alone below the last paragraph"
    elif alone and _may_sign(line.text):
        notes.append(
            f"{line.opening}, {line.text!r}, stands alone at the end and was kept: "
            "take it out if it is not a signature."
        )


def _may_sign(text: str) -> bool:
    wordy = bool(re.search(r"\w", text))
    return wordy and len(text.split()) <= 6 and not ends_sentence(text)


def _foot_reason(lines: Sequence[Line], index: int, masthead: str) -> str:
    text = lines[index].text
    if at_the_edge(text):
        return at_the_edge(text)
    if is_end_mark(text) or ends_at_foot(text):
        return "the mark of the end"
    if masthead and text == masthead:
        return "the masthead again"
    if is_embargo(text):
        return "the embargo"
    return "the foot of the letterhead" if is_foot_address(text) else ""


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
    forwarded: Sequence[Line] = (),
    subject: str = "",
) -> Recognised:
    """Tell the text from what surrounds it.

    ``prose`` is the index of the first line of running text. ``heading`` is the title where the
    file itself says it; its place is -1 if it stands in no line. Without a title it is the
    ``subject`` of an email, or one is made up. ``forwarded`` are the lines down to the end of the
    head of a forwarded email or a memo. Raises InvalidInput, naming ``file``, without a text.
    """
    heading = heading or find_heading(lines, prose, width)
    if heading is None or (subject and heading.guessed):
        heading = subject_heading(subject) or made_up_heading(lines, prose, file)
    reasons, notes = _left_out(lines, heading, prose)
    kept = [n for n in range(len(lines)) if n not in reasons and not _in_title(n, heading)]
    if not kept:
        raise unusable(file, "has a title and no text below it; copy the whole statement into it")
    dated = find_date(lines, heading, prose)
    if dated.value is None and forwarded:
        dated = find_date(forwarded, heading, None)
    why = "the head of a forwarded email or a memo"
    above = (Dropped(line=line.number, text=line.text, why=why) for line in forwarded)
    return Recognised(
        heading=heading,
        dated=dated,
        kept=tuple(kept),
        reasons=reasons,
        dropped=(*above, *_dropped(lines, reasons, heading)),
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
    note = f"{line.opening} reads like a subhead: it stays in the text, and is the summary too."
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
                f"{line.opening} begins a contact, which was kept. Each mail ends with the "
                "press contact of the configuration: take this one out if it is the same."
            )
        if is_for_editors(line.text):
            yield (
                f"{line.opening} begins what editors are told, which was kept: take it out if "
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
