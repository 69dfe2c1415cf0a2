"""Find dates in running text in twenty languages, and hours and zones near them in eight."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from newsletter.documents.release.words import pattern, words

_MONTHS = {
    name.replace("_", " "): number
    for names in words("months")
    for number, name in enumerate(names.split(), start=1)
    if name != "-"
}
_HALF_YEAR_DAYS = 182
"""Half a year in days."""
_AMBIGUOUS_MONTHS = {"listopada"}
"""Names of different months in two languages: listopada is November in Polish, October in
Croatian."""
_MONTH_NAMES = "|".join(sorted(_MONTHS, key=len, reverse=True)).replace(" ", r"\s")
_MONTH = rf"(?P<{{0}}>{_MONTH_NAMES})\.?"
_OF, _YEAR = r"(?:\s(?:of|de|del))?", r"(?![01][0-8])\d{4}"
_DATE = re.compile(
    rf"\b(?:{_MONTH.format('m1')}\s(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?,?\s(?P<y1>{_YEAR})"
    rf"|(?P<d2>\d{{1,2}})(?:st|nd|rd|th|er|[.º°])?{_OF}\s{_MONTH.format('m2')},?{_OF}\s(?P<y2>{_YEAR})"
    r"|(?P<y3>\d{4})-(?P<m3>\d\d)-(?P<d3>\d\d)"
    r"|(?P<a4>\d{1,2})(?P<sep>[/.-])(?P<b4>\d{1,2})(?P=sep)(?P<y4>\d{4}))\b(?!-[A-Za-z])"
    # Chinese, Japanese and Korean, which have no blanks around it
    r"|(?<!\d)(?P<y5>\d{4})\s?[年년]\s?(?P<m5>\d{1,2})\s?[月월]\s?(?P<d5>\d{1,2})\s?[日号號일]",
    re.IGNORECASE,
)
_ANY_YEAR = re.compile(r"\d{4}")
_YEARLESS = re.compile(
    rf"\b(?:\d{{1,2}}(?:st|nd|rd|th|er|[.º°])?{_OF}\s(?:{_MONTH_NAMES})|(?:{_MONTH_NAMES})\.?\s\d{{1,2}})\b"
    r"|\b(?!24/7)(?:\d{1,2}/\d{1,2}(?![/\d])|\d{1,2}\.\d{1,2}\.(?!\d))",
    re.IGNORECASE,
)
_SHORT_YEAR = re.compile(r"\b(\d{1,2}([./-])\d{1,2}\2)(\d\d)\b(?![./-]\d)")
_AROUND = pattern("dates around")
_WORD = (
    r"(?:[^\W\d_a-zß-öø-ÿ][\w.’'\u064b-\u0652-]*"
    r"|(?:de|del|der|da|di|la|le|les|el|von|van|und|and|of|for|the|y|et|e|&)(?![\w.]))"
)
_NAME = re.compile(rf"(?:(?i:by|von|por|par|di|door)\s)?{_WORD}(?:,?[ ]{_WORD}){{0,6}}")
"""The name of an author, a sender or a place: capitalised words."""
_AUTHOR = re.compile(rf"{_NAME.pattern} (?:on|am|le|el|il|em|op) (?=\Z|\w{{3,6}}day)")
"""The author before a date, as in ``By Staff on``."""
_SEPARATOR = re.compile(r" ?[|•·/:;] ?| [–—-]{1,3} | ?[–—]{1,2} ?|[,،] ?")
_STRONG_SEPARATOR = re.compile(r"[|•·/]")
_MAX_PLACE_WORDS = 4
"""Maximum words of a place next to a comma or a dash."""
_PLACE = re.compile(r"[^\W\d_][\w.’' -]{1,30}, (?:a |el |le )?")
_NO_PLACE, _BEHIND = pattern("no places", r"\b(?:{})\b"), pattern("behind dates")


@dataclass(frozen=True, kw_only=True)
class FoundDate:
    """A date in a line. ``value`` is None if it is ambiguous."""

    start: int
    end: int
    text: str
    value: date | None


def dates_in(text: str) -> list[FoundDate]:
    found = []
    # most lines have no year, and the search for month names is slow
    for match in _DATE.finditer(text) if _ANY_YEAR.search(text) else ():
        try:
            value = _date_of(match)
        except ValueError:
            continue
        found.append(
            FoundDate(start=match.start(), end=match.end(), text=match.group(), value=value)
        )
    return found


def days_in(text: str, today: date) -> list[date]:
    """Return the days of a line, and both days of an ambiguous date.

    A day without a year is the first one since half a year before ``today``.
    """
    text = _SHORT_YEAR.sub(r"\g<1>20\3", text)
    found = [value for day in dates_in(text) for value in _readings(day)]
    yearless = () if found else _YEARLESS.finditer(text)
    for one in yearless:
        part = one[0]
        between = "/" if "/" in part else "" if part.endswith(".") else " "
        for day in dates_in(f"{part}{between}{today.year}"):
            value = _readings(day)[0]
            passed = (today - value).days > _HALF_YEAR_DAYS
            found.append(value + timedelta(days=365 * passed))
    return found


def _readings(found: FoundDate) -> list[date]:
    if found.value:
        return [found.value]
    figures = [int(figure) for figure in re.findall(r"\d+", found.text)]
    if len(figures) < 3:
        return [date(figures[1], 11, figures[0])]  # the later of two months of one name
    first, second, year = figures
    return [date(year, first, second), date(year, second, first)]


def is_date(text: str) -> bool:
    """Return whether a line is a date and has no label such as ``Hold: 2 May 2027``."""
    label, colon, _ = text.partition(":")
    is_labelled = colon and not _DATE.search(label) and not _AROUND.fullmatch(label)
    return not is_labelled and date_line(text) is not None


def is_dated(text: str) -> bool:
    """Return whether a line begins with a labelled date: ``Published 2 May 2027, 10:00 | …``."""
    found = dates_in(text)
    before = text[: found[0].start] if found else ""
    return is_date(text) or bool(before.strip() and _AROUND.fullmatch(before))


def date_line(text: str) -> FoundDate | None:
    """Return the date of a line that has little else: label, place, weekday, hour or contact."""
    found = dates_in(text)
    if not found or len(text) > 100:
        return None
    first = found[0]
    before, behind = text[: first.start], text[first.end :]
    writer = _AUTHOR.match(before)
    before = before[writer.end() :] if writer else before
    if not (_AROUND.fullmatch(before) or _is_beside(before, last=True)):
        return None
    alone = _AROUND.fullmatch(behind) or _BEHIND.fullmatch(behind) or _is_beside(behind, last=False)
    return first if alone else None


def _is_beside(text: str, *, last: bool) -> bool:
    """Return whether the text next to a date is only a place or an author.

    ``last`` means that the text is before the date.
    """
    parts = _SEPARATOR.split(text)
    if not _AROUND.fullmatch(parts[-1 if last else 0]) or _NO_PLACE.search(text):
        return False
    most = 7 if _STRONG_SEPARATOR.search(text) else _MAX_PLACE_WORDS
    names = [part.strip() for part in parts if not _AROUND.fullmatch(part)]
    words = [word for name in names for word in re.findall(r"[^\W\d_]+", name)]
    if not all(not word[0].islower() or len(word) <= 3 for word in words):
        return False
    return all(_NAME.fullmatch(name) and len(name.split()) <= most for name in names)


def find_dateline(text: str) -> FoundDate | None:
    """Return the date in the dateline of a paragraph: ``CITY, March 14, 2024 –``.

    Spanish ones end with a full stop: ``Madrid, 27 de noviembre de 2026. La red …``
    """
    # a later day is part of the story
    for found in dates_in(text[:140]):
        if _PLACE.fullmatch(text[: found.start]) and text.startswith(". ", found.end):
            return found
        if re.match(r"[^.!?]{0,40}?(?:[–—/]|--| -)|\.\s?[–—-]", text[found.end :]):
            return found
    return None


def _date_of(match: re.Match[str]) -> date | None:
    part = match.groupdict()
    if (part["m1"] or part["m2"] or "").lower() in _AMBIGUOUS_MONTHS:
        return None
    for form in ("1", "2", "3", "5"):
        if part[f"y{form}"]:
            month = part[f"m{form}"]
            # İ in small letters is an i and a dot of its own (Turkish)
            name = " ".join(month.lower().replace("\u0307", "").split())
            number = int(month) if month.isdecimal() else _MONTHS[name]
            return date(int(part[f"y{form}"]), number, int(part[f"d{form}"]))
    first, second, year = int(part["a4"]), int(part["b4"]), int(part["y4"])
    # With dots the day stands first everywhere; with strokes only a number above 12 tells.
    if part["sep"] == "." or first > 12:
        return date(year, second, first)
    if second > 12 or first == second:
        return date(year, first, second)
    return None


CLOCK = pattern("clock")
NAMED_HOUR = pattern("named times", r"\b(?:{})\b")
NAMED_DAY = pattern("named days", r"\b(?:{})\b")
"""A day and month without a year, in a text without accents."""
_ARABIC_HALVES = {"ص": "a", "م": "p", "ظ": "p"}
"""First letter of an Arabic time of day (*sabahan*, *masaan*, *zuhran*) → half of the day."""
_HOURS = {
    **dict.fromkeys(("noon", "midday", "mittag", "midi"), time(12)),
    **dict.fromkeys(("midnight", "minuit"), time(0)),
}
_NAMED_HOUR = re.compile(rf"\b(?:{'|'.join(_HOURS)})\b", re.IGNORECASE)
_ZONES = {name: row[0] for row in map(str.split, words("zones")) for name in row[1:]}
"""Abbreviation → IANA zone. CST is missing: it also means China Standard Time."""
_SEASONLESS_ZONES = {"Z", "UTC", "GMT", "HEC", "ET", "CT", "MT", "PT"}
_GERMAN_ZONES = {"MEZ": "CET", "MESZ": "CEST"}
_ZONE_WORDS = {"eastern": "ET", "pacific": "PT"}
_ZONE = re.compile(r"[\s,(/]*(?P<name>[A-Za-z]{1,8})\b(?: ?(?P<ahead>[+-]\d{1,2}(?::?\d\d)?)\b)?")
_BARE_OFFSET = re.compile(r"\s?(?P<ahead>[+-]\d\d:?\d\d)\b")
_NO_ZONE, _OTHER_ZONE = pattern("no zones", flags=0), pattern("other zones", flags=0)


def find_embargo_end(text: str, following: str = "") -> str:
    """Return the end of an embargo as a value of ``embargo_until``, or "" if it is not certain.

    It has an offset if a zone is named. ``following`` is the line below, which may have the day.
    """
    text = re.sub(r"(?<=\d)T(?=\d)", " ", text)
    whole = text if dates_in(text) else f"{text} {following}".strip()
    days = {found.value for found in dates_in(whole)}
    day = days.pop() if len(days) == 1 else None
    if day is None:
        return ""
    rest = whole
    for found in reversed(dates_in(whole)):
        # blank out the days, so that no figure in them is read as an hour
        blank = ",".ljust(found.end - found.start)
        rest = f"{rest[: found.start]}{blank}{rest[found.end :]}"
    read = [(found, hour) for found in CLOCK.finditer(rest) if (hour := _time_of(found))]
    read = read or [(found, _HOURS[found[0].casefold()]) for found in _NAMED_HOUR.finditer(rest)]
    # a day before a bracket is that of the dateline: LONDON, 30 November (embargo: tomorrow, 10 am)
    beside = {_brackets_before(whole, found.start) for found in dates_in(whole)}
    if not any(_brackets_before(whole, found.start()) in beside for found, _ in read):
        return ""
    hours = [(hour, rest[found.end() :]) for found, hour in read]
    for hour, behind in hours:
        offset = _offset(datetime.combine(day, hour), behind)
        if offset:
            return f"{day} {hour:%H:%M}{offset}"
    # two hours are ambiguous
    alone = len({hour for hour, _ in hours}) == 1
    zones = [zone["name"] for _, behind in hours if (zone := _ZONE.match(behind))]
    plain = all(map(_NO_ZONE.fullmatch, zones)) and not _OTHER_ZONE.search(rest)
    return f"{day} {hours[0][0]:%H:%M}" if alone and plain else ""


def _brackets_before(text: str, place: int) -> int:
    return len(re.findall(r"[(\[]", text[:place]))


def _time_of(found: re.Match[str]) -> time | None:
    hour = int(found["hour"] or found["hour2"])
    minute = int(found["minute"] or found["minute2"] or 0)
    half = (found["half"] or "").lower()[:1]
    half = _ARABIC_HALVES.get(half, half)
    if half in {"a", "p"}:
        if not 1 <= hour <= 12:
            return None
        # 12 a.m. is midnight, and 12 p.m. noon
        hour = hour % 12 + (12 if half == "p" else 0)
    return time(hour, minute)


def _offset(wall_time: datetime, following_text: str) -> str:
    """Return the UTC offset at the start of a text, such as ``+01:00``; "" if not certain."""
    bare = _BARE_OFFSET.match(following_text)
    if bare is not None:
        return _as_offset(bare["ahead"])
    found = _ZONE.match(following_text)
    if found is None:
        return ""
    name = _ZONE_WORDS.get(found["name"].casefold(), found["name"])
    if name not in _ZONES:
        return ""
    if found["ahead"]:
        return _as_offset(found["ahead"]) if name in {"UTC", "GMT"} else ""
    aware = wall_time.replace(tzinfo=ZoneInfo(_ZONES[name]))
    # Many write EST in summer, which is ambiguous.
    if name not in _SEASONLESS_ZONES and aware.tzname() != _GERMAN_ZONES.get(name, name):
        return ""
    return aware.isoformat()[-6:]


def _as_offset(ahead: str) -> str:
    figures = ahead[1:].replace(":", "")
    # one or two figures are hours alone
    hours, minutes = (figures[:-2], figures[-2:]) if len(figures) > 2 else (figures, "00")
    # no zone is further ahead than 14 hours
    return f"{ahead[0]}{int(hours):02}:{minutes}" if int(hours) <= 14 else ""
