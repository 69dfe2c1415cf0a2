"""The one place where things are built and wired."""

import random
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from newsletter.config import FILE_NAME, Settings, load
from newsletter.config.settings import FolderOptions
from newsletter.domain.campaign import Campaign
from newsletter.domain.errors import Fault
from newsletter.domain.event import Event
from newsletter.domain.pacing import Limits, Wait, WarmUp
from newsletter.pipeline.approve import note_front_matter
from newsletter.pipeline.breaker import stop_harm
from newsletter.pipeline.control import Hand
from newsletter.pipeline.dispatch import Dispatcher
from newsletter.pipeline.guard import Guard
from newsletter.pipeline.ingest import ingest
from newsletter.pipeline.lines import Line, Lines
from newsletter.pipeline.plan import Held, PlanRules, plan, start_due
from newsletter.pipeline.reconcile import Reconciler
from newsletter.pipeline.record import Recorded, record, retire
from newsletter.pipeline.recover import Recovered, recover
from newsletter.pipeline.render import render
from newsletter.pipeline.turns import Turns
from newsletter.ports import Clock, Examiner, Links, Source, Webhook
from newsletter.providers import registry
from newsletter.providers.calls import fetcher
from newsletter.providers.options import ProviderOptions
from newsletter.rendering.renderer import TemplateRenderer
from newsletter.security.clock import SystemClock
from newsletter.security.keys import address_hash, fingerprint, load_keys
from newsletter.security.links import SignedLinks
from newsletter.sources.folder import FolderSource
from newsletter.store.binding import bind
from newsletter.store.engine import open_sqlite
from newsletter.store.schema import ensure_current
from newsletter.store.sql import SqlStore
from newsletter.store.watermark import FileWatermark
from newsletter.webhooks import registry as listening

# A claim outlives the longest call by so much, for building the bytes and booking the answer.
_FETCH_WITHIN = timedelta(seconds=5)
_LEASE_MARGIN = timedelta(seconds=60)


@dataclass(frozen=True, kw_only=True)
class Look:
    """What one look at the world brought."""

    faults: tuple[Fault, ...] = ()
    scheduled: tuple[Campaign, ...] = ()
    started: tuple[Campaign, ...] = ()
    withdrawn: tuple[Held, ...] = ()
    held: tuple[Held, ...] = ()
    stopped: tuple[Campaign, ...] = ()
    """Paused by the breaker."""
    retired: int = 0
    """Mailboxes that put us off for weeks and are written to no more."""


@dataclass(frozen=True, kw_only=True)
class App:
    """Everything, built from one workspace's settings."""

    settings: Settings
    store: SqlStore
    watermark: FileWatermark
    clock: Clock
    links: Links
    renderer: TemplateRenderer
    sources: tuple[Source, ...]
    lines: Lines
    rules: PlanRules
    webhooks: Mapping[str, Webhook] = field(default_factory=dict)
    """Kind of provider → what reads its posts. Without one, that provider is not listened to."""

    def refresh(self) -> tuple[Fault, ...]:
        """Bring what is stored about statements up to date; returns what is wrong with them."""
        read = ingest(store=self.store, sources=self.sources, clock=self.clock)
        made = render(store=self.store, renderer=self.renderer, clock=self.clock)
        note_front_matter(store=self.store, policy=self.rules.policy, clock=self.clock)
        return read.faults + made.faults

    def look(self) -> Look:
        """Refresh, plan what is approved, start what is due, and stop what does harm."""
        faults = self.refresh()
        planned = plan(store=self.store, rules=self.rules, clock=self.clock)
        retired = retire(store=self.store, clock=self.clock)
        started = start_due(store=self.store, rules=self.rules, clock=self.clock)
        return Look(
            faults=faults,
            scheduled=planned.scheduled,
            started=started,
            withdrawn=planned.withdrawn,
            held=planned.held,
            stopped=stop_harm(store=self.store, clock=self.clock),
            retired=retired,
        )

    def hear(self, kind: str, headers: Mapping[str, str], body: bytes) -> tuple[Event, ...]:
        """Read what a provider posts. ``kind`` is one of ``webhooks``. Raises Forged."""
        return self.webhooks[kind].read(headers, body, self.clock.now())

    def record(self, kind: str, events: Sequence[Event]) -> tuple[Recorded, tuple[Campaign, ...]]:
        """Write down what a provider told; returns what it came to, and what was stopped by it."""
        recorded = record(events, provider=kind, store=self.store, clock=self.clock)
        return recorded, stop_harm(store=self.store, clock=self.clock)

    def recover(self) -> Recovered:
        """Take over from a process that is provably dead."""
        providers = [line.name for line in self.lines.all]
        return recover(store=self.store, providers=providers, clock=self.clock)

    def reconciler(self) -> Reconciler:
        """What finds out about batches that are unknown."""
        return Reconciler(
            store=self.store,
            providers={line.name: line.provider for line in self.lines.all},
            links=self.links,
            clock=self.clock,
            lease=self._lease,
            jitter=random.random,
        )

    @property
    def _lease(self) -> timedelta:
        return max(one.timeout for one in self.settings.providers) + _LEASE_MARGIN

    def dispatcher(self) -> Dispatcher:
        """What hands batches over; threads may share it."""
        return Dispatcher(
            store=self.store,
            watermark=self.watermark,
            lines=self.lines,
            links=self.links,
            clock=self.clock,
            lease=self._lease,
            attempt_ids=lambda: secrets.token_hex(12),
            jitter=random.random,
        )

    def guard(self) -> Guard:
        """What says whether this workspace may send."""
        return Guard(
            store=self.store,
            watermark=self.watermark,
            clock=self.clock,
            names=lambda: secrets.token_hex(16),
        )

    def waits(self) -> dict[str, Wait | None]:
        """Why nothing may leave now, by the carrier of a campaign; "" is the first provider."""
        with self.store.read() as tx:
            return self.lines.waits(tx, self.clock.now())

    def wait(self) -> Wait | None:
        """Why nothing at all may leave now, and until when; None where something may."""
        with self.store.read() as tx:
            waits = self.lines.waits(tx, self.clock.now())
            carriers = tx.campaigns.carriers() or {""}
        found = [waits.get(carrier, waits[""]) for carrier in carriers]
        return min((one for one in found if one), key=lambda one: one.until) if all(found) else None

    def hand(self, actor: str) -> Hand:
        """A person's hand on campaigns."""
        return Hand(store=self.store, clock=self.clock, actor=actor)

    @property
    def examiner(self) -> Examiner:
        """What finds out whether the provider would take our mail."""
        return registry.examiner(self.settings.provider, sender=self.settings.sender.address)

    @property
    def lock_path(self) -> Path:
        """The file whose lock proves that one process sends."""
        return self.settings.database_path.with_suffix(".lock")


