"""Subscribers, their subscriptions, and suppressions, which outrank everything."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Row,
    ScalarSelect,
    Select,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)

from newsletter.domain.delivery.state import BatchState
from newsletter.domain.subscribers.audience import (
    Entry,
    Subscriber,
    SuppressedEntry,
    SuppressionReason,
)
from newsletter.domain.subscribers.lists import SubscriptionState
from newsletter.domain.subscribers.segment import Segment
from newsletter.store.repository import AddressRepository
from newsletter.store.schema import asking, tables
from newsletter.store.schema.columns import maybe_from_ms, to_ms
from newsletter.store.schema.json_sql import each_id
from newsletter.store.subscribers import choices as joining
from newsletter.store.subscribers import importing
from newsletter.store.subscribers.data_export import erase, erase_emails, note_erasure
from newsletter.store.subscribers.eligibility import (
    aimed,
    eligible,
    on_lists,
    why_left_out,
    why_not,
)
from newsletter.store.subscribers.eligibility_core import list_ids, subscribed
from newsletter.store.subscribers.staging import staged

_CHUNK = 5_000
_subscriber = tables.subscriber.c
_subscription = tables.subscription.c
_suppression = tables.suppression.c


class Readers(AddressRepository):
    """Subscribers, their subscriptions, and suppressions, which outrank everything.

    ``hash_address`` gives the keyed hash of an address in its folded form.
    """

    def upsert(self, entries: Iterable[Entry], at: datetime) -> tuple[int, int]:
        """Add or update subscribers; returns (new, known).

        Never re-subscribes: a subscription that ended stays ended, and one that an entry says was
        left elsewhere begins as ended, where none is known. What an entry leaves open stays as it
        is; its tags are added and none is taken away; of two pauses the longer one stands; consent
        that is known stays.
        """
        with staged(self._db, self._hash) as waiting:
            coming = iter(entries)
            while chunk := list(islice(coming, _CHUNK)):
                waiting.add([("", entry) for entry in chunk])
            importing.note_known(self._db)
            weighed = importing.weigh(self._db)
            importing.bring_in(self._db, at)
        return weighed

    def join(self, entry: Entry, at: datetime) -> int:
        """Write down whoever confirmed that they want these lists; returns the subscriber's id.

        Whoever left or paused comes back: only they themselves can say so, and they did. What the
        entry leaves open stays; its consent stands in place of an older one.
        """
        self.upsert([entry], at)
        return joining.come_back(self._connection, self._hash(entry.address), entry, at)

    def lift(self, address: str) -> SuppressionReason | None:
        """End a suppression, as its person asks; returns its reason.

        None where there is none to end: what staff entered only staff can take back.
        """
        return joining.lift(self._connection, self._hash(address))

    def release(self, address: str) -> None:
        """End a suppression, whatever its reason, as staff decide."""
        self._connection.execute(
            delete(tables.suppression).where(_suppression.address_hash == self._hash(address))
        )

    def move(self, subscriber_id: int, address: str) -> bool:
        """Give a subscriber another address; False where it is somebody else's, or nobody's id."""
        return joining.move(self._connection, subscriber_id, address, self._hash(address))

    def clear_left_addresses(self) -> int:
        """Forget addresses that were left, once no attempt that may have gone there is unknown.

        Their hashes stay. Returns how many were forgotten.
        """
        left, batch = tables.address_history.c, tables.batch.c
        open_ = batch.state.in_([BatchState.CLAIMED.value, BatchState.UNKNOWN.value])
        needed = exists().where(open_, batch.last_change < left.number)
        return self._connection.execute(
            update(tables.address_history)
            .where(left.address.is_not(None), ~needed)
            .values(address=None)
        ).rowcount

    def suppress(self, entries: Iterable[SuppressedEntry], at: datetime, origin: str) -> int:
        """Suppress addresses; returns how many were not suppressed before.

        A reason stays, unless one comes that replaces it.
        """
        return importing.suppress(self._db, entries, self._hash, at, origin)

    def end_subscriptions(
        self, subscriber_id: int, lists: Sequence[str], at: datetime, campaign_id: int
    ) -> int:
        """End the subscriptions to these lists, as a campaign's link asks; returns how many."""
        return self._connection.execute(
            update(tables.subscription)
            .where(
                _subscription.subscriber_id == subscriber_id,
                _subscription.state != SubscriptionState.ENDED.value,
                list_ids(lists),
            )
            .values(
                state=SubscriptionState.ENDED.value,
                changed_at=to_ms(at),
                ended_by=campaign_id,
            )
        ).rowcount

    def left_through(self, campaign_id: int) -> int:
        """How many people left by a link of this campaign."""
        people = select(func.count(_subscription.subscriber_id.distinct())).where(
            _subscription.ended_by == campaign_id
        )
        return self._number(people)

    def get(self, subscriber_id: int) -> Subscriber | None:
        return self._one(_people().where(_subscriber.id == subscriber_id))

    def find(self, address: str) -> Subscriber | None:
        return self._one(_people().where(_subscriber.address_hash == self._hash(address)))

    def names(self, subscriber_ids: Sequence[int]) -> dict[int, str]:
        """Subscriber id → name, of those who have one. What was damaged holds U+FFFD."""
        member = each_id(json.dumps(list(subscriber_ids)))
        rows = self._connection.execute(
            # as hexadecimal digits: what was damaged may be no text any more
            select(_subscriber.id, func.hex(_subscriber.name))
            .join_from(member, _table, _subscriber.id == member.c.value)
            .where(_subscriber.name != "")
        )
        return {number: bytes.fromhex(name).decode(errors="replace") for number, name in rows}

    def _one(self, query: Select[Any]) -> Subscriber | None:
        row = self._connection.execute(query).one_or_none()
        return None if row is None else _person(row)

    def all(self, list_name: str = "") -> Iterator[tuple[Subscriber, str]]:
        """Every subscriber, or whoever is in a list or left it, with the consent as JSON, by id."""
        query = _people().order_by(_subscriber.id)
        if list_name:
            query = query.where(_subscriber.id.in_(_ever_in(list_name)))
        for row in self._connection.execute(query).yield_per(_CHUNK):
            yield _person(row), row.consent

    def some(self, *, list_name: str, query: str, most: int | None) -> list[Subscriber]:
        """The newest so many of a list, or of all, whose address or name holds the query."""
        chosen = _people().where(*_sought(list_name, query)).order_by(_subscriber.id.desc())
        return [_person(row) for row in self._connection.execute(chosen.limit(most))]

    def count(self, *, list_name: str, query: str) -> int:
        """How many those are in all."""
        chosen = select(func.count()).select_from(_table).where(*_sought(list_name, query))
        return self._number(chosen)

    def suppressions(self, *, strangers: bool = False) -> Iterator[SuppressedEntry]:
        """Suppressed addresses that are known; of ``strangers`` alone those of no subscriber."""
        query = (
            select(_suppression.address, _suppression.reason)
            .where(_suppression.address.is_not(None))
            .order_by(_suppression.at, _suppression.address)
        )
        if strangers:
            query = query.where(
                ~exists().where(_subscriber.address_hash == _suppression.address_hash)
            )
        for address, reason in self._connection.execute(query).yield_per(_CHUNK):
            yield SuppressedEntry(address=address, reason=SuppressionReason(reason))

    def erased(self) -> int:
        """How many suppressions have no address any more, as the person was erased."""
        nameless = select(func.count()).where(_suppression.address.is_(None))
        return self._number(nameless)

    def forget(self, address: str, at: datetime) -> bool:
        """Erase a person, keeping only the keyed hash that blocks the address.

        What was told of somebody else and quotes the address is found by ``Traces``.
        """
        found = self.find(address)
        entry = SuppressedEntry(address=address, reason=SuppressionReason.ERASED)
        self.suppress([entry], at, "forget")
        self._connection.execute(
            update(tables.suppression)
            .where(_suppression.address_hash == self._hash(address))
            .values(address=None)
        )
        erase_emails(self._connection, self._hash(address))
        note_erasure(self._connection)
        if found is not None:
            erase(self._connection, found.id)
        return found is not None

    def keeps(self, address: str) -> bool:
        """Whether anything is kept of an address: a subscriber, a suppression, or an email."""
        hashed = self._hash(address)
        email = asking.transactional_email.c
        return bool(
            self._connection.scalar(
                select(
                    or_(
                        exists().where(_subscriber.address_hash == hashed),
                        exists().where(_suppression.address_hash == hashed),
                        exists().where(email.address_hash == hashed),
                    )
                )
            )
        )

    def since(self, subscriber_id: int) -> datetime | None:
        """When the person was written down."""
        return maybe_from_ms(
            self._connection.scalar(
                select(_subscriber.added_at).where(_subscriber.id == subscriber_id)
            )
        )

    def suppressed(self, address: str) -> SuppressionReason | None:
        reason = self._connection.scalar(
            select(_suppression.reason).where(_suppression.address_hash == self._hash(address))
        )
        return None if reason is None else SuppressionReason(reason)

    def lists(self) -> dict[str, int]:
        """List → number of confirmed, unsuppressed subscribers."""
        name = tables.mailing_list.c.name
        names = self._connection.scalars(select(name).order_by(name)).all()
        return {list_: self._confirmed([list_], away=_suppressed_ones()) for list_ in names}

    def audience(self, lists: Sequence[str], segment: Segment | None = None) -> int:
        """How many would get a campaign to these lists now, or of them to a segment."""
        if segment is None:
            return self._confirmed(lists, away=_suppressed_ones().union(_paused_ones()))
        who = aimed(lists, segment)
        return int(self._db.value(f"SELECT COUNT(*) FROM subscriber WHERE {who}", who))

    def _confirmed(self, lists: Sequence[str], *, away: Select[Any] | CompoundSelect[Any]) -> int:
        """How many are confirmed on one of these lists, without those who are away.

        To count all and take away the few is ten times as fast as to look at each of a million.
        """
        confirmed = (list_ids(lists), _subscription.state == SubscriptionState.CONFIRMED.value)
        people = _subscription.subscriber_id
        # nobody is on one list twice, and to tell people apart costs more than to count them
        each = func.count() if len(set(lists)) == 1 else func.count(people.distinct())
        all_of_them = select(each).select_from(tables.subscription).where(*confirmed)
        gone = away.subquery()
        not_there = (
            select(func.count(people.distinct()))
            .select_from(gone)
            .join(tables.subscription, people == gone.c.id)
            .where(*confirmed)
        )
        return self._number(all_of_them) - self._number(not_there)

    def reachable(self, lists: Sequence[str], segment: Segment | None = None) -> Iterator[str]:
        """The addresses of those who would get it, oldest first."""
        who = aimed(lists, segment)
        yield from self._db.scan(
            f"SELECT address FROM subscriber WHERE {who} ORDER BY subscriber.id", who
        )

    def list_names(self) -> list[str]:
        """The names of all lists, in order: nobody is counted."""
        name = tables.mailing_list.c.name
        return list(self._connection.scalars(select(name).order_by(name)))

    def excluded(self, lists: Sequence[str]) -> list[tuple[str, str]]:
        """Return (address, reason) of those on these lists who would not get it."""
        on, who, why = on_lists(lists), eligible(lists), why_not(lists)
        return self._db.rows(
            f"SELECT address, {why} FROM subscriber WHERE subscriber.id IN ("
            f"SELECT subscriber_id FROM subscription WHERE {on}) AND NOT {who}"
            " ORDER BY subscriber.id",
            on,
            who,
            why,
        )

    def left_out(self, lists: Sequence[str]) -> dict[str, int]:
        """Why → how many of those on these lists would not get it, without naming anybody."""
        on, who, why = on_lists(lists), eligible(lists), why_left_out(lists)
        return dict(
            self._db.rows(
                f"""
                SELECT {why} AS why, COUNT(*) FROM subscriber
                -- those who may be left out, found by indexes: not as a join, in which SQLite may
                -- begin with all readers
                WHERE subscriber.id IN (
                    SELECT subscriber_id FROM subscription WHERE {on} AND state <> 'confirmed'
                    UNION SELECT id FROM subscriber
                    WHERE address_hash IN (SELECT address_hash FROM suppression)
                    UNION SELECT id FROM subscriber WHERE paused_until IS NOT NULL)
                AND EXISTS (
                    SELECT 1 FROM subscription
                    WHERE subscription.subscriber_id = subscriber.id AND {on})
                AND NOT {who} GROUP BY why
                """,
                on,
                who,
                why,
            )
        )


