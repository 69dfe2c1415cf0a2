"""Find the lines that impose an embargo, by their words or by a future time, and its end."""

import re
from collections.abc import Container, Iterable, Iterator, Sequence
from datetime import date
from functools import lru_cache

from newsletter.documents.release.dates import CLOCK, end_of
from newsletter.documents.release.imported import Embargo
from newsletter.documents.release.lines import Line, shortened
from newsletter.documents.release.waiting import (
    FOOT,
    HEAD,
    OCCASION,
    asks_to_wait,
    folded,
    heads_a_line,
    is_notice,
    is_timed,
    is_worded,
    waiting_lines,
)
from newsletter.documents.release.words import pattern

_MAX_LINE_CHARACTERS = 240
"""Maximum characters of an embargo line; a longer line is about something else too."""
_AT_ONCE = 120
"""Characters of a short line, which may mention the embargo anywhere; a longer line must begin with
it."""
_BEGINNING = 60
_OPENING = r"(?:^|[.:;!(\[–—-](?![.:;!(\[–—-]) ?|\b(?:please|strictly|streng|bitte|da) )\W{0,3}+"
_NEWS = pattern("embargo")
_KEEPS = pattern("held back", rf"{_OPENING}(?:{{}})")
_KEEPS_UNTIL = pattern("held until", rf"{_OPENING}(?:\w+ )?(?:{{}})")
_FROM = pattern("timed openings", r"\W*(?:{})\b")
_HOURED, _MARKED = pattern("houred openings", r"\W*(?:{})(?!\w)"), pattern("marked")
_CLOSING, _ANY, _UNBOUND = pattern("closing"), pattern("embargo word"), pattern("unbound")
_TRADE = pattern("other embargoes")
_OUR_TEXTS = pattern("our texts", r"\b(?:{})\b")
_SECURITIES = re.compile(r"directly or indirectly|in or into|united states|jurisdiction")
_PARTING = re.compile(r"[\])]\s*+[:–—-]?|:\s|\s[|–—-]{1,2}\s")
_OPENS = re.compile(r"[(\[]|\s[|–—-]{1,2}\s")
_MAX_BARE_WORDS = 2
_FIRST_WORD = 5
"""Maximum characters before the first word."""


@lru_cache(maxsize=1024)  # each rule of an import asks it of the same lines
def is_embargo(text: str, *, abroad: bool = False) -> bool:
    """Whether a line imposes an embargo, and so is neither title nor text.

    ``abroad`` means that the text is about an embargo between countries: the word is not enough.
    """
    if len(text) > _MAX_LINE_CHARACTERS:
        return False
    plain = folded(text)
    at = _find_mention(plain, abroad=abroad)
    return at is not None and (len(text) <= _AT_ONCE or at < _BEGINNING)


def _find_mention(plain: str, *, abroad: bool = False) -> int | None:
    """Return where a short text begins to mention its embargo."""
    if _UNBOUND.search(plain):
        return None
    for rule in (_NEWS, _KEEPS):
        found = rule.search(plain)
        # offers of shares say it too: not for release in or into the United States
        if found and not _is_trade(plain) and not _SECURITIES.search(plain):
            return found.start()
    if OCCASION.match(plain) and not _OUR_TEXTS.search(plain):
        return None
    found = _KEEPS_UNTIL.search(plain)
    if found and is_timed(plain) and not _SECURITIES.search(plain):
        return found.start()
    if _MARKED.match(plain) or (_FROM.match(plain) and is_timed(plain)):
        return 0
    found = _CLOSING.search(plain)
    if found:
        return found.start()
    if _HOURED.match(plain) and CLOCK.search(plain):
        return 0
    found = None if abroad else _ANY.search(plain)
    bare = is_timed(plain) or len(plain.split()) <= _MAX_BARE_WORDS
    return found.start() if found and bare and not _is_trade(plain) else None


def _is_trade(plain: str) -> bool:
    """Whether the text is about an embargo between countries, or a seizure."""
    return bool(_TRADE.search(plain)) and not _OUR_TEXTS.search(plain)


def headline_beside(text: str) -> str:
    """Return the headline on a line with an embargo, ``EMBARGOED: Title``, or ""."""
    for rule, order in ((_PARTING, 1), (_OPENS, -1)):
        for found in rule.finditer(text[:_MAX_LINE_CHARACTERS]):
            words, title = (text[: found.start()], text[found.end() :])[::order]
            told = is_embargo(words) or heads_a_line(words)
            whole = title.count("(") == title.count(")")
            if told and whole and is_worded(title) and not (is_embargo(title) or is_notice(title)):
                return title.strip()
    return ""


