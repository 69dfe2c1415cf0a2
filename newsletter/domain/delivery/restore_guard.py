"""Whether a database is the one that last sent; and who stopped all sending."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum

_KEPT = re.compile(
    r"stopped by (?P<by>\S+)(?: \((?P<why>.*)\))? on (?P<at>\d{4}-\d\d-\d\d \d\d:\d\d) UTC"
)


@dataclass(frozen=True, kw_only=True)
class Stopped:
    """A person stopped all sending."""

    by: str
    """A folded address, or the operator."""
    at: datetime
    why: str
    """Empty where no reason was given."""

    def __str__(self) -> str:
        """As it is kept, and as logs and commands show it."""
        why = f" ({self.why})" if self.why else ""
        return f"stopped by {self.by}{why} on {self.at:%Y-%m-%d %H:%M} UTC"


def read_stopped(kept: str) -> Stopped | None:
    """What such a line says; None for a hold of another kind."""
    found = _KEPT.fullmatch(kept)
    if found is None:
        return None
    at = datetime.strptime(found["at"], "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
    return Stopped(by=found["by"], at=at, why=found["why"] or "")


@dataclass(frozen=True, kw_only=True)
class Mark:
    """How far sending has come, and in which generation."""

    generation: str = ""
    """A name that each run renews; empty before the first."""
    claims: int = 0
    """How many claims there ever were."""


@dataclass(frozen=True, kw_only=True)
class Location:
    """Where the file of a database lies. What is not known is empty, and speaks against nothing."""

    file: int
    """Its number in the file system (the inode): most copies have another one."""
    machine: str = ""
    """A name of the machine that it keeps when it starts anew."""
    filesystem: str = ""
    """A name of the file system. A copy of a whole disk has the same."""
    boot: str = ""
    """A name that the machine has until it starts anew."""
    device: str = ""
    """The number of the disk, which holds for one ``boot``: two copies of a disk have two."""

    def moved_from(self, other: "Location") -> str:
        """What speaks against these being one file, in words; empty where nothing does."""
        # the widest first: on another machine the numbers of disks and files say nothing
        if _differ(self.machine, other.machine):
            return "lies on another machine than the one that last sent"
        same_boot = self.boot == other.boot
        if _differ(self.filesystem, other.filesystem) or (
            same_boot and _differ(self.device, other.device)
        ):
            return "lies on another disk than the one that last sent"
        return "is another file than the one that last sent" if self.file != other.file else ""


def _differ(one: str, other: str) -> bool:
    return bool(one and other) and one != other


@dataclass(frozen=True, kw_only=True)
class GuardRecord:
    """What is known outside the database."""

    mark: Mark
    location: Location
    """Where the database's file lies: a copy lies somewhere else."""
    before: str
    """The generation that the database may still be in, should the process die while it begins."""


class Absence(Enum):
    """Why there is no guard record."""

    MISSING = "missing"
    """Nothing lies where it should be."""
    UNREADABLE = "unreadable"
    """What lies there is not what was written."""


class Discrepancy(Enum):
    """Why a database may be older than what went out from it."""

    BEHIND = "behind"
    """More claims were handed out than it knows of."""
    COPIED = "copied"
    """It lies in another file, on another disk or machine than the one that last sent."""
    FOREIGN = "foreign"
    """It is in another generation: a copy that went its own way, or another database."""
    UNCONFIRMED = "unconfirmed"
    """It has sent, or may have, and nothing outside it says how much."""


@dataclass(frozen=True, kw_only=True)
class Books:
    """A database beside its guard record."""

    mark: Mark
    location: Location
    record: GuardRecord | Absence
    discrepancy: Discrepancy | None = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "discrepancy", _discrepancy(self.mark, self.location, self.record))

    @property
    def unmarked(self) -> bool:
        """Nothing was ever claimed from it, and no copy of it could be told from it yet."""
        return self.mark == Mark() and self.discrepancy is None

    @property
    def evidence(self) -> str:
        """What the doubt rests on, in a word: another one is another doubt."""
        if isinstance(self.record, Absence):
            return f"{self.record.value} {self.location.machine} {self.location.file}"
        mark = self.record.mark
        return f"{mark.generation} {mark.claims} {self.location.machine} {self.location.file}"

    @property
    def claims(self) -> int:
        """How many claims there were, as whoever knows of the most says."""
        if isinstance(self.record, Absence):
            return self.mark.claims
        return max(self.mark.claims, self.record.mark.claims)

    @property
    def explanation(self) -> str:
        """The doubt in words; empty where there is none."""
        return "" if self.discrepancy is None else self._words(self.discrepancy)

    @property
    def _moved(self) -> str:
        return (
            ""
            if isinstance(self.record, Absence)
            else self.location.moved_from(self.record.location)
        )

    def _words(self, discrepancy: Discrepancy) -> str:
        if discrepancy is Discrepancy.COPIED:
            return f"this database {self._moved}: copied, restored or moved"
        if discrepancy is Discrepancy.FOREIGN:
            return "this database is not the one that the last run worked on: copied or restored"
        if discrepancy is Discrepancy.BEHIND:
            missing = self.claims - self.mark.claims
            return (
                f"this database knows of {self.mark.claims:,} claims, and there were"
                f" {self.claims:,}: what went out with the last {missing:,} is not in it"
            )
        what = "cannot be read (is it yours?)"
        if self.record is Absence.MISSING:
            what = "is missing"
        return (
            f"this database knows of {self.mark.claims:,} claims, and the epoch_file, which could"
            f" confirm it, {what}: copied or restored?"
        )


def _discrepancy(
    mark: Mark, location: Location, record: GuardRecord | Absence
) -> Discrepancy | None:
    if record is Absence.UNREADABLE:
        return Discrepancy.UNCONFIRMED
    if isinstance(record, Absence):
        return Discrepancy.UNCONFIRMED if mark != Mark() else None
    # first: the next question takes a database for new only where no claim is missing from it
    if record.mark.claims > mark.claims:
        return Discrepancy.BEHIND
    if mark == Mark() and record.before:
        return None  # a new database in the place of one from which nothing was ever claimed
    if mark.generation not in {record.mark.generation, record.before}:
        return Discrepancy.FOREIGN
    return Discrepancy.COPIED if location.moved_from(record.location) else None


class HoldKind(Enum):
    """Why a whole workspace is on hold."""

    STOP = "stop"
    """A person stopped everything; what stands in the books is right."""
    RESTORE_GUARD = "doubt"
    """The database may be older than what went out, so the books have to be compared first."""
