"""Find the title and the date of a text.

``head`` are the lines above the running text. ``find_heading`` tries the surest evidence first: a
repeated line, a release line, an embargo line, then the place, then a guess.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from pathlib import PurePath
from textwrap import shorten

from newsletter.documents.release.candidates import (
    MAX_TITLE_LEN,
    TITLE_WORDS,
    Heading,
    cannot_be_title,
    ends_as_headline,
    find_first_titles,
    find_line_in_title,
    has_title_length,
    is_body_name,
    is_furniture,
    is_one_sentence,
    is_repeated_name,
    is_weak_title,
    may_be_title,
    reads_like_title,
)
from newsletter.documents.release.dates import FoundDate, date_line, find_dateline, read_in_context
from newsletter.documents.release.embargo import embargoed_headline, is_embargo
from newsletter.documents.release.furniture import (
    edge_reason,
    find_contact_lines,
    find_menu_end,
    is_contact,
    is_label,
    is_machine_data,
    is_menu_entry,
    release_line,
)
from newsletter.documents.release.lines import Line, begins_amid, ends_sentence, is_prose, match_key
from newsletter.documents.release.waiting import holds
from newsletter.documents.release.words import pattern

_LABEL_PATTERN = pattern("title labels", r"(?:{})\s?:\s*")
_OPEN_PATTERN = pattern("open ends", r"(?:\b(?:{})|[,;:&–—-])$")
_QUOTATION_PATTERN = re.compile(r"[«„“\"][^«„“”»\"]*[»“”\"]")
_UPDATED_PATTERN = pattern("updated")
_MAX_LINES = 5
_MAX_LENGTH_RATIO = 1.25
_MAX_HEADLINE_LINE_CHARS = 70


def find_title_by_place(lines: Sequence[Line], head: Sequence[Line], width: int) -> Heading | None:
    """Return the line above the text that is most like a title, with the lines that continue it.

    A notice, a line with an hour, a menu entry, the subject of a memo and Press release of Sender
    count only if there is no other line.
    """
    contact_lines, firsts = find_contact_lines(head), find_first_titles(lines)
    candidates = [
        n
        for n, line in enumerate(head)
        if n not in contact_lines
        and (may_be_title(line.text) or ends_as_headline(lines, n, firsts))
    ]
    for weak_fact in ("notice", "an hour"):
        candidates = [n for n in candidates if not holds(weak_fact, head[n].text)] or candidates
    candidates = [n for n in candidates if not is_menu_entry(head[n].text)] or candidates
    candidates = [n for n in candidates if not is_weak_title(head[n].text)] or candidates
    if not candidates:
        return None
    menu_end = find_menu_end(head)
    below_menu = [n for n in candidates if n >= menu_end > 0 and head[n].gap_above]
    titles = (n for n in below_menu if reads_like_title(lines, n))
    names = {n for n in candidates if is_body_name(head[n].text) or is_repeated_name(lines, n)}
    chosen = _find_named(head, candidates)
    if (first := next(titles, None)) is not None:
        chosen = first
    elif chosen is None or chosen in names:
        chosen = _find_nearest(head, candidates, names)
    heading = extend_title(lines, head, chosen, head[chosen].text, width)
    if len(candidates) == 1 or heading.last > heading.first:
        return heading
    note = f"{head[chosen].opening} was taken for the title; look whether it is."
    return replace(heading, note=note)


def extend_title(
    lines: Sequence[Line], head: Sequence[Line], index: int, text: str, width: int
) -> Heading:
    """Return a title with the lines that continue it. ``text`` is the title's part of its line."""
    first = last = index
    texts = [text]
    while last + 1 < len(head) and _continues_title(texts[-1], head[last], head[last + 1], width):
        last += 1
        texts.append(head[last].text)
    while first > 0 and _continues_title(head[first - 1].text, head[first - 1], head[first], width):
        first -= 1
        texts.insert(0, head[first].text)
    block = _block(lines, index, text)
    note = ""
    if (block.start, block.stop - 1) != (first, last) and len(block) > 1 and first >= block.start:
        texts = [text if n == index else lines[n].text for n in block]
        first, last = block.start, block.stop - 1
        line_numbers = f"{lines[first].number} and {lines[last].number}"
        note = f"Lines {line_numbers} were taken for one title." if lines[first].number else ""
    joined = " ".join(texts)
    title = _LABEL_PATTERN.sub("", joined, count=1) if _LABEL_PATTERN.match(joined) else joined
    text_before = head[index].text[: -len(text)] + joined[: len(joined) - len(title)]
    prefix = replace(head[index], text=text_before.strip()) if text_before else None
    return Heading(title=title, first=first, last=last, prefix=prefix, note=note)


