"""Read the exports of other tools, by the columns of each tool in ``exports.yaml``."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any
from unicodedata import normalize

from newsletter.domain.setting import control_in_value
from newsletter.domain.subscribers import audience
from newsletter.domain.subscribers.address import parse_address
from newsletter.domain.wording import say
from newsletter.formats.times import zone_objection
from newsletter.subscriber_files.entries import parse_day_or_instant
from newsletter.tables import load_table


class ContactStatus(Enum):
    """The status of a person in an export. Of several, the last in this order counts."""

    SUBSCRIBED = "subscribed"
    """The person gets email from the other tool."""
    UNCONFIRMED = "unconfirmed"
    """The person never confirmed. They are skipped."""
    BLOCKED = "blocked"
    """Staff or the other tool blocked the address."""
    BOUNCED = "bounced"
    """The mailbox does not exist."""
    LEFT = "left"
    """The person unsubscribed."""
    COMPLAINED = "complained"
    """The person reported a message as spam."""


REASON_OF_STATUS: Mapping[ContactStatus, audience.SuppressionReason] = {
    ContactStatus.BLOCKED: audience.SuppressionReason.MANUAL,
    ContactStatus.BOUNCED: audience.SuppressionReason.BOUNCED,
    ContactStatus.LEFT: audience.SuppressionReason.UNSUBSCRIBED,
    ContactStatus.COMPLAINED: audience.SuppressionReason.COMPLAINED,
}
"""Status in the export → reason of our suppression."""


ANY_VALUE = "*"
"""The key in ``StatusByValue`` for any value that is not listed and not empty."""

StatusByValue = Mapping[str, ContactStatus]
"""Value of a column, in lower case → status."""


@dataclass(frozen=True, kw_only=True)
class ExportFormat:
    """The columns of one tool's export, in lower case."""

    name: str
    address: str = "email"
    names: tuple[str, ...] = ()
    """The columns with the name or its parts, in the order of the name."""
    timezone: tuple[str, ...] = ()
    consent_at: tuple[str, ...] = ()
    """The columns with the time of consent. The first one that is not empty counts."""
    groups: tuple[str, ...] = ()
    """The columns with tags or labels. They are counted, but not imported."""
    says: Mapping[str, StatusByValue]
    """Column → the status for each of its values."""
    marks: frozenset[str]
    """The columns that together identify the tool."""
    required: frozenset[str]
    """The columns without which an import is not safe."""
    by_file: StatusByValue = field(default_factory=dict)
    """Beginning of a file name → the status of all people in the file."""
    required_files: tuple[str, ...] = ()
    """The beginnings of the names of files with unsubscribed people, which a ZIP must have."""
    proves_consent: bool = False
    """A person without a time of consent counts as unconfirmed."""
    note: str = ""
    """A note on data that the export lacks, or ""."""

    @property
    def columns(self) -> tuple[str, ...]:
        several = (self.names, self.timezone, self.consent_at, self.groups, self.says)
        return (self.address, *(name for names in several for name in names))


def _format(name: str, row: dict[str, Any]) -> ExportFormat:
    says = {column: _status_by_value(values) for column, values in row.pop("says").items()}
    by_file = _status_by_value(row.pop("by_file", {}))
    marks, required = frozenset(row.pop("marks")), frozenset(row.pop("required"))
    others: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in row.items()
    }
    return ExportFormat(
        name=name, says=says, by_file=by_file, marks=marks, required=required, **others
    )


def _status_by_value(values: Mapping[str, Sequence[str]]) -> StatusByValue:
    return {value: ContactStatus(status) for status, names in values.items() for value in names}


EXPORT_FORMATS: Mapping[str, ExportFormat] = {
    name: _format(name, row)
    for name, row in load_table("newsletter.subscriber_files", "exports.yaml").items()
}
COLUMN_NAMES = frozenset(column for known in EXPORT_FORMATS.values() for column in known.columns)


# listmonk prints a time as Go does: 2024-05-01 10:00:00.123456789 +0000 UTC.
_ZONE_NAME_PATTERN = re.compile(r"(?<=[+-]\d{4}) \S+$")


class Skip(Enum):
    """The reason for leaving a person of an export out."""

    UNCONFIRMED = "never confirmed"
    """The other tool has no proof of consent."""
    DUPLICATE = "stands in the file already"
    """An earlier row has the address. Suppressions are never duplicates."""
    UNREACHABLE = "left or bounced there, without a valid address"
    """The person unsubscribed or bounced, and the address is invalid."""
    NO_ADDRESS = "without an address that email can reach"
    """The address is invalid."""


