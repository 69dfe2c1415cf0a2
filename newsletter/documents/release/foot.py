"""What stands below the running text: lists of other pages, data, the foot of the site."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from newsletter.documents.release.embargo import is_embargo
from newsletter.documents.release.furniture import (
    at_the_edge,
    ends_at_foot,
    is_address,
    is_contact_label,
    is_end_mark,
    is_foot_address,
    is_label,
    is_machine_data,
    is_trade_name,
    leads_to_other_pages,
)
from newsletter.documents.release.lines import Line, ends_sentence

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
    told = ends_sentence(text) or is_contact_label(text) or text[-1] in ":,;–"
    return len(text) <= _LONGEST_FOOT_LINE and not told


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
            f"{line.told}, {line.text!r}, stands alone at the end and was kept: "
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
