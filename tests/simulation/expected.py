"""The oracle's knowledge: the scenario of each database, and events that no restore resets.

None of it is read from a database.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import Enum

from newsletter.domain.statements.content import Content
from tests.simulation.cast import Person, Setting, Version, written
from tests.simulation.service import Mail


class Rule(Enum):
    """A promise that was broken; docs/simulation.md describes each."""

    TWICE = "twice"
    LATE = "late"
    LOST = "lost"
    UNLISTED = "unlisted"
    DROPPED = "dropped"
    STRANGER = "stranger"
    FIGURES = "figures"
    STUCK = "stuck"
    UNAPPROVED = "unapproved"
    WRONG = "wrong"
    UNCORRECTED = "uncorrected"
    HASTY = "hasty"
    FOREIGN = "foreign"
    INTRUDER = "intruder"
    PUBLISHED = "published"
    UNPROVED = "unproved"
    UNDONE = "undone"
    FAULT = "fault"


class Violation(BaseException):
    """A broken rule. It is no Exception, so no part of newsletter catches it."""

    def __init__(self, rule: Rule, words: str) -> None:
        super().__init__(f"{rule.value}: {words}")
        self.rule = rule


@dataclass(frozen=True, kw_only=True)
class Bar:
    """The moment from which on a reader, an address, a campaign or everybody gets nothing."""

    commit: int
    at: datetime


Words = tuple[str, str, str]
"""Subject, text and HTML, with merge fields."""


def words_of(content: Content) -> Words:
    """Return the words that an approver reads."""
    return content.subject, content.text, content.html


@dataclass(frozen=True, kw_only=True)
class Approved:
    """An approval of the words that a person saw."""

    slug: str
    by: str
    words: Words
    override: bool = False
    waives: bool = False
    """The person waives the embargo that the text mentions."""
    not_before: datetime | None = None
    """The time that the person saw."""
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Started:
    """A sender's start of the words that they saw, after these approvals."""

    words: Words
    at: datetime
    approvals: tuple[Approved, ...]


@dataclass(kw_only=True)
class Expected:
    """The expected state of one database. A copy of the database gets a copy of it."""

    setting: Setting
    people: dict[int, Person]
    texts: dict[tuple[str, int], Version]
    """All versions that were ever written. All copies share them."""
    known: dict[str, Version]
    """The versions that the program read last."""
    submitted: dict[str, Version] = field(default_factory=dict)
    """The version of each text of the desk that others look at."""
    approvals: list[Approved] = field(default_factory=list)
    starts: dict[str, Started] = field(default_factory=dict)
    """By slug."""
    schedules: dict[str, datetime | None] = field(default_factory=dict)
    """The time that staff set, by slug."""
    objections: dict[int, dict[Words, str]] = field(default_factory=dict)
    """By campaign, at its start: the reason why approved words must not be sent, or ""."""
    audiences: dict[int, frozenset[int]] = field(default_factory=dict)
    """The frozen audience by campaign, which was compared with ``people`` then."""
    slugs: dict[int, str] = field(default_factory=dict)
    bars: dict[tuple[str, int], Bar] = field(default_factory=dict)
    """The end of campaigns, and of all sending."""
    ended: set[int] = field(default_factory=set)
    """Campaigns that a person stopped at any time."""
    dead: dict[str, Bar] = field(default_factory=dict)
    """Addresses that bounced or complained."""
    firm: frozenset[int] = frozenset()
    """Readers who could not be reached when the correction began."""
    put_back: bool = False
    """The database is older than the last message."""
    imports: list[tuple[int, int, int, int]] = field(default_factory=list)
    """Each import, with its new and its known person, by number, and its commit."""
    former: set[str] = field(default_factory=set)
    """Former members of staff, by name."""
    withdrawn: set[str] = field(default_factory=set)
    """Statements that staff withdrew from the archive."""
    counted: dict[str, int | None] = field(default_factory=dict)
    """The readers for whom a sender started a statement, by slug, if that was certain."""
    listed: frozenset[int] = frozenset()
    """Readers who were on the lists when the correction began."""
    corrected: int = 0
    """The commit that began it."""
    latest: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    """The latest time of a commit by the machine's clock: pauses until then may be over."""
    log: tuple[int, str] = (0, "")
    """The last line of the audit log that was seen, and its digest."""
    heard: set[str] = field(default_factory=set)
    """The events that counted, by id: a copy of one changes nothing."""
    posted: set[int] = field(default_factory=set)
    """The posts that a channel took."""
    gone: frozenset[str] = frozenset()
    """Statements of which a person then found messages that the database does not know."""

    def take_back(self, slug: str, by: str | None) -> None:
        """Revoke the approvals of a person, or all."""
        self.approvals = [
            one for one in self.approvals if one.slug != slug or by not in {None, one.by}
        ]

    def is_paused(self, person: Person) -> bool:
        """Return whether the reader's pause cannot be over yet."""
        return person.pauses_until is not None and person.pauses_until > self.latest

    def not_before(self, slug: str, clock: datetime) -> datetime | None:
        """Return the time before which a statement is not sent; None if it has passed."""
        ends = [part.embargo_until for part in embargoed(slug, self)]
        times = [at for at in (self.schedules.get(slug), *ends) if at is not None and at > clock]
        return max(times, default=None)

    def copy(self) -> "Expected":
        return replace(
            self,
            people={number: person.copy() for number, person in self.people.items()},
            submitted={**self.submitted},
            approvals=[*self.approvals],
            starts={**self.starts},
            schedules={**self.schedules},
            objections={**self.objections},
            audiences={**self.audiences},
            imports=[*self.imports],
            former={*self.former},
            withdrawn={*self.withdrawn},
            heard={*self.heard},
            posted={*self.posted},
            counted={**self.counted},
            slugs={**self.slugs},
            bars={**self.bars},
            ended={*self.ended},
            dead={**self.dead},
        )


