"""The published statements, each once, with their corrections, withdrawals and notes.

A request reads only the statements on its page.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from newsletter.domain.archive import NoteKind, PublicNote
from newsletter.domain.campaigns.campaign import Campaign, CampaignState
from newsletter.store.sql import Store, Transaction


@dataclass(frozen=True, kw_only=True)
class Published:
    """A statement whose sending has begun."""

    slug: str
    content_hash: str
    """The hash of the content that was sent last."""
    original: str
    """The slug of a translation's original, else its own."""
    began_at: datetime
    """The start of the statement's first campaign."""
    updated_at: datetime
    """When the statement was last sent, corrected, withdrawn or annotated."""
    lists: tuple[str, ...] = ()
    corrects: str = ""
    """The slug of the published statement that this one corrects."""
    corrected_by: str = ""
    """The slug of the newest correction of this statement."""
    withdrawn: bool = False
    """The campaign was cancelled while sending and not corrected, or its text is off the web."""
    is_off: bool = False
    """A person removed the statement's text from the web."""
    noticed_at: datetime | None = None
    """The time of the correction or withdrawal."""
    notes: tuple[PublicNote, ...] = ()
    """The notes above the text, oldest first."""
    withdrawn_parts: tuple["Published", ...] = ()
    """For a digest: its parts whose text a person removed from the web."""


def published(campaigns: Sequence[Campaign], notes: Sequence[PublicNote] = ()) -> list[Published]:
    """Return the published statements, newest first, without unlisted ones.

    ``campaigns`` are all campaigns, oldest first.
    """
    started = [each for each in campaigns if each.started_at is not None and not each.unlisted]
    shown = {campaign.slug for campaign in started}
    aims = {campaign.slug: campaign.corrects for campaign in campaigns}
    originals = {campaign.slug: _target(campaign.corrects, aims, shown) for campaign in started}
    corrections = {
        originals[campaign.slug]: campaign for campaign in started if originals[campaign.slug]
    }
    by_slug: dict[str, list[Campaign]] = {}
    for campaign in started:
        by_slug.setdefault(campaign.slug, []).append(campaign)
    found = [
        _build(
            campaigns_of,
            originals[slug],
            corrections.get(slug),
            [note for note in notes if note.slug == slug],
        )
        for slug, campaigns_of in by_slug.items()
    ]
    return sorted(found, key=lambda statement: statement.began_at)[::-1]


def _target(slug: str, corrected_by: dict[str, str], shown_slugs: set[str]) -> str:
    """Return the published slug at the end of a chain of corrections from ``slug``, or ""."""
    passed_slugs = set()
    # files may correct each other in a circle
    while slug and slug not in shown_slugs and slug not in passed_slugs:
        passed_slugs.add(slug)
        slug = corrected_by.get(slug, "")
    return slug if slug in shown_slugs else ""


def _build(
    own: Sequence[Campaign], corrects: str, correction: Campaign | None, notes: Sequence[PublicNote]
) -> Published:
    last = own[-1]
    state_notes = [note for note in notes if note.kind is not NoteKind.NOTE]
    withdrawal = (
        state_notes[-1] if state_notes and state_notes[-1].kind is NoteKind.WITHDRAWN else None
    )
    is_cancelled = last.state is CampaignState.CANCELLED and correction is None
    ended_at = last.finished_at or last.release_at
    is_back = withdrawal is None and any(note.at >= ended_at for note in state_notes[-1:])
    times = [campaign.started_at for campaign in own if campaign.started_at]
    changes = [correction and correction.started_at, last.finished_at if is_cancelled else None]
    changed_at = max([*times, *(at for at in changes if at)])
    return Published(
        slug=last.slug,
        content_hash=last.content_hash,
        original=last.translates or last.slug,
        began_at=min(times),
        updated_at=max([changed_at, *(note.at for note in notes)]),
        lists=last.lists,
        corrects=corrects,
        corrected_by=correction.slug if correction else "",
        withdrawn=withdrawal is not None or (is_cancelled and not is_back),
        is_off=withdrawal is not None,
        noticed_at=withdrawal.at if withdrawal else changed_at,
        notes=tuple(note for note in notes if note.kind is NoteKind.NOTE or note is withdrawal),
    )


def list_newest(store: Store, limit: int, skip: int = 0) -> list[Published]:
    """Return at most ``limit`` statements, newest first, after the first ``skip``."""
    with store.read() as tx:
        slugs = tx.campaigns.list_published(skip=skip, limit=limit)
        found = find_published(tx, slugs)
    return [found[slug] for slug in slugs]


def translations(store: Store, slug: str) -> list[Published]:
    """Return a statement and its translations, newest first; [] if it was not published."""
    with store.read() as tx:
        statement = find_published(tx, [slug]).get(slug)
        if statement is None:
            return []
        original = statement.original
        members = find_published(tx, {original, *tx.campaigns.find_translation_slugs([original])})
    found = [member for member in members.values() if member.original == original]
    return sorted(found, key=lambda member: member.began_at, reverse=True)


def find_published(tx: Transaction, slugs: Collection[str]) -> dict[str, Published]:
    # their corrections and originals tell what happened to them
    related = published(tx.campaigns.find_related(slugs), tx.public_notes.list_for(slugs))
    found = {statement.slug: statement for statement in related if statement.slug in slugs}
    pairs = tx.public_notes.find_withdrawn_parts(found)
    parts = find_published(tx, {slug for _, slug in pairs}) if pairs else {}
    for slug, part in ((slug, parts[name]) for slug, name in pairs if name in parts):
        digest = found[slug]
        found[slug] = replace(
            digest,
            withdrawn_parts=(*digest.withdrawn_parts, *([part] if part.is_off else [])),
            updated_at=max(digest.updated_at, part.updated_at),
        )
    return found


@dataclass(frozen=True, kw_only=True)
class Notice:
    """A sentence above a statement, with a link to another statement."""

    text: str
    language: str
    """The language of the sentence: the statement's, or English."""
    link: str = ""
    """The slug of the linked statement, or ""."""
    link_text: str = ""


def notice_of(
    shown: Published, dated: str, language: str, words: Mapping[str, str]
) -> Notice | None:
    """Return the notice of a statement that was corrected or withdrawn, or is a correction.

    ``dated`` is the date of the change in words. ``language`` is the language of ``words``.
    """
    if shown.withdrawn or shown.corrected_by:
        text = words["withdrawn_on" if shown.withdrawn else "corrected_on"]
        link, link_text = shown.corrected_by, words["read_correction"]
    elif shown.corrects:
        text, link, link_text = words["corrects_earlier"], shown.corrects, words["read_original"]
    else:
        return None
    return Notice(text=text.format(day=dated), language=language, link=link, link_text=link_text)