class UnusableCell(ValueError):
    """A cell or column that cannot be used. ``column`` is its header in the file."""

    def __init__(self, column: str, message: str) -> None:
        super().__init__(message)
        self.column = column


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The positions of a format's columns in one file."""

    export: ExportFormat
    header: tuple[str, ...]
    positions: Mapping[str, int]
    """Column of the format → its index in a row."""
    status: ContactStatus
    """The status of all people in the file, by the file's name."""
    ignored: tuple[str, ...]
    """Headers of unknown columns."""

    def cells(self, row: Sequence[str], columns: Iterable[str]) -> dict[str, str]:
        """Return column → value for those of these columns that the file has."""
        return {
            name: row[self.positions[name]].strip() for name in columns if name in self.positions
        }

    def cell_error(self, column: str, message: str) -> UnusableCell:
        """Return the error of a cell, with the column's header in the file."""
        return UnusableCell(self.header[self.positions[column]], message)


def lower_case(header: Sequence[str]) -> list[str]:
    """Return the headers in lower case, without blanks around them."""
    return [name.strip().lower() for name in header]


def find_layout(export: ExportFormat, header: Sequence[str], file: str) -> Layout:
    """Return the columns of a format in a file. Raises UnusableCell if one is missing or twice."""
    names = lower_case(header)
    for number, name in enumerate(names):
        if name in export.columns and name in names[:number]:
            raise UnusableCell(header[number].strip(), say("stands twice; keep one of them"))
    missing = ", ".join(sorted(export.required.difference(names)))
    if missing:
        lacks = "has no column {columns}, which every {tool} export has"
        raise UnusableCell("", say(lacks, columns=missing, tool=export.name))
    by_file = (status for start, status in export.by_file.items() if file.lower().startswith(start))
    return Layout(
        export=export,
        header=tuple(name.strip() for name in header),
        positions={name: names.index(name) for name in export.columns if name in names},
        status=next(by_file, ContactStatus.SUBSCRIBED),
        ignored=tuple(
            name.strip() or f"#{number}"
            for number, name in enumerate(header, start=1)
            if names[number - 1] not in export.columns
        ),
    )


def read_person(
    layout: Layout, row: Sequence[str], *, source: str, lists: tuple[str, ...]
) -> audience.Entry | audience.SuppressedEntry | Skip:
    """Return the person in a row. ``source`` is the source of consent. Raises UnusableCell."""
    if len(row) != len(layout.header):
        what = f"has {len(row)} fields, and the first row {len(layout.header)}"
        raise UnusableCell("", f"{what}; look for a delimiter or a quote too many or too few")
    status = _status(layout, row)
    cell = row[layout.positions[layout.export.address]].strip()
    try:
        address = parse_address(cell)
    except ValueError:
        # lists of bounces have much text that never was an address
        return Skip.UNREACHABLE if status in REASON_OF_STATUS else Skip.NO_ADDRESS
    if status in REASON_OF_STATUS:
        return audience.SuppressedEntry(address=address, reason=REASON_OF_STATUS[status])
    consented_at = _read_consent_time(layout, row)
    if status is ContactStatus.UNCONFIRMED or (
        layout.export.proves_consent and consented_at is None
    ):
        return Skip.UNCONFIRMED
    zone = "".join(layout.cells(row, layout.export.timezone).values())
    return audience.Entry(
        address=address,
        name=_name(layout, row),
        lists=lists,
        timezone="" if zone_objection(zone) else zone,
        consent=audience.Consent(source=source, at=consented_at),
    )


def may_add_people(layout: Layout) -> bool:
    """Return whether a file may add people. Some have only people to suppress or skip."""
    always = [
        says[""]
        for name, says in layout.export.says.items()
        if name in layout.positions and "" in says
    ]
    return {layout.status, *always} == {ContactStatus.SUBSCRIBED}


def _status(layout: Layout, row: Sequence[str]) -> ContactStatus:
    statuses = [layout.status]
    for column, cell in layout.cells(row, layout.export.says).items():
        values = layout.export.says[column]
        says = values.get(cell.lower()) or (values.get(ANY_VALUE) if cell else None)
        # an unknown status may mean "no email", so it is a fault
        if says is None:
            known_values = ", ".join(value for value in values if value not in {"", ANY_VALUE})
            what = "{cell!r} is none of {values}: whether to write to them is not known"
            raise layout.cell_error(column, say(what, cell=cell, values=known_values))
        statuses.append(says)
    return max(statuses, key=list(ContactStatus).index)


def _name(layout: Layout, row: Sequence[str]) -> str:
    cells = layout.cells(row, layout.export.names)
    name = normalize("NFC", " ".join(" ".join(cells.values()).split()))
    control = control_in_value(name)
    if control:
        broken = say("holds {control}; take it out", control=control)
        raise layout.cell_error(next(iter(cells)), broken)
    return name


def _read_consent_time(layout: Layout, row: Sequence[str]) -> datetime | None:
    for column, cell in layout.cells(row, layout.export.consent_at).items():
        if cell:
            try:
                return parse_day_or_instant(_ZONE_NAME_PATTERN.sub("", cell))
            except ValueError as error:
                raise layout.cell_error(column, str(error)) from error
    return None
