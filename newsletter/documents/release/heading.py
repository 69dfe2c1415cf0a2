"""Which line of a plain text is its title, and which says its date."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import PurePath
from textwrap import shorten

from newsletter.documents.release.dates import FoundDate, date_line, dateline
from newsletter.documents.release.embargo import headline_beside, is_embargo
from newsletter.documents.release.furniture import (
    at_the_edge,
    contact_lines,
    is_contact,
    is_end_mark,
    is_for_editors,
    is_machine_data,
    release_line,
)
from newsletter.documents.release.lines import Line, ends_sentence, in_title_case, is_prose, letters

_SITE = re.compile(r"\s*[|–—»·-]\s+\S.*")
_ENDING = re.compile(r"^[^\w\s|–—»·-]+")
"""What may stand behind the last word of a title."""
_LABEL = re.compile(r"^(?:title|headline|subject):\s*", re.IGNORECASE)
_OPEN_END = re.compile(
    r"(?:\b(?:an?|and|as|at|by|for|from|in|of|on|or|the|to|with)|[,:&–—-])$", re.I
)
_LONGEST_TITLE = 250
_LONGEST_GUESS = 120
_LONGEST_HEAD = 40
"""Lines, of navigation too, between a page's title and its headline."""
_MOST_LINES = 5
_SHORTEST_NAMED = 8
_LONGEST_PAGE = 600
_LOOK = "look at it and write title: yourself."
_BYLINE = re.compile(
    r"(?:by|von|por|par) [A-Z][\w.’'-]*+(?:\s[A-Z][\w.’'-]*+){0,3}\s?(?:,.*)?", re.I
)
_BULLET = re.compile(r"[•▪◦‣●○■□·*–-]\s")
_FULL_TITLE = 4
"""Words; a masthead or a name often has fewer."""


@dataclass(frozen=True, kw_only=True)
class Heading:
    """Where the title stands. ``first`` to ``last`` are indexes of lines; ``last`` is included."""

    title: str
    first: int
    last: int
    prefix: Line | None = None
    """What stands before the title on its own line: for immediate release, or a label."""
    note: str = ""
    guessed: bool = False
    """It is the best that there was, and somebody has to look at it."""


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
            if is_embargo(line.text):
                continue
            return index
    return None


def find_heading(lines: Sequence[Line], prose: int | None, width: int) -> Heading | None:
    """Find the title above the running text: by evidence first, by place where there is none."""
    head = lines if prose is None else lines[:prose]
    return (
        _repeated(head)
        or _after_release_line(head, width)
        or _beside_embargo(head)
        or _by_place(lines, head, width)
        or _guessed(head)
    )


def _beside_embargo(head: Sequence[Line]) -> Heading | None:
    """A title on the line that speaks of an embargo."""
    for index, line in enumerate(head):
        title = headline_beside(line.text) if is_embargo(line.text) else ""
        if title and may_be_title(title):
            note = f"Line {line.number} speaks of an embargo and was taken for the title too."
            return Heading(title=title, first=index, last=index, note=f"{note} Look whether it is.")
    return None


def _guessed(head: Sequence[Line]) -> Heading | None:
    """The first line that is at least no furniture: a sentence, or one that is long or short."""
    for index, line in enumerate(head):
        words = len(line.text.split())
        if words >= _FULL_TITLE and len(line.text) <= _LONGEST_TITLE and not _is_around(line.text):
            note = f"Line {line.number} was taken for the title, a guess: {_LOOK}"
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
        if found:
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
        note = f"{found.text} on line {line.number} can be read two ways: write date: yourself."
        return Dated(value=None, note=note)
    note = f"The date {found.value} is from line {line.number}{where}." if where else ""
    return Dated(value=found.value, note=note)


def _is_page_title(lines: Sequence[Line], index: int) -> bool:
    """Whether a long first line is the page's title, which comes again."""
    text = lines[index].text
    if index == 0 and _named_by_page(lines[:_LONGEST_HEAD]):
        return True
    return any(other.text == text for other in lines[:index])


