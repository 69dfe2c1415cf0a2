"""The parts of a workspace, each built from the settings when it is first asked for.

Most commands need two or three of them, so what brings the large libraries (the HTTP client, what
reads web pages and Word files, templates and mail) is imported by the part that is built with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from newsletter.config.settings import Settings
    from newsletter.config.sources import AnySource, FeedOptions, WordPressOptions
    from newsletter.domain.campaigns.roundup import Roundup
    from newsletter.domain.clock import Clock
    from newsletter.domain.delivery.pacing import Limits
    from newsletter.domain.ports import Feed, History, Source, Webhook
    from newsletter.domain.statements.statement import ApprovalPolicy
    from newsletter.domain.subscribers.segment import Segment
    from newsletter.pipeline.campaigns.gather import Gatherer
    from newsletter.pipeline.campaigns.plan import PlanRules
    from newsletter.pipeline.delivery.lines import Line, Lines
    from newsletter.pipeline.staff.proofs import Proofs
    from newsletter.pipeline.statements.review import ReviewRules
    from newsletter.providers.common.options import ProviderOptions
    from newsletter.rendering.waiting import WaitingRenderer
    from newsletter.sources.statements import Defaults
    from newsletter.store.sql import Store


_FETCH_WITHIN = timedelta(seconds=5)


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What a workspace consists of."""

    settings: Settings
    store: Store
    clock: Clock
    key: bytes = field(repr=False)
    """The workspace's oldest, which never changes: names are made by it."""

    def prepare(self) -> None:
        """Build all of it now: what is wrong is told before work begins, and threads share it.

        Raises InvalidInput, for a template that cannot be parsed among others.
        """
        self.renderer.prepare()
        _ = (self.sources, self.gatherer, self.feeds, self.rules)
        _ = (self.lines, self.webhooks, self.histories)

    @cached_property
    def workspace(self) -> str:
        """Its name in those of its attempts."""
        from newsletter.runtime.keys import workspace_name

        return workspace_name(self.key)

    @cached_property
    def renderer(self) -> WaitingRenderer:
        """What makes mails of statements."""
        return renderer_of(self.settings)

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        """Where statements come from."""
        from newsletter.pipeline.statements.kept import DeskSource, RoundupSource

        # first round-ups and the desk: of two with one slug it is the file that has to change
        own = _sources(self.settings, self.segments, self.store, self.clock)
        return (RoundupSource(self.store), DeskSource(self.store, self.defaults), *own)

    @cached_property
    def defaults(self) -> Defaults:
        """What holds of a text that does not say otherwise."""
        from newsletter.sources.statements import Defaults

        return Defaults(
            lists=self.settings.default_lists,
            language=self.settings.language,
            timezone=self.settings.timezone,
            segments=self.segments,
        )

    @cached_property
    def policy(self) -> ApprovalPolicy:
        """What an approval needs in order to count."""
        return self.settings.approval_policy()

    @cached_property
    def proofs(self) -> Proofs:
        """What staff prove by who they are."""
        from newsletter.credentials.passwords import Passwords
        from newsletter.pipeline.staff.proofs import Proofs

        return Proofs(
            store=self.store,
            clock=self.clock,
            key=self.key,
            passwords=Passwords(),
            rules=self.settings.desk.rules(),
        )

    @cached_property
    def roundups(self) -> tuple[Roundup, ...]:
        """The mails that gather what went out."""
        from newsletter.config.roundups import configured

        return configured(self.settings.roundups, language=self.settings.language)

    @cached_property
    def gatherer(self) -> Gatherer:
        """What makes round-ups."""
        from newsletter.pipeline.campaigns.gather import Gatherer, Issues
        from newsletter.rendering.mail.values import WrittenAbstracts  # it reads Markdown

        settings = self.settings
        abstracts = WrittenAbstracts(settings.house(), self.renderer.wordings)
        return Gatherer(
            store=self.store,
            roundups=self.roundups,
            issues=Issues(timezone=settings.timezone, abstracts=abstracts),
            clock=self.clock,
        )

    @cached_property
    def segments(self) -> tuple[Segment, ...]:
        """The saved rules that pick readers."""
        from newsletter.config.segments import configured

        return configured(self.settings.segments, timezone=self.settings.timezone)

    @cached_property
    def feeds(self) -> tuple[Feed, ...]:
        """The sources that are visited over the network."""
        return _feeds(self.settings, self.clock)

    @cached_property
    def lines(self) -> Lines:
        """The providers, and the turns at each."""
        from newsletter.pipeline.delivery.lines import Lines

        first, *others = (
            _line(options, self.settings, self.clock, self.key)
            for options in self.settings.providers
        )
        second = others[0] if others else None
        return Lines(first=first, second=second, after=self.settings.fail_over_after)

    @cached_property
    def webhooks(self) -> Mapping[str, Webhook]:
        """Kind of provider → what reads its posts. One without is not listened to."""
        return _webhooks(self.settings, [line.name for line in self.lines.all])

    @cached_property
    def histories(self) -> Mapping[str, tuple[timedelta, History]]:
        """Kind of provider → how often it is asked for events, and what lists them."""
        return _histories(self.settings, [line.name for line in self.lines.all])

    @cached_property
    def review_rules(self) -> ReviewRules:
        """How statements are reviewed."""
        from newsletter.pipeline.statements.review import ReviewRules
        from newsletter.rendering.waiting import WaitingReviewer

        return ReviewRules(
            reviewer=WaitingReviewer(),
            timezone=self.settings.timezone,
            together=self.settings.together,
        )

    @cached_property
    def rules(self) -> PlanRules:
        """How campaigns are planned."""
        from newsletter.domain.campaigns.go import StartBy
        from newsletter.pipeline.campaigns.plan import PlanRules

        settings, lines = self.settings, self.lines
        provider, second = lines.first.provider, lines.second
        return PlanRules(
            policy=self.policy,
            undo_window=settings.schedule.undo_window,
            timezone=settings.timezone,
            provider=provider.name,
            batch_size=_batch_size(settings, lines.first, second),
            capabilities=provider.capabilities,
            second=second.provider.capabilities if second else None,
            together=settings.together,
            start=StartBy(settings.schedule.start),
        )


