"""Whether a database is the one that last sent: decided from what lies outside it.

A database that was copied or put back is older than what went out, and does not know it. So each
claim is counted in it and outside it, and each run begins a new epoch in both places. A witness
that is behind the database is no alarm: a process may die between the two.
"""

from dataclasses import dataclass, field
from enum import Enum


@dataclass(frozen=True, kw_only=True)
class Mark:
    """How far sending has come, and in which epoch."""

    epoch: str = ""
    """A name that each run renews; empty before the first."""
    claims: int = 0
    """How many claims there ever were."""


@dataclass(frozen=True, kw_only=True)
class Witness:
    """What is known outside the database."""

    mark: Mark
    file: int
    """The identity of the database's file (its inode): a copy has another one."""
    before: str
    """The epoch that the database may still be in, should the run die while it begins."""


class Absence(Enum):
    """Why there is no witness."""

    MISSING = "missing"
    """Nothing lies where it should be."""
    UNREADABLE = "unreadable"
    """What lies there is not what was written."""


class Doubt(Enum):
    """Why a database may be older than what went out from it."""

    BEHIND = "behind"
    """More claims were handed out than it knows of."""
    COPIED = "copied"
    """It lies in another file than the one that last sent."""
    FOREIGN = "foreign"
    """It is in another epoch: a copy that went its own way, or another database."""
    UNWITNESSED = "unwitnessed"
    """It has sent, or may have, and nothing outside it says how much."""


@dataclass(frozen=True, kw_only=True)
class Books:
    """A database beside its witness."""

    mark: Mark
    file: int
    witness: Witness | Absence
    doubt: Doubt | None = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "doubt", _doubt(self.mark, self.file, self.witness))

    @property
    def claims(self) -> int:
        """How many claims there were, as whoever knows of the most says."""
        if isinstance(self.witness, Absence):
            return self.mark.claims
        return max(self.mark.claims, self.witness.mark.claims)

    @property
    def explanation(self) -> str:
        """The doubt in words; empty where there is none."""
        return "" if self.doubt is None else self._words(self.doubt)

    def _words(self, doubt: Doubt) -> str:
        if doubt is Doubt.COPIED:
            return "this database is another file than the one that last sent: copied or restored"
        if doubt is Doubt.FOREIGN:
            return "this database is not the one that the last run worked on: copied or restored"
        if doubt is Doubt.BEHIND:
            missing = self.claims - self.mark.claims
            return (
                f"this database knows of {self.mark.claims:,} claims, and there were"
                f" {self.claims:,}: what went out with the last {missing:,} is not in it"
            )
        what = "is missing" if self.witness is Absence.MISSING else "cannot be read"
        return (
            f"this database knows of {self.mark.claims:,} claims, and the epoch_file, which could"
            f" confirm it, {what}: copied or restored?"
        )


def _doubt(mark: Mark, file: int, witness: Witness | Absence) -> Doubt | None:
    if witness is Absence.UNREADABLE:
        return Doubt.UNWITNESSED
    if isinstance(witness, Absence):
        return Doubt.UNWITNESSED if mark != Mark() else None
    if witness.mark.claims > mark.claims:
        return Doubt.BEHIND
    if mark == Mark():
        return None  # a new database, and nothing was ever claimed
    if mark.epoch not in {witness.mark.epoch, witness.before}:
        return Doubt.FOREIGN
    return Doubt.COPIED if witness.file != file else None
