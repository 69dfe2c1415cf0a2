"""Find the embargo on a text, in lines that impose one or ask readers to wait for a time."""

import re
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from datetime import date
from functools import lru_cache

from newsletter.documents.release.dates import CLOCK_PATTERN, find_embargo_end, is_date
from newsletter.documents.release.imported import Embargo
from newsletter.documents.release.lines import Line, cut_text
from newsletter.documents.release.waiting import (
    HEAD_PARAGRAPHS,
    HELD_PATTERN,
    HELD_UNTIL_PATTERN,
    HINT_PATTERN,
    Passage,
    body_passages,
    edges,
    find_cover,
    find_wrapped,
    fold_text,
    holds,
)
from newsletter.documents.release.words import folded

_MAX_LINE_CHARS = 240
"""Maximum characters of an embargo line; a longer line is about something else too."""
_MAX_SHORT_LINE_CHARS = 120
"""Characters of a short line. A longer line has to mention the embargo at its beginning."""
_MAX_MENTION_OFFSET = 60
_MAX_FIRST_WORD_OFFSET = 5
"""Maximum characters before the first word of a title."""
_MAX_BARE_WORDS = 2
_EMBARGO_WORD_PATTERN, _UNBOUND_PATTERN = folded("embargo word"), folded("unbound")
_EMBARGO_PATTERN = folded("embargo")
_TRADE_PATTERN, _WEEKDAY_PATTERN = folded("other embargoes"), folded("of weekdays")
_OUR_TEXTS_PATTERN = folded("our texts", r"\b(?:{})\b")
# offers of shares say it too: not for release in or into the United States
_SECURITIES_PATTERN = re.compile(r"directly or indirectly|in or into|united states|jurisdiction")

_FORMS = (
    (_EMBARGO_PATTERN, ("news", "no trade")),
    (HELD_PATTERN, ("news", "no trade")),
    (HELD_UNTIL_PATTERN, ("news", "timed", "own")),
    (folded("marked", "^(?:{})"), ("own",)),
    (folded("timed openings", r"^\W*(?:{})\b"), ("timed", "own")),
    (folded("closing"), ("own",)),
    (folded("houred openings", r"^\W*(?:{})(?!\w)"), ("houred", "own")),
    (_EMBARGO_WORD_PATTERN, ("no trade", "own")),
)
"""(pattern of words that impose an embargo, facts that must hold for the line)."""
_FACTS: dict[str, Callable[[str], object]] = {
    "news": lambda plain: not _SECURITIES_PATTERN.search(plain),
    "own": lambda plain: _OUR_TEXTS_PATTERN.search(plain) or not holds("an occasion", plain),
    "no trade": lambda plain: not _is_trade(plain),
    "timed": lambda plain: holds("a time", plain),
    "houred": CLOCK_PATTERN.search,
}


def is_embargo(text: str, *, is_trade: bool = False) -> bool:
    """Return whether a line imposes an embargo on its text.

    ``is_trade``: the text is about an embargo on a country, so that the word is not enough.
    """
    return len(text) <= _MAX_LINE_CHARS and _imposes_embargo(text, is_trade=is_trade)


@lru_cache(maxsize=16_384)  # each rule of an import asks it of the same lines
def _imposes_embargo(text: str, *, is_trade: bool) -> bool:
    plain = fold_text(text)
    at = _find_mention(plain, is_trade=is_trade)
    if at is None or (len(text) > _MAX_SHORT_LINE_CHARS and at >= _MAX_MENTION_OFFSET):
        return False
    # an hour of each day is no embargo: Not before 8 am: new rules for leaf blowers
    return bool(_EMBARGO_WORD_PATTERN.search(plain)) or not any(
        holds("an hour alone", part) and holds("worded", rest) for part, rest in edges(text)
    )


def _find_mention(plain: str, *, is_trade: bool = False) -> int | None:
    """Return the offset at which a folded line mentions its embargo, or None."""
    for form, needed in _FORMS:
        # most lines have no word of the longest pattern
        is_hinted = form is not _EMBARGO_PATTERN or HINT_PATTERN.search(plain)
        found = form.search(plain) if is_hinted else None
        if not found or not all(_FACTS[one](plain) for one in needed):
            continue
        if form is not _EMBARGO_WORD_PATTERN or (not is_trade and _is_bare(plain, found.start())):
            return None if _UNBOUND_PATTERN.search(plain) else found.start()
    return None


