"""The service for campaigns: digest emails, planning, starts, and acts of operators."""

from dataclasses import dataclass, replace
from functools import cached_property

from newsletter.config.settings import Settings
from newsletter.domain.campaigns.campaign import ShownTerms
from newsletter.domain.campaigns.digest import Digest
from newsletter.domain.campaigns.state import CampaignRules
from newsletter.pipeline.campaigns.build_digest import DigestBuilder
from newsletter.pipeline.campaigns.control import OperatorActions, Starter
from newsletter.pipeline.campaigns.headcount import current_terms
from newsletter.pipeline.campaigns.plan import PlanRules
from newsletter.pipeline.ledger import ConfigurationCheck
from newsletter.pipeline.status import find_status
from newsletter.rendering.lazy import LazyRenderer
from newsletter.runtime.delivery import Delivery
from newsletter.store.sql import Store


@dataclass(frozen=True, kw_only=True)
class Campaigns:
    settings: Settings
    store: Store
    configuration: ConfigurationCheck
    renderer: LazyRenderer
    delivery: Delivery

    def prepare(self) -> None:
        """Build the cached attributes now, before threads share them."""
        _ = (self.digest_builder, self.plan_rules)

    @cached_property
    def digests(self) -> tuple[Digest, ...]:
        """The configured digest emails, each with a language."""
        language = self.settings.language
        return tuple(
            replace(digest, language=digest.language or language)
            for digest in self.settings.digests
        )

    @cached_property
    def digest_builder(self) -> DigestBuilder:
        from newsletter.rendering.mail.details import Abstracts  # it reads Markdown

        settings = self.settings
        abstracts = Abstracts(settings.publisher(), self.renderer.templates.wordings)
        return DigestBuilder(
            store=self.store, digests=self.digests, timezone=settings.timezone, abstracts=abstracts
        )

    @cached_property
    def rules(self) -> CampaignRules:
        """The settings that decide which statements are sent and when."""
        return self.settings.campaign_rules()

    @cached_property
    def plan_rules(self) -> PlanRules:
        from newsletter.rendering.mail.excerpts import words_of  # it reads HTML

        providers = self.delivery.pool
        limits = [pooled.provider.capabilities.max_recipients for pooled in providers.all]
        limits += [one.batch_size for one in self.settings.providers if one.batch_size is not None]
        # so that a batch takes at most a second
        limits += [max(1, int(one.rate)) for one in self.settings.providers if one.rate is not None]
        return PlanRules(
            **vars(self.rules),
            provider=providers.first.provider.name,
            batch_size=min(limits),
            capabilities=tuple(pooled.provider.capabilities for pooled in providers.all),
            words_of=words_of,
        )

    def starter(self) -> Starter:
        return Starter(store=self.store, rules=self.rules, configuration=self.configuration)

    def current_terms(self, slug: str) -> ShownTerms:
        """Return the number of readers and the time, for a person to confirm. Raises NotFound."""
        with self.store.read() as tx:
            return current_terms(tx, find_status(tx, slug, self.rules))

    def actions_of(self, actor: str) -> OperatorActions:
        return OperatorActions(store=self.store, actor=actor)
