"""approval → go: a sender starts what is approved, for as many as they saw; and takes it back."""

from dataclasses import dataclass
from datetime import datetime

from newsletter.domain.campaigns.campaign import BEFORE_START, Campaign, CampaignState, Go, StartBy
from newsletter.domain.clock import Clock
from newsletter.domain.errors import Refused
from newsletter.domain.staff.audit import OPERATOR
from newsletter.domain.statements.statement import ApprovalPolicy, Role, StoredStatement
from newsletter.pipeline.campaigns.headcount import bind
from newsletter.pipeline.campaigns.timing import TimeRules
from newsletter.pipeline.ledger import (
    entitle,
    find_seen,
    find_statement,
    go_of,
    refuse_if_gone_out,
    standing_of,
)
from newsletter.store.sql import Store, Transaction


class Started(Refused):
    """Somebody started it already, as it stands now."""

    def __init__(self, go: Go) -> None:
        self.go = go
        super().__init__(f"{go.slug} was started by {go.by} at {go.at:%Y-%m-%d %H:%M} UTC")


class Late(Refused):
    """It began to go out before it could be undone."""

    def __init__(self, campaign: Campaign) -> None:
        self.campaign = campaign
        super().__init__(
            f"{campaign.slug} has begun to go out: {campaign.counts.accepted:,} have it;"
            f" 'newsletter pause {campaign.id}' stops it where it is"
        )


@dataclass(frozen=True, kw_only=True)
class Start:
    """What a sender asks for, having seen it."""

    slug: str
    by: str
    seen: str
    """The content hash, or its beginning, of what they saw."""
    shown: int | None = None
    """How many would get it, as they were told; None: whoever gets it now."""
    at: datetime | None = None
    """When; None: at the time that is set already, or else at once."""
    at_once: bool = False
    """At once, whatever time is set."""


@dataclass(frozen=True, kw_only=True)
class Starter:
    """Starts what is approved, and undoes it, in one transaction each."""

    store: Store
    clock: Clock
    policy: ApprovalPolicy
    times: TimeRules

    def start(self, asked: Start) -> Go:
        """Write down that it goes out.

        Raises NotFound or Refused: Changed where it is another text now, Moved where it would go to
        another number of people, Started where that was done already.
        """
        with self.store.begin() as tx:
            person = entitle(tx, asked.by, Role.SENDER, "start")
            stored = find_seen(tx, asked.slug, asked.seen)
            self._refuse_unready(tx, stored)
            self._set_time(tx, asked)
            go = self._bind(tx, stored, person, asked.shown)
            self._enter(tx, person, go, asked)
            return go

    def start_by_approval(
        self, tx: Transaction, stored: StoredStatement, by: str, shown: int
    ) -> None:
        """Where approvals start it: bind that to as many as were shown, unless that is done.

        Raises Moved.
        """
        standing = standing_of(tx, stored, self.policy)
        if self.times.start is StartBy.APPROVAL and go_of(tx, stored, standing) is None:
            self._bind(tx, stored, by, shown)

    def undo(self, slug: str, *, by: str) -> bool:
        """Let it not go out after all; tells whether it is still approved.

        A sender takes back what was started. Where approvals start it, that is all of them; an
        approver takes back their own. Raises Late once it has begun, and Refused.
        """
        with self.store.begin() as tx:
            person = entitle(tx, by, Role.APPROVER, "undo")
            campaign = tx.campaigns.latest(slug)
            self._refuse_begun(campaign)
            stored = find_statement(tx, slug)
            self._take_back(tx, stored, person)
            if campaign is not None and campaign.state in BEFORE_START:
                tx.campaigns.move(
                    campaign.id,
                    CampaignState.CANCELLED,
                    expect=BEFORE_START,
                    at=self.clock.now(),
                    reason=f"undone by {person}",
                )
            return standing_of(tx, stored, self.policy).approved

    def _refuse_unready(self, tx: Transaction, stored: StoredStatement) -> None:
        slug = stored.statement.slug
        if self.times.start is StartBy.APPROVAL:
            raise Refused(f"{slug} starts by its approval, as schedule.start says; nobody has to")
        refuse_if_gone_out(tx, slug)
        standing = standing_of(tx, stored, self.policy)
        if not standing.approved:
            raise Refused(f"{slug} is not approved: {'; '.join(standing.reasons)}")
        go = go_of(tx, stored, standing)
        if go is not None:
            raise Started(go)

    def _set_time(self, tx: Transaction, asked: Start) -> None:
        now = self.clock.now()
        if asked.at is not None and asked.at <= now:
            raise Refused(f"{asked.at:%Y-%m-%d %H:%M} UTC has passed; choose a later time")
        at = now if asked.at_once else asked.at
        if at is not None:
            tx.schedules.put(asked.slug, at)

    def _bind(self, tx: Transaction, stored: StoredStatement, by: str, shown: int | None) -> Go:
        return bind(
            tx, stored, shown, by=by, policy=self.policy, times=self.times, clock=self.clock
        )

    def _enter(self, tx: Transaction, by: str, go: Go, asked: Start) -> None:
        when = f", at {asked.at.isoformat()}" if asked.at else ", at once" * asked.at_once
        tx.audit.enter(
            at=go.at,
            actor=by,
            action="start",
            subject=go.slug,
            detail=f"{go.content_hash} to {go.count} readers{when}",
        )

    def _refuse_begun(self, campaign: Campaign | None) -> None:
        if campaign is None or campaign.started_at is None:
            return
        if campaign.state is not CampaignState.CANCELLED or campaign.may_have_reached_anybody:
            raise Late(campaign)

    def _take_back(self, tx: Transaction, stored: StoredStatement, person: str) -> None:
        """What lets it go out. Raises Refused where that is nothing, or more than a person may."""
        slug, now = stored.statement.slug, self.clock.now()
        all_of_it = person == OPERATOR or tx.staff.roles()[person].includes(Role.SENDER)
        if all_of_it and self.times.start is StartBy.SENDER:
            taken = tx.goes.revoke(slug, now)
            if taken:
                tx.audit.enter(at=now, actor=person, action="undo", subject=slug, detail="start")
        else:
            whose = None if all_of_it else person
            taken = tx.approvals.revoke(slug, now, whose, actor=person, why="undone")
        if not taken:
            raise Refused(f"there is nothing of {person} to undo: {slug} waits for somebody else")
        left = standing_of(tx, stored, self.policy)
        if not all_of_it and left.approved:
            others = ", ".join(yes.by for yes in left.given)
            raise Refused(f"{slug} is approved by {others} too; ask a sender to undo it")