@contextmanager
def opened(workspace: Path, environ: Mapping[str, str]) -> Iterator[App]:
    """Build everything for a workspace, and close it at the end of the block."""
    settings = load(workspace / FILE_NAME, environ)
    database, keys = settings.database_path, settings.workspace / "var" / "keys"
    database.parent.mkdir(parents=True, exist_ok=True)
    engine = open_sqlite(database)
    addresses, links = load_keys(keys / "addresses"), load_keys(keys / "links")
    store = SqlStore(engine, hash_address=address_hash(addresses[0]))
    watermark = FileWatermark(settings.epoch_path, database)
    try:
        ensure_current(engine)
        # The first key of each file is its oldest: rotation adds others below it.
        firsts = {"var/keys/addresses": addresses[0], "var/keys/links": links[0]}
        bind(engine, {name: fingerprint(key) for name, key in firsts.items()})
        yield _wire(settings, store, watermark, SignedLinks(links))
    finally:
        watermark.close()
        store.close()


def _wire(settings: Settings, store: SqlStore, watermark: FileWatermark, links: Links) -> App:
    clock = SystemClock()
    first, *others = (_line(options, settings, clock) for options in settings.providers)
    second = others[0] if others else None
    provider = first.provider
    return App(
        settings=settings,
        store=store,
        watermark=watermark,
        clock=clock,
        links=links,
        renderer=TemplateRenderer(
            house=settings.house(), override=settings.resolve(Path("templates"))
        ),
        sources=tuple(
            _source(options, settings)
            for options in settings.statements
            if isinstance(options, FolderOptions)
        ),
        lines=Lines(first=first, second=second, after=settings.fail_over_after),
        webhooks=_webhooks(settings, [line.name for line in (first, *others)]),
        rules=PlanRules(
            policy=settings.approval_policy(),
            undo_window=settings.schedule.undo_window,
            timezone=settings.timezone,
            provider=provider.name,
            batch_size=_batch_size(settings, first, second),
            capabilities=provider.capabilities,
            second=second.provider.capabilities if second else None,
        ),
    )


def _webhooks(settings: Settings, kinds: Sequence[str]) -> Mapping[str, Webhook]:
    """What reads the posts of each provider whose key or topics are given."""
    found = {
        kind: _webhook(kind, options)
        for kind, options in zip(kinds, settings.providers, strict=True)
    }
    return {kind: webhook for kind, webhook in found.items() if webhook}


def _webhook(kind: str, options: ProviderOptions) -> Webhook | None:
    key = getattr(options, "webhook_key", None)
    return listening.build(
        kind,
        key=key and key.get_secret_value(),
        topics=getattr(options, "webhook_topics", ()),
        fetch=fetcher(timeout=_FETCH_WITHIN),
    )


def _source(options: FolderOptions, settings: Settings) -> Source:
    return FolderSource(
        folder=settings.resolve(options.path),
        workspace=settings.workspace,
        default_lists=settings.default_lists,
        language=settings.language,
        timezone=settings.timezone,
    )


def _line(options: ProviderOptions, settings: Settings, clock: Clock) -> Line:
    provider = registry.build(options, workspace=settings.workspace, clock=clock)
    turns = Turns(
        provider=provider.name,
        domain=settings.sender.address.rpartition("@")[2].lower(),
        limits=_limits(options, settings.timezone),
    )
    return Line(provider=provider, turns=turns)


def _limits(options: ProviderOptions, timezone: str) -> Limits:
    return Limits(
        timezone=timezone,
        rate=options.rate,
        burst=options.burst,
        daily_quota=options.daily_quota,
        warm_up=WarmUp(**dict(options.warm_up)) if options.warm_up else None,
    )


def _batch_size(settings: Settings, *lines: Line | None) -> int:
    """No batch may hold more than each provider takes, or than its rate allows in a second."""
    limits = [line.provider.capabilities.max_recipients for line in lines if line]
    for options in settings.providers:
        if options.batch_size is not None:
            limits.append(options.batch_size)
        if options.rate is not None:
            limits.append(max(1, int(options.rate)))
    return min(limits)
