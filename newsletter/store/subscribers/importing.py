"""What a file says of people and of suppressed addresses, brought into the tables all at once."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    case,
    func,
    literal,
    null,
    or_,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects.sqlite import Insert, insert

from newsletter.domain.subscribers.audience import SuppressedEntry, SuppressionReason
from newsletter.domain.subscribers.lists import SubscriptionState
from newsletter.store.schema import import_tables, tables
from newsletter.store.schema.columns import to_ms
from newsletter.store.subscribers import staged

_CHUNK = 5_000
_suppression = tables.suppression.c
_entry = staged.suppression.c


class Suppressing:
    """Suppressions of one origin. A reason stays, unless one comes that replaces it.

    ``import_id`` is the number of the import that brings them, if one does.
    """

    def __init__(
        self, connection: Connection, at: datetime, origin: str, import_id: int | None = None
    ) -> None:
        self._connection = connection
        self._at = to_ms(at)
        self._origin = origin
        self._import_id = import_id

    def add(self, entries: Iterable[SuppressedEntry], hash_address: Callable[[str], bytes]) -> int:
        """Suppress addresses; returns how many were not suppressed before."""
        added = 0
        waiting = iter(entries)
        while chunk := list(islice(waiting, _CHUNK)):
            rows = [
                {
                    "address_hash": hash_address(entry.address),
                    "address": entry.address,
                    "reason": entry.reason.value,
                    "origin": self._origin,
                    "at": self._at,
                }
                for entry in chunk
            ]
            added += self._connection.execute(_absent(), rows).rowcount
            for reason in SuppressionReason:
                hashes = [row["address_hash"] for row in rows if row["reason"] == reason.value]
                if hashes:
                    self._replace_lighter(reason, hashes)
        return added

    def bring_in(self) -> None:
        """Suppress whoever lies ready."""
        entries = select(
            _entry.address_hash,
            _entry.address,
            _entry.reason,
            literal(self._origin),
            literal(self._at),
            _literal(self._import_id),
        ).order_by(_entry.no)
        columns = ["address_hash", "address", "reason", "origin", "at", "import_id"]
        self._connection.execute(_absent().from_select(columns, entries))
        for reason in SuppressionReason:
            these = select(_entry.address_hash).where(_entry.reason == reason.value)
            self._replace_lighter(reason, these)

    def _replace_lighter(
        self, reason: SuppressionReason, hashes: Sequence[Any] | Select[Any]
    ) -> None:
        lighter = [each.value for each in reason.replaces]
        if lighter:
            self._connection.execute(
                update(tables.suppression)
                .where(_suppression.address_hash.in_(hashes), _suppression.reason.in_(lighter))
                .values(reason=reason.value, origin=self._origin, import_id=self._import_id)
            )


def weigh_suppressions(connection: Connection) -> int:
    """How many of those who lie ready are not suppressed yet."""
    known = select(_suppression.reason).where(_suppression.address_hash == _entry.address_hash)
    fresh = select(_entry.address_hash).where(~known.exists()).distinct()
    return connection.scalar(select(func.count()).select_from(fresh.subquery())) or 0


def _literal(import_id: int | None) -> ColumnElement[Any]:
    return null() if import_id is None else literal(import_id)


def _absent() -> Insert:
    return insert(tables.suppression).on_conflict_do_nothing()


_subscriber = tables.subscriber.c
_subscription = tables.subscription.c
_person = staged.person.c
_number = staged.number.c
_named = staged.subscription.c
_staged_list = staged.mailing_list.c
# What an entry leaves open stays as it is known.
_KEPT = ("name", "language", "timezone", "place")
_AS_GIVEN = ("address", "address_hash", *_KEPT, "consent", "paused_until")
_NO_CONSENT = "{}"


def note_known(connection: Connection) -> None:
    """Note the numbers of those who are subscribers, and were not noted yet."""
    connection.execute(
        insert(staged.number).from_select(
            ["person_no", "subscriber_id"],
            select(_person.no, _subscriber.id)
            .join_from(
                staged.person, tables.subscriber, _subscriber.address_hash == _person.address_hash
            )
            .where(staged.accepted(), _unknown()),
        )
    )


def weigh(connection: Connection) -> tuple[int, int]:
    """How many of those who lie ready are new, and how many known, counting each entry."""
    entries = connection.scalar(select(func.count(_person.no)).where(staged.accepted())) or 0
    # a file may name somebody twice, who is new once
    fresh = select(_person.address_hash).where(staged.accepted(), _unknown()).distinct()
    new = connection.scalar(select(func.count()).select_from(fresh.subquery())) or 0
    return new, entries - new


def count_changed(connection: Connection) -> int:
    """How many of those known say something else than what is kept of them."""
    tag, kept = staged.tag.c, tables.tag.c
    described = _kept_rows(_number.subscriber_id).where(_differs())
    tagged = (
        select(_number.subscriber_id)
        .join_from(staged.tag, staged.number, _number.person_no == tag.person_no)
        .where(
            ~select(kept.name)
            .where(kept.name == tag.name, kept.subscriber_id == _number.subscriber_id)
            .exists()
        )
    )
    both = described.union(tagged).subquery()
    return connection.scalar(select(func.count()).select_from(both)) or 0


_JOINED = text("""
SELECT staged_list.name, count(*)
FROM staged_subscription AS named
JOIN staged_list ON staged_list.no = named.list_no
LEFT JOIN staged_number AS number ON number.person_no = named.person_no
LEFT JOIN list ON list.name = staged_list.name
WHERE named.state = 'confirmed'
  AND NOT EXISTS (
    SELECT 1 FROM staged_away AS away
    WHERE away.person_no = named.person_no AND away.why <> 'left'
  )
  AND NOT EXISTS (
    SELECT 1 FROM subscription
    WHERE subscription.list_id = list.id
      AND subscription.subscriber_id = number.subscriber_id
  )
