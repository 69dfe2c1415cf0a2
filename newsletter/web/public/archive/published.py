"""The sent statements for the archive, each once, with its later corrections.

Each request reads only the statements that it shows.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from newsletter.domain.campaigns.campaign import Campaign, CampaignState
from newsletter.rendering.languages import direction
from newsletter.store.sql import Store, Transaction


@dataclass(frozen=True, kw_only=True)
class Published:
    """A statement that began to go out."""

    slug: str
    content_hash: str
    """The hash of the content that was sent last."""
    original: str
    """The slug of the original: its own, unless it is a translation."""
    began_at: datetime
    """When the first reader could have it."""
    updated_at: datetime
    """When it was last sent, corrected or withdrawn."""
    corrects: str = ""
    """The slug of the published statement that it puts right."""
    corrected_by: str = ""
    """The slug of the newest correction of it."""
    withdrawn: bool = False
    """It was cancelled after it had begun, and no correction replaced it."""


def published(campaigns: Sequence[Campaign]) -> list[Published]:
    """Return the statements that have begun, newest first. ``campaigns`` are all, oldest first."""
    begun = [campaign for campaign in campaigns if campaign.started_at is not None]
    shown = {campaign.slug for campaign in begun}
    aims = {campaign.slug: campaign.corrects for campaign in campaigns}
    originals = {campaign.slug: _aim(campaign.corrects, aims, shown) for campaign in begun}
    corrections = {
        originals[campaign.slug]: campaign for campaign in begun if originals[campaign.slug]
    }
    by_slug: dict[str, list[Campaign]] = {}
    for campaign in begun:
        by_slug.setdefault(campaign.slug, []).append(campaign)
    found = [
        _published(own, originals[slug], corrections.get(slug)) for slug, own in by_slug.items()
    ]
    return sorted(found, key=lambda statement: statement.began_at)[::-1]


def _aim(slug: str, aims: dict[str, str], shown: set[str]) -> str:
    """Return the original of a correction: the first in the chain that was sent."""
    passed = set()
    # nothing keeps files from correcting each other in a circle
    while slug and slug not in shown and slug not in passed:
        passed.add(slug)
        slug = aims.get(slug, "")
    return slug if slug in shown else ""


def _published(own: Sequence[Campaign], corrects: str, correction: Campaign | None) -> Published:
    last = own[-1]
    withdrawn = last.state is CampaignState.CANCELLED and correction is None
    times = [campaign.started_at for campaign in own]
    changes = [correction.started_at if correction else None]
    changes += [last.finished_at if withdrawn else None]
    return Published(
        slug=last.slug,
        content_hash=last.content_hash,
        original=last.translates or last.slug,
        began_at=min(_known(times)),
        updated_at=max(_known([*times, *changes])),
        corrects=corrects,
        corrected_by=correction.slug if correction else "",
        withdrawn=withdrawn,
    )


def _known(times: Iterable[datetime | None]) -> list[datetime]:
    return [at for at in times if at is not None]


class PublishedStatements:
    """The statements that have begun to be sent."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def count(self) -> tuple[int, datetime | None]:
        """Return their number, and the time of the last change of the list."""
        with self._store.read() as tx:
            return tx.campaigns.count_published()

    def newest(self, most: int, skip: int = 0) -> list[Published]:
        """So many, newest first, after so many that are newer."""
        with self._store.read() as tx:
            slugs = tx.campaigns.published(skip=skip, most=most)
            found = _some(tx, slugs)
        return [found[slug] for slug in slugs]

    def some(self, slugs: Collection[str]) -> dict[str, Published]:
        """Return the statements with these slugs."""
        with self._store.read() as tx:
            return _some(tx, slugs)

    def translations(self, slug: str) -> list[Published]:
        """Return a statement and its translations, newest first; empty if it was not sent."""
        own = self.some([slug]).get(slug)
        if own is None:
            return []
        with self._store.read() as tx:
            members = _some(tx, {own.original, *tx.campaigns.translations([own.original])})
        found = [statement for statement in members.values() if statement.original == own.original]
        return sorted(found, key=lambda statement: statement.began_at, reverse=True)


def _some(tx: Transaction, slugs: Collection[str]) -> dict[str, Published]:
    """Return statements with their corrections, which are loaded with them."""
    found = published(tx.campaigns.kin(slugs))
    return {statement.slug: statement for statement in found if statement.slug in slugs}


@dataclass(frozen=True, kw_only=True)
class Notice:
    """A sentence above a statement, and its link."""

    text: str
    language: str
    """The language of the words: the statement's, or English."""
    direction: str
    link: str = ""
    """The slug of the other statement; empty where there is none."""
    link_text: str = ""


def notice_of(
    shown: Published, dated: str, language: str, words: Mapping[str, str]
) -> Notice | None:
    """Return the notice about a statement, or None. A correction may have one too.

    ``dated`` is the local date of its last change, and ``language`` that of the words.
    """
    if shown.corrected_by:
        text, link, link_text = words["corrected_on"], shown.corrected_by, words["read_correction"]
    elif shown.withdrawn:
        text, link, link_text = words["withdrawn_on"], "", ""
    elif shown.corrects:
        text, link, link_text = words["corrects_earlier"], shown.corrects, words["read_original"]
    else:
        return None
    return Notice(
        text=text.format(day=dated),
        language=language,
        direction=direction(language),
        link=link,
        link_text=link_text,
    )
