"""Until when a line keeps a text back: a day, an hour and a zone, as far as the words say them."""

import re
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from newsletter.documents.release.dates import dates_in

CLOCK = re.compile(
    r"\b(?P<hour>[01]?\d|2[0-3])(?:[:.h](?P<minute>[0-5]\d))?\s?"
    r"(?P<half>a\.?m\b\.?|p\.?m\b\.?|uhr\b|hours\b|hrs\b|heures?\b|horas?\b|uur\b|h\b"
    r"|صباحا?\b|مساء?\b|ظهرا?\b)"
    r"|\b(?P<hour2>[01]?\d|2[0-3])[:h](?P<minute2>[0-5]\d)(?::[0-5]\d)?(?=\b|Z)",
    re.IGNORECASE,
)
_DAYS = (
    r"monday|tuesday|wednesday|thursday|friday|saturday|sunday|montag|dienstag|mittwoch|donnerstag"
    r"|freitag|samstag|sonntag|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|lunes|martes"
    r"|miercoles|jueves|viernes|sabado|domingo|(?:segunda|terca|quarta|quinta|sexta)-feira|lunedi"
    r"|martedi|mercoledi|giovedi|venerdi|sabato|domenica|maandag|dinsdag|woensdag|donderdag"
    r"|vrijdag|zaterdag|zondag|noon|midday|midnight|mittag|mitternacht|midi|minuit|mediodia"
    r"|medianoche|today|tomorrow|tonight|الاحد|الاثنين|الثلاثاء|الاربعاء|الخميس|الجمعة|السبت|اليوم|غدا"
)
_MONTHS = (
    r"(?:jan|feb|mar|apr|may|mai|jun|jul|aug|sep|oct|okt|nov|dec|dez|ene|abr|ago|dic|fev|avr|juin"
    r"|juil|aou|gen|mag|giu|lug|set|ott|out|mei|mrt|maa)[a-z]{0,7}"
)
MOMENT = re.compile(
    rf"\b(?:{_DAYS}|\d{{1,2}}(?:st|nd|rd|th|er)?\.? (?:de |of )?{_MONTHS}"
    rf"|{_MONTHS}\.? \d{{1,2}}|(?:ore|las|alle|dalle|delle|um|om) \d{{1,2}})\b",
    re.IGNORECASE,
)
"""A day or an hour by its name, or a day without its year."""
_ARABIC_HALVES = {"ص": "a", "م": "p", "ظ": "p"}
"""By their first letters: *sabahan*, *masaan*, *zuhran*."""
_NAMED = {
    "noon": time(12),
    "midday": time(12),
    "midnight": time(0),
    "mittag": time(12),
    "midi": time(12),
    "minuit": time(0),
}
_NAMES = re.compile(rf"\b(?:{'|'.join(_NAMED)})\b", re.IGNORECASE)
_ZONES: dict[str, tuple[str, int | None]] = {
    "Z": ("UTC", 0),
    "UTC": ("UTC", 0),
    "GMT": ("UTC", 0),
    "BST": ("Europe/London", 60),
    "WET": ("Europe/Lisbon", 0),
    "WEST": ("Europe/Lisbon", 60),
    "CET": ("Europe/Berlin", 60),
    "CEST": ("Europe/Berlin", 120),
    "MEZ": ("Europe/Berlin", 60),
    "MESZ": ("Europe/Berlin", 120),
    "HEC": ("Europe/Paris", None),
    "ET": ("America/New_York", None),
    "EST": ("America/New_York", -300),
    "EDT": ("America/New_York", -240),
    "CT": ("America/Chicago", None),
    "CDT": ("America/Chicago", -300),
    "MT": ("America/Denver", None),
    "MST": ("America/Denver", -420),
    "MDT": ("America/Denver", -360),
    "PT": ("America/Los_Angeles", None),
    "PST": ("America/Los_Angeles", -480),
    "PDT": ("America/Los_Angeles", -420),
}
"""Zone and, where the name says it, the minutes by which it is ahead: many write EST in summer, and
CST is another in China."""
_EASTERN = {"eastern": "ET", "pacific": "PT"}
_BEHIND = re.compile(r"[\s,(/]*(?P<name>[A-Za-z]{1,8})\b(?: ?(?P<ahead>[+-]\d{1,2}(?::?\d\d)?)\b)?")
_BARE_OFFSET = re.compile(r"\s?(?P<ahead>[+-]\d\d:?\d\d)\b")
_NO_ZONE = re.compile(
    r"[a-z].*|ON|AT|THE|UHR|DE|DEL|LE|EL|DU|DI|DO|DA|DEN|AM|VOM|OP|IL|OF|H|HRS|HOURS|HORAS|HEURES|UUR"
    r"|[A-Z][a-z]+|\w*DAY|\w*TAG|MITTWOCH|\w*DI|\w*DAG|LUNES|MARTES|JUEVES|VIERNES|DOMINGO"
    r"|JANUARY|FEBRUARY|MARCH|APRIL|MAY|JUNE|JULY|AUGUST|\w*BER|\w*BRE|\w*BRO"
)
_OTHER_TIME = re.compile(
    r"\b(?:time|\w*zeit|hora|heure|ora|tijd|ب?توقيت)\b|\b(?:[A-Z]{1,3}ST|[A-Z]{1,3}DT|SGT|HKT)\b"
)


