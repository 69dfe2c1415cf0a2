"""A digest: an email that lists several sent statements; its dates, issues and text."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum
from itertools import takewhile
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from newsletter.domain.campaigns.campaign import Campaign, CampaignState
from newsletter.domain.setting import Language, Line, Rule, not_empty, pattern_rule, setting
from newsletter.domain.statements.statement import SLUG, Progress, Statement
from newsletter.domain.subscribers.lists import ListName
from newsletter.domain.wording import invalid, say


class Every(Enum):
    """The interval between the issues of a digest."""

    WEEK = "week"
    """On one day of each week."""
    MONTH = "month"
    """On one day of each month."""


MAX_DIGEST_NAME_CHARS = 40
"""The name and a date form the slug of an issue, which must not be too long."""
MAX_STATEMENTS = 50
"""The maximum number of statements in an issue: Gmail clips longer emails."""
DATE_MARK = "{date}"
"""The placeholder for the date in a title."""
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DATE_OF_DAY = {name: date(2024, 1, number) for number, name in enumerate(DAYS, start=1)}
"""Weekday → a date on it, for its name in other languages."""
_DAY_ADVICE = say("a weekday like friday, or a day of the month: 1 to 28, without quotes, or last")
_HOUR_PATTERN = r"([01][0-9]|2[0-3]):[0-5][0-9]"
_FIRST_SAFE_HOUR = "04:00"
"""The first hour of the day that no clock change skips or repeats."""


def _require_no_other_mark(text: str) -> str:
    if {"{", "}"} & set(text.replace(DATE_MARK, "")):
        refusal = "holds a brace; only {date_mark} may stand there, for the day of the mail"
        raise invalid(refusal, date_mark=DATE_MARK)
    return text


def _require_safe_hour(text: str) -> str:
    if not re.fullmatch(_HOUR_PATTERN, text):
        raise invalid('{text!r} is not a time of day; write it like "16:00", in quotes', text=text)
    if text < _FIRST_SAFE_HOUR:
        refusal = (
            "{text!r} is an hour that a clock change may skip or repeat; write one from"
            ' "{first}" to "23:59"'
        )
        raise invalid(refusal, text=text, first=_FIRST_SAFE_HOUR)
    return text


def _require_day(value: Any) -> Any:
    if value is None:
        raise invalid("has no value; write {advice}", advice=_DAY_ADVICE)
    is_date = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 28
    if not is_date and value not in (*DAYS, "last"):
        raise invalid("{value!r} is no day; write {advice}", value=value, advice=_DAY_ADVICE)
    return value


def _require_day_of_period(day: Any, others: Mapping[str, Any]) -> Any:
    every = others.get("every")
    if every is Every.WEEK and day not in DAYS:
        raise invalid("{day!r} is no day of the week; write one, like friday", day=day)
    if every is Every.MONTH and day in DAYS:
        raise invalid("{day!r} is no day of the month; write 1 to 28, or last", day=day)
    return day


_DAY_SCHEMA = {
    "anyOf": [{"enum": [*DAYS, "last"]}, {"type": "integer", "minimum": 1, "maximum": 28}]
}


@dataclass(frozen=True, kw_only=True)
class Digest:
    """The settings of a digest email. Each issue needs approval like any other statement."""

    name: Annotated[
        str,
        pattern_rule(
            rf"(?=.{{1,{MAX_DIGEST_NAME_CHARS}}}\Z){SLUG}",
            "cannot name a digest email; write at most 40 small letters and digits, with - between"
            " them, like weekly",
            f"^{SLUG}$",
        ),
    ] = setting("Its name, with which each issue's slug starts.", "weekly")
    title: Annotated[Line, Rule(_require_no_other_mark)] = setting(
        "Its title. `{date}` becomes the issue's day.", '"The week at Example Forum"'
    )
    every: Every = setting("`week` or `month`.", "week")
    day: Annotated[
        Any, Rule(_require_day, schema=_DAY_SCHEMA), Rule(_require_day_of_period, depends=True)
    ] = setting("The English name of a weekday; for a month 1 to 28 or `last`.", "friday")
    at: Annotated[str, Rule(_require_safe_hour, schema={"pattern": f"^{_HOUR_PATTERN}$"})] = (
        setting('The hour in `timezone`, in quotes, from "04:00" on.', '"16:00"')
    )
    lists: Annotated[
        tuple[ListName, ...], not_empty("names no list; write one or several, like [supporters]")
    ] = setting("The lists it goes to.", ["supporters"])
    gathers: tuple[ListName, ...] = setting(
        "It includes statements to these lists. Without it: all statements.", ["press"], default=()
    )
    least: int = setting(
        "The smallest number of statements of an issue. The next issue has the others.",
        2,
        default=1,
        ge=1,
        le=MAX_STATEMENTS,
    )
    language: Language = setting("Its language. Without it: `language`.", "en", default="")
    intro: str = setting("Markdown before the statements.", "What we said this week.", default="")

    @property
    def recurrence(self) -> str:
        """Return day and hour in words: every Friday at 16:00."""
        if self.every is Every.WEEK:
            return say("every {day:%A} at {hour}", day=DATE_OF_DAY[self.day], hour=self.at)
        if self.day == "last":
            return say("last day of each month at {hour}", hour=self.at)
        return say("day {day} of each month at {hour}", day=str(self.day), hour=self.at)


@dataclass(frozen=True, kw_only=True)
class Issue:
    """The issue of a digest email for one date. It never changes."""

    name: str
    day: date
    """The local date. A digest has at most one issue a date."""
    upto: datetime
    """The end of the issue's period. No later issue lists a statement sent before it."""
    statement: Statement | None = None
    """The text of the issue; None if it listed too few statements, or if staff dropped it."""
    parts: tuple[str, ...] = ()
    """The slugs of the listed statements, in the order sent."""

    @property
    def slug(self) -> str:
        return f"{self.name}-{self.day.isoformat()}"


