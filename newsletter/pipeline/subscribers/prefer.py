"""A reader's preferences, stored in one transaction and effective at once."""

from collections.abc import Collection, Mapping

from newsletter.credentials.links import Owner
from newsletter.domain.delivery.transactional import EmailKind, TransactionalEmail, network_of
from newsletter.domain.errors import NotFound
from newsletter.domain.subscribers.audience import Subscriber
from newsletter.domain.subscribers.preferences import PreferenceChange
from newsletter.domain.subscribers.signup import ConsentRecord, Method
from newsletter.domain.wording import say
from newsletter.pipeline.subscribers.membership import lift, welcome
from newsletter.store.sql import Store, Transaction

_PREFERENCES_SOURCE = "the page of preferences"


def subscriber_of(owner: Owner, *, store: Store) -> Subscriber:
    """Return the subscriber of a preferences link. Raises NotFound if they were erased."""
    with store.read() as tx:
        return _subscriber(tx, owner)


def _subscriber(tx: Transaction, owner: Owner) -> Subscriber:
    person = tx.readers.get(owner.subscriber_id)
    if person is None:
        raise NotFound("nothing is stored about the person of this link")
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
