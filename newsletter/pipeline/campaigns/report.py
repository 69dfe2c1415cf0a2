"""The report of a campaign, and the figures of open work."""

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
from newsletter.pipeline.ledger import approvals_of, find_campaign, load_counted
from newsletter.pipeline.statements.review import describe_overrides
from newsletter.pipeline.statements.translations import find_awaited
from newsletter.store.sql import Store, Transaction


def make_report(
    name: str,
    *,
    store: Store,
    waits: Mapping[str, Wait | None] = MappingProxyType({}),
    accounts: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return the report as JSON values, with the addresses of readers whom it did not reach."""
    with store.read() as tx:
        campaign = find_campaign(tx, name, by_prefix=True)
        return load_figures(tx, campaign, waits=waits, accounts=accounts) | {
            "unknown_addresses": tx.campaigns.list_unknown(campaign.id),
            "exceptions": [
                {"address": address, "state": state, "reason": reason, "provider_id": provider_id}
                for address, state, reason, provider_id in tx.campaigns.list_exceptions(campaign.id)
                if state != "accepted"
            ],
            "returned": [
                {"address": address, "bounce": bounce, "reason": reason}
                for address, bounce, reason in tx.events.list_bounces(campaign.id)
            ],
        }


def load_figures(
    tx: Transaction,
    campaign: Campaign,
    *,
    waits: Mapping[str, Wait | None] = MappingProxyType({}),
    accounts: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return the report without addresses. ``audience`` is always the sum of the six states.

    Before the audience is frozen the numbers are an estimate and ``estimated`` is true. If the
    provider reported no event, ``events_received`` is false, and ``delivered``, ``bounced`` and
    ``complained`` mean nothing. ``accounts`` are the configured accounts by provider name:
    ``unknown_elsewhere`` counts unknown deliveries at other accounts.
    """
    campaign_id = campaign.id
    content = tx.statements.get_content(campaign.content_hash)
    strays = 0 if accounts is None else tx.unknowns.count_strays(accounts, campaign_id)
    return {
        **load_summary(tx, campaign, waits),
        "segment": str(content.segment or "") if content else "",
        "counted": load_counted(tx, content),
        "despite": describe_overrides(approvals_of(tx, campaign)),
        "providers": tx.campaigns.find_providers(campaign_id) or [campaign.provider],
        "outage": _as_json(tx.batches.find_outage(campaign_id)),
        "unknown_elsewhere": strays,
        "awaited": [
            {
                "statement": one.slug,
                "language": one.language,
                "readers": one.readers,
                "state": one.state.value,
                "said": str(one),
            }
            for one in find_awaited(tx, campaign)
        ],
    }


def _as_json(value: Outage | LaterReaders | None) -> dict[str, Any] | None:
    if value is None:
        return None
    return {
        name: _iso(field) if isinstance(field, datetime) else field
        for name, field in vars(value).items()
    }


def load_summary(
    tx: Transaction, campaign: Campaign, waits: Mapping[str, Wait | None] = MappingProxyType({})
) -> dict[str, Any]:
    """Return the main figures of a campaign as JSON values.

    ``waits`` are the waits of batches by provider name; "" is the first provider.
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
        "unsubscribed": figures.unsubscribed,
        "events_received": figures.received,
        "content_digest": campaign.content_hash,
        "approved_by": list(campaign.approved_by),
        "provider": campaign.provider,
        "release_at": _iso(campaign.release_at),
        "started_at": _iso(campaign.started_at),
        "finished_at": _iso(campaign.finished_at),
        "reason": campaign.reason,
        "later": _as_json(tx.batches.find_later_readers(campaign.id, tx.now)),
        "waiting": _waiting(campaign, waits.get(campaign.fallback_provider, waits.get(""))),
    }


def _estimate(tx: Transaction, campaign: Campaign) -> int | None:
    """Return the current number of readers; None after the freeze, or if it cannot be sent."""
    stored = tx.statements.get(campaign.slug)
    if has_begun(campaign) or campaign.state.is_ended or stored is None:
        return None
    try:
        # translations in the email of their original have no campaign, so they take no readers
        return tx.audiences.count(reach_of(tx, stored.statement, shares_email=False).audience)
    except Refused:
        return None


def _waiting(campaign: Campaign, wait: Wait | None) -> dict[str, str | None] | None:
    """Return why and until when a campaign's batches wait; None if they do not."""
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
    """All sending is on hold."""
    campaigns: tuple[Campaign, ...]
    """Campaigns that are scheduled, sending, paused or need attention, with their counts."""
    batches: Waiting
    """The unsent batches of running campaigns."""
    overdue: timedelta
    """How long the oldest due campaign has waited for its start."""
    emails: int
    """The number of transactional emails that wait."""
    oldest_email_age: timedelta
    """How long the oldest waiting email has waited, with its failed attempts."""


def load_vitals(*, store: Store) -> Vitals:
    """Return the open work. Raises StoreUnavailable."""
    with store.read() as tx:
        is_stopped, due = bool(tx.hold.reasons()), tx.campaigns.list_scheduled(until=tx.now)
        times = [campaign.release_at for campaign in due if not is_stopped]
        first = tx.emails.waiting_since()
        return Vitals(
            stopped=is_stopped,
            campaigns=tuple(tx.campaigns.list_open()),
            batches=tx.batches.count_open(),
            overdue=tx.now - min(times, default=tx.now),
            emails=tx.emails.count_waiting()[0],
            oldest_email_age=tx.now - min(first or tx.now, tx.now),
        )
