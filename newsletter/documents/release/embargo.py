"""Find the lines that impose an embargo, by words or by a time to come, and its end."""

import re
import unicodedata
from collections.abc import Container, Iterable, Iterator, Sequence
from datetime import date
from functools import lru_cache

from newsletter.documents.release.dates import CLOCK, MOMENT, dates_in, days_in, end_of, is_date
from newsletter.documents.release.imported import Embargo
from newsletter.documents.release.lines import Line, ends_sentence, shortened
from newsletter.documents.release.words import alternatives, pattern

_MAX_LINE_CHARACTERS = 240
"""A longer line is about something else too."""
_AT_ONCE = 120
"""A shorter line is about the embargo wherever it names it; a longer one if it begins with it."""
_BEGINNING = 60
_READ = 1_500
"""Characters to read of a paragraph: an embargo is at its beginning."""
_HEAD = 4
"""Paragraphs of running text near the head."""
_FOOT = 6

_OPENING = r"(?:^|[.:;!(\[–—-](?![.:;!(\[–—-]) ?|\b(?:please|strictly|streng|bitte|da) )\W{0,3}+"
_NEWS = pattern("embargo")
_KEEPS = pattern("held back", rf"{_OPENING}(?:{{}})")
_KEEPS_UNTIL = pattern("held until", rf"{_OPENING}(?:\w+ )?(?:{{}})")
_FROM = pattern(
    "released from",
    r"\W*(?:(?:\w+:|this|all|<our texts>) ){0,3}(?:{})\b".replace(
        "<our texts>", f"(?:{alternatives('our texts')})"
    ),
)
_HOURED = re.compile(
    r"\W*(?:\w+: )?(?:for (?:\w+ )?(?:release|publication)|release(?: time| at|:))(?!\w)"
)
_MARKED = re.compile(
    r"[^\w]*(?:(?:strict|strictly|under|media|press|news|full|global|international|confidential"
    r"|urgent|bajo|sous|sob|sotto|onder|unter|streng\w*|strikt\w*|estricto)[ :,-]+)*"
    r"(?:presse|medien|pers|news)?embarg\w*(?:\W*$|[ ]?[\])}:!.;|/*(–—-]| (?=\d))"
)
_CLOSING = re.compile(r"[(\[|:–—-] ?(?:strictly |under )?embarg\w*\W{0,3}$")
_ANY = pattern("embargo word")
_TRADE = pattern("other embargoes")
_HOLDING = pattern("holding")
_ANNOUNCING = pattern("announcing")
_OCCASIONS = pattern("occasions", r"\b(?:{})\b")
_UNTIL = pattern("until", r"\b(?:{})")
_REACHED = re.compile(r"\S@|(?:\+|\b0)\d[\d\s()/-]{6,}|\btel\b", re.IGNORECASE)
"""How somebody is reached, whose hours are no embargo."""
_NAMES_US = pattern("our texts", r"\b(?:{})\b")
_SECURITIES = re.compile(r"directly or indirectly|in or into|united states|jurisdiction")
_SPACED = re.compile(r"\b(?:[^\W\d_][ .-]){4,20}[^\W\d_]\b")
_MARKS = str.maketrans({"’": "'", "‘": "'", "\u00a0": " ", "*": " ", "_": " ", "|": " | "})
_PARTING = re.compile(r"[\])]\s*+[:–—-]?|:\s|\s[|–—-]{1,2}\s")
_OPENS = re.compile(r"[(\[]|\s[|–—-]{1,2}\s")
_LONG = re.compile(r"[^\W\d_]{3,}")
_GOES_ON = re.compile(r" [^\W\d_]+,? [^\W\d_]+")
_TELLING = re.compile(r"\b(?!اليوم\b)[^\W\d_]{5,6}")
"""The beginning of a word that tells what a text is about."""
_TOLD = 40
"""Paragraphs of running text that are compared with the lines above it."""
_TITLE_WORDS = 3
_BARE = 2
_FIRST_WORD = 5
"""Characters before the first word at most."""


@lru_cache(maxsize=1024)  # each rule of an import asks it of the same lines
def is_embargo(text: str, *, abroad: bool = False) -> bool:
    """Whether a line imposes an embargo, and so is neither title nor text.

    ``abroad`` means that the text is about an embargo between countries: the word is not enough.
    """
    if len(text) > _MAX_LINE_CHARACTERS:
        return False
    plain = _folded(text)
    at = _place(plain, abroad=abroad)
    return at is not None and (len(text) <= _AT_ONCE or at < _BEGINNING)


