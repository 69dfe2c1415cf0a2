"""The restore guard, which detects a restored or copied database, and the holds of sending."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from functools import cached_property

from newsletter.domain.wording import Sentence, say


def sending_stop(by: str, at: datetime, why: str) -> Sentence:
    """Return the reason of a stop by a person; ``why`` may be empty."""
    if not why:
        return say("stopped by {by} on {at:%Y-%m-%d %H:%M} UTC", by=by, at=at)
    return say("stopped by {by} ({why}) on {at:%Y-%m-%d %H:%M} UTC", by=by, at=at, why=why)


@dataclass(frozen=True, kw_only=True)
class Mark:
    """The generation of a database, and the number of its claims."""

    generation: str = ""
    """A random name, which each run replaces; empty before the first run."""
    claims: int = 0
    """The number of claims in all generations."""
    former: Mapping[str, int] = field(default_factory=dict, compare=False)
    """Generation that a person ended by releasing a hold → the last ``beat_at`` this covers."""
    beat_at: int = field(default=0, compare=False)
    """The last heartbeat that a synchronous standby has, in milliseconds since 1970."""
    timeline: str = field(default="", compare=False)
    """The PostgreSQL server's timeline when a process last started; a restore begins another."""
    timeline_claims: int = field(default=0, compare=False)
    """``claims`` when the first process started on this timeline."""
    timeline_beat_at: int = field(default=0, compare=False)
    """``beat_at`` when the first process started on this timeline."""


@dataclass(frozen=True, kw_only=True)
class Location:
    """The location of a database. An unknown part is empty and proves nothing."""

    file: int
    """The inode of the database file. Most copies have another one."""
    machine: str = ""
    """An id of the machine that survives a restart."""
    filesystem: str = ""
    """An id of the file system; a copied disk has the same one. On a server, its timeline."""
    boot: str = ""
    """An id of the machine that a restart changes."""
    device: str = ""
    """The number of the disk during one ``boot``. A copied disk has another one."""
    host: str = ""
    """An id of the machine and folder of the guard file, if the database is on a server."""

    def find_move(self, other: "Location") -> str:
        """Return how this location proves another database than the one at ``other``, or ""."""
        # on another machine the numbers of disks and files prove nothing
        if _differ(self.machine, other.machine):
            return say("is on another machine than the one that last sent")
        same_boot = self.boot == other.boot
        if _differ(self.filesystem, other.filesystem) or (
            same_boot and _differ(self.device, other.device)
        ):
            return say("is on another disk, or another replica, than the one that last sent")
        is_same = self.file == other.file
        return "" if is_same else say("is another file than the one that last sent")

    def succeeds(self, other: "Location") -> bool:
        """Return whether this is the same server in a later timeline."""
        same = replace(self, filesystem=other.filesystem, host=other.host) == other
        return same and self.filesystem > other.filesystem


def _differ(one: str, other: str) -> bool:
    return bool(one and other) and one != other


@dataclass(frozen=True, kw_only=True)
class GuardRecord:
    """The guard record, which is stored outside the database."""

    mark: Mark
    location: Location
    before: str
    """The previous generation. The database still has it if the process dies during a change."""


class Absence(Enum):
    """The reason for a missing guard record."""

    MISSING = "missing"
    """The file is missing."""
    UNREADABLE = "unreadable"
    """The file does not contain a record."""


@dataclass(frozen=True, kw_only=True)
class GuardCheck:
    """A database and its guard record, for comparison."""

    mark: Mark
    location: Location
    record: GuardRecord | Absence
    is_used_elsewhere: bool = False
    """A process on another machine uses the database, and its guard record agrees."""

    @cached_property
    def discrepancy(self) -> str:
        """Return why the database may be older than the messages sent from it; "" if it is not."""
        mark, record = self.mark, self.record
        if isinstance(record, Absence):
            # a machine that begins to share the sending has no record yet
            fits = mark == Mark() or self.is_used_elsewhere
            if fits and record is Absence.MISSING:
                return ""
            unread = say("cannot be read (is it yours?)")
            fault = say("is missing") if record is Absence.MISSING else unread
            unsure = (
                "this database knows of {claims:,} claims, and the epoch_file, which could"
                " confirm it, {fault}: perhaps copied or restored"
            )
            return say(unsure, claims=mark.claims, fault=fault)
        has_moved = self.location.succeeds(record.location)
        released_at = mark.former.get(record.mark.generation)
        if released_at is not None:
            # this machine has not been at work on this database since the release
            went_on = say(
                "a machine went on with the server before this replica after the release: what it"
                " sent since is not in this database"
            )
            return went_on if has_moved and record.mark.beat_at > released_at else ""
        claims, beat_at = mark.claims, mark.beat_at
        if has_moved and mark.timeline == self.location.filesystem:
            claims, beat_at = mark.timeline_claims, mark.timeline_beat_at  # others sent since
        if has_moved and record.mark.beat_at > beat_at:
            return say(
                "this replica took over and may lack the last changes: readers who left then, and"
                " what staff stopped; first make sure that the server before it is off"
            )
        if missing := max(record.mark.claims - claims, 0):
            older = (
                "this database knows of {claims:,} claims, and there were {all:,}: what went out"
                " with the last {missing:,} is not in it"
            )
            return say(older, claims=claims, all=claims + missing, missing=missing)
        if mark == Mark() and record.before:
            return ""  # a new database, and nothing was ever claimed from the one before
        if mark.generation not in {record.mark.generation, record.before}:
            other = "this database is not the one that the last run worked on: copied or restored"
            return say(other)
        if has_moved and (
            self.is_used_elsewhere or self.location.host == record.location.host != ""
        ):
            return ""  # a replica with every claim took over; a copied workspace has another host
        move = self.location.find_move(record.location)
        return say("this database {move}: copied, restored or moved", move=move) if move else ""

    @property
    def is_unmarked(self) -> bool:
        """Return whether no claim was ever made, so that a copy cannot be recognised."""
        return self.mark == Mark() and not self.discrepancy

    @property
    def evidence(self) -> str:
        """Return a key of the discrepancy: the same for the same record and location."""
        if isinstance(self.record, Absence):
            return f"{self.record.value} {self.location.machine} {self.location.file}"
        mark = self.record.mark
        return f"{mark.generation} {mark.claims} {self.location.machine} {self.location.file}"

    @property
    def claims(self) -> int:
        """Return the number of claims: the higher one of database and record."""
        if isinstance(self.record, Absence):
            return self.mark.claims
        return max(self.mark.claims, self.record.mark.claims)


class HoldKind(Enum):
    """The reason for a hold on all sending. The value is its key in ``meta``."""

    STOP = "stop"
    """A person stopped all sending."""
    RESTORE_GUARD = "doubt"
    """The database may be older than the last sent message: compare it with the provider first."""


HOLD_ADVICE = {
    HoldKind.STOP: "'newsletter resume-sending --by EMAIL' resumes it",
    HoldKind.RESTORE_GUARD: (
        "compare 'newsletter campaign list' and 'newsletter statement list' with the provider;"
        " cancel what has gone, or revoke it where it has no campaign here; resolve what is"
        " unknown; then 'newsletter db release --by EMAIL'. If you moved the workspace here"
        " yourself, and nothing sends at its old place any more, that command alone is enough"
    ),
}
