"""What stands around a statement, and what a review says of it and of the front matter."""

import datetime as calendar
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from newsletter.domain.review import Check, Remark
from newsletter.domain.statement import Statement

_SUBJECT = range(10, 79)
_SUMMARY = range(40, 131)
_YEAR = calendar.timedelta(days=366)
_SHOUTED = 12
"""Fewer capitals may be a name."""
_FIFTH = 5
_FEW = 10
"""People: with small lists a fifth is quickly come by, and says nothing."""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What is known beside the text, at the moment of the review."""

    today: calendar.date
    """In the organisation's zone."""
    day: calendar.date
    """On which it goes out, as far as anybody knows."""
    send_at: datetime | None = None
    """Aware, like ``embargo_until``; the time that staff set comes before that of the file."""
    embargo_until: datetime | None = None
    readers: int = 0
    """Confirmed on any list."""
    audience: int | None = None
    """Who would get it now; None for a correction, which goes to those who have its original."""
    last_audience: int | None = None
    """Of the last campaign to the same lists, all of them."""
    last_slug: str = ""
    nearby: tuple[str, ...] = ()
    """The slugs of other campaigns to one of its lists that start within an hour of it."""


def remarks_around(statement: Statement, around: Surroundings) -> Iterator[Remark]:
    """What there is to say about the front matter, and about what stands around the statement."""
    for check, keys, rule in _RULES:
        message = rule(statement, around)
        if message:
            key = next((key for key in keys if statement.line_of(key)), "")
            line = statement.line_of(key)
            yield Remark(check=check, message=message, file=statement.origin, line=line, key=key)


def _subject(statement: Statement, _: Surroundings) -> str:
    length = len(statement.subject or statement.title)
    if length in _SUBJECT:
        return ""
    why = "says little" if length < _SUBJECT.start else "is cut off in many inboxes"
    return (
        f"the subject has {length} characters and {why}: between {_SUBJECT.start} and"
        f" {_SUBJECT.stop - 1} are best, and subject: may be another than the title"
    )


def _summary(statement: Statement, _: Surroundings) -> str:
    length = len(statement.summary)
    if not length:
        return (
            "there is no summary, so inboxes show the first words of the text beside the subject:"
            " write one line of what it says"
        )
    if length in _SUMMARY:
        return ""
    return (
        f"the summary has {length} characters: between {_SUMMARY.start} and {_SUMMARY.stop - 1}"
        " fill the line that inboxes show"
    )


def _capitals(statement: Statement, _: Surroundings) -> str:
    letters = sum(map(str.isalpha, statement.title))
    if not statement.title.isupper() or letters < _SHOUTED or len(statement.title.split()) < 3:
        return ""
    return "the title is all in capitals, which is hard to read: write it like a sentence"


def _date(statement: Statement, around: Surroundings) -> str:
    if statement.date is None or abs(statement.date - around.day) <= _YEAR:
        return ""
    return f"the date is {statement.date}, and it goes out on {around.day}: is the year right?"


def _embargo(_: Statement, around: Surroundings) -> str:
    send_at, embargo = around.send_at, around.embargo_until
    if send_at is None or embargo is None or send_at >= embargo:
        return ""
    return "the time to send is before the end of the embargo, and nothing leaves before that end"


def _nobody(statement: Statement, around: Surroundings) -> str:
    if around.audience != 0 or not around.readers or statement.segment is not None:
        return ""
    return f"nobody is on {_lists(statement)}, and others have readers: is it spelt right?"


def _segment(statement: Statement, around: Surroundings) -> str:
    if around.audience != 0 or not around.readers or statement.segment is None:
        return ""
    name = statement.segment.name
    return (
        f"the segment {name!r} picks nobody now ({statement.segment.rule}): is its rule right?"
        f" 'newsletter segment show {name}' shows whom it picks"
    )


def _no_readers(statement: Statement, around: Surroundings) -> str:
    if around.audience != 0 or around.readers:
        return ""
    return f"nobody is on {_lists(statement)} yet: whoever joins before it goes out will get it"


def _lists(statement: Statement) -> str:
    names = " or ".join(map(repr, statement.lists))
    return f"the list{'s' if len(statement.lists) > 1 else ''} {names}"


def _nearby(_: Statement, around: Surroundings) -> str:
    if not around.nearby:
        return ""
    others = ", ".join(around.nearby)
    return f"readers of the same list get {others} within the hour: does it have to be both?"


def _audience(_: Statement, around: Surroundings) -> str:
    now, last = around.audience, around.last_audience
    if not now or not last or abs(now - last) * _FIFTH <= last or abs(now - last) < _FEW:
        return ""
    return (
        f"{now:,} people would get it, and {around.last_slug} went to {last:,} on the same lists:"
        " do you know why?"
    )


_Rule = Callable[[Statement, Surroundings], str]

_RULES: tuple[tuple[Check, tuple[str, ...], _Rule], ...] = (
    (Check.SUBJECT_LENGTH, ("subject", "title"), _subject),
    (Check.CAPITALS, ("title",), _capitals),
    (Check.SUMMARY, ("summary",), _summary),
    (Check.DATE, ("date",), _date),
    (Check.EMBARGO, ("send_at", "embargo_until"), _embargo),
    (Check.NOBODY, ("lists",), _nobody),
    (Check.SEGMENT, ("segment",), _segment),
    (Check.NO_READERS, ("lists",), _no_readers),
    (Check.NEARBY, ("send_at", "embargo_until"), _nearby),
    (Check.AUDIENCE, ("lists",), _audience),
)
"""Check, the keys of the front matter it may stand at, and what it says; empty for nothing."""
