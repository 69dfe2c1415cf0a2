"""Find the title and the date of a text."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from pathlib import PurePath
from textwrap import shorten

from newsletter.documents.release.candidates import (
    MAX_TITLE_LEN,
    TITLE_WORDS,
    Heading,
    find_line_in_title,
    is_body_name,
    is_first,
    is_full,
    is_furniture,
    is_no_title,
    is_one_sentence,
    is_stopped_title,
    may_be_title,
    reads_like_title,
)
from newsletter.documents.release.dates import FoundDate, date_line, find_dateline
from newsletter.documents.release.embargo import headline_beside, is_embargo
from newsletter.documents.release.furniture import (
    edge_reason,
    find_contact_lines,
    is_contact,
    is_label,
    is_machine_data,
    is_menu_entry,
    release_line,
)
from newsletter.documents.release.lines import (
    Line,
    begins_small,
    comparable,
    ends_sentence,
    is_prose,
)
from newsletter.documents.release.waiting import says
from newsletter.documents.release.words import pattern

_TITLE_LABEL = pattern("title labels", r"(?:{})\s?:\s*")
_OPEN_END = pattern("open ends", r"(?:\b(?:{})|[,;:&–—-])$")
_QUOTATION = re.compile(r"[«„“\"][^«„“”»\"]*[»“”\"]")
_MAX_LINES = 5
_MAX_RATIO = 1.25
_MAX_BROKEN_CHARS = 70
"""Maximum characters of a line in a headline over several lines."""


def find_title_by_place(lines: Sequence[Line], head: Sequence[Line], width: int) -> Heading | None:
    """Return the line above the text that is most like a title, with the lines that continue it.

    A notice with a time counts only if there is no other line.
    """
    contacts = find_contact_lines(head)
    candidates = [
        n
        for n, line in enumerate(head)
        if n not in contacts and (may_be_title(line.text) or is_stopped_title(lines, n))
    ]
    for beside in ("notice", "an hour"):
        candidates = [n for n in candidates if not says(beside, head[n].text)] or candidates
    # a line like a menu entry counts only if there is no other
    candidates = [n for n in candidates if not is_menu_entry(head[n].text)] or candidates
    if not candidates:
        return None
    rest = " ".join(line.text for line in lines[len(head) :])
    unnamed = [n for n in candidates if not _is_name(head[n].text, head, n, rest)] or candidates
    chosen = _named_line(head, candidates, unnamed)
    if chosen is None:
        chosen = _find_nearest(head, candidates, unnamed)
    heading = extend_title(lines, head, chosen, head[chosen].text, width)
    if len(unnamed) == 1 or heading.last > heading.first:
        return heading
    note = f"{head[chosen].opening} was taken for the title; look whether it is."
    return replace(heading, note=note)


def extend_title(
    lines: Sequence[Line], head: Sequence[Line], index: int, text: str, width: int
) -> Heading:
    """Return a title with the lines that continue it. ``text`` is the title's part of its line."""
    first = last = index
    parts = [text]
    while last + 1 < len(head) and _continues_below(parts[-1], head[last], head[last + 1], width):
        last += 1
        parts.append(head[last].text)
    while first > 0 and _continues_below(head[first - 1].text, head[first - 1], head[first], width):
        first -= 1
        parts.insert(0, head[first].text)
    block = _block(lines, index, text)
    note = ""
    if (block.start, block.stop - 1) != (first, last) and len(block) > 1 and first >= block.start:
        parts = [text if n == index else lines[n].text for n in block]
        first, last = block.start, block.stop - 1
        ends = f"{lines[first].number} and {lines[last].number}"
        note = f"Lines {ends} were taken for one title." if lines[first].number else ""
    joined = " ".join(parts)
    title = _TITLE_LABEL.sub("", joined, count=1) if _TITLE_LABEL.match(joined) else joined
    before = head[index].text[: -len(text)] + joined[: len(joined) - len(title)]
    prefix = replace(head[index], text=before.strip()) if before else None
    return Heading(title=title, first=first, last=last, prefix=prefix, note=note)


def _block(lines: Sequence[Line], index: int, text: str) -> range:
    """Return the indexes of lines between blank lines that are one headline, else the line alone.

    ``text`` is the part of the line that belongs to it.
    """
    first = index
    whole = text == lines[index].text
    while whole and first > 0 and not lines[first].gap_above and index - first < _MAX_LINES:
        above = lines[first - 1].text
        if release_line(above) == "" or is_label(above) or date_line(above) is not None:
            break
        first -= 1
    last = index
    while last + 1 < len(lines) and not lines[last + 1].gap_above and last - first < _MAX_LINES:
        last += 1
    block = range(first, last + 1)
    apart = last + 1 < len(lines) and lines[last + 1].gap_above
    texts = [text if n == index else lines[n].text for n in block]
    return block if apart and _is_one_headline(texts) else range(index, index + 1)


