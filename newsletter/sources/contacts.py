"""The blocks of lines that say whom to ask: a label, names and offices, telephones, addresses."""

import re
from collections.abc import Sequence
from itertools import pairwise

from newsletter.sources.dates import date_line
from newsletter.sources.furniture import is_embargo, release_line
from newsletter.sources.lines import Line, begins_dateline, ends_sentence

_LABEL = re.compile(
    r"(?:(?:for (?:more|further) information(?: or interviews)?,? )?(?:please )?"
    r"(?:(?:media|press|news|public) )?(?:contacts?|inquiries|enquiries)"
    r"|(?:presse|medien)?kontakt|ansprechpartner(?:in)?|r[üu]ckfragen(?: bitte)? an"
    r"|contactos?(?: (?:de|para la?) prensa)?|contacts?(?: de)? presse|contatti?(?: stampa)?"
    r"|contato(?: de imprensa)?|(?:pers)?contact)"
    r"\s*(?::.*|\s[–—-]\s.*|$)",
    re.IGNORECASE,
)
_BEHIND = re.compile(r"\bcontacts?:", re.IGNORECASE)
_LINE = re.compile(
    r"(?:phone|tel(?:e(?:ph|f)one?|[eé]fono)?|t[eé]l(?:[eé]phone)?|office|cell|mobile|fax|mobil|handy"
    r"|m[oó]vil|e-?mail|m|t|e|p)\b\.?\s*:.*|[^\s@]++@\S+\.\w+|(?:media|press) contacts? .*",
    re.IGNORECASE,
)
_PHONE = re.compile(
    r"\(?\d{3}\)?[\s./-]+\d{3}[\s.-]\d{4}\b|\+\d[\d\s()./-]{7,}\d|\b0\d[\d\s]{8,}\d"
)
_LONGEST = 80
_SHORTEST_TEXT = 20
_MOST_BETWEEN = 3
"""Lines with a name, an office, a house, between two that are plainly of a contact."""


def is_contact_label(text: str) -> bool:
    """Whether a short line begins with what heads a contact: ``Media contact: …``."""
    return len(text) <= _LONGEST and bool(_LABEL.fullmatch(text))


def is_contact(text: str) -> bool:
    """Whether a short line says how to reach somebody."""
    if len(text) > _LONGEST:
        return False
    return bool(_LABEL.fullmatch(text) or _LINE.fullmatch(text) or _PHONE.search(text))


def contact_lines(lines: Sequence[Line]) -> frozenset[int]:
    """The indexes of all lines of contacts, names and offices between them too."""
    plain = [
        n
        for n, line in enumerate(lines)
        if is_contact(line.text) or _is_date_and_contact(line.text)
    ]
    found = set(plain)
    for first, last in pairwise(plain):
        between = range(first + 1, last)
        if len(between) <= _MOST_BETWEEN and all(_may_belong(lines, n) for n in [*between, last]):
            found.update(between)
    return frozenset(found)


def _is_date_and_contact(text: str) -> bool:
    return date_line(text) is not None and bool(_BEHIND.search(text))


def _may_belong(lines: Sequence[Line], index: int) -> bool:
    """Whether a line directly below one of a contact may be a name, an office or a house."""
    line = lines[index]
    apart = line.gap and not (is_contact_label(lines[index - 1].text) and not _is_whole(line))
    other = date_line(line.text) or release_line(line.text) is not None or is_embargo(line.text)
    text = begins_dateline(line.text) and len(line.text) > _SHORTEST_TEXT
    return not (apart or other or text or _is_whole(line))


def _is_whole(line: Line) -> bool:
    """Whether a line is too long, or too much of a sentence, for a part of a contact."""
    return len(line.text) > _LONGEST or (ends_sentence(line.text) and len(line.text.split()) > 4)
