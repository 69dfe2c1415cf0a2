"""The audience of a statement and the time of sending. Several stages share it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from newsletter.domain.campaigns.campaign import Campaign, Correction
from newsletter.domain.campaigns.status import StatementStatus
from newsletter.domain.errors import Refused
from newsletter.domain.statements.statement import Statement
from newsletter.domain.subscribers.audience import Audience
from newsletter.pipeline.statements.translations import TranslationGroup, group_of
from newsletter.pipeline.status import correction_of
from newsletter.store.sql import Transaction


@dataclass(frozen=True, kw_only=True)
class Reach:
    """The audience of one statement: all readers, or those of an original, language or segment."""

    audience: Audience | Correction
    """Those who would get it now."""
    correction: Correction | None = None
    group: TranslationGroup | None = None
    """The languages between which the readers are divided."""

    def outside(self, tx: Transaction) -> int:
        """Return how many people on its lists may get mail and are outside its segment."""
        lists, segment = self.audience.lists, self.audience.segment
        if segment is None:
            return 0
        picked = tx.audiences.count(Audience(lists=lists, segment=segment))
        return tx.audiences.count(Audience(lists=lists)) - picked

    def why_nobody(self, campaign: Campaign) -> str:
        """Return why a campaign without readers cannot start, and what to do."""
        lists, number = ", ".join(self.audience.lists), campaign.id
        if self.group is not None:
            return (
                f"no one on {lists} is left for {campaign.slug}: no one reads its language,"
                f" or other languages of {self.group.original} have them;"
                f" 'newsletter cancel {number}' ends it"
            )
        if self.correction is not None:
            return (
                f"no one who was sent {campaign.corrects} may still be written to;"
                f" 'newsletter cancel {number}' ends it"
            )
        segment = self.audience.segment
        if segment is not None:
            return (
                f"the segment {segment.name} picks no one who may get email"
                f" ({segment.rule}); once it does, 'newsletter resume {number}'"
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
    if statement.welcome:  # its readers have not joined yet
        return Reach(audience=Audience(lists=()))
    correction = correction_of(tx, statement)
    # also for a correction: this refuses one that cannot be a translation of what it names
    group = group_of(tx, statement, together=together, to_be_planned=to_be_planned)
    if correction is None:
        return Reach(audience=_audience(tx, statement, group), group=group)
    if not correction.unstarted:
        return Reach(audience=correction, correction=correction)
    waiting = Audience(lists=correction.lists, segment=correction.segment)
    return Reach(audience=waiting, correction=correction)


def _audience(tx: Transaction, statement: Statement, group: TranslationGroup | None) -> Audience:
    if group is not None:
        return group.audience(tx, statement.slug)
    return Audience(lists=statement.lists, segment=statement.segment)


def release_of(tx: Transaction, status: StatementStatus) -> datetime | None:
    """Return when the first reader gets it; None if a time does not exist in its zone.

    While its campaign waits, this only asks whether a reader's hour has become earlier or the
    earliest reader has gone: counting the zones of a million readers takes longer.
    """
    by_zone = status.by_zone()
    if by_zone is None:
        return status.ready
    audience = _readers(tx, status)
    if status.campaign is not None and status.is_waiting:
        first = status.campaign.release_at
        earlier = [zone for zone, at in by_zone.instants.items() if at < first]
        then = [zone for zone, at in by_zone.instants.items() if at == first]
        has_zone = partial(tx.audiences.has_zone, audience)
        if then and has_zone(then) and not has_zone(earlier):
            return first
    found = status.by_zone(tx.audiences.zones(audience))
    return found.first if found else None


def hours_of(tx: Transaction, status: StatementStatus) -> dict[datetime, int]:
    """Instant → how many readers get it then, the earliest first; empty without an hour.

    Those whom another language has by now are counted too.
    """
    if status.hour is None:
        return {}
    counts = tx.audiences.zones(_readers(tx, status))
    by_zone = status.by_zone(counts)
    if by_zone is None:
        return {}
    found = dict.fromkeys(sorted(by_zone.instants.values()), 0)
    for zone, readers in counts.items():
        found[by_zone.instants[zone]] += readers
    return found


def _readers(tx: Transaction, status: StatementStatus) -> Audience:
    statement = status.statement
    try:
        group = group_of(tx, statement, together=status.rules.together)
    except Refused:  # it does not go out, and planning says why
        group = None
    return _audience(tx, statement, group)