def _is_one_headline(texts: Sequence[str]) -> bool:
    """Return whether lines look like one headline over several lines."""
    if not 1 < len(texts) <= _MAX_LINES or len(" ".join(texts)) > MAX_TITLE_LEN:
        return False
    if any(says("notice", one) for one in texts):
        return False
    if any(is_no_title(text) or len(text) > _MAX_BROKEN_CHARS for text in texts[:-1]):
        return False
    if is_body_name(texts[0]) and not (begins_small(texts[1]) or _OPEN_END.search(texts[0])):
        return False
    last = texts[-1]
    if len(last) > _MAX_BROKEN_CHARS or (is_no_title(last) and not _ends_stopped(last)):
        return False
    if any(ends_sentence(text) or _QUOTATION.fullmatch(text) for text in texts[:-1]):
        return False
    return all(
        begins_small(below)
        or _OPEN_END.search(above)
        or (
            above.isupper() == below.isupper()
            and (len(above.split()) <= TITLE_WORDS or len(below) <= _MAX_RATIO * len(above))
        )
        for above, below in pairwise(texts)
    )


def _ends_stopped(text: str) -> bool:
    return text[-1] == "." and may_be_title(text.rstrip("."))


def _named_line(head: Sequence[Line], candidates: list[int], unnamed: list[int]) -> int | None:
    """Return the only line that contains a name above it, or the only line in capitals."""
    names = [head[n].text.lower() for n in candidates if n not in unnamed]
    texts = {n: head[n].text.lower() for n in unnamed}
    found = [n for n, text in texts.items() if any(name in text != name for name in names)]
    if len(found) == 1:
        return found[0]
    below = _list_below_label(head, unnamed)
    loud = [n for n in below if head[n].text.isupper() and not is_body_name(head[n].text)]
    is_one = len(loud) == 1 and len(head[loud[0]].text.split()) >= TITLE_WORDS
    return loud[0] if is_one and len(below) > 1 else None


def _find_nearest(head: Sequence[Line], candidates: list[int], unnamed: list[int]) -> int:
    """Return the index of the likeliest title, by label, date line and length."""
    whole = {n: " ".join(head[m].text for m in _block(head, n, head[n].text)) for n in unnamed}
    full = [n for n in unnamed if is_full(whole[n]) and not is_body_name(whole[n])]
    plain = [n for n in unnamed if not is_body_name(head[n].text)]
    pool = full or plain or unnamed
    pool = _list_below_label(head, pool)
    dates = [n for n, line in enumerate(head) if date_line(line.text)]
    if not dates:
        has_masthead = candidates[0] not in pool
        return pool[-1] if has_masthead and len(pool) <= 2 and not full else pool[0]
    above = [n for n in pool if n < dates[-1]]
    below = [n for n in pool if n > dates[-1]]
    if not above:
        return below[0]
    if above[0] == candidates[0] and len(head[above[0]].text.split()) >= TITLE_WORDS:
        return above[0]  # no masthead is above it, and a subhead below
    nearest = above[-1]
    while nearest - 1 in above and not head[nearest].gap_above and full:
        nearest -= 1  # a line directly below a title is its subhead or second line
    words = len(head[nearest].text.split())
    if below and words < TITLE_WORDS and len(head[below[0]].text.split()) > words:
        return below[0]
    return nearest


def _list_below_label(head: Sequence[Line], pool: list[int]) -> list[int]:
    """Return the candidates below the last label; all if there are none below."""
    labels = [
        n for n, line in enumerate(head) if is_label(line.text) or release_line(line.text) == ""
    ]
    return [n for n in pool if labels and n > labels[-1]] or pool


def _is_name(text: str, head: Sequence[Line], index: int, rest: str) -> bool:
    """Return whether a line is a name, which another line or the text contains."""
    others = [line.text for n, line in enumerate(head) if n != index and len(line.text) > len(text)]
    is_again = any(text.lower() in other.lower() for other in [*others, rest])
    return len(text.split()) <= 8 and is_again