def _block(lines: Sequence[Line], index: int, text: str) -> range:
    """Return the indexes of lines between blank lines that are one headline, else the line alone.

    ``text`` is the part of the line that belongs to it.
    """
    first = index
    is_whole_line = text == lines[index].text
    while is_whole_line and first > 0 and not lines[first].gap_above and index - first < _MAX_LINES:
        above = lines[first - 1].text
        is_label = release_line(above) == "" or edge_reason(above) or is_embargo(above)
        if is_label or date_line(above) is not None:
            break
        first -= 1
    last = index
    while last + 1 < len(lines) and not lines[last + 1].gap_above and last - first < _MAX_LINES:
        last += 1
    headline_block = range(first, last + 1)
    has_gap_below = last + 1 < len(lines) and lines[last + 1].gap_above
    texts = [text if n == index else lines[n].text for n in headline_block]
    return headline_block if has_gap_below and _is_one_headline(texts) else range(index, index + 1)


def _is_one_headline(texts: Sequence[str]) -> bool:
    """Return whether lines look like one headline over several lines."""
    if not 1 < len(texts) <= _MAX_LINES or len(" ".join(texts)) > MAX_TITLE_LEN:
        return False
    if is_body_name(texts[0]) and not (begins_amid(texts[1]) or _OPEN_PATTERN.search(texts[0])):
        return False
    last = texts[-1]
    if any(holds("notice", text) for text in texts[1:]):
        return False
    if len(last) > _MAX_HEADLINE_LINE_CHARS or (
        cannot_be_title(last) and not _is_title_with_full_stop(last)
    ):
        return False
    if any(ends_sentence(text) or _QUOTATION_PATTERN.fullmatch(text) for text in texts[:-1]):
        return False
    return all(
        begins_amid(below)
        or _OPEN_PATTERN.search(above)
        or (
            above.isupper() == below.isupper()
            and (len(above.split()) <= TITLE_WORDS or len(below) <= _MAX_LENGTH_RATIO * len(above))
        )
        for above, below in pairwise(texts)
    )


def _is_title_with_full_stop(text: str) -> bool:
    return text[-1] == "." and may_be_title(text.rstrip("."))


def _find_named(head: Sequence[Line], candidates: list[int]) -> int | None:
    """Return the only line that contains a name among the first lines."""
    texts = {n: head[n].text.lower() for n in candidates}
    names = candidates[:_MAX_HEAD_LINES]
    containing = [
        n for n in texts if any(m < n and texts[m] in texts[n] != texts[m] for m in names)
    ]
    if len(containing) != 1:
        return None
    # below a headline that is a quotation, such a line is the subhead
    above = (n for n in candidates if _QUOTATION_PATTERN.fullmatch(head[n].text))
    return min(next(above, containing[0]), containing[0])


def _find_nearest(head: Sequence[Line], candidates: list[int], names: set[int]) -> int:
    """Return the index of the likeliest title, by label, date line and length.

    ``names`` are those of the candidates that name an office or a sender.
    """
    texts = {n: " ".join(head[at].text for at in _block(head, n, head[n].text)) for n in candidates}
    long = [n for n, text in texts.items() if has_title_length(text) and n not in names]
    likely = long or [n for n in candidates if n not in names] or candidates
    likely, all_likely = _list_below_label(head, likely), likely
    date_lines = [n for n, line in enumerate(head) if date_line(line.text)]
    if not date_lines:
        has_masthead = candidates[0] not in likely
        return likely[-1] if has_masthead and len(likely) <= 2 and not long else likely[0]
    above = [n for n in likely if n < date_lines[-1]]
    below = [n for n in likely if n > date_lines[-1]]
    # one line below the date, and above it a list of others
    if not above or (len(above) > 2 and len(below) == 1):
        return below[0]
    is_labelled = above[0] > 0 and is_label(head[above[0] - 1].text)
    is_first = above[0] == candidates[0] or len(likely) < len(all_likely) or is_labelled
    if is_first and len(head[above[0]].text.split()) >= TITLE_WORDS:
        return above[0]  # no masthead is above this line, and a subhead below
    nearest = above[-1]
    for n in reversed(above) if long else ():
        # a line directly below a title is its subhead or second line
        if n == nearest - 1 and not head[nearest].gap_above:
            nearest = n
    words = len(head[nearest].text.split())
    if below and words < TITLE_WORDS and len(head[below[0]].text.split()) > words:
        return below[0]
    return nearest