GROUP BY staged_list.no
ORDER BY staged_list.name
""")


def count_joined(connection: Connection) -> dict[str, int]:
    """List → how many of those who lie ready would join it."""
    return {row[0]: row[1] for row in connection.execute(_JOINED)}


def count_ended(connection: Connection) -> int:
    """How many subscriptions that stand end, as the file says that their people left."""
    return connection.scalar(select(func.count()).select_from(_ending().subquery())) or 0


def bring_in(connection: Connection, at: datetime, import_id: int | None = None) -> None:
    """Add or update these people, their subscriptions and their tags.

    ``import_id`` is the number of the import that brings them, if one does.
    """
    by = _literal(import_id)
    if import_id is not None:
        _note_changes(connection, by)
    connection.execute(_subscribers(at, by))
    note_known(connection)
    _number_lists(connection, by)
    # Whoever left a list stays away from it, whatever a file says.
    _end(connection, at, by)
    _add_absent(connection, tables.subscription, _subscriptions(at, by))
    _add_absent(connection, tables.tag, _tags(by))


def _unknown() -> ColumnElement[bool]:
    return ~select(_number.subscriber_id).where(_number.person_no == _person.no).exists()


def _updated(given: Any) -> dict[str, ColumnElement[Any]]:
    """Column → what it holds once ``given`` is brought in for a person who is known."""
    updated: dict[str, ColumnElement[Any]] = {
        name: func.coalesce(func.nullif(given[name], ""), _subscriber[name]) for name in _KEPT
    }
    # consent is proof: the first that is known stays
    updated["consent"] = func.coalesce(func.nullif(_subscriber.consent, _NO_CONSENT), given.consent)
    updated["paused_until"] = _later(given.paused_until, _subscriber.paused_until)
    return updated


def _kept_rows(*columns: ColumnElement[Any]) -> Select[Any]:
    """Of those who lie ready and are known, what is kept of them."""
    return (
        select(*columns)
        .join_from(staged.number, staged.person, _person.no == _number.person_no)
        .join(tables.subscriber, _subscriber.id == _number.subscriber_id)
    )


def _differs() -> ColumnElement[bool]:
    return or_(
        *(value.is_distinct_from(_subscriber[name]) for name, value in _updated(_person).items())
    )


def _note_changes(connection: Connection, by: ColumnElement[Any]) -> None:
    """Keep what stands before it is changed, for whoever undoes the import."""
    before = import_tables.import_change.c
    names = [column.name for column in before if column.name != before.import_id.name]
    kept = [_subscriber.id, *(_subscriber[name] for name in names[1:])]
    rows = _kept_rows(by, *kept).where(_differs()).order_by(_subscriber.id)
    connection.execute(
        insert(import_tables.import_change)
        .from_select([before.import_id.name, *names], rows)
        .on_conflict_do_nothing()
    )


def _subscribers(at: datetime, by: ColumnElement[Any]) -> Insert:
    adding = insert(tables.subscriber)
    given = adding.excluded
    updated = _updated(given)
    updated["last_import"] = func.coalesce(given.last_import, _subscriber.last_import)
    people = (
        select(*(_person[name] for name in _AS_GIVEN), literal(to_ms(at)), by, by)
        .where(staged.accepted())
        .order_by(_person.no)
    )
    columns = [*_AS_GIVEN, "added_at", "import_id", "last_import"]
    return adding.from_select(columns, people).on_conflict_do_update(
        index_elements=["address_hash"], set_=updated
    )


def _number_lists(connection: Connection, by: ColumnElement[Any]) -> None:
    """Give each list its id; one not seen before becomes a list if anybody here is in it."""
    asked_for = (
        select(_named.person_no)
        .join_from(staged.subscription, staged.number, _number.person_no == _named.person_no)
        .where(_named.list_no == _staged_list.no)
        .exists()
    )
    names = (
        select(_staged_list.name, by.label("import_id")).where(asked_for).order_by(_staged_list.no)
    )
    _add_absent(connection, tables.mailing_list, names)
    list_ = tables.mailing_list.c
    found = select(list_.id).where(list_.name == _staged_list.name).scalar_subquery()
    connection.execute(update(staged.mailing_list).values(list_id=found))


def _ending() -> Select[Any]:
    """The subscriptions that stand and end, also of those who are suppressed here."""
    return (
        select(_subscription.list_id, _subscription.subscriber_id)
        .join_from(staged.subscription, staged.mailing_list, _staged_list.no == _named.list_no)
        .join(staged.person, _person.no == _named.person_no)
        .join(tables.subscriber, _subscriber.address_hash == _person.address_hash)
        .join(tables.mailing_list, tables.mailing_list.c.name == _staged_list.name)
        .join(
            tables.subscription,
            (_subscription.list_id == tables.mailing_list.c.id)
            & (_subscription.subscriber_id == _subscriber.id),
        )
        .where(
            _named.state == SubscriptionState.ENDED.value,
            _subscription.state != SubscriptionState.ENDED.value,
        )
    )


def _end(connection: Connection, at: datetime, by: ColumnElement[Any]) -> None:
    values = {"state": SubscriptionState.ENDED.value, "changed_at": to_ms(at), "import_id": by}
    theirs = tuple_(_subscription.list_id, _subscription.subscriber_id).in_(_ending())
    connection.execute(update(tables.subscription).where(theirs).values(values))


def _subscriptions(at: datetime, by: ColumnElement[Any]) -> Select[Any]:
    return (
        select(
            _staged_list.list_id,
            _number.subscriber_id,
            _named.state,
            literal(to_ms(at)).label("changed_at"),
            by.label("import_id"),
        )
        .join_from(staged.subscription, staged.mailing_list, _staged_list.no == _named.list_no)
        .join(staged.number, _number.person_no == _named.person_no)
        .order_by(_named.list_no, _named.person_no, _named.state)
    )


def _tags(by: ColumnElement[Any]) -> Select[Any]:
    tag = staged.tag.c
    return (
        select(tag.name, _number.subscriber_id, by.label("import_id"))
        .join_from(staged.tag, staged.number, _number.person_no == tag.person_no)
        .order_by(tag.name, tag.person_no)
    )


def _add_absent(connection: Connection, table: Any, rows: Select[Any]) -> None:
    names = [column.name for column in rows.selected_columns]
    connection.execute(insert(table).from_select(names, rows).on_conflict_do_nothing())


def _later(one: ColumnElement[int], other: ColumnElement[int]) -> ColumnElement[int]:
    # a file that names no pause ends none: NULL is never greater
    return case((one > func.coalesce(other, one - 1), one), else_=other)
