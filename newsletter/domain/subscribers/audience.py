"""Subscribers and suppressions, in the database and in files."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from enum import Enum
from hashlib import sha256

from newsletter.domain.subscribers.segment import Segment
from newsletter.domain.wording import say


class SuppressionReason(Enum):
    """Why an address gets no mail."""

    UNSUBSCRIBED = "unsubscribed"
    """The person left everything."""
    BOUNCED = "bounced"
    """The mailbox does not exist."""
    COMPLAINED = "complained"
    """The person reported a message as spam."""
    ERASED = "erased"
    """The person asked to be forgotten."""
    MANUAL = "manual"
    """A member of staff entered it."""

    @property
    def replaces(self) -> "tuple[SuppressionReason, ...]":
        """The reasons that this one replaces, in whatever order they became known.

        A person's own word outranks a fault of the mailbox.
        """
        told = (
            SuppressionReason.BOUNCED,
            SuppressionReason.UNSUBSCRIBED,
            SuppressionReason.COMPLAINED,
        )
        return told[: told.index(self)] if self in told else ()

    @property
    def only_theirs(self) -> bool:
        """Only the person can take it back."""
        return self in {SuppressionReason.COMPLAINED, SuppressionReason.ERASED}


@dataclass(frozen=True, kw_only=True)
class Noted:
    """The staff's notes on a person, each one line. No email contains them."""

    place: str = ""
    """The person's place of home or work."""
    outlet: str = ""
    """The medium or organisation that the person works for."""
    beat: str = ""
    """The subjects that the person reports on."""
    phone: str = ""
    notes: str = ""

    @property
    def noted(self) -> dict[str, str]:
        return {name: getattr(self, name) for name in NOTED}


NOTED = tuple(each.name for each in fields(Noted))


@dataclass(frozen=True, kw_only=True)
class Subscriber(Noted):
    """A person with one address, identified by us."""

    id: int
    address: str
    """As the person wrote it."""
    name: str
    language: str
    timezone: str
    lists: tuple[str, ...]
    """Lists with a confirmed subscription."""
    suppressed: SuppressionReason | None = None
    tags: tuple[str, ...] = ()
    """The staff's notes on the person, in order."""
    paused_until: datetime | None = None
    """The end of a pause: nothing but corrections is sent before."""
    left: tuple[str, ...] = ()
    """Lists that the person has left."""
    requested: tuple[str, ...] = ()
    """Lists that the person wants to join; staff have to decide."""

    @property
    def digest(self) -> str:
        """A hash of all values, so that a change in between is noticed."""
        return sha256(repr(self).encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True, kw_only=True)
class Consent:
    """The place and time of a person's consent."""

    source: str
    at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Entry(Noted):
    """One subscriber as a file names them."""

    address: str
    lists: tuple[str, ...]
    name: str = ""
    language: str = ""
    timezone: str = ""
    consent: Consent | None = None
    tags: tuple[str, ...] = ()
    paused_until: datetime | None = None
    left: tuple[str, ...] = ()
    """Lists that the person left in another tool; no file can subscribe them again."""


@dataclass(frozen=True, kw_only=True)
class SuppressedEntry:
    """One suppression as a file names it."""

    address: str
    reason: SuppressionReason


EXAMPLES = 3
"""The number of people named as examples for each finding about a file."""


@dataclass(frozen=True, kw_only=True)
class SkippedPeople:
    """People who stay away, although a file names them."""

    people: int = 0
    first: tuple[tuple[str, str], ...] = ()
    """Place and address of the first of them, at most ``EXAMPLES``."""

    def plus(self, other: "SkippedPeople") -> "SkippedPeople":
        first = (*self.first, *other.first)[:EXAMPLES]
        return SkippedPeople(people=self.people + other.people, first=first)


