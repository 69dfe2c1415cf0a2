"""Subscribers, their suppressions and entries in files; imports; audiences."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from enum import Enum
from hashlib import sha256

from newsletter.domain.subscribers.segment import Segment
from newsletter.domain.wording import say


class SuppressionReason(Enum):
    """The reason for sending nothing to an address."""

    UNSUBSCRIBED = "unsubscribed"
    """The person unsubscribed from everything."""
    BOUNCED = "bounced"
    """The mailbox does not exist."""
    COMPLAINED = "complained"
    """The person reported a message as spam."""
    ERASED = "erased"
    """The person's data were erased, and no file may add the address again."""
    MANUAL = "manual"
    """A member of staff entered the suppression."""

    @property
    def replaces(self) -> "tuple[SuppressionReason, ...]":
        """Return the reasons that this one replaces in the database."""
        unsubscribed, complained = SuppressionReason.UNSUBSCRIBED, SuppressionReason.COMPLAINED
        lighter = {
            unsubscribed: (SuppressionReason.BOUNCED,),
            # staff cannot lift a complaint, also if they had suppressed the address before it
            complained: (SuppressionReason.BOUNCED, unsubscribed, SuppressionReason.MANUAL),
        }
        return lighter.get(self, ())

    @property
    def only_theirs(self) -> bool:
        """Return whether only the person themselves can end the suppression."""
        return self in {SuppressionReason.COMPLAINED, SuppressionReason.ERASED}


@dataclass(frozen=True, kw_only=True)
class StaffNotes:
    """The staff's notes about a person, each one line. No email contains them."""

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
        return {name: getattr(self, name) for name in NOTED_FIELDS}


NOTED_FIELDS = tuple(each.name for each in fields(StaffNotes))


@dataclass(frozen=True, kw_only=True)
class Subscriber(StaffNotes):
    """A person with one address, identified by an id."""

    id: int
    address: str
    """The address as the person wrote it."""
    name: str
    language: str
    timezone: str
    lists: tuple[str, ...]
    """Lists with a confirmed subscription."""
    suppressed: SuppressionReason | None = None
    tags: tuple[str, ...] = ()
    """The staff's labels for the person, in order."""
    paused_until: datetime | None = None
    """The end of a pause, before which only corrections are sent."""
    left: tuple[str, ...] = ()
    """Lists from which the person unsubscribed."""
    requested: tuple[str, ...] = ()
    """Lists that the person has requested to join, which staff decide."""

    @property
    def values_hash(self) -> str:
        """Return a hash of all values, by which a form notices a change."""
        return sha256(repr(self).encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True, kw_only=True)
class Consent:
    """The place and time of a person's agreement."""

    source: str
    at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Entry(StaffNotes):
    """A subscriber in a file."""

    address: str
    lists: tuple[str, ...]
    name: str = ""
    language: str = ""
    timezone: str = ""
    consent: Consent | None = None
    tags: tuple[str, ...] = ()
    paused_until: datetime | None = None
    left: tuple[str, ...] = ()
    """Lists that the person left in another tool. No import subscribes them to these again."""
    remove_tags: tuple[str, ...] = ()
    """Tags that the person loses."""


@dataclass(frozen=True, kw_only=True)
class SuppressedEntry:
    """A suppression in a file."""

    address: str
    reason: SuppressionReason


MAX_EXAMPLES = 3
"""The maximum number of people named as examples for each finding about a file."""


@dataclass(frozen=True, kw_only=True)
class SkippedPeople:
    """People in a file who are not subscribed to some of its lists."""

    people: int = 0
    first: tuple[tuple[str, str], ...] = ()
    """The position in the file and the address of the first people, at most ``MAX_EXAMPLES``."""

    def plus(self, other: "SkippedPeople") -> "SkippedPeople":
        first = (*self.first, *other.first)[:MAX_EXAMPLES]
        return SkippedPeople(people=self.people + other.people, first=first)