_ONE_DAY = timedelta(days=1)


def find_due_times(
    digest: Digest, zone: str, *, since: datetime, last: date | None, now: datetime
) -> list[datetime]:
    """Return the times at which issues are due, the latest first. Only the latest issue is made.

    ``since`` is when the digest was first configured, ``last`` the date of the last issue.
    """
    past_times = (at for at in _occurrences(digest, zone, now, -1) if at <= now)
    return [*takewhile(lambda at: at > since and (last is None or at.date() > last), past_times)]


def find_next_due(digest: Digest, zone: str, *, last: date | None, now: datetime) -> datetime:
    """Return the next time at which an issue is due, on a later date than ``last``."""
    future_times = (at for at in _occurrences(digest, zone, now, 1) if at > now)
    return next(at for at in future_times if last is None or at.date() > last)


def _occurrences(digest: Digest, zone: str, now: datetime, step: int) -> Iterator[datetime]:
    """Yield the times of issues from today on: later ones if ``step`` is 1, earlier ones if -1.

    If a clock change skips the time, the issue comes that much later; if it repeats the time, the
    first one counts. An issue is named by its date in the zone, which occurs once.
    """
    day = now.astimezone(ZoneInfo(zone)).date()
    while True:
        is_last = (day + _ONE_DAY).day == 1
        if is_last if digest.day == "last" else digest.day in {day.day, DAYS[day.weekday()]}:
            yield datetime.combine(day, time.fromisoformat(digest.at), ZoneInfo(zone))
        day += _ONE_DAY * step


_MARKUP_PATTERN = re.compile(r"[\\`*_\[\]<>&~#]")
_BLOCK_START_PATTERN = re.compile(r"^([0-9]+(?=[.)])|(?=[-+=]))")
"""The beginning of a list item, or of the line below a heading, in Markdown."""


