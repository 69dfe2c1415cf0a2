"""The statements in a digest, and the entry of each."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from newsletter.domain.campaigns.campaign import Campaign, CampaignState
from newsletter.domain.campaigns.digest import DATE_GAP, Digest
from newsletter.domain.statements.statement import Progress, Statement

_SIGNS = re.compile(r"[\\`*_\[\]<>&~#]")
_BEGINS_A_BLOCK = re.compile(r"^([0-9]+(?=[.)])|(?=[-+=]))")
"""The beginning of a list item, or of the line below a heading."""


@dataclass(frozen=True, kw_only=True)
class Abstract:
    """The entry of one statement in a digest; plain text."""

    title: str
    address: str
    dated: str
    opening: str
    """Its summary or first sentence; may be empty."""


def choose(
    campaigns: Sequence[Campaign],
    *,
    after: datetime,
    upto: datetime,
    gathers: Sequence[str],
    listed: Collection[str],
) -> tuple[Campaign, ...]:
    """Return the campaigns that began in this time and were not ``listed`` before."""
    slugs = [
        campaign.slug
        for began, campaign in _by_start(campaigns)
        if after < began <= upto and (not gathers or not {*gathers}.isdisjoint(campaign.lists))
    ]
    return tuple(part for part in standing_for(slugs, campaigns) if part.slug not in listed)


def standing_for(slugs: Iterable[str], campaigns: Sequence[Campaign]) -> tuple[Campaign, ...]:
    """Return the campaigns that a digest may name for these statements now, in the order sent.

    A correction replaces its original; a cancelled statement is left out.
    """
    out = {
        one.slug: one for _, one in _by_start(campaigns) if one.state is not CampaignState.CANCELLED
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
    return tuple(one for _, one in _by_start(out.values()) if one.slug in named)


def _by_start(campaigns: Iterable[Campaign]) -> list[tuple[datetime, Campaign]]:
    begun = [
        (campaign.started_at, campaign) for campaign in campaigns if campaign.started_at is not None
    ]
    return sorted(begun, key=lambda pair: (pair[0], pair[1].id))


def in_one_language(statements: Sequence[Statement], language: str) -> tuple[Statement, ...]:
    """Of several translations keep one: that in this language, or else the first."""
    best: dict[str, Statement] = {}
    for statement in statements:
        known = best.setdefault(statement.translation_of or statement.slug, statement)
        if known.language != language and statement.language == language:
            best[statement.translation_of or statement.slug] = statement
    return tuple(statement for statement in statements if statement in best.values())


def compose(
    digest: Digest,
    day: date,
    abstracts: Sequence[Abstract],
    *,
    dated: str,
    writers: tuple[str, ...] = (),
) -> Statement:
    """The statement that goes out: an article for each part, under its title.

    ``dated`` is the day in words, ``writers`` are those of all parts.
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
        digest=digest.name,
        writers=writers,
        origin=f"digest email {issue}",
    )


def _article(abstract: Abstract) -> str:
    line = " · ".join(words for words in (abstract.dated, abstract.opening) if words)
    return f"## [{as_markdown(abstract.title)}](<{abstract.address}>)\n\n{as_markdown(line)}"


def as_markdown(text: str) -> str:
    """Plain text as Markdown that reads as this very text, on one line: nothing in it is a sign."""
    return _BEGINS_A_BLOCK.sub(r"\1\\", _SIGNS.sub(r"\\\g<0>", " ".join(text.split())))
