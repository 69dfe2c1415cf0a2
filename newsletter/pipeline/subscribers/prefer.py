"""A reader's own choices: stored in one transaction, effective at once."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from newsletter.domain.delivery.transactional import (
    EmailKind,
    EmailLimits,
    TransactionalEmail,
    network_of,
)
from newsletter.domain.errors import NotFound
from newsletter.domain.ports import Links
from newsletter.domain.subscribers.audience import Subscriber, SuppressionReason
from newsletter.domain.subscribers.preferences import LINK_OPENS, PreferenceChange, Preferences
from newsletter.domain.subscribers.signup import ConsentRecord, Method
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
        return early or now > self.signed_at + LINK_OPENS


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """A subscriber's choices, and whether they have any effect."""

    address: str
    preferences: Preferences
    suppressed: SuppressionReason | None


def read(token: str, links: Links) -> Owner:
    """Read the link in an email. Raises NotFound for one that is not ours."""
    signed = links.read_preferences(token)
    if signed is None:
        raise NotFound("this link is not one of ours, or a part of it is missing")
    return Owner(subscriber_id=signed[0], signed_at=signed[1])


def chosen_by(owner: Owner, *, store: Store) -> Chosen:
    """Return the choices. Changes nothing. Raises NotFound if there is no such subscriber."""
    with store.read() as tx:
        return _chosen(tx, owner)


def _chosen(tx: Transaction, owner: Owner) -> Chosen:
    person, chosen = tx.readers.get(owner.subscriber_id), tx.choices.of(owner.subscriber_id)
    if person is None or chosen is None:
        raise NotFound("we have nothing about whoever this link was for")
    return Chosen(address=person.address, preferences=chosen, suppressed=person.suppressed)


def save(
    owner: Owner, wish: PreferenceChange, *, shown: Mapping[str, str], language: str, store: Store
) -> None:
    """Store the choices. Raises NotFound if there is no such subscriber.

    ``shown`` are the words at each list on the page, in its language. The link proves that the
    person reads the mailbox, so joining a list needs no confirmation.
    """
    with store.begin() as tx:
        chosen = _chosen(tx, owner)
        _describe(tx, owner, chosen.preferences, wish)
        number = owner.subscriber_id
        joined = tx.choices.join(number, wish.joins, tx.now)
        left = tx.choices.leave(number, wish.leaves, tx.now)
        back = bool(joined or wish.returns) and _lift(tx, chosen.address)
        # lifting one's own suppression consents to every list that is ticked; that is stored as
        # proof
        standing = tx.choices.of(number) if back else None
        given = standing.lists if standing else joined
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
        tx.consents.add(number, records)


def _lift(tx: Transaction, address: str) -> bool:
    """The mailbox is read by somebody who wants our mail: what spoke against it is over."""
    reason = tx.readers.lift(address)
    if reason is not None:
        detail = f"was {reason.value}; on the page of preferences"
        tx.audit.enter("reader", "lift", "subscriber", detail)
    return reason is not None


def _describe(tx: Transaction, owner: Owner, before: Preferences, wish: PreferenceChange) -> None:
    tx.choices.describe(
        owner.subscriber_id,
        name=before.name if wish.name is None else wish.name,
        language=before.language if wish.language is None else wish.language,
        timezone=before.timezone if wish.timezone is None else wish.timezone,
    )
    if wish.resumes or wish.pauses_until is not None:
        tx.choices.pause(owner.subscriber_id, wish.pauses_until)


def ask_for_link(
    subscriber_id: int, *, host: str, language: str, source: str, store: Store
) -> None:
    """Send a link to the preferences to the subscriber's own address, within the limits.

    ``host`` is the origin of the request, ``source`` its page. The result is not revealed.
    """
    with store.begin() as tx:
        person = tx.readers.get(subscriber_id)
        if person is not None:
            email = _email(EmailKind.PREFERENCES, person, language, tx.now)
            email = replace(email, source=source)
            tx.emails.ask(email, network=network_of(host), limits=EmailLimits())


def ask_to_move(owner: Owner, address: str, *, host: str, language: str, store: Store) -> None:
    """Send a confirmation to the person's new address. The address changes with that link.

    Whether the address is known is not revealed.
    """
    with store.begin() as tx:
        person = tx.readers.get(owner.subscriber_id)
        if person is not None:
            email = _email(EmailKind.MOVE, person, language, tx.now)
            email = replace(email, address=address)
            tx.emails.ask(email, network=network_of(host), limits=EmailLimits())


def _email(kind: EmailKind, person: Subscriber, language: str, now: datetime) -> TransactionalEmail:
    return TransactionalEmail(
        id=0,
        kind=kind,
        address=person.address,
        subscriber_id=person.id,
        name=person.name,
        language=person.language or language,
        timezone=person.timezone,
        source=_SOURCE,
        asked_at=now,
    )


def resume(*, store: Store) -> int:
    """End the pauses that are over; returns how many. Looks first, so that most looks only read."""
    with store.read() as tx:
        if not tx.choices.any_over(tx.now):
            return 0
    with store.begin() as tx:
        return tx.choices.resume(tx.now)
