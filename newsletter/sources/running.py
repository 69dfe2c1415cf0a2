"""What stands at the head and foot of each page of a document copied page by page."""

import re
from collections import Counter
from collections.abc import Sequence

from newsletter.sources.ending import PAGE_NUMBER, RUNNING_HEADER, Reasons
from newsletter.sources.lines import Line

_PAGE = re.compile(
    r"(?P<before>.*?)(?:\b(?:page|seite|p[áa]gina|pagina|p\.|s\.)\s*(?P<n>\d{1,3})"
    r"(?:\s*(?:of|/|von|de|di|sur|van)\s*(?P<of>\d{1,3}))?|(?P<m>\d{1,3})\s*(?:of|/)\s*(?P<mof>\d{1,3}))"
    r"\W*(?P<behind>.*)",
    re.IGNORECASE,
)
_LONGEST = 100


def running_lines(lines: Sequence[Line]) -> Reasons:
    """The lines that number pages in words, one after the other, and those that come with each.

    Nothing, unless the numbers rise by one from 1 and what stands around them stays the same.
    """
    marks = _page_marks(lines)
    if not marks:
        return {}
    reasons = dict.fromkeys(marks, PAGE_NUMBER)
    beside = [n for mark in marks for n in (mark - 1, mark + 1) if 0 <= n < len(lines)]
    counts = Counter(lines[n].text for n in beside)
    for n in beside:
        if n not in marks and counts[lines[n].text] == len(marks) > 1:
            reasons[n] = RUNNING_HEADER
    return reasons


def _page_marks(lines: Sequence[Line]) -> list[int]:
    found = {n: _page(line.text) for n, line in enumerate(lines)}
    marks = [(n, page) for n, page in found.items() if page is not None]
    numbers = [page[0] for _, page in marks]
    alike = len({page[1:] for _, page in marks}) == 1
    if not marks or not alike or numbers != list(range(1, len(numbers) + 1)):
        return []
    if len(marks) == 1 and (not marks[0][1][1] or re.search(r"\w", marks[0][1][2])):
        return []
    return [n for n, _ in marks]


def _page(text: str) -> tuple[int, str, str] | None:
    """A page's number, how many there are, and what else the line says."""
    match = _PAGE.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None:
        return None
    around = f"{match['before']}|{match['behind']}"
    bare = re.fullmatch(r"\W*", around)
    if match["n"] is None and not bare:
        return None
    return int(match["n"] or match["m"]), match["of"] or match["mof"] or "", around
