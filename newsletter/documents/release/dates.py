"""Find dates in running text in twenty languages, and hours and zones near them in eight."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from newsletter.documents.release.words import folded, pattern, words

_MONTHS = {
    name.replace("_", " "): number
    for names in words("months")
    for number, name in enumerate(names.split(), start=1)
    if name != "-"
}
_HALF_YEAR_DAYS = 182
_AMBIGUOUS_MONTHS = {"listopada"}
"""Names of two months: listopada is November in Polish and October in Croatian."""
_POLISH_PATTERN, _ENGLISH_PATTERN = re.compile(r"[ąęłńóśźż]"), re.compile(r"\bthe\b", re.IGNORECASE)
_WORDS_PER_ARTICLE = 60
"""Maximum words of an English text for each of its articles."""
_MONTH_NAMES = "|".join(sorted(_MONTHS, key=len, reverse=True)).replace(" ", r"\s")
_MONTH_FORM = rf"(?P<{{0}}>{_MONTH_NAMES})\.?"
_OF_FORM, _YEAR_FORM = r"(?:\s(?:of|de|del))?", r"(?![01][0-8])\d{4}"
_DATE_PATTERN = re.compile(
    rf"\b(?:{_MONTH_FORM.format('m1')}\s(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?,?\s(?P<y1>{_YEAR_FORM})"
    rf"|(?P<d2>\d{{1,2}})(?:st|nd|rd|th|er|[.º°])?{_OF_FORM}\s{_MONTH_FORM.format('m2')},?{_OF_FORM}\s(?P<y2>{_YEAR_FORM})"
    r"|(?P<y3>\d{4})-(?P<m3>\d\d)-(?P<d3>\d\d)"
    r"|(?P<a4>\d{1,2})(?P<sep>[/.-]) ?(?P<b4>\d{1,2})(?P=sep) ?(?P<y4>\d{4}))\b(?!-[A-Za-z])"
    # Chinese, Japanese and Korean, which have no blanks around it
    r"|(?<!\d)(?P<y5>\d{4})\s?[年년]\s?(?P<m5>\d{1,2})\s?[月월]\s?(?P<d5>\d{1,2})\s?[日号號일]",
    re.IGNORECASE,
)
_ANY_YEAR_PATTERN = re.compile(r"\d{4}")
_MONTH_YEAR_PATTERN = re.compile(
    rf"(?<!\d )(?<!\d\. )\b(?:{_MONTH_NAMES})\.?{_OF_FORM}\s{_YEAR_FORM}\b", re.IGNORECASE
)
_MAX_MONTH_CHARS = 60
_MAX_DATE_LINE_CHARS = 100
_YEARLESS_PATTERN = re.compile(
    rf"\b(?:\d{{1,2}}(?:st|nd|rd|th|er|[.º°])?{_OF_FORM}\s(?:{_MONTH_NAMES})|(?:{_MONTH_NAMES})\.?\s\d{{1,2}})\b"
    r"|\b(?!24/7)(?:\d{1,2}/\d{1,2}(?![/\d])|\d{1,2}\.\d{1,2}\.(?!\d))",
    re.IGNORECASE,
)
_BRACKET_PATTERN = re.compile(r"[()\[\]]")
_BRACKETS_PATTERN = re.compile(r"\(([^()]{4,40})\)")
_SHORT_YEAR_PATTERN = re.compile(r"\b(\d{1,2}([./-])\d{1,2}\2)(\d\d)\b(?![./-]\d)")
_LABEL_PATTERN = pattern("dates around")
_WORD = (
    r"(?:[^\W\d_a-zß-öø-ÿ][\w.’'\u064b-\u0652-]*"
    r"|(?:de|del|der|da|di|la|le|les|el|von|van|und|and|of|for|the|y|et|e|&)(?![\w.]))"
)
_NAME_PATTERN = re.compile(
    rf"(?:(?i:by|von|por|par|di|door)\s)?{_WORD}(?:,?[ ]{_WORD}){{0,6}}(?: \d{{1,4}}(?:[/-]\d+)?)?"
)
"""The name of an author, a sender or a place: capitalised words. A series has a number."""
_AUTHOR_PATTERN = re.compile(
    rf"{_NAME_PATTERN.pattern} (?:on|am|le|el|il|em|op) (?=\Z|\w{{3,6}}day)"
)
"""The author before a date, as in ``By Staff on``."""
_SEPARATOR_PATTERN = re.compile(r" ?[|•·/:;] ?| [–—-]{1,3} | ?[–—]{1,2} ?|[,،] ?")
_STRONG_SEPARATOR_PATTERN = re.compile(r"[|•·/]")
_MAX_PLACE_WORDS = 4
"""Maximum words of a place next to a comma or a dash."""
_MAX_DATELINE_CHARS = 140
_DATELINE_END_PATTERN = re.compile(r" ?(?:[.:|)\]](?= |[.)\]–—-])|[–—/]|--)| -")
_NO_PLACE_PATTERN = pattern("no places", r"\b(?:{})\b")
_AFTER_PATTERN = pattern("behind dates")


@dataclass(frozen=True, kw_only=True)
class FoundDate:
    """A date in a line. ``value`` is None if it is ambiguous."""

    start: int
    end: int
    text: str
    value: date | None


def find_dates(text: str) -> list[FoundDate]:
    found = []
    # most lines have no year, and the search for month names is slow
    for match in _DATE_PATTERN.finditer(text) if _ANY_YEAR_PATTERN.search(text) else ():
        try:
            value = _read_date(match)
        except ValueError:
            continue
        found.append(
            FoundDate(start=match.start(), end=match.end(), text=match.group(), value=value)
        )
    return found


def list_days(text: str, today: date) -> list[date]:
    """Return the days of a line, and both days of an ambiguous date.

    A day without a year is the first one since half a year before ``today``.
    """
    text = _SHORT_YEAR_PATTERN.sub(r"\g<1>20\3", text)
    found = [value for day in find_dates(text) for value in _list_readings(day)]
    yearless = () if found else _YEARLESS_PATTERN.finditer(text)
    for match in yearless:
        day_text = match[0]
        separator = "/" if "/" in day_text else "" if day_text.endswith(".") else " "
        for day in find_dates(f"{day_text}{separator}{today.year}"):
            value = _list_readings(day)[0]
            has_passed = (today - value).days > _HALF_YEAR_DAYS
            found.append(value + timedelta(days=365 * has_passed))
    return found


def find_yearless(text: str, today: date) -> date | None:
    """Return the past day of a date without a year: alone, in a dateline or in brackets."""
    year = f" {today.year}"
    dated = _YEARLESS_PATTERN.sub(rf"\g<0>{year}", text, count=1)
    dateline = find_dateline(dated)
    opening = [dated[: dateline.end].removesuffix(year)] if dateline else []
    for part in [text, *opening, *_BRACKETS_PATTERN.findall(text)]:
        dated = _YEARLESS_PATTERN.sub(rf"\g<0>{year}", part, count=1)
        days = [day for day in list_days(part, today) if day <= today]
        if len(days) == 1 and date_line(dated):
            return days[0]
    return None


def read_in_context(found: FoundDate, text: str) -> date | None:
    """Return the day of a date in a text, or None if the text's language does not decide it.

    Americans write the month first, and the British the day. All others write the day first.
    """
    if found.value or len(found.text.split()) > 1:
        return found.value or (_list_readings(found)[0] if _POLISH_PATTERN.search(text) else None)
    is_english = len(_ENGLISH_PATTERN.findall(text)) * _WORDS_PER_ARTICLE > len(text.split())
    return None if is_english else _list_readings(found)[-1]


def _list_readings(found: FoundDate) -> list[date]:
    if found.value:
        return [found.value]
    figures = [int(figure) for figure in re.findall(r"\d+", found.text)]
    if len(figures) < 3:
        return [date(figures[1], 11, figures[0])]  # the later of two months of one name
    first_figure, second_figure, year = figures
    return [date(year, first_figure, second_figure), date(year, second_figure, first_figure)]


def is_month(text: str) -> bool:
    """Return whether a line has a month and a year for a date: ``Berlin, im Oktober 2026``."""
    has_year = len(text) <= _MAX_MONTH_CHARS and _ANY_YEAR_PATTERN.search(text)
    with_day = _MONTH_YEAR_PATTERN.sub(r"1 \g<0>", text, count=1) if has_year else text
    return with_day != text and date_line(with_day) is not None


def is_date(text: str) -> bool:
    """Return whether a line is a date and has no label such as ``Hold: 2 May 2027``."""
    label, colon, _ = text.partition(":")
    is_labelled = colon and not _DATE_PATTERN.search(label) and not _LABEL_PATTERN.fullmatch(label)
    return not is_labelled and date_line(text) is not None


def begins_with_date(text: str) -> bool:
    """Return whether a line begins with a labelled date: ``Published 2 May 2027, 10:00 | …``."""
    found = find_dates(text)
    label = text[: found[0].start] if found else ""
    return is_date(text) or bool(label.strip() and _LABEL_PATTERN.fullmatch(label))


def date_line(text: str) -> FoundDate | None:
    """Return the date of a line that has little else: label, place, weekday, hour or contact."""
    text = _SHORT_YEAR_PATTERN.sub(r"\g<1>20\3", text[: _MAX_DATE_LINE_CHARS + 1])
    found = find_dates(text)
    if not found or len(text) > _MAX_DATE_LINE_CHARS:
        return None
    first = found[0]
    text_before, after = text[: first.start], text[first.end :]
    author = _AUTHOR_PATTERN.match(text_before)
    text_before = text_before[author.end() :] if author else text_before
    text_before = _NUMBERED_PATTERN.sub("", text_before, count=1)
    if not (_LABEL_PATTERN.fullmatch(text_before) or _is_place(text_before, precedes=True)):
        return None
    if _LABEL_PATTERN.fullmatch(after) or _AFTER_PATTERN.fullmatch(after):
        return first
    return first if _is_place(after, precedes=False) else None


def _is_place(text: str, *, precedes: bool) -> bool:
    """Return whether the text next to a date is only a place or an author.

    ``precedes`` means that the text is before the date.
    """
    parts = _SEPARATOR_PATTERN.split(text)
    if not _LABEL_PATTERN.fullmatch(parts[-1 if precedes else 0]) or _NO_PLACE_PATTERN.search(text):
        return False
    max_words = 7 if _STRONG_SEPARATOR_PATTERN.search(text) else _MAX_PLACE_WORDS
    names = [part.strip() for part in parts if not _LABEL_PATTERN.fullmatch(part)]
    words = [word for name in names for word in re.findall(r"[^\W\d_]+", name)]
    if not all(not word[0].islower() or len(word) <= 3 for word in words):
        return False
    return all(_NAME_PATTERN.fullmatch(name) and len(name.split()) <= max_words for name in names)


def find_dateline(text: str) -> FoundDate | None:
    """Return the date in the dateline of a paragraph: ``CITY, March 14, 2024 –``.

    The text before its dash, colon, stop or bracket would be a date on a line of its own:
    ``Madrid, 27 de noviembre de 2026. La red …``
    """
    # a later day is part of the story
    for found in find_dates(text[:_MAX_DATELINE_CHARS]):
        for end in _DATELINE_END_PATTERN.finditer(text, found.end, found.end + _MAX_MONTH_CHARS):
            if date_line(_BRACKET_PATTERN.sub(", ", text[: end.start()])):
                return found
    return None


def _read_date(match: re.Match[str]) -> date | None:
    parts = match.groupdict()
    if (parts["m1"] or parts["m2"] or "").lower() in _AMBIGUOUS_MONTHS:
        return None
    for form_number in ("1", "2", "3", "5"):
        if parts[f"y{form_number}"]:
            month = parts[f"m{form_number}"]
            # the Turkish İ in lower case is an i and a combining dot
            name = " ".join(month.lower().replace("\u0307", "").split())
            number = int(month) if month.isdecimal() else _MONTHS[name]
            return date(int(parts[f"y{form_number}"]), number, int(parts[f"d{form_number}"]))
    first_figure, second_figure, year = int(parts["a4"]), int(parts["b4"]), int(parts["y4"])
    # with dots, the day is always first; with slashes, only a number above 12 must be the day
    if parts["sep"] == "." or first_figure > 12:
        return date(year, second_figure, first_figure)
    if second_figure > 12 or first_figure == second_figure:
        return date(year, first_figure, second_figure)
    return None


_NUMBERED_PATTERN = pattern("label nouns", r"^(?:{})\W{1,3}n[\w.º°]{0,3} ?\d[\d/-]*(?=\s)")
CLOCK_PATTERN = pattern("clock")
NAMED_HOUR_PATTERN = folded("named times", r"\b(?:{})\b")
NAMED_DAY_PATTERN = folded("named days", r"\b(?:{})\b")
"""A day and month without a year, in a text without accents."""
_ARABIC_HALVES = {"ص": "a", "م": "p", "ظ": "p"}
"""First letter of an Arabic time of day (*sabahan*, *masaan*, *zuhran*) → half of the day."""
_HOURS = {
    **dict.fromkeys(("noon", "midday", "mittag", "midi"), time(12)),
    **dict.fromkeys(("midnight", "minuit"), time(0)),
}
_NOON_PATTERN = re.compile(rf"\b(?:{'|'.join(_HOURS)})\b", re.IGNORECASE)
_ZONES = {name: row[0] for row in map(str.split, words("zones")) for name in row[1:]}
"""Abbreviation → IANA zone. CST is missing: it also means China Standard Time."""
_SEASONLESS_ZONES = {"Z", "UTC", "GMT", "HEC", "ET", "CT", "MT", "PT"}
_GERMAN_ZONES = {"MEZ": "CET", "MESZ": "CEST"}
_ZONE_WORDS = {"eastern": "ET", "pacific": "PT"}
_ZONE_PATTERN = re.compile(
    r"[\s,(/]*(?P<name>[A-Za-z]{1,8})\b(?: ?(?P<ahead>[+-]\d{1,2}(?::?\d\d)?)\b)?"
)
_OFFSET_PATTERN = re.compile(r"\s?(?P<ahead>[+-]\d\d:?\d\d)\b")
_NO_ZONE_PATTERN = pattern("no zones", flags=0)
_OTHER_ZONE_PATTERN = pattern("other zones", flags=0)


def find_embargo_end(text: str, following: str = "") -> str:
    """Return the end of an embargo as a value of ``embargo_until``, or "" if it is not certain.

    It has an offset if a zone is named. ``following`` is the line below, which may have the day.
    """
    text = re.sub(r"(?<=\d)T(?=\d)", " ", text)
    lines = text if find_dates(text) else f"{text} {following}".strip()
    days = {found.value for found in find_dates(lines)}
    day = days.pop() if len(days) == 1 else None
    if day is None:
        return ""
    masked = lines
    for found in reversed(find_dates(lines)):
        # blank out the dates, so that no figure in them is read as an hour
        blank = ",".ljust(found.end - found.start)
        masked = f"{masked[: found.start]}{blank}{masked[found.end :]}"
    times = [(found, hour) for found in CLOCK_PATTERN.finditer(masked) if (hour := _time_of(found))]
    times = times or [(noon, _HOURS[noon[0].casefold()]) for noon in _NOON_PATTERN.finditer(masked)]
    # a date before a bracket is the dateline's: LONDON, 30 November (embargo: tomorrow, 10 am)
    depths = {_count_brackets(lines, found.start) for found in find_dates(lines)}
    if not any(_count_brackets(lines, found.start()) in depths for found, _ in times):
        return ""
    hours = [(hour, masked[found.end() :]) for found, hour in times]
    for hour, text_after in hours:
        offset = _find_offset(datetime.combine(day, hour), text_after)
        if offset:
            return f"{day} {hour:%H:%M}{offset}"
    # two hours are ambiguous
    is_one_hour = len({hour for hour, _ in hours}) == 1
    zones = [zone["name"] for _, text_after in hours if (zone := _ZONE_PATTERN.match(text_after))]
    is_sure = all(map(_NO_ZONE_PATTERN.fullmatch, zones)) and not _OTHER_ZONE_PATTERN.search(masked)
    return f"{day} {hours[0][0]:%H:%M}" if is_one_hour and is_sure else ""


def _count_brackets(text: str, offset: int) -> int:
    return len(re.findall(r"[(\[]", text[:offset]))


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


def _find_offset(wall_time: datetime, following_text: str) -> str:
    """Return the UTC offset at the start of a text, such as ``+01:00``; "" if not certain."""
    offset = _OFFSET_PATTERN.match(following_text)
    if offset is not None:
        return _format_offset(offset["ahead"])
    zone = _ZONE_PATTERN.match(following_text)
    if zone is None:
        return ""
    name = _ZONE_WORDS.get(zone["name"].casefold(), zone["name"])
    if name not in _ZONES:
        return ""
    if zone["ahead"]:
        return _format_offset(zone["ahead"]) if name in {"UTC", "GMT"} else ""
    aware = wall_time.replace(tzinfo=ZoneInfo(_ZONES[name]))
    # many authors write EST in summer, which is ambiguous
    if name not in _SEASONLESS_ZONES and aware.tzname() != _GERMAN_ZONES.get(name, name):
        return ""
    return aware.isoformat()[-6:]


def _format_offset(written: str) -> str:
    figures = written[1:].replace(":", "")
    # one or two figures are hours without minutes
    hours, minutes = (figures[:-2], figures[-2:]) if len(figures) > 2 else (figures, "00")
    # no zone is further ahead than 14 hours
    return f"{written[0]}{int(hours):02}:{minutes}" if int(hours) <= 14 else ""