def _place(plain: str, *, abroad: bool = False) -> int | None:
    """Return where a short text begins to mention its embargo."""
    for rule in (_NEWS, _KEEPS):
        found = rule.search(plain)
        # offers of shares say it too: not for release in or into the United States
        if found and not _is_trade(plain) and not _SECURITIES.search(plain):
            return found.start()
    found = _KEEPS_UNTIL.search(plain)
    if found and _is_timed(plain) and not _SECURITIES.search(plain):
        return found.start()
    if _MARKED.match(plain) or (_FROM.match(plain) and _is_timed(plain)):
        return 0
    found = _CLOSING.search(plain)
    if found:
        return found.start()
    if _HOURED.match(plain) and CLOCK.search(plain):
        return 0
    found = None if abroad else _ANY.search(plain)
    bare = _is_timed(plain) or len(plain.split()) <= _BARE
    return found.start() if found and bare and not _is_trade(plain) else None


def _is_timed(plain: str) -> bool:
    return bool(CLOCK.search(plain) or MOMENT.search(plain) or dates_in(plain))


def _is_trade(plain: str) -> bool:
    """Whether the text is about an embargo between countries, or a seizure."""
    return bool(_TRADE.search(plain)) and not _NAMES_US.search(plain)


def _folded(text: str) -> str:
    """Return the text in lower case, without accents, marks and letter-spacing."""
    bare = "".join(
        letter
        for letter in unicodedata.normalize("NFKD", text[:_READ])
        if not unicodedata.combining(letter)
    )
    close = _SPACED.sub(lambda found: re.sub(r"[ .-]", "", found[0]), bare)
    return " ".join(close.translate(_MARKS).casefold().split())


def headline_beside(text: str) -> str:
    """Return the headline on a line with an embargo, ``EMBARGOED: Title``, or ""."""
    for rule, order in ((_PARTING, 1), (_OPENS, -1)):
        for found in rule.finditer(text[:_MAX_LINE_CHARACTERS]):
            words, title = (text[: found.start()], text[found.end() :])[::order]
            if is_embargo(words) and _is_headline(title):
                return title.strip()
    return ""


def _is_headline(text: str) -> bool:
    if is_embargo(text):
        return False
    rest = text
    for found in reversed(dates_in(text)):
        rest = rest[: found.start] + rest[found.end :]
    # the day and hour that an embargo names are no headline, however many words they are
    rest = MOMENT.sub(" ", CLOCK.sub(" ", rest))
    return len(_LONG.findall(rest)) >= _TITLE_WORDS


# --- the whole text ----------------------------------------------------------------------------


def find_embargo(
    lines: Sequence[Line],
    prose: int | None,
    *,
    today: date | None = None,
    title: Container[int] = (),
    apart: Container[int] = (),
    beside: Iterable[tuple[int, str]] = (),
) -> Embargo | None:
    """Find the embargo on a text.

    ``prose`` is the index of the first line of running text. Without ``today``, no day is to come.
    ``title`` are the lines of the title, ``apart`` those of contacts and furniture. ``beside`` is
    text outside of the lines, with its line or 0: parts left out, the page's title, page heads.
    """
    # a text on an embargo between countries names it often: there only plain orders count
    abroad = any(_TRADE.search(_folded(line.text)) for line in lines)
    above = len(lines) if prose is None else prose
    found = [(n.opening, n.text, below) for n, below in _hits(lines, above, abroad=abroad)]
    seen = {words for _, words, _ in found}
    for number, text in beside:
        # a lone word may be a tag of the page
        lone = abroad and len(text.split()) == 1
        named = not abroad and len(text) <= _AT_ONCE and _ANY.search(_folded(text))
        if text not in seen and not lone and (is_embargo(text) or named):
            seen.add(text)
            found.append((f"Line {number}" if number else "What stands beside the text", text, ""))
    does = "speaks of an embargo"
    if not found and today is not None:
        does = "names a time to come, which may be the end of an embargo"
        told = _to_come(lines, above, today, title)
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


