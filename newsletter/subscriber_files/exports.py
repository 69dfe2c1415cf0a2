"""What other tools call the columns of their exports: a table for each tool.

The names are those of the tools' own files, in small letters. Whatever a table does not name is
ignored.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from functools import lru_cache

from newsletter.domain.subscribers.audience import (
    Consent,
    Entry,
    SuppressedEntry,
    SuppressionReason,
    parse_address,
)
from newsletter.formats.text import control_in_value
from newsletter.formats.times import read_instant, zone_objection


class ContactStatus(Enum):
    """Where a person of an export stands. Of several, the one furthest down here counts."""

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


RANK = {status: rank for rank, status in enumerate(ContactStatus)}

REASONS: Mapping[ContactStatus, SuppressionReason] = {
    ContactStatus.BLOCKED: SuppressionReason.MANUAL,
    ContactStatus.BOUNCED: SuppressionReason.BOUNCED,
    ContactStatus.LEFT: SuppressionReason.UNSUBSCRIBED,
    ContactStatus.COMPLAINED: SuppressionReason.COMPLAINED,
}
"""Who stands so is never to be written to from here either."""


class Meaning(Enum):
    """What a column says of a person."""

    ADDRESS = "address"
    NAME = "name"
    """A name or a part of it; several are joined in the order of the table."""
    TIMEZONE = "timezone"
    CONSENT_AT = "consent_at"
    """When the person said yes; of several, the first in the table that is filled."""
    GROUPS = "groups"
    """Tags or labels of the other tool: counted, not taken over."""
    STATUS = "standing"


FILLED = "*"
"""Stands for every value that is not named itself, but not for an empty cell."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of an export. ``says`` maps its values, in small letters, to a standing."""

    name: str
    meaning: Meaning
    says: Mapping[str, ContactStatus] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ExportFormat:
    """The export of one tool."""

    name: str
    columns: tuple[Column, ...]
    marks: frozenset[str]
    """Columns that no other tool writes together: by them it is known."""
    needs: frozenset[str]
    """Columns without which nobody could be imported safely."""
    by_file: Mapping[str, ContactStatus] = field(default_factory=dict)
    """How the name of a file begins, and where everybody in it stands."""
    must: tuple[str, ...] = ()
    """How the names of files begin without which a ZIP would bring back who had left there."""
    proves_consent: bool = False
    """Whether somebody without a time of consent never confirmed."""
    caution: str = ""
    """What the export does not tell, in a sentence."""


def _is(meaning: Meaning, *names: str) -> tuple[Column, ...]:
    return tuple(Column(name=name, meaning=meaning) for name in names)


def _says(column: str, says: Mapping[str, ContactStatus]) -> Column:
    return Column(name=column, meaning=Meaning.STATUS, says=says)


def _each(status: ContactStatus, *values: str) -> dict[str, ContactStatus]:
    return dict.fromkeys(values, status)


