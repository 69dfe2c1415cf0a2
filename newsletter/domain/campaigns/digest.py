"""A digest: an email that lists several statements that went out, and what it says of them."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from zoneinfo import ZoneInfo

from newsletter.domain.campaigns.campaign import Campaign, CampaignState
from newsletter.domain.statements.statement import Progress, Statement

LAST = 0
"""In the place of a day: the last one of the month, whichever that is."""

_DAY = timedelta(days=1)
_INTO_THE_NEXT_MONTH = timedelta(days=32)


class Every(Enum):
    """How often something comes."""

    WEEK = "week"
    """On one day of each week."""
    MONTH = "month"
    """On one day of each month."""


@dataclass(frozen=True, kw_only=True)
class Recurrence:
    """A day and an hour that come again and again."""

    every: Every
    on: int
    """Of a week: 1, Monday, to 7, Sunday. Of a month: 1 to 28, or ``LAST``."""
    at: time
    """The hour that clocks show."""


@dataclass(frozen=True, kw_only=True)
class Occurrence:
    """One time that a recurrence names."""

    day: date
    """In the zone, and so its name: an hour may come twice there, a date never does."""
    at: datetime
    """The instant, in UTC."""


@dataclass(frozen=True, kw_only=True)
class Due:
    """An occurrence that has come, and those before it that nobody was there for."""

    occurrence: Occurrence
    passed_over: tuple[date, ...] = ()


def due(
    recurrence: Recurrence, zone: str, *, since: datetime, last: date | None, now: datetime
) -> Due | None:
    """The occurrence that has to be seen to now, if one has.

    ``since`` is when the recurrence began, ``last`` the day that was seen to last. Of several that
    were missed only the newest is made up for.
    """
    occurrence = newest(recurrence, zone, now)
    if not _open(occurrence, since, last):
        return None
    missed = []
    before = _occurrence(recurrence, _day_until(recurrence, occurrence.day - _DAY), zone)
    while _open(before, since, last):
        missed.append(before.day)
        before = _occurrence(recurrence, _day_until(recurrence, before.day - _DAY), zone)
    return Due(occurrence=occurrence, passed_over=tuple(reversed(missed)))


def newest(recurrence: Recurrence, zone: str, now: datetime) -> Occurrence:
    """The last occurrence that has come by now."""
    today = now.astimezone(ZoneInfo(zone)).date()
    occurrence = _occurrence(recurrence, _day_until(recurrence, today), zone)
    if occurrence.at <= now:
        return occurrence
    return _occurrence(recurrence, _day_until(recurrence, occurrence.day - _DAY), zone)


def coming(recurrence: Recurrence, zone: str, *, last: date | None, now: datetime) -> Occurrence:
    """The next occurrence to come, of a day that was not seen to yet."""
    occurrence = _occurrence(
        recurrence, _day_after(recurrence, newest(recurrence, zone, now).day), zone
    )
    while last is not None and occurrence.day <= last:
        occurrence = _occurrence(recurrence, _day_after(recurrence, occurrence.day), zone)
    return occurrence


def _open(occurrence: Occurrence, since: datetime, last: date | None) -> bool:
    return occurrence.at > since and (last is None or occurrence.day > last)


def _occurrence(recurrence: Recurrence, day: date, zone: str) -> Occurrence:
    """Nobody can be asked to write another hour: one that is skipped comes as much later."""
    wall = datetime.combine(
        day, recurrence.at, ZoneInfo(zone)
    )  # of an hour that comes twice the first
    return Occurrence(day=day, at=wall.astimezone(UTC))


def _day_until(recurrence: Recurrence, day: date) -> date:
    """The last day of the recurrence that is not after this one."""
    if recurrence.every is Every.WEEK:
        return day - _DAY * ((day.isoweekday() - recurrence.on) % 7)
    found = _day_in_month(recurrence, day)
    return found if found <= day else _day_in_month(recurrence, day.replace(day=1) - _DAY)


def _day_after(recurrence: Recurrence, day: date) -> date:
    """The day of the recurrence that follows one of its days."""
    if recurrence.every is Every.WEEK:
        return day + _DAY * 7
    return _day_in_month(recurrence, day.replace(day=1) + _INTO_THE_NEXT_MONTH)


def _day_in_month(recurrence: Recurrence, day: date) -> date:
    if recurrence.on != LAST:
        return day.replace(day=recurrence.on)
    return (day.replace(day=1) + _INTO_THE_NEXT_MONTH).replace(day=1) - _DAY


NAME_MAX_LENGTH = 40
"""The slug of an issue adds a date to it, and has to stay within its own length."""
MOST = 50
"""An issue gathers so many statements at the most: Gmail cuts off what is much longer."""
DATE_GAP = "{date}"
"""In a title: where the date goes."""

_SIGNS = re.compile(r"[\\`*_\[\]<>&~#]")
_BEGINS_A_BLOCK = re.compile(r"^([0-9]+(?=[.)])|(?=[-+=]))")


@dataclass(frozen=True, kw_only=True)
class Digest:
    """A digest email as it is configured."""

    name: str
    title: str
    """May hold ``DATE_GAP``."""
    recurrence: Recurrence
    lists: tuple[str, ...]
    """To which it goes."""
    language: str
    gathers: tuple[str, ...] = ()
    """It names what went to one of these lists; empty: to whichever."""
    least: int = 1
    intro: str = ""
    """Markdown."""
    trust_parts: bool = False
    """Whoever approved the statements that it gathers has approved it."""


@dataclass(frozen=True, kw_only=True)
class Issue:
    """A digest email of one date, frozen when it was made."""

    name: str
    day: date
    """The local date that it is for: no date has two of a name."""
    upto: datetime
    """What went out until then is in it, or was left out for good."""
    statement: Statement | None = None
    """What goes out; None where there was too little to say, or where it was dropped."""
    parts: tuple[str, ...] = ()
    """The slugs of what it gathers, in the order in which they went out."""

    @property
    def slug(self) -> str:
        """The slug of its statement."""
        return f"{self.name}-{self.day.isoformat()}"


@dataclass(frozen=True, kw_only=True)
class Abstract:
    """What a digest email says of one statement, all of it plain text."""

    title: str
    address: str
    """Of its page on the web."""
    dated: str
    opening: str
    """Its summary or first sentence, or empty."""


def choose(
    campaigns: Sequence[Campaign],
    *,
    after: datetime,
    upto: datetime,
    gathers: Sequence[str],
    listed: Collection[str],
) -> tuple[Campaign, ...]:
    """What a digest email gathers: what began in this time, but for what was ``listed`` before."""
    slugs = [
        campaign.slug
        for began, campaign in _begun(campaigns)
        if after < began <= upto and (not gathers or not {*gathers}.isdisjoint(campaign.lists))
    ]
    return tuple(one for one in standing_for(slugs, campaigns) if one.slug not in listed)


def standing_for(slugs: Iterable[str], campaigns: Sequence[Campaign]) -> tuple[Campaign, ...]:
    """What may be named for these statements by now, in the order in which it went out.

    A statement that was corrected is named by its correction, one that was cancelled not at all.
    """
    out = {
        one.slug: one for _, one in _begun(campaigns) if one.state is not CampaignState.CANCELLED
    }
    corrections = {
        campaign.corrects: campaign.slug for campaign in out.values() if campaign.corrects
    }
    named = set()
    for slug in slugs:
        name = slug
        for _ in corrections:  # a correction may have been corrected too; no chain is longer
            name = corrections.get(name, name)
        named.add(name)
    return tuple(one for _, one in _begun(out.values()) if one.slug in named)


def _begun(campaigns: Iterable[Campaign]) -> list[tuple[datetime, Campaign]]:
    begun = [
        (campaign.started_at, campaign) for campaign in campaigns if campaign.started_at is not None
    ]
    return sorted(begun, key=lambda pair: (pair[0], pair[1].id))


def in_one_language(statements: Sequence[Statement], language: str) -> tuple[Statement, ...]:
    """Of translations of each other only one: that in this language, or else the first."""
    best: dict[str, Statement] = {}
    for statement in statements:
        known = best.setdefault(statement.translation_of or statement.slug, statement)
        if known.language != language and statement.language == language:
            best[statement.translation_of or statement.slug] = statement
    return tuple(statement for statement in statements if statement in best.values())


def compose(digest: Digest, day: date, abstracts: Sequence[Abstract], *, dated: str) -> Statement:
    """The statement that goes out: an article for each part, under its title.

    ``dated`` is the day in words.
    """
    articles = [_article(abstract) for abstract in abstracts]
    blocks = [digest.intro.strip(), *articles]
    issue = f"{digest.name}-{day.isoformat()}"
    return Statement(
        slug=issue,
        title=digest.title.replace(DATE_GAP, dated),
        body="\n\n".join(block for block in blocks if block) + "\n",
        lists=digest.lists,
        language=digest.language,
        date=day,
        summary=" · ".join(abstract.title for abstract in abstracts),
        progress=Progress.REVIEW,
        roundup=digest.name,
        origin=f"digest email {issue}",
    )


def _article(abstract: Abstract) -> str:
    line = " · ".join(words for words in (abstract.dated, abstract.opening) if words)
    return f"## [{as_markdown(abstract.title)}](<{abstract.address}>)\n\n{as_markdown(line)}"


def as_markdown(text: str) -> str:
    """Plain text as Markdown that reads as this very text, on one line: nothing in it is a sign."""
    return _BEGINS_A_BLOCK.sub(r"\1\\", _SIGNS.sub(r"\\\g<0>", " ".join(text.split())))
