"""A reader leaves: the effect is committed before anybody is answered."""

from dataclasses import dataclass

from newsletter.domain.errors import NotFound
from newsletter.ports import Clock, Links, Store


@dataclass(frozen=True, kw_only=True)
class Departure:
    """Whom an unsubscribe link speaks of, and what it would end."""

    campaign_id: int
    subscriber_id: int
    lists: tuple[str, ...]
    """Those of the campaign that the link came with."""
    ended: bool
    """There is nothing left to end."""


def look_up(token: str, *, store: Store, links: Links) -> Departure:
    """Read a link without changing anything. Raises NotFound for a link that is not ours."""
    signed = links.read_unsubscribe(token)
    if signed is None:
        raise NotFound("this link is not one of ours, or a part of it is missing")
    campaign_id, subscriber_id = signed
    with store.read() as tx:
        campaign = tx.campaigns.get(campaign_id)
        person = tx.readers.get(subscriber_id)
    lists = campaign.lists if campaign is not None else ()
    remaining = set(person.lists if person is not None else ()) & set(lists)
    return Departure(
        campaign_id=campaign_id,
        subscriber_id=subscriber_id,
        lists=lists,
        ended=not remaining or (person is not None and person.suppressed is not None),
    )


def unsubscribe(token: str, *, store: Store, links: Links, clock: Clock) -> Departure:
    """End the subscriptions that the link speaks of. Again and again does no harm."""
    departure = look_up(token, store=store, links=links)
    with store.begin() as tx:
        tx.readers.end_subscriptions(
            departure.subscriber_id, departure.lists, clock.now(), departure.campaign_id
        )
    return departure
