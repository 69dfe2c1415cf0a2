"""What stands below the running text: other pages, page data, foot lines, the vendor's line."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from newsletter.sources.furniture import (
    at_the_edge,
    is_end_mark,
    is_foot_address,
    is_machine_data,
    is_trade_name,
    leads_to_other_pages,
)
from newsletter.sources.lines import Line, ends_sentence

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
        notes.append(f"All from line {lines[end].number} on was taken for lists of other pages.")
    data = _page_data(lines, start, end)
    reasons.update(dict.fromkeys(range(data, end), "the page's own data"))
    for index, why in _foot(lines, start, data, masthead, notes):
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
        if after_number and (text in above or repeated[text] > 1):
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
            f"Line {line.number}, {line.text!r}, stands alone at the end and was kept: "
            "take it out if it is not a signature."
        )


def _may_sign(text: str) -> bool:
    wordy = bool(re.search(r"\w", text))
    return wordy and len(text.split()) <= 6 and not ends_sentence(text)


def _foot_reason(lines: Sequence[Line], index: int, masthead: str) -> str:
    text = lines[index].text
    if at_the_edge(text):
        return at_the_edge(text)
    if is_end_mark(text):
        return "the mark of the end"
    if masthead and text == masthead:
        return "the masthead again"
    return "the foot of the letterhead" if is_foot_address(text) else ""
