"""The one place where things are built and wired."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from newsletter.app import App
from newsletter.config import FILE_NAME, Settings, load
from newsletter.config import segments as segment_options
from newsletter.config.roundups import configured
from newsletter.config.sources import (
    AnySource,
    FeedOptions,
    FolderOptions,
    WordPressOptions,
    visited,
)
from newsletter.domain.audience import fold
from newsletter.domain.pacing import Limits, WarmUp
from newsletter.pipeline.gather import Gatherer
from newsletter.pipeline.issues import Issues
from newsletter.pipeline.lines import Line, Lines
from newsletter.pipeline.plan import PlanRules
from newsletter.pipeline.review import ReviewRules
from newsletter.pipeline.turns import Turns
from newsletter.ports import Clock, Feed, History, Links, Source, Store, Webhook
from newsletter.providers import registry
from newsletter.providers.calls import fetcher
from newsletter.providers.options import ProviderOptions
from newsletter.rendering.abstracts import WrittenAbstracts
from newsletter.rendering.renderer import TemplateRenderer
from newsletter.rendering.reviewer import MarkdownReviewer
from newsletter.security.clock import SystemClock
from newsletter.security.keys import address_hash, fingerprint, load_keys, load_link_keys
from newsletter.security.links import SignedLinks
from newsletter.sources.feeds.fetching import Fetcher
from newsletter.sources.feeds.taken import FeedSource
from newsletter.sources.feeds.visiting import SyndicatedFeed, WordPressFeed
from newsletter.sources.folder import FolderSource
from newsletter.sources.roundups import RoundupSource
from newsletter.store.binding import bind
from newsletter.store.engine import open_sqlite
from newsletter.store.schema import ensure_current
from newsletter.store.sql import SqlStore
from newsletter.store.watermark import FileWatermark
from newsletter.webhooks import registry as listening

_FETCH_WITHIN = timedelta(seconds=5)


@contextmanager
def opened(workspace: Path, environ: Mapping[str, str]) -> Iterator[App]:
    """Build everything for a workspace, and close it at the end of the block."""
    settings = load(workspace / FILE_NAME, environ)
    database, keys = settings.database_path, settings.workspace / "var" / "keys"
    database.parent.mkdir(parents=True, exist_ok=True)
    engine = open_sqlite(database)
    addresses, (links, retired) = load_keys(keys / "addresses"), load_link_keys(keys / "links")
    store = SqlStore(engine, hash_address=address_hash(addresses[0]))
    watermark = FileWatermark(settings.epoch_path, database)
    try:
        ensure_current(engine)
        # The first key of each file is its oldest: rotation adds others below it.
        firsts = {"var/keys/addresses": addresses[0], "var/keys/links": links[0]}
        bind(engine, {name: fingerprint(key) for name, key in firsts.items()})
        yield _wire(settings, store, watermark, SignedLinks(links, retired=retired))
    finally:
        watermark.close()
        store.close()


def _wire(settings: Settings, store: SqlStore, watermark: FileWatermark, links: Links) -> App:
    clock = SystemClock()
    first, *others = (_line(options, settings, clock) for options in settings.providers)
    second = others[0] if others else None
    provider = first.provider
    house, together = settings.house(), settings.translations == "together"
    renderer = renderer_of(settings)
    return App(
        settings=settings,
        store=store,
        watermark=watermark,
        clock=clock,
        links=links,
        renderer=renderer,
        # first the round-ups: of two with one slug it is the file that has to change
        sources=(RoundupSource(store), *_sources(settings, store, clock)),
        gatherer=Gatherer(
            store=store,
            roundups=configured(settings.roundups, language=settings.language),
            issues=Issues(
                timezone=settings.timezone, abstracts=WrittenAbstracts(house, renderer.wordings)
            ),
            clock=clock,
        ),
        segments=segment_options.configured(settings.segments, timezone=settings.timezone),
        feeds=_feeds(settings, clock),
        lines=Lines(first=first, second=second, after=settings.fail_over_after),
        webhooks=_webhooks(settings, [line.name for line in (first, *others)]),
        histories=_histories(settings, [line.name for line in (first, *others)]),
        review_rules=ReviewRules(
            reviewer=MarkdownReviewer(),
            timezone=settings.timezone,
            together=together,
        ),
        rules=PlanRules(
            policy=settings.approval_policy(),
            undo_window=settings.schedule.undo_window,
            timezone=settings.timezone,
            provider=provider.name,
            batch_size=_batch_size(settings, first, second),
            capabilities=provider.capabilities,
            second=second.provider.capabilities if second else None,
            together=together,
        ),
    )


def renderer_of(settings: Settings) -> TemplateRenderer:
    """What renders statements. Whatever setting shapes what readers get is in its fingerprint."""
    return TemplateRenderer(
        house=settings.house(),
        override=settings.resolve(Path("templates")),
        carriage=settings.carriage(),
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


def _histories(settings: Settings, kinds: Sequence[str]) -> Mapping[str, tuple[timedelta, History]]:
    """What lists the events of each provider that has to be asked for them."""
    return {
        kind: (options.poll_events, registry.history(options, listening.LISTED.get(kind)))
        for kind, options in zip(kinds, settings.providers, strict=True)
        if options.poll_events is not None
    }


def _sources(settings: Settings, store: Store, clock: Clock) -> tuple[Source, ...]:
    """What reads the statements of each source, in their order."""
    return tuple(_source(options, settings, store, clock) for options in settings.statements)


def _source(options: AnySource, settings: Settings, store: Store, clock: Clock) -> Source:
    if isinstance(options, FolderOptions):
        return FolderSource(
            folder=settings.resolve(options.path),
            workspace=settings.workspace,
            default_lists=settings.default_lists,
            language=settings.language,
            timezone=settings.timezone,
            segments=segment_options.configured(settings.segments, timezone=settings.timezone),
        )
    feed = _feed(options, settings, clock)
    return FeedSource(
        feed=feed.name,
        address=feed.address,
        store=store,
        lists=options.lists or settings.default_lists,
        language=settings.language,
        own_language=options.language or "",
        approved_by=tuple(map(fold, options.approved_by)) if options.trusted else (),
    )


def _feeds(settings: Settings, clock: Clock) -> tuple[Feed, ...]:
    """What visits each source that is somewhere else."""
    return tuple(_feed(options, settings, clock) for options in visited(settings.statements))


def _feed(options: FeedOptions | WordPressOptions, settings: Settings, clock: Clock) -> Feed:
    fetcher = Fetcher(allow_private=options.allow_private)
    if isinstance(options, FeedOptions):
        return SyndicatedFeed(
            name=options.known_as,
            address=options.url,
            every=options.every,
            trusted=options.trusted,
            fetcher=fetcher,
            clock=clock,
            zone=settings.timezone,
        )
    return WordPressFeed(
        name=options.known_as,
        site=options.url,
        category=options.category or "",
        every=options.every,
        trusted=options.trusted,
        fetcher=fetcher,
        clock=clock,
        zone=settings.timezone,
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
