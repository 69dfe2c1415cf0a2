"""The errors that newsletter raises on purpose. Their sentences can be shown to people as they are.

A message says the problem, the object and the remedy.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault in a person's input, with its place.

    ``line`` and ``column`` count from 1; 0 means that the fault has no such place.
    """

    file: str
    message: str
    line: int = 0
    column: int = 0
    key: str = ""
    code: str = ""
    """The name of the check that found it, if it has one."""

    @property
    def place(self) -> str:
        """The file, with line, column and key if they are known."""
        place = self.file
        if self.line:
            place += f":{self.line}"
            if self.column:
                place += f":{self.column}"
        if self.key:
            place += f" {self.key}"
        return place

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


class NewsletterError(Exception):
    """The root: whatever we raise on purpose can be shown to a person as it is."""


class InvalidInput(NewsletterError):
    """Something a person wrote cannot be used. Holds every fault, not only the first."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class InvalidConfiguration(InvalidInput):
    """The configuration cannot be used."""


class TookTooLong(InvalidInput):
    """A text takes longer than there is for it, and will the next time."""


class Postponed(InvalidInput):
    """A text could not be tried just now. Trying again may help."""


class NotFound(NewsletterError):
    """There is no such statement, campaign, subscriber or member of staff."""


class Refused(NewsletterError):
    """A check, an approval or a count says no."""


class Outdated(Refused):
    """Something has changed since the person looked at it."""


class ProviderUnreachable(NewsletterError):
    """The provider cannot be reached. Nothing was sent; a retry is safe."""


class ClaimOver(NewsletterError):
    """Our own claim was over before the call began. Nothing was sent."""


class StoreUnavailable(NewsletterError):
    """The database is locked, read-only, full or of another version."""


class DatabaseReplaced(StoreUnavailable, Refused):
    """Another file was put in the place of the database while it was open."""


class Defect(NewsletterError):
    """One of our own invariants is broken."""
