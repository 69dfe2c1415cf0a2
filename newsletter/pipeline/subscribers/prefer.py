"""A reader's own choices: stored in one transaction, effective at once."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from newsletter.domain.delivery.transactional import EmailKind, TransactionalEmail, network_of
from newsletter.domain.errors import NotFound
from newsletter.domain.ports import Links
from newsletter.domain.subscribers.audience import Subscriber
from newsletter.domain.subscribers.preferences import PREFERENCES_LINK_LIFETIME, PreferenceChange
from newsletter.domain.subscribers.signup import ConsentRecord, Method
from newsletter.pipeline.subscribers.membership import lift, welcome
from newsletter.store.sql import Store, Transaction

_SOURCE = "the page of preferences"
_WRONG_CLOCK = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Owner:
    """The holder of a link to one subscriber's preferences."""

    subscriber_id: int
    signed_at: datetime

    def is_late(self, now: datetime) -> bool:
        """Return whether the link has expired and can only be used to ask for a new one."""
        early = self.signed_at > now + _WRONG_CLOCK  # else one key would open it for years
        return early or now > self.signed_at + PREFERENCES_LINK_LIFETIME


def read_preferences_link(token: str, links: Links) -> Owner:
    """Read the link in an email. Raises NotFound for one that is not ours."""
    signed = links.read_preferences(token)
    if signed is None:
        raise NotFound("this link is not one of ours, or a part of it is missing")
    return Owner(subscriber_id=signed[0], signed_at=signed[1])


def subscriber_of(owner: Owner, *, store: Store) -> Subscriber:
    """Return the subscriber. Raises NotFound if there is none any more."""
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
    """Store the choices. Raises NotFound if there is no such subscriber.

    ``shown`` are the words at each list on the page, in its language. The link proves that the
    person reads the mailbox, so joining a list needs no confirmation. Staff decide who joins the
    lists in ``closed``.
    """
    with store.begin() as tx:
        person = _subscriber(tx, owner)
        tx.choices.describe(
            person.id,
            name=person.name if wish.name is None else wish.name,
            language=person.language if wish.language is None else wish.language,
            timezone=person.timezone if wish.timezone is None else wish.timezone,
        )
        if wish.resumes or wish.pauses_until is not None:
            tx.choices.pause(person.id, wish.pauses_until)
        given = tx.choices.join(person.id, wish.joins, tx.now, closed)
        welcome(tx, person.id, sorted(given.difference(closed, person.left)))
        left = tx.choices.leave(person.id, wish.leaves, tx.now)
        if (given or wish.returns) and lift(tx, person.address, "on the page of preferences"):
            # this consents to every list that is ticked, which is stored as proof
            given = frozenset(_subscriber(tx, owner).lists)
        records = [
            ConsentRecord(
                list=name,
                given=name in given,
                method=Method.PREFERENCES,
                source=_SOURCE,
                wording=tx.consents.keep_words(shown[name], language, tx.now),
                asked_at=tx.now,
                at=tx.now,
            )
            for name in sorted((given | left) & shown.keys())
        ]
        tx.consents.add(person.id, records)


def ask_for_link(
    subscriber_id: int, *, host: str, language: str, source: str, store: Store
) -> None:
    """Send a link to the preferences to the subscriber's own address, within the limits.

    ``host`` is the origin of the request, ``source`` its page. The result is not revealed.
    """
    _ask(subscriber_id, EmailKind.PREFERENCES, host, language, store, source=source)


def ask_to_move(owner: Owner, address: str, *, host: str, language: str, store: Store) -> None:
    """Send a confirmation to the person's new address. The address changes with that link.

    Whether the address is known is not revealed.
    """
    _ask(owner.subscriber_id, EmailKind.MOVE, host, language, store, address=address)


def _ask(
    subscriber_id: int, kind: EmailKind, host: str, language: str, store: Store, **more: str
) -> None:
    with store.begin() as tx:
        person = tx.readers.get(subscriber_id)
        if person is None:
            return
        email = TransactionalEmail(
            id=0,
            kind=kind,
            address=person.address,
            subscriber_id=person.id,
            name=person.name,
            language=person.language or language,
            timezone=person.timezone,
            source=_SOURCE,
            asked_at=tx.now,
        )
        email = replace(email, **more)  # type: ignore[arg-type] # its fields of text
        tx.emails.ask(email, network=network_of(host))


def resume(*, store: Store) -> int:
    """End the pauses that are over; returns how many. Looks first, so that most looks only read."""
    with store.read() as tx:
        if not tx.choices.has_ended_pause(tx.now):
            return 0
    with store.begin() as tx:
        return tx.choices.resume(tx.now)
