"""What can be done in one workspace, once everything is built.

Each deed imports the stage that does it: a command that lists loads none of those that send.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter.imports import import_all
from newsletter.runtime.parts import Parts

if TYPE_CHECKING:
    from newsletter.domain.campaigns.campaign import Campaign
    from newsletter.domain.delivery.pacing import Wait
    from newsletter.domain.errors import Fault
    from newsletter.domain.events.event import Event
    from newsletter.domain.ports import Examiner, Links
    from newsletter.domain.statements.draft import Draft
    from newsletter.domain.statements.statement import Statement
    from newsletter.pipeline.archive.index import Indexed
    from newsletter.pipeline.campaigns.control import Hand
    from newsletter.pipeline.campaigns.facts import Rules
    from newsletter.pipeline.campaigns.gather import Gathered
    from newsletter.pipeline.campaigns.plan import Held, Watch
    from newsletter.pipeline.campaigns.start import Starter
    from newsletter.pipeline.delivery.dispatch import Dispatcher
    from newsletter.pipeline.delivery.guard import Guard
    from newsletter.pipeline.delivery.letters import Courier
    from newsletter.pipeline.delivery.reconcile import Reconciler, Recovered
    from newsletter.pipeline.events.record import Poller, Recorded
    from newsletter.pipeline.statements.approve import Compared, Given, Noted
    from newsletter.pipeline.statements.ingest import Read
    from newsletter.pipeline.statements.render import Tried
    from newsletter.pipeline.statements.submit import Submitting
    from newsletter.pipeline.statements.visit import Visitor
    from newsletter.pipeline.statements.write import Writing
    from newsletter.store.file.watermark import FileWatermark


# A claim outlives the longest call by so much, for building the bytes and booking the answer.
_LEASE_MARGIN = timedelta(seconds=60)


@dataclass(frozen=True, kw_only=True)
class Look:
    """What one look at the world brought."""

    faults: tuple[Fault, ...] = ()
    gathered: tuple[Gathered, ...] = ()
    approved: tuple[Noted, ...] = ()
    """By their own files."""
    scheduled: tuple[Campaign, ...] = ()
    started: tuple[Campaign, ...] = ()
    withdrawn: tuple[Held, ...] = ()
    held: tuple[Held, ...] = ()
    stopped: tuple[Campaign, ...] = ()
    """Paused by the breaker."""
    retired: int = 0
    """Mailboxes that put us off for weeks and are written to no more."""
    resumed: int = 0
    """Readers whose pause is over."""


class Past:
    """What the looks of this process brought, stage by stage: the next one turns to what is new."""

    @cached_property
    def read(self) -> Read:
        from newsletter.pipeline.statements.ingest import Read

        return Read()

    @cached_property
    def tried(self) -> Tried:
        from newsletter.pipeline.statements.render import Tried

        return Tried()

    @cached_property
    def compared(self) -> Compared:
        from newsletter.pipeline.statements.approve import Compared

        return Compared()

    @cached_property
    def watch(self) -> Watch:
        from newsletter.pipeline.campaigns.plan import Watch

        return Watch()

    @cached_property
    def indexed(self) -> Indexed:
        from newsletter.pipeline.archive.index import Indexed

        return Indexed()


@dataclass(frozen=True, kw_only=True)
class App(Parts):
    """What can be done, by the parts of one workspace."""

    watermark: FileWatermark
    links: Links
    umask: int
    """Which rights files lack that are meant for others; those of our own are for nobody else."""
    past: Past = field(default_factory=Past)

    def prepare(self) -> None:
        """As the parts do, and load what does the work. Raises InvalidInput."""
        super().prepare()
        import_all("newsletter.pipeline")
        import_all("newsletter.store", but={"migrating", "migrations"})  # that brings Alembic

    def refresh(self) -> tuple[Fault, ...]:
        """Bring what is stored about statements up to date; returns what is wrong with them."""
        return self._refresh()[0]

    def _refresh(self) -> tuple[tuple[Fault, ...], tuple[Noted, ...]]:
        from newsletter.pipeline.campaigns.vouch import vouch
        from newsletter.pipeline.statements.approve import note_front_matter
        from newsletter.pipeline.statements.ingest import ingest
        from newsletter.pipeline.statements.render import render

        past = self.past
        read = ingest(store=self.store, sources=self.sources, clock=self.clock, before=past.read)
        made = render(
            store=self.store,
            renderer=self.renderer,
            clock=self.clock,
            together=self.settings.together,
            before=past.tried,
        )
        noted = note_front_matter(
            store=self.store,
            policy=self.policy,
            rules=self.review_rules,
            clock=self.clock,
            before=past.compared,
        )
        vouch(
            store=self.store,
            roundups=self.roundups,
            rules=self.review_rules,
            clock=self.clock,
        )
        return read.faults + made.faults, noted

    def approve(
        self,
        slug: str,
        *,
        by: str,
        expect: str = "",
        despite: str | None = None,
        no_embargo: bool = False,
        override: bool = False,
        at_desk: bool = False,
        shown: int | None = None,
    ) -> Given:
        """Take down a yes to a statement. Raises NotFound or Refused."""
        from newsletter.pipeline.statements.approve import Yes, approve

        yes = Yes(
            slug=slug,
            by=by,
            expect=expect,
            despite=despite,
            no_embargo=no_embargo,
            override=override,
            at_desk=at_desk,
            shown=shown,
        )
        return approve(
            yes,
            store=self.store,
            policy=self.policy,
            rules=self.review_rules,
            clock=self.clock,
            start=self.starter().start_by_approval,
        )

    def starter(self) -> Starter:
        """What starts what is approved, and undoes it."""
        from newsletter.pipeline.campaigns.start import Starter

        return Starter(
            store=self.store, clock=self.clock, policy=self.policy, times=self.rules.times
        )

    def send_back(self, slug: str, *, by: str, expect: str, reason: str) -> None:
        """Send a statement back to its writers. Raises NotFound or Refused."""
        from newsletter.pipeline.statements.send_back import send_back

        send_back(
            slug,
            by=by,
            expect=expect,
            reason=reason,
            store=self.store,
            policy=self.policy,
            clock=self.clock,
        )

    @cached_property
    def standpoint(self) -> Rules:
        """By what it is said where a statement stands."""
        from newsletter.domain.campaigns.go import StartBy
        from newsletter.domain.campaigns.state import Sorting
        from newsletter.pipeline.campaigns.facts import Rules

        by_sender = self.settings.schedule.start == StartBy.SENDER.value
        together = self.settings.together
        sorting = Sorting(policy=self.policy, together=together, by_sender=by_sender)
        return Rules(sorting=sorting, times=self.rules.times, fault=self._fault)

    def _fault(self, statement: Statement) -> str:
        """What is wrong with a text or its file, as far as this process has seen it."""
        faults = self.past.tried.faults.get(statement.slug, ())
        own = (one for one in self.past.read.faults if one.file == statement.origin)
        found = next(iter((*faults, *own)), None)
        return "" if found is None else str(found)

    def writing(self, actor: str) -> Writing:
        """A person who writes at the desk."""
        from newsletter.pipeline.statements.write import Writing

        return Writing(store=self.store, clock=self.clock, actor=actor)

    @property
    def submitting(self) -> Submitting:
        """What hands texts in, and takes them back."""
        from newsletter.pipeline.statements.submit import Submitting

        return Submitting(
            store=self.store, clock=self.clock, renderer=self.renderer, defaults=self.defaults
        )

    def hand_in(self, key: str, base: int, *, by: str) -> Draft:
        """Have others look at a text of the desk, and make its mail. Raises as handing in does."""
        mark = self._mark()
        draft = self.submitting.hand_in(key, base, by=by)
        self._render_since(mark)
        return draft

    def take_back(self, key: str, *, by: str) -> Draft:
        """Have nobody look at a text of the desk any more. Raises Refused."""
        mark = self._mark()
        draft = self.submitting.take_back(key, by=by)
        self._render_since(mark)
        return draft

    def _mark(self) -> int:
        with self.store.read() as tx:
            return tx.statements.touched(None)[0]

    def _render_since(self, mark: int) -> None:
        """Render what changed since: no other thread's looks are touched by that."""
        from newsletter.pipeline.statements.render import Tried, render

        together = self.settings.together
        render(
            store=self.store,
            renderer=self.renderer,
            clock=self.clock,
            together=together,
            before=Tried(by=(self.renderer.fingerprint, together), mark=mark),
        )

    def look(self) -> Look:
        """Gather, refresh, plan what is approved, start what is due, and stop what does harm."""
        from newsletter.pipeline.archive.index import index
        from newsletter.pipeline.campaigns.plan import plan, start_due
        from newsletter.pipeline.events.record import retire
        from newsletter.pipeline.subscribers.leave import clean
        from newsletter.pipeline.subscribers.prefer import resume
        from newsletter.rendering.text.excerpts import text_of

        gathered = self.gatherer.gather()
        faults, noted = self._refresh()
        resumed = resume(store=self.store, clock=self.clock)
        planned = plan(store=self.store, rules=self.rules, clock=self.clock, before=self.past.watch)
        retired = retire(store=self.store, clock=self.clock)
        started = start_due(store=self.store, rules=self.rules, clock=self.clock)
        index(store=self.store, text_of=text_of, before=self.past.indexed)
        clean(store=self.store)
        return Look(
            faults=faults,
            gathered=gathered,
            approved=noted,
            scheduled=planned.scheduled,
            started=started,
            withdrawn=planned.withdrawn,
            held=planned.held,
            stopped=self.brake(),
            retired=retired,
            resumed=resumed,
        )

    def hear(self, kind: str, headers: Mapping[str, str], body: bytes) -> tuple[Event, ...]:
        """Read what a provider posts. ``kind`` is one of ``webhooks``. Raises Forged."""
        return self.webhooks[kind].read(headers, body, self.clock.now())

    def record(self, kind: str, events: Sequence[Event]) -> tuple[Recorded, tuple[Campaign, ...]]:
        """Write down what a provider told; returns what it came to, and what was stopped by it."""
        from newsletter.pipeline.events.record import record

        recorded = record(
            events,
            provider=kind,
            workspace=self.workspace,
            store=self.store,
            clock=self.clock,
        )
        return recorded, self.brake()

    def poller(
        self, kind: str, hear: Callable[[Sequence[Event]], None], stopped: Callable[[], bool]
    ) -> Poller:
        """What asks a provider for events. ``kind`` is one of ``histories``."""
        from newsletter.pipeline.events.record import Poller

        _, history = self.histories[kind]
        return Poller(history=history, record=hear, clock=self.clock, stopped=stopped)

    def brake(self) -> tuple[Campaign, ...]:
        """Stop what does harm; returns it."""
        from newsletter.pipeline.events.breaker import stop_harm

        return stop_harm(store=self.store, clock=self.clock)

    def forget(self, address: str, *, by: str) -> tuple[bool, bool]:
        """Erase a person. Tells whether anybody had the address, and whether all is overwritten.

        Where the database is too busy for that, the next look does it.
        """
        from newsletter.pipeline.subscribers.leave import clean, forget

        known = forget(address, by=by, store=self.store, clock=self.clock)
        return known, clean(store=self.store)

    def recover(self) -> Recovered:
        """Take over from a process that is provably dead."""
        from newsletter.pipeline.delivery.reconcile import recover

        return recover(store=self.store, accounts=self.lines.accounts, clock=self.clock)

    def reconciler(self) -> Reconciler:
        """What finds out about batches that are unknown."""
        from newsletter.pipeline.delivery.reconcile import Reconciler

        return Reconciler(
            store=self.store,
            lines=self.lines,
            links=self.links,
            clock=self.clock,
            lease=self.lease,
            jitter=random.random,
        )

    def new_attempt(self) -> str:
        """A name that no try had before."""
        from newsletter.domain.delivery.batch import attempt_name

        return attempt_name(self.workspace, secrets.token_hex(12))

    @property
    def lease(self) -> timedelta:
        """How long a claim holds: longer than the longest call."""
        return max(one.timeout for one in self.settings.providers) + _LEASE_MARGIN

    def dispatcher(self) -> Dispatcher:
        """What hands batches over; threads may share it."""
        from newsletter.pipeline.delivery.dispatch import Dispatcher

        return Dispatcher(
            store=self.store,
            watermark=self.watermark,
            lines=self.lines,
            links=self.links,
            clock=self.clock,
            lease=self.lease,
            attempt_ids=self.new_attempt,
            jitter=random.random,
            carriage=self.settings.carriage(),
        )

    def courier(self) -> Courier:
        """What hands letters over to those who asked for them."""
        from newsletter.pipeline.delivery.letters import Courier

        return Courier(
            store=self.store,
            watermark=self.watermark,
            lines=self.lines,
            links=self.links,
            writer=self.renderer,
            titles={one.name: one.title for one in self.settings.offers()},
            public_url=self.settings.public_url,
            language=self.settings.language,
            most_per_hour=self.settings.signup.most_per_hour,
            clock=self.clock,
            lease=self.lease,
            attempt_ids=self.new_attempt,
            jitter=random.random,
            desk=f"{self.settings.desk_url}/account",
        )

    def guard(self) -> Guard:
        """What says whether this workspace may send."""
        from newsletter.pipeline.delivery.guard import Guard

        return Guard(
            store=self.store,
            watermark=self.watermark,
            clock=self.clock,
            names=lambda: secrets.token_hex(16),
        )

    def visitor(self) -> Visitor:
        """What visits feeds."""
        from newsletter.pipeline.statements.visit import Visitor
        from newsletter.sources.writing import slugify

        return Visitor(store=self.store, clock=self.clock, share=random.random, slugify=slugify)

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
        from newsletter.pipeline.campaigns.control import Hand

        return Hand(store=self.store, clock=self.clock, actor=actor)

    @property
    def examiners(self) -> tuple[Examiner, ...]:
        """What finds out whether each provider would take our mail, the first one first."""
        from newsletter.providers import registry

        sender = self.settings.sender.address
        return tuple(
            registry.examiner(options, sender=sender, clock=self.clock)
            for options in self.settings.providers
        )

    @property
    def lock_path(self) -> Path:
        """The file whose lock proves that one process sends."""
        return self.settings.lock_path