@dataclass(frozen=True, kw_only=True)
class ImportResult:
    """The result of an import, of a part of it, or of its rehearsal."""

    new: int = 0
    known: int = 0
    suppressed: int = 0
    """Addresses that were not suppressed before."""
    refused: Mapping[SuppressionReason, SkippedPeople] = field(default_factory=dict)
    """Suppressed people who were not imported, in the order of the file."""
    left: SkippedPeople = field(default_factory=SkippedPeople)
    """People who have left a list that the file names, and stay away from it."""
    changed: int = 0
    """Known people with another name, language, time zone, place, tag or pause."""
    joined: Mapping[str, int] = field(default_factory=dict)
    """List → how many people join it."""
    ended: int = 0
    """Subscriptions that end, because the file says so."""
    created: tuple[str, ...] = ()
    """New lists."""
    number: int = 0
    """The import's number; 0 for a rehearsal."""

    def plus(self, part: "ImportResult") -> "ImportResult":
        """Return the result of one more part of the file."""
        refused, joined = dict(self.refused), Counter(self.joined) + Counter(part.joined)
        for reason, away in part.refused.items():
            refused[reason] = refused.get(reason, SkippedPeople()).plus(away)
        return replace(
            self,
            new=self.new + part.new,
            known=self.known + part.known,
            suppressed=self.suppressed + part.suppressed,
            refused=refused,
            left=self.left.plus(part.left),
            changed=self.changed + part.changed,
            joined=dict(sorted(joined.items())),
            ended=self.ended + part.ended,
        )

    @property
    def skipped(self) -> int:
        """People who stay away from all or some of the lists that the file names."""
        return sum(away.people for away in (*self.refused.values(), self.left))


@dataclass(frozen=True, kw_only=True)
class UploadedFile:
    """A file of subscribers that a member of staff uploaded and did not import yet."""

    by: str
    file: str
    """Its name."""
    lists: tuple[str, ...]
    without: tuple[str, ...]
    """Files that an export of another tool lacks because they were empty."""
    agreed: str
    """How its people agreed, as far as the file does not say it."""
    columns: tuple[str, ...] = ()
    """Our column for each of a table's, as a person chose them."""
    body: bytes


UNDOABLE = timedelta(days=90)
"""The time in which an import can be undone."""


@dataclass(frozen=True, kw_only=True)
class ImportRecord:
    """One import, and whether it was undone."""

    id: int
    at: datetime
    by: str
    file: str
    """The name of the file, without its folder."""
    kind: str
    """The tool that wrote the file."""
    sha256: str
    new: int
    known: int
    changed: int
    joined: int
    """Subscriptions that it began."""
    ended: int
    """Subscriptions that it ended."""
    suppressed: int
    skipped: int
    finished_at: datetime | None = None
    undone_at: datetime | None = None
    undone_by: str = ""


@dataclass(frozen=True, kw_only=True)
class ImportUndoResult:
    """The result of undoing an import."""

    removed: int
    """New people of the import, who were removed."""
    restored: int
    """Known people of the import, who were changed back."""
    ended: int
    """Subscriptions that it began, also of people who stay."""
    acted: int
    later: int
    sent: int
    left: int
    suppressed: int
    """Addresses of the import that stay suppressed."""
    departures: int
    """Subscriptions that the import ended and that stay ended."""

    @property
    def stay(self) -> int:
        """People of the import who stay as they are."""
        return self.acted + self.later + self.sent

    @property
    def reasons(self) -> list[tuple[int, str]]:
        """How many people stay, and why."""
        found = (
            (self.acted, say("they or the staff did something since")),
            (self.later, say("a later import names them")),
            (self.sent, say("something was sent to them since")),
            (self.left, say("on no list, as the file says that they left one")),
        )
        return [(people, why) for people, why in found if people]


@dataclass(frozen=True, kw_only=True)
class Audience:
    """The readers of a statement: those of its lists, of a segment, or of a language."""

    lists: tuple[str, ...]
    segment: Segment | None = None
    """Only those whom it picks."""
    languages: frozenset[str] | None = None
    """As readers named them, "" for readers who named none; None for all languages."""
    original: str = ""
    """The slug of the original, if its readers are divided between languages: a reader whom a
    language other than ``slug`` has, or may have, is not among them."""
    slug: str = ""
    """The slug of this language's statement."""

    @property
    def is_whole(self) -> bool:
        """Return whether it is everybody on the lists who may get email."""
        return self == Audience(lists=self.lists)


@dataclass(frozen=True, kw_only=True)
class Trace:
    """One place that quotes an address."""

    kind: str
    key: tuple[str | int, ...]
