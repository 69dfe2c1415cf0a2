"""The review of a statement before it is sent: checks, findings, and rules about its context."""

import datetime as calendar
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from newsletter.domain.errors import Fault
from newsletter.domain.statements.statement import Statement
from newsletter.domain.wording import listed, say


class Severity(Enum):
    """The severity of a finding."""

    BLOCKING = "blocking"
    """The finding blocks sending. Only an open embargo can be waived."""
    WARNING = "warning"
    """Sending needs an override by a named person; their reason is stored."""
    ADVICE = "advice"
    """The finding is shown and blocks nothing."""


class Check(Enum):
    """The checks of a review, each with a permanent short name.

    Checks that block come first, then those that warn, then those that advise.
    """

    FAULT = "fault"
    """The file cannot be read or rendered; the error says where and why."""
    FOREIGN_MERGE_FIELD = "merge-mark"
    """The text contains another mailing program's merge field, such as {{ name }}."""
    OPEN_EMBARGO = "open-embargo"
    """The text mentions an embargo without an end; only a named person can waive it."""
    DRAFT_PART = "draft-part"
    """A translation in the same email is a draft, or was withdrawn from review."""
    PLACEHOLDER = "placeholder"
    """The text contains a placeholder: TK, XXX, lorem ipsum, [DATE]."""
    WEEKDAY = "weekday"
    """A weekday does not match its date."""
    ATTACHMENT = "attachment"
    """The text mentions an attachment, but emails have none."""
    LINK_TEXT = "link-text"
    """A link says only "click here" or the like, which tells screen reader users nothing."""
    SHORT_LINK = "short-link"
    """A link uses a link shortener, which hides its target and which spam filters distrust."""
    IMAGE_DESCRIPTION = "image-description"
    """An image is described only by its file name or as "photo"."""
    IMAGE_WIDTH = "image-width"
    """An image is wider than 1,200 pixels, which only slows it down."""
    IMAGE_KIND = "image-kind"
    """Gmail or Outlook do not show this kind of image, such as SVG or AVIF."""
    DIALECT = "dialect"
    """A mark that newsletter does not know, such as - [ ] or ==x== or HTML, would be visible."""
    COPYRIGHT = "copyright"
    """The year after © is a past one, and not that of a picture."""
    NEAR_LIMIT = "near-limit"
    """The HTML has more than 90,000 bytes. Gmail cuts an email off after 102,000."""
    NO_SUBSCRIBERS = "nobody"
    """The lists have no subscribers, though others have: a name may be misspelt."""
    UNKNOWN_LIST = "unknown-list"
    """A list is in neither the settings nor the database: it may be misspelt."""
    SEGMENT = "segment"
    """The segment picks no subscriber now: its rule may be wrong."""
    REPEATED = "repeated"
    """An approved or sent statement to one of its lists says the same, in any language."""
    SUBJECT_LENGTH = "subject-length"
    """The subject has fewer than 10 or more than 78 characters."""
    SUMMARY = "summary"
    """The summary is missing, or it or the preview has under 40 or over 130 characters."""
    CAPITALS = "capitals"
    """The title is all in capitals."""
    IMAGE_SIZE = "image-size"
    """An image has no size, and Outlook for Windows may show it far too large."""
    TABLE_WIDTH = "table-width"
    """A table is too wide for phones, where each row becomes a list."""
    DOWNLOAD_SIZE = "download-size"
    """A file to download has no size."""
    HEADINGS = "headings"
    """A heading skips a level."""
    DATE = "date"
    """The statement's date is more than a year from its send date."""
    EMBARGO = "embargo"
    """The send time is before the end of the embargo, so the statement is sent at that end."""
    NO_READERS = "no-readers"
    """No list has subscribers yet."""
    NEARBY = "nearby"
    """Another campaign to one of its lists starts within an hour of it."""
    AUDIENCE = "audience"
    """The audience differs by more than a fifth from the last campaign to its lists."""


_ALL_CHECKS = list(Check)
_FIRST_WARNING_INDEX = _ALL_CHECKS.index(Check.PLACEHOLDER)
_FIRST_ADVICE_INDEX = _ALL_CHECKS.index(Check.SUBJECT_LENGTH)
SEVERITY_OF_CHECK: Mapping[Check, Severity] = (
    dict.fromkeys(_ALL_CHECKS[:_FIRST_WARNING_INDEX], Severity.BLOCKING)
    | dict.fromkeys(_ALL_CHECKS[_FIRST_WARNING_INDEX:_FIRST_ADVICE_INDEX], Severity.WARNING)
    | dict.fromkeys(_ALL_CHECKS[_FIRST_ADVICE_INDEX:], Severity.ADVICE)
)


