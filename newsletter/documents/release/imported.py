"""What an import makes of a file: the statement, all that was left out, and each guess."""

from dataclasses import dataclass
from datetime import date

from newsletter.documents.release.embargo import Embargo
from newsletter.domain.errors import Fault, InvalidInput

LARGEST_PICTURE = 10_000_000
"""Of a picture that is given."""


@dataclass(frozen=True, kw_only=True)
class Dropped:
    """A line that is not in the body, and why."""

    line: int
    """In the file, from 1; of a Word file the paragraph; 0 where it has no place."""
    text: str
    why: str


@dataclass(frozen=True, kw_only=True)
class ImportedPicture:
    """A picture that a file holds, made anew, and what the file says of it."""

    source: str
    """Where it lies in the file."""
    alt: str
    """What it shows, or nothing where the file does not say it."""
    caption: str = ""
    above: str = ""
    """The last words above it."""
    kind: str = ""
    """Its media type."""
    data: bytes = b""
    width: int = 0
    height: int = 0

    @property
    def note(self) -> str:
        """Where it stood, and what stood below it."""
        where = f"behind “…{self.above}”" if self.above else "at the top"
        below = f", with the caption “{self.caption}”" if self.caption else ""
        return f"It stood {where}{below}."


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
    pictures: tuple[ImportedPicture, ...] = ()
    """Those that the file itself holds; they are not in the body."""
    language: str = ""
    """Its BCP 47 tag, as far as the file or its letters tell."""


@dataclass(frozen=True, kw_only=True)
class Pasted:
    """What was made of a pasted text, and what was left out or changed, in sentences."""

    markdown: str
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class MadePicture:
    """A picture as mails may show it."""

    kind: str
    """Its media type."""
    data: bytes
    width: int
    height: int
    notes: tuple[str, ...] = ()
    """What was lost on the way, in sentences."""


def unusable(file: str, message: str) -> InvalidInput:
    """The error of a file that no statement can be made of."""
    return InvalidInput([Fault(file=file, message=message)])
