"""Campaigns in figures, and the events that providers reported. No answer names a person."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from newsletter.domain.campaigns.campaign import Campaign
from newsletter.domain.errors import NotFound
from newsletter.domain.events import StoredEvent
from newsletter.domain.staff.token import Scope
from newsletter.pipeline.campaigns.report import load_summary
from newsletter.store.sql import Transaction
from newsletter.web.api.operation import Call, operation
from newsletter.web.api.values import Page, Paging


@dataclass(frozen=True, kw_only=True)
class CampaignRecord:
    """A campaign. `audience` is the sum of the six numbers after it."""

    campaign: int
    statement: str
    state: str
    """`scheduled`, `sending`, `paused`, `sent`, `cancelled`, or `attention`."""
    estimated: bool
    """The audience is not fixed yet: the numbers are as of now."""
    audience: int
    pending: int
    accepted: int
    rejected: int
    suppressed: int
    cancelled: int
    unknown: int
    delivered: int
    bounced: int
    complained: int
    unsubscribed: int
    events_received: bool
    """Without it, delivered, bounced and complained mean nothing."""
    release_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    reason: str


class CampaignOperations:
    """The operations for campaigns and events."""

    @operation("GET", "/campaigns", Scope.CAMPAIGNS_READ)
    def all(self, call: Call, query: Paging) -> Page[CampaignRecord]:
        """List campaigns with their figures, the newest first."""
        with call.store.read() as tx:
            found = tx.campaigns.list_newest(query.limit + 1, before=query.after or None)
            page = Page.of(found, query.limit, lambda one: one.id)
            return Page(items=tuple(_record(tx, one) for one in page.items), next=page.next)

    @operation("GET", "/campaigns/{id}", Scope.CAMPAIGNS_READ)
    def one(self, call: Call, id: int) -> CampaignRecord:
        """Show a campaign with its figures."""
        with call.store.read() as tx:
            campaign = tx.campaigns.get(id)
            if campaign is None:
                raise NotFound("There is no such campaign.")
            return _record(tx, campaign)

    @operation("GET", "/events", Scope.EVENTS_READ)
    def events(self, call: Call, query: Paging) -> Page[StoredEvent]:
        """List bounces, complaints and unsubscribes that providers reported, the oldest first.

        The last page has a `next` too: ask with it later for the events that came since.
        """
        with call.store.read() as tx:
            found = tx.events.list_after(query.after, query.limit)
        return Page(items=tuple(found), next=str(found[-1].number if found else query.after))


def _record(tx: Transaction, campaign: Campaign) -> CampaignRecord:
    values: dict[str, Any] = load_summary(tx, campaign)
    values |= {name: value for name, value in vars(campaign).items() if name.endswith("_at")}
    return CampaignRecord(**{each.name: values[each.name] for each in fields(CampaignRecord)})
