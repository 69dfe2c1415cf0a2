"""One row of another tool's export: a subscriber, a suppression, or somebody who is skipped."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import lru_cache

from newsletter.domain.audience import Consent, Entry, SuppressedEntry, parse_address
from newsletter.sources.exports import (
    FILLED,
    RANK,
    REASONS,
    Column,
    ExportFormat,
    Meaning,
    Standing,
)
from newsletter.sources.text import control_in_value
from newsletter.sources.times import read_instant, zone_objection

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
# As Go prints a time: 2024-05-01 10:00:00.123456789 +0000 UTC.
_FINER = re.compile(r"(\.\d{6})\d+")
_ZONE_NAME = re.compile(r"(?<=[+-]\d{4}) \S+$")


class Skip(Enum):
    """Why somebody in an export is not taken over."""

    UNCONFIRMED = "never confirmed"
    """The other tool knows of no yes, so there is none to take over."""
    TWICE = "stands in the file already"
    """The first row of an address counts; a suppression counts wherever it stands."""
    UNREACHABLE = "left or bounced there, under what is no address"
    """Left or bounced there, under what is no address here."""


class Unusable(ValueError):
    """A cell that cannot be used; ``column`` names it as the file does."""

    def __init__(self, column: str, message: str) -> None:
        super().__init__(message)
        self.column = column


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Where the columns of a format stand in one file."""

    known: ExportFormat
    header: tuple[str, ...]
    """As the file writes it."""
    places: Mapping[Meaning, tuple[tuple[int, Column], ...]]
    standing: Standing
    """Of everybody in the file, by its name."""
    aside: tuple[str, ...]
    """Columns that mean nothing here."""

    def cells(self, row: Sequence[str], meaning: Meaning) -> list[str]:
        """What the row says in the columns of one meaning."""
        return [row[place].strip() for place, _ in self.places[meaning]]

    def title(self, meaning: Meaning) -> str:
        """The name of the first column of a meaning."""
        return self.header[self.places[meaning][0][0]]


def small(header: Sequence[str]) -> list[str]:
    """The names of a header as the tables of formats write them."""
    return [name.strip().lower() for name in header]


def layout(known: ExportFormat, header: Sequence[str], file: str) -> Layout:
    """Find the columns of a format in a header. Raises Unusable if one is missing or twice."""
    names = small(header)
    wanted = {column.name for column in known.columns}
    for number, name in enumerate(names):
        if name in wanted and name in names[:number]:
            raise Unusable(header[number].strip(), "stands twice; keep one of them")
    missing = sorted(known.needs.difference(names))
    if missing:
        raise Unusable(
            "", f"has no column {', '.join(missing)}, which every {known.name} export has"
        )
    return Layout(
        known=known,
        header=tuple(name.strip() for name in header),
        places={
            meaning: tuple(
                (names.index(column.name), column)
                for column in known.columns
                if column.meaning is meaning and column.name in names
            )
            for meaning in Meaning
        },
        standing=_by_file(known, file),
        aside=tuple(
            name.strip() or f"column {number}, which has no name"
            for number, name in enumerate(header, start=1)
            if names[number - 1] not in wanted
        ),
    )


def _by_file(known: ExportFormat, file: str) -> Standing:
    found = (
        standing for begin, standing in known.by_file.items() if file.lower().startswith(begin)
    )
    return next(found, Standing.SUBSCRIBED)


def person(
    at: Layout, row: Sequence[str], *, source: str, lists: tuple[str, ...]
) -> Entry | SuppressedEntry | Skip:
    """What a row says, with consent from ``source`` and for ``lists``. Raises Unusable."""
    if len(row) != len(at.header):
        what = f"has {len(row)} fields, and the first row {len(at.header)}"
        raise Unusable("", f"{what}; look for a delimiter or a quote too many or too few")
    standing = _standing(at, row)
    if standing in REASONS:
        try:
            address = _address(at, row)
        except Unusable:
            # Lists of bounces are full of what never was an address; none can be written to.
            return Skip.UNREACHABLE
        return SuppressedEntry(address=address, reason=REASONS[standing])
    address = _address(at, row)
    said_yes_at = _consent_at(at, row)
    if standing is Standing.UNCONFIRMED or (at.known.proves_consent and said_yes_at is None):
        return Skip.UNCONFIRMED
    return Entry(
        address=address,
        name=_name(at, row),
        lists=lists,
        timezone=_timezone(at, row),
        consent=Consent(source=source, at=said_yes_at),
    )


def groups(at: Layout, row: Sequence[str]) -> bool:
    """Whether a row names tags or labels of the other tool."""
    return any(at.cells(row, Meaning.GROUPS))


def _standing(at: Layout, row: Sequence[str]) -> Standing:
    found = [at.standing]
    for place, column in at.places[Meaning.STANDING]:
        cell = row[place].strip()
        says = column.says.get(cell.lower()) or (column.says.get(FILLED) if cell else None)
        if says is None:
            known = ", ".join(value for value in column.says if value not in {"", FILLED})
            message = f"{cell!r} is none of {known}: whether to write to them is not known"
            raise Unusable(at.header[place], message)
        found.append(says)
    return max(found, key=RANK.__getitem__)


def _address(at: Layout, row: Sequence[str]) -> str:
    [cell] = at.cells(row, Meaning.ADDRESS)
    try:
        if not cell:
            raise ValueError("needs an address like ana@example.org")
        return parse_address(cell)
    except ValueError as error:
        raise Unusable(at.title(Meaning.ADDRESS), str(error)) from error


def _name(at: Layout, row: Sequence[str]) -> str:
    name = " ".join(" ".join(at.cells(row, Meaning.NAME)).split())
    control = control_in_value(name)
    if control:
        raise Unusable(at.title(Meaning.NAME), f"holds {control}; take it out")
    return name


def _timezone(at: Layout, row: Sequence[str]) -> str:
    zone = "".join(at.cells(row, Meaning.TIMEZONE))
    return "" if zone_objection(zone) else zone


def _consent_at(at: Layout, row: Sequence[str]) -> datetime | None:
    for place, _ in at.places[Meaning.CONSENT_AT]:
        cell = row[place].strip()
        if cell:
            try:
                return _instant(cell)
            except ValueError as error:
                raise Unusable(at.header[place], str(error)) from error
    return None


@lru_cache(maxsize=4096)
def _instant(cell: str) -> datetime:
    """A time as tools write it, in UTC; without an offset it is UTC already."""
    if _DAY.fullmatch(cell):
        return read_instant(f"{cell} 00:00")
    return read_instant(_ZONE_NAME.sub("", _FINER.sub(r"\1", cell)))
