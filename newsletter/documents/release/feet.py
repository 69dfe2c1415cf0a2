"""Find the foot below a text by the form and place of its lines, from the last line upwards.

No single sign decides. A line of a letterhead has parts, numbers of streets, postal codes, figures
of registers and the sender's name; one of a mailing speaks of itself and its readers. A place below
a contact adds to both. A lead to more, such as a label or a link to a page, protects a line.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from newsletter.documents.release.candidates import is_body_name
from newsletter.documents.release.dates import find_dates
from newsletter.documents.release.embargo import is_embargo
from newsletter.documents.release.furniture import (
    OTHER_PAGES_PATTERN,
    PART_PATTERN,
    PLACE_PATTERN,
    SIGN_ROW_PATTERN,
    STREET_PATTERN,
    TRADE_PATTERN,
    edge_reason,
    is_address,
    is_contact_detail,
    is_contact_label,
    is_end_mark,
    is_machine_data,
    is_share_link,
    is_text,
)
from newsletter.documents.release.lines import Line, begins_amid, ends_sentence
from newsletter.documents.release.waiting import find_wrapped
from newsletter.documents.release.words import pattern, words

_REASON = "the foot of the letterhead"
_ENOUGH = 4
"""Minimum weight of a foot."""
_MAX_CHARS, _MAX_SMALL_WORDS, _MAX_LINK_CHARS = 300, 5, 160
_MIN_PARTS, _MIN_NAME_CHARS, _MAX_NAME_WORDS, _MAX_PART_WORDS = 3, 6, 9, 6
_MAX_BLOCK_LINES, _MAX_LINES_ABOVE = 5, 12
"""Maximum lines of a contact in a foot, and lines above a foot in which a contact is searched."""
_LETTERHEAD_SIGNS, _REGISTER_SIGNS, _MAILING_SIGNS = (
    [(int(row[0]), pattern(row[2:])) for row in words(f"weights of a {kind}")]
    for kind in ("letterhead", "register", "mailing")
)
"""Weights and patterns of signs."""
_OTHER_START_PATTERN, _LABEL_PATTERN = pattern("other starts"), pattern("labels before a line")
_SEAT_PATTERN = pattern("seats")
_ROW_PATTERN = re.compile(r"[|•·\uf0b7]")
_HOST_PATTERN = re.compile(r"(?:https?://)?[\w-]+(?:\.[\w-]+)+/?")
"""The address of a site, which may be below the foot."""
Reasons = dict[int, str]
"""Index of a dropped line → the reason for dropping it."""


def find_foot(
    lines: Sequence[Line], start: int, mastheads: Sequence[str], *, has_menu: bool
) -> tuple[Reasons, list[str]]:
    """Return the lines to drop below the text, and notes.

    ``start`` is the text's first line. ``mastheads`` are lines above it that may name the sender.
    ``has_menu`` is whether a menu is above it, as on a web page.
    """
    reasons: Reasons = {}
    notes: list[str] = []
    other_pages = (
        n for n in range(start + 1, len(lines)) if OTHER_PAGES_PATTERN.fullmatch(lines[n].text)
    )
    end = next(other_pages, len(lines))
    if end < len(lines):
        reason = f"below {lines[end].text!r}: other pages"
        reasons.update(dict.fromkeys(range(end, len(lines)), reason))
        notes.append(f"All from {lines[end].location} on was taken for lists of other pages.")
    data_start = _find_page_data(lines, start, end)
    reasons.update(dict.fromkeys(range(data_start, end), "the page's own data"))
    page_end = _find_page_foot(lines, start, data_start, has_menu=has_menu)
    reasons.update(dict.fromkeys(range(page_end, data_start), "site furniture"))
    sender_start = _find_sender(lines, start, page_end, mastheads)
    reasons.update(dict.fromkeys(range(sender_start, page_end), _REASON))
    reasons.update(_list_foot_reasons(lines, start, sender_start, mastheads))
    return reasons, notes


def _find_sender(lines: Sequence[Line], start: int, end: int, mastheads: Sequence[str]) -> int:
    """Return the index of the sender's name with its address below it, down to ``end``; else
    ``end``."""
    for first in range(max(start + 1, end - _MAX_BLOCK_LINES - 1), end - 1):
        name, above = lines[first].text, lines[first - 1].text
        is_apart = ends_sentence(above) or is_contact_detail(above) or is_end_mark(above)
        is_name = name in mastheads or is_body_name(name)
        if is_apart and is_name and is_address([line.text for line in lines[first + 1 : end]]):
            return first
    return end


def weigh_foot(text: str, *, names_sender: bool = False) -> int:
    """Return the weight of the signs that a text is the foot of a letterhead or of a mailing.

    A sentence, a contact, or what begins with a label has only signs that they rarely have.
    """
    if len(text) > _MAX_CHARS:
        return 0
    signs = [weight for weight, sign in _MAILING_SIGNS if sign.search(text)]
    # a sentence with weak signs alone may call on readers
    weight = sum(signs) if max(signs, default=0) > 1 or not ends_sentence(text) else 0
    small_words = sum(word[0].isalpha() and not word[0].isupper() for word in text.split())
    is_sentence = ends_sentence(text) and small_words > _MAX_SMALL_WORDS
    if is_sentence or _OTHER_START_PATTERN.match(text):
        return weight
    weight += _sum(_REGISTER_SIGNS, text)
    is_row = len(_ROW_PATTERN.findall(text)) > 1
    if _LABEL_PATTERN.match(text) and not (is_row or _SEAT_PATTERN.search(text)):
        return weight
    for day in find_dates(text):  # its year is no postal code
        text = text.replace(day.text, " ")
    parts = list(filter(None, PART_PATTERN.split(text)))
    has_street = any(
        len(part.split()) <= _MAX_PART_WORDS and STREET_PATTERN.search(part) for part in parts
    )
    if is_contact_detail(text) and not (has_street or PLACE_PATTERN.search(text)):
        return weight
    weight += _sum(_LETTERHEAD_SIGNS, text) + has_street + is_row
    return weight + names_sender + (len(parts) >= _MIN_PARTS)


def _sum(signs: Iterable[tuple[int, re.Pattern[str]]], text: str) -> int:
    return sum(weight for weight, sign in signs if sign.search(text))


def _find_page_data(lines: Sequence[Line], start: int, end: int) -> int:
    """Return the index at which the page's own data begin, without a later sentence; else end."""
    for index in range(start + 1, end):
        if is_machine_data(lines[index].text):
            rest = lines[index:end]
            has_prose = any(len(line.text) > 60 and ends_sentence(line.text) for line in rest)
            return end if has_prose else index
    return end