def _is_bare(plain: str, start: int) -> bool:
    """Return whether the word embargo has a time, or is alone, but not: accounts under embargo."""
    led = not plain[:start].rstrip()[-1:].isalnum() or _OUR_TEXTS_PATTERN.search(plain)
    return holds("a time", plain) or bool(led and len(plain.split()) <= _MAX_BARE_WORDS)


def _is_trade(plain: str) -> bool:
    """Return whether the text is about an embargo between countries, or a seizure."""
    return bool(_TRADE_PATTERN.search(plain)) and not _OUR_TEXTS_PATTERN.search(plain)


def embargoed_headline(text: str) -> str:
    """Return the headline on a line with an embargo, ``EMBARGOED: Title``, or ""."""
    for part, title in edges(text):
        named = _EMBARGO_WORD_PATTERN.search(fold_text(part)) or not holds("an hour alone", part)
        is_announced = named and (is_embargo(part) or holds("heading", part))
        is_complete = title.count("(") == title.count(")") and holds("worded", title)
        if is_announced and is_complete and not (is_embargo(title) or holds("notice", title)):
            return title.strip()
    return ""


def find_embargo(
    lines: Sequence[Line],
    prose: int | None,
    today: date | None = None,
    title: range = range(0),
    *,
    apart: Container[int] = (),
    outside_texts: Iterable[tuple[int, str]] = (),
) -> Embargo | None:
    """Find the embargo on a text.

    ``prose`` is the index of the first line of running text. Without ``today``, no time is in the
    future. ``title`` are the indexes of the title's lines, ``apart`` those of contacts and
    furniture. ``outside_texts`` are (line or 0, text) of texts outside of the lines.
    """
    headline = " ".join(lines[n].text for n in title if n >= 0)
    # a text on an embargo between countries names it often: there only plain orders count
    is_trade = any(_is_trade(fold_text(line.text)) for line in lines) or bool(
        _EMBARGO_WORD_PATTERN.search(fold_text(headline))
        and not (is_embargo(headline) or embargoed_headline(headline))
    )
    end = _find_head_end(lines, prose, title)
    passages = [*_head_passages(lines, end, title, apart), *body_passages(lines, end)]
    for number, text in outside_texts:
        place = f"Line {number}" if number else "What stands beside the text"
        facts = frozenset({"beside", "above" if number else ""})
        passages += [Passage(place=place, text=text, facts=facts)] if text != headline else []
    found = [
        (passage, is_named)
        for passage in passages
        if not holds("over", passage.text, today or date.min)
        and (
            (is_named := _mentions_embargo(passage, is_trade=is_trade))
            or (today and holds("request", passage.text, today, passage.facts))
        )
    ]
    # a line that only names a time counts if no line mentions an embargo
    found = [hit for hit in found if hit[1]] or found
    if not found:
        return None
    ends = [find_embargo_end(passage.text, passage.line_below) for passage, _ in found]
    until = {end for end in ends if end}
    notes = [
        _embargo_note(hit.place, end, is_named=is_named)
        for (hit, is_named), end in zip(found, ends, strict=True)
    ]
    return Embargo(
        words=cut_text(found[0][0].text, _MAX_SHORT_LINE_CHARS),
        # if two ends differ, a person chooses
        until=until.pop() if len(until) == 1 else "",
        notes=tuple(dict.fromkeys(notes)),
    )


def _find_head_end(lines: Sequence[Line], prose: int | None, title: range) -> int:
    """Return the index of the first line of running text, which begins a paragraph."""
    wrapped, end = find_wrapped(lines), len(lines) if prose is None else prose
    if end == len(lines):
        end = min((n for n in wrapped if n > title.stop), default=end)
    # the first line of running text may be amid a wrapped paragraph
    while title.stop < end and end in wrapped:
        end -= 1
    return end


