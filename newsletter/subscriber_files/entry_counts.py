"""How many people of each kind a file holds, and where the first of them stand."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from newsletter.domain.subscribers.audience import (
    EXAMPLES,
    Entry,
    SuppressedEntry,
    SuppressionReason,
)
from newsletter.subscriber_files.exports import Skip

Person = Entry | SuppressedEntry | Skip

_SUPPRESSED = {
    SuppressionReason.MANUAL: "shut out by the staff",
    SuppressionReason.BOUNCED: "bounced",
    SuppressionReason.UNSUBSCRIBED: "unsubscribed",
    SuppressionReason.COMPLAINED: "complained",
    SuppressionReason.ERASED: "erased",
}


class Located(NamedTuple):
    """A person of a file."""

    place: str
    """The file's name and the line."""
    person: Person
    grouped: bool = False
    """Whether the other tool's tags or labels stand there too, which are left aside."""


@dataclass(kw_only=True)
class EntryCounts:
    """Counts what is read; holds nobody."""

    entries: int = 0
    grouped: int = 0
    """How many people have tags or labels there."""
    skipped: Counter[Skip] = field(default_factory=Counter)
    suppressed: Counter[SuppressionReason] = field(default_factory=Counter)
    _first: dict[Skip | SuppressionReason, list[str]] = field(default_factory=dict)

    def add(self, found: Located) -> None:
        """Count a person."""
        self.grouped += found.grouped
        person = found.person
        if isinstance(person, Entry):
            self.entries += 1
            return
        if isinstance(person, Skip):
            self.skipped[person] += 1
        else:
            self.suppressed[person.reason] += 1
        first = self._first.setdefault(person if isinstance(person, Skip) else person.reason, [])
        if len(first) < EXAMPLES:
            first.append(found.place)

    @property
    def people(self) -> int:
        """Who is to be added, and who is never to be written to."""
        return self.entries + self.suppressed.total()

    def notes(self) -> Iterator[str]:
        """What to tell of the people who are not simply added, in sentences."""
        if self.grouped:
            yield f"tags ignored, of {self.grouped:,} people: everybody goes to --list"
        for reason, count in self.suppressed.items():
            yield f"to be suppressed: {count:,} {_SUPPRESSED[reason]}, {self._places(reason)}"
        for skip, count in self.skipped.items():
            yield f"skipped: {count:,} {skip.value}, {self._places(skip)}"

    def _places(self, what: Skip | SuppressionReason) -> str:
        return f"first at {', '.join(self._first[what])}"
