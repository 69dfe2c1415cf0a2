"""Dates in running text, in figures and with the names of months in seven languages."""

import re
from dataclasses import dataclass
from datetime import date

_MONTHS = {
    name: number
    for names in (
        "january february march april may june july august september october november december",
        "januar februar märz april mai juni juli august september oktober november dezember",
        "jänner feber maerz",
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
        "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre - dicembre",
        "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
        "januari februari maart april mei juni juli augustus september oktober november december",
        "jan feb mar apr - jun jul aug sep oct nov dec",
        "- - - - - - - - sept okt - dez",
    )
    for number, name in enumerate(names.split(), start=1)
    if name != "-"
}
_MONTH = rf"(?P<{{0}}>{'|'.join(sorted(_MONTHS, key=len, reverse=True))})\.?"
_OF = r"(?:\s(?:of|de|del))?"
_DATE = re.compile(
    rf"\b(?:{_MONTH.format('m1')}\s(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?,?\s(?P<y1>\d{{4}})"
    rf"|(?P<d2>\d{{1,2}})(?:st|nd|rd|th|er|\.|º)?{_OF}\s{_MONTH.format('m2')},?{_OF}\s(?P<y2>\d{{4}})"
    r"|(?P<y3>\d{4})-(?P<m3>\d\d)-(?P<d3>\d\d)"
    r"|(?P<a4>\d{1,2})(?P<sep>[/.])(?P<b4>\d{1,2})(?P=sep)(?P<y4>\d{4}))\b",
    re.IGNORECASE,
)
_AROUND = re.compile(
    r"(?:[\W_]|\b(?:updated|published|posted|released|issued|dated?|on|at|last|the|press|news"
    r"|media|release|for|immediate|monday|tuesday|wednesday|thursday|friday|saturday|sunday"
    r"|mon|tues?|wed|thurs?|fri|sat|sun|noon|midnight|local|time|a\.?m|p\.?m|[ecmp]s?t|[ecmp]dt"
    r"|gmt|utc|bst|cet|cest|uhr|den|vom|am|le|el|du|del|(?:mon|diens|donners|frei|sams|sonn)tag"
    r"|mittwoch|lunes|martes|mi[ée]rcoles|jueves|viernes|s[áa]bado|domingo|lundi|mardi|mercredi|jeudi"
    r"|vendredi|samedi|dimanche|\d{1,2}(?::\d\d){0,2}(?:am|pm)?)\b)*",
    re.IGNORECASE,
)
_PLACE = re.compile(r"[A-Z][\w.’'-]+(?: [A-Z][\w.’'-]+){0,2}(?:, ?[A-Z][\w.]+)?\s*[,–—-]+\s*")
_NO_PLACE = re.compile(r"\b(?:statement|release|remarks|update|report|letter|call)\b", re.I)
_BEHIND = re.compile(
    r"[\s,;:|–—-]*(?:(?:media |press )?contacts?\b.*|by [\w .’'-]{2,40})?", re.IGNORECASE
)


@dataclass(frozen=True, kw_only=True)
class FoundDate:
    """A date in a line. ``value`` is None where day and month may be either way round."""

    start: int
    end: int
    text: str
    value: date | None


def dates_in(text: str) -> list[FoundDate]:
    """All dates of a line, in order. What is no day of the calendar is no date."""
    found = []
    for match in _DATE.finditer(text):
        try:
            value = _value(match)
        except ValueError:
            continue
        found.append(
            FoundDate(start=match.start(), end=match.end(), text=match.group(), value=value)
        )
    return found


def date_line(text: str) -> FoundDate | None:
    """The date of a line that says little else: its label, place, weekday, hour or a contact."""
    found = dates_in(text)
    if not found or len(text) > 100:
        return None
    first = found[0]
    before, behind = text[: first.start], text[first.end :]
    place = _PLACE.fullmatch(before) and not _NO_PLACE.search(before)
    if not place and not _AROUND.fullmatch(before):
        return None
    return first if _AROUND.fullmatch(behind) or _BEHIND.fullmatch(behind) else None


def dateline(text: str) -> FoundDate | None:
    """The date in the dateline that opens a paragraph: ``CITY, March 14, 2024 –``."""
    for found in dates_in(text[:140]):
        if re.match(r"[^.!?]{0,40}?(?:[–—/]|--| -)|\.\s?[–—-]", text[found.end :]):
            return found
    return None


def _value(match: re.Match[str]) -> date | None:
    part = match.groupdict()
    if part["m1"]:
        return date(int(part["y1"]), _month(part["m1"]), int(part["d1"]))
    if part["m2"]:
        return date(int(part["y2"]), _month(part["m2"]), int(part["d2"]))
    if part["y3"]:
        return date(int(part["y3"]), int(part["m3"]), int(part["d3"]))
    first, second, year = int(part["a4"]), int(part["b4"]), int(part["y4"])
    if part["sep"] == "." or first > 12:
        return date(year, second, first)
    if second > 12 or first == second:
        return date(year, first, second)
    return None


def _month(name: str) -> int:
    return _MONTHS[name.lower()]