def _list_below_label(head: Sequence[Line], candidates: list[int]) -> list[int]:
    """Return the candidates below the last label; all if there are none below."""
    labels = [
        n for n, line in enumerate(head) if is_label(line.text) or release_line(line.text) == ""
    ]
    return [n for n in candidates if labels and n > labels[-1]] or candidates


def _continues_title(title_part: str, line_above: Line, line: Line, width: int) -> bool:
    """Return whether a title was wrapped at ``line`` because no more would fit.

    ``title_part`` is the part of ``line_above`` that belongs to the title.
    """
    # press, amid a headline, is no entry of a menu
    is_amid = line.text[0].islower() and is_menu_entry(line.text)
    may_continue = is_amid or _is_title_with_full_stop(line.text)
    if cannot_be_title(title_part) or (cannot_be_title(line.text) and not may_continue):
        return False
    if holds("notice", line.text) or holds("notice", line_above.text):
        return False
    if begins_amid(line.text) and line.text[0].isalpha() and len(line.text) <= MAX_TITLE_LEN // 2:
        is_ended = ends_sentence(title_part.rstrip("-\u00ad"))
        return not is_ended and len(title_part) <= MAX_TITLE_LEN // 2
    # an author ends short lines; a wrapped line is at least as long as the next one
    if line.gap_above or len(title_part) < 30 or len(line.text) > len(line_above.text):
        return False
    if line_above.text.isupper() != line.text.isupper():
        return False
    needed_chars = len(line_above.text) + 1 + len(line.text.split(maxsplit=1)[0])
    is_line_full = bool(width) and needed_chars > 0.8 * width
    return is_line_full or bool(_OPEN_PATTERN.search(title_part))


NO_DATE_NOTE = "No date was found: enter it yourself."
_MAX_MADE_TITLE_CHARS = 120
_MAX_HEAD_LINES = 40
"""Maximum lines, with navigation, from a page's title to its headline."""
_MAX_SEARCHED_LINES = 1_000
"""Maximum lines of a head."""
_MAX_WRAPPED_LINES = 3
_MAX_DATELINE_LINES = 3
_MAX_SENTENCE_CHARS = 130
_CHECK_ADVICE = "look at it, and enter the title yourself."


@dataclass(frozen=True, kw_only=True)
class Dated:
    """The date of a text, and a note on it."""

    value: date | None
    note: str = ""


def find_prose(
    lines: Sequence[Line],
    width: int,
    window_titles: Sequence[str] = (),
    headings: Iterable[int] = (),
) -> int | None:
    """Return the index of the first line of running text.

    A long headline is not running text if the page's own title contains it. ``window_titles`` are
    such titles outside of the lines. The first line may be one too. ``headings`` are the indexes of
    headings.
    """
    head = lines[:_MAX_HEAD_LINES]
    named = [found for window in window_titles if (found := find_line_in_title(window, head))]
    titles = {n for found in named for n in range(found.first, found.last + 1)} | {*headings}
    if (found := _find_window_title(head)) is not None:
        titles |= {0, *range(found.first, found.last + 1)}
    rows, first_titles, first_copies = range(len(lines)), find_first_titles(lines), _index(lines)
    contacts = find_contact_lines(head)
    titles_above = (n for n in rows if n not in contacts and reads_like_title(lines, n))
    likely = next(titles_above, len(lines))
    possible = next((n for n in rows if may_be_title(lines[n].text)), len(lines))
    # a sentence below a possible title is the text if no line is long
    for is_text, start in ((is_prose, 0), (_is_sentence, possible + 1)):
        for index, line in enumerate(lines[start:], start):
            if index in titles or not is_text(lines, index, width):
                continue
            is_page_title = first_copies[line.text] < index or _is_beside_date(lines, index)
            is_page_title = is_page_title or _is_cut_copy(line.text, head)
            is_label = release_line(line.text) is not None or edge_reason(line.text)
            if is_page_title or is_label or is_embargo(line.text):
                continue
            if is_text is is_prose and ends_as_headline(lines, index, first_titles):
                continue
            if not _is_wrapped_headline(lines, index, first_titles, likely):
                return index
    return None