def _continues_below(before: str, whole: Line, line: Line, width: int) -> bool:
    """Return whether a title was wrapped at ``line`` because no more would fit.

    ``before`` is the part of ``whole``, the line above, that belongs to the title.
    """
    if is_no_title(before) or (is_no_title(line.text) and not _ends_stopped(line.text)):
        return False
    if says("notice", line.text) or says("notice", whole.text):
        return False
    if begins_small(line.text) and line.text[0].isalpha() and len(line.text) <= MAX_TITLE_LEN // 2:
        ended = ends_sentence(before.rstrip("-\u00ad"))
        return not ended and len(before) <= MAX_TITLE_LEN // 2
    # short lines end on purpose, and a wrapped line is no shorter than the next one
    if line.gap_above or len(before) < 30 or len(line.text) > len(whole.text):
        return False
    if whole.text.isupper() != line.text.isupper():
        return False
    room = len(whole.text) + 1 + len(line.text.split(maxsplit=1)[0])
    full = bool(width) and room > 0.8 * width
    return full or bool(_OPEN_END.search(before))


_MAX_GUESS_CHARS = 120
_MAX_HEAD_LINES = 40
"""Maximum lines, with navigation, between a page's title and its headline."""
_MAX_WRAPPED = 3
_MAX_SENTENCE_CHARS = 130
_LOOK_ADVICE = "look at it, and enter the title yourself."


@dataclass(frozen=True, kw_only=True)
class Dated:
    """The date of a text, and a note on it."""

    value: date | None
    note: str = ""


def first_prose(lines: Sequence[Line], width: int, window_titles: Sequence[str] = ()) -> int | None:
    """Return the index of the first line of running text.

    A long headline is not running text if the page's own title contains it. ``window_titles`` are
    such titles outside of the lines. The first line may be one too.
    """
    head = lines[:_MAX_HEAD_LINES]
    named = [found for window in window_titles if (found := find_line_in_title(window, head))]
    titles = {n for found in named for n in range(found.first, found.last + 1)}
    if (found := _find_window_title(head)) is not None:
        titles |= {0, *range(found.first, found.last + 1)}
    for is_text in (is_prose, _is_short_sentence):
        for index, line in enumerate(lines):
            if index in titles or not is_text(lines, index, width):
                continue
            # a line that is repeated is the page's own title
            if any(other.text == line.text for other in lines[:index]):
                continue
            if edge_reason(line.text) or release_line(line.text) is not None:
                continue
            if is_embargo(line.text) or is_label(line.text):
                continue
            if is_text is is_prose and is_stopped_title(lines, index):
                continue
            if not (_is_wrapped_headline(lines, index) or _is_notice(lines, index)):
                return index
    return None


def _is_notice(lines: Sequence[Line], index: int) -> bool:
    """Return whether a line names a time, with a possible title directly below and none above."""
    if not says("a time", lines[index].text):
        return False
    below = [line.text for line in lines[index + 1 : index + 2]]
    return any(map(may_be_title, below)) and not any(
        reads_like_title(lines, n) for n in range(index)
    )


def _is_short_sentence(lines: Sequence[Line], index: int, _: int) -> bool:
    """Return whether a line is a sentence below a possible title, for texts without long lines."""
    text = lines[index].text
    is_sentence = ends_sentence(text) and len(text.split()) >= TITLE_WORDS
    return is_sentence and any(may_be_title(line.text) for line in lines[:index])


def _is_wrapped_headline(lines: Sequence[Line], index: int) -> bool:
    """Return whether a line begins a wrapped headline that blank lines set off."""
    if len(lines[index].text) > MAX_TITLE_LEN // 2 or (index and not lines[index].gap_above):
        return False
    last = index
    while last + 1 < len(lines) and not lines[last + 1].gap_above:
        last += 1
    several = 0 < last - index < _MAX_WRAPPED and last + 1 < len(lines)
    if not several or begins_small(lines[last + 1].text):
        return False
    text = " ".join(line.text for line in lines[index : last + 1])
    if ends_sentence(text):
        return len(text) <= _MAX_SENTENCE_CHARS and is_one_sentence(text) and is_first(lines, index)
    titled = any(reads_like_title(lines, n) for n in range(index))
    return may_be_title(text) and text[-1] not in ":,;" and not titled


def find_heading(lines: Sequence[Line], prose: int | None, width: int) -> Heading | None:
    """Return the title above the running text, by evidence, else by its place."""
    head = lines if prose is None else lines[:prose]
    return (
        _find_repeated(head)
        or _after_release_line(lines, head, width)
        or _find_beside_embargo(head)
        or find_title_by_place(lines, head, width)
        or _guess_heading(head)
    )


def _find_beside_embargo(head: Sequence[Line]) -> Heading | None:
    for index, line in enumerate(head):
        title = headline_beside(line.text) if is_embargo(line.text) else ""
        if title and may_be_title(title):
            note = f"{line.opening} speaks of an embargo and was taken for the title too."
            return Heading(title=title, first=index, last=index, note=f"{note} Look whether it is.")
    return None


