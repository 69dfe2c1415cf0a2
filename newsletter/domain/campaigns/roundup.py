"""A round-up: a mail that gathers several statements that went out, and what it says of them."""

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
class Rhythm:
    """A day and an hour that come again and again."""

    every: Every
    on: int
    """Of a week: 1, Monday, to 7, Sunday. Of a month: 1 to 28, or ``LAST``."""
    at: time
    """The hour that clocks show."""


@dataclass(frozen=True, kw_only=True)
class Slot:
    """One time that a rhythm names."""

    day: date
    """In the zone, and so the name of the slot: an hour may come twice there, a date never does."""
    at: datetime
    """The instant, in UTC."""


@dataclass(frozen=True, kw_only=True)
class Due:
    """A slot that has come, and those before it that nobody was there for."""

    slot: Slot
    passed_over: tuple[date, ...] = ()


def due(
    rhythm: Rhythm, zone: str, *, since: datetime, last: date | None, now: datetime
) -> Due | None:
    """The slot that has to be seen to now, if one has.

    ``since`` is when the rhythm began, ``last`` the day that was seen to last. Of several that
    were missed only the newest is made up for.
    """
    slot = newest(rhythm, zone, now)
    if not _open(slot, since, last):
        return None
    missed = []
    before = _slot(rhythm, _day_until(rhythm, slot.day - _DAY), zone)
    while _open(before, since, last):
        missed.append(before.day)
        before = _slot(rhythm, _day_until(rhythm, before.day - _DAY), zone)
    return Due(slot=slot, passed_over=tuple(reversed(missed)))


def newest(rhythm: Rhythm, zone: str, now: datetime) -> Slot:
    """The last slot that has come by now."""
    today = now.astimezone(ZoneInfo(zone)).date()
    slot = _slot(rhythm, _day_until(rhythm, today), zone)
    if slot.at <= now:
        return slot
    return _slot(rhythm, _day_until(rhythm, slot.day - _DAY), zone)


def coming(rhythm: Rhythm, zone: str, *, last: date | None, now: datetime) -> Slot:
    """The next slot to come, of a day that was not seen to yet."""
    slot = _slot(rhythm, _day_after(rhythm, newest(rhythm, zone, now).day), zone)
    while last is not None and slot.day <= last:
        slot = _slot(rhythm, _day_after(rhythm, slot.day), zone)
    return slot


def _open(slot: Slot, since: datetime, last: date | None) -> bool:
    return slot.at > since and (last is None or slot.day > last)


def _slot(rhythm: Rhythm, day: date, zone: str) -> Slot:
    """Nobody can be asked to write another hour: one that is skipped comes as much later."""
    wall = datetime.combine(day, rhythm.at, ZoneInfo(zone))  # of an hour that comes twice the first
    return Slot(day=day, at=wall.astimezone(UTC))


def _day_until(rhythm: Rhythm, day: date) -> date:
    """The last day of the rhythm that is not after this one."""
    if rhythm.every is Every.WEEK:
        return day - _DAY * ((day.isoweekday() - rhythm.on) % 7)
    found = _day_in_month(rhythm, day)
    return found if found <= day else _day_in_month(rhythm, day.replace(day=1) - _DAY)


def _day_after(rhythm: Rhythm, day: date) -> date:
    """The day of the rhythm that follows one of its days."""
    if rhythm.every is Every.WEEK:
        return day + _DAY * 7
    return _day_in_month(rhythm, day.replace(day=1) + _INTO_THE_NEXT_MONTH)


def _day_in_month(rhythm: Rhythm, day: date) -> date:
    if rhythm.on != LAST:
        return day.replace(day=rhythm.on)
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
class Roundup:
    """A round-up as it is configured."""

    name: str
    title: str
    """May hold ``DATE_GAP``."""
    rhythm: Rhythm
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
    """A round-up of one date, frozen when it was made."""

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
    """What a round-up says of one statement, all of it plain text."""

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
    """What a round-up gathers: what began in this time, but for what was ``listed`` before."""
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
    corrections = {one.corrects: one.slug for one in out.values() if one.corrects}
    named = set()
    for slug in slugs:
        name = slug
        for _ in corrections:  # a correction may have been corrected too; no chain is longer
            name = corrections.get(name, name)
        named.add(name)
    return tuple(one for _, one in _begun(out.values()) if one.slug in named)


def _begun(campaigns: Iterable[Campaign]) -> list[tuple[datetime, Campaign]]:
    begun = [(one.started_at, one) for one in campaigns if one.started_at is not None]
    return sorted(begun, key=lambda pair: (pair[0], pair[1].id))


def in_one_language(statements: Sequence[Statement], language: str) -> tuple[Statement, ...]:
    """Of translations of each other only one: that in this language, or else the first."""
    best: dict[str, Statement] = {}
    for one in statements:
        known = best.setdefault(one.translation_of or one.slug, one)
        if known.language != language and one.language == language:
            best[one.translation_of or one.slug] = one
    return tuple(one for one in statements if one in best.values())


def compose(roundup: Roundup, day: date, abstracts: Sequence[Abstract], *, dated: str) -> Statement:
    """The statement that goes out: an article for each part, under its title.

    ``dated`` is the day in words.
    """
    articles = [_article(abstract) for abstract in abstracts]
    blocks = [roundup.intro.strip(), *articles]
    issue = f"{roundup.name}-{day.isoformat()}"
    return Statement(
        slug=issue,
        title=roundup.title.replace(DATE_GAP, dated),
        body="\n\n".join(block for block in blocks if block) + "\n",
        lists=roundup.lists,
        language=roundup.language,
        date=day,
        summary=" · ".join(abstract.title for abstract in abstracts),
        progress=Progress.REVIEW,
        roundup=roundup.name,
        origin=f"round-up {issue}",
    )


def _article(abstract: Abstract) -> str:
    said = " · ".join(words for words in (abstract.dated, abstract.opening) if words)
    return f"## [{as_markdown(abstract.title)}](<{abstract.address}>)\n\n{as_markdown(said)}"


def as_markdown(text: str) -> str:
    """Plain text as Markdown that reads as this very text, on one line: nothing in it is a sign."""
    return _BEGINS_A_BLOCK.sub(r"\1\\", _SIGNS.sub(r"\\\g<0>", " ".join(text.split())))
