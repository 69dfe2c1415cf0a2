"""How many people of each kind an export holds, and where the first of them stand."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from newsletter.domain.audience import Entry, SuppressedEntry, SuppressionReason
from newsletter.domain.errors import Fault, InvalidInput
from newsletter.sources.entries import MAX_FAULTS
from newsletter.sources.exports_rows import Skip

Person = Entry | SuppressedEntry | Skip

_THERE = {
    SuppressionReason.MANUAL: "shut out there",
    SuppressionReason.BOUNCED: "bounced there",
    SuppressionReason.UNSUBSCRIBED: "unsubscribed there",
    SuppressionReason.COMPLAINED: "complained there",
}


@dataclass(kw_only=True)
class Tally:
    """Counts what is read; holds nobody."""

    entries: int = 0
    grouped: int = 0
    """How many people have tags or labels there."""
    skipped: Counter[Skip] = field(default_factory=Counter)
    suppressed: Counter[SuppressionReason] = field(default_factory=Counter)
    _first: dict[Skip | SuppressionReason, str] = field(default_factory=dict)
    _faults: list[Fault] = field(default_factory=list)
    _more: int = 0

    def add(self, found: Person, place: str) -> None:
        """Count a person who stands at a place."""
        if isinstance(found, Entry):
            self.entries += 1
        elif isinstance(found, Skip):
            self.skipped[found] += 1
            self._first.setdefault(found, place)
        else:
            self.suppressed[found.reason] += 1
            self._first.setdefault(found.reason, place)

    def fault(self, fault: Fault) -> None:
        """Note a fault; beyond the thousandth they are only counted."""
        if len(self._faults) < MAX_FAULTS:
            self._faults.append(fault)
        else:
            self._more += 1

    def finish(self, file: str) -> None:
        """Raises InvalidInput if anything at all was wrong."""
        if self._faults:
            more = [Fault(file=file, message=f"and {self._more} more")] if self._more else []
            raise InvalidInput([*self._faults, *more])

    def agrees(self, other: "Tally") -> bool:
        """Whether both counted the same people, as far as counts can tell."""
        return (self.entries, self.skipped, self.suppressed) == (
            other.entries,
            other.skipped,
            other.suppressed,
        )

    def notes(self) -> Iterator[str]:
        """What to tell of the people who are not simply added, in sentences."""
        if self.grouped:
            yield f"tags left aside, of {self.grouped:,} people: everybody goes to --list"
        for reason, count in self.suppressed.items():
            yield f"to be suppressed: {count:,} {_THERE[reason]}, first at {self._first[reason]}"
        for skip, count in self.skipped.items():
            yield f"skipped: {count:,} {skip.value}, first at {self._first[skip]}"
