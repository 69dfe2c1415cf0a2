"""The tick: runs every stage of a workspace except sending."""

from dataclasses import dataclass
from functools import cached_property

from newsletter.domain.campaigns.campaign import Campaign
from newsletter.domain.errors import Fault
from newsletter.domain.statements.statement import Approval
from newsletter.imports import import_all
from newsletter.pipeline.campaigns.build_digest import BuiltDigest
from newsletter.pipeline.campaigns.plan import PlanResult, PlanState, plan, start_due
from newsletter.pipeline.events.record import pause_harmful
from newsletter.pipeline.staff.notify import notify
from newsletter.pipeline.subscribers.administer import clean
from newsletter.pipeline.subscribers.choose import resume
from newsletter.runtime.campaigns import Campaigns
from newsletter.runtime.delivery import Delivery
from newsletter.runtime.statements import Statements

_FOR_SERVERS = frozenset({"postgresql", "postgresql_words", "wakeups"})
"""Modules of the store that only a workspace on a PostgreSQL server imports, before its tick."""


@dataclass(frozen=True, kw_only=True)
class TickResult(PlanResult):
    faults: tuple[Fault, ...] = ()
    built_digests: tuple[BuiltDigest, ...] = ()
    approved: tuple[Approval, ...] = ()
    """Approvals in front matter."""
    started: tuple[Campaign, ...] = ()
    stopped: tuple[Campaign, ...] = ()
    """Campaigns that the circuit breaker paused."""
    resumed: int = 0
    """The number of readers whose pause ended."""


@dataclass(frozen=True, kw_only=True)
class Tick:
    """The periodic work of a workspace."""

    statements: Statements
    campaigns: Campaigns
    delivery: Delivery

    def prepare(self) -> None:
        """Build and import everything before threads share it. Raises InvalidInput."""
        self.statements.prepare()
        self.campaigns.prepare()
        self.delivery.prepare()
        import_all("newsletter.pipeline")
        import_all("newsletter.store", omit=_FOR_SERVERS)

    @cached_property
    def _plan_state(self) -> PlanState:
        """The state of the last planning, which the next one updates."""
        return PlanState()

    def run(self) -> TickResult:
        """Build digests, refresh, plan and start campaigns, pause harmful ones, create notices."""
        store, rules = self.delivery.store, self.campaigns.plan_rules
        # each stage reads what the stages before it wrote
        built_digests = self.campaigns.digest_builder.build()
        faults, approvals = self.statements.refresh_with_approvals()
        resumed = resume(store=store)
        plan_result = plan(store=store, rules=rules, state=self._plan_state)
        started = start_due(store=store, rules=rules)
        clean(store=store)  # if the database was too busy at an erasure
        stopped = pause_harmful(store=store)
        if self.delivery.settings.desk.enabled:
            # last, for notices of all this
            notify(store=store, rules=rules, channels=self.delivery.settings.channels())
        return TickResult(
            **vars(plan_result),
            faults=faults,
            built_digests=built_digests,
            approved=approvals,
            started=started,
            stopped=stopped,
            resumed=resumed,
        )
