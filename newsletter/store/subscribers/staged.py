"""Rows beside the tables: what is to be brought into them, in the connection's own database.

SQLite keeps temporary tables in a file of their own that has no name and is gone with the
connection. Filling them locks nothing that anybody else can see.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    MetaData,
    Table,
    UniqueConstraint,
    delete,
    select,
    text,
)
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.schema import CreateTable, SchemaItem

from newsletter.domain.subscribers.audience import Entry, SuppressedEntry
from newsletter.domain.subscribers.lists import SubscriptionState
from newsletter.store.schema.columns import integer, octets, to_ms, words
from newsletter.store.subscribers.choices import consent_of

_metadata = MetaData()


def _table(name: str, *parts: SchemaItem, rowid: bool = True) -> Table:
    return Table(
        f"staged_{name}",
        _metadata,
        *parts,
        prefixes=["TEMPORARY"],
        sqlite_strict=True,
        sqlite_with_rowid=rowid,
    )


person = _table(
    "person",
    integer("no", key=True),
    octets("address_hash"),
    words("address"),
    words("name"),
    words("language"),
    words("timezone"),
    words("consent"),
    words("place"),
    integer("paused_until", nullable=True),
    words("stands_at"),  # in the file
)

mailing_list = _table(
    "list",
    integer("no", key=True),
    words("name"),
    integer("list_id", nullable=True),  # unknown until it is brought in
    UniqueConstraint("name"),
)

# In the order of the keys of the tables proper, so that those grow at their ends alone.
subscription = _table(
    "subscription",
    integer("list_no", key=True),
    integer("person_no", key=True),
    words("state", key=True),
    rowid=False,
)

tag = _table("tag", words("name", key=True), integer("person_no", key=True), rowid=False)

suppression = _table(
    "suppression",
    integer("no", key=True),
    octets("address_hash"),
    words("address"),
    words("reason"),
)

away = _table("away", integer("person_no", key=True), words("why"))
"""Who stays away: with the reason why they are suppressed here, or with ``LEFT``."""

number = _table("number", integer("person_no", key=True), integer("subscriber_id"))
"""Who is a subscriber already."""

LEFT = "left"


class Staged:
    """Lays rows ready. ``hash_address`` gives the keyed hash of an address in its folded form."""

    def __init__(self, connection: Connection, hash_address: Callable[[str], bytes]) -> None:
        self._connection = connection
        self._hash = hash_address
        self._people = count(1)
        self._suppressions = count(1)
        self._lists: dict[str, int] = {}

    def add(self, people: Sequence[tuple[str, Entry]]) -> None:
        """Subscribers, each with the place where they stand in a file."""
        numbered = [(next(self._people), place, entry) for place, entry in people]
        self._insert(person, [self._person(*each) for each in numbered])
        self._insert(
            mailing_list,
            [
                # the condition below is asked first, so that each new name makes one row
                {"no": self._lists.setdefault(name, len(self._lists) + 1), "name": name}
                for _, _, entry in numbered
                for name in (*entry.lists, *entry.left)
                if name not in self._lists
            ],
        )
        self._insert(
            subscription,
            [
                {"list_no": self._lists[name], "person_no": no, "state": state.value}
                for no, _, entry in numbered
                for state, names in (
                    (SubscriptionState.CONFIRMED, entry.lists),
                    (SubscriptionState.ENDED, entry.left),
                )
                for name in names
            ],
        )
        self._insert(
            tag,
            [{"name": name, "person_no": no} for no, _, entry in numbered for name in entry.tags],
        )

    def suppress(self, entries: Sequence[SuppressedEntry]) -> None:
        """Addresses that are never to be sent to."""
        rows = [
            {
                "no": next(self._suppressions),
                "address_hash": self._hash(entry.address),
                "address": entry.address,
                "reason": entry.reason.value,
            }
            for entry in entries
        ]
        self._insert(suppression, rows)

    def _person(self, no: int, place: str, entry: Entry) -> dict[str, Any]:
        return {
            "no": no,
            "address_hash": self._hash(entry.address),
            "address": entry.address,
            "name": entry.name,
            "language": entry.language,
            "timezone": entry.timezone,
            "consent": consent_of(entry.consent),
            "place": entry.place,
            "paused_until": entry.paused_until and to_ms(entry.paused_until),
            "stands_at": place,
        }

    def _insert(self, table: Table, rows: list[dict[str, Any]]) -> None:
        if rows:
            self._connection.execute(insert(table).on_conflict_do_nothing(), rows)


@contextmanager
def staged(connection: Connection, hash_address: Callable[[str], bytes]) -> Iterator[Staged]:
    """Room for rows within a transaction. It is empty before and after; a rollback empties it."""
    prepare(connection)
    empty(connection, *_metadata.tables.values())  # of what failed in this very transaction
    yield Staged(connection, hash_address)
    empty(connection, *_metadata.tables.values())


def prepare(connection: Connection) -> None:
    """Make the tables where the connection has none yet."""
    if connection.scalar(text("SELECT 1 FROM temp.sqlite_master WHERE name = 'staged_person'")):
        return
    # The memory of a process that goes on keeps nobody's name once its rows are deleted.
    connection.exec_driver_sql("PRAGMA temp.secure_delete = ON")
    for table in _metadata.tables.values():
        connection.execute(CreateTable(table))


def empty(connection: Connection, *tables: Table) -> None:
    """Delete all rows of these."""
    for table in tables:
        connection.execute(delete(table))


def sort(connection: Connection) -> None:
    """Sort people and suppressions by hash, for many of them."""
    for table in (person, suppression):
        name = f"{table.name}_hash"
        connection.exec_driver_sql(
            f"CREATE INDEX IF NOT EXISTS temp.{name} ON {table.name} (address_hash)"
        )


def accepted() -> ColumnElement[bool]:
    """A row of ``person`` is of somebody who is not suppressed here."""
    refused = select(away.c.why).where(away.c.person_no == person.c.no, away.c.why != LEFT)
    return ~refused.exists()
