"""The providers that batches go to, and failing over from the first to the second."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from newsletter.domain.campaign import Campaign
from newsletter.domain.delivery import Answer
from newsletter.domain.failover import fails_for_long, fails_over
from newsletter.domain.pacing import Cause, Pace, Wait
from newsletter.pipeline.turns import Turns
from newsletter.ports import ClaimedBatch, Provider, Transaction, UnknownBatch

_log = logging.getLogger("newsletter.run")


@dataclass(frozen=True, kw_only=True)
class Line:
    """A provider and the turns at it."""

    provider: Provider
    turns: Turns
    account: str = ""
    """Names the account at the provider. What another one knows or lacks says nothing of it."""

    @property
    def name(self) -> str:
        return self.turns.provider


@dataclass(frozen=True, kw_only=True)
class Lines:
    """The first provider, and the second, if there is one.

    A campaign begins at the first. What was provably not handed over goes to the second once the
    first refuses our settings, or has taken nothing for ``after``; what is unknown never does.
    """

    first: Line
    second: Line | None = None
    after: timedelta = timedelta(minutes=10)

    @property
    def all(self) -> tuple[Line, ...]:
        return (self.first,) if self.second is None else (self.first, self.second)

    @property
    def accounts(self) -> dict[str, str]:
        """The account at each provider, by its name."""
        return {line.name: line.account for line in self.all}

    def of(self, batch: ClaimedBatch | UnknownBatch) -> Line:
        """The one that this batch goes to, or went to."""
        return next(line for line in self.all if line.name == batch.provider)

    def waits(self, tx: Transaction, now: datetime) -> dict[str, Wait | None]:
        """Why nothing may leave now, by the carrier of a campaign; "" is the first provider."""
        waits = {line.name: line.turns.wait(tx, now) for line in self.all}
        return {"": waits[self.first.name], **waits}

    def blocks(self, tx: Transaction, now: datetime) -> dict[str, Wait | None]:
        """By the line's name, why not even what goes ahead of all may leave there now."""
        return {line.name: line.turns.blocked(tx, now) for line in self.all}

    def look(self, tx: Transaction, now: datetime) -> dict[str, Pace]:
        """The pace of each at this moment; no campaign waits any longer for one that is ill."""
        paces = {line.name: line.turns.look(tx, now) for line in self.all}
        pace = paces[self.first.name]
        if self.second is not None and fails_for_long(pace, now, self.after):
            wait = pace.wait(now, self.first.turns.limits)
            if wait is not None and wait.cause is Cause.BLOCKED:
                self._fail_over_all(tx, self.second, wait.reason, now)
        return paces

    def room(self, paces: Mapping[str, Pace], now: datetime) -> dict[str, int]:
        """How many messages the next batch may have at each; 0 while nothing may leave there."""
        return {
            line.name: line.turns.room(
                paces[line.name], now, line.provider.capabilities.max_recipients
            )
            for line in self.all
        }

    def settle(
        self,
        tx: Transaction,
        claimed: ClaimedBatch,
        answer: Answer,
        *,
        taken_at: datetime,
        until: datetime,
    ) -> bool:
        """Book the answer at its pace; tells whether the batch goes to the second provider."""
        verdict = answer.outcome.verdict
        if self.second is None and not answer.not_handed_over(len(claimed.members)):
            return False  # the usual end, and nothing of it changes the pace
        line = self.of(claimed)
        watched = self.second is not None and line is self.first
        pace = line.turns.settle(
            tx,
            answer,
            len(claimed.members),
            taken_at=taken_at,
            until=until,
            watched=watched,
        )
        if self.second is None or line is self.second:
            return False
        if not fails_over(verdict, pace, taken_at, self.after):
            return False
        self._fail_over(tx, self.second, claimed.campaign, answer.outcome.reason, taken_at)
        return True

    def _fail_over_all(self, tx: Transaction, second: Line, why: str, now: datetime) -> None:
        if "" in tx.campaigns.carriers():
            for campaign in tx.campaigns.going():
                self._fail_over(tx, second, campaign, why, now)

    def _fail_over(
        self, tx: Transaction, second: Line, campaign: Campaign, why: str, now: datetime
    ) -> None:
        if not tx.campaigns.hand_on(campaign.id, second.name):
            return  # an answer that was under way when it failed over
        detail = f"campaign {campaign.id} from {self.first.name} to {second.name}: {why}"
        tx.audit.enter(
            at=now, actor="scheduler", action="fail over", subject=campaign.slug, detail=detail
        )
        _log.warning("failed over: %s", detail)
