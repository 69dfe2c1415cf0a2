"""What an import makes of a file: the statement, all that was left out, and each guess."""

from dataclasses import dataclass
from datetime import date

from newsletter.documents.release.embargo import Embargo
from newsletter.domain.errors import Fault, InvalidInput


@dataclass(frozen=True, kw_only=True)
class Dropped:
    """A line that is not in the body, and why."""

    line: int
    """In the file, from 1; of a Word file the paragraph; 0 where it has no place."""
    text: str
    why: str


@dataclass(frozen=True, kw_only=True)
class ImportedDocument:
    """What was made of a file. Each line of it is in the title, the body or ``dropped``."""

    title: str
    date: date | None
    body: str
    """Markdown."""
    dropped: tuple[Dropped, ...]
    notes: tuple[str, ...]
    """Each guess, in a sentence, for the person who imports."""
    summary: str = ""
    subject: str = ""
    embargo: Embargo | None = None
    """What the file says of an embargo on its text; a person sets its end or waives it."""
    guessed: bool = False
    """The title is the best that there was."""


def unusable(file: str, message: str) -> InvalidInput:
    """The error of a file that no statement can be made of."""
    return InvalidInput([Fault(file=file, message=message)])
