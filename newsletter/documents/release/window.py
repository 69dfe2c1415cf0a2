"""What a page's own title, the window's, says of its headline."""

import re
from collections.abc import Sequence

from newsletter.documents.release.candidates import FULL_TITLE, Heading, is_body_name
from newsletter.documents.release.lines import Line, letters

_SITE = re.compile(r"\s*[|–—»·:-]+\s+\S.*")
_ENDING = re.compile(r"^[^\w\s|–—»·:-]+")
"""What may stand behind the last word of a title."""
_MOST_LINES = 5
_SHORTEST_NAMED = 8
_LONGEST_PAGE = 600


def names_page(page: str, title: str) -> bool:
    """Whether ``page`` is ``title`` with a site's name behind it: ``Title | Site``.

    They may differ in dashes, quotes, case and accents.
    """
    wanted = letters(title)
    if len(title) < _SHORTEST_NAMED or len(page) > _LONGEST_PAGE:
        return False
    if not wanted or not letters(page).startswith(wanted):
        return False
    end, found = 0, ""
    while end < len(page) and len(found) < len(wanted):
        found += letters(page[end])
        end += 1
    rest = _ENDING.sub("", page[end:])
    return found == wanted and bool(_SITE.fullmatch(rest))


def is_whole_title(page: str, text: str) -> bool:
    """Whether words that are no heading are all of a page's title, and no mere name of a site."""
    full = len(text.split()) > FULL_TITLE and not is_body_name(text)
    return full and letters(page) == letters(text)


def named_by_page(page: str, head: Sequence[Line], *, whole: bool = False) -> Heading | None:
    """The line, or the lines of one headline, that a page's title names; the last such one.

    ``whole`` lets a single line count that is all of the page's title.
    """
    if len(page) > _LONGEST_PAGE:
        return None
    for first in range(len(head) - 1, -1, -1):
        for last in range(min(first + _MOST_LINES, len(head)) - 1, first - 1, -1):
            title = " ".join(line.text for line in head[first : last + 1])
            if names_page(page, title) or _is_whole(page, title, whole or last > first):
                return Heading(title=title, first=first, last=last)
            if _ends_page(page, title):
                return Heading(title=title, first=first, last=last)
    return None


def _is_whole(page: str, title: str, allowed: bool) -> bool:
    """Whether lines are the page's whole title."""
    return allowed and len(title) >= _SHORTEST_NAMED and letters(page) == letters(title)


def _ends_page(page: str, title: str) -> bool:
    """Whether a page's title is a site's name with the title behind it, which is the longer."""
    wanted, whole = letters(title), letters(page)
    if len(wanted) * 2 <= len(whole) or len(title.split()) < 4 or not whole.endswith(wanted):
        return False
    return any(
        letters(page[found.end() :]) == wanted for found in re.finditer(r"\s[|–—»·:-]\s|:\s", page)
    )