@dataclass(frozen=True, kw_only=True)
class ReviewFinding(Fault):
    """A finding of a review: the check, the reason, the remedy, and the position in the file."""

    check: Check

    @property
    def severity(self) -> Severity:
        return SEVERITY_OF_CHECK[self.check]

    def __str__(self) -> str:
        return f"{self.place}: {self.severity.value} {self.check.value}: {self.message}"


def finding_of(fault: Fault) -> ReviewFinding:
    check = Check(fault.code) if fault.code else Check.FAULT
    return ReviewFinding(check=check, **vars(fault) | {"column": 0, "code": ""})


def sort_findings(findings: Iterable[ReviewFinding]) -> tuple[ReviewFinding, ...]:
    """Return the findings by file and line, each once; within a line the gravest first."""
    return tuple(
        sorted(
            dict.fromkeys(findings),
            key=lambda one: (one.file, one.line, _ALL_CHECKS.index(one.check)),
        )
    )


def check_names(findings: Iterable[ReviewFinding], severity: Severity) -> tuple[str, ...]:
    """Return the short names of the checks that gave findings of this severity, each once."""
    names = (finding.check.value for finding in findings if finding.severity is severity)
    return tuple(dict.fromkeys(names))


_GOOD_SUBJECT_CHARS = range(10, 79)
_GOOD_SUMMARY_CHARS = range(40, 131)
_YEAR = calendar.timedelta(days=366)
_MIN_CAPITALS = 12
"""A title in capitals with fewer letters may be a name."""
_MIN_AUDIENCE_CHANGE = 10
"""A change by fewer readers is normal, even if it is a fifth."""


def differs_by_a_fifth(before: int, now: int) -> bool:
    """Return whether the audience differs so much from an earlier one that a person must confirm.

    It must differ by more than a fifth, and by ``_MIN_AUDIENCE_CHANGE``.
    """
    return abs(now - before) * 5 > before and abs(now - before) >= _MIN_AUDIENCE_CHANGE


@dataclass(frozen=True, kw_only=True)
class ReviewContext:
    """Facts from outside the text at the time of the review."""

    today: calendar.date
    """The date in the organisation's zone."""
    day: calendar.date
    """The date on which the statement will be sent; today if none is known."""
    send_at: datetime | None = None
    """The time that staff set, else the statement's own; aware."""
    embargo_until: datetime | None = None
    readers: int = 0
    """The number of confirmed subscribers on any list."""
    audience: int | None = None
    """The number of readers now; None for a correction."""
    last_audience: int | None = None
    """The number of readers of the last campaign to the same lists."""
    unknown_lists: tuple[str, ...] = ()
    """For each unknown list, a sentence with a suggestion."""
    nearby: tuple[str, ...] = ()
    """The slugs of other campaigns to one of the lists that start within an hour of this one."""
    repeated: tuple[str, ...] = ()
    """The slugs of approved or sent statements to one of the lists that say the same."""


def find_context_findings(statement: Statement, context: ReviewContext) -> Iterator[ReviewFinding]:
    """Yield findings about the front matter and the context of the statement."""
    for check, keys, rule in _CONTEXT_RULES:
        message = rule(statement, context)
        if message:
            key = next((key for key in keys if statement.line_of(key)), "")
            line = statement.line_of(key)
            yield ReviewFinding(
                check=check, message=message, file=statement.origin, line=line, key=key
            )


def _subject(statement: Statement, _: ReviewContext) -> str:
    length = len(statement.subject or statement.title)
    if length in _GOOD_SUBJECT_CHARS:
        return ""
    return say(
        "the subject has {length} characters and {why}: between {least} and {most} are best; it can"
        " differ from the title",
        length=length,
        why=say("says little")
        if length < _GOOD_SUBJECT_CHARS.start
        else say("is cut off in many inboxes"),
        least=_GOOD_SUBJECT_CHARS.start,
        most=_GOOD_SUBJECT_CHARS.stop - 1,
    )


def _summary(statement: Statement, _: ReviewContext) -> str:
    length = len(statement.preview or statement.summary)
    if length in _GOOD_SUMMARY_CHARS:
        return ""
    if not length:
        return say(
            "there is no summary, so inboxes show the first words of the text next to the subject:"
            " write one line of what it says"
        )
    return say(
        "the {field} has {length} characters: between {least} and {most} fill the line that inboxes"
        " show",
        field="preview" if statement.preview else say("summary"),
        length=length,
        least=_GOOD_SUMMARY_CHARS.start,
        most=_GOOD_SUMMARY_CHARS.stop - 1,
    )