def _head_passages(
    lines: Sequence[Line], end: int, title: range, apart: Container[int]
) -> Iterator[Passage]:
    """Yield the passages above the text.

    These are the title, its parts next to a mark, and each other line, alone and with the line
    below: both may be one wrapped line.
    """
    headline = " ".join(lines[n].text for n in title if n >= 0)
    head_text = " ".join(fold_text(line.text) for line in lines[end : end + HEAD_PARAGRAPHS])
    # a notice may have been taken for the title if another headline is below it
    is_sure = not any(holds("worded", lines[n].text) for n in range(title.stop, end))
    for n, line in enumerate(lines[:end]):
        place = line.opening
        below = lines[n + 1].text if n + 1 < len(lines) and not lines[n + 1].gap_above else ""
        if is_sure and n in title:
            yield Passage(place=place, text=headline, line_below=below, facts=frozenset({"title"}))
            for part, _ in edges(headline):
                if headline.startswith(part) or headline.endswith((")", "]")):
                    yield Passage(place=place, text=part, facts=frozenset({"edge"}))
        if is_sure and n in title and not holds("timed notice", headline):
            continue
        goes_on = n + 1 < end and not (is_sure and n + 1 in title)
        joined = below and goes_on and not is_date(line.text) and not is_embargo(below)
        for text in [line.text, *([f"{line.text} {below}"] if joined else [])]:
            if not holds("worth reading", text):
                continue
            facts = _facts_around(lines, n, text, head_text, end, title)
            facts |= {"joined" if text != line.text else "", "" if n in apart else "above"}
            yield Passage(place=place, text=text, line_below=below, facts=frozenset(facts))


def _facts_around(
    lines: Sequence[Line], n: int, text: str, head_text: str, end: int, title: range
) -> set[str]:
    """Return facts about a line that follow from the title, the line below and the first lines.

    ``head_text`` are the first lines of the text, folded.
    """
    heads = [lines[at].text for at in {*title, n + 1} if 0 <= at < len(lines)]
    again = any(day in head_text for day in _WEEKDAY_PATTERN.findall(fold_text(text)))
    facts = {
        "cover": lines[n] in find_cover(lines),
        "first": n < (title.start if title.start >= 0 else end),
        "occasion": again or any(holds("names an occasion", one) for one in heads),
        "speech": any(holds("of speeches", one) for one in heads),
    }
    return {fact for fact, is_so in facts.items() if is_so}


def _mentions_embargo(passage: Passage, *, is_trade: bool) -> bool:
    """Return whether a passage may mention the embargo on its own text.

    A title has to begin with it. A sentence in the text has to name a time or address readers.
    """
    text, facts = passage.text, passage.facts
    # a single word may be a tag of the page
    is_tag = len(text) > _MAX_SHORT_LINE_CHARS or (is_trade and len(text.split()) == 1)
    if "edge" in facts or "deep" in facts or ("beside" in facts and is_tag):
        return False
    if "title" in facts:
        begins = (_find_mention(fold_text(text)) or 0) < _MAX_FIRST_WORD_OFFSET
        return (begins and is_embargo(text)) or bool(embargoed_headline(text))
    folded_text = fold_text(text)
    plain = _UNBOUND_PATTERN.sub(" ", folded_text) if HINT_PATTERN.search(folded_text) else ""
    said = _EMBARGO_PATTERN.search(plain) and not _is_trade(plain)
    is_named = bool(said or (not is_trade and _EMBARGO_WORD_PATTERN.search(plain)))
    if ("amid" not in facts or "apart" in facts) and not holds("story", text):
        return is_named or is_embargo(text, is_trade=is_trade)
    asks = (holds("single", text) and holds("a time", plain)) or holds("addressing", text)
    return is_named and not is_trade and asks


def _embargo_note(place: str, end: str, *, is_named: bool) -> str:
    time = "names a time to come, which may be the end of an embargo"
    reason = f"{place} {'speaks of an embargo' if is_named else time}"
    if not end:
        return f"{reason}: enter its end (embargo_until)."
    # a day has two hyphens: a third is the sign of an offset
    zone = "." if "+" in end or end.count("-") > 2 else " if that time is in your own zone."
    return f"{reason}: enter {end} as its end (embargo_until){zone}"