def _guess_heading(head: Sequence[Line]) -> Heading | None:
    """Return the first line that has the length of a title and is no furniture."""
    for index, line in enumerate(head):
        words = len(line.text.split())
        if words >= TITLE_WORDS and len(line.text) <= MAX_TITLE_LEN and not is_furniture(line.text):
            note = f"{line.opening} was taken for the title, a guess: {_LOOK_ADVICE}"
            title = line.text.removesuffix(".")
            return Heading(title=title, first=index, last=index, note=note, guessed=True)
    return None


def make_up_heading(lines: Sequence[Line], prose: int | None, file: str) -> Heading:
    """Return the first sentence, or the file's name, as a title.

    The title is in no line, so that the whole text is kept.
    """
    text = "" if prose is None else lines[prose].text
    sentence = re.split(r"(?<=[.!?]) ", text, maxsplit=1)[0].removesuffix(".")
    title = shorten(sentence, _MAX_GUESS_CHARS, placeholder="…") if sentence else ""
    where = "the first sentence" if title else "the file's name"
    title = title or " ".join(re.findall(r"\w+", PurePath(file).stem)) or "Statement"
    note = f"No title was found. It was made of {where}, a guess: {_LOOK_ADVICE}"
    return Heading(title=title, first=-1, last=-1, note=note, guessed=True)


def find_by_subject(subject: str, lines: Sequence[Line], prose: int | None) -> Heading | None:
    """Return the first line that equals an email's subject, up to the first line of prose."""
    wanted = comparable(subject)
    for n, line in enumerate(lines if prose is None else lines[: prose + 1]):
        if wanted and len(line.text) <= MAX_TITLE_LEN and comparable(line.text) == wanted:
            return Heading(title=line.text, first=n, last=n)
    return None


def subject_heading(subject: str) -> Heading | None:
    """Return an email's subject as a title that is in no line."""
    title = headline_beside(subject) if is_embargo(subject) else subject
    note = "The title is the subject above the text; look whether it is the statement's."
    return Heading(title=title, first=-1, last=-1, note=note, guessed=True) if title else None


def find_date(lines: Sequence[Line], heading: Heading, prose: int | None) -> Dated:
    """Return the date of a line near the title, else of the dateline, else of the page's data."""
    end = len(lines) if prose is None else prose
    near = sorted(range(end), key=lambda index: (abs(index - heading.last), -index))
    for index in near:
        found = date_line(lines[index].text)
        if found and not is_embargo(lines[index].text):
            return _date_with_note(found, lines[index])
    if prose is not None:
        found = find_dateline(lines[prose].text)
        if found:
            return _date_with_note(found, lines[prose], " in its dateline")
    for line in lines[end:]:
        found = date_line(line.text) if is_machine_data(line.text) else None
        if found:
            return _date_with_note(found, line, " among the page's own data")
    return Dated(value=None, note="No date was found: enter it yourself.")


def _date_with_note(found: FoundDate, line: Line, where: str = "") -> Dated:
    if found.value is None:
        note = f"{found.text} on {line.location} can be read two ways: enter the date yourself."
        return Dated(value=None, note=note)
    note = f"The date {found.value} is from {line.location}{where}." if where else ""
    return Dated(value=found.value, note=note)


def _find_window_title(head: Sequence[Line]) -> Heading | None:
    """Return the line that the first line contains, if the first line is the page's title."""
    if not head or is_body_name(head[0].text):
        return None
    found = find_line_in_title(head[0].text, head[1:])
    return replace(found, first=found.first + 1, last=found.last + 1) if found else None


def _find_repeated(head: Sequence[Line]) -> Heading | None:
    """Return the last line that the page's title contains, or that occurs twice."""
    named = _find_window_title(head)
    if named is not None:
        return named
    # from below: the copy nearest to the text is its headline
    for index in range(len(head) - 1, 0, -1):
        text = head[index].text
        again = any(text == other.text for other in head[:index])
        if again and len(text) >= 20 and may_be_title(text) and not is_body_name(text):
            return Heading(title=text, first=index, last=index)
    return None


def _after_release_line(lines: Sequence[Line], head: Sequence[Line], width: int) -> Heading | None:
    """Return the title on the line FOR IMMEDIATE RELEASE."""
    for index, line in enumerate(head):
        rest = release_line(line.text)
        if is_embargo(line.text) or says("notice", line.text):
            continue
        if rest and rest[0] != "(" and date_line(rest) is None and not is_contact(rest):
            return extend_title(lines, head, index, rest, width)
    return None
