"""Times typed in words: *Tuesday 10am*, *morgen 9 Uhr*, *le 1er décembre à 9h30*.

English, German, Spanish and French are read, in any language of the desk. If words have two
meanings, they are refused and the error names both.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo

from newsletter.domain.schedule import ACCEPTED_YEARS, LocalTime, every_zone, resolve
from newsletter.domain.wording import invalid, listed, place_of, say

_MAX_TYPED_CHARS = 200
_MAX_AHEAD = timedelta(days=270)
"""If a date without a year is further ahead, the person more likely meant a past one."""
_ALL_DAY = range(24)

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july", "august", "september"),
    *("october", "november", "december"),
)
_SHORT_WEEKDAYS = ("thurs", "tues", "thur", "mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SHORT_MONTHS = ("sept", *(name[:3] for name in _MONTHS))

_WORDS = """\
today heute hoy aujourd'hui aujourd’hui; tomorrow morgen manana demain; noon mittag mediodia midi;
midnight mitternacht medianoche minuit; local lokal ortszeit locale;
next nachste nachsten kommenden proximo prochain prochaine; monday montag mo lunes lundi lun;
tuesday dienstag di martes mardi; wednesday mittwoch mi miercoles mie mercredi mer;
thursday donnerstag do jueves jue jeudi jeu; friday freitag fr viernes vie vendredi ven;
saturday samstag sa sabado sab samedi sam; sunday sonntag so domingo dom dimanche dim;
january januar enero ene janvier janv; february februar febrero fevrier fevr;
march marz marzo mars; april abril abr avril avr; may mai mayo; june juni junio juin;
july juli julio juillet juil; august agosto ago aout; september septiembre septembre;
october oktober okt octubre octobre; november noviembre novembre;
december dezember dez diciembre dic decembre"""
"""An English word, then its translations; rows end with a semicolon."""
_ENGLISH_OF_FOREIGN_WORD: Mapping[str, str] = {
    word: english for english, *words in map(str.split, _WORDS.split(";")) for word in words
}
"""German, Spanish or French word, without accents → English word."""
_FOREIGN_WORD_PATTERN = re.compile(
    rf"\b(?<!santo )(?:{'|'.join(sorted(_ENGLISH_OF_FOREIGN_WORD, key=len, reverse=True))})\b"
)
_DATE_NAMES = "|".join((*_WEEKDAYS, *_MONTHS, *_SHORT_MONTHS))
_TUESDAY_PATTERN = re.compile(rf"\bmar\b(?=\.? \d{{1,2}}\.? (?:de )?(?:{_DATE_NAMES})\b)")
"""French and Spanish *mar* for Tuesday. Anywhere else it is March."""
_ARTICLE_PATTERN = re.compile(
    rf"\b(?:(?<!\d )am|um|den|der|el|le|del?|a(?: las?)?)\s(?=\d|(?:next|{_DATE_NAMES}|noon)\b)"
)
_FOREIGN_HOUR_PATTERN = re.compile(
    r"\b(\d{1,2})(?:[:.]([0-5]\d))?\s?(?:uhr|heures?|horas?|h(?=[\s\d]|$))"
    rf"(?:\s?([0-5]\d)(?![/.\w-]| (?:de )?(?:{_DATE_NAMES})\b)|\b)"
)
_TRAILING_NEXT_PATTERN = re.compile(rf"\b({'|'.join(_WEEKDAYS)}) next\b")
_HALF_HOUR_PATTERN = re.compile(r"half an hour|einer halben stunde|une demi-heure|media hora")
_DELAY_PATTERN = re.compile(
    r"\b(?:in|dans|en|dentro de) (?P<many>\d{1,3}|an?|one|einer?|einem|une?|una) "
    r"(?:(?P<minutes>min(?:ut(?:e[ns]?|os?))?)|(?P<hours>hours?|stunden?|heures?|horas?|h)"
    r"|(?P<days>days?|tag(?:en)?|jours?|dias?)|(?P<weeks>weeks?|wochen?|semaines?|semanas?))\b"
)
_DAY_AFTER_PATTERN = re.compile(
    r"(?:the )?day after tomorrow|ubermorgen|pasado manana|apres-demain"
)
_THIS_PATTERN = re.compile(r"\b(?:this|ce|cette|esta) (?=evening|afternoon|soir|apres|tarde|noche)")
_DAY_PART_PATTERNS = tuple(
    (range(*hours), re.compile(rf"\b(?:{words})\b"))
    for hours, words in (
        ((0, 12), r"(?:du )?matin|(?:de|por) la manana|fruh|morgens|vormittags?|morning"),
        ((12, 20), r"(?:de l['’])?apres-midi|(?:(?:de|por) la )?tarde|nachmittags?|afternoon"),
        ((16, 24), r"(?:du )?soir|(?:(?:de|por) la )?noche|abends?|evening"),
    )
)
"""(hours, words) of each part of the day."""
_BARE_HOUR_PATTERN = re.compile(
    rf"\b(um|a(?: las?)?|today|tomorrow|days|{'|'.join(_WEEKDAYS)}) ([01]?\d|2[0-3])"
    rf"(?![\w:./-]|\s?(?:[ap]\.?m|uhr|h|(?:of |de )?(?:{_DATE_NAMES}))\b)"
)

_DAY_PATTERN = r"(?P<day>\d{1,2})(?:st|nd|rd|th|er|\.)?"
_MONTH_PATTERN = rf"(?P<month>{'|'.join((*_MONTHS, *_SHORT_MONTHS))})\.?"
_YEAR_PATTERN = r"(?:\s(?P<year>\d{4}))?"
_DATES = tuple(
    re.compile(rf"(?<![\w:.])(?:{pattern})(?![\w:])")
    for pattern in (
        r"(?P<year>\d{4})-(?P<number>\d\d)-(?P<day>\d\d)",
        rf"{_DAY_PATTERN}\s(?:of\s)?{_MONTH_PATTERN}{_YEAR_PATTERN}",
        rf"{_MONTH_PATTERN}\s{_DAY_PATTERN}{_YEAR_PATTERN}",
        r"(?P<first>\d{1,2})(?P<mark>[/.])(?P<second>\d{1,2})(?:(?P=mark)(?P<year>\d{4}))?",
    )
)
_NAMED_DAY_PATTERN = re.compile(
    r"\b(?:(?P<near>today|tomorrow|(?P<days>\d{1,4}) days)|(?:(?P<next>next)\s|this\s)?"
    rf"(?P<weekday>{'|'.join((*_WEEKDAYS, *_SHORT_WEEKDAYS))})\.?)(?!\w)"
)
_CLOCK_PATTERN = re.compile(
    r"(?<![\w:.])(?:(?P<name>noon|midday|midnight)"
    r"|(?P<hour>\d{1,2})(?:[:.](?P<minute>[0-5]\d))?\s?(?P<half>[ap])(?:m|\.m\.)"
    r"|(?P<hour24>[01]?\d|2[0-3]):(?P<minute24>[0-5]\d)(?::(?P<second>[0-5]\d))?)(?![\w:])"
)
_UTC_OFFSET_PATTERN = re.compile(
    r"(?:(?:utc|gmt)\s?(?P<short>[+−-]\d{1,2})|(?:(?:utc|gmt)\s?)?(?P<long>[+−-]\d\d:?[0-5]\d))$"
)
_LOCAL_PATTERN = re.compile(r"\blocal\b")
_FILLER_PATTERN = re.compile(r"\b(?:at|on|the|in|time|o['’]clock)\b|[,()]")
_ZONE_OF_ABBREVIATION: Mapping[str, str] = {
    **dict.fromkeys(("utc", "gmt", "z"), "UTC"),
    "et": "America/New_York",
    "ct": "America/Chicago",
    "mt": "America/Denver",
    "pt": "America/Los_Angeles",
}
_WALL_TIME_PATTERN = re.compile(r"\d{4}-\d\d-\d\d(?:[Tt]|[ \t]+)\d\d:.*")
_EXAMPLE = say("Write it like “3 Dec 6am” or “tomorrow 9am”")


def is_wall_time(typed: str) -> bool:
    """Return whether a time is written in figures, as in a file: 2026-12-01 09:00."""
    return _WALL_TIME_PATTERN.fullmatch(typed.strip()) is not None


def parse_typed_time(words: str, *, zone: str, now: datetime | None = None) -> datetime | LocalTime:
    """Return the time that the words mean.

    A ``datetime`` is a wall time in ``zone``, or has an offset if the words name a zone. Without
    ``now``, words that depend on the day are refused, such as *tomorrow*. Raises ValueError, which
    says what to write.
    """
    if len(words) > _MAX_TYPED_CHARS:
        raise invalid("This is too long for a date and time. {example}", example=_EXAMPLE)
    letters = unicodedata.normalize("NFKD", words.casefold())
    plain = "".join(one for one in letters if not unicodedata.combining(one))
    hours, text = _take_day_part(" ".join(plain.split()))
    instant, text = _take_delay(text, now)
    if instant:
        return instant.astimezone(ZoneInfo(zone))
    text = _in_english(" ".join(_FILLER_PATTERN.sub(" ", text).split()), has_part=hours != _ALL_DAY)
    text = re.sub(r"(?<=\d)t(?=\d)", " ", text)
    local, text = _take(_LOCAL_PATTERN, text)
    pattern = next((pattern for pattern in _DATES if pattern.search(text)), _DATES[0])
    date_match, text = _take(pattern, text)
    day_match, text = _take(_NAMED_DAY_PATTERN, text)
    clock, text = _take(_CLOCK_PATTERN, text)
    offset, zone_words = _take(_UTC_OFFSET_PATTERN, text.strip(" .;"))
    if clock is None:
        has_day = bool(date_match or day_match)
        raise ValueError(_fault_without_clock(zone_words, words, has_day=has_day))
    at = _time_of(clock, hours)
    place = _zone_of(zone_words, zone)
    today = now.astimezone(ZoneInfo(place or zone)).date() if now else None
    day = _day_of(date_match, day_match, today)
    if local:
        if offset or place:
            raise invalid("“Local” is each reader's own clock. Leave out the zone")
        return LocalTime(at=at, day=day)
    if day is None:
        raise invalid("Add a day: “today {clock}”, “tomorrow {clock}” or a date", clock=clock[0])
    wall = datetime.combine(day, at)
    if offset:
        return wall.replace(tzinfo=timezone(_parse_offset(offset["short"] or offset["long"])))
    instant = resolve(wall, place or zone)
    if place not in {"", zone}:
        return instant.astimezone(ZoneInfo(place))
    abbreviation = instant.astimezone(ZoneInfo(zone)).tzname()
    if zone_words and not place and zone_words.upper() != abbreviation:
        refusal = "On that day {place} has other clocks than {zone}"
        raise invalid(refusal, place=place_of(zone), zone=zone_words.upper())
    return wall


def parse_instant(words: str, *, zone: str, now: datetime) -> datetime:
    """Return the instant that the words mean. Raises ValueError, also for readers' local time."""
    typed = parse_typed_time(words, zone=zone, now=now)
    if isinstance(typed, LocalTime):
        raise invalid("Readers' own clocks are set in the text. Give one time for all")
    return resolve(typed, zone)


