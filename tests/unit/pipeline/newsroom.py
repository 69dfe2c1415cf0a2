"""The whole pipeline by hand: one step at a time, with books that balance after each."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from newsletter.domain.campaigns.campaign import Campaign, Counts, ShownTerms
from newsletter.domain.delivery.batch import Answer, OutgoingBatch
from newsletter.domain.delivery.rate_limit import Limits
from newsletter.domain.ports import Provider
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.statement import (
    Approval,
    Approvals,
    Channel,
    Progress,
    StageResult,
    Statement,
)
from newsletter.domain.subscribers.audience import Entry, SuppressedEntry, SuppressionReason
from newsletter.pipeline.campaigns.control import OperatorActions, Starter
from newsletter.pipeline.campaigns.headcount import DryRun, current_terms, dry_run
from newsletter.pipeline.campaigns.plan import PlanResult, PlanRules, PlanState, plan, start_due
from newsletter.pipeline.campaigns.trial import TrialSender
from newsletter.pipeline.delivery.dispatch import Dispatcher, DispatchResult
from newsletter.pipeline.delivery.provider_pool import PooledProvider, ProviderPool
from newsletter.pipeline.delivery.rate_limiter import RateLimiter
from newsletter.pipeline.delivery.reconcile import (
    Reconciler,
    ReconcileResult,
    RecoveryResult,
    recover,
)
from newsletter.pipeline.delivery.restore_guard import Guard
from newsletter.pipeline.ledger import ConfigurationCheck
from newsletter.pipeline.statements.approve import (
    ApprovalRequest,
    ApprovalResult,
    ApprovalScan,
    approve,
    note_front_matter,
)
from newsletter.pipeline.statements.ingest import IngestState, ingest
from newsletter.pipeline.statements.render import RenderState, render
from newsletter.pipeline.statements.review import ReviewResult, ReviewRules, review
from newsletter.pipeline.status import load_status
from newsletter.rendering.checks.reviewer import review_text
from newsletter.store.file.guard_file import GuardFile
from newsletter.store.sql import Store, Transaction
from tests.contracts.books import audited
from tests.fakes import (
    FixedClock,
    ListSource,
    MemoryWatermark,
    PlainLinks,
    PlainRenderer,
    RecordingProvider,
)
from tests.interrupted import WatchedStore
from tests.unit.pipeline import started

STAFF = {
    "ed@forum.example": Role.APPROVER,
    "flo@forum.example": Role.APPROVER,
    "ada@forum.example": Role.ADMIN,
    "sam@forum.example": Role.SENDER,
    "writer@forum.example": Role.APPROVER,
    "vic@forum.example": Role.VIEWER,
}

_UNBALANCED = """
SELECT count(*) FROM batch WHERE
    size <> pending + accepted + rejected + suppressed + cancelled + unknown
    OR size <> json_array_length(members)
    OR (state = 'queued' AND pending = 0)
    OR (state IN ('done', 'unknown') AND pending > 0)
    OR (state = 'unknown' AND unknown = 0)
    OR (state <> 'unknown' AND unknown > 0)
    OR suppressed <> (SELECT count(*) FROM delivery
                      WHERE batch_id = batch.id AND state = 'suppressed')
    OR rejected <> (SELECT count(*) FROM delivery WHERE batch_id = batch.id AND state = 'rejected')
    OR accepted < (SELECT count(*) FROM delivery WHERE batch_id = batch.id AND state = 'accepted')
"""
_AUDIENCES = """
SELECT campaign_id, sum(size) FROM batch
WHERE campaign_id IN (SELECT id FROM campaign WHERE welcome = 0) GROUP BY campaign_id
"""


class BalancedStore(WatchedStore):
    """The real store; after each transaction the books of all batches and campaigns balance."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, within=self._check)
        self.real = store
        self._audiences: dict[int, int] = {}

    def _check(self, tx: Transaction) -> None:
        """Check the balance before each commit."""
        books = tx.db.driver  # these questions are not counted
        assert books.execute(_UNBALANCED).fetchone() == (0,)
        for campaign_id, size in books.execute(_AUDIENCES):
            assert self._audiences.setdefault(campaign_id, size) == size


