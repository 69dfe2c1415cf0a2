"""Which line of a plain text is its title, and which says its date."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import PurePath
from textwrap import shorten

from newsletter.documents.release.candidates import (
    FULL_TITLE,
    LONGEST_TITLE,
    Heading,
    is_around,
    is_body_name,
    is_first,
    is_one_sentence,
    may_be_title,
    stopped_title,
    tells,
)
from newsletter.documents.release.dates import FoundDate, date_line, dateline
from newsletter.documents.release.embargo import headline_beside, is_embargo
from newsletter.documents.release.furniture import (
    at_the_edge,
    is_contact,
    is_label,
    is_machine_data,
    release_line,
)
from newsletter.documents.release.lines import Line, begins_small, ends_sentence, is_prose
from newsletter.documents.release.place import continued, title_by_place
from newsletter.documents.release.window import named_by_page

_LONGEST_GUESS = 120
_LONGEST_HEAD = 40
"""Lines, of navigation too, between a page's title and its headline."""
_MOST_WRAPPED = 3
_LONGEST_STOPPED = 130
_LOOK = "look at it and write title: yourself."


@dataclass(frozen=True, kw_only=True)
class Dated:
    """The date of a text, and what to say about it."""

    value: date | None
    note: str = ""


def first_prose(lines: Sequence[Line], width: int) -> int | None:
    """The index of the first line of running text."""
    for index, line in enumerate(lines):
        if is_prose(lines, index, width) and not _is_page_title(lines, index):
            if at_the_edge(line.text) or release_line(line.text) is not None:
                continue
            if is_embargo(line.text) or is_label(line.text) or stopped_title(lines, index):
                continue
            if not _is_wrapped_headline(lines, index):
                return index
    return None


def _is_wrapped_headline(lines: Sequence[Line], index: int) -> bool:
    """Whether a line begins a headline that was wrapped as the text was: blank lines set it off."""
    if len(lines[index].text) > LONGEST_TITLE // 2 or (index and not lines[index].gap):
        return False
    last = index
    while last + 1 < len(lines) and not lines[last + 1].gap:
        last += 1
    several = 0 < last - index < _MOST_WRAPPED and last + 1 < len(lines)
    if not several or begins_small(lines[last + 1].text):
        return False
    text = " ".join(line.text for line in lines[index : last + 1])
    if ends_sentence(text):
        return len(text) <= _LONGEST_STOPPED and is_one_sentence(text) and is_first(lines, index)
    told = any(tells(lines, n) for n in range(index))
    return may_be_title(text) and text[-1] not in ":,;" and not told


def find_heading(lines: Sequence[Line], prose: int | None, width: int) -> Heading | None:
    """Find the title above the running text: by evidence first, by place where there is none."""
    head = lines if prose is None else lines[:prose]
    return (
        _repeated(head)
        or _after_release_line(lines, head, width)
        or _beside_embargo(head)
        or title_by_place(lines, head, width)
        or _guessed(head)
    )


def _beside_embargo(head: Sequence[Line]) -> Heading | None:
    """A title on the line that speaks of an embargo."""
    for index, line in enumerate(head):
        title = headline_beside(line.text) if is_embargo(line.text) else ""
        if title and may_be_title(title):
            note = f"{line.told} speaks of an embargo and was taken for the title too."
            return Heading(title=title, first=index, last=index, note=f"{note} Look whether it is.")
    return None


def _guessed(head: Sequence[Line]) -> Heading | None:
    """The first line that is at least no furniture: a sentence, or one that is long or short."""
    for index, line in enumerate(head):
        words = len(line.text.split())
        if words >= FULL_TITLE and len(line.text) <= LONGEST_TITLE and not is_around(line.text):
            note = f"{line.told} was taken for the title, a guess: {_LOOK}"
            title = line.text.removesuffix(".")
            return Heading(title=title, first=index, last=index, note=note, guessed=True)
    return None


def made_up_heading(lines: Sequence[Line], prose: int | None, file: str) -> Heading:
    """A title for a text that has none: its first sentence, or else the file's name.

    It stands in no line, so that all of the text is kept.
    """
    text = "" if prose is None else lines[prose].text
    sentence = re.split(r"(?<=[.!?]) ", text, maxsplit=1)[0].removesuffix(".")
    title = shorten(sentence, _LONGEST_GUESS, placeholder="…") if sentence else ""
    where = "the first sentence" if title else "the file's name"
    title = title or " ".join(re.findall(r"\w+", PurePath(file).stem)) or "Statement"
    note = f"No title was found. It was made of {where}, a guess: {_LOOK}"
    return Heading(title=title, first=-1, last=-1, note=note, guessed=True)


def find_date(lines: Sequence[Line], heading: Heading, prose: int | None) -> Dated:
    """Find the date: a line of its own near the title, else a dateline, else the page's data."""
    end = len(lines) if prose is None else prose
    near = sorted(range(end), key=lambda index: (abs(index - heading.last), -index))
    for index in near:
        found = date_line(lines[index].text)
        if found and not is_embargo(lines[index].text):
            return _dated(found, lines[index])
    if prose is not None:
        found = dateline(lines[prose].text)
        if found:
            return _dated(found, lines[prose], " in its dateline")
    for line in lines[end:]:
        found = date_line(line.text) if is_machine_data(line.text) else None
        if found:
            return _dated(found, line, " among the page's own data")
    return Dated(value=None, note="No date was found: write date: yourself.")


def _dated(found: FoundDate, line: Line, where: str = "") -> Dated:
    if found.value is None:
        note = f"{found.text} on {line.where} can be read two ways: write date: yourself."
        return Dated(value=None, note=note)
    note = f"The date {found.value} is from {line.where}{where}." if where else ""
    return Dated(value=found.value, note=note)


def _is_page_title(lines: Sequence[Line], index: int) -> bool:
    """Whether a long first line is the page's title, which comes again."""
    text = lines[index].text
    if index == 0 and _window(lines[:_LONGEST_HEAD]):
        return True
    return any(other.text == text for other in lines[:index])


def _window(head: Sequence[Line]) -> Heading | None:
    """What the first line, if it is the page's title, names among those below it."""
    if not head or is_body_name(head[0].text):
        return None
    found = named_by_page(head[0].text, head[1:])
    return replace(found, first=found.first + 1, last=found.last + 1) if found else None


def _repeated(head: Sequence[Line]) -> Heading | None:
    """A line that the page's title names, or that comes twice; the last such one counts."""
    named = _window(head)
    if named is not None:
        return named
    for index in range(len(head) - 1, 0, -1):
        text = head[index].text
        again = any(text == other.text for other in head[:index])
        if again and len(text) >= 20 and may_be_title(text) and not is_body_name(text):
            return Heading(title=text, first=index, last=index)
    return None


def _after_release_line(lines: Sequence[Line], head: Sequence[Line], width: int) -> Heading | None:
    """A title on the line that says for immediate release."""
    for index, line in enumerate(head):
        rest = release_line(line.text)
        if is_embargo(line.text):
            continue
        if rest and date_line(rest) is None and not is_contact(rest):
            return continued(lines, head, index, rest, width)
    return None
