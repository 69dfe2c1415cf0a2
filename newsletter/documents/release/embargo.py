"""Find the lines that impose an embargo, by their words or by a future time, and its end."""

import re
from collections.abc import Container, Iterable, Iterator, Sequence
from datetime import date
from functools import lru_cache

from newsletter.documents.release.dates import CLOCK, end_of, is_date
from newsletter.documents.release.imported import Embargo
from newsletter.documents.release.lines import Line, shortened
from newsletter.documents.release.waiting import (
    HEAD,
    Passage,
    edges,
    folded,
    passages,
    says,
    wrapped_lines,
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
_FROM = pattern("timed openings", r"^\W*(?:{})\b")
_HOURED, _MARKED = pattern("houred openings", r"^\W*(?:{})(?!\w)"), pattern("marked", "^(?:{})")
_CLOSING, _ANY, _UNBOUND = pattern("closing"), pattern("embargo word"), pattern("unbound")
_TRADE, _WEEKDAY = pattern("other embargoes"), pattern("of weekdays")
_OUR_TEXTS = pattern("our texts", r"\b(?:{})\b")
_SECURITIES = re.compile(r"directly or indirectly|in or into|united states|jurisdiction")
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
    # an hour of each day is none: Not before 8 am: new rules for leaf blowers
    hourly = any(says("an hour alone", part) and says("worded", rest) for part, rest in edges(text))
    if hourly and not _ANY.search(plain):
        return False
    at = _find_mention(plain, abroad=abroad)
    return at is not None and (len(text) <= _AT_ONCE or at < _BEGINNING)


def _find_mention(plain: str, *, abroad: bool = False) -> int | None:
    """Return where a short text begins to mention its embargo."""
    if _UNBOUND.search(plain):
        return None
    # offers of shares say it too: not for release in or into the United States
    order, timed = not _SECURITIES.search(plain), says("a time", plain)
    trade, ours = _is_trade(plain), bool(_OUR_TEXTS.search(plain))
    of_this = ours or not says("an occasion", plain)
    for rule, holds in (
        (_NEWS, order and not trade),
        (_KEEPS, order and not trade),
        (_KEEPS_UNTIL, of_this and order and timed),
        (_MARKED, of_this),
        (_FROM, of_this and timed),
        (_CLOSING, of_this),
        (_HOURED, of_this and CLOCK.search(plain)),
        (_ANY, of_this and not abroad and not trade),
    ):
        found = rule.search(plain) if holds else None
        # the word alone, or after a mark: accounts under embargo are none
        led = found and (ours or not plain[: found.start()].rstrip()[-1:].isalnum())
        bare = timed or (led and len(plain.split()) <= _MAX_BARE_WORDS)
        if found and (rule is not _ANY or bare):
            return found.start()
    return None


def _is_trade(plain: str) -> bool:
    """Whether the text is about an embargo between countries, or a seizure."""
    return bool(_TRADE.search(plain)) and not _OUR_TEXTS.search(plain)


def headline_beside(text: str) -> str:
    """Return the headline on a line with an embargo, ``EMBARGOED: Title``, or ""."""
    for part, title in edges(text):
        named = _ANY.search(folded(part)) or not says("an hour alone", part)
        told = named and (is_embargo(part) or says("heading", part))
        whole = title.count("(") == title.count(")") and says("worded", title)
        if told and whole and not (is_embargo(title) or says("notice", title)):
            return title.strip()
    return ""


# --- the whole text ----------------------------------------------------------------------------


def find_embargo(
    lines: Sequence[Line],
    prose: int | None,
    today: date | None = None,
    title: range = range(0),
    *,
    apart: Container[int] = (),
    beside: Iterable[tuple[int, str]] = (),
) -> Embargo | None:
    """Find the embargo on a text.

    ``prose`` is the index of the first line of running text. Without ``today``, no
    time is to come. ``title`` are the lines of the title,
    ``apart`` those of contacts and furniture. ``beside`` is text outside of the lines, with its
    line or 0: parts left out, the page's title, page heads.
    """
    headline = " ".join(lines[n].text for n in title if n >= 0)
    # a text on an embargo between countries names it often: there only plain orders count
    abroad = any(_TRADE.search(folded(line.text)) for line in lines) or bool(
        _ANY.search(folded(headline)) and not (is_embargo(headline) or headline_beside(headline))
    )
    wrapped, above = wrapped_lines(lines), len(lines) if prose is None else prose
    if above == len(lines):
        above = min((n for n in wrapped if n > title.stop), default=above)
    # the first line of running text may be amid a wrapped paragraph
    while title.stop < above and above in wrapped:
        above -= 1
    kept = [line for n, line in enumerate(lines) if n < above or n not in apart]
    told = [*_above(lines, above, title, apart), *passages(kept, above)]
    told += [
        (f"Line {number}" if number else "What stands beside the text", text, "", place)
        for number, text in beside
        if text != headline and (place := frozenset({"beside", "above" if number else ""}))
    ]
    found = [
        (place, text, below, speaks)
        for place, text, below, around in told
        if (speaks := _speaks(text, today or date.min, around, abroad=abroad))
        or (today and says("request", text, today, around))
    ]
    # a time is asked for only where no line speaks of it
    found = [hit for hit in found if hit[-1]] or found
    if not found:
        return None
    ends = [end_of(text, below) for _, text, below, _ in found]
    until = {end for end in ends if end}
    notes = [_note(hit[0], end, speaks=hit[-1]) for hit, end in zip(found, ends, strict=True)]
    return Embargo(
        words=shortened(found[0][1], _AT_ONCE),
        # of two ends that differ a person chooses
        until=until.pop() if len(until) == 1 else "",
        notes=tuple(dict.fromkeys(notes)),
    )


def _above(
    lines: Sequence[Line], above: int, title: range, apart: Container[int]
) -> Iterator[Passage]:
    """Yield the title and what a mark sets off in it, and each other line down to the text, alone
    and with the line below: they may have been one before it was wrapped."""
    headline = " ".join(lines[n].text for n in title if n >= 0)
    told = " ".join(folded(line.text) for line in lines[above : above + HEAD])
    start = title.start if title.start >= 0 else above
    # a notice may be taken for a title where another headline is below it
    sure = not any(says("worded", lines[n].text) for n in range(title.stop, above))
    for n, line in enumerate(lines[:above]):
        below = lines[n + 1].text if n + 1 < len(lines) and not lines[n + 1].gap_above else ""
        if sure and n in title:
            yield line.opening, headline, below, frozenset({"title"})
            for part, _ in edges(headline):
                if headline.startswith(part) or headline.endswith((")", "]")):
                    yield line.opening, part, "", frozenset({"edge"})
            continue
        heads = [lines[m].text for m in range(len(lines)) if m in title or m == n + 1]
        joined = (
            below and n + 1 < above and not (sure and n + 1 in title) and not is_date(line.text)
        )
        both = [f"{line.text} {below}"] if joined and not is_embargo(below) else []
        for text in [line.text, *both]:
            again = any(day in told for day in _WEEKDAY.findall(folded(text)))
            occasion = again or any(says("names an occasion", one) for one in heads)
            around = {
                "above": n not in apart,
                "first": n < start,
                "joined": text in both,
                "occasion": occasion,
                "speech": any(says("of speeches", one) for one in heads),
            }
            yield line.opening, text, below, frozenset(one for one, so in around.items() if so)


def _speaks(text: str, today: date, around: frozenset[str], *, abroad: bool) -> bool:
    """Whether words may mention the text's own embargo: a title only at its beginning or beside
    it, and a sentence of the story only if it has a time or addresses readers."""
    plain = _UNBOUND.sub(" ", folded(text))
    # a lone word may be a tag of the page
    is_tag = len(text) > _AT_ONCE or (abroad and len(text.split()) == 1)
    if says("over", text, today) or ("beside" in around and is_tag):
        return False
    if "title" in around or "edge" in around:
        begins = (_find_mention(folded(text)) or 0) < _FIRST_WORD
        return "title" in around and ((begins and is_embargo(text)) or bool(headline_beside(text)))
    said = _NEWS.search(plain) and not _is_trade(plain)
    named = bool(said or (not abroad and _ANY.search(plain)))
    if "amid" not in around or "apart" in around:
        return named or is_embargo(text, abroad=abroad)
    return (
        named
        and not abroad
        and ((says("single", text) and says("a time", plain)) or says("addressing", text))
    )


def _note(place: str, end: str, *, speaks: bool) -> str:
    time = "names a time to come, which may be the end of an embargo"
    reason = f"{place} {'speaks of an embargo' if speaks else time}"
    if not end:
        return f"{reason}: enter its end (embargo_until)."
    # a day has two hyphens: a third is the sign of an offset
    zone = "." if "+" in end or end.count("-") > 2 else " if that time is in your own zone."
    return f"{reason}: enter {end} as its end (embargo_until){zone}"