@dataclass(frozen=True, kw_only=True)
class Abstract:
    """The entry of one statement in a digest, as plain text."""

    title: str
    address: str
    dated: str
    opening: str
    """The summary or the first sentence; may be empty."""


def choose_campaigns(
    campaigns: Sequence[Campaign],
    *,
    after: datetime,
    upto: datetime,
    gathers: Sequence[str],
    listed: Collection[str],
) -> tuple[Campaign, ...]:
    """Return the campaigns that began after ``after``, and at ``upto`` at the latest.

    If ``gathers`` names lists, campaigns to other lists are left out. ``listed`` are the slugs that
    an earlier issue has.
    """
    slugs = [
        campaign.slug
        for began, campaign in _by_start(campaigns)
        if after < began <= upto and (not gathers or not {*gathers}.isdisjoint(campaign.lists))
    ]
    return tuple(part for part in current_campaigns(slugs, campaigns) if part.slug not in listed)


def current_campaigns(slugs: Iterable[str], campaigns: Sequence[Campaign]) -> tuple[Campaign, ...]:
    """Return the campaigns that a digest may name for these statements, in the order sent.

    A correction replaces its original; a cancelled statement is left out.
    """
    by_slug = {
        one.slug: one for _, one in _by_start(campaigns) if one.state is not CampaignState.CANCELLED
    }
    cancelled = [one for one in campaigns if one.corrects and one.slug not in by_slug]
    # if a correction was cancelled, the original counts again
    corrections = {one.slug: one.corrects for one in cancelled}
    corrections |= {one.corrects: one.slug for one in by_slug.values() if one.corrects}
    slugs_now = set()
    for slug in slugs:
        name = slug
        for _ in corrections:  # a correction may have been corrected too; no chain is longer
            name = corrections.get(name, name)
        slugs_now.add(name)
    return tuple(one for _, one in _by_start(by_slug.values()) if one.slug in slugs_now)


def _by_start(campaigns: Iterable[Campaign]) -> list[tuple[datetime, Campaign]]:
    started = [(one.started_at, one) for one in campaigns if one.started_at is not None]
    return sorted(started, key=lambda pair: (pair[0], pair[1].id))


def pick_language(statements: Sequence[Statement], language: str) -> tuple[Statement, ...]:
    """Return one of each group of translations: the one in this language, else the first."""
    choices: dict[str, Statement] = {}
    for statement in statements:
        choice = choices.setdefault(statement.translation_of or statement.slug, statement)
        if choice.language != language and statement.language == language:
            choices[statement.translation_of or statement.slug] = statement
    return tuple(statement for statement in statements if statement in choices.values())


def compose_issue(
    digest: Digest,
    day: date,
    abstracts: Sequence[Abstract],
    *,
    dated: str,
    writers: tuple[str, ...] = (),
) -> Statement:
    """Return the issue's statement, with an article for each abstract.

    ``dated`` is the date in words, ``writers`` are the writers of all listed statements.
    """
    blocks = [digest.intro.strip()]
    for abstract in abstracts:
        line = escape_markdown(" · ".join(filter(None, (abstract.dated, abstract.opening))))
        blocks.append(f"## [{escape_markdown(abstract.title)}](<{abstract.address}>)\n\n{line}")
    slug = f"{digest.name}-{day.isoformat()}"
    return Statement(
        slug=slug,
        title=digest.title.replace(DATE_MARK, dated),
        body="\n\n".join(block for block in blocks if block) + "\n",
        lists=digest.lists,
        language=digest.language,
        date=day,
        summary=" · ".join(abstract.title for abstract in abstracts),
        progress=Progress.REVIEW,
        digest=digest.name,
        writers=writers,
        origin=f"digest email {slug}",
    )


def escape_markdown(text: str) -> str:
    """Return plain text as one line of Markdown without markup."""
    line = _MARKUP_PATTERN.sub(r"\\\g<0>", " ".join(text.split()))
    return _BLOCK_START_PATTERN.sub(r"\1\\", line)
