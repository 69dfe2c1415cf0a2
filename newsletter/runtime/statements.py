"""The service for statements: reading, rendering, reviewing, approving, and drafts.

Large libraries are imported by the functions that need them, so that listing statements is fast.
"""

import random
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter import __version__
from newsletter.config.loading import FILE_NAME
from newsletter.config.settings import Settings
from newsletter.config.sources import AnySource, FeedOptions, FolderOptions, feeds_in
from newsletter.credentials.links import SignedLinks
from newsletter.domain.clock import Clock
from newsletter.domain.errors import Fault
from newsletter.domain.ports import Source
from newsletter.domain.statements.draft import Draft
from newsletter.domain.statements.statement import Approval, Statement
from newsletter.pipeline.ledger import ConfigurationCheck, find_slug
from newsletter.pipeline.statements.approve import (
    ApprovalRequest,
    ApprovalResult,
    ApprovalScan,
    approve,
    note_front_matter,
    send_back,
)
from newsletter.pipeline.statements.ingest import (
    DeskSource,
    DigestSource,
    FeedSource,
    IngestState,
    ingest,
)
from newsletter.pipeline.statements.render import RenderState, render
from newsletter.pipeline.statements.review import ReviewRules
from newsletter.pipeline.statements.translations import translations_of
from newsletter.pipeline.statements.visit import Visitor
from newsletter.pipeline.statements.write import DraftWriter, Submitter, submit_file
from newsletter.pipeline.status import get_status, refuse_if_sent
from newsletter.rendering.lazy import LazyRenderer, review_text
from newsletter.runtime.campaigns import Campaigns
from newsletter.runtime.subscribers import Subscribers
from newsletter.sources.folder import FolderSource, mark_for_review
from newsletter.sources.statements import Defaults, slugify
from newsletter.store.sql import Store, Transaction

if TYPE_CHECKING:
    from newsletter.sources.feeds.readers import SyndicatedFeed