_MAILCHIMP = ExportFormat(
    name="mailchimp",
    columns=(
        *_is(Meaning.ADDRESS, "email address"),
        *_is(Meaning.NAME, "first name", "last name"),
        *_is(Meaning.TIMEZONE, "timezone"),
        *_is(Meaning.CONSENT_AT, "confirm_time", "optin_time"),
        *_is(Meaning.GROUPS, "tags"),
        # The column alone tells which of the files it is, whatever its cell holds.
        _says("unsub_time", _each(ContactStatus.LEFT, "", FILLED)),
        _says(
            "unsub_reason",
            _each(ContactStatus.LEFT, "", FILLED)
            | _each(ContactStatus.COMPLAINED, "abuse", "spam"),
        ),
        _says("clean_time", _each(ContactStatus.BOUNCED, "", FILLED)),
    ),
    marks=frozenset({"email address", "optin_time", "confirm_time"}),
    needs=frozenset({"email address", "optin_time"}),
    by_file={
        "unsubscribed": ContactStatus.LEFT,
        "cleaned": ContactStatus.BOUNCED,
        "nonsubscribed": ContactStatus.UNCONFIRMED,
    },
    must=("unsubscribed", "cleaned"),
    proves_consent=True,
)
_LISTMONK = ExportFormat(
    name="listmonk",
    columns=(
        *_is(Meaning.ADDRESS, "email"),
        *_is(Meaning.NAME, "name"),
        *_is(Meaning.CONSENT_AT, "created_at"),
        _says(
            "status",
            {
                "enabled": ContactStatus.SUBSCRIBED,
                "disabled": ContactStatus.BLOCKED,
                "blocklisted": ContactStatus.LEFT,
            },
        ),
    ),
    marks=frozenset({"email", "status", "uuid"}),
    needs=frozenset({"email", "status"}),
    caution=(
        "listmonk does not export who left a single list or never confirmed it: import only an "
        "export of people who stand confirmed in the list you mean"
    ),
)
_SUBSTACK = ExportFormat(
    name="substack",
    columns=(
        *_is(Meaning.ADDRESS, "email"),
        *_is(Meaning.CONSENT_AT, "created_at"),
        _says("email_disabled", {"true": ContactStatus.LEFT, "false": ContactStatus.SUBSCRIBED}),
    ),
    marks=frozenset({"email", "email_disabled"}),
    needs=frozenset({"email", "email_disabled"}),
)
_GHOST = ExportFormat(
    name="ghost",
    columns=(
        *_is(Meaning.ADDRESS, "email"),
        *_is(Meaning.NAME, "name"),
        *_is(Meaning.CONSENT_AT, "created_at"),
        *_is(Meaning.GROUPS, "labels"),
        _says(
            "subscribed_to_emails", {"true": ContactStatus.SUBSCRIBED, "false": ContactStatus.LEFT}
        ),
        _says("deleted_at", {"": ContactStatus.SUBSCRIBED, FILLED: ContactStatus.LEFT}),
    ),
    marks=frozenset({"email", "subscribed_to_emails"}),
    needs=frozenset({"email", "subscribed_to_emails"}),
)
_BUTTONDOWN = ExportFormat(
    name="buttondown",
    columns=(
        *_is(Meaning.ADDRESS, "email"),
        *_is(Meaning.CONSENT_AT, "subscription_date", "creation_date"),
        *_is(Meaning.GROUPS, "tags"),
        _says(
            "subscriber_type",
            _each(ContactStatus.SUBSCRIBED, "regular", "premium", "gifted", "trialed", "unpaid")
            | _each(ContactStatus.SUBSCRIBED, "churning", "churned", "paused", "past_due")
            | _each(ContactStatus.UNCONFIRMED, "unactivated")
            | _each(ContactStatus.BLOCKED, "removed", "spammy", "blocked", "disabled")
            | _each(ContactStatus.BOUNCED, "undeliverable")
            | _each(ContactStatus.LEFT, "unsubscribed")
            | _each(ContactStatus.COMPLAINED, "complained"),
        ),
        _says("unsubscription_date", {"": ContactStatus.SUBSCRIBED, FILLED: ContactStatus.LEFT}),
    ),
    marks=frozenset({"email", "subscriber_type"}),
    needs=frozenset({"email", "subscriber_type"}),
)
_KEILA = ExportFormat(
    name="keila",
    columns=(
        *_is(Meaning.ADDRESS, "email"),
        *_is(Meaning.NAME, "first name", "last name"),
        _says(
            "status",
            {
                "active": ContactStatus.SUBSCRIBED,
                "unsubscribed": ContactStatus.LEFT,
                "unreachable": ContactStatus.BOUNCED,
            },
        ),
    ),
    marks=frozenset({"email", "status", "external id"}),
    needs=frozenset({"email", "status"}),
)

FORMATS: Mapping[str, ExportFormat] = {
    known.name: known for known in (_MAILCHIMP, _LISTMONK, _SUBSTACK, _GHOST, _BUTTONDOWN, _KEILA)
}
COLUMN_NAMES = frozenset(column.name for known in FORMATS.values() for column in known.columns)


def marked(header: Iterable[str]) -> tuple[ExportFormat, ...]:
    """The formats whose marks all stand in a header of small letters."""
    columns = frozenset(header)
    return tuple(known for known in FORMATS.values() if known.marks <= columns)


def possible(header: Iterable[str]) -> tuple[ExportFormat, ...]:
    """The formats that a header of small letters would do for, if a person says so."""
    columns = frozenset(header)
    return tuple(known for known in FORMATS.values() if known.needs <= columns)


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
    status: ContactStatus
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
        status=_by_file(known, file),
        aside=tuple(
            name.strip() or f"column {number}, which has no name"
            for number, name in enumerate(header, start=1)
            if names[number - 1] not in wanted
        ),
    )


def _by_file(known: ExportFormat, file: str) -> ContactStatus:
    found = (status for begin, status in known.by_file.items() if file.lower().startswith(begin))
    return next(found, ContactStatus.SUBSCRIBED)


def person(
    at: Layout, row: Sequence[str], *, source: str, lists: tuple[str, ...]
) -> Entry | SuppressedEntry | Skip:
    """What a row says, with consent from ``source`` and for ``lists``. Raises Unusable."""
    if len(row) != len(at.header):
        what = f"has {len(row)} fields, and the first row {len(at.header)}"
        raise Unusable("", f"{what}; look for a delimiter or a quote too many or too few")
    status = _status(at, row)
    if status in REASONS:
        try:
            address = _address(at, row)
        except Unusable:
            # Lists of bounces are full of what never was an address; none can be written to.
            return Skip.UNREACHABLE
        return SuppressedEntry(address=address, reason=REASONS[status])
    address = _address(at, row)
    consented_at = _consent_at(at, row)
    if status is ContactStatus.UNCONFIRMED or (at.known.proves_consent and consented_at is None):
        return Skip.UNCONFIRMED
    return Entry(
        address=address,
        name=_name(at, row),
        lists=lists,
        timezone=_timezone(at, row),
        consent=Consent(source=source, at=consented_at),
    )


def groups(at: Layout, row: Sequence[str]) -> bool:
    """Whether a row names tags or labels of the other tool."""
    return any(at.cells(row, Meaning.GROUPS))


def _status(at: Layout, row: Sequence[str]) -> ContactStatus:
    found = [at.status]
    for place, column in at.places[Meaning.STATUS]:
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
