"""Staff → a subscriber: added to lists, suppressed, written to again, or shown what is kept."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from newsletter.domain.clock import Clock
from newsletter.domain.errors import NotFound, Refused
from newsletter.domain.subscribers.audience import (
    Brought,
    Consent,
    Entry,
    Subscriber,
    SuppressedEntry,
    SuppressionReason,
)
from newsletter.domain.wording import guess
from newsletter.store.sql import Store, Transaction

if TYPE_CHECKING:
    from newsletter.store.subscribers.staging import Staging

_SUBJECT = "subscriber"
"""What the audit log calls each of them: it never holds an address."""


def add(
    entry: Entry, *, by: str, offered: Collection[str], store: Store
) -> tuple[Subscriber | None, Subscriber]:
    """Put a person on lists; returns them as they were and as they are.

    Raises NotFound for a list that is neither ``offered`` nor anybody's, and Refused for whoever
    is suppressed or left one of the lists: only they can come back.
    """
    with store.begin() as tx:
        for name in entry.lists:
            refuse_unknown_list(tx, name, offered)
        before = tx.readers.find(entry.address)
        _refuse_who_left(tx, entry, before)
        consent = Consent(source=f"added by {by}", at=tx.now)
        tx.readers.upsert([replace(entry, consent=consent)], tx.now)
        detail = f"to {', '.join(entry.lists)}"
        tx.audit.enter(by, "add", _SUBJECT, detail)
        return before, _found(tx, entry.address)


def suppress(address: str, *, by: str, store: Store) -> bool:
    """Never send to an address again; False where it was suppressed before."""
    entry = SuppressedEntry(address=address, reason=SuppressionReason.MANUAL)
    with store.begin() as tx:
        added = tx.readers.suppress([entry], tx.now, f"by {by}")
        tx.audit.enter(by, "suppress", _SUBJECT)
    return bool(added)


def lift(address: str, *, by: str, reason: str, store: Store) -> SuppressionReason:
    """Let a suppressed address get mail again; returns why it was suppressed.

    Raises NotFound where it is not, and Refused where only the person can come back.
    """
    with store.begin() as tx:
        before = tx.readers.suppressed(address)
        if before is None:
            raise NotFound(f"{address} is not suppressed")
        if before.only_theirs:
            raise Refused(
                f"{address} is suppressed as {before.value}: only the person can come back,"
                " by the page to subscribe"
            )
        tx.readers.release(address)
        detail = f"was {before.value}: {reason}"
        tx.audit.enter(by, "lift", _SUBJECT, detail)
    return before


def data_of(address: str, *, by: str, store: Store) -> Mapping[str, object]:
    """All that is kept of one person, as JSON takes it. Raises NotFound."""
    with store.begin() as tx:
        kept = tx.data_exports.of(_found(tx, address).id)
        tx.audit.enter(by, "data", _SUBJECT)
    return kept


def bring_in(
    staging: Staging[Transaction], *, file: str, sha256: str, by: str, clock: Clock
) -> Brought:
    """Bring in the people of a file that lie ready; the log ties each consent to that very file."""
    now = clock.now()
    with staging.bring_in(now, f"import of {file}") as (tx, brought):
        detail = (
            f"{brought.new} new, {brought.known} known, {brought.suppressed} suppressed;"
            f" SHA-256 {sha256}"
        )
        tx.audit.enter(by, "import", file, detail)
    return brought


def refuse_unknown_list(tx: Transaction, name: str, offered: Collection[str]) -> None:
    """Raises NotFound, with a suggestion, for a list that is not offered and that nobody is on."""
    known = sorted({*tx.readers.lists(), *offered})
    if name not in known:
        raise NotFound(
            f"there is no list {name!r}{guess(name, known) or ';'}"
            f" there are: {', '.join(known) or 'none'}"
        )


def _refuse_who_left(tx: Transaction, entry: Entry, person: Subscriber | None) -> None:
    reason = tx.readers.suppressed(entry.address)
    if reason is not None:
        raise Refused(
            f"{entry.address} is suppressed ({reason.value}) and was not added: only the person can"
            " come back, by the page to subscribe"
        )
    left = sorted(set(entry.lists) & set(person.left if person else ()))
    if left:
        raise Refused(
            f"{entry.address} unsubscribed from {', '.join(left)} and was not added: only the"
            " person can come back, by the page to subscribe"
        )


def _found(tx: Transaction, address: str) -> Subscriber:
    person = tx.readers.find(address)
    if person is None:
        raise NotFound(f"{address} is not a subscriber")
    return person
