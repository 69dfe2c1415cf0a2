"""Sending: the providers, what leaves through them and when, and what they tell of it later."""

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
from newsletter.credentials.codes import link_word
from newsletter.domain.campaigns.campaign import Campaign
from newsletter.domain.clock import Clock
from newsletter.domain.delivery.provider import Finding
from newsletter.domain.delivery.rate_limit import Limits, Wait
from newsletter.domain.delivery.worker import Worker
from newsletter.domain.events import Event
from newsletter.domain.ports import Links, Webhook
from newsletter.pipeline.campaigns.trial import TrialSender
from newsletter.pipeline.delivery.attempt import PooledProvider, ProviderPool
from newsletter.pipeline.delivery.dispatch import Dispatcher
from newsletter.pipeline.delivery.rate_limiter import RateLimiter
from newsletter.pipeline.delivery.reconcile import Reconciler, RecoveryResult, recover
from newsletter.pipeline.delivery.restore_guard import Guard
from newsletter.pipeline.delivery.transactional import TransactionalSender
from newsletter.pipeline.events.breaker import stop_harm
from newsletter.pipeline.events.record import RecordedEvents, record
from newsletter.pipeline.staff.notify import compose
from newsletter.providers import registry
from newsletter.providers.common.options import ProviderOptions, account_of
from newsletter.rendering.lazy import LazyRenderer
from newsletter.runtime.counters import Counters
from newsletter.runtime.keys import account_name, workspace_name
from newsletter.store.file.guard_file import GuardFile
from newsletter.store.file.lock import beaten_at, only_one
from newsletter.store.sql import Store

if TYPE_CHECKING:
    from newsletter.store.looks import WorkerWakeups


