"""Dates in running text, in figures and with the names of months in eight languages."""

import re
from dataclasses import dataclass
from datetime import date

_MONTHS = {
    name.replace("_", " "): number
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
        "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر",
        "- - - ابريل - - - اغسطس - اكتوبر - -",
        "كانون_الثاني شباط آذار نيسان أيار حزيران تموز آب أيلول تشرين_الأول تشرين_الثاني"
        " كانون_الأول",
        "- - اذار - ايار - - اب ايلول تشرين_الاول - كانون_الاول",
    )
    for number, name in enumerate(names.split(), start=1)
    if name != "-"
}
_NAMES = "|".join(sorted(_MONTHS, key=len, reverse=True)).replace(" ", r"\s")
_MONTH = rf"(?P<{{0}}>{_NAMES})\.?"
_OF = r"(?:\s(?:of|de|del))?"
_DATE = re.compile(
    rf"\b(?:{_MONTH.format('m1')}\s(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?,?\s(?P<y1>\d{{4}})"
    rf"|(?P<d2>\d{{1,2}})(?:st|nd|rd|th|er|\.|º)?{_OF}\s{_MONTH.format('m2')},?{_OF}\s(?P<y2>\d{{4}})"
    r"|(?P<y3>\d{4})-(?P<m3>\d\d)-(?P<d3>\d\d)"
    r"|(?P<a4>\d{1,2})(?P<sep>[/.])(?P<b4>\d{1,2})(?P=sep)(?P<y4>\d{4}))\b",
    re.IGNORECASE,
)
_AROUND = re.compile(
    r"(?:[\W_]|\b(?:updated|modified|published|posted|released|issued|dated?|on|at|last|the|press"
    r"|news(?:room)?|media|release|office|admin|by|in|of|for|immediate|publication|datum|stand|fecha"
    r"|data|ver[öo]ffentlicht|publicado|publi[ée]e?|pubblicato|gepubliceerd|de|monday|tuesday|wednesday|thursday|friday|saturday|sunday"
    r"|mon|tues?|wed|thurs?|fri|sat|sun|noon|midnight|local|time|a\.?m|p\.?m|[ecmp]s?t|[ecmp]dt"
    r"|gmt|utc|bst|cet|cest|uhr|den|vom|am|le|el|a|op|il|du|del|(?:mon|diens|donners|frei|sams|sonn)tag"
    r"|mittwoch|lunes|martes|mi[ée]rcoles|jueves|viernes|s[áa]bado|domingo|lundi|mardi|mercredi|jeudi"
    r"|vendredi|samedi|dimanche|\d{1,2}(?::\d\d){0,2}(?:am|pm)?)\b)*",
    re.IGNORECASE,
)
_WORD = (
    r"(?:[^\W\d_a-zß-öø-ÿ][\w.’'-]*"
    r"|(?:de|del|der|da|di|la|le|les|el|von|van|und|and|of|for|the|y|et|e|&)(?![\w.]))"
)
_NAME = re.compile(rf"(?:(?i:by|von|por|par|di|door)\s)?{_WORD}(?:,?[ ]{_WORD}){{0,6}}")
"""Who wrote a text or sent it out, or where: so many words, each with a capital."""
_MARKS = re.compile(r" ?[|•·/:;] ?| [–—-]{1,3} | ?[–—]{1,2} ?|, ?")
_STRONG = re.compile(r"[|•·/]")
_LONGEST_PLACE = 4
"""Words before or behind a comma or a dash; more of them are a headline with its day."""
_NO_PLACE = re.compile(
    r"\b(?:statement|release|remarks|update|report|letter|call|budget|meeting|results)\b", re.I
)
_BEHIND = re.compile(
    r"[\s,;:|–—-]*(?:(?:media |press )?contacts?\b.*|(?:(?:at )?\d{1,2}:\d\d ?(?:[ap]\.?m\.?)? )?"
    r"by [\w .’'-]{2,40})?",
    re.IGNORECASE,
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
    if not (_AROUND.fullmatch(before) or _is_beside(before, last=True)):
        return None
    said = _AROUND.fullmatch(behind) or _BEHIND.fullmatch(behind) or _is_beside(behind, last=False)
    return first if said else None


def _is_beside(text: str, *, last: bool) -> bool:
    """Whether what stands beside a date is a place, or who wrote the text, with marks between.

    ``last`` tells what stands before the date from what stands behind it.
    """
    parts = _MARKS.split(text)
    if not _AROUND.fullmatch(parts[-1 if last else 0]) or _NO_PLACE.search(text):
        return False
    most = 7 if _STRONG.search(text) else _LONGEST_PLACE
    names = [part.strip() for part in parts if not _AROUND.fullmatch(part)]
    return all(_is_name(name) and len(name.split()) <= most for name in names)


def _is_name(text: str) -> bool:
    """Whether words are a name: each longer one begins with a capital."""
    capital = all(word[0].isupper() or len(word) <= 3 for word in re.findall(r"[^\W\d_]+", text))
    return capital and bool(_NAME.fullmatch(text))


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
    return _MONTHS[" ".join(name.lower().split())]
