"""A reader's choices by a link, effective at once: unsubscribing and preferences.

An unsubscribe link can only end subscriptions, and never expires.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from newsletter.credentials.links import LeaveLink, Owner
from newsletter.domain.delivery.transactional import EmailKind, TransactionalEmail, network_of
from newsletter.domain.errors import NotFound
from newsletter.domain.subscribers.audience import Subscriber, SuppressedEntry, SuppressionReason
from newsletter.domain.subscribers.preferences import PreferenceChange
from newsletter.domain.subscribers.signup import ConsentRecord, Method
from newsletter.domain.wording import say
from newsletter.pipeline.subscribers.membership import lift, welcome
from newsletter.store.sql import Store, Transaction


@dataclass(frozen=True, kw_only=True)
class PendingDeparture:
    """The subscriptions that an unsubscribe link would end."""

    lists: tuple[str, ...]
    """The lists of the campaign. Empty if it was deleted: then all subscriptions end."""
    ended: bool
    """No subscription is left to end."""
    language: str
    """The reader's language; may be empty."""


def load_pending_departure(leave_link: LeaveLink, *, store: Store) -> PendingDeparture:
    """Return the subscriptions that an unsubscribe link would end."""
    with store.read() as tx:
        campaign = tx.campaigns.get(leave_link.campaign_id)
        person = tx.readers.get(leave_link.subscriber_id)
    lists = campaign.lists if campaign else ()
    if person is None:
        return PendingDeparture(lists=lists, ended=True, language="")
    remaining = set(person.lists) & set(lists) if campaign else person.lists
    is_ended = not remaining or person.suppressed is not None
    return PendingDeparture(lists=lists, ended=is_ended, language=person.language)


def leave(links: Sequence[LeaveLink], *, store: Store) -> Sequence[LeaveLink]:
    """End the subscriptions of these links in one transaction. A repetition changes nothing.

    Return the links whose subscriber is unknown: erased, or newer than a restored backup. Such a
    link names no address, so staff must suppress it.
    """
    with store.begin() as tx:
        return tx.choices.unsubscribe_by_links([link for link in links if not link.is_test], tx.now)


def leave_list(leave_link: LeaveLink, name: str, *, store: Store) -> None:
    """End one subscription of a link's reader, also to a list that the campaign did not go to.

    For an unknown subscriber nothing changes.
    """
    with store.begin() as tx:
        tx.choices.leave(leave_link.subscriber_id, [name], tx.now, leave_link.campaign_id)


def leave_everything(leave_link: LeaveLink, *, store: Store) -> Sequence[LeaveLink]:
    """End all subscriptions of a link's reader and suppress their address.

    Return the link if its subscriber is unknown, else nothing.
    """
    if leave_link.is_test:
        return ()
    with store.begin() as tx:
        person = tx.readers.get(leave_link.subscriber_id)
        if person is None:
            return (leave_link,)
        lists = (*person.lists, *person.requested)
        tx.choices.leave(person.id, lists, tx.now, leave_link.campaign_id)
        entry = SuppressedEntry(address=person.address, reason=SuppressionReason.UNSUBSCRIBED)
        tx.readers.suppress([entry], tx.now, "left everything")
    return ()


_PREFERENCES_SOURCE = "the page of preferences"


def subscriber_of(owner: Owner, *, store: Store) -> Subscriber:
    """Return the subscriber of a preferences link. Raises NotFound if they were erased."""
    with store.read() as tx:
        return _subscriber(tx, owner)


def _subscriber(tx: Transaction, owner: Owner) -> Subscriber:
    person = tx.readers.get(owner.subscriber_id)
    if person is None:
        raise NotFound(say("There is no such reader."))
    return person


def save(
    owner: Owner,
    wish: PreferenceChange,
    *,
    shown: Mapping[str, str],
    language: str,
    closed: Collection[str],
    store: Store,
) -> None:
    """Store a reader's preferences. Raises NotFound if the subscriber was erased.

    ``shown`` is list name → the text beside it on the page, in the page's language. The link proves
    that the person reads the mailbox, so joining a list needs no confirmation. Staff decide who
    joins the lists in ``closed``.
    """
    with store.begin() as tx:
        person = _subscriber(tx, owner)
        if wish.details:
            tx.choices.set_details(person.id, **wish.details)
        joins = tx.choices.join(person.id, wish.joins, tx.now, closed)
        welcome(tx, person.id, sorted(joins.difference(closed, person.left)))
        left = tx.choices.leave(person.id, wish.leaves, tx.now)
        proof = say("on the page of preferences")
        if (joins or wish.unsuppresses) and lift(tx, person.address, proof):
            # this consents to every list that is ticked, which is stored as proof
            joins = frozenset(_subscriber(tx, owner).lists)
        records = [
            ConsentRecord(
                list=name,
                given=name in joins,
                method=Method.PREFERENCES,
                source=_PREFERENCES_SOURCE,
                wording=tx.consents.store_words(shown[name], language, tx.now),
                asked_at=tx.now,
                at=tx.now,
            )
            for name in sorted((joins | left) & shown.keys())
        ]
        tx.consents.add(person.id, records)


def ask_for_link(
    subscriber_id: int,
    *,
    new_address: str = "",
    host: str,
    language: str,
    source: str = _PREFERENCES_SOURCE,
    store: Store,
) -> None:
    """Email a link to the subscriber, unless a limit is reached: to their preferences, or to move.

    The link to a new address makes it theirs. Whether that is known is not revealed. ``host`` is
    the client's IP address, ``source`` the page.
    """
    with store.begin() as tx:
        person = tx.readers.get(subscriber_id)
        if person is None:
            return
        email = TransactionalEmail(
            id=0,
            kind=EmailKind.MOVE if new_address else EmailKind.PREFERENCES,
            address=new_address or person.address,
            subscriber_id=person.id,
            name=person.name,
            language=person.language or language,
            timezone=person.timezone,
            source=source,
            asked_at=tx.now,
        )
        tx.emails.ask(email, network=network_of(host))


def resume(*, store: Store) -> int:
    """End the pauses that are over. Return how many. Writes only if there are any."""
    with store.read() as tx:
        if not tx.choices.has_ended_pause(tx.now):
            return 0
    with store.begin() as tx:
        return tx.choices.end_pauses(tx.now)