_table = tables.subscriber


def _suppressed_ones() -> Select[Any]:
    """Not as a join, in which SQLite may begin with all readers."""
    hashes = select(_suppression.address_hash)
    return select(_subscriber.id).where(_subscriber.address_hash.in_(hashes))


def _paused_ones() -> Select[Any]:
    return select(_subscriber.id).where(_subscriber.paused_until.is_not(None))


def _people() -> Select[Any]:
    reason = (
        select(_suppression.reason)
        .where(_suppression.address_hash == _subscriber.address_hash)
        .scalar_subquery()
    )
    tags = (
        # neither a tag nor the name of a list can hold a semicolon
        select(func.group_concat(tables.tag.c.name, ";"))
        .where(tables.tag.c.subscriber_id == _subscriber.id)
        .scalar_subquery()
    )
    return select(
        _table,
        _names_of_lists(SubscriptionState.CONFIRMED).label("lists"),
        _names_of_lists(SubscriptionState.ENDED).label("left"),
        reason.label("reason"),
        tags.label("tags"),
    )


def _names_of_lists(state: SubscriptionState) -> ScalarSelect[str]:
    return (
        select(func.group_concat(tables.mailing_list.c.name, ";"))
        .join_from(
            tables.subscription,
            tables.mailing_list,
            tables.mailing_list.c.id == _subscription.list_id,
        )
        .where(_subscription.subscriber_id == _subscriber.id, _subscription.state == state.value)
        .scalar_subquery()
    )


def _sought(list_name: str, query: str) -> list[ColumnElement[bool]]:
    """On the list now, and holding the query in address or name, whatever its ASCII letters."""
    found = [subscribed([list_name])] if list_name else []
    if query:
        holds = (_subscriber.address, _subscriber.name)
        found.append(or_(*(holder.icontains(query, autoescape=True) for holder in holds)))
    return found


def _ever_in(list_name: str) -> Select[Any]:
    return select(_subscription.subscriber_id).where(
        list_ids([list_name]), _subscription.state != SubscriptionState.PENDING.value
    )


def _person(row: Row[Any]) -> Subscriber:
    return Subscriber(
        id=row.id,
        address=row.address,
        name=row.name,
        language=row.language,
        timezone=row.timezone,
        lists=_names(row.lists),
        suppressed=SuppressionReason(row.reason) if row.reason else None,
        place=row.place,
        tags=_names(row.tags),
        paused_until=maybe_from_ms(row.paused_until),
        left=_names(row.left),
    )


def _names(joined: str | None) -> tuple[str, ...]:
    return tuple(sorted(joined.split(";"))) if joined else ()
