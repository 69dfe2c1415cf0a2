"""events → delivery statuses, suppressions, pauses: store the events that providers post.

All events of one post are stored in one transaction, before the provider gets the response. The
order and the repetition of posts do not matter. The circuit breaker then pauses each campaign with
too many complaints or bounces.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from newsletter.domain.campaigns.campaign import Campaign, CampaignState
from newsletter.domain.delivery.batch import BatchState, Origin, find_origin
from newsletter.domain.events import (
    STORED_KINDS,
    BreakerCounts,
    DeliveryStatus,
    Event,
    EventKind,
    EventTarget,
    Forged,
    pause_reasons,
    status_kind,
    suppression_reason,
)
from newsletter.domain.subscribers.audience import SuppressedEntry, SuppressionReason
from newsletter.domain.wording import joined, say
from newsletter.pipeline.ledger import find_campaign
from newsletter.pipeline.outgoing import BY_EVENT, confirm
from newsletter.pipeline.subscribers.membership import MOVED_REASONS
from newsletter.store.sql import Store, Transaction

_EVENTS_PER_CHUNK = 500
_ID_LIMIT = 1 << 63


@dataclass(frozen=True, kw_only=True)
class RecordedEvents:
    """The counts of one post, without personal data."""

    events: int = 0
    strangers: int = 0
    """Events that match no subscriber."""
    confirmed: int = 0
    """Unknown deliveries that the events proved accepted."""
    suppressed: int = 0
    """Newly suppressed addresses."""

    def plus(self, other: "RecordedEvents") -> "RecordedEvents":
        return RecordedEvents(
            **{name: number + getattr(other, name) for name, number in vars(self).items()}
        )


def record(
    events: Sequence[Event], *, provider: str, workspace: str, store: Store
) -> RecordedEvents:
    """Store all events of a post, or none. A repeated post changes nothing.

    Events about another workspace's messages are ignored. Raises Forged if a signed token came
    before with another event.
    """
    own_events = [
        one for one in events if find_origin(one.attempt_id, workspace) is not Origin.ANOTHER
    ]
    known = [*map(_storable, own_events)]
    strangers = len(events) - len(known)
    result = RecordedEvents(events=strangers, strangers=strangers)
    with store.begin() as tx:
        _refuse_altered_events(tx, known)
        for start in range(0, len(known), _EVENTS_PER_CHUNK):
            chunk = known[start : start + _EVENTS_PER_CHUNK]
            targets = tx.events.locate(chunk, provider=provider, workspace=workspace)
            result = result.plus(_record(tx, list(zip(chunk, targets, strict=True)), provider))
    return result


def _refuse_altered_events(tx: Transaction, events: Sequence[Event]) -> None:
    # Mailgun signs a time and a token, not the event, so one signature could carry any event
    for event in events:
        if not event.token:
            continue
        content = repr(sorted((name, str(value)) for name, value in vars(event).items()))
        hashes = (hashlib.blake2b(text.encode(), digest_size=16) for text in (event.token, content))
        token, content_hash = (hashed.digest() for hashed in hashes)
        if not tx.events.store_token(token, content_hash, tx.now):
            raise Forged("its token came before, with another event")


def _storable(event: Event) -> Event:
    """Return the event without unpaired surrogates, and without an id that cannot be stored."""
    changed: dict[str, Any] = {
        name: text
        for name, value in vars(event).items()
        if isinstance(value, str) and (text := value.encode("utf-8", "replace").decode()) != value
    }
    subscriber_id = event.subscriber_id
    if subscriber_id is not None and not 0 < subscriber_id < _ID_LIMIT:
        changed["subscriber_id"] = None
    return replace(event, **changed) if changed else event


def _record(
    tx: Transaction, located: Sequence[tuple[Event, EventTarget]], provider: str
) -> RecordedEvents:
    tx.events.store_statuses(_statuses(located))
    to_store = [
        (event, target)
        for event, target in located
        if event.kind in STORED_KINDS and not target.erased
    ]
    new_ids = tx.events.store_events(provider, to_store, tx.now)
    # a repeated event has no effect: its reader may have subscribed again since
    new = [(event, target) for event, target in located if event.id in new_ids]
    return RecordedEvents(
        events=len(located),
        strangers=sum(target.subscriber_id is None for _, target in located),
        confirmed=_confirm(tx, located),
        suppressed=sum(_apply(tx, event, target, provider) for event, target in new),
    )


def _statuses(located: Sequence[tuple[Event, EventTarget]]) -> Iterator[DeliveryStatus]:
    for event, target in located:
        kind, delivery = status_kind(event.kind), target.delivery
        if kind is None or delivery is None:
            continue
        if kind is EventKind.ACCEPTED and not target.may_leave:
            continue  # the stored outcome says the same
        is_bounce = kind is EventKind.BOUNCED
        yield DeliveryStatus(
            campaign_id=delivery[0],
            subscriber_id=delivery[1],
            kind=kind,
            at=event.at,
            bounce=event.bounce if is_bounce else None,
            reason=event.reason if is_bounce and not target.erased else "",
        )


def _confirm(tx: Transaction, located: Sequence[tuple[Event, EventTarget]]) -> int:
    accepted: dict[int, dict[int, str]] = defaultdict(dict)
    for event, target in located:
        is_settled = target.batch is BatchState.DONE
        if target.delivery and not is_settled and event.kind.proves_acceptance:
            campaign_id, subscriber_id = target.delivery
            accepted[campaign_id][subscriber_id] = event.provider_id
    return sum(confirm(tx, campaign_id, ids, BY_EVENT) for campaign_id, ids in accepted.items())


def _apply(tx: Transaction, event: Event, target: EventTarget, provider: str) -> int:
    """End subscriptions, or suppress the address. Return how many addresses became suppressed.

    A complaint is a person's word: it also suppresses the address to which they moved.
    """
    reason = suppression_reason(event)
    if event.kind is EventKind.UNSUBSCRIBED:
        # without a campaign, the event means all lists
        if target.delivery:
            campaign_id, subscriber_id = target.delivery
            tx.choices.leave(subscriber_id, target.lists, tx.now, campaign_id)
        else:
            reason = SuppressionReason.UNSUBSCRIBED
    if reason is None:
        return 0
    addresses = {target.address}
    if reason in MOVED_REASONS and target.subscriber_id is not None:
        person = tx.readers.get(target.subscriber_id)  # who may have another address by now
        addresses |= {person.address} if person else set()
    entries = [SuppressedEntry(address=one, reason=reason) for one in sorted(addresses - {""})]
    return tx.readers.suppress(entries, tx.now, f"{provider} event {event.id}")


def pause_harmful(*, store: Store) -> tuple[Campaign, ...]:
    """Pause each campaign with too many complaints or bounces. Return these campaigns."""
    with store.read() as tx:
        harmful = [one for one in tx.campaigns.find_sending_ids() if _pause_reasons(tx, one)]
    campaigns = []
    for campaign_id in harmful:
        with store.begin() as tx:
            # a person may have overruled the reasons since the read
            why, campaign = _pause_reasons(tx, campaign_id), find_campaign(tx, str(campaign_id))
            advice = (
                "{why}; find out why with 'newsletter report {id}' and at the provider, then"
                " 'newsletter resume {id}' or 'newsletter cancel {id}'"
            )
            reason = say(advice, why=why, id=str(campaign_id))
            sending = {CampaignState.SENDING}
            if why and tx.campaigns.change_state(
                campaign_id, CampaignState.PAUSED, expect=sending, at=tx.now, reason=reason
            ):
                tx.audit.enter("breaker", "pause", campaign.slug, campaign=campaign_id, reason=why)
                campaigns.append(find_campaign(tx, str(campaign_id)))
    return tuple(campaigns)


def _pause_reasons(tx: Transaction, campaign_id: int) -> str:
    counts = tx.events.count_for_breaker(campaign_id)
    if counts == BreakerCounts():
        return ""  # the usual case, without the slower query of accepted messages
    accepted = find_campaign(tx, str(campaign_id)).counts.accepted
    return joined(pause_reasons(counts, accepted, tx.events.get_override(campaign_id)))
