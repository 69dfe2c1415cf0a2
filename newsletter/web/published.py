"""What went out, as the archive shows it: each statement once, with what came of it since."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from newsletter.domain.campaign import Campaign, CampaignState


@dataclass(frozen=True, kw_only=True)
class Published:
    """A statement that began to go out."""

    slug: str
    digest: str
    """Of the content that went out last."""
    family: str
    """The slug of the original: its own, unless it is a translation."""
    began_at: datetime
    """When the first reader could have it."""
    updated_at: datetime
    """When it last went out, was corrected or was withdrawn."""
    corrects: str = ""
    """The slug of the published statement that it puts right."""
    corrected_by: str = ""
    """The slug of the newest correction of it."""
    withdrawn: bool = False
    """It was cancelled after it had begun, and no correction came in its place."""


def published(campaigns: Sequence[Campaign]) -> list[Published]:
    """What has begun, newest first. ``campaigns`` are all there are, oldest first."""
    begun = [one for one in campaigns if one.started_at is not None]
    shown = {one.slug for one in begun}
    aims = {one.slug: one.corrects for one in campaigns}
    originals = {one.slug: _aim(one.corrects, aims, shown) for one in begun}
    corrections = {originals[one.slug]: one for one in begun if originals[one.slug]}
    by_slug: dict[str, list[Campaign]] = {}
    for one in begun:
        by_slug.setdefault(one.slug, []).append(one)
    found = [
        _published(own, originals[slug], corrections.get(slug)) for slug, own in by_slug.items()
    ]
    return sorted(found, key=lambda one: one.began_at)[::-1]


def _aim(slug: str, aims: dict[str, str], shown: set[str]) -> str:
    """What a correction is of: where that never went out, what that was a correction of."""
    passed = set()
    while slug and slug not in shown and slug not in passed:
        passed.add(slug)
        slug = aims.get(slug, "")
    return slug if slug in shown else ""


def _published(own: Sequence[Campaign], corrects: str, correction: Campaign | None) -> Published:
    last = own[-1]
    withdrawn = last.state is CampaignState.CANCELLED and correction is None
    times = [one.started_at for one in own]
    changes = [correction.started_at if correction else None]
    changes += [last.finished_at if withdrawn else None]
    return Published(
        slug=last.slug,
        digest=last.digest,
        family=last.translates or last.slug,
        began_at=min(_known(times)),
        updated_at=max(_known([*times, *changes])),
        corrects=corrects,
        corrected_by=correction.slug if correction else "",
        withdrawn=withdrawn,
    )


def _known(times: Iterable[datetime | None]) -> list[datetime]:
    return [one for one in times if one is not None]
