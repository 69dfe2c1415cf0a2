"""The people of a file, staged without a lock and then imported by one transaction.

They are in temporary tables of one connection: filling those locks nothing that others see. SQLite
keeps them in a file without a name, which is deleted with the connection.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from itertools import count
from typing import Generic, TypeVar

from newsletter.domain.subscribers.audience import (
    EXAMPLES,
    Away,
    Brought,
    Entry,
    SuppressedEntry,
    SuppressionReason,
)
from newsletter.domain.subscribers.lists import SubscriptionState
from newsletter.store.database import Database
from newsletter.store.subscribers import importing
from newsletter.store.subscribers.choices import consent_of

_TABLES = {
    "staged_person": """
        no INTEGER PRIMARY KEY, address_hash BLOB NOT NULL, address TEXT NOT NULL,
        name TEXT NOT NULL, language TEXT NOT NULL, timezone TEXT NOT NULL,
        consent TEXT NOT NULL, place TEXT NOT NULL, paused_until INTEGER,
        -- the place in the file
        stands_at TEXT NOT NULL) STRICT
    """,
    "staged_list": """
        no INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,
        -- NULL until the import
        list_id INTEGER) STRICT
    """,
    # in the order of the keys of the real tables, so that those grow only at their ends
    "staged_subscription": """
        list_no INTEGER NOT NULL, person_no INTEGER NOT NULL, state TEXT NOT NULL,
        PRIMARY KEY (list_no, person_no, state)) STRICT, WITHOUT ROWID
    """,
    "staged_tag": """
        name TEXT NOT NULL, person_no INTEGER NOT NULL,
        PRIMARY KEY (name, person_no)) STRICT, WITHOUT ROWID
    """,
    "staged_suppression": """
        no INTEGER PRIMARY KEY, address_hash BLOB NOT NULL, address TEXT NOT NULL,
        reason TEXT NOT NULL) STRICT
    """,
    # people who are not imported: the reason of their suppression, or that they left
    "staged_away": "person_no INTEGER PRIMARY KEY, why TEXT NOT NULL) STRICT",
    # people who are subscribers already
    "staged_number": "person_no INTEGER PRIMARY KEY, subscriber_id INTEGER NOT NULL) STRICT",
}
"""Name → columns."""

T = TypeVar("T")
"""A transaction of the store."""


class Staged:
    """Stages rows. ``hash_address`` gives the keyed hash of an address in its folded form."""

    def __init__(self, db: Database, hash_address: Callable[[str], bytes]) -> None:
        self._db = db
        self._hash = hash_address
        self._people = count(1)
        self._suppressions = count(1)
        self._lists: dict[str, int] = {}

    def add(self, people: Sequence[tuple[str, Entry]]) -> None:
        """Stage people, each with the place in the file."""
        numbered = [(next(self._people), place, entry) for place, entry in people]
        self._db.each(
            "INSERT INTO staged_person (no, address_hash, address, name, language, timezone,"
            " consent, place, paused_until, stands_at)"
            " VALUES (:no, :address_hash, :address, :name, :language, :timezone,"
            " :consent, :place, :paused_until, :stands_at)",
            (
                {
                    "no": no,
                    "address_hash": self._hash(entry.address),
                    "address": entry.address,
                    "name": entry.name,
                    "language": entry.language,
                    "timezone": entry.timezone,
                    "consent": consent_of(entry.consent),
                    "place": entry.place,
                    "paused_until": entry.paused_until,
                    "stands_at": place,
                }
                for no, place, entry in numbered
            ),
        )
        self._db.each(
            "INSERT INTO staged_list (no, name) VALUES (:no, :name)",
            (
                # the condition below is evaluated first, so that each new name makes one row
                {"no": self._lists.setdefault(name, len(self._lists) + 1), "name": name}
                for _, _, entry in numbered
                for name in (*entry.lists, *entry.left)
                if name not in self._lists
            ),
        )
        self._db.each(
            "INSERT INTO staged_subscription (list_no, person_no, state)"
            " VALUES (:list_no, :person_no, :state) ON CONFLICT DO NOTHING",
            (
                {"list_no": self._lists[name], "person_no": no, "state": state}
                for no, _, entry in numbered
                for state, names in (
                    (SubscriptionState.CONFIRMED, entry.lists),
                    (SubscriptionState.ENDED, entry.left),
                )
                for name in names
            ),
        )
        self._db.each(
            "INSERT INTO staged_tag (name, person_no) VALUES (:name, :no) ON CONFLICT DO NOTHING",
            ({"name": name, "no": no} for no, _, entry in numbered for name in entry.tags),
        )

    def suppress(self, entries: Sequence[SuppressedEntry]) -> None:
        """Stage addresses to suppress."""
        self._db.each(
            "INSERT INTO staged_suppression (no, address_hash, address, reason)"
            " VALUES (:no, :address_hash, :address, :reason)",
            (
                {
                    "no": next(self._suppressions),
                    "address_hash": self._hash(entry.address),
                    "address": entry.address,
                    "reason": entry.reason,
                }
                for entry in entries
            ),
        )


@contextmanager
def staged(db: Database, hash_address: Callable[[str], bytes]) -> Iterator[Staged]:
    """Yield room for rows within a transaction. It is empty before and after."""
    prepare(db)
    _empty(db, *_TABLES)  # of what failed in this transaction
    yield Staged(db, hash_address)
    _empty(db, *_TABLES)


def prepare(db: Database) -> None:
    """Create the tables, unless the connection has them."""
    for name, columns in _TABLES.items():
        db.change(f"CREATE TEMPORARY TABLE IF NOT EXISTS {name} ({columns}")


def _empty(db: Database, *tables: str) -> None:
    for table in tables:
        db.change(f"DELETE FROM {table}")


class Staging(Generic[T]):
    """The staged people of one file, on a connection of their own.

    ``reading`` opens a transaction that takes no lock, ``writing`` the only one that writes.
    """

    def __init__(
        self,
        db: Database,
        hash_address: Callable[[str], bytes],
        *,
        reading: Callable[[], AbstractContextManager[object]],
        writing: Callable[[], AbstractContextManager[T]],
    ) -> None:
        self._db = db
        self._reading = reading
        self._writing = writing
        self._staged = Staged(db, hash_address)
        with reading():
            prepare(db)

    def add(self, people: Sequence[tuple[str, Entry]]) -> None:
        """Stage people, each with the place in the file."""
        with self._reading():
            self._staged.add(people)

    def suppress(self, entries: Sequence[SuppressedEntry]) -> None:
        """Stage addresses to suppress."""
        with self._reading():
            self._staged.suppress(entries)

    def rehearse(self) -> Brought:
        """Return what the import would change. Only reads."""
        self._sort()
        with self._reading():
            return self._weigh()

    @contextmanager
    def begin(self) -> Iterator[tuple[T, Brought]]:
        """Open the transaction of the import; yield it and what will change.

        It commits at the end of the block. People who are suppressed at that moment stay out.
        """
        self._sort()
        with self._writing() as tx:
            yield tx, self._weigh()

    def bring_in(self, at: datetime, import_id: int, origin: str) -> None:
        """Import everybody under this number, within the block of ``begin``.

        The rules are those of ``Readers.upsert`` and ``Readers.suppress``.
        """
        importing.bring_in(self._db, at, import_id)
        importing.bring_in_suppressions(self._db, at, import_id, origin)

    def lists(self) -> list[str]:
        """Return the lists that staged people are on or have left."""
        with self._reading():
            return self._db.column("SELECT name FROM staged_list")

    def _sort(self) -> None:
        """Index people and suppressions by hash."""
        with self._reading():
            for table in ("staged_person", "staged_suppression"):
                self._db.change(
                    f"CREATE INDEX IF NOT EXISTS {table}_hash ON {table} (address_hash)"
                )

    def _weigh(self) -> Brought:
        _empty(self._db, "staged_away", "staged_number")  # of a rehearsal
        self._db.change(
            "INSERT INTO staged_away (person_no, why)"
            " SELECT person.no, suppression.reason FROM staged_person AS person"
            " JOIN suppression ON suppression.address_hash = person.address_hash"
        )
        importing.note_known(self._db)
        self._note_left()
        new, known = importing.weigh(self._db)
        reasons = self._db.column(  # in the order of the file
            "SELECT why FROM staged_away WHERE why <> :left GROUP BY why ORDER BY MIN(person_no)",
            left=importing.LEFT,
        )
        return Brought(
            new=new,
            known=known,
            suppressed=importing.weigh_suppressions(self._db),
            refused={SuppressionReason(reason): self._away(reason) for reason in reasons},
            left=self._away(importing.LEFT),
            changed=importing.count_changed(self._db),
            joined=importing.count_joined(self._db),
            ended=importing.count_ended(self._db),
        )

    def _note_left(self) -> None:
        """Note the known people who have left a list that the file names."""
        self._db.change(
            """
            INSERT INTO staged_away (person_no, why)
            SELECT DISTINCT named.person_no, :left
            FROM staged_subscription AS named
            JOIN staged_list ON staged_list.no = named.list_no
            JOIN list ON list.name = staged_list.name
            JOIN staged_number AS known ON known.person_no = named.person_no
            JOIN subscription ON subscription.list_id = list.id
                AND subscription.subscriber_id = known.subscriber_id
            WHERE named.state = 'confirmed' AND subscription.state = 'ended'
            """,
            left=importing.LEFT,
        )

    def _away(self, why: str) -> Away:
        first = self._db.rows(
            "SELECT person.stands_at, person.address FROM staged_away AS away"
            " JOIN staged_person AS person ON person.no = away.person_no"
            " WHERE away.why = :why ORDER BY away.person_no LIMIT :most",
            why=why,
            most=EXAMPLES,
        )
        people = self._db.value("SELECT COUNT(*) FROM staged_away WHERE why = :why", why=why)
        return Away(people=people, first=tuple(first))