def _index(lines: Sequence[Line]) -> dict[str, int]:
    """Return text → index of its first line."""
    return {line.text: n for n, line in reversed(list(enumerate(lines)))}


def _is_cut_copy(text: str, head: Sequence[Line]) -> bool:
    """Return whether a line has only the first words of another one, as the path to a page has."""
    beginning = text.rstrip(" …")
    return text.endswith("…") and any(
        line.text.startswith(beginning) and line.text != text for line in head
    )


def _is_beside_date(lines: Sequence[Line], index: int) -> bool:
    """Return whether a long line without a full stop is a headline: next to it is only a date."""
    text = lines[index].text
    near = [line for line in lines[index + 1 : index + 2] if line.gap_above]
    if len(text) > MAX_TITLE_LEN or ends_sentence(text) or find_dateline(text):
        return False
    # a shorter line below a date may be wrapped text
    near += lines[max(index - 1, 0) : index] if len(text) > _MAX_SENTENCE_CHARS else []
    return any(date_line(line.text) for line in near)


def _is_sentence(lines: Sequence[Line], index: int, _width: int) -> bool:
    text = lines[index].text
    return ends_sentence(text) and len(text.split()) >= TITLE_WORDS


def _is_wrapped_headline(lines: Sequence[Line], index: int, firsts: range, likely: int) -> bool:
    """Return whether a line begins a wrapped headline that blank lines set off."""
    if len(lines[index].text) > MAX_TITLE_LEN // 2 or (index and not lines[index].gap_above):
        return False
    last = index
    while last + 1 < len(lines) and not lines[last + 1].gap_above:
        last += 1
    has_several_lines = 0 < last - index < _MAX_WRAPPED_LINES and last + 1 < len(lines)
    if not has_several_lines or begins_amid(lines[last + 1].text):
        return False
    text = " ".join(line.text for line in lines[index : last + 1])
    if ends_sentence(text):
        is_short = len(text) <= _MAX_SENTENCE_CHARS
        return is_short and is_one_sentence(text) and index in firsts
    return may_be_title(text) and text[-1] not in ":,;" and index <= likely


def find_heading(lines: Sequence[Line], prose: int | None, width: int) -> Heading | None:
    """Return the title above the running text, by evidence, else by its place."""
    head = lines[: min(_MAX_SEARCHED_LINES, len(lines) if prose is None else prose)]
    return (
        _find_repeated_line(lines, head)
        or _after_release_line(lines, head, width)
        or _find_embargoed_headline(head)
        or find_title_by_place(lines, head, width)
        or _guess_heading(head)
    )


def _find_embargoed_headline(head: Sequence[Line]) -> Heading | None:
    for index, line in enumerate(head):
        title = embargoed_headline(line.text) if is_embargo(line.text) else ""
        if title and may_be_title(title):
            note = f"{line.opening} speaks of an embargo and was taken for the title too."
            return Heading(title=title, first=index, last=index, note=f"{note} Look whether it is.")
    return None


def _guess_heading(head: Sequence[Line]) -> Heading | None:
    """Return the first line that has the length of a title and is no furniture."""
    for index, line in enumerate(head):
        count = len(line.text.split())
        if count >= TITLE_WORDS and len(line.text) <= MAX_TITLE_LEN and not is_furniture(line.text):
            note = f"{line.opening} was taken for the title, a guess: {_CHECK_ADVICE}"
            title = line.text.removesuffix(".")
            return Heading(title=title, first=index, last=index, note=note, guessed=True)
    return None


def make_up_heading(lines: Sequence[Line], prose: int | None, file: str) -> Heading:
    """Return the first sentence, or the file's name, as a title.

    The title is in no line, so that the whole text is kept.
    """
    text = "" if prose is None else lines[prose].text
    sentence = re.split(r"(?<=[.!?]) ", text, maxsplit=1)[0].removesuffix(".")
    title = shorten(sentence, _MAX_MADE_TITLE_CHARS, placeholder="…") if sentence else ""
    source = "the first sentence" if title else "the file's name"
    title = title or " ".join(re.findall(r"\w+", PurePath(file).stem)) or "Statement"
    note = f"No title was found. It was made of {source}, a guess: {_CHECK_ADVICE}"
    return Heading(title=title, first=-1, last=-1, note=note, guessed=True)


