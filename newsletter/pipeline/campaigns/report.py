"""The report of a campaign, and the figures of open work.

Open work is counted in constant time, however many campaigns there were.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from newsletter.domain.campaigns.campaign import Campaign, CampaignState, has_begun
from newsletter.domain.delivery.batch import LaterReaders, Outage, Waiting
from newsletter.domain.delivery.rate_limit import Cause, Wait
from newsletter.domain.errors import Refused
from newsletter.domain.events import Bounce
from newsletter.pipeline.campaigns.headcount import reach_of
from newsletter.pipeline.ledger import find_campaign
from newsletter.pipeline.statements.review import overrides
from newsletter.pipeline.statements.translations import awaited
from newsletter.store.sql import Store, Transaction


def report(
    name: str,
    *,
    store: Store,
    waits: Mapping[str, Wait | None] = MappingProxyType({}),
    accounts: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return the report as JSON values, with the addresses of readers whom it did not reach."""
    with store.read() as tx:
        campaign = find_campaign(tx, name, by_prefix=True)
        counted = figures(tx, campaign, waits=waits, accounts=accounts)
        return counted | _people(tx, campaign.id)


def figures(
    tx: Transaction,
    campaign: Campaign,
    *,
    waits: Mapping[str, Wait | None] = MappingProxyType({}),
    accounts: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return the report without addresses. ``audience`` is always the sum of the six states.

    Before the audience is frozen the numbers are an estimate and ``estimated`` is true. Events tell
    what happens after the provider accepted a message. Without any event for this campaign
    ``events_received`` is false, and delivered, bounced and complained mean nothing. ``accounts``
    are the configured accounts; unknown deliveries at other ones are counted.
    """
    number = campaign.id
    content = tx.statements.get_content(campaign.content_hash)
    given = [
        approval
        for approval in tx.approvals.of(campaign.slug)
        if approval.content_hash == campaign.content_hash
    ]
    return {
        **summary(tx, campaign, waits),
        "segment": str(content.segment or "") if content else "",
        "despite": overrides(approval for approval in given if approval.by in campaign.approved_by),
        "providers": tx.campaigns.find_providers(number) or [campaign.provider],
        "outage": _as_json(tx.batches.outage(number)),
        "unsubscribed": tx.readers.count_left_through(number),
        "unknown_elsewhere": 0 if accounts is None else tx.unknowns.count_strays(accounts, number),
        "awaited": [
            {
                "statement": one.slug,
                "language": one.language,
                "readers": one.readers,
                "state": one.state.value,
                "said": str(one),
            }
            for one in awaited(tx, campaign)
        ],
    }


def _people(tx: Transaction, campaign_id: int) -> dict[str, Any]:
    """Return the addresses that the campaign did not reach, or whose outcome is unknown."""
    return {
        "unknown_addresses": tx.campaigns.list_unknown(campaign_id),
        "exceptions": [
            {"address": address, "state": state, "reason": reason, "provider_id": provider_id}
            for address, state, reason, provider_id in tx.campaigns.list_exceptions(campaign_id)
            if state != "accepted"
        ],
        "returned": [
            {"address": address, "bounce": bounce, "reason": reason}
            for address, bounce, reason in tx.events.list_bounces(campaign_id)
        ],
    }


def _as_json(found: Outage | LaterReaders | None) -> dict[str, Any] | None:
    """Return the fields of a value as JSON values; None for None."""
    if found is None:
        return None
    return {
        name: _iso(value) if isinstance(value, datetime) else value
        for name, value in vars(found).items()
    }


def summary(
    tx: Transaction, campaign: Campaign, waits: Mapping[str, Wait | None] = MappingProxyType({})
) -> dict[str, Any]:
    """Return the figures of one campaign.

    ``waits`` is why nothing leaves now, by provider name ("": the first).
    """
    counts, figures = campaign.counts, tx.events.count_results(campaign.id)
    estimate = _estimate(tx, campaign)
    if estimate is not None:
        counts = replace(counts, pending=estimate)
    return {
        "campaign": campaign.id,
        "statement": campaign.slug,
        "corrects": campaign.corrects,
        "corrected_by": campaign.corrected_by,
        "translates": campaign.translates,
        "state": campaign.state.value,
        "audience": counts.audience,
        **vars(counts),
        "estimated": estimate is not None,
        "delivered": figures.delivered,
        "bounced": figures.bounced,
        "bounces": {kind.value: figures.bounces.get(kind, 0) for kind in Bounce},
        "complained": figures.complained,
        "events_received": figures.received,
        "content_digest": campaign.content_hash,
        "approved_by": list(campaign.approved_by),
        "provider": campaign.provider,
        "release_at": _iso(campaign.release_at),
        "started_at": _iso(campaign.started_at),
        "finished_at": _iso(campaign.finished_at),
        "reason": campaign.reason,
        "later": _as_json(tx.batches.later(campaign.id, tx.now)),
        "waiting": _waiting(campaign, waits.get(campaign.carrier, waits.get(""))),
    }


def _estimate(tx: Transaction, campaign: Campaign) -> int | None:
    """Return the current number of readers; None after the freeze, or if it cannot be sent.

    Translations inside the email of their original have no campaigns, so the audience is not split.
    """
    stored = tx.statements.get(campaign.slug)
    if has_begun(campaign) or campaign.state.ended or stored is None:
        return None
    try:
        return tx.audiences.count(reach_of(tx, stored.statement, together=False).audience)
    except Refused:
        return None


def _waiting(campaign: Campaign, wait: Wait | None) -> dict[str, str | None] | None:
    """Return cause and end of a campaign's wait; None if it does not wait."""
    is_sending = campaign.state is CampaignState.SENDING and campaign.counts.pending
    if wait is None or wait.cause is Cause.TURN or not is_sending:
        return None
    return {"for": wait.cause.value, "until": _iso(wait.until), "reason": wait.reason}


def _iso(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat(timespec="seconds")


@dataclass(frozen=True, kw_only=True)
class Vitals:
    """The open work at one moment."""

    stopped: bool
    """Whether all sending is on hold."""
    campaigns: tuple[Campaign, ...]
    """Campaigns that are scheduled, sending, paused or need attention, with their counts."""
    batches: Waiting
    """The unsent batches of running campaigns."""
    overdue: timedelta
    """How long the oldest due campaign has waited for its start."""
    emails: int
    """The number of transactional emails that wait."""
    oldest_email_age: timedelta
    """How long the oldest waiting email has waited, failed attempts included."""


def vitals(*, store: Store) -> Vitals:
    """Return the open work. Raises StoreUnavailable."""
    with store.read() as tx:
        times = [campaign.release_at for campaign in tx.campaigns.list_scheduled(until=tx.now)]
        first = tx.emails.waiting_since()
        return Vitals(
            stopped=bool(tx.hold.reasons()),
            campaigns=tuple(tx.campaigns.list_open()),
            batches=tx.batches.waiting(),
            overdue=tx.now - min(times, default=tx.now),
            emails=tx.emails.waiting()[0],
            oldest_email_age=tx.now - min(first or tx.now, tx.now),
        )