class Newsroom:
    """Sources, store, provider and rules of one workspace."""

    def __init__(self, store: Any) -> None:
        self.store = store
        self.clock: FixedClock = store.clock
        self.source = ListSource()
        self.renderer = PlainRenderer()
        self.links = PlainLinks()
        self.provider = RecordingProvider()
        self.guard_file: GuardFile = MemoryWatermark(begun=True)
        self.second: RecordingProvider | None = None
        self.account = "account A"
        self.second_account = "account Z"
        self.rules = PlanRules(
            policy=Approvals(),
            undo_window=timedelta(minutes=5),
            timezone="America/New_York",
            provider="recording",
            batch_size=10,
            capabilities=(self.provider.capabilities,),
            words_of=lambda content: ("", content.text.partition("\n")[0]),
        )
        self.review_rules = ReviewRules(review=review_text, campaigns=self.rules)
        self.configuration = ConfigurationCheck(
            digest=lambda: "ours", changed_on_disk=lambda: "", is_service_running=lambda: False
        )
        self.limits = Limits(timezone="America/New_York")
        self.forget_looks()
        self._attempts = itertools.count(1)
        self._epochs = itertools.count(1)
        with store.begin() as tx:
            for address, role in STAFF.items():
                tx.staff.put(address, role, tx.now)

    def forget_looks(self) -> None:
        """Act like a process that has started again: the next look reads everything."""
        self.read, self.tried, self.compared, self.watch = (
            IngestState(),
            RenderState(),
            ApprovalScan(),
            PlanState(),
        )

    def write(self, slug: str = "resignation", **fields: Any) -> Statement:
        """Put a statement into the source, or another text in its place."""
        defaults: dict[str, Any] = {
            "title": "Forum resigns from task force",
            "body": "The Forum has resigned." if slug == "resignation" else f"This is {slug}.",
            "lists": ("press",),
            "language": "en",
            "author": "writer@forum.example",
            "origin": f"statements/{slug}.md",
        }
        statement = Statement(slug=slug, **(defaults | fields))
        others = [one for one in self.source.statements if one.slug != slug]
        self.source.statements = [*others, statement]
        return statement

    def bring_along(self, *names: str, slug: str = "resignation", **fields: Any) -> Statement:
        """The same with approvals named in its front matter."""
        return self.write(slug, progress=Progress.APPROVED, approved_by=names, **fields)

    def write_and_look(self, slug: str = "resignation", **fields: Any) -> PlanResult:
        """Put a statement into the source, and run a tick."""
        self.write(slug, **fields)
        return self.look()

    def write_and_approve(self, slug: str = "resignation", **fields: Any) -> ApprovalResult:
        self.write_and_look(slug, **fields)
        return self.approve(slug=slug)

    def remove(self, slug: str = "resignation") -> None:
        self.source.statements = [one for one in self.source.statements if one.slug != slug]

    def subscribe(self, count: int, *lists: str) -> None:
        with self.store.begin() as tx:
            tx.readers.upsert(
                (
                    Entry(address=f"reader{number}@example.org", lists=lists or ("press",))
                    for number in range(1, count + 1)
                ),
                self.clock.now(),
            )

    def hire(self, address: str, role: Role) -> None:
        """Add a member of staff, or change their role."""
        with self.store.begin() as tx:
            tx.staff.put(address, role, tx.now)

    def dismiss(self, address: str) -> None:
        with self.store.begin() as tx:
            tx.staff.remove(address)

    def suppress(self, address: str, reason: SuppressionReason = SuppressionReason.BOUNCED) -> None:
        with self.store.begin() as tx:
            entry = SuppressedEntry(address=address, reason=reason)
            tx.readers.suppress([entry], self.clock.now(), "test")

    # --- the stages; ``later`` is how far the clock moves before

    def ingest(self) -> StageResult:
        shares_email = self.rules.shares_email
        return ingest(
            store=self.store, sources=[self.source], shares_email=shares_email, state=self.read
        )

    def render(self) -> StageResult:
        return render(
            store=self.store,
            renderer=self.renderer,
            shares_email=self.rules.shares_email,
            state=self.tried,
        )

    def note(self) -> tuple[str, ...]:
        return tuple(noted.slug for noted in self.noted())

    def noted(self) -> tuple[Approval, ...]:
        return note_front_matter(
            store=self.store,
            rules=self.review_rules,
            start=self.starter().start_by_approval,
            state=self.compared,
        )

    def review(self, slug: str = "resignation") -> ReviewResult:
        with self.store.read() as tx:
            stored = tx.statements.get(slug)
            assert stored is not None
            [reviewed] = review(tx, [stored], self.review_rules)
        return reviewed

    def plan(self) -> PlanResult:
        return plan(store=self.store, rules=self.rules, state=self.watch)

    def start_due(self, **later: float) -> tuple[Campaign, ...]:
        self.clock.advance(**later)
        return start_due(store=self.store, rules=self.rules)

    def look(self, **later: float) -> PlanResult:
        """Run a tick of the scheduler, up to the planning."""
        self.clock.advance(**later)
        self.ingest()
        self.render()
        self.note()
        return self.plan()

    def approve(
        self,
        by: str = "ed@forum.example",
        slug: str = "resignation",
        *,
        expect: str = "",
        despite: str | None = None,
        no_embargo: bool = False,
        override: bool = False,
        shown: int | None = None,
        store: Any = None,
    ) -> ApprovalResult:
        yes = ApprovalRequest(
            slug=slug,
            by=by,
            expect=expect,
            despite=despite,
            no_embargo=no_embargo,
            override=override,
            shown=self.terms(slug, shown),
            channel=Channel.COMMAND if shown is None else Channel.DESK,
        )
        return approve(
            yes,
            store=store or self.store,
            rules=self.review_rules,
            configuration=self.configuration,
            start=self.starter().start_by_approval,
        )

    def terms(self, slug: str = "resignation", readers: int | None = None) -> ShownTerms:
        """Return the page of now, but with another number of readers."""
        with self.store.read() as tx:
            stored = tx.statements.get(slug)
            status = load_status(tx, stored, self.rules) if stored else None
            shown = current_terms(tx, status) if status else ShownTerms()
        return shown if readers is None else replace(shown, readers=readers, typed_readers=readers)

    def starter(self, store: Any = None) -> Starter:
        return Starter(
            store=store or self.store, rules=self.rules, configuration=self.configuration
        )

    def demand(self, *, shares_email: bool = False, **policy: Any) -> None:
        self.rules = replace(
            self.rules,
            policy=replace(self.rules.policy, **policy),
            shares_email=self.rules.shares_email or shares_email,
        )
        self.review_rules = replace(self.review_rules, campaigns=self.rules)
        self.forget_looks()

    def rehearse(self, slug: str = "resignation") -> DryRun:
        return dry_run(slug, store=self.store, rules=self.rules)

    def start(self, readers: int = 25, **fields: Any) -> Campaign:
        """A campaign that is sending; what others started alike is copied."""
        statement = self.write(**fields)
        store = self.store.real if isinstance(self.store, BalancedStore) else self.store
        key = started.key_of(self, store, readers, fields)
        if key is None or not started.copy(key, self, store):
            self.subscribe(readers)
            self.look()
            self.approve(slug=statement.slug)
            self.plan()
            self.clock.advance(minutes=5)
            assert len(self.start_due()) == 1
            if key is not None:
                started.keep(key, self, store)
        else:
            self.clock.advance(minutes=5)
        return self.campaign(statement.slug)

    def send(self, readers: int = 25, **fields: Any) -> Campaign:
        """A campaign, and all of its batches sent."""
        campaign = self.start(readers, **fields)
        self.drain()
        return campaign

    def dispatcher(
        self, store: Store | None = None, provider: Provider | None = None
    ) -> Dispatcher:
        return Dispatcher(
            store=store or self.store,
            guard_file=self.guard_file,
            pool=self.pool(provider),
            links=self.links,
            lease=timedelta(minutes=2),
            attempt_ids=lambda: f"attempt{next(self._attempts)}",
            jitter=lambda: 0.0,
        )

    def test_sender(self) -> TrialSender:
        return TrialSender(
            store=self.store,
            renderer=self.renderer,
            links=self.links,
            provider=self.pool().first,
            lease=timedelta(minutes=2),
        )

    def send_test(self, to: str, **fields: Any) -> Answer:
        [answer] = self.test_sender().send("resignation", to=[to], **fields).values()
        return answer

    def pool(self, provider: Provider | None = None) -> ProviderPool:
        first = PooledProvider(
            provider=provider or self.provider, limiter=self.limiter(), account=self.account
        )
        if self.second is None:
            return ProviderPool(first=first)
        limiter = RateLimiter(provider=self.second.name, domain="forum.example", limits=self.limits)
        return ProviderPool(
            first=first,
            second=PooledProvider(
                provider=self.second, limiter=limiter, account=self.second_account
            ),
        )

    def limiter(self) -> RateLimiter:
        return RateLimiter(provider=self.provider.name, domain="forum.example", limits=self.limits)

    def dispatch(
        self, answer: Callable[[OutgoingBatch], Answer] | None = None, **later: float
    ) -> DispatchResult:
        """Send a batch. ``answer`` is how the provider answers from now on."""
        self.clock.advance(**later)
        self.provider.answer = answer or self.provider.answer
        done = self.dispatcher().dispatch()
        assert done is not None, "there is nothing to hand over"
        return done

    def drain(
        self,
        limit: int = 100,
        *,
        dispatcher: Dispatcher | None = None,
        answer: Callable[[OutgoingBatch], Answer] | None = None,
        **later: float,
    ) -> int:
        """Send all due batches; return the number of calls."""
        self.clock.advance(**later)
        self.provider.answer = answer or self.provider.answer
        dispatcher = dispatcher or self.dispatcher()
        for calls in range(limit):
            if dispatcher.dispatch() is None:
                return calls
        raise AssertionError(f"still something to hand over after {limit} calls")

    def recover(self) -> RecoveryResult:
        return recover(store=self.store, accounts=self.pool().accounts)

    def reconciler(
        self, store: Store | None = None, provider: Provider | None = None
    ) -> Reconciler:
        return Reconciler(
            store=store or self.store,
            pool=self.pool(provider),
            links=self.links,
            lease=timedelta(minutes=2),
            jitter=lambda: 0.0,
        )

    def reconcile(self, **later: float) -> ReconcileResult | None:
        self.clock.advance(**later)
        return self.reconciler().reconcile()

    def find_out(self, limit: int = 100, **later: float) -> int:
        """Look at all that is unknown and due; returns how many looks that took."""
        self.clock.advance(**later)
        for looks in range(limit):
            if self.reconcile() is None:
                return looks
        raise AssertionError(f"still something to find out after {limit} looks")

    def guard(self, store: Store | None = None) -> Guard:
        return Guard(
            store=store or self.store,
            guard_file=self.guard_file,
            names=lambda: f"{next(self._epochs):032x}",
        )

    def schedule(
        self,
        slug: str,
        at: datetime | None,
        *,
        by: str = "ada@forum.example",
        renews_approvals: bool = False,
    ) -> None:
        self.starter().schedule(slug, at, by=by, renews_approvals=renews_approvals)

    def hand(self, actor: str = "ada@forum.example") -> OperatorActions:
        return OperatorActions(store=self.store, actor=actor)

    def campaign(self, slug: str = "resignation") -> Campaign:
        with self.store.read() as tx:
            found = tx.campaigns.find_latest(slug)
        assert found is not None
        return found

    def campaigns(self) -> list[Campaign]:
        with self.store.read() as tx:
            return tx.campaigns.list_newest(None)[::-1]

    def counts(self) -> Counts:
        return self.campaign().counts

    def unknown(self) -> list[str]:
        with self.store.read() as tx:
            return tx.campaigns.list_unknown(tx.campaigns.list_newest(1)[0].id)

    def content_hash(self, slug: str = "resignation") -> str:
        with self.store.read() as tx:
            stored = tx.statements.get(slug)
        return stored.content_hash

    def deeds(self) -> list[tuple[str, str]]:
        """(actor, action) of each line of the audit log, which is whole."""
        return [(line.actor, line.action) for line in audited(self.store)]


class Meanwhile(WatchedStore):
    """A store on which somebody else does ``deed`` between one look and the deed after it."""

    def __init__(self, store: Any, deed: Callable[[], object]) -> None:
        super().__init__(store, before=lambda: deeds.pop()() if deeds else None)
        deeds = [deed]