@dataclass(kw_only=True)
class Excuses:
    """Decisions for which a person answers."""

    again: dict[tuple[str, int], int] = field(default_factory=dict)
    """(slug, reader) whom the provider had, although a person resolved that it had not: how many
    messages there may be."""
    resent: set[tuple[str, int]] = field(default_factory=set)
    """All that were ever in ``again``: an event ends that excuse, and corrects no figure."""
    vouched: set[tuple[str, int]] = field(default_factory=set)
    """(slug, reader) whom a person resolved as accepted."""
    given_up: set[tuple[str, int]] = field(default_factory=set)
    anew: set[tuple[str, int]] = field(default_factory=set)
    """(slug, reader) who had it when a person approved it again after a restore."""
    told: set[tuple[str, int]] = field(default_factory=set)
    """(slug, reader) whom a person found at the provider after a restore."""


@dataclass(kw_only=True)
class Truth:
    """The events that no restore resets."""

    owners: dict[str, int] = field(default_factory=dict)
    """Address → the reader who has or had it."""
    attempts: dict[str, int] = field(default_factory=dict)
    """Attempt → the commit of its first claim."""
    journal: list[Mail] = field(default_factory=list)
    refused: set[int] = field(default_factory=set)
    """Readers whom a provider rejected."""
    reports: int = 0
    """How often a report was mailed."""
    excuses: Excuses = field(default_factory=Excuses)


def parts_of(slug: str, expected: Expected) -> Iterator[Version]:
    """Yield the current versions in a statement; none for a digest email, which quotes others."""
    if slug in expected.known:
        yield expected.known[slug]
    if slug in expected.submitted:
        yield expected.submitted[slug]
    for version in expected.known.values():
        if expected.setting.together and written(version.slug).translation_of == slug:
            yield version


def embargoed(slug: str, expected: Expected) -> Iterator[Version]:
    """Yield the versions whose embargo holds a statement: of a correction also its original."""
    yield from parts_of(slug, expected)
    original = written(slug).corrects
    if original in expected.known and original not in expected.slugs.values():
        yield replace(expected.known[original], embargo="")
