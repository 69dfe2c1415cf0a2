"""The exports of other tools, by the columns that ``exports.yaml`` lists for each tool."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from functools import lru_cache
from typing import Any

from newsletter.documents.release.words import load_table
from newsletter.domain.setting import control_in_value
from newsletter.domain.subscribers.address import parse_address
from newsletter.domain.subscribers.audience import (
    Consent,
    Entry,
    SuppressedEntry,
    SuppressionReason,
)
from newsletter.formats.times import read_day_or_instant, zone_objection


class ContactStatus(Enum):
    """The status of a person in an export. Of several, the one furthest down here counts."""

    SUBSCRIBED = "subscribed"
    """Gets mail there."""
    UNCONFIRMED = "unconfirmed"
    """Never said yes: is skipped."""
    BLOCKED = "blocked"
    """Was shut out there by the staff or by the tool."""
    BOUNCED = "bounced"
    """The mailbox does not exist."""
    LEFT = "left"
    """Unsubscribed there."""
    COMPLAINED = "complained"
    """Reported a message as spam there."""


REASONS: Mapping[ContactStatus, SuppressionReason] = {
    ContactStatus.BLOCKED: SuppressionReason.MANUAL,
    ContactStatus.BOUNCED: SuppressionReason.BOUNCED,
    ContactStatus.LEFT: SuppressionReason.UNSUBSCRIBED,
    ContactStatus.COMPLAINED: SuppressionReason.COMPLAINED,
}
"""Status → reason for suppressing the address here too."""


FILLED = "*"
"""The entry for all other values, but not for an empty cell."""

Says = Mapping[str, ContactStatus]
"""The values of a column, in small letters, and where a person stands by each."""


@dataclass(frozen=True, kw_only=True)
class ExportFormat:
    """The export of one tool: the names of its columns, in small letters."""

    name: str
    address: str = "email"
    names: tuple[str, ...] = ()
    """A name or its parts, which are joined in this order."""
    timezone: tuple[str, ...] = ()
    consent_at: tuple[str, ...] = ()
    """Columns for the time of consent; the first that is filled counts."""
    groups: tuple[str, ...] = ()
    """Tags or labels of the other tool: counted, not taken over."""
    says: Mapping[str, Says]
    marks: frozenset[str]
    """Columns that no other tool writes together: by them it is known."""
    required: frozenset[str]
    """Columns that a safe import needs."""
    by_file: Says = field(default_factory=dict)
    """Beginning of a file's name → status of all people in it."""
    must: tuple[str, ...] = ()
    """Beginnings of file names that a ZIP must contain; without them people who left would come
    back."""
    proves_consent: bool = False
    """A person without a time of consent never confirmed."""
    caution: str = ""
    """A sentence about data that the export lacks."""

    @property
    def columns(self) -> tuple[str, ...]:
        """All known columns; other columns of a file are ignored."""
        several = (self.names, self.timezone, self.consent_at, self.groups, self.says)
        return (self.address, *(name for names in several for name in names))


def _format(name: str, row: dict[str, Any]) -> ExportFormat:
    says = {column: _says(values) for column, values in row.pop("says").items()}
    by_file = _says(row.pop("by_file", {}))
    marks, required = frozenset(row.pop("marks")), frozenset(row.pop("required"))
    others: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in row.items()
    }
    return ExportFormat(
        name=name, says=says, by_file=by_file, marks=marks, required=required, **others
    )


def _says(values: Mapping[str, Sequence[str]]) -> Says:
    return {value: ContactStatus(status) for status, some in values.items() for value in some}


FORMATS: Mapping[str, ExportFormat] = {
    name: _format(name, row)
    for name, row in load_table("newsletter.subscriber_files", "exports.yaml").items()
}
COLUMN_NAMES = frozenset(column for known in FORMATS.values() for column in known.columns)


# listmonk prints a time as Go does: 2024-05-01 10:00:00.123456789 +0000 UTC.
_ZONE_NAME = re.compile(r"(?<=[+-]\d{4}) \S+$")


class Skip(Enum):
    """Why a person in an export is not imported."""

    UNCONFIRMED = "never confirmed"
    """The other tool knows of no yes, so there is none to take over."""
    TWICE = "stands in the file already"
    """The first row of an address counts; a suppression counts wherever it stands."""
    UNREACHABLE = "left or bounced there, under what is no address"
    """Left or bounced there, with an invalid address."""
    NO_ADDRESS = "without an address that email can reach"
    """One of thousands: it would be no reason to refuse all others."""