@dataclass(frozen=True, kw_only=True)
class ImportResult:
    """The result of an import, of a part of one, or of a dry run."""

    new: int = 0
    known: int = 0
    suppressed: int = 0
    """The number of addresses that were not suppressed before."""
    refused: Mapping[SuppressionReason, SkippedPeople] = field(default_factory=dict)
    """Suppressed people who were not imported, by reason, in the order of the file."""
    left: SkippedPeople = field(default_factory=SkippedPeople)
    """People who unsubscribed from a list that the file names, and stay unsubscribed."""
    changed: int = 0
    """The number of known people whose data change: name, language, zone, notes, tags, pause."""
    joined: Mapping[str, int] = field(default_factory=dict)
    """List → number of people who join the list."""
    ended: int = 0
    """The number of subscriptions that the file ends."""
    created: tuple[str, ...] = ()
    """The names of new lists."""
    number: int = 0
    """The id of the import; 0 for a dry run."""

    def plus(self, part: "ImportResult") -> "ImportResult":
        """Return the sum of two results of parts of a file."""
        refused, joined = dict(self.refused), Counter(self.joined) + Counter(part.joined)
        for reason, group in part.refused.items():
            refused[reason] = refused.get(reason, SkippedPeople()).plus(group)
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
        """Return the number of people whom the import does not subscribe to a list of the file."""
        return sum(group.people for group in (*self.refused.values(), self.left))


@dataclass(frozen=True, kw_only=True)
class UploadedFile:
    """A file of subscribers that a member of staff uploaded and has not imported yet."""

    by: str
    file: str
    lists: tuple[str, ...]
    without: tuple[str, ...]
    """Files that the export of another tool omits because they would be empty."""
    agreed: str
    """The source of consent to record for people without one in the file."""
    columns: tuple[str, ...] = ()
    """The chosen subscriber column for each column of a table."""
    omits_bad_rows: bool = False
    """Whether a table is imported without its bad rows, which the person has seen."""
    body: bytes


UNDO_PERIOD = timedelta(days=90)
"""How long an import can be undone."""


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
    """The number of subscriptions that the import began."""
    ended: int
    """The number of subscriptions that the import ended."""
    suppressed: int
    skipped: int
    finished_at: datetime | None = None
    undone_at: datetime | None = None
    undone_by: str = ""


@dataclass(frozen=True, kw_only=True)
class ImportUndoResult:
    """The result of undoing an import."""

    removed: int
    """The number of new people, who were removed."""
    restored: int
    """The number of known people, who were changed back."""
    ended: int
    """The number of subscriptions from the import that were ended, also of people who stay."""
    acted: int
    """People who stay, as they or staff changed something since."""
    later: int
    """People who stay, as a later import names them."""
    sent: int
    """People who stay, as an email was sent to them since."""
    left: int
    """People who stay on no list, as the file says that they left one."""
    suppressed: int
    """The number of addresses from the import that stay suppressed."""
    departures: int
    """The number of subscriptions that the import ended and that stay ended."""

    @property
    def stay(self) -> int:
        return self.acted + self.later + self.sent

    @property
    def reasons(self) -> list[tuple[int, str]]:
        """Return the number of people who stay, by reason."""
        reasons = (
            (self.acted, say("they or the staff did something since")),
            (self.later, say("a later import names them")),
            (self.sent, say("something was sent to them since")),
            (self.left, say("on no list, as the file says that they left one")),
        )
        return [(people, why) for people, why in reasons if people]


@dataclass(frozen=True, kw_only=True)
class Audience:
    """The subscribers of some lists who get a statement."""

    lists: tuple[str, ...]
    segment: Segment | None = None
    """Only subscribers whom the segment picks."""
    languages: frozenset[str] | None = None
    """Only subscribers with one of these languages ("" is none); None for all."""
    original: str = ""
    """For a translation or its original: the slug of the original.

    Subscribers who get another language of it are excluded.
    """
    slug: str = ""
    """The slug of the statement; empty without translations."""

    @property
    def is_whole(self) -> bool:
        """Return whether it is all subscribers of the lists."""
        return self == Audience(lists=self.lists)
