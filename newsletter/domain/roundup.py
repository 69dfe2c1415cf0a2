"""A round-up: a mail that gathers several statements that went out, and what it says of them."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from newsletter.domain.campaign import Campaign, CampaignState
from newsletter.domain.rhythm import Rhythm
from newsletter.domain.statement import Progress, Statement

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
