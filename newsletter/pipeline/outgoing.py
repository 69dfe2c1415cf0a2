"""Building batches and booking their outcomes. Several stages share it; it knows none."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from newsletter.domain.campaigns.campaign import Campaign, CampaignState
from newsletter.domain.delivery.batch import OutgoingBatch
from newsletter.domain.errors import Defect
from newsletter.domain.ports import Links
from newsletter.domain.statements.content import Content, Recipients
from newsletter.store.sql import Transaction

_MAY_END = {CampaignState.SENDING, CampaignState.ATTENTION}
BY_EVENT = "told by an event"
"""The reason for booking an unknown delivery as accepted."""


def names_for(tx: Transaction, content: Content, numbers: Sequence[int]) -> Mapping[int, str]:
    """Return names by subscriber id if the content greets by name, else an empty mapping."""
    return tx.readers.names(numbers) if content.fallbacks else {}


def outgoing(
    campaign: Campaign,
    content: Content,
    members: Sequence[tuple[int, str]],
    *,
    attempt_id: str,
    at: datetime,
    links: Links,
    called: Mapping[int, str],
) -> OutgoingBatch:
    """Build the batch for these (subscriber id, address). The same attempt gives the same batch.

    ``called`` are names by subscriber id; see ``names_for``.
    """
    numbers = [number for number, _ in members]
    names = (
        [content.called(called.get(number, "")) for number in numbers]
        if called
        else [content.called("")] * len(numbers)
    )
    return OutgoingBatch(
        campaign=campaign.slug,
        attempt_id=attempt_id,
        at=at,
        content=content,
        content_hash=campaign.content_hash,
        recipients=Recipients(
            numbers,
            [address for _, address in members],
            links.unsubscribe_tokens(campaign.id, numbers),
            links.message_ids(campaign.id, numbers),
            names,
        ),
    )


def confirm(tx: Transaction, campaign_id: int, provider_ids: Mapping[int, str], reason: str) -> int:
    """Book unknown deliveries as accepted, by subscriber id → provider id. End a settled campaign.

    Return how many deliveries changed.
    """
    people = tx.unknowns.confirm(campaign_id, provider_ids, at=tx.now, reason=reason)
    if people:
        reassess(tx, campaign_id)
    return people


def confirm_by_events(tx: Transaction, campaign_id: int) -> int:
    """Book unknown deliveries as accepted if an event for them arrived before the outcome."""
    told = dict.fromkeys(tx.events.telling(campaign_id), "")
    return confirm(tx, campaign_id, told, BY_EVENT) if told else 0


def finish(tx: Transaction, campaign_id: int) -> None:
    """End a campaign that has nothing left to send. A welcome email goes on."""
    if tx.batches.is_open(campaign_id):
        return
    campaign = tx.campaigns.get(campaign_id)
    if campaign is None or campaign.welcome or campaign.state not in _MAY_END:
        return
    if campaign.counts.pending:
        raise Defect(f"campaign {campaign_id} has deliveries pending and no batch to hand over")
    state, reason = CampaignState.SENT, ""
    if campaign.counts.unknown:
        state = CampaignState.ATTENTION
        reason = (
            f"for {campaign.counts.unknown} it is unknown whether the provider took the message;"
            f" look there, then 'newsletter resolve {campaign.id}'"
        )
    # every look at unknown deliveries calls this; one without news must not write
    if (state, reason) == (campaign.state, campaign.reason):
        return
    # what comes out later changes how it ended, not when
    ended_at = campaign.finished_at or tx.now
    tx.campaigns.move(campaign_id, state, expect=_MAY_END, at=ended_at, reason=reason)
    if state is campaign.state:
        return
    tx.audit.enter("scheduler", "finish", campaign.slug, f"campaign {campaign_id} is {state.value}")


def reassess(tx: Transaction, campaign_id: int) -> None:
    """After something unknown came out: go on with the campaign, or end it another way."""
    if tx.batches.is_open(campaign_id):
        tx.campaigns.move(
            campaign_id, CampaignState.SENDING, expect={CampaignState.ATTENTION}, at=tx.now
        )
    finish(tx, campaign_id)
