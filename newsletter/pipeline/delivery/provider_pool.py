"""The providers that send, and the fail-over from the first to the second."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from newsletter.domain.campaigns.campaign import Campaign, CampaignState
from newsletter.domain.delivery.batch import Answer, ClaimedBatch, UnknownBatch
from newsletter.domain.delivery.rate_limit import Cause, RateLimit, Wait, fails_for_long, fails_over
from newsletter.domain.ports import Provider
from newsletter.pipeline.delivery.rate_limiter import RateLimiter
from newsletter.store.sql import Transaction

_log = logging.getLogger("newsletter.run")


@dataclass(frozen=True, kw_only=True)
class PooledProvider:
    provider: Provider
    limiter: RateLimiter
    account: str = ""
    """The name of the account at the provider. Records of another account prove nothing."""

    @property
    def name(self) -> str:
        return self.limiter.provider


@dataclass(frozen=True, kw_only=True)
class ProviderPool:
    """The first provider, and the second one if the settings name one.

    A campaign begins at the first provider. Its queued batches fail over to the second one if the
    first refuses the settings or has accepted nothing for ``after``. Unknown batches never move.
    """

    first: PooledProvider
    second: PooledProvider | None = None
    after: timedelta = timedelta(minutes=10)

    @property
    def all(self) -> tuple[PooledProvider, ...]:
        return (self.first,) if self.second is None else (self.first, self.second)

    @property
    def accounts(self) -> dict[str, str]:
        return {each.name: each.account for each in self.all}

    def has_fallback(self, pooled: PooledProvider) -> bool:
        """Return whether another provider takes over if this one keeps failing."""
        return self.second is not None and pooled is self.first

    def provider_for(self, batch: ClaimedBatch | UnknownBatch) -> PooledProvider:
        return next(each for each in self.all if each.name == batch.provider)

    def waits(self, tx: Transaction, now: datetime) -> dict[str, Wait | None]:
        """Return why and until when batches wait, by provider name; "" is the first provider."""
        waits = {each.name: each.limiter.wait(tx, now) for each in self.all}
        return {"": waits[self.first.name], **waits}

    def blocks(self, tx: Transaction, now: datetime) -> dict[str, Wait | None]:
        """Return why and until when transactional emails wait, by provider name."""
        return {each.name: each.limiter.find_block(tx, now) for each in self.all}

    def rate_limits(self, tx: Transaction, now: datetime) -> dict[str, RateLimit]:
        return {each.name: each.limiter.current(tx, now) for each in self.all}

    def fail_over_all(self, tx: Transaction, now: datetime) -> None:
        """If the first provider has failed for ``after``, move all campaigns to the second."""
        rate_limit = self.first.limiter.current(tx, now)
        if self.second is None or not fails_for_long(rate_limit, now, self.after):
            return
        wait = rate_limit.wait(now, self.first.limiter.limits)
        # a wait for the rate or the daily quota is no outage
        if (
            wait is None
            or wait.cause is not Cause.BLOCKED
            or "" not in tx.campaigns.find_fallback_providers()
        ):
            return
        for campaign in tx.campaigns.list_open():
            if campaign.state is CampaignState.SENDING:
                self._fail_over(tx, self.second, campaign, wait.reason)

    def allowance(self, rate_limits: Mapping[str, RateLimit], now: datetime) -> dict[str, int]:
        """Return the maximum size of the next batch by provider name; 0 while it must wait."""
        return {
            each.name: each.limiter.allowance(
                rate_limits[each.name], now, each.provider.capabilities.max_recipients
            )
            for each in self.all
        }

    def settle(
        self,
        tx: Transaction,
        claimed: ClaimedBatch,
        answer: Answer,
        *,
        claimed_at: datetime,
        until: datetime,
    ) -> bool:
        """Apply an answer to the rate limit. Return whether the campaign failed over."""
        if self.second is None and not answer.count_not_sent(len(claimed.members)):
            return False  # the rate limit does not change
        pooled = self.provider_for(claimed)
        has_fallback = self.has_fallback(pooled)
        rate_limit = pooled.limiter.settle(
            tx, answer, claimed_at=claimed_at, until=until, has_fallback=has_fallback
        )
        if self.second is None or pooled is self.second or answer.is_our_fault:
            return False
        if not fails_over(answer.outcome.verdict, rate_limit, claimed_at, self.after):
            return False
        self._fail_over(tx, self.second, claimed.campaign, answer.outcome.reason)
        return True

    def _fail_over(
        self, tx: Transaction, second: PooledProvider, campaign: Campaign, reason: str
    ) -> None:
        # several threads may notice the outage: the first one fails over
        if not tx.campaigns.assign_provider(campaign.id, second.name):
            return
        values = {"first": self.first.name, "second": second.name, "reason": reason}
        tx.audit.enter("scheduler", "fail over", campaign.slug, campaign=campaign.id, **values)
        detail = "failed over: campaign %d from %s to %s: %s"
        _log.warning(detail, campaign.id, *values.values())