def names_page(page: str, title: str) -> bool:
    """Whether ``page`` is ``title`` with a site's name behind it: ``Title | Site``.

    They may differ in dashes, quotes, case and accents.
    """
    if len(title) < _SHORTEST_NAMED or page[:1].casefold() != title[:1].casefold():
        return False
    wanted, end = letters(title), 0
    found = ""
    while end < len(page) and len(found) < len(wanted):
        found += letters(page[end])
        end += 1
    rest = _ENDING.sub("", page[end:])
    return bool(wanted) and found == wanted and bool(_SITE.fullmatch(rest))


def _named_by_page(head: Sequence[Line]) -> Heading | None:
    """The line, or the lines of one headline, that the first line names as the page's title."""
    if not head or len(head[0].text) > _LONGEST_PAGE:
        return None
    for first in range(len(head) - 1, 0, -1):
        for last in range(min(first + _MOST_LINES, len(head)) - 1, first - 1, -1):
            title = " ".join(line.text for line in head[first : last + 1])
            if names_page(head[0].text, title) or _is_whole(head[0].text, title, last > first):
                return Heading(title=title, first=first, last=last)
    return None


def _is_whole(page: str, title: str, several: bool) -> bool:
    """Whether several lines are together the page's whole title."""
    return several and page[:1] == title[:1] and letters(page) == letters(title)


def _repeated(head: Sequence[Line]) -> Heading | None:
    """A line that the page's title names, or that comes twice; the last such one counts."""
    named = _named_by_page(head)
    if named is not None:
        return named
    for index in range(len(head) - 1, 0, -1):
        text = head[index].text
        again = any(text == other.text for other in head[:index])
        if again and len(text) >= 20 and may_be_title(text):
            return Heading(title=text, first=index, last=index)
    return None


def _after_release_line(head: Sequence[Line], width: int) -> Heading | None:
    """A title on the line that says for immediate release."""
    for index, line in enumerate(head):
        rest = release_line(line.text)
        if is_embargo(line.text):
            continue
        if rest and date_line(rest) is None and not is_contact(rest):
            return _continued(head, index, rest, width)
    return None


def _by_place(lines: Sequence[Line], head: Sequence[Line], width: int) -> Heading | None:
    """The heading nearest to the date that is not a name which the text itself mentions."""
    contacts = contact_lines(head)
    candidates = [n for n, line in enumerate(head) if n not in contacts and may_be_title(line.text)]
    if not candidates:
        return None
    rest = " ".join(line.text for line in lines[len(head) :])
    unnamed = [n for n in candidates if not _is_name(head[n].text, head, n, rest)] or candidates
    dates = [n for n, line in enumerate(head) if date_line(line.text)]
    telling = _telling(head, candidates, unnamed)
    if telling is None:
        telling = _loud(head, unnamed)
    chosen = telling if telling is not None else _nearest(head, candidates, unnamed, dates)
    heading = _continued(head, chosen, head[chosen].text, width)
    if heading.first == heading.last and _of_two_lines(lines, chosen):
        whole = f"{heading.title} {head[chosen + 1].text}"
        note = (
            f"Lines {lines[chosen].number} and {lines[chosen + 1].number} were taken for one title."
        )
        return replace(heading, title=whole, last=chosen + 1, note=note)
    if len(unnamed) == 1:
        return heading
    note = f"Line {head[chosen].number} was taken for the title; look whether it is."
    return replace(heading, note=note)


def _of_two_lines(lines: Sequence[Line], index: int) -> bool:
    """Whether blank lines set off this line and the next as one thing, both written as titles."""
    if index + 2 >= len(lines) or lines[index + 1].gap or not lines[index + 2].gap:
        return False
    first, second = lines[index].text, lines[index + 1].text
    alike = in_title_case(first) and in_title_case(second) and first.isupper() == second.isupper()
    own = (index == 0 or lines[index].gap) and may_be_title(second)
    return alike and own and 30 <= len(first) >= len(second)


def _telling(head: Sequence[Line], candidates: list[int], unnamed: list[int]) -> int | None:
    """The one line that says something of a name which stands above it as the masthead."""
    names = [head[n].text.lower() for n in candidates if n not in unnamed]
    found = [n for n in unnamed if any(name in head[n].text.lower() for name in names)]
    return found[0] if len(found) == 1 else None


