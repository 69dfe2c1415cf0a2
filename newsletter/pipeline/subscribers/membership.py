"""Rules that all changes of subscriptions share: unknown lists, welcome emails, new addresses."""

from collections.abc import Collection, Mapping

from newsletter.domain.errors import Fault, InvalidInput, NotFound, Outdated, Refused
from newsletter.domain.staff.audit import READER_NAME
from newsletter.domain.subscribers.audience import Subscriber, SuppressedEntry, SuppressionReason
from newsletter.domain.wording import did_you_mean, say
from newsletter.store.sql import Transaction


def refuse_unknown_lists(
    tx: Transaction, places: Mapping[str, str], declared: Collection[str], *, create: bool
) -> tuple[str, ...]:
    """Return the lists to create: those that neither the settings nor the database have.

    ``places`` is list name → the position that names it; ``declared`` are the lists in the
    settings. Raises InvalidInput, with suggestions, unless ``create``.
    """
    known = known_lists(tx, declared)
    unknown = tuple(name for name in places if name not in known)
    if unknown and not create:
        raise InvalidInput(
            Fault(
                file=places[name],
                message=_unknown_list_text(name, known, "; --create-list creates what is missing"),
            )
            for name in unknown
        )
    return tuple(name for name in unknown if name not in tx.readers.list_names())


def find_shown(tx: Transaction, who: str | Subscriber) -> Subscriber | None:
    """Return the person with this address.

    A ``Subscriber`` is one whom a page showed: raises Outdated if another has the address by now.
    """
    person = tx.readers.find(who if isinstance(who, str) else who.address)
    if not isinstance(who, str) and (person is None or person.id != who.id):
        raise Outdated(say("{address} has changed since you looked", address=who.address))
    return person


def require_list(tx: Transaction, name: str, declared: Collection[str]) -> None:
    """Raise NotFound, with a suggestion, for an unknown list."""
    for why in unknown_lists([name], known_lists(tx, declared)):
        raise NotFound(why)


def unknown_lists(names: Collection[str], known: list[str]) -> tuple[str, ...]:
    """Return a sentence with a suggestion for each list that does not exist."""
    return tuple(_unknown_list_text(name, known) for name in names if name not in known)


def known_lists(tx: Transaction, declared: Collection[str]) -> list[str]:
    """Return the lists of the settings and of the database, sorted."""
    return sorted({*tx.readers.list_names(), *declared})


def delete_list(tx: Transaction, name: str) -> None:
    """Delete a list. Raises Refused if it has a history, which a reader may begin at any time."""
    if tx.readers.has_list_history(name):
        raise Refused(say("the list has readers or statements by now, so it stays; close it"))
    tx.readers.delete_list(name)


def _unknown_list_text(name: str, known: list[str], advice: str = "") -> str:
    none = "there is no list {name!r}{hint} there are: {names}{advice}"
    hint, names = did_you_mean(name, known) or ";", ", ".join(known) or "–"
    return say(none, name=name, hint=hint, names=names, advice=advice)


def welcome(tx: Transaction, subscriber_id: int, lists: Collection[str]) -> None:
    """Queue the newest welcome email of each list that a person has joined for the first time."""
    campaigns = tx.campaigns.list_running_welcomes(lists)
    newest = (next((one for one in campaigns if name in one.lists), None) for name in lists)
    for campaign in filter(None, newest):
        tx.batches.add_reader(campaign.id, subscriber_id)


def lift(tx: Transaction, address: str, proof: str) -> bool:
    """End the suppression of an address whose owner has confirmed. Return whether it existed."""
    reason = tx.readers.lift(address)
    if reason is not None:
        tx.audit.enter(READER_NAME, "lift", "subscriber", before=say(reason.value), reason=proof)
    return reason is not None


MOVED_REASONS = frozenset(
    {SuppressionReason.UNSUBSCRIBED, SuppressionReason.COMPLAINED, SuppressionReason.MANUAL}
)
"""Suppressions that a new address of the person gets too."""


def move(tx: Transaction, person: Subscriber, address: str) -> None:
    """Change a person's address. Raises Refused if another subscriber has it."""
    if not tx.readers.change_address(person.id, address):
        other = "{address} is another subscriber's; {old} stays as it is"
        raise Refused(say(other, address=address, old=person.address))
    if person.suppressed is not None and person.suppressed in MOVED_REASONS:
        entry = SuppressedEntry(address=address, reason=person.suppressed)
        tx.readers.suppress([entry], tx.now, "change of address")
