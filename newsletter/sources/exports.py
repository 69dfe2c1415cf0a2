"""What other tools call the columns of their exports: a table for each tool.

The names are those of the tools' own files, in small letters. Whatever a table does not name is
ignored.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from newsletter.domain.audience import SuppressionReason


class Standing(Enum):
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


RANK = {standing: rank for rank, standing in enumerate(Standing)}

REASONS: Mapping[Standing, SuppressionReason] = {
    Standing.BLOCKED: SuppressionReason.MANUAL,
    Standing.BOUNCED: SuppressionReason.BOUNCED,
    Standing.LEFT: SuppressionReason.UNSUBSCRIBED,
    Standing.COMPLAINED: SuppressionReason.COMPLAINED,
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
    STANDING = "standing"


FILLED = "*"
"""Stands for every value that is not named itself, but not for an empty cell."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of an export. ``says`` maps its values, in small letters, to a standing."""

    name: str
    meaning: Meaning
    says: Mapping[str, Standing] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ExportFormat:
    """The export of one tool."""

    name: str
    columns: tuple[Column, ...]
    marks: frozenset[str]
    """Columns that no other tool writes together: by them it is known."""
    needs: frozenset[str]
    """Columns without which nobody could be imported safely."""
    by_file: Mapping[str, Standing] = field(default_factory=dict)
    """How the name of a file begins, and where everybody in it stands."""
    must: tuple[str, ...] = ()
    """How the names of files begin without which a ZIP would bring back who had left there."""
    proves_consent: bool = False
    """Whether somebody without a time of consent never confirmed."""
    caution: str = ""
    """What the export does not tell, in a sentence."""


def _is(meaning: Meaning, *names: str) -> tuple[Column, ...]:
    return tuple(Column(name=name, meaning=meaning) for name in names)


def _says(column: str, says: Mapping[str, Standing]) -> Column:
    return Column(name=column, meaning=Meaning.STANDING, says=says)


def _each(standing: Standing, *values: str) -> dict[str, Standing]:
    return dict.fromkeys(values, standing)


_MAILCHIMP = ExportFormat(
    name="mailchimp",
    columns=(
        *_is(Meaning.ADDRESS, "email address"),
        *_is(Meaning.NAME, "first name", "last name"),
        *_is(Meaning.TIMEZONE, "timezone"),
        *_is(Meaning.CONSENT_AT, "confirm_time", "optin_time"),
        *_is(Meaning.GROUPS, "tags"),
        # The column alone tells which of the files it is, whatever its cell holds.
        _says("unsub_time", _each(Standing.LEFT, "", FILLED)),
        _says(
            "unsub_reason",
            _each(Standing.LEFT, "", FILLED) | _each(Standing.COMPLAINED, "abuse", "spam"),
        ),
        _says("clean_time", _each(Standing.BOUNCED, "", FILLED)),
    ),
    marks=frozenset({"email address", "optin_time", "confirm_time"}),
    needs=frozenset({"email address", "optin_time"}),
    by_file={
        "unsubscribed": Standing.LEFT,
        "cleaned": Standing.BOUNCED,
        "nonsubscribed": Standing.UNCONFIRMED,
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
                "enabled": Standing.SUBSCRIBED,
                "disabled": Standing.BLOCKED,
                "blocklisted": Standing.LEFT,
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
        _says("email_disabled", {"true": Standing.LEFT, "false": Standing.SUBSCRIBED}),
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
        _says("subscribed_to_emails", {"true": Standing.SUBSCRIBED, "false": Standing.LEFT}),
        _says("deleted_at", {"": Standing.SUBSCRIBED, FILLED: Standing.LEFT}),
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
            _each(Standing.SUBSCRIBED, "regular", "premium", "gifted", "trialed", "unpaid")
            | _each(Standing.SUBSCRIBED, "churning", "churned", "paused", "past_due")
            | _each(Standing.UNCONFIRMED, "unactivated")
            | _each(Standing.BLOCKED, "removed", "spammy", "blocked", "disabled")
            | _each(Standing.BOUNCED, "undeliverable")
            | _each(Standing.LEFT, "unsubscribed")
            | _each(Standing.COMPLAINED, "complained"),
        ),
        _says("unsubscription_date", {"": Standing.SUBSCRIBED, FILLED: Standing.LEFT}),
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
                "active": Standing.SUBSCRIBED,
                "unsubscribed": Standing.LEFT,
                "unreachable": Standing.BOUNCED,
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
