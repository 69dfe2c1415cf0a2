"""The service for sending: providers, senders, reconciliation, and providers' events."""

import random
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING

from newsletter.config.settings import Settings
from newsletter.credentials.codes import link_token
from newsletter.credentials.links import SignedLinks
from newsletter.domain.campaigns.campaign import Campaign
from newsletter.domain.clock import Clock
from newsletter.domain.delivery.rate_limit import Limits, Wait
from newsletter.domain.delivery.worker import Worker
from newsletter.domain.events import Event
from newsletter.domain.ports import Webhook
from newsletter.pipeline.campaigns.trial import TrialSender
from newsletter.pipeline.delivery.dispatch import Dispatcher
from newsletter.pipeline.delivery.provider_pool import PooledProvider, ProviderPool
from newsletter.pipeline.delivery.rate_limiter import RateLimiter
from newsletter.pipeline.delivery.reconcile import Reconciler, RecoveryResult, recover
from newsletter.pipeline.delivery.restore_guard import Guard
from newsletter.pipeline.delivery.transactional import TransactionalSender
from newsletter.pipeline.events.record import RecordedEvents, pause_harmful, record
from newsletter.pipeline.staff.notify import compose_email
from newsletter.providers import registry
from newsletter.providers.common.options import ProviderOptions, account_of
from newsletter.rendering.lazy import LazyRenderer
from newsletter.runtime.counters import Counters
from newsletter.runtime.keys import account_name, workspace_name
from newsletter.store.file.guard_file import GuardFile
from newsletter.store.file.lock import hold_sender_lock, last_heartbeat
from newsletter.store.sql import Store

if TYPE_CHECKING:
    from newsletter.store.wakeups import WorkerWakeups