def lines_of_release(lines: Sequence[Line], prose: int | None, today: date) -> frozenset[int]:
    """Return the lines above the text that name a time to come and are not its headline."""
    above = len(lines) if prose is None else prose
    told = {n for n in _to_come(lines, above, today, ()) if n < above}
    # a headline may name a day beside a line with the words of a release
    return frozenset(n for n in told if _holds(_folded(lines[n].text))) or frozenset(told)


def _hits(lines: Sequence[Line], above: int, *, abroad: bool) -> Iterator[tuple[Line, str]]:
    """Yield each line that mentions an embargo, and the line below it."""
    for n, line in enumerate(lines):
        near = n < above + _HEAD or n >= len(lines) - _FOOT
        below = lines[n + 1].text if n + 1 < len(lines) and not lines[n + 1].gap else ""
        if near:
            speaks = _names_embargo(line.text, abroad=abroad)
        else:
            # Amid the text a line is about its embargo only from the first word on.
            begins = (_place(_folded(line.text), abroad=abroad) or 0) < _FIRST_WORD
            speaks = begins and is_embargo(line.text, abroad=abroad)
        if n < above and below and not is_embargo(below):
            # Two lines may speak of it only together: they were one before it was wrapped.
            speaks = speaks or is_embargo(f"{line.text} {below}")
        if speaks:
            yield line, below


def _to_come(
    lines: Sequence[Line], above: int, today: date, title: Container[int]
) -> Iterator[int]:
    """Yield each short line near the text that names a day or an hour to come.

    A title, a date, a subhead, which repeats words of the text, and the text do so for other
    reasons: they need a word of release too, and a title and the text below it an hour.
    """
    told = _telling(*(line.text for line in lines[above : above + _TOLD]))
    programme = {n for n, line in enumerate(lines) if CLOCK.match(line.text)}
    for n, line in enumerate(lines):
        is_lead = n == above < len(lines) - 1 and len(line.text) >= _BEGINNING
        foot = n >= max(above, len(lines) - _FOOT) and not is_lead
        plain = _folded(line.text)
        if not (n < above + _HEAD or foot) or len(line.text) > _AT_ONCE:
            continue
        in_programme = n in programme and len(programme) > 1
        if _REACHED.search(line.text) or _OCCASIONS.match(plain) or in_programme:
            continue
        hour, days = CLOCK.search(plain), days_in(line.text, today)
        is_to_come = max(days) > today if days else bool(hour or MOMENT.search(plain))
        if not is_to_come:
            continue
        is_above = n < above and n not in title
        is_subhead = told & _telling(line.text) or _is_sentence(plain)
        free = is_above and not (is_date(line.text) or is_subhead)
        if free or (
            _holds(plain) and (is_above or (not _ANNOUNCING.search(plain) if foot else hour))
        ):
            yield n


def _holds(plain: str) -> bool:
    """Whether a line uses words about the release of a text."""
    return bool(_HOLDING.search(_OCCASIONS.sub(" ", plain)))


def _is_sentence(plain: str) -> bool:
    """Whether a line has a full stop, or goes on behind its time as no line of release does."""
    before, *others = MOMENT.sub("|", CLOCK.sub("|", plain)).split("|")
    goes_on = bool(others and _LONG.search(before) and _GOES_ON.match(others[-1]))
    stops = ends_sentence(plain) and len(plain.split()) > _TITLE_WORDS
    return stops or (goes_on and not _UNTIL.search(before))


def _telling(*texts: str) -> set[str]:
    """Return how the long words of texts begin: a headline and its text share some."""
    return {word for text in texts for word in _TELLING.findall(MOMENT.sub(" ", _folded(text)))}


def _names_embargo(text: str, *, abroad: bool) -> bool:
    """Whether a text near the head or foot may mention its own embargo."""
    plain = _folded(text)
    sentences = re.split(r"(?<=[.!?]) ", plain)
    said = any(_NEWS.search(one) and not _is_trade(one) for one in sentences)
    return said or is_embargo(text, abroad=abroad) or (not abroad and bool(_ANY.search(plain)))


def _note(what: str, end: str) -> str:
    if not end:
        return f"{what}: set embargo_until."
    # a day has two hyphens: a third is the sign of an offset
    zone = "." if "+" in end or end.count("-") > 2 else " if that time is in your own zone."
    return f"{what}: set embargo_until, as in 'embargo_until: {end}'{zone}"
