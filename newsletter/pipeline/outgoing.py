"""Functions about batches and unknown deliveries that several stages share."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from newsletter.credentials.links import SignedLinks
from newsletter.domain.campaigns.campaign import Campaign, CampaignState
from newsletter.domain.delivery.batch import OutgoingBatch
from newsletter.domain.errors import Defect
from newsletter.domain.statements.content import Content, Recipients
from newsletter.domain.wording import joined, say
from newsletter.store.sql import Transaction

_OPEN_STATES = {CampaignState.SENDING, CampaignState.ATTENTION}
BY_EVENT = "told by an event"
"""The reason stored with a delivery that an event proved accepted."""


def build_batch(
    tx: Transaction,
    campaign: Campaign,
    content: Content,
    members: Sequence[tuple[int, str]],
    *,
    attempt_id: str,
    at: datetime,
    links: SignedLinks,
) -> OutgoingBatch:
    """Return the batch for ``members``, which are (subscriber id, address)."""
    subscriber_ids, addresses = map(list, zip(*members, strict=True)) if members else ([], [])
    names_by_id = tx.readers.find_names(subscriber_ids) if content.fallbacks else {}
    names = (
        [content.fill_names(names_by_id.get(one, "")) for one in subscriber_ids]
        if names_by_id
        else [content.fill_names("")] * len(subscriber_ids)
    )
    return OutgoingBatch(
        campaign=campaign.slug,
        attempt_id=attempt_id,
        at=at,
        content=content,
        content_hash=campaign.content_hash,
        recipients=Recipients(
            subscriber_ids, addresses, *links.for_batch(campaign.id, subscriber_ids), names
        ),
    )


def confirm(tx: Transaction, campaign_id: int, provider_ids: Mapping[int, str], reason: str) -> int:
    """Mark unknown deliveries as accepted, and end the campaign if it is settled.

    ``provider_ids`` are by subscriber id. Return how many deliveries changed.
    """
    people = tx.unknowns.confirm(campaign_id, provider_ids, at=tx.now, reason=reason)
    if people:
        reassess(tx, campaign_id)
    return people


def confirm_by_events(tx: Transaction, campaign_id: int) -> int:
    """Mark unknown deliveries as accepted if an event about them is stored. Return how many."""
    proofs = dict.fromkeys(tx.events.find_unrecorded(campaign_id), "")
    return confirm(tx, campaign_id, proofs, BY_EVENT) if proofs else 0


def pause_text(tx: Transaction, slug: str, reason: str, *, by: str) -> None:
    """Pause the campaigns that may still send a text, a translation of it, or a digest with it.

    Also paused ones, so that no page of before resumes them, and those whose unknown deliveries may
    prove unsent.
    """
    for campaign in map(tx.campaigns.get_without_counts, tx.public_notes.find_sending(slug)):
        is_paused = campaign.state is CampaignState.PAUSED
        why = joined([campaign.reason, reason]) if is_paused else reason
        to = CampaignState.PAUSED
        tx.campaigns.change_state(campaign.id, to, expect={campaign.state}, at=tx.now, reason=why)
        tx.audit.enter(by, "pause", campaign.slug, campaign=campaign.id, reason=reason)


def finish(tx: Transaction, campaign_id: int) -> None:
    """End a campaign that has nothing left to send. A welcome email never ends."""
    if tx.batches.is_open(campaign_id):
        return
    campaign = tx.campaigns.get(campaign_id)
    if campaign is None or campaign.welcome or campaign.state not in _OPEN_STATES:
        return
    if campaign.counts.pending:
        raise Defect(f"campaign {campaign_id} has deliveries pending and no batch to hand over")
    state, reason = CampaignState.SENT, ""
    if campaign.counts.unknown:
        state = CampaignState.ATTENTION
        unclear = (
            "for {unknown} it is unknown whether the provider took the message; look there, then"
            " 'newsletter resolve {id}'"
        )
        reason = say(unclear, unknown=campaign.counts.unknown, id=str(campaign.id))
    # each look-up of unknown deliveries calls this, and must not write if nothing changed
    if (state, reason) == (campaign.state, campaign.reason):
        return
    # outcomes that become known later do not change when the campaign ended
    ended_at = campaign.finished_at or tx.now
    tx.campaigns.change_state(campaign_id, state, expect=_OPEN_STATES, at=ended_at, reason=reason)
    if state is campaign.state:
        return
    values = {"campaign": campaign_id, "state": say(state.value)}
    tx.audit.enter("scheduler", "finish", campaign.slug, **values)


def reassess(tx: Transaction, campaign_id: int) -> None:
    """Continue or end a campaign after some unknown deliveries were settled."""
    if tx.batches.is_open(campaign_id):
        tx.campaigns.change_state(
            campaign_id, CampaignState.SENDING, expect={CampaignState.ATTENTION}, at=tx.now
        )
    finish(tx, campaign_id)