@dataclass(frozen=True, kw_only=True)
class Statements:
    settings: Settings
    store: Store
    configuration: ConfigurationCheck
    links: SignedLinks
    renderer: LazyRenderer
    """Renders statements as emails."""
    campaigns: Campaigns
    subscribers: Subscribers

    def prepare(self) -> None:
        """Build the cached attributes now. Raises InvalidInput, for example for a template."""
        self.renderer.prepare()
        _ = (self.sources, self.feeds)

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        # digest emails and the desk first: of two equal slugs the file must change
        return (
            DigestSource(self.store),
            DeskSource(self.store, self.defaults),
            *self._configured_sources,
        )

    @cached_property
    def _configured_sources(self) -> tuple[FolderSource | FeedSource, ...]:
        return tuple(
            _source(options, self.settings, self.defaults, self.store)
            for options in self.settings.statements
        )

    @cached_property
    def feeds(self) -> "tuple[SyndicatedFeed, ...]":
        """The feeds, which are polled over the network."""
        found = feeds_in(self.settings.statements)
        return tuple(_feed(options, self.settings, self.store.clock) for options in found)

    @cached_property
    def defaults(self) -> Defaults:
        """The settings' values for fields that a statement omits."""
        return Defaults(
            lists=self.settings.default_lists,
            language=self.settings.language,
            timezone=self.settings.timezone,
            segments=self.subscribers.segments,
        )

    @cached_property
    def review_rules(self) -> ReviewRules:
        return ReviewRules(
            review=review_text,
            campaigns=self.campaigns.rules,
            declared_lists=self.subscribers.declared_lists,
        )

    @cached_property
    def _stage_states(self) -> tuple[IngestState, RenderState, ApprovalScan]:
        """The results of the last refresh, which the next refresh updates."""
        return IngestState(), RenderState(), ApprovalScan()

    @cached_property
    def _known_faults(self) -> list[Fault]:
        return []

    def refresh(self) -> tuple[Fault, ...]:
        """Read and render changed statements. Return all faults."""
        return self.refresh_with_approvals()[0]

    def refresh_to_act(self) -> tuple[Fault, ...]:
        """Refresh before an act. Raises Refused if the service has other settings."""
        with self.store.read() as tx:
            self.configuration.refuse_mismatch(tx)
        return self.refresh()

    def refresh_with_approvals(self) -> tuple[tuple[Fault, ...], tuple[Approval, ...]]:
        """Refresh. Return all faults, and the new approvals in front matter.

        If the running service has other settings or templates, nothing is read, because the two
        processes would undo each other's work.
        """
        fingerprint = "" if "_stage_states" in vars(self) else self._fingerprint()
        with self.store.read() as tx:
            mismatch = self.configuration.mismatch(tx)
            known = tx.statements.find_faults(fingerprint) if fingerprint else None
        if mismatch:
            message = f"statements are shown as the service last read them: {mismatch}"
            return (Fault(file=FILE_NAME, message=message),), ()
        if known is not None:
            self._known_faults[:] = known
            return known, ()
        ingest_state, render_state, approval_scan = self._stage_states
        store, shares_email = self.store, self.settings.shares_email
        read = ingest(
            store=store, sources=self.sources, shares_email=shares_email, state=ingest_state
        )
        result = render(
            store=store, renderer=self.renderer, shares_email=shares_email, state=render_state
        )
        approvals = note_front_matter(
            store=self.store,
            rules=self.review_rules,
            start=self.campaigns.starter().start_by_approval,
            state=approval_scan,
        )
        faults = read.faults + result.faults
        self._known_faults[:] = faults
        left = render_state.postponed or render_state.is_late or approval_scan.is_waiting
        # an unchanged hash means that neither this refresh nor another process changed anything
        if fingerprint and not left and fingerprint == self._fingerprint():
            with self.store.begin(is_durable=False) as tx:
                tx.statements.record_reading(fingerprint, faults)
        return faults, approvals

    def _fingerprint(self) -> str:
        """Return a hash of everything that a refresh depends on, or "" if a source has none."""
        hashes = [source.fingerprint() for source in self._configured_sources]
        if not all(hashes):
            return ""
        with self.store.read() as tx:
            change, _ = tx.statements.changed_since(None)
            day = tx.now.date()  # some checks depend on the day
        state = (__version__, self.renderer.fingerprint, self.configuration.digest(), change, day)
        return sha256(repr((state, hashes)).encode()).hexdigest()

    def approve(self, request: ApprovalRequest) -> ApprovalResult:
        """Store an approval of a statement. Raises NotFound or Refused."""
        return approve(
            request,
            store=self.store,
            rules=self.review_rules,
            configuration=self.configuration,
            start=self.campaigns.starter().start_by_approval,
        )

    def send_back(self, slug: str, *, by: str, expect: str, reason: str) -> None:
        """Send a statement back to its writers. Raises NotFound or Refused."""
        rules = self.campaigns.rules
        send_back(slug, by=by, expect=expect, reason=reason, store=self.store, rules=rules)

    def fault(self, statement: Statement) -> str:
        """Return the fault of a statement's source at the last refresh, or ""."""
        faults = (fault for fault in self._known_faults if fault.file == statement.origin)
        return str(next(faults, ""))

    def faults_about(
        self, tx: Transaction, statement: Statement, faults: Iterable[Fault]
    ) -> tuple[Fault, ...]:
        """Return the faults of this statement, of the texts in its email, and of files named so."""
        within = translations_of(tx, statement.slug) if self.settings.shares_email else ()
        origins = {statement.origin, *(translation.origin for translation in within)}
        places = {f"{statement.slug}.md", *origins}
        return tuple(
            fault for fault in faults if not places.isdisjoint({fault.file, Path(fault.file).name})
        )

    def writer(self, actor: str) -> DraftWriter:
        return DraftWriter(store=self.store, actor=actor)

    @property
    def submitter(self) -> Submitter:
        return Submitter(
            store=self.store,
            renderer=self.renderer,
            defaults=self.defaults,
            rules=self.campaigns.rules,
        )

    def submit_draft(self, key: str, base: int, *, by: str, shown_depth: int = 0) -> Draft:
        """Submit a draft and render its email. Raises the errors of ``submitter.submit_draft``."""
        with self._rendering():
            return self.submitter.submit_draft(key, base, by=by, shown_depth=shown_depth)

    def withdraw_draft(self, key: str, *, by: str) -> Draft:
        """Withdraw a submitted draft. Raises Refused."""
        with self._rendering():
            return self.submitter.withdraw_draft(key, by=by)

    def make_issue(self, name: str, *, by: str) -> str:
        """Make today's issue of a digest, render its email, and return its slug.

        Raises NotFound or Refused.
        """
        with self._rendering():
            return self.campaigns.digest_builder.make(name, by)[0].slug

    def submit(self, name: str, *, by: str) -> str:
        """Submit a draft that is a file. Return its slug. Raises NotFound or Refused."""
        self.refresh_to_act()
        with self.store.read() as tx:
            slug = find_slug(tx, name)
            refuse_if_sent(get_status(tx, slug, self.campaigns.rules))
        workspace = self.settings.workspace
        submit_file(
            slug,
            by=by,
            release=lambda origin, line: mark_for_review(workspace / origin, line),
            store=self.store,
        )
        self.refresh()
        return slug

    @contextmanager
    def _rendering(self) -> Iterator[None]:
        """Render the statements that the body changes, without the state of ``refresh``.

        If the running service has other settings or templates, it renders them instead.
        """
        with self.store.read() as tx:
            change_number = tx.statements.changed_since(None)[0]
        yield
        with self.store.read() as tx:
            if self.configuration.mismatch(tx):
                return
        shares_email, state = self.settings.shares_email, RenderState(change_number=change_number)
        render(store=self.store, renderer=self.renderer, shares_email=shares_email, state=state)

    def visitor(self) -> Visitor:
        return Visitor(store=self.store, share=random.random, slugify=slugify)


def _source(
    options: AnySource, settings: Settings, defaults: Defaults, store: Store
) -> FolderSource | FeedSource:
    if isinstance(options, FolderOptions):
        return FolderSource(
            folder=settings.resolve(options.path), workspace=settings.workspace, defaults=defaults
        )
    feed = _feed(options, settings, store.clock)
    return FeedSource(
        feed=feed.name,
        address=feed.address,
        store=store,
        lists=options.lists or settings.default_lists,
        language=settings.language,
        own_language=options.language or "",
    )


def _feed(options: FeedOptions, settings: Settings, clock: Clock) -> "SyndicatedFeed":
    # with the HTTP client
    from newsletter.sources.feeds.readers import Fetcher, SandboxReader, SyndicatedFeed

    return SyndicatedFeed(
        name=options.feed_name,
        address=options.url,
        every=options.every,
        fetcher=Fetcher(allow_private=options.allow_private),
        reader=SandboxReader(),
        clock=clock,
        zone=settings.timezone,
    )
