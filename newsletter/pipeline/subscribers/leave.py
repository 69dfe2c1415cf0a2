"""Unsubscribing and erasure. An unsubscribe link can only end subscriptions, and never expires."""

from collections.abc import Sequence
from dataclasses import dataclass

from newsletter.credentials.links import LeaveLink
from newsletter.domain.errors import Refused
from newsletter.domain.staff.audit import READER_NAME
from newsletter.domain.staff.role import Role
from newsletter.domain.subscribers.audience import Subscriber, SuppressedEntry, SuppressionReason
from newsletter.domain.wording import say
from newsletter.pipeline.ledger import require_role
from newsletter.pipeline.subscribers.membership import find_shown
from newsletter.store.sql import Store


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


def forget(who: str | Subscriber, *, by: str, block_unknown: bool = False, store: Store) -> bool:
    """Erase a person, named by an address or as a page showed them. Return whether they subscribed.

    ``by`` is an admin, the operator or the reader. Raises Refused for anybody else, and for an
    address without data unless ``block_unknown``: a typing error would block another person for
    good. Raises Outdated if the address is not that of the shown person any more.
    """
    now, address = store.clock.now(), who if isinstance(who, str) else who.address
    with store.read() as tx:  # the slow search for texts that quote the address blocks no writer
        traces = tx.traces.find(address)
    with store.begin() as tx:
        if by != READER_NAME:
            require_role(tx, by, Role.ADMIN, "forget")
        find_shown(tx, who)
        if not block_unknown and not tx.readers.has_data_of(address):
            none = (
                "nothing is kept of {address}, so there is nothing to erase; to never write to it,"
                " say 'newsletter subscribers suppress {address}', or forget it with"
                " --block-unknown"
            )
            raise Refused(say(none, address=address))
        known = tx.readers.erase(address, now)
        tx.imports.delete_uploads(tx.now)  # any of them may name the person
        tx.traces.erase(traces)
        tx.audit.enter(by, "forget", "subscriber")
    # texts stored since the first search; later ones do not quote an erased address
    with store.read() as tx:
        traces = tx.traces.find(address)
    if traces:
        with store.begin() as tx:
            tx.traces.erase(traces)
    return known


def clean(*, store: Store) -> bool:
    """Overwrite erased data. Return False if emails are being sent or the database is in use."""
    with store.read() as tx:
        if tx.traces.erasure_due_since() is None:
            return True
        if tx.batches.count_open().claimed:  # its outcome could not be recorded
            return False
    return store.secure_erase()