def renderer_of(settings: Settings) -> WaitingRenderer:
    """What renders statements. Whatever setting shapes what readers get is in its fingerprint."""
    from newsletter.rendering.waiting import WaitingRenderer

    return WaitingRenderer(
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
    from newsletter.providers import registry

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


def _histories(settings: Settings, kinds: Sequence[str]) -> Mapping[str, tuple[timedelta, History]]:
    """What lists the events of each provider that has to be asked for them."""
    from newsletter.providers.registry import history

    return {
        kind: (options.poll_events, history(options))
        for kind, options in zip(kinds, settings.providers, strict=True)
        if options.poll_events is not None
    }


def _sources(
    settings: Settings, segments: tuple[Segment, ...], store: Store, clock: Clock
) -> tuple[Source, ...]:
    """What reads the statements of each source, in their order."""
    return tuple(
        _source(options, settings, segments, store, clock) for options in settings.statements
    )


def _source(
    options: AnySource,
    settings: Settings,
    segments: tuple[Segment, ...],
    store: Store,
    clock: Clock,
) -> Source:
    from newsletter.config.sources import FolderOptions
    from newsletter.domain.subscribers.audience import fold
    from newsletter.sources.folder import FolderSource

    if isinstance(options, FolderOptions):
        return FolderSource(
            folder=settings.resolve(options.path),
            workspace=settings.workspace,
            default_lists=settings.default_lists,
            language=settings.language,
            timezone=settings.timezone,
            segments=segments,
        )
    from newsletter.pipeline.statements.kept import FeedSource  # with what reads pages

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
    from newsletter.config.sources import visited

    return tuple(_feed(options, settings, clock) for options in visited(settings.statements))


def _feed(options: FeedOptions | WordPressOptions, settings: Settings, clock: Clock) -> Feed:
    from newsletter.config.sources import FeedOptions
    from newsletter.sources.feeds.elsewhere import Elsewhere
    from newsletter.sources.feeds.fetching import Fetcher  # with what reads pages
    from newsletter.sources.feeds.visiting import SyndicatedFeed, WordPressFeed

    fetcher = Fetcher(allow_private=options.allow_private)
    if isinstance(options, FeedOptions):
        return SyndicatedFeed(
            name=options.known_as,
            address=options.url,
            every=options.every,
            trusted=options.trusted,
            fetcher=fetcher,
            reader=Elsewhere(),
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
        reader=Elsewhere(),
        clock=clock,
        zone=settings.timezone,
    )


def _line(options: ProviderOptions, settings: Settings, clock: Clock, key: bytes) -> Line:
    from newsletter.pipeline.delivery.lines import Line, Turns
    from newsletter.providers import registry
    from newsletter.providers.common.options import account_of
    from newsletter.runtime.keys import account_name

    provider = registry.build(options, workspace=settings.workspace, clock=clock)
    turns = Turns(
        provider=provider.name,
        domain=settings.sender.address.rpartition("@")[2].lower(),
        limits=_limits(options, settings.timezone),
    )
    account = account_name(key)(account_of(options))
    return Line(provider=provider, turns=turns, account=account)


def _limits(options: ProviderOptions, timezone: str) -> Limits:
    from newsletter.domain.delivery.pacing import Limits, WarmUp

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
