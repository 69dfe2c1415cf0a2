"""A text that is written at the desk: its fields as typed, and its versions."""

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta
from enum import Enum
from textwrap import wrap
from typing import Any

VERSION_PERIOD = timedelta(minutes=5)
"""One person's typing within this time is one version."""
MAX_BODY_CHARS = 200_000
MAX_LINE_CHARS = 1_000
"""The maximum length of each other field."""
MAX_TEMPLATES = 50
MAX_BLOCK_CHARS = 5_000
"""The maximum length of a template that the editor inserts."""
_MIN_OWN_LETTERS, _RUN_LETTERS = 30, 45
"""The words of a shorter paragraph may be anybody's. A longer one may have changed in parts."""

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
        cleared = ("date", "send_at", "embargo_until", "embargo", "translation_of", "corrects")
        values: dict[str, Any] = dict.fromkeys(cleared, "")
        values["title"] = title.strip() or self.title
        return replace(self, **values, urgent=False)

    def with_appended(self, markdown: str) -> "DraftText":
        return replace(self, body=f"{self.body.rstrip()}\n\n{markdown.strip()}\n".lstrip("\n"))

    def find_overlong_fields(self) -> dict[str, int]:
        """Return the maximum length of each field that is longer, by the name of the field."""
        limits = {each.name: MAX_LINE_CHARS for each in fields(self)} | {"body": MAX_BODY_CHARS}
        sizes = {name: len(str(value)) for name, value in asdict(self).items()}
        return {name: limits[name] for name, size in sizes.items() if size > limits[name]}


def _clean(text: str) -> str:
    # UTF-8 has no surrogates, and SQLite's functions end a text at U+0000
    return _SURROGATE_PATTERN.sub("\ufffd", _LINE_END_PATTERN.sub("\n", text)).replace("\x00", "")


class VersionKind(Enum):
    """The origin of a version."""

    TYPED = "typed"
    """One person typed the version within VERSION_PERIOD."""
    BROUGHT = "brought"
    """The draft was imported from a file, or copied from a statement that is edited elsewhere."""
    RESTORED = "restored"
    """An earlier version was brought back."""
    ASIDE = "aside"
    """The text was typed on an older revision, and never became the current text."""


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
    """People whose words may be in the text, in the order of their first writing."""
    began_at: datetime
    at: datetime
    """The time of the last typing."""
    closed: bool = False
    """Further typing begins another version."""
    submitted_at: datetime | None = None
    submitted_by: str = ""

    def accepts_typing(self, by: str, at: datetime) -> bool:
        """Return whether typing of this person at this time belongs to this version."""
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
class DamagedDraft:
    """A submitted draft whose stored text cannot be read."""

    key: str
    slug: str


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A text at the desk in its current version, or in its last submitted version."""

    key: str
    version: Version
    revision: int
    """A number that grows with each change. It shows that someone typed on an older text."""
    created_at: datetime
    created_by: str
    changed_at: datetime
    changed_by: str
    slug: str = ""
    """The slug of the statement; empty before the first submission."""
    submitted_version: int | None = None
    """The number of the last submitted version."""
    taken_back: bool = False
    """The submitted version was withdrawn."""
    template: bool = False
    """Other texts begin with a copy of it or have one in them. It is never submitted."""
    copied_of: str = ""
    """The slug of the statement from which the text was copied."""
    import_findings: ImportFindings = ImportFindings()

    @property
    def is_submitted(self) -> bool:
        """Return whether a version was submitted and not withdrawn."""
        return self.submitted_version is not None and not self.taken_back

    @property
    def has_unsubmitted_text(self) -> bool:
        """Return whether the current version is not the submitted one."""
        return self.submitted_version is None or self.version.number != self.submitted_version


def writers_of_inserted(
    templates: Iterable[Version], before: DraftText, after: DraftText
) -> list[str]:
    """Return the writers of the short templates whose paragraphs a change brought into a text."""
    old, new = _letters(before.body), _letters(after.body)
    return [
        writer
        for template in templates
        if len(template.text.body) <= MAX_BLOCK_CHARS
        for paragraph in template.text.body.split("\n\n")
        for run in wrap(_letters(paragraph), _RUN_LETTERS)
        if len(run) >= _MIN_OWN_LETTERS and not paragraph.startswith("#")
        if run in new and run not in old
        for writer in template.writers
    ]


def _letters(markdown: str) -> str:
    """Return letters and figures alone: an editor may write other marks and line breaks."""
    return "".join(filter(str.isalnum, markdown))


DECORATIVE_SUFFIX = ",decoration"
"""The end of the URL of a decorative picture, which screen readers skip."""
_MARKDOWN_SIGN_PATTERN = re.compile(r"([\\\[\]*_`<>])")


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture at the desk, decoded and encoded again."""

    name: str
    draft: str
    """The key of the text for which the picture was uploaded."""
    kind: str
    """The media type."""
    width: int
    height: int
    alt: str
    """The description for readers who cannot see the picture; empty for decoration."""
    by: str
    at: datetime

    def address(self, public_url: str) -> str:
        """Return the URL from which emails load it, with its size as the fragment."""
        mark = "" if self.alt else DECORATIVE_SUFFIX
        return f"{public_url}/media/{self.name}#{self.width}x{self.height}{mark}"

    def markdown(self, public_url: str) -> str:
        alt = _MARKDOWN_SIGN_PATTERN.sub(r"\\\1", " ".join(self.alt.split()))
        return f"![{alt}]({self.address(public_url)})"
