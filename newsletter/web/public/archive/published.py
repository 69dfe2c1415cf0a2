"""What went out, as the archive shows it: each statement once, and what came of it since.

What is asked for is read, not all that ever went out. For ``archive build``, which shows one moment
in many files, all of it is held.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from newsletter.domain.campaigns.campaign import Campaign, CampaignState
from newsletter.rendering.mail import details
from newsletter.rendering.mail.values import Wordings
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
    """When it last went out, was corrected or was withdrawn."""
    corrects: str = ""
    """The slug of the published statement that it puts right."""
    corrected_by: str = ""
    """The slug of the newest correction of it."""
    withdrawn: bool = False
    """It was cancelled after it had begun, and no correction came in its place."""


def published(campaigns: Sequence[Campaign]) -> list[Published]:
    """What has begun, newest first. ``campaigns`` are all there are, oldest first."""
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
    """What has begun to go out."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._held: list[Published] | None = None

    def hold(self) -> list[Published]:
        """Show from now on what has begun by now, and nothing newer; returns it, newest first."""
        with self._store.read() as tx:
            self._held = published(tx.campaigns.heads())
        return self._held

    def count(self) -> tuple[int, datetime | None]:
        """How many there are, and when the list of them last changed."""
        if self._held is not None:
            return len(self._held), max(
                (statement.updated_at for statement in self._held), default=None
            )
        with self._store.read() as tx:
            return tx.campaigns.count_published()

    def newest(self, most: int, skip: int = 0) -> list[Published]:
        """So many, newest first, after so many that are newer."""
        if self._held is not None:
            return self._held[skip : skip + most]
        with self._store.read() as tx:
            slugs = tx.campaigns.published(skip=skip, most=most)
            found = _some(tx, slugs)
        return [found[slug] for slug in slugs]

    def some(self, slugs: Collection[str]) -> dict[str, Published]:
        """Those of these slugs."""
        if self._held is not None:
            return {
                statement.slug: statement for statement in self._held if statement.slug in slugs
            }
        with self._store.read() as tx:
            return _some(tx, slugs)

    def translations(self, slug: str) -> list[Published]:
        """A statement and all its languages, newest first; nothing where it did not go out."""
        own = self.some([slug]).get(slug)
        if own is None:
            return []
        if self._held is not None:
            return [statement for statement in self._held if statement.original == own.original]
        with self._store.read() as tx:
            members = _some(tx, {own.original, *tx.campaigns.translations([own.original])})
        found = [statement for statement in members.values() if statement.original == own.original]
        return sorted(found, key=lambda one: one.began_at, reverse=True)


def _some(tx: Transaction, slugs: Collection[str]) -> dict[str, Published]:
    """What came of them is told by those that correct them, or that they correct."""
    found = published(tx.campaigns.kin(slugs))
    return {statement.slug: statement for statement in found if statement.slug in slugs}


# Kept apart from the words of the mails: a word that changed there would change every hash.
_NOTICES = {
    "en": (
        "This statement was corrected on {day}.",
        "Read the correction",
        "This statement was withdrawn on {day}.",
        "This corrects an earlier statement.",
        "Read the original statement",
    ),
    "es": (
        "Este comunicado fue rectificado el {day}.",
        "Leer la rectificación",
        "Este comunicado fue retirado el {day}.",
        "Este comunicado rectifica uno anterior.",
        "Leer el comunicado original",
    ),
    "fr": (
        "Ce communiqué a fait l’objet d’un rectificatif le {day}.",
        "Lire le rectificatif",
        "Ce communiqué a été retiré le {day}.",
        "Ce communiqué en rectifie un autre.",
        "Lire le communiqué d’origine",
    ),
    "de": (
        "Diese Mitteilung wurde berichtigt ({day}).",
        "Zur Berichtigung",
        "Diese Mitteilung wurde zurückgezogen ({day}).",
        "Diese Mitteilung berichtigt eine frühere.",
        "Zur ursprünglichen Mitteilung",
    ),
    "pt": (
        "Este comunicado foi retificado em {day}.",
        "Ler a retificação",
        "Este comunicado foi retirado em {day}.",
        "Este comunicado retifica um anterior.",
        "Ler o comunicado original",
    ),
    "ar": (
        "صُحِّح هذا البيان في {day}.",
        "قراءة التصحيح",
        "سُحب هذا البيان في {day}.",
        "هذا البيان يصحّح بيانًا سابقًا.",
        "قراءة البيان الأصلي",
    ),
}


@dataclass(frozen=True, kw_only=True)
class Notice:
    """A sentence above a statement, and where it leads."""

    text: str
    language: str
    """Of the words: the statement's, or English."""
    direction: str
    link: str = ""
    """The slug of the other statement; empty where there is none."""
    link_text: str = ""


def notice_of(shown: Published, day: date, language: str, wordings: Wordings) -> Notice | None:
    """What to say of a statement in this language, or None: it may also be a correction itself.

    ``day`` is the local date of its last change.
    """
    spoken = details.base_language(language)
    spoken = spoken if spoken in _NOTICES else "en"
    corrected, read, withdrawn, corrects, read_original = _NOTICES[spoken]
    if shown.corrected_by:
        text, link, link_text = corrected, shown.corrected_by, read
    elif shown.withdrawn:
        text, link, link_text = withdrawn, "", ""
    elif shown.corrects:
        text, link, link_text = corrects, shown.corrects, read_original
    else:
        return None
    written = details.written_date(day, spoken, wordings.of(spoken)[0])
    return Notice(
        text=text.format(day=written),
        language=spoken,
        direction=details.direction(spoken),
        link=link,
        link_text=link_text,
    )
