"""The audience of a statement and the time of sending. Several stages share it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from newsletter.domain.campaigns.campaign import AudienceSplit, Campaign, Correction
from newsletter.domain.campaigns.status import StatementStatus
from newsletter.domain.errors import Refused
from newsletter.domain.schedule import ByZone
from newsletter.domain.statements.statement import Statement
from newsletter.domain.subscribers.audience import Audience
from newsletter.domain.subscribers.segment import Segment
from newsletter.pipeline.statements.translations import TranslationGroup, group_of
from newsletter.pipeline.status import correction_of
from newsletter.store.sql import Transaction


@dataclass(frozen=True, kw_only=True)
class Reach:
    """The audience of one statement: all readers, or those of an original, language or segment."""

    lists: tuple[str, ...]
    segment: Segment | None = None
    correction: Correction | None = None
    group: TranslationGroup | None = None
    split: AudienceSplit | None = None
    """The readers of its lists, divided between languages."""

    @property
    def _of_original(self) -> Correction | None:
        """The correction, if it goes to the readers who may have the original."""
        return None if self.correction is None or self.correction.unstarted else self.correction

    def freeze(
        self, tx: Transaction, campaign_id: int, batch_size: int, by_zone: ByZone | None
    ) -> int:
        """Fix the audience of a campaign; returns its size."""
        if self.correction is not None:
            return tx.corrections.freeze(campaign_id, self.correction, batch_size)
        if self.split is not None:
            return tx.translations.freeze(campaign_id, self.split, batch_size, by_zone)
        return tx.audiences.freeze(
            campaign_id, self.lists, batch_size, segment=self.segment, by_zone=by_zone
        )

    def count(self, tx: Transaction) -> int:
        """Return how many people would get it now."""
        if self._of_original is not None:
            return tx.corrections.audience(self._of_original)
        if self.split is not None:
            return tx.translations.audience(self.split)
        return tx.readers.audience(self.lists, self.segment)

    def addresses(self, tx: Transaction) -> tuple[str, ...]:
        """Return the addresses of the audience."""
        if self._of_original is not None:
            return tuple(tx.corrections.reachable(self._of_original))
        if self.split is not None:
            return tuple(tx.translations.reachable(self.split))
        return tuple(tx.readers.reachable(self.lists, self.segment))

    def excluded(self, tx: Transaction) -> tuple[tuple[str, str], ...]:
        """(address, why) of those on these lists, or of the original's readers, who would not."""
        if self._of_original is not None:
            return tuple(tx.corrections.excluded(self._of_original))
        return tuple(tx.readers.excluded(self.lists))

    def left_out(self, tx: Transaction) -> dict[str, int]:
        """Return how many people are left out, by reason."""
        if self._of_original is not None:
            return tx.corrections.left_out(self._of_original)
        return tx.readers.left_out(self.lists)

    def outside(self, tx: Transaction) -> int:
        """Return how many people on its lists may get mail and are outside its segment."""
        if self.segment is None:
            return 0
        return tx.readers.audience(self.lists) - tx.readers.audience(self.lists, self.segment)

    def why_nobody(self, campaign: Campaign) -> str:
        """Return why a campaign without readers cannot start, and what to do."""
        lists, number = ", ".join(self.lists), campaign.id
        if self.split is not None:
            return (
                f"no one on {lists} is left for {self.split.slug}: no one reads its language,"
                f" or other languages of {self.split.original} have them;"
                f" 'newsletter cancel {number}' ends it"
            )
        if self.correction is not None:
            return (
                f"no one who was sent {campaign.corrects} may still be written to;"
                f" 'newsletter cancel {number}' ends it"
            )
        if self.segment is not None:
            return (
                f"the segment {self.segment.name} picks no one who may get email"
                f" ({self.segment.rule}); once it does, 'newsletter resume {number}'"
            )
        return (
            f"no one is subscribed to {lists};"
            f" import subscribers, then 'newsletter resume {number}'"
        )


def reach_of(
    tx: Transaction,
    statement: Statement,
    *,
    together: bool,
    to_be_planned: Sequence[Statement] = (),
) -> Reach:
    """Return the audience now. ``to_be_planned`` are translations that get a campaign next.

    Raises Refused, with the reason, if the statement cannot be sent.
    """
    correction = correction_of(tx, statement)
    # also for a correction: this refuses one that cannot be a translation of what it names
    group = group_of(tx, statement, together=together, to_be_planned=to_be_planned)
    if correction is not None:
        return Reach(lists=correction.lists, segment=correction.segment, correction=correction)
    split = group.split(tx, statement.slug) if group else None
    return Reach(lists=statement.lists, segment=statement.segment, group=group, split=split)


def release_of(tx: Transaction, status: StatementStatus) -> datetime | None:
    """Return when the first reader gets it; None if a time does not exist in its zone.

    While its campaign waits, this only asks whether a reader's hour has become earlier or the
    earliest reader has gone: counting the zones of a million readers takes longer.
    """
    by_zone = status.by_zone()
    if by_zone is None:
        return status.ready
    audience = _audience(tx, status)
    if status.campaign is not None and status.is_waiting:
        first = status.campaign.release_at
        earlier = [zone for zone, at in by_zone.instants.items() if at < first]
        then = [zone for zone, at in by_zone.instants.items() if at == first]
        if then and tx.zones.has(audience, then) and not tx.zones.has(audience, earlier):
            return first
    found = status.by_zone(tx.zones.counts(audience))
    return found.first if found else None


def hours_of(tx: Transaction, status: StatementStatus) -> dict[datetime, int]:
    """Instant → how many readers get it then, the earliest first; empty without an hour.

    Those whom another language has by now are counted too.
    """
    if status.hour is None:
        return {}
    counts = tx.zones.counts(_audience(tx, status))
    by_zone = status.by_zone(counts)
    if by_zone is None:
        return {}
    found = dict.fromkeys(sorted(by_zone.instants.values()), 0)
    for zone, readers in counts.items():
        found[by_zone.instants[zone]] += readers
    return found


def _audience(tx: Transaction, status: StatementStatus) -> Audience:
    statement = status.statement
    try:
        group = group_of(tx, statement, together=status.rules.together)
    except Refused:  # it does not go out, and planning says why
        group = None
    languages = group.split(tx, statement.slug).languages if group else None
    return Audience(lists=statement.lists, segment=statement.segment, languages=languages)