def find_by_subject(subject: str, lines: Sequence[Line], prose: int | None) -> Heading | None:
    """Return the first line that equals an email's subject, also below a letter's opening."""
    subject_key = match_key(subject)
    end = len(lines) if prose is None else max(prose + 1, _MAX_HEAD_LINES)
    for index, line in enumerate(lines[:end]):
        if not subject_key.startswith(match_key(line.text[:MAX_TITLE_LEN])) or not subject_key:
            continue
        for last in range(index, min(index + _MAX_LINES, len(lines))):
            title = " ".join(one.text for one in lines[index : last + 1])
            if match_key(title) == subject_key:
                return Heading(title=title, first=index, last=last)
    return None


def make_subject_heading(subject: str) -> Heading | None:
    """Return an email's subject as a title that is in no line."""
    title = embargoed_headline(subject) if is_embargo(subject) else subject
    note = "The title is the subject above the text; look whether it is the statement's."
    return Heading(title=title, first=-1, last=-1, note=note, guessed=True) if title else None


def find_date(lines: Sequence[Line], heading: Heading, prose: int | None) -> Dated:
    """Return the date of a line near the title, else of the dateline, else below the text."""
    end = len(lines) if prose is None else prose
    text = " ".join(line.text for line in lines)
    updated = {n for n in range(end) if _UPDATED_PATTERN.search(lines[n].text)}
    nearest_first = sorted(range(end), key=lambda n: (n in updated, abs(n - heading.last), -n))
    for index in nearest_first:
        found = date_line(lines[index].text)
        if found and not is_embargo(lines[index].text):
            return _date_with_note(found, text, lines[index])
    # a note to the desk may be above the dateline
    for line in lines[end : end + _MAX_DATELINE_LINES]:
        if found := find_dateline(line.text):
            return _date_with_note(found, text, line, " in its dateline")
    for line in lines[end:]:
        found = date_line(line.text) if is_machine_data(line.text) else None
        if found:
            return _date_with_note(found, text, line, " among the page's own data")
    for line in reversed(lines[end:]):
        found = date_line(line.text)
        if found and found.value:
            return _date_with_note(found, text, line, " below the text")
    return Dated(value=None, note=NO_DATE_NOTE)


def _date_with_note(found: FoundDate, text: str, line: Line, place: str = "") -> Dated:
    value = read_in_context(found, text)
    if value is None:
        note = f"{found.text} on {line.location} can be read two ways: enter the date yourself."
        return Dated(value=None, note=note)
    note = f"The date {value} is from {line.location}{place}." if place else ""
    return Dated(value=value, note=note)


def _find_window_title(head: Sequence[Line]) -> Heading | None:
    """Return the line that the first line contains, if the first line is the page's title."""
    if not head or is_body_name(head[0].text):
        return None
    found = find_line_in_title(head[0].text, head[1:])
    return replace(found, first=found.first + 1, last=found.last + 1) if found else None


def _find_repeated_line(lines: Sequence[Line], head: Sequence[Line]) -> Heading | None:
    """Return the last line that the page's title contains, or that occurs twice."""
    window_title = _find_window_title(head)
    if window_title is not None:
        return window_title
    # from below: the copy nearest to the text is its headline
    first_copies = _index(head)
    cut_copies = [text for text in first_copies if _is_cut_copy(text, head)]
    for index in range(len(head) - 1, 0, -1):
        text = head[index].text
        is_copy = first_copies[text] < index or any(
            text != one and text.startswith(one.rstrip(" …")) for one in cut_copies
        )
        if is_copy and len(text) >= 20 and reads_like_title(lines, index):
            return Heading(title=text, first=index, last=index)
    return None


def _after_release_line(lines: Sequence[Line], head: Sequence[Line], width: int) -> Heading | None:
    """Return the title on the line FOR IMMEDIATE RELEASE."""
    for index, line in enumerate(head):
        title = release_line(line.text)
        if not title or title[0] == "(" or date_line(title) is not None or is_contact(title):
            continue
        if not (is_embargo(line.text) or holds("notice", line.text)):
            return extend_title(lines, head, index, title, width)
    return None
