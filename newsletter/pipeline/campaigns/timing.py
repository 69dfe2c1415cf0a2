"""When a statement may go out, as things stand. It is no stage: planning and dry runs share it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from newsletter.domain.campaigns.campaign import (
    BEFORE_START,
    Campaign,
    CampaignState,
    StartBy,
    has_begun,
)
from newsletter.domain.errors import Refused
from newsletter.domain.schedule import ByZone, LocalTime, by_zone, everywhere, release_time, resolve
from newsletter.domain.statements.statement import Statement
from newsletter.domain.subscribers.audience import Audience
from newsletter.pipeline.ledger import embargo_of
from newsletter.pipeline.statements.translations import group_of
from newsletter.store.sql import Transaction


@dataclass(frozen=True, kw_only=True)
class TimeRules:
    """What the configuration says about times."""

    timezone: str
    """IANA name: of the wall times in files, and of readers who named none."""
    undo_window: timedelta
    together: bool = False
    """Translations go out in the mail of their original."""
    start: StartBy = StartBy.APPROVAL
    """What makes an approved statement go out."""


@dataclass(frozen=True, kw_only=True)
class Timing:
    """From when on a statement may go out, and the hour of its readers if it has one."""

    statement: Statement
    rules: TimeRules
    ready: datetime
    """Nothing of it leaves before."""
    hour: LocalTime | None = None
    """By each reader's own clock."""

    def release(self, tx: Transaction, campaign: Campaign | None) -> datetime:
        """When the first reader gets it; of a campaign that has begun nobody asks any more.

        While its campaign waits, all that is asked for is whether somebody has come whose hour is
        before, or has gone whose hour it was: to count the zones of a million readers takes longer.
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
        """When readers of each zone there is get it; None where all get it at once."""
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
    tx: Transaction, statement: Statement, approved_at: datetime, rules: TimeRules
) -> Timing:
    """When it may go out. Raises ValueError for a time that the zone does not have.

    A time that staff set is one for all, whatever its file says.
    """
    set_by_staff = tx.schedules.get(statement.slug)
    send_at = statement.send_at and resolve(statement.send_at, rules.timezone)
    ready = release_time(
        approved_at=approved_at,
        undo_window=rules.undo_window,
        send_at=set_by_staff or send_at,
        embargo_until=embargo_of(tx, statement, rules.timezone),
    )
    hour = statement.local_time if set_by_staff is None else None
    return Timing(statement=statement, rules=rules, ready=ready, hour=hour)
