"""The audience of a statement and the time of sending. Several stages share it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from newsletter.domain.campaigns.campaign import (
    BEFORE_START,
    AudienceSplit,
    Campaign,
    CampaignState,
    Correction,
    has_begun,
)
from newsletter.domain.campaigns.state import CampaignRules
from newsletter.domain.errors import Refused
from newsletter.domain.schedule import ByZone, LocalTime, by_zone, everywhere, release_time, resolve
from newsletter.domain.statements.statement import Statement
from newsletter.domain.subscribers.audience import Audience
from newsletter.domain.subscribers.segment import Segment
from newsletter.pipeline.ledger import approved_content, embargo_of
from newsletter.pipeline.statements.translations import TranslationGroup, group_of
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


def correction_of(tx: Transaction, statement: Statement) -> Correction | None:
    """Return the audience of a correction; None if the statement corrects nothing.

    A correction of a correction that has not begun takes its place and its audience. Raises
    Refused, with the reason, if the statement cannot be sent.
    """
    if not statement.corrects:
        return None
    return _follow(tx, statement.slug, _chain(tx, statement), ())


def _chain(tx: Transaction, statement: Statement) -> tuple[str, ...]:
    """Return the chain of originals: what it corrects, what that corrects, … Raises Refused for a
    loop."""
    chain = [statement.slug]
    following = statement.corrects
    while following:
        if following in chain:
            raise Refused(f"'corrects' leads in a circle: {', '.join([*chain, following])}")
        chain.append(following)
        stored = tx.statements.get(following)
        following = stored.statement.corrects if stored is not None else ""
    return tuple(chain[1:])


def _follow(
    tx: Transaction, by: str, chain: tuple[str, ...], stops: tuple[Campaign, ...]
) -> Correction:
    of, *further = chain
    campaign = tx.campaigns.latest(of)
    if campaign is None or not _concerns_anybody(campaign, by):
        raise Refused(_nobody_was_sent(tx, of))
    if not campaign.state.final:
        stops = (*stops, campaign)
    unstarted = not has_begun(campaign)
    if unstarted and (campaign.translates or tx.translations.campaigns(of)):
        raise Refused(
            f"it corrects {of}, which goes out in several languages and has not begun;"
            f" mend {of} itself"
        )
    if unstarted and further:
        return _follow(tx, by, tuple(further), stops)
    return Correction(
        by=by,
        of=of,
        lists=campaign.lists,
        unstarted=unstarted,
        stops=stops,
        # the approved segment: the statement may name another one by now
        segment=approved_content(tx, campaign).segment if unstarted else None,
    )


def _concerns_anybody(campaign: Campaign, by: str) -> bool:
    """Somebody may have it, or waits for it, or waited until this very correction ended it."""
    goes_on = not campaign.state.final or campaign.corrected_by == by
    return goes_on or campaign.may_have_reached_anybody or bool(campaign.counts.pending)


def _nobody_was_sent(tx: Transaction, of: str) -> str:
    if tx.statements.get(of) is None:
        return f"it corrects {of}, and there is no statement of that name"
    return (
        f"it corrects {of}, which was sent to no one; correct {of} itself, or take 'corrects' out"
    )


@dataclass(frozen=True, kw_only=True)
class Timing:
    """From when on a statement may go out, and the hour of its readers if it has one."""

    statement: Statement
    rules: CampaignRules
    ready: datetime
    """Nothing of it leaves before."""
    hour: LocalTime | None = None
    """By each reader's own clock."""

    def release(self, tx: Transaction, campaign: Campaign | None) -> datetime:
        """Return when the first reader gets it, for a campaign that has not begun.

        While its campaign waits, this only asks whether a reader's hour has become earlier or the
        earliest reader has gone: counting the zones of a million readers takes longer.
        """
        begun = has_begun(campaign) and campaign.state is not CampaignState.CANCELLED
        if self.hour is None or begun:
            return self.ready
        audience = self._audience(tx)
        if campaign is not None and campaign.state in BEFORE_START:
            first = campaign.release_at
            instants = self._everywhere(self.hour).instants
            earlier = [zone for zone, at in instants.items() if at < first]
            then = [zone for zone, at in instants.items() if at == first]
            if then and tx.zones.has(audience, then) and not tx.zones.has(audience, earlier):
                return first
        return self._of(self.hour, tx.zones.counts(audience)).first

    def by_zone(self) -> ByZone | None:
        """Return when the readers of each zone get it; None if all get it at once."""
        return None if self.hour is None else self._everywhere(self.hour)

    def hours(self, tx: Transaction) -> dict[datetime, int]:
        """Instant → how many readers get it then, the earliest first; empty without an hour.

        Those whom another language has by now are counted too.
        """
        if self.hour is None:
            return {}
        counts = tx.zones.counts(self._audience(tx))
        instants = self._of(self.hour, counts).instants
        found = dict.fromkeys(sorted(instants.values()), 0)
        for zone, readers in counts.items():
            found[instants[zone]] += readers
        return found

    def _of(self, hour: LocalTime, zones: Iterable[str]) -> ByZone:
        return by_zone(hour, zones, home=self.rules.timezone, ready=self.ready)

    def _everywhere(self, hour: LocalTime) -> ByZone:
        return everywhere(hour, home=self.rules.timezone, ready=self.ready)

    def _audience(self, tx: Transaction) -> Audience:
        statement = self.statement
        try:
            group = group_of(tx, statement, together=self.rules.together)
        except Refused:  # it does not go out, and planning says why
            group = None
        languages = group.split(tx, statement.slug).languages if group else None
        return Audience(lists=statement.lists, segment=statement.segment, languages=languages)


def timing_of(
    tx: Transaction,
    statement: Statement,
    approved_at: datetime,
    rules: CampaignRules,
    *,
    not_before: datetime | None,
) -> Timing:
    """Return when a statement may be sent. Raises ValueError for a time that the zone does not
    have.

    A time that staff set overrules the file. ``not_before`` is the time that the approvers saw. If
    the content changed after the approval and changed back, the undo window begins again: a restart
    with other settings and back would else send at once.
    """
    set_by_staff = tx.schedules.get(statement.slug)
    send_at = statement.send_at and resolve(statement.send_at, rules.timezone)
    ready = release_time(
        approved_at=max(approved_at, tx.statements.content_since(statement.slug) or approved_at),
        undo_window=rules.undo_window,
        send_at=set_by_staff or send_at,
        embargo_until=embargo_of(tx, statement, rules.timezone),
        not_before=not_before,
    )
    hour = statement.local_time if set_by_staff is None else None
    return Timing(statement=statement, rules=rules, ready=ready, hour=hour)