# A claim outlives the longest call by so much, for building the bytes and booking the answer.
_LEASE_MARGIN = timedelta(seconds=60)
_SIGN_OF_LIFE = 60.0
"""Seconds after which a scheduler that gave no sign is not at work."""
_FETCH_WITHIN = timedelta(seconds=5)


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """Sends batches and emails, and receives providers' events."""

    settings: Settings
    store: Store
    guard_file: GuardFile
    links: Links
    renderer: LazyRenderer
    counters: Counters
    key: bytes = field(repr=False)
    """The workspace's oldest, which never changes: names are made by it."""

    @contextmanager
    def only_one(self) -> Iterator[None]:
        """Hold the locks of the one process that sends. Raises Refused if another has one.

        Processes that share the sending hold a lock together.
        """
        with ExitStack() as held:
            if not self.settings.shares_sending:
                held.enter_context(only_one(self.settings.lock_path))
            held.enter_context(self.store.database.only_one(is_shared=self.settings.shares_sending))
            yield

    def looks(self) -> "WorkerWakeups":
        """Return what tells workers to look for batches."""
        from newsletter.store.looks import WorkerWakeups
        from newsletter.store.postgresql import parameters_of

        return WorkerWakeups(parameters_of(self.settings.database, self.settings.password))

    def recover(self, leaving: int | None = None) -> RecoveryResult:
        """Mark what dead processes had claimed as unknown; see ``pipeline``."""
        return recover(
            store=self.store,
            accounts=self.pool.accounts,
            is_shared=self.settings.shares_sending,
            leaving=leaving,
        )

    def prepare(self) -> None:
        """Build all of it now: threads share it."""
        _ = (self.pool, self.webhooks)

    @cached_property
    def workspace(self) -> str:
        """The name of this workspace in the ids of its attempts."""
        return workspace_name(self.key)

    @cached_property
    def pool(self) -> ProviderPool:
        """The providers, each with its rate limiter."""
        first, *others = (
            _line(options, self.settings, self.store.clock, self.key)
            for options in self.settings.providers
        )
        second = others[0] if others else None
        return ProviderPool(first=first, second=second, after=self.settings.fail_over_after)

    def close(self) -> None:
        """Close connections to providers that no call uses."""
        if "pool" in vars(self):
            for line in self.pool.all:
                line.provider.close()

    @cached_property
    def webhooks(self) -> Mapping[str, Webhook]:
        """Kind of provider → what reads its posts. One without is not listened to."""
        pairs = zip(self.pool.all, self.settings.providers, strict=True)
        found = {line.name: _webhook(line.name, options) for line, options in pairs}
        return {kind: webhook for kind, webhook in found.items() if webhook}

    @property
    def lease(self) -> timedelta:
        """The length of a claim: longer than the longest call."""
        return max(provider.timeout for provider in self.settings.providers) + _LEASE_MARGIN

    def new_attempt(self) -> str:
        """A name that no try had before."""
        return self.workspace + secrets.token_hex(12)

    def dispatcher(
        self, *, owner: int | None = None, waits: Callable[[], bool] = lambda: False
    ) -> Dispatcher:
        """Return the sender of batches; threads may share it."""
        return Dispatcher(
            store=self.store,
            guard_file=self.guard_file,
            pool=self.pool,
            links=self.links,
            lease=self.lease,
            attempt_ids=self.new_attempt,
            jitter=random.random,
            carriage=self.settings.carriage(),
            owner=owner,
            waits=waits,
        )

    def transactional_sender(self, owner: int | None = None) -> TransactionalSender:
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
            attempt_ids=self.new_attempt,
            jitter=random.random,
            desk=self.settings.desk_url,
            link_word=partial(link_word, self.key),
            owner=owner,
            news=partial(
                compose, rules=self.settings.campaign_rules(), desk=self.settings.desk_url
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
            is_shared=self.settings.shares_sending,
            waits=lambda: time.sleep(0.2),
        )

    def trial_sender(self) -> TrialSender:
        """Return the sender of test mails, which uses the first provider."""
        return TrialSender(
            store=self.store,
            renderer=self.renderer,
            links=self.links,
            provider=self.pool.first,
            lease=self.lease,
            together=self.settings.together,
        )

    def workers(self) -> list[Worker]:
        """Return the processes that share the sending."""
        with self.store.read() as tx:
            return tx.workers.all()

    def is_at_work(self) -> bool:
        """Return whether a ``run`` or ``worker`` gave a sign of life within the last minute.

        Where several processes share the sending, a scheduler is at work.
        """
        if self.settings.shares_sending:
            with self.store.read() as tx:
                return tx.workers.leader(tx.now) is not None
        seconds = self.store.clock.now().timestamp() - beaten_at(self.settings.lock_path)
        return seconds < _SIGN_OF_LIFE

    def waits(self) -> dict[str, Wait | None]:
        """Return why nothing may leave now, by provider; "" is the first provider."""
        with self.store.read() as tx:
            return self.pool.waits(tx, tx.now)

    def wait(self) -> Wait | None:
        """Return why and until when no provider may send; None if one may."""
        with self.store.read() as tx:
            waits = self.pool.waits(tx, tx.now)
            # while nothing is sending, the next campaign will begin at the first provider
            carriers = tx.campaigns.carriers() or {""}
        # of one that is not configured any more the first takes over, as at the claim
        found = [waits.get(carrier, waits[""]) for carrier in carriers]
        return min(filter(None, found), key=lambda wait: wait.until) if all(found) else None

    def hear(self, kind: str, headers: Mapping[str, str], body: bytes) -> tuple[Event, ...]:
        """Read what a provider posts. ``kind`` is one of ``webhooks``. Raises Forged."""
        return self.webhooks[kind].read(headers, body, self.store.clock.now())

    def record(
        self, kind: str, events: Sequence[Event]
    ) -> tuple[RecordedEvents, tuple[Campaign, ...]]:
        """Store a provider's events. Return the counts, and the campaigns that were paused because
        of them."""
        recorded = record(events, provider=kind, workspace=self.workspace, store=self.store)
        for event in events:
            self.counters.add("events", kind, event.kind.value)
        stopped = stop_harm(store=self.store)
        self.counters.add("breaker_pauses", by=len(stopped))
        return recorded, stopped

    @property
    def examiners(self) -> tuple[tuple[Callable[[], tuple[Finding, ...]], ...], ...]:
        """The checks of each provider for each sender, first provider first."""
        return tuple(
            tuple(
                registry.examiner(options, sender=sender, clock=self.store.clock).examine
                for sender in self.settings.from_addresses
            )
            for options in self.settings.providers
        )


def _webhook(kind: str, options: ProviderOptions) -> Webhook | None:
    key = getattr(options, "webhook_key", None)
    return registry.webhook(
        kind,
        key=key and key.get_secret_value(),
        topics=getattr(options, "webhook_topics", ()),
        fetch=_fetch,
    )


def _fetch(address: str) -> bytes:
    from newsletter.providers.common.calls import fetcher  # the HTTP client

    return fetcher(timeout=_FETCH_WITHIN)(address)


def _line(options: ProviderOptions, settings: Settings, clock: Clock, key: bytes) -> PooledProvider:
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
    account = account_name(key)(account_of(options))
    return PooledProvider(provider=provider, limiter=limiter, account=account)