# --- the whole text ----------------------------------------------------------------------------


def find_embargo(
    lines: Sequence[Line],
    prose: int | None,
    today: date | None = None,
    title: range = range(0),
    *,
    stated: bool = True,
    apart: Container[int] = (),
    beside: Iterable[tuple[int, str]] = (),
) -> Embargo | None:
    """Find the embargo on a text.

    ``prose`` is the index of the first line of running text. Without ``today``, no day is to come.
    ``title`` are the lines of the title; ``stated`` means that the file tells them. ``apart`` are
    the lines of contacts and furniture. ``beside`` is text outside of the lines, with its line or
    0: parts left out, the page's title, page heads.
    """
    # a text on an embargo between countries names it often: there only plain orders count
    headline = [lines[n].text for n in title if n >= 0]
    abroad = any(_TRADE.search(folded(line.text)) for line in lines) or any(
        _ANY.search(folded(line)) and not (is_embargo(line) or headline_beside(line))
        for line in headline
    )
    above = len(lines) if prose is None else prose
    hits = _hits(lines, above, title, abroad=abroad)
    found = [(n.opening, n.text, below) for n, below in hits]
    seen = {words for _, words, _ in found} | set(headline)
    for number, text in beside:
        # a lone word may be a tag of the page
        lone = abroad and len(text.split()) == 1
        named = not abroad and len(text) <= _AT_ONCE and _ANY.search(folded(text))
        waits = number and today is not None and asks_to_wait(text, today)
        if text not in seen and not lone and (is_embargo(text) or named or waits):
            seen.add(text)
            found.append((f"Line {number}" if number else "What stands beside the text", text, ""))
    does = "speaks of an embargo"
    if not found and today is not None:
        does = "names a time to come, which may be the end of an embargo"
        told = waiting_lines(lines, above, today, title, stated=stated)
        found = [(lines[n].opening, lines[n].text, "") for n in told if n not in apart]
    if not found:
        return None
    ends = [end_of(text, following) for _, text, following in found]
    until = {end for end in ends if end}
    return Embargo(
        words=shortened(found[0][1], _AT_ONCE),
        # of two ends that differ a person chooses
        until=until.pop() if len(until) == 1 else "",
        notes=tuple(_note(f"{hit[0]} {does}", end) for hit, end in zip(found, ends, strict=True)),
    )


def _hits(
    lines: Sequence[Line], above: int, title: Container[int], *, abroad: bool
) -> Iterator[tuple[Line, str]]:
    """Yield each line that mentions an embargo, and the line below it."""
    for n, line in enumerate(lines):
        near = n < above + HEAD or n >= len(lines) - FOOT
        below = lines[n + 1].text if n + 1 < len(lines) and not lines[n + 1].gap_above else ""
        # In a title and amid the text a line is about its embargo only from the first word on.
        begins = (_find_mention(folded(line.text), abroad=abroad) or 0) < _FIRST_WORD
        own = begins and is_embargo(line.text, abroad=abroad)
        if n in title:
            speaks = own or bool(headline_beside(line.text))
        elif near:
            speaks = _names_embargo(line.text, abroad=abroad)
        else:
            speaks = own
        if n < above and below and not is_embargo(below):
            # Two lines may speak of it only together: they were one before it was wrapped.
            speaks = speaks or is_embargo(f"{line.text} {below}", abroad=abroad)
        if speaks:
            yield line, below


def _names_embargo(text: str, *, abroad: bool) -> bool:
    """Whether a text near the head or foot may mention its own embargo."""
    plain = _UNBOUND.sub(" ", folded(text))
    sentences = re.split(r"(?<=[.!?]) ", plain)
    said = any(_NEWS.search(one) and not _is_trade(one) for one in sentences)
    return said or is_embargo(text, abroad=abroad) or (not abroad and bool(_ANY.search(plain)))


def _note(reason: str, end: str) -> str:
    if not end:
        return f"{reason}: enter its end (embargo_until)."
    # a day has two hyphens: a third is the sign of an offset
    zone = "." if "+" in end or end.count("-") > 2 else " if that time is in your own zone."
    return f"{reason}: enter {end} as its end (embargo_until){zone}"