def _take_day_part(text: str) -> tuple[range, str]:
    """Return the hours of the part of the day that a text names, and the text without it."""
    text = _THIS_PATTERN.sub("today ", text.replace("tonight", "today evening"))
    for hours, words in _DAY_PART_PATTERNS:
        match, rest = _take(words, text)
        if match:
            return hours, rest
    return _ALL_DAY, text


def _take_delay(text: str, now: datetime | None) -> tuple[datetime | None, str]:
    """Return the instant of a delay such as *in 2 hours*, and the text without it.

    A delay such as *in 2 weeks* stays in the text, as *14 days*.
    """
    text = _HALF_HOUR_PATTERN.sub("30 min", _DAY_AFTER_PATTERN.sub("in 2 days", text))
    delay, rest = _take(_DELAY_PATTERN, text)
    if delay is None:
        return None, text
    many = int(delay["many"]) if delay["many"].isdecimal() else 1
    if delay["days"] or delay["weeks"]:
        return None, f"{many * (7 if delay['weeks'] else 1)} days {rest}"
    if now is None or rest.strip(" .,;"):
        raise invalid("“{words}” depends on the day. Write the date", words=delay[0])
    instant = now + timedelta(**{"minutes" if delay["minutes"] else "hours": many})
    return instant.replace(second=0, microsecond=0), ""