def _find_page_foot(lines: Sequence[Line], start: int, end: int, *, has_menu: bool) -> int:
    """Return the index at which a page's links, or a letterhead below a rule, begin; else end."""
    own_end = next((n for n in range(start + 1, end) if lines[n].text.startswith("©")), end)
    last = next((n for n in range(own_end - 1, start, -1) if _is_kept(lines[n])), start)
    for n in range(last + 1, end):
        is_below_contact = lines[n].gap_above and is_contact_detail(lines[last].text)
        if is_share_link(lines[n]) or (has_menu and (lines[n].link_count or is_below_contact)):
            return n
    rules = [n for n in range(start + 1, end) if SIGN_ROW_PATTERN.fullmatch(lines[n].text)]
    below = [line.text for line in lines[rules[-1] + 1 : end]] if rules else []
    if len(below) > _MAX_BLOCK_LINES or any(len(text) > _MAX_LINK_CHARS for text in below):
        return end
    is_foot = any(weigh_foot(text) > 1 for text in below)
    return rules[-1] if below and (is_foot or is_contact_detail(lines[rules[-1] - 1].text)) else end


def _is_kept(line: Line) -> bool:
    """Return whether a line is a sentence or a contact and has no sign of a foot."""
    is_prose = len(line.text) > _MAX_LINK_CHARS or (ends_sentence(line.text) and is_text(line))
    if not (is_prose or is_contact_label(line.text) or is_contact_detail(line.text)):
        return False
    return not (line.link_count or edge_reason(line.text) or weigh_foot(line.text))


