"""The errors that newsletter raises on purpose.

People may read their messages, which say the problem, the object and the remedy.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

from newsletter.domain.wording import enclosed


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault in a person's input, with its position.

    ``line`` and ``column`` count from 1; 0 means that the fault has no line or column.
    """

    file: str
    message: str
    line: int = 0
    column: int = 0
    key: str = ""
    code: str = ""
    """The name of the check that found the fault, if a check did."""

    @property
    def place(self) -> str:
        """Return the file, with line, column and key if they are known."""
        place = self.file
        if self.line:
            place += f":{self.line}"
            if self.column:
                place += f":{self.column}"
        if self.key:
            place += f" {self.key}"
        return place

    def __str__(self) -> str:
        """Return place and message, as a Sentence if the message is one."""
        return enclosed("{place}: {text}", place=self.place, text=self.message)


class NewsletterError(Exception):
    """The base of all errors that newsletter raises on purpose."""


class InvalidInput(NewsletterError):
    """The input of a person is invalid. ``faults`` has every fault, not only the first."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))

    @classmethod
    def at(cls, file: str, message: str, **place: Any) -> Self:
        """Return the error with one fault. ``place`` is its line, column or key."""
        return cls([Fault(file=file, message=message, **place)])


class InvalidConfiguration(InvalidInput):
    """The configuration is invalid."""


class TookTooLong(InvalidInput):
    """Processing a text takes longer than its time limit. A retry would not help."""


class Postponed(InvalidInput):
    """A text could not be processed now. A retry may help."""


class NotFound(NewsletterError):
    """The statement, campaign, subscriber or member of staff does not exist."""


class Refused(NewsletterError):
    """A check, an approval or a number of readers forbids the act."""


class Outdated(Refused):
    """The object has changed since the person was shown it."""


class ProviderUnreachable(NewsletterError):
    """The provider cannot be reached. Nothing was sent; a retry is safe."""


class ClaimOver(NewsletterError):
    """The claim ended before the call began. Nothing was sent."""


class StoreUnavailable(NewsletterError):
    """The database is locked, read-only, full or of another version."""


class DatabaseReplaced(StoreUnavailable, Refused):
    """The file of the database was replaced while it was open."""


class Defect(NewsletterError):
    """An invariant of newsletter is broken."""