def _in_english(text: str, *, has_part: bool) -> str:
    """Return the text with English words, and with hours written as 9:00."""
    english = _FOREIGN_WORD_PATTERN.sub(lambda word: _ENGLISH_OF_FOREIGN_WORD[word[0]], text)
    english = _TRAILING_NEXT_PATTERN.sub(r"next \1", _TUESDAY_PATTERN.sub("tuesday", english))
    english = _FOREIGN_HOUR_PATTERN.sub(
        lambda hour: f"{hour[1]}:{hour[2] or hour[3] or '00'}", english
    )

    def with_minutes(bare: re.Match[str]) -> str:
        # “Tuesday 9” may be a date; “tomorrow 9” has two meanings in English alone
        is_plain = bare[1] not in {"today", "tomorrow", "days"} or english != text
        is_hour = has_part or (bare[1] not in _WEEKDAYS and (is_plain or int(bare[2]) > 12))
        return f"{bare[1]} {bare[2]}:00" if is_hour else bare[0]

    return _ARTICLE_PATTERN.sub("", _BARE_HOUR_PATTERN.sub(with_minutes, english))


def _take(pattern: re.Pattern[str], text: str) -> tuple[re.Match[str] | None, str]:
    """Return the first match of a pattern, and the text without it."""
    match = pattern.search(text)
    if match is None:
        return None, text
    return match, " ".join(f"{text[: match.start()]} {text[match.end() :]}".split())


