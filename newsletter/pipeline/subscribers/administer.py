"""Acts of staff on a subscriber: add, edit, unsubscribe, suppress, change the address, erase."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from itertools import count
from tempfile import TemporaryFile

from newsletter.domain.delivery.transactional import EmailKind
from newsletter.domain.errors import InvalidInput, NotFound, Outdated, Refused
from newsletter.domain.staff.audit import READER_NAME
from newsletter.domain.staff.role import Role
from newsletter.domain.subscribers import audience
from newsletter.domain.subscribers.address import fold
from newsletter.domain.subscribers.search import Origin
from newsletter.domain.wording import say
from newsletter.pipeline.ledger import act_as, refuse_suppressed, require_role
from newsletter.pipeline.subscribers import membership
from newsletter.store.sql import Store, Transaction

MAX_REASON_CHARS = 200
_People = Iterable[tuple[audience.Subscriber, str]]
"""Subscribers, each with their consent as JSON."""


@dataclass(frozen=True, kw_only=True)
class SubscriberActs:
    """Acts of one person on subscribers. Each raises Refused if the person lacks the role.

    ``who`` is the address that the person typed, or the subscriber whom a page showed.
    """

    store: Store
    actor: str
    """A member of staff, or the operator."""
    declared: Collection[str] = ()
    """The lists that the settings name."""
    origin: Origin = Origin.STAFF

    def add(
        self, entry: audience.Entry, *, create_lists: bool = False, agreed: str = ""
    ) -> tuple[audience.Subscriber | None, audience.Subscriber]:
        """Subscribe a person to lists. Return the subscriber before, or None, and after.

        ``agreed`` is stored as the source of consent. Raises InvalidInput for an unknown list,
        unless ``create_lists``, and Refused for a person who is suppressed or has left one of the
        lists: only they can come back.
        """
        with self._begin(Role.SENDER, "add subscribers") as (tx, by):
            places = dict.fromkeys(entry.lists, "--list")
            membership.refuse_unknown_lists(tx, places, self.declared, create=create_lists)
            before, address = tx.readers.find(entry.address), entry.address
            reason = tx.readers.suppression_reason(address)
            left = sorted(set(entry.lists) & set(before.left if before else ()))
            why = ""
            if reason is not None:
                why = say(
                    "{address} is suppressed ({reason})", address=address, reason=say(reason.value)
                )
            elif tx.readers.find_former_owner(address):
                why = say("{address} was a subscriber's before", address=address)
            elif left:
                why = say(
                    "{address} unsubscribed from {lists}", address=address, lists=", ".join(left)
                )
            only = (
                "{why} and was not added: only the person can come back, by the page to subscribe"
            )
            if why:
                raise Refused(say(only, why=why))
            source = f"added by {by}" + (f": {agreed}" if agreed else "")
            consent = audience.Consent(source=source, at=tx.now)
            tx.readers.upsert([replace(entry, consent=consent)], tx.now, self.origin)
            person = _find(tx, address)
            for name in sorted({*person.requested} & {*entry.lists}):
                _decide(tx, person, name, admits=True)
            _enter(tx, by, "add", lists=entry.lists)
            return before, _find(tx, address)

    def decide_request(self, subscriber_id: int, name: str, *, admits: bool) -> bool:
        """Accept or decline a person's request to join a list. Return whether an email tells them.

        Raises NotFound if no such request is open, and Refused to admit a suppressed person.
        """
        with self._begin(Role.SENDER, "answer a request") as (tx, by):
            person = tx.readers.get(subscriber_id)
            if person is None or name not in person.requested:
                raise NotFound(say("This request is not open any more."))
            if admits:
                refuse_suppressed(tx, person.address)
            _decide(tx, person, name, admits=admits)
            _enter(tx, by, "admit" if admits else "decline", list=name)
            return person.suppressed is None

    def edit(self, entry: audience.Entry, *, seen: str = "") -> audience.Subscriber:
        """Set the name, language, time zone, notes and tags of a person. Return the person.

        ``seen`` is the ``values_hash`` of the person whom the form showed. Raises NotFound, and
        Outdated if the person has changed since.
        """
        with self._begin(Role.SENDER, "edit subscribers") as (tx, by):
            person = _find(tx, entry.address)
            if seen not in {"", person.values_hash}:
                late = "{address} has changed since you looked"
                raise Outdated(say(late, address=person.address))
            tx.readers.edit(person.id, entry)
            _enter(tx, by, "edit")
            return _find(tx, entry.address)

    def suppress(self, who: str | audience.Subscriber, *, reason: str = "") -> bool:
        """Suppress an address. Return False if it was suppressed before. Raises InvalidInput."""
        reason, address = _clean_reason(reason), who if isinstance(who, str) else who.address
        entry = audience.SuppressedEntry(address=address, reason=audience.SuppressionReason.MANUAL)
        with self._begin(Role.SENDER, "suppress") as (tx, by):
            membership.find_shown(tx, who)
            added = tx.readers.suppress([entry], tx.now, f"by {by}: {reason}".removesuffix(": "))
            _enter(tx, by, "suppress", reason=reason)
        return bool(added)

    def lift(self, who: str | audience.Subscriber, *, reason: str) -> audience.SuppressionReason:
        """Lift the suppression of an address. Return the reason that it had.

        Raises NotFound if it has none, Refused after a complaint or an erasure, and InvalidInput.
        """
        reason = _clean_reason(reason, is_required=True)
        address = who if isinstance(who, str) else who.address
        with self._begin(Role.ADMIN, "lift") as (tx, by):
            membership.find_shown(tx, who)
            before = tx.readers.suppression_reason(address)
            if before is None:
                raise NotFound(say("{address} is not suppressed", address=address))
            if before.only_theirs:
                only = (
                    "{address} is suppressed as {reason}: only the person can come back, by the"
                    " page to subscribe"
                )
                raise Refused(say(only, address=address, reason=say(before.value)))
            tx.readers.lift(address, by_staff=True)
            _enter(tx, by, "lift", before=say(before.value), reason=reason)
        return before

    def data_of(self, who: str | audience.Subscriber) -> Mapping[str, object]:
        """Return all stored data about a person as JSON values. Raises NotFound."""
        with self._begin(Role.ADMIN, "data") as (tx, by):
            export = tx.data_exports.collect(_find(tx, who).id)
            _enter(tx, by, "data")
        return export

    def export(
        self,
        find: Callable[[Transaction], tuple[_People, Iterable[audience.SuppressedEntry]]],
        filters: Sequence[str] = (),
        *,
        bom: bool,
    ) -> Iterable[bytes]:
        """Return a CSV file of the people and suppressions that ``find`` returns.

        The audit log has their number before the file leaves. ``filters`` may contain no address.
        """
        from newsletter.subscriber_files.csv_files import as_csv  # only an export needs them
        from newsletter.subscriber_files.subscriber_file import Spool

        file = TemporaryFile()  # noqa: SIM115 - the spool closes it
        pieces, numbers = Spool[bytes](file, before=[codecs.BOM_UTF8] if bom else []), count()
        # one transaction to the end, so that the file is one moment's state
        with self.store.read() as tx:
            people, suppressions = find(tx)
            counted = (one for one, _ in zip(people, numbers, strict=False))
            for text in as_csv(counted, suppressions):
                pieces.add(text.encode())
        with self._begin(Role.ADMIN, "export") as (tx, by):
            readers = next(numbers)
            tx.audit.enter(by, "export", "subscribers", readers=readers, filters=filters or None)
        return pieces

    def unsubscribe(self, who: str | audience.Subscriber, lists: Sequence[str]) -> tuple[str, ...]:
        """End a person's subscriptions to these lists. Return the lists that they were on.

        Raises NotFound for an unknown address or list.
        """
        with self._begin(Role.SENDER, "unsubscribe") as (tx, by):
            for name in lists:
                membership.require_list(tx, name, self.declared)
            left = tuple(sorted(tx.choices.leave(_find(tx, who).id, lists, tx.now)))
            if left:
                _enter(tx, by, "unsubscribe", lists=left)
        return left

    def change_address(self, who: str | audience.Subscriber, new: str) -> audience.Subscriber:
        """Change a subscriber's address. Return the subscriber.

        Raises NotFound for an unknown address, and Refused if the new one is suppressed, or is or
        was another subscriber's.
        """
        with self._begin(Role.ADMIN, "change address") as (tx, by):
            person = _find(tx, who)
            old, reason = person.address, tx.readers.suppression_reason(new)
            if reason is not None and fold(old) != fold(new):
                stays = "{new} is suppressed ({reason}), and nothing may be sent to it; {old} stays"
                raise Refused(say(stays, new=new, reason=say(reason.value), old=old))
            if (tx.readers.find_former_owner(new) or person).id != person.id:
                raise Refused(say("{address} was a subscriber's before", address=new))
            membership.move(tx, person, new)
            _enter(tx, by, "change address")
            return _find(tx, new)

    def _begin(self, role: Role, action: str) -> AbstractContextManager[tuple[Transaction, str]]:
        return act_as(self.store, self.actor, role, action)


def forget(
    who: str | audience.Subscriber,
    *,
    by: str,
    block_unknown: bool = False,
    is_uploaded: Callable[[str], bool] = lambda _: False,
    store: Store,
) -> bool:
    """Erase a person, named by an address or as a page showed them. Return whether they subscribed.

    ``by`` is an admin, the operator or the reader. ``is_uploaded`` returns whether an uploaded file
    names an address. Raises Refused for anybody else, for an address that a person left for
    another, and for one without data unless ``block_unknown``: a slip would block another person.
    Raises Outdated if the address is not that of the shown person any more.
    """
    now, address = store.clock.now(), who if isinstance(who, str) else who.address
    with store.read() as tx:  # the slow search for texts that quote the address blocks no writer
        traces = tx.traces.find(address)
        is_known = bool(traces) or tx.readers.has_data_of(address)
    may_block = is_known or block_unknown or is_uploaded(address)
    with store.begin() as tx:
        if by != READER_NAME:
            require_role(tx, by, Role.ADMIN, "forget")
        membership.find_shown(tx, who)
        if owner := tx.readers.find_former_owner(address):
            moved = "{address} was a subscriber's before, who has {new} now; erase that person"
            raise Refused(say(moved, address=address, new=owner.address))
        if not (may_block or tx.readers.has_data_of(address)):
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


def _enter(tx: Transaction, by: str, action: str, **values: object) -> None:
    """Log an act. The audit log must not contain a subscriber's address."""
    tx.audit.enter(by, action, "subscriber", **values)


def _decide(tx: Transaction, person: audience.Subscriber, name: str, *, admits: bool) -> None:
    if admits:
        tx.choices.confirm_request(person.id, name, tx.now)
        # a person who was on the list before gets no welcome email
        if sum(one.list == name and one.given for one in tx.consents.list_for(person.id)) == 1:
            membership.welcome(tx, person.id, [name])
    else:
        tx.choices.leave(person.id, [name], tx.now)
    tx.emails.inform(
        person.address, "", tx.now, EmailKind.DECISION, lists=(name,), language=person.language
    )


def _clean_reason(reason: str, *, is_required: bool = False) -> str:
    """Return a reason on one line. Raises InvalidInput if it is too long or has an address."""
    line = " ".join(reason.split())
    if len(line) > MAX_REASON_CHARS or "@" in line or (is_required and not line):
        rule = "Say why, in at most {most} characters and without the address"
        raise InvalidInput.at("the reason", say(rule, most=MAX_REASON_CHARS))
    return line


def _find(tx: Transaction, who: str | audience.Subscriber) -> audience.Subscriber:
    person = membership.find_shown(tx, who)
    if person is None:
        raise NotFound(say("{address} is not a subscriber", address=who))
    return person
