"""The statements that the archive shows, each once, and what happened to each since.

A request reads only the statements that it shows.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from newsletter.domain.archive import NoteKind, PublicNote
from newsletter.domain.campaigns.campaign import Campaign, CampaignState
from newsletter.store.sql import Store, Transaction


@dataclass(frozen=True, kw_only=True)
class Published:
    """A statement that began to go out."""

    slug: str
    content_hash: str
    """Of the content that went out last."""
    original: str
    """The slug of the original: its own, unless it is a translation."""
    began_at: datetime
    """When the first reader could have it."""
    updated_at: datetime
    """When it last went out, was corrected or withdrawn, or got a note."""
    corrects: str = ""
    """The slug of the published statement that it corrects."""
    corrected_by: str = ""
    """The slug of its newest correction."""
    withdrawn: bool = False
    """It was cancelled after it had begun and has no correction, or is off the web."""
    is_off: bool = False
    """A person took its text off the web."""
    noticed_at: datetime | None = None
    """When it was corrected or withdrawn."""
    notes: tuple[PublicNote, ...] = ()
    """The notes above its text, oldest first."""


def published(campaigns: Sequence[Campaign], notes: Sequence[PublicNote] = ()) -> list[Published]:
    """Return the statements that have begun, newest first, without unlisted ones.

    ``campaigns`` are all, oldest first.
    """
    begun = [each for each in campaigns if each.started_at is not None and not each.unlisted]
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
        _published(
            own,
            originals[slug],
            corrections.get(slug),
            [note for note in notes if note.slug == slug],
        )
        for slug, own in by_slug.items()
    ]
    return sorted(found, key=lambda statement: statement.began_at)[::-1]


def _aim(slug: str, aims: dict[str, str], shown: set[str]) -> str:
    """Return what a correction corrects; if that never went out, what that would correct."""
    passed = set()
    # files may correct each other in a circle
    while slug and slug not in shown and slug not in passed:
        passed.add(slug)
        slug = aims.get(slug, "")
    return slug if slug in shown else ""


def _published(
    own: Sequence[Campaign],
    corrects: str,
    correction: Campaign | None,
    notes: Sequence[PublicNote],
) -> Published:
    last = own[-1]
    moves = [note for note in notes if note.kind is not NoteKind.NOTE]
    off = moves[-1] if moves and moves[-1].kind is NoteKind.WITHDRAWN else None
    cancelled = last.state is CampaignState.CANCELLED and correction is None
    times = [campaign.started_at for campaign in own if campaign.started_at]
    changes = [correction and correction.started_at, last.finished_at if cancelled else None]
    told = max([*times, *(at for at in changes if at)])
    return Published(
        slug=last.slug,
        content_hash=last.content_hash,
        original=last.translates or last.slug,
        began_at=min(times),
        updated_at=max([told, *(note.at for note in notes)]),
        corrects=corrects,
        corrected_by=correction.slug if correction else "",
        withdrawn=cancelled or off is not None,
        is_off=off is not None,
        noticed_at=off.at if off else told,
        notes=tuple(note for note in notes if note.kind is NoteKind.NOTE or note is off),
    )


def newest(store: Store, most: int, skip: int = 0) -> list[Published]:
    """Return the newest statements after so many that are newer."""
    with store.read() as tx:
        slugs = tx.campaigns.published(skip=skip, most=most)
        found = _some(tx, slugs)
    return [found[slug] for slug in slugs]


def some(store: Store, slugs: Collection[str]) -> dict[str, Published]:
    """Return the statements with these slugs, by slug."""
    with store.read() as tx:
        return _some(tx, slugs)


def translations(store: Store, slug: str) -> list[Published]:
    """Return a statement and all its languages, newest first; nothing if it did not go out."""
    with store.read() as tx:
        own = _some(tx, [slug]).get(slug)
        if own is None:
            return []
        members = _some(tx, {own.original, *tx.campaigns.translations([own.original])})
    found = [statement for statement in members.values() if statement.original == own.original]
    return sorted(found, key=lambda statement: statement.began_at, reverse=True)


def _some(tx: Transaction, slugs: Collection[str]) -> dict[str, Published]:
    # their corrections and originals tell what happened to them
    found = published(tx.campaigns.related(slugs), tx.public_notes.of(slugs))
    return {statement.slug: statement for statement in found if statement.slug in slugs}


@dataclass(frozen=True, kw_only=True)
class Notice:
    """A sentence above a statement, and where it leads."""

    text: str
    language: str
    """The statement's language, or English."""
    link: str = ""
    """The slug of the other statement, or ""."""
    link_text: str = ""


def notice_of(
    shown: Published, dated: str, language: str, words: Mapping[str, str]
) -> Notice | None:
    """Return what to say of a statement that was corrected or withdrawn, or is a correction.

    ``dated`` is the local date of its last change, ``language`` that of the words.
    """
    if shown.withdrawn or shown.corrected_by:
        text = words["withdrawn_on" if shown.withdrawn else "corrected_on"]
        link, link_text = shown.corrected_by, words["read_correction"]
    elif shown.corrects:
        text, link, link_text = words["corrects_earlier"], shown.corrects, words["read_original"]
    else:
        return None
    return Notice(
        text=text.format(day=dated),
        language=language,
        link=link,
        link_text=link_text,
    )