def _capitals(statement: Statement, _: ReviewContext) -> str:
    letters = sum(map(str.isalpha, statement.title))
    if not statement.title.isupper() or letters < _MIN_CAPITALS or len(statement.title.split()) < 3:
        return ""
    return say("the title is all in capitals, which is hard to read: write it like a sentence")


def _date(statement: Statement, context: ReviewContext) -> str:
    if statement.date is None or abs(statement.date - context.day) <= _YEAR:
        return ""
    pattern = "the date is {date}, and it goes out on {day}: is the year right?"
    return say(pattern, date=str(statement.date), day=str(context.day))


def _embargo(_: Statement, context: ReviewContext) -> str:
    send_at, embargo = context.send_at, context.embargo_until
    if send_at is None or embargo is None or send_at >= embargo:
        return ""
    return say(
        "the time to send is before the end of the embargo, and nothing leaves before that end"
    )


def _open_embargo(statement: Statement, context: ReviewContext) -> str:
    if not statement.embargo or statement.embargo_until is not None:
        return ""
    return say(
        "the text speaks of an embargo ({embargo}), and no end is set: set one"
        " (embargo_until), like {example}; if there is none, the approver confirms that",
        embargo=statement.embargo,
        example=f"{context.today + calendar.timedelta(days=1)} 10:00",
    )


def _no_subscribers(statement: Statement, context: ReviewContext) -> str:
    if context.audience != 0 or not context.readers or statement.segment is not None:
        return ""
    pattern = "no one is on {lists}, and others have readers: check the name"
    return say(pattern, lists=_lists(statement))


def _unknown_list(_: Statement, context: ReviewContext) -> str:
    if not context.audience:  # NO_SUBSCRIBERS or NO_READERS tells it
        return ""
    return "; ".join(context.unknown_lists)


def _segment(statement: Statement, context: ReviewContext) -> str:
    if context.audience != 0 or not context.readers or statement.segment is None:
        return ""
    name = statement.segment.name
    return say(
        "the segment {name!r} picks no one now ({rule}): is its rule right?",
        name=name,
        rule=str(statement.segment.rule),
    )


def _no_readers(statement: Statement, context: ReviewContext) -> str:
    if context.audience != 0 or context.readers:
        return ""
    pattern = "no one is on {lists} yet: people who join before it is sent will get it"
    return say(pattern, lists=_lists(statement))


def _lists(statement: Statement) -> str:
    names = listed(tuple(map(repr, statement.lists)), "or")
    return say("the list {names}", "the lists {names}", count=len(statement.lists), names=names)


def _nearby(_: Statement, context: ReviewContext) -> str:
    pattern = "readers of the same list get {others} within the hour: does it have to be both?"
    return _name_others(pattern, context.nearby)


def _repeated(_: Statement, context: ReviewContext) -> str:
    pattern = "it says the same as {others}, and its readers would get that twice"
    return _name_others(pattern, context.repeated)


def _name_others(pattern: str, slugs: Collection[str]) -> str:
    return say(pattern, others=", ".join(slugs)) if slugs else ""


def _audience(_: Statement, context: ReviewContext) -> str:
    now, last = context.audience, context.last_audience
    if not now or not last or not differs_by_a_fifth(last, now):
        return ""
    return say(
        "{now:,} people would get it, and the last one to the same lists went to {last:,}: do you"
        " know why?",
        now=now,
        last=last,
    )


_Rule = Callable[[Statement, ReviewContext], str]

_CONTEXT_RULES: tuple[tuple[Check, tuple[str, ...], _Rule], ...] = (
    (Check.SUBJECT_LENGTH, ("subject", "title"), _subject),
    (Check.CAPITALS, ("title",), _capitals),
    (Check.SUMMARY, ("preview", "summary"), _summary),
    (Check.DATE, ("date",), _date),
    (Check.OPEN_EMBARGO, ("embargo",), _open_embargo),
    (Check.EMBARGO, ("send_at", "embargo_until"), _embargo),
    (Check.NO_SUBSCRIBERS, ("lists",), _no_subscribers),
    (Check.UNKNOWN_LIST, ("lists",), _unknown_list),
    (Check.SEGMENT, ("segment",), _segment),
    (Check.REPEATED, ("title",), _repeated),
    (Check.NO_READERS, ("lists",), _no_readers),
    (Check.NEARBY, ("send_at", "embargo_until"), _nearby),
    (Check.AUDIENCE, ("lists",), _audience),
)
"""Check, the keys of the front matter that it is about, and its function.

A function returns the message of the finding, or "".
"""
