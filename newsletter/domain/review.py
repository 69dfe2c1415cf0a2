"""A review: what there is to say about a statement before it goes out, in three grades."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from newsletter.domain.errors import Fault


class Grade(Enum):
    """How much a remark matters."""

    BLOCKING = "blocking"
    """It cannot go out like this."""
    WARNING = "warning"
    """It goes out only over a named person's word, which is written down with their reason."""
    ADVICE = "advice"
    """Shown to whoever looks, and stops nobody."""


class Check(Enum):
    """What a review looks for, each by the short name that never changes."""

    FAULT = "fault"
    """The file cannot be read or rendered as it is; the sentence says where and why."""
    MERGE_MARK = "merge-mark"
    """A mark of another mailing program, such as {{ name }}, would reach readers as it stands."""
    PLACEHOLDER = "placeholder"
    """Something is still to be filled in: TK, XXX, lorem ipsum, [DATE]."""
    WEEKDAY = "weekday"
    """A day of the week does not match the date beside it."""
    ATTACHMENT = "attachment"
    """The text speaks of an attachment, and mails carry none."""
    LINK_TEXT = "link-text"
    """A link says only "click here" or the like, which tells nothing to whoever hears links."""
    SHORT_LINK = "short-link"
    """A link goes through a link shortener, which hides its aim and which spam filters distrust."""
    IMAGE_DESCRIPTION = "image-description"
    """An image is described by the name of its file, or as nothing more than "photo"."""
    IMAGE_WIDTH = "image-width"
    """An image is wider than 1,200 pixels, which is slow to load and gains nothing."""
    IMAGE_KIND = "image-kind"
    """An image is of a kind that Gmail or Outlook do not show, such as SVG or AVIF."""
    COPYRIGHT = "copyright"
    """The year behind © is over, and it is not the year of a picture."""
    NEAR_LIMIT = "near-limit"
    """The HTML has more than 90,000 bytes; at 102,000 it is refused, because Gmail cuts it off."""
    NOBODY = "nobody"
    """Nobody is on any of its lists, while others have readers: a list may be misspelt."""
    SEGMENT = "segment"
    """The segment that it goes to picks nobody now: its rule may be wrong."""
    SUBJECT_LENGTH = "subject-length"
    """The subject has fewer than 10 or more than 78 characters."""
    SUMMARY = "summary"
    """There is no summary, or it has fewer than 40 or more than 130 characters."""
    CAPITALS = "capitals"
    """The title is all in capitals."""
    IMAGE_SIZE = "image-size"
    """An image has no size, and Outlook for Windows may show it far too large."""
    HEADINGS = "headings"
    """A heading leaves out a level."""
    DATE = "date"
    """The statement's date is more than a year from the day on which it goes out."""
    EMBARGO = "embargo"
    """The time to send is before the end of the embargo, so that it goes out at that end."""
    NO_READERS = "no-readers"
    """There are no readers yet, on any list."""
    NEARBY = "nearby"
    """Another campaign to one of its lists starts within an hour of it."""
    AUDIENCE = "audience"
    """Its audience differs by more than a fifth from that of the last campaign to its lists."""


_BLOCKING = (Check.FAULT, Check.MERGE_MARK)
_WARNINGS = (
    Check.PLACEHOLDER,
    Check.WEEKDAY,
    Check.ATTACHMENT,
    Check.LINK_TEXT,
    Check.SHORT_LINK,
    Check.IMAGE_DESCRIPTION,
    Check.IMAGE_WIDTH,
    Check.IMAGE_KIND,
    Check.COPYRIGHT,
    Check.NEAR_LIMIT,
    Check.NOBODY,
    Check.SEGMENT,
)

GRADES: Mapping[Check, Grade] = MappingProxyType(
    dict.fromkeys(Check, Grade.ADVICE)
    | dict.fromkeys(_WARNINGS, Grade.WARNING)
    | dict.fromkeys(_BLOCKING, Grade.BLOCKING)
)


@dataclass(frozen=True, kw_only=True)
class Remark:
    """One thing that a review says: what it is, why it matters and what to do, and where.

    ``line`` counts from 1 in ``file``; 0 means that it has no such place.
    """

    check: Check
    message: str
    file: str
    line: int = 0
    key: str = ""
    """Of the front matter, where it stands there."""

    @property
    def grade(self) -> Grade:
        """How much it matters."""
        return GRADES[self.check]

    @property
    def place(self) -> str:
        """The file, and the line and the key where they are known."""
        return Fault(file=self.file, line=self.line, key=self.key, message="").place

    def __str__(self) -> str:
        return f"{self.place}: {self.grade.value} {self.check.value}: {self.message}"


def remark_of(fault: Fault) -> Remark:
    """A fault in the words of a review."""
    check = Check(fault.code) if fault.code else Check.FAULT
    return Remark(
        check=check, message=fault.message, file=fault.file, line=fault.line, key=fault.key
    )


def in_order(remarks: Iterable[Remark]) -> tuple[Remark, ...]:
    """By file and line, each said once; within a line what matters most comes first."""
    ranks = list(Check)
    return tuple(
        sorted(
            dict.fromkeys(remarks),
            key=lambda remark: (remark.file, remark.line, ranks.index(remark.check)),
        )
    )


def codes(remarks: Iterable[Remark], grade: Grade) -> tuple[str, ...]:
    """The names of the checks of this grade that had something to say, each once."""
    found = (remark.check.value for remark in remarks if remark.grade is grade)
    return tuple(dict.fromkeys(found))