def _fault_without_clock(rest: str, words: str, *, has_day: bool) -> str:
    if rest.isdecimal() and 1 <= int(rest) <= 12:
        return say("{hour} can be {hour}am or {hour}pm. Write which one", hour=rest)
    if has_day and not rest:
        return say("Add a time of day, such as 9am")
    if not words.strip():
        return say("Add a time. {example}", example=_EXAMPLE)
    message = "“{words}” is not a date and time. {example}"
    return say(message, words=words[:80].strip(), example=_EXAMPLE)


def _time_of(clock: re.Match[str], hours: range) -> time:
    """Return the time of day: 20:00 for 8:00 if ``hours`` are those of the evening.

    Raises ValueError for a time outside ``hours``, and for midnight.
    """
    no_clock = say("There is no {clock}. {example}", clock=clock[0], example=_EXAMPLE)
    if clock["hour24"]:
        hour = int(clock["hour24"])
        hour += 12 if hour not in hours and hour < 12 else 0
        if hour not in hours:
            raise ValueError(no_clock)
        return time(hour, int(clock["minute24"]), int(clock["second"] or 0))
    hour, minute = int(clock["hour"] or 12), int(clock["minute"] or 0)
    if clock["name"] == "midnight" or (hour, minute, clock["half"]) == (12, 0, "a"):
        raise invalid("Midnight can begin or end the day. Write 00:00 or 23:59")
    later = hour % 12 + (0 if clock["half"] == "a" else 12)
    if not 1 <= hour <= 12 or later not in hours:
        raise ValueError(no_clock)
    return time(later, minute)


def _zone_of(name: str, home: str) -> str:
    """Return the zone with this name. Raises ValueError for an unknown or ambiguous name.

    Returns "" for no name, and for an abbreviation of the zone ``home``.
    """
    home_names = {
        ZoneInfo(home).tzname(datetime(2026, month, 1))  # noqa: DTZ001 - a wall time
        for month in (1, 7)
    }
    if not name or name.upper() in home_names - {"UTC", "GMT"}:
        return ""
    if name in _ZONE_OF_ABBREVIATION:
        return _ZONE_OF_ABBREVIATION[name]
    zones = _zones_by_name().get(name, ())
    if not zones:
        refusal = "“{name}” cannot be read. {example}; a zone is a city, such as London"
        raise invalid(refusal, name=name, example=_EXAMPLE)
    if len(zones) > 1:
        refusal = "“{name}” can be {zones}. Write which one"
        raise invalid(refusal, name=name, zones=listed(zones, "or"))
    return zones[0]


@lru_cache(maxsize=1)
def _zones_by_name() -> Mapping[str, tuple[str, ...]]:
    """Return the zones by their names, and by the names of their cities."""
    zones_by_name: dict[str, tuple[str, ...]] = {}
    for zone in sorted(every_zone()):
        if "/" in zone and not zone.startswith(("Etc/", "SystemV/", "US/")):
            for name in {zone.casefold(), place_of(zone).casefold()}:
                zones_by_name[name] = (*zones_by_name.get(name, ()), zone)
    return zones_by_name


