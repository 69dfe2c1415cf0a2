"""The campaigns of a workspace: planned, started, steered by hand, gathered in digest emails."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

from newsletter.config.settings import Settings
from newsletter.domain.campaigns.campaign import ShownTerms
from newsletter.domain.campaigns.digest import Digest
from newsletter.domain.campaigns.state import CampaignRules
from newsletter.pipeline.campaigns.build_digest import DigestBuilder
from newsletter.pipeline.campaigns.control import OperatorActions, Starter
from newsletter.pipeline.campaigns.headcount import terms_now
from newsletter.pipeline.campaigns.plan import PlanRules
from newsletter.pipeline.delivery.attempt import PooledProvider
from newsletter.pipeline.ledger import Configuration
from newsletter.pipeline.status import find_status
from newsletter.rendering.lazy import LazyRenderer
from newsletter.runtime.delivery import Delivery
from newsletter.store.sql import Store


@dataclass(frozen=True, kw_only=True)
class Campaigns:
    """The campaigns' service."""

    settings: Settings
    store: Store
    configuration: Configuration
    renderer: LazyRenderer
    delivery: Delivery

    def prepare(self) -> None:
        """Build all of it now."""
        _ = (self.digest_builder, self.plan_rules)

    @cached_property
    def digests(self) -> tuple[Digest, ...]:
        """The mails that gather what went out."""
        language = self.settings.language
        return tuple(
            replace(digest, language=digest.language or language)
            for digest in self.settings.digests
        )

    @cached_property
    def digest_builder(self) -> DigestBuilder:
        from newsletter.rendering.mail.values import Abstracts  # it reads Markdown

        settings = self.settings
        abstracts = Abstracts(settings.house(), self.renderer.templates.wordings)
        return DigestBuilder(
            store=self.store, digests=self.digests, timezone=settings.timezone, abstracts=abstracts
        )

    @cached_property
    def rules(self) -> CampaignRules:
        """The settings that decide which statements are sent, and when."""
        return self.settings.campaign_rules()

    @cached_property
    def plan_rules(self) -> PlanRules:
        from newsletter.rendering.mail.excerpts import words_of  # it reads HTML

        lines = self.delivery.pool
        return PlanRules(
            **vars(self.rules),
            provider=lines.first.provider.name,
            batch_size=_batch_size(self.settings, lines.all),
            capabilities=tuple(line.provider.capabilities for line in lines.all),
            words_of=words_of,
        )

    def starter(self) -> Starter:
        return Starter(store=self.store, rules=self.rules, configuration=self.configuration)

    def terms_now(self, slug: str) -> ShownTerms:
        """Return what a command shows of a statement before it decides. Raises NotFound."""
        with self.store.read() as tx:
            return terms_now(tx, find_status(tx, slug, self.rules))

    def hand(self, actor: str) -> OperatorActions:
        """Return the acts of a person on campaigns."""
        return OperatorActions(store=self.store, actor=actor)


def _batch_size(settings: Settings, lines: Iterable[PooledProvider]) -> int:
    """Return the largest batch that each provider takes, and its rate allows in a second."""
    limits = [line.provider.capabilities.max_recipients for line in lines]
    for options in settings.providers:
        if options.batch_size is not None:
            limits.append(options.batch_size)
        if options.rate is not None:
            limits.append(max(1, int(options.rate)))
    return min(limits)