def end_of(text: str, following: str = "") -> str:
    """What ``embargo_until`` may be: a day and an hour, with an offset where a zone is named.

    ``following`` is the line below, where the day may stand. Nothing where it is not beyond doubt.
    """
    text = re.sub(r"(?<=\d)T(?=\d)", " ", text)
    whole = text if dates_in(text) else f"{text} {following}".strip()
    days = {found.value for found in dates_in(whole)}
    day = days.pop() if len(days) == 1 else None
    if day is None:
        return ""
    rest = whole
    for found in reversed(dates_in(whole)):
        rest = f"{rest[: found.start]}, {rest[found.end :]}"
    hours = [
        (hour, rest[found.end() :]) for found in CLOCK.finditer(rest) if (hour := _hour(found))
    ]
    hours = hours or [
        (_NAMED[found[0].casefold()], rest[found.end() :]) for found in _NAMES.finditer(rest)
    ]
    return _written(day, hours, rest)


def _written(day: date, hours: list[tuple[time, str]], text: str) -> str:
    for hour, behind in hours:
        offset = _offset(datetime.combine(day, hour), behind)
        if offset:
            return f"{day} {hour:%H:%M}{offset}"
    alone = len({hour for hour, _ in hours}) == 1
    plain = all(_is_plain(behind) for _, behind in hours) and not _OTHER_TIME.search(text)
    return f"{day} {hours[0][0]:%H:%M}" if alone and plain else ""


def _hour(found: re.Match[str]) -> time | None:
    hour = int(found["hour"] or found["hour2"])
    minute = int(found["minute"] or found["minute2"] or 0)
    half = (found["half"] or "").lower()[:1]
    half = _ARABIC_HALVES.get(half, half)
    if half in {"a", "p"}:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "p" else 0)
    return time(hour, minute)


def _is_plain(behind: str) -> bool:
    """Whether no name that may be a zone's stands behind an hour."""
    found = _BEHIND.match(behind)
    return found is None or _NO_ZONE.fullmatch(found["name"]) is not None


def _offset(wall: datetime, behind: str) -> str:
    """The offset of the zone named behind an hour; nothing if none is known."""
    bare = _BARE_OFFSET.match(behind)
    if bare is not None:
        return _as_offset(bare["ahead"])
    found = _BEHIND.match(behind)
    if found is None:
        return ""
    name = _EASTERN.get(found["name"].casefold(), found["name"])
    if name not in _ZONES:
        return ""
    if found["ahead"]:
        return _as_offset(found["ahead"]) if name in {"UTC", "GMT"} else ""
    zone, minutes = _ZONES[name]
    aware = wall.replace(tzinfo=ZoneInfo(zone))
    ahead = aware.utcoffset() or timedelta()
    if minutes is not None and ahead != timedelta(minutes=minutes):
        return ""
    return aware.isoformat()[-6:]


def _as_offset(ahead: str) -> str:
    figures = ahead[1:].replace(":", "")
    hours, minutes = (figures[:-2], figures[-2:]) if len(figures) > 2 else (figures, "00")
    return f"{ahead[0]}{int(hours):02}:{minutes}" if int(hours) <= 14 else ""
