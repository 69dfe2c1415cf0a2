"""A text that is written at the desk: its fields as typed, and its versions."""

import re
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

DRAFT_KEY_PATTERN = r"[a-z0-9]{16}"
VERSION_PERIOD = timedelta(minutes=5)
"""The time span in which one person's typing is one version."""
MAX_BODY_CHARS = 200_000
"""The maximum length of a text, in characters: no email is longer."""
MAX_LINE_CHARS = 1_000
"""The maximum length of each other field, in characters."""

_LINE_END_PATTERN = re.compile(r"\r\n?")
_SURROGATE_PATTERN = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True, kw_only=True)
class DraftText:
    """The fields of a text as typed. They may be invalid."""

    title: str = ""
    body: str = ""
    """Markdown."""
    summary: str = ""
    subject: str = ""
    preview: str = ""
    """The line beside the subject in an inbox, if it is not the summary."""
    reply_to: str = ""
    lists: tuple[str, ...] = ()
    language: str = ""
    date: str = ""
    send_at: str = ""
    embargo_until: str = ""
    embargo: str = ""
    """The words of an embargo without a known end."""
    segment: str = ""
    translation_of: str = ""
    corrects: str = ""
    urgent: bool = False
    welcome: bool = False

    def cleaned(self) -> "DraftText":
        """Return the text with uniform line ends and without characters that cannot be stored."""
        plain: dict[str, Any] = {
            name: _clean(value) if isinstance(value, str) else value
            for name, value in asdict(self).items()
        }
        return DraftText(**plain | {"lists": tuple(dict.fromkeys(map(_clean, self.lists)))})

    def as_new(self, title: str = "") -> "DraftText":
        """Return a copy for another statement: without times and relations to other statements."""
        bare = DraftText(title=title.strip() or self.title, body=self.body, summary=self.summary)
        kept = {
            name: vars(self)[name]
            for name in (
                "subject",
                "preview",
                "reply_to",
                "lists",
                "language",
                "segment",
                "welcome",
            )
        }
        return replace(bare, **kept)

    def too_long(self) -> dict[str, int]:
        """Return the maximum length of each field that is longer, by the name of the field."""
        most = {each.name: MAX_LINE_CHARS for each in fields(self)} | {"body": MAX_BODY_CHARS}
        sizes = {name: len(str(value)) for name, value in asdict(self).items()}
        return {name: most[name] for name, size in sizes.items() if size > most[name]}


def _clean(text: str) -> str:
    # half of a surrogate pair is no UTF-8, and functions of SQLite end a text at U+0000
    return _SURROGATE_PATTERN.sub("\ufffd", _LINE_END_PATTERN.sub("\n", text)).replace("\x00", "")


class VersionKind(Enum):
    """The origin of a version."""

    TYPED = "typed"
    """One person typed it, each time within five minutes of its beginning."""
    BROUGHT = "brought"
    """It came from a file, or from a statement that is edited elsewhere."""
    RESTORED = "restored"
    """An earlier version was brought back."""
    ASIDE = "aside"
    """It was typed on an older revision and is not the current text."""


@dataclass(frozen=True, kw_only=True)
class Version:
    """One version of a text. A submitted version never changes."""

    number: int
    """The number, unique over the versions of all texts."""
    kind: VersionKind
    text: DraftText
    by: str
    """The folded address of the person."""
    writers: tuple[str, ...]
    """People whose words may be in it, in the order of their first writing."""
    began_at: datetime
    at: datetime
    """The time of the last typing."""
    closed: bool = False
    """Further typing makes another version."""
    handed_in_at: datetime | None = None
    handed_in_by: str = ""

    def goes_on(self, by: str, at: datetime) -> bool:
        """Return whether this person's typing now still belongs to this version."""
        # after the clock went back, another version begins
        is_recent = timedelta(0) <= at - self.began_at < VERSION_PERIOD
        return not self.closed and self.kind is VersionKind.TYPED and self.by == by and is_recent


@dataclass(frozen=True, kw_only=True)
class ImportFindings:
    """The parts that an import left out of a text, and the guesses that it made."""

    file: str = ""
    left_out: tuple[tuple[int, str, str], ...] = ()
    """Line (or 0), words, and reason of each part that was left out."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A text at the desk in its current version, or in its last submitted version."""

    key: str
    version: Version
    revision: int
    """A number that grows with each change, so that typing on an older text is noticed."""
    created_at: datetime
    created_by: str
    changed_at: datetime
    changed_by: str
    slug: str = ""
    """The slug of the statement; empty before the first submission."""
    handed_in: int | None = None
    """The number of the last submitted version."""
    taken_back: bool = False
    """The submitted version was withdrawn."""
    template: bool = False
    """A template for new texts, which is never submitted."""
    copied_of: str = ""
    """The slug of the statement that it was copied from."""
    found: ImportFindings = ImportFindings()

    @property
    def is_handed_in(self) -> bool:
        """Return whether a version was submitted and not withdrawn."""
        return self.handed_in is not None and not self.taken_back

    @property
    def is_ahead(self) -> bool:
        """The current version differs from the submitted one."""
        return self.handed_in is None or self.version.number != self.handed_in


DECORATIVE_SUFFIX = ",decoration"
"""A suffix of the size in a picture's URL: screen readers skip the picture."""
_MARKDOWN_SIGN_PATTERN = re.compile(r"([\\\[\]*_`<>])")


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture at the desk, decoded and encoded again."""

    name: str
    draft: str
    """The key of the text for which it was uploaded."""
    kind: str
    """The media type."""
    width: int
    height: int
    alt: str
    """The description for readers who cannot see it; empty for decoration."""
    by: str
    at: datetime

    def address(self, public_url: str) -> str:
        """Return the URL from which emails load it, with its size in the URL."""
        mark = "" if self.alt else DECORATIVE_SUFFIX
        return f"{public_url}/media/{self.name}#{self.width}x{self.height}{mark}"

    def markdown(self, public_url: str) -> str:
        alt = _MARKDOWN_SIGN_PATTERN.sub(r"\\\1", " ".join(self.alt.split()))
        return f"![{alt}]({self.address(public_url)})"
