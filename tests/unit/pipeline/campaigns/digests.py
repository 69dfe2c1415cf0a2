"""A newsroom whose statements are gathered: what a week of it looks like, told in days."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from newsletter.domain.campaigns.campaign import Campaign
from newsletter.domain.campaigns.digest import Digest, Issue
from newsletter.domain.ports import Source
from newsletter.pipeline.campaigns.build_digest import BuiltDigest, DigestBuilder
from newsletter.pipeline.statements.ingest import DigestSource, ingest
from newsletter.store.sql import Store
from tests.fakes import PlainAbstracts
from tests.unit.domain.campaigns.test_digest import WEEKLY as USUAL
from tests.unit.pipeline.newsroom import Newsroom

ZONE = "America/New_York"
WEEKLY = replace(USUAL, lists=("press",))
FIRST, SECOND, THIRD = "weekly-2026-11-27", "weekly-2026-12-04", "weekly-2026-12-11"


class Desk(Newsroom):
    """The newsroom on Tuesday, 24 November 2026; its digest email comes on Fridays at four."""

    def __init__(self, store: Any, *digests: Digest) -> None:
        super().__init__(store)
        self.digests = digests or (WEEKLY,)
        self.rules = replace(self.rules, undo_window=timedelta(0))
        self.subscribe(3)
        self.tick()

    def set(self, **changes: Any) -> None:
        """Change the settings of the first digest email."""
        self.digests = (replace(self.digests[0], **changes), *self.digests[1:])

    def builder(self, store: Store | None = None) -> DigestBuilder:
        return DigestBuilder(
            store=store or self.store,
            digests=self.digests,
            timezone=ZONE,
            abstracts=PlainAbstracts(),
        )

    def build(self) -> list[tuple[str, str]]:
        """Return (slug, message) of each issue that the scheduler makes."""
        return [
            (issue.slug * bool(issue.statement), said) for issue, said in self.builder().build()
        ]

    def tick(self, wall: str = "") -> list[BuiltDigest]:
        """One look of the scheduler, now or at this wall time."""
        if wall:
            self.at(wall)
        done = self.builder().build()
        self.refresh()
        self.plan()
        self.start_due()
        return list(done)

    def refresh(self) -> None:
        sources: list[Source] = [self.source, DigestSource(self.store)]
        ingest(store=self.store, sources=sources)
        self.render()
        self.note()

    def at(self, wall: str) -> None:
        """Put the clock to this wall time."""
        instant = datetime.fromisoformat(wall).replace(tzinfo=ZoneInfo(ZONE))
        self.clock.advance(seconds=(instant - self.clock.now()).total_seconds())

    def publish(self, slug: str, wall: str, by: str = "ed@forum.example", **fields: Any) -> None:
        """Let a statement go out at this wall time."""
        self.at(wall)
        self.write(slug, **{"title": f"On {slug}", **fields})
        self.refresh()
        self.approve(by, slug)
        self.plan()
        assert slug in [one.slug for one in self.start_due()]
        self.drain()

    def issues(self) -> dict[str, Issue]:
        with self.store.read() as tx:
            return {one.slug: one for one in tx.digests.list_issues()}

    def parts(self, slug: str = FIRST) -> tuple[str, ...]:
        return self.issues()[slug].parts

    def started(self, slug: str) -> Campaign | None:
        with self.store.read() as tx:
            campaign = tx.campaigns.find_latest(slug)
        return campaign if campaign is not None and campaign.started_at else None