class Unusable(ValueError):
    """A cell that cannot be used; ``column`` names it as the file does."""

    def __init__(self, column: str, message: str) -> None:
        super().__init__(message)
        self.column = column


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The columns of a format in one file."""

    known: ExportFormat
    header: tuple[str, ...]
    """As written in the file."""
    places: Mapping[str, int]
    """Column → its position in the file."""
    status: ContactStatus
    """The status of all people in the file, by its name."""
    ignored: tuple[str, ...]
    """Columns that mean nothing here."""

    def cells(self, row: Sequence[str], columns: Iterable[str]) -> dict[str, str]:
        """Return the row's values in these columns, as far as the file has them."""
        return {name: row[self.places[name]].strip() for name in columns if name in self.places}

    def unusable(self, column: str, message: str) -> Unusable:
        """The fault of a cell, by the column's name in the file."""
        return Unusable(self.header[self.places[column]], message)


def lower_case(header: Sequence[str]) -> list[str]:
    """The names of a header as the tables of formats write them."""
    return [name.strip().lower() for name in header]


def layout(known: ExportFormat, header: Sequence[str], file: str) -> Layout:
    """Find the columns of a format in a header. Raises Unusable if one is missing or twice."""
    names = lower_case(header)
    for number, name in enumerate(names):
        if name in known.columns and name in names[:number]:
            raise Unusable(header[number].strip(), "stands twice; keep one of them")
    missing = ", ".join(sorted(known.required.difference(names)))
    if missing:
        raise Unusable("", f"has no column {missing}, which every {known.name} export has")
    by_file = (status for begin, status in known.by_file.items() if file.lower().startswith(begin))
    return Layout(
        known=known,
        header=tuple(name.strip() for name in header),
        places={name: names.index(name) for name in known.columns if name in names},
        status=next(by_file, ContactStatus.SUBSCRIBED),
        ignored=tuple(
            name.strip() or f"column {number}, which has no name"
            for number, name in enumerate(header, start=1)
            if names[number - 1] not in known.columns
        ),
    )


def person(
    at: Layout, row: Sequence[str], *, source: str, lists: tuple[str, ...]
) -> Entry | SuppressedEntry | Skip:
    """Return the person in a row, with consent from ``source`` and for ``lists``. Raises
    Unusable."""
    if len(row) != len(at.header):
        what = f"has {len(row)} fields, and the first row {len(at.header)}"
        raise Unusable("", f"{what}; look for a delimiter or a quote too many or too few")
    status = _status(at, row)
    cell = row[at.places[at.known.address]].strip()
    try:
        address = parse_address(cell)
    except ValueError:
        # lists of bounces are full of text that never was an address; nothing can go there
        return Skip.UNREACHABLE if status in REASONS else Skip.NO_ADDRESS
    if status in REASONS:
        return SuppressedEntry(address=address, reason=REASONS[status])
    consented_at = _consent_at(at, row)
    if status is ContactStatus.UNCONFIRMED or (at.known.proves_consent and consented_at is None):
        return Skip.UNCONFIRMED
    zone = "".join(at.cells(row, at.known.timezone).values())
    return Entry(
        address=address,
        name=_name(at, row),
        lists=lists,
        timezone="" if zone_objection(zone) else zone,
        consent=Consent(source=source, at=consented_at),
    )


def may_add_people(at: Layout) -> bool:
    """Return whether a file may add people: in some files all are suppressed or skipped."""
    always = [says[""] for name, says in at.known.says.items() if name in at.places and "" in says]
    return {at.status, *always} == {ContactStatus.SUBSCRIBED}


def _status(at: Layout, row: Sequence[str]) -> ContactStatus:
    found = [at.status]
    for column, cell in at.cells(row, at.known.says).items():
        values = at.known.says[column]
        says = values.get(cell.lower()) or (values.get(FILLED) if cell else None)
        # an unknown status may mean "never write", so it is a fault
        if says is None:
            known = ", ".join(value for value in values if value not in {"", FILLED})
            message = f"{cell!r} is none of {known}: whether to write to them is not known"
            raise at.unusable(column, message)
        found.append(says)
    return max(found, key=list(ContactStatus).index)


def _name(at: Layout, row: Sequence[str]) -> str:
    cells = at.cells(row, at.known.names)
    name = " ".join(" ".join(cells.values()).split())
    control = control_in_value(name)
    if control:
        raise at.unusable(next(iter(cells)), f"holds {control}; take it out")
    return name


def _consent_at(at: Layout, row: Sequence[str]) -> datetime | None:
    for column, cell in at.cells(row, at.known.consent_at).items():
        if cell:
            try:
                return _instant(_ZONE_NAME.sub("", cell))
            except ValueError as error:
                raise at.unusable(column, str(error)) from error
    return None


_instant = lru_cache(maxsize=4096)(read_day_or_instant)