def _day_of(
    date_match: re.Match[str] | None, match: re.Match[str] | None, today: date | None
) -> date | None:
    day = _date_of(date_match, today) if date_match else None
    if match is None:
        return day
    if match["near"]:
        if today is None:
            raise invalid("“{words}” depends on the day. Write the date", words=match[0])
        days_ahead = int(match["days"] or match["near"] == "tomorrow")
        result = today + timedelta(days=days_ahead)
        if day not in {None, result}:
            other = "{words} is {date}. Write one date"
            raise invalid(other, words=match[0].capitalize(), date=_in_words(result))
        return result
    weekday = next(n for n, name in enumerate(_WEEKDAYS) if name.startswith(match["weekday"]))
    if day is not None:
        if day.weekday() != weekday:
            other = "{date} is a {day:%A}. Write one of the two"
            raise invalid(other, date=_in_words(day), day=day)
        return day
    return _next_weekday(weekday, match, today)


def _next_weekday(weekday: int, match: re.Match[str], today: date | None) -> date:
    if today is None:
        raise invalid("“{words}” depends on the day. Write the date", words=match[0])
    day = today + timedelta(days=(weekday - today.weekday()) % 7)
    later = day + timedelta(days=7)
    if day == today:
        refusal = "Today is {day:%A}. Write “today” or {later}"
        raise invalid(refusal, day=day, later=_in_words(later))
    if match["next"]:
        either = "“{words}” can be {one} or {other}. Write the date"
        one, other = _in_words(day), _in_words(later)
        raise invalid(either, words=match[0], one=one, other=other)
    return day


def _date_of(date_match: re.Match[str], today: date | None) -> date:
    part = date_match.groupdict()
    if part.get("mark"):
        day, month = _day_and_month(date_match)
    elif part.get("number"):
        day, month = int(part["day"]), int(part["number"])
    else:
        day = int(part["day"])
        month = next(n for n, name in enumerate(_MONTHS, 1) if name[:3] == part["month"][:3])
    if part["year"]:
        return _make_date(int(part["year"]), month, day, date_match[0])
    if today is None:
        raise invalid("Add the year to “{words}”", words=date_match[0])
    dates = (_make_date(today.year + years, month, day, date_match[0]) for years in (0, 1))
    next_date = next(one for one in dates if one >= today)
    if next_date - today > _MAX_AHEAD:
        refusal = "The next “{words}” is in {year}. Add the year if you mean that"
        raise invalid(refusal, words=date_match[0], year=str(next_date.year))
    return next_date


def _day_and_month(date_match: re.Match[str]) -> tuple[int, int]:
    """Return the day and the month of a date in figures."""
    first, second = int(date_match["first"]), int(date_match["second"])
    # with dots the day is first in all countries; with slashes only in some
    if date_match["mark"] == "." or first > 12 or first == second:
        return first, second
    if second > 12:
        return second, first
    one, other = (
        f"{day} {_MONTHS[month - 1][:3].capitalize()}"
        for day, month in ((first, second), (second, first))
    )
    refusal = "{words} can be {one} or {other}. Write the month as a word"
    raise invalid(refusal, words=date_match[0], one=one, other=other)


def _make_date(year: int, month: int, day: int, text: str) -> date:
    try:
        result = date(year, month, day)
    except ValueError as error:
        raise invalid("There is no day “{words}”. Write another date", words=text) from error
    if year not in ACCEPTED_YEARS:
        raise invalid("“{words}” is out of the calendar's range. Write another date", words=text)
    return result


def _parse_offset(offset: str) -> timedelta:
    figures = offset[1:].replace(":", "")
    if len(figures) <= 2:
        figures += "00"
    hours, minutes = int(figures[:-2]), int(figures[-2:])
    if hours > 14:
        raise invalid("No zone is {ahead} hours from UTC. Write another one", ahead=offset)
    return timedelta(hours=hours, minutes=minutes) * (1 if offset[0] == "+" else -1)


def _in_words(day: date) -> str:
    return say("{day:%a} {day.day} {day:%b}", day=day)