# The time of a claim besides its call, for building the bytes and recording the answer.
_LEASE_MARGIN = timedelta(seconds=60)
_ALIVE_SECONDS = 60.0
"""The age of a heartbeat after which its process does not count as running."""
_FETCH_TIMEOUT = timedelta(seconds=5)


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """Sends batches and emails, and receives providers' events."""

    settings: Settings
    store: Store
    guard_file: GuardFile
    links: SignedLinks
    renderer: LazyRenderer
    counters: Counters
    key: bytes = field(repr=False)
    """The workspace's first key, which never changes. Ids and names are derived from it."""

    @contextmanager
    def hold_sender_lock(self) -> Iterator[None]:
        """Hold the sender's lock during the block. Raises Refused if another process has it.

        Processes that share the sending share the lock.
        """
        with ExitStack() as locks:
            if not self.settings.shares_sending:
                locks.enter_context(hold_sender_lock(self.settings.lock_path))
            locks.enter_context(
                self.store.database.hold_sender_lock(is_shared=self.settings.shares_sending)
            )
            yield

    def wakeups(self) -> "WorkerWakeups":
        from newsletter.store.postgresql import parameters_of
        from newsletter.store.wakeups import WorkerWakeups

        return WorkerWakeups(parameters_of(self.settings.database, self.settings.db_password))

    def recover(self, leaving: int | None = None) -> RecoveryResult:
        """Make claimed batches of dead processes, and of the worker ``leaving``, unknown."""
        return recover(
            store=self.store,
            accounts=self.pool.accounts,
            shares_sending=self.settings.shares_sending,
            leaving=leaving,
        )

    def prepare(self) -> None:
        """Build all lazy attributes now, before threads share them."""
        _ = (self.pool, self.webhooks)

    @cached_property
    def workspace(self) -> str:
        """The beginning of the workspace's attempt ids."""
        return workspace_name(self.key)

    @cached_property
    def pool(self) -> ProviderPool:
        first, *others = (
            _pooled_provider(options, self.settings, self.store.clock, self.key)
            for options in self.settings.providers
        )
        second = others[0] if others else None
        return ProviderPool(first=first, second=second, after=self.settings.fail_over_after)

    def close(self) -> None:
        if "pool" in vars(self):
            for pooled in self.pool.all:
                pooled.provider.close()

    @cached_property
    def webhooks(self) -> Mapping[str, Webhook]:
        """Provider kind → its webhook reader, for providers with a webhook key."""
        pairs = zip(self.pool.all, self.settings.providers, strict=True)
        found = {pooled.name: _webhook(pooled.name, options) for pooled, options in pairs}
        return {kind: webhook for kind, webhook in found.items() if webhook}

    @property
    def lease(self) -> timedelta:
        """The length of a claim, which is longer than any call."""
        return max(provider.timeout for provider in self.settings.providers) + _LEASE_MARGIN

    def new_attempt_id(self) -> str:
        return self.workspace + secrets.token_hex(12)

    def dispatcher(
        self, *, worker_id: int | None = None, **checks: Callable[[], bool]
    ) -> Dispatcher:
        """Return the sender of batches, with these ``goes_on`` and ``waits``, for any threads."""
        return Dispatcher(
            store=self.store,
            guard_file=self.guard_file,
            pool=self.pool,
            links=self.links,
            lease=self.lease,
            attempt_ids=self.new_attempt_id,
            jitter=random.random,
            delivery_settings_hash=self.settings.delivery_settings_hash(),
            owner=worker_id,
            **checks,
        )

    def transactional_sender(self, worker_id: int | None = None) -> TransactionalSender:
        return TransactionalSender(
            store=self.store,
            guard_file=self.guard_file,
            pool=self.pool,
            links=self.links,
            writer=self.renderer.templates,
            titles={offer.name: offer.title for offer in self.settings.titled_lists()},
            public_url=self.settings.public_url,
            language=self.settings.language,
            most_per_hour=self.settings.signup.most_per_hour,
            lease=self.lease,
            attempt_ids=self.new_attempt_id,
            jitter=random.random,
            desk=self.settings.desk_url,
            link_token=partial(link_token, self.key),
            owner=worker_id,
            news=partial(
                compose_email, rules=self.settings.campaign_rules(), desk=self.settings.desk_url
            ),
        )

    def reconciler(self) -> Reconciler:
        return Reconciler(
            store=self.store,
            pool=self.pool,
            links=self.links,
            lease=self.lease,
            jitter=random.random,
        )

    def guard(self) -> Guard:
        return Guard(
            store=self.store,
            guard_file=self.guard_file,
            names=lambda: secrets.token_hex(16),
            shares_sending=self.settings.shares_sending,
            waits=lambda: time.sleep(0.2),
        )

    def trial_sender(self) -> TrialSender:
        """Return the sender of test emails, which uses the first provider."""
        return TrialSender(
            store=self.store,
            renderer=self.renderer,
            links=self.links,
            provider=self.pool.first,
            lease=self.lease,
            shares_email=self.settings.shares_email,
        )

    def workers(self) -> list[Worker]:
        """Return the processes that share the sending."""
        with self.store.read() as tx:
            return tx.workers.all()

    def is_at_work(self) -> bool:
        """Return whether the sending process had a heartbeat within the last minute.

        If processes share the sending, return whether one of them is the scheduler.
        """
        if self.settings.shares_sending:
            with self.store.read() as tx:
                return tx.workers.leader(tx.now) is not None
        seconds = self.store.clock.now().timestamp() - last_heartbeat(self.settings.lock_path)
        return seconds < _ALIVE_SECONDS

    def waits(self) -> dict[str, Wait | None]:
        """Return provider name ("" is the first) → why and until when its batches wait, or None."""
        with self.store.read() as tx:
            return self.pool.waits(tx, tx.now)

    def wait(self) -> Wait | None:
        """Return why and until when all providers in use must wait; None if one may send."""
        with self.store.read() as tx:
            waits = self.pool.waits(tx, tx.now)
            # without a sending campaign, the next one begins at the first provider
            names = tx.campaigns.find_fallback_providers() or {""}
        # as at the claim, the first provider replaces one that is not configured any more
        found = [waits.get(name, waits[""]) for name in names]
        return min(filter(None, found), key=lambda wait: wait.until) if all(found) else None

    def record(
        self, kind: str, events: Sequence[Event]
    ) -> tuple[RecordedEvents, tuple[Campaign, ...]]:
        """Store a provider's events. Return the counts, and the campaigns that were paused."""
        result = record(events, provider=kind, workspace=self.workspace, store=self.store)
        for event in events:
            self.counters.add("events", kind, event.kind.value)
        campaigns = pause_harmful(store=self.store)
        self.counters.add("breaker_pauses", by=len(campaigns))
        return result, campaigns


def _webhook(kind: str, options: ProviderOptions) -> Webhook | None:
    key = getattr(options, "webhook_key", None)
    return registry.webhook(
        kind,
        key=key and key.get_secret_value(),
        topics=getattr(options, "webhook_topics", ()),
        fetch=_fetch,
    )


def _fetch(url: str) -> bytes:
    from newsletter.providers.common.calls import fetch  # the HTTP client

    return fetch(url, timeout=_FETCH_TIMEOUT)


def _pooled_provider(
    options: ProviderOptions, settings: Settings, clock: Clock, key: bytes
) -> PooledProvider:
    provider = registry.build(options, workspace=settings.workspace, clock=clock)
    limiter = RateLimiter(
        provider=provider.name,
        domain=settings.sender.address.rpartition("@")[2].lower(),
        limits=Limits(
            timezone=settings.timezone,
            rate=options.rate,
            burst=options.burst,
            daily_quota=options.daily_quota,
        ),
    )
    account = account_name(key, account_of(options))
    return PooledProvider(provider=provider, limiter=limiter, account=account)