def _list_foot_reasons(
    lines: Sequence[Line], start: int, end: int, mastheads: Sequence[str]
) -> Iterator[tuple[int, str]]:
    """Yield the lines of a foot, from the last line up to the first one of the text.

    Contacts above or between them are kept. What is below an address belongs to the foot, unless
    it is a person or leads readers on.
    """
    continuing = {n + start for n in find_wrapped(lines[start:end])}
    below: list[int] = []
    is_lowest, index = True, end - 1
    while index > start:
        reason = _find_foot_reason(lines, index, mastheads, is_lowest=is_lowest)
        first = next((n for n in range(index, start, -1) if n not in continuing), index)
        line, text = lines[index], lines[index].text
        is_prose = first < index or line.is_group or is_text(line)
        may_be_contact = not is_prose or is_contact_detail(text)
        # a line that continues a sentence goes with it
        starts = [first] if begins_amid(text) else [first, index]
        # the line above ends a paragraph, or a sentence of this one
        starts = starts[::-1] if ends_sentence(lines[index - 1].text) else starts
        starts = [] if reason else starts
        paragraphs = (range(n, index + 1) for n in starts)
        found = (p for p in paragraphs if _is_foot(lines, start, p, mastheads, is_lowest=is_lowest))
        dropped = range(index, index + 1) if reason else next(found, range(0))
        yield from ((n, reason or _REASON) for n in dropped)
        if dropped:
            is_kept = reason or _is_person([lines[n].text for n in below])
            yield from ((n, _REASON) for n in below if not is_kept)
            below = []
        elif len(below) >= _MAX_BLOCK_LINES or not may_be_contact:
            break
        else:
            is_lowest = is_lowest and bool(_HOST_PATTERN.fullmatch(text))
            below = [] if is_contact_label(text) or text[-1] == ":" else [index, *below]
        index = dropped[0] - 1 if dropped else index - 1


def _is_person(texts: Sequence[str]) -> bool:
    """Return whether lines are a name and below it how the person is reached."""
    words = texts[0].split() if texts else []
    is_name = 1 < len(words) < 5 and all(word[0].isupper() for word in words)
    return is_name and not is_body_name(texts[0]) and any(map(is_contact_detail, texts[1:]))


def _is_foot(
    lines: Sequence[Line],
    start: int,
    paragraph: range,
    mastheads: Sequence[str],
    *,
    is_lowest: bool,
) -> bool:
    """Return whether a paragraph below the text is the foot of a letterhead or of a mailing."""
    text = " ".join(lines[n].text for n in paragraph)
    if any(lines[n].is_group or lines[n].cells for n in paragraph):
        return False
    above = [line.text for line in lines[start + 1 : paragraph[0]][-_MAX_LINES_ABOVE:]]
    is_below = any(is_contact_label(a) or is_contact_detail(a) or is_end_mark(a) for a in above)
    parts = [part.casefold() for part in PART_PATTERN.split(text)]
    senders = (one for one in mastheads if any(p.startswith(one.casefold()) for p in parts))
    sender = next(senders, "")
    leads = len(parts) > 1 and parts[0] == sender.casefold()
    names_sender = not ends_sentence(text) and bool(
        sender or _name_in_text(text, lines[start : paragraph[0]])
    )
    rest = text.replace(sender, " ") if sender else text
    weight = weigh_foot(rest, names_sender=names_sender)
    return weight > 0 and weight + is_below + is_lowest + bool(sender) + leads >= _ENOUGH


def _name_in_text(text: str, lines: Sequence[Line]) -> str:
    """Return the first part of a line if it is a name that the text above has too, else ""."""
    name = PART_PATTERN.split(text, maxsplit=1)[0]
    is_name = len(name) >= _MIN_NAME_CHARS and len(name.split()) <= _MAX_NAME_WORDS
    if not is_name or name[0].islower() or is_contact_detail(name):
        return ""
    return name if any(name.casefold() in line.text.casefold() for line in lines) else ""


def _find_foot_reason(
    lines: Sequence[Line], index: int, mastheads: Sequence[str], *, is_lowest: bool
) -> str:
    text, above = lines[index].text, lines[index - 1].text
    # the last word of a wrapped sentence: members.
    if begins_amid(text) and ends_sentence(text) and not lines[index].gap_above:
        return ""
    is_signature = not (ends_sentence(above) or is_contact_detail(above) or is_end_mark(above))
    is_firm = text.istitle() and len(text.split()) <= _MAX_PART_WORDS and TRADE_PATTERN.search(text)
    reasons = {
        "the mark of the end": is_end_mark(text)
        or (is_lowest and SIGN_ROW_PATTERN.fullmatch(text)),
        "the vendor's line": is_firm and is_lowest and ends_sentence(above),
        "the masthead again": text in mastheads and is_lowest and not is_signature,
        "the embargo": is_embargo(text),
        _REASON: is_lowest and _HOST_PATTERN.fullmatch(text) and ends_sentence(above),
    }
    reason = edge_reason(text) if is_lowest else ""
    return reason or next((why for why, holds in reasons.items() if holds), "")
