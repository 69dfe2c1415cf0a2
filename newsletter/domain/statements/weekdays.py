"""Dates with a wrong weekday in English, Spanish, German and French texts."""

import re
from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

_ENGLISH_DAYS = (
    *("mon(?:day)?", "tue(?:s|sday)?", "wed(?:s|nesday)?", "thu(?:r|rs|rsday)?"),
    *("fri(?:day)?", "sat(?:urday)?", "sun(?:day)?"),
)
_ENGLISH_MONTHS = (
    *("jan(?:uary)?", "feb(?:ruary)?", "mar(?:ch)?", "apr(?:il)?", "may", "june?"),
    *("july?", "aug(?:ust)?", "sept?(?:ember)?", "oct(?:ober)?", "nov(?:ember)?", "dec(?:ember)?"),
)
_SPANISH_DAYS = (*("lunes", "martes", "mi[eé]rcoles", "jueves", "viernes", "s[aá]bado", "domingo"),)
_SPANISH_MONTHS = (
    *("enero", "febrero", "marzo", "abril", "mayo", "junio"),
    *("julio", "agosto", "sep?tiembre", "octubre", "noviembre", "diciembre"),
)
_GERMAN_DAYS = (
    *("mo(?:ntag)?", "di(?:enstag)?", "mi(?:ttwoch)?", "do(?:nnerstag)?", "fr(?:eitag)?"),
    *("sa(?:mstag)?|sonnabend", "so(?:nntag)?"),
)
_GERMAN_MONTHS = (
    *("j[aä]n(?:uar|ner)?|0?1", "feb(?:ruar|er)?|0?2", "märz|mrz|0?3", "apr(?:il)?|0?4", "mai|0?5"),
    *("juni?|0?6", "juli?|0?7", "aug(?:ust)?|0?8", "sept?(?:ember)?|0?9", "okt(?:ober)?|10"),
    *("nov(?:ember)?|11", "dez(?:ember)?|12"),
)
_FRENCH_DAYS = (
    *("lun(?:di)?", "mar(?:di)?", "mer(?:credi)?", "jeu(?:di)?", "ven(?:dredi)?", "sam(?:edi)?"),
    "dim(?:anche)?",
)
_FRENCH_MONTHS = (
    *("janv(?:ier)?", "f[eé]vr?(?:ier)?", "mars", "avr(?:il)?", "mai", "juin", "juil(?:let|l)?"),
    *("ao[uû]t", "sept(?:embre)?", "oct(?:obre)?", "nov(?:embre)?", "d[eé]c(?:embre)?"),
)
_JOINER_PATTERN = (
    r"\.?\s?(?:,|-|–|/|&|and|or|to|through|thru|until|y|e|o|al?|hasta(?:\sel)?|und|oder|bis|et|ou|au)"
    r"\s?"
)
_ORDINAL_PATTERN = r"(?:st|nd|rd|th|er)?"
_PLAUSIBLE_YEARS = range(1800, 2200)


@dataclass(frozen=True, kw_only=True)
class Mismatch:
    """A date with a wrong weekday, or a date that does not exist."""

    offset: int
    """The position in the text, in characters."""
    written: str
    year: int
    right: date | None
    """The date; None if it does not exist."""


def find_mismatches(text: str, *, about: date) -> Iterator[Mismatch]:
    """Yield the dates with a wrong weekday. A date without a year is the one nearest ``about``."""
    for pattern, days, months in _DATE_PATTERNS:
        for match in pattern.finditer(text):
            day, month = int(match["number"]), _index(months, match["month"]) + 1
            # with 31 days a month, half a year has 186
            days_ahead = (month - about.month) * 31 + day - about.day
            likely_year = about.year + (-1 if days_ahead > 186 else 1 if days_ahead < -186 else 0)
            year = int(match["year"] or likely_year)
            if not 1 <= day <= 31 or year not in _PLAUSIBLE_YEARS:
                continue  # it is no date
            right = date(year, month, day) if day <= monthrange(year, month)[1] else None
            written_weekdays = {
                _index(days, word) for word in (match["before"], match["day"]) if word
            }
            if right is None or right.weekday() not in written_weekdays:
                yield Mismatch(offset=match.start(), written=match[0], year=year, right=right)


def _index(names: Sequence[str], word: str) -> int:
    return next(n for n, name in enumerate(names) if re.fullmatch(name, word, re.IGNORECASE))


def _compile_pattern(template: str, days: Sequence[str], months: Sequence[str]) -> re.Pattern[str]:
    day, month = "|".join(days), "|".join(months)
    return re.compile(
        template.replace("BEFORE", rf"(?:\b(?P<before>{day}){_JOINER_PATTERN})?")
        .replace("DAY", rf"\b(?P<day>{day})\b")
        .replace("MONTH", rf"\b(?P<month>{month})\b")
        .replace("NUMBER", rf"\b(?P<number>\d{{1,2}}){_ORDINAL_PATTERN}\b")
        .replace("YEAR", r"(?P<year>\d{4})\b"),
        re.IGNORECASE,
    )


_ENGLISH_ORDERS = (
    r"BEFOREDAY\.?,?\s(?:the\s)?MONTH\.?\sNUMBER(?:,?\sYEAR)?",
    r"BEFOREDAY\.?,?\s(?:the\s)?NUMBER(?:\sof)?\sMONTH\.?(?:,?\sYEAR)?",
    r"BEFOREMONTH\.?\sNUMBER,?\sYEAR\s?\(DAY\)",
    r"BEFORENUMBER\sMONTH\.?,?\sYEAR\s?\(DAY\)",
)
_SPANISH_ORDERS = (
    r"BEFOREDAY,?\s(?:d[ií]a\s)?NUMBER\sde\sMONTH(?:,?\sdel?\sYEAR)?",
    r"BEFORENUMBER\sde\sMONTH\sdel?\sYEAR\s?\(DAY\)",
)
_GERMAN_ORDERS = (
    r"BEFOREDAY\.?,?\s(?:de[nmr]\s)?NUMBER\.\s?MONTH\.?(?:\s?YEAR)?",
    r"BEFORENUMBER\.\s?MONTH\.?\s?YEAR\s?\(DAY\.?\)",
)
_FRENCH_ORDERS = (
    r"BEFOREDAY\.?,?\s(?:le\s)?NUMBER\sMONTH\.?(?:\sYEAR)?",
    r"BEFORENUMBER\sMONTH\.?\sYEAR\s?\(DAY\.?\)",
)
_DATE_PATTERNS = tuple(
    (_compile_pattern(order, days, months), days, months)
    for orders, days, months in (
        (_ENGLISH_ORDERS, _ENGLISH_DAYS, _ENGLISH_MONTHS),
        (_SPANISH_ORDERS, _SPANISH_DAYS, _SPANISH_MONTHS),
        (_GERMAN_ORDERS, _GERMAN_DAYS, _GERMAN_MONTHS),
        (_FRENCH_ORDERS, _FRENCH_DAYS, _FRENCH_MONTHS),
    )
    for order in orders
)