def _loud(head: Sequence[Line], unnamed: list[int]) -> int | None:
    """The one line that is all in capitals, above others that are not."""
    loud = [n for n in unnamed if head[n].text.isupper()]
    full = len(loud) == 1 and len(head[loud[0]].text.split()) >= _FULL_TITLE
    return loud[0] if full and len(unnamed) > 1 else None


def _nearest(
    head: Sequence[Line], candidates: list[int], unnamed: list[int], dates: list[int]
) -> int:
    if not dates:
        has_masthead = candidates[0] not in unnamed
        return unnamed[-1] if has_masthead and len(unnamed) <= 2 else unnamed[0]
    above = [n for n in unnamed if n < dates[-1]]
    below = [n for n in unnamed if n > dates[-1]]
    if not above:
        return below[0]
    first_is_full = len(head[above[0]].text.split()) >= _FULL_TITLE
    if above[0] == candidates[0] and first_is_full:
        return above[0]  # no masthead stands above it, and what is below is a subhead
    nearest = above[-1]
    words = len(head[nearest].text.split())
    if (
        below
        and (words < 4 or nearest < candidates[0])
        and len(head[below[0]].text.split()) > words
    ):
        return below[0]
    return nearest


def _is_name(text: str, head: Sequence[Line], index: int, rest: str) -> bool:
    """Whether a line is a name rather than a title: another line or the text holds it whole."""
    if len(text.split()) > 8:
        return False
    others = [line.text for n, line in enumerate(head) if n != index and len(line.text) > len(text)]
    return any(text.lower() in other.lower() for other in [*others, rest])


def _continued(head: Sequence[Line], index: int, text: str, width: int) -> Heading:
    """Add the neighbours of a title that was broken over several lines."""
    first = last = index
    parts = [text]
    while last + 1 < len(head) and _goes_on(parts[-1], head[last], head[last + 1], width):
        last += 1
        parts.append(head[last].text)
    while first > 0 and _goes_on(head[first - 1].text, head[first - 1], head[first], width):
        first -= 1
        parts.insert(0, head[first].text)
    joined = " ".join(parts)
    title = _LABEL.sub("", joined, count=1)
    before = head[index].text[: -len(text)] + joined[: len(joined) - len(title)]
    prefix = replace(head[index], text=before.strip()) if before else None
    return Heading(title=title, first=first, last=last, prefix=prefix)


def _goes_on(before: str, whole: Line, line: Line, width: int) -> bool:
    """Whether a title was broken off at ``line`` only because no more would fit.

    ``before`` is the part of ``whole``, the line before it, that belongs to the title.
    """
    if line.gap or len(before) < 30 or len(line.text) > len(whole.text):
        return False
    if _is_other(before) or _is_other(line.text):
        return False
    if whole.text.isupper() != line.text.isupper():
        return False
    room = len(whole.text) + 1 + len(line.text.split(maxsplit=1)[0])
    full = bool(width) and room > 0.8 * width
    return full or line.text[0].islower() or bool(_OPEN_END.search(before))


def is_byline(text: str) -> bool:
    """Whether a line says by whom the text is."""
    return bool(_BYLINE.fullmatch(text))


def may_be_title(text: str) -> bool:
    """Whether a line is neither too short nor too long for a title, and nothing else."""
    wordy = 8 <= len(text) <= _LONGEST_TITLE and bool(re.search(r"[^\W\d_]{3}", text))
    return wordy and not _is_other(text)


def _is_other(text: str) -> bool:
    """Whether a line is a sentence, a date, a contact or furniture, and so no part of a title."""
    sentence = ends_sentence(text) and text[-1] in ".…" and len(text.split()) > 2
    return sentence or _is_around(text)


def _is_around(text: str) -> bool:
    """Whether a line is a date, a contact or furniture."""
    return bool(
        _BULLET.match(text)
        or is_byline(text)
        or is_for_editors(text)
        or at_the_edge(text)
        or is_contact(text)
        or is_embargo(text)
        or is_end_mark(text)
        or is_machine_data(text)
        or release_line(text) is not None
        or date_line(text) is not None
    )
