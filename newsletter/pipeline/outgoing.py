"""What is handed over and how it is booked, for several stages. It is no stage and knows none."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from newsletter.domain.campaigns.campaign import Campaign, CampaignState, settled
from newsletter.domain.delivery.batch import OutgoingBatch
from newsletter.domain.errors import Defect
from newsletter.domain.ports import Links
from newsletter.domain.statements.content import Content, Recipient
from newsletter.store.sql import Transaction

_MAY_END = {CampaignState.SENDING, CampaignState.ATTENTION}
BY_EVENT = "told by an event"
"""Why a delivery that was unknown counts as accepted."""


def names_for(tx: Transaction, content: Content, numbers: Sequence[int]) -> Mapping[int, str]:
    """The names of subscribers by number, where the content greets anybody; else nobody's."""
    return tx.readers.names(numbers) if content.fallbacks else {}


_recipient: Callable[[Iterable[Any]], Recipient] = partial(tuple.__new__, Recipient)
"""As ``Recipient._make`` does, without its frame: a thousand are made for each batch."""


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
    """What is handed over to these (subscriber id, address). The same for the same attempt.

    ``called`` are the names of those who have one, by subscriber id; see ``names_for``.
    """
    numbers = [number for number, _ in members]
    readers = zip(
        numbers,
        [address for _, address in members],
        links.unsubscribe_tokens(campaign.id, numbers),
        links.message_ids(campaign.id, numbers),
        [content.called(called.get(number, "")) for number in numbers]
        if called
        else [content.called("")] * len(numbers),
        strict=True,
    )
    return OutgoingBatch(
        campaign=campaign.slug,
        attempt_id=attempt_id,
        at=at,
        content=content,
        content_hash=campaign.content_hash,
        recipients=tuple(map(_recipient, readers)),
    )


def confirm(tx: Transaction, campaign_id: int, provider_ids: Mapping[int, str], reason: str) -> int:
    """Somebody knows that the provider took these: book it, and end what is thereby settled.

    Returns how many deliveries that changed. ``provider_ids`` is keyed by subscriber id.
    """
    people = tx.unknowns.confirm(campaign_id, provider_ids, at=tx.now, reason=reason)
    if people:
        reassess(tx, campaign_id)
    return people


def confirm_by_events(tx: Transaction, campaign_id: int) -> int:
    """The same, for those of whom an event was told before the books could say so."""
    told = dict.fromkeys(tx.events.telling(campaign_id), "")
    return confirm(tx, campaign_id, told, BY_EVENT) if told else 0


def finish(tx: Transaction, campaign_id: int) -> None:
    """End a campaign that has nothing left to hand over."""
    if tx.batches.is_open(campaign_id):
        return
    campaign = tx.campaigns.get(campaign_id)
    if campaign is None or campaign.state not in _MAY_END:
        return
    state = settled(campaign.counts)
    if state is None:
        raise Defect(f"campaign {campaign_id} has deliveries pending and no batch to hand over")
    reason = ""
    if state is CampaignState.ATTENTION:
        reason = (
            f"for {campaign.counts.unknown} nobody knows whether the provider took the message;"
            f" look there, then 'newsletter resolve {campaign.id}'"
        )
    # each look at what is unknown comes by here: one that found nothing writes nothing
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
