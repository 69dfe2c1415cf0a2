"""The people of a part of a file, staged in temporary tables and then imported by statements."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from newsletter.domain.subscribers.audience import Entry
from newsletter.store.database import Database
from newsletter.store.subscribers.choices import consent_of

_TABLES = {
    "staged_person": """
        no INTEGER PRIMARY KEY, address_hash BLOB NOT NULL UNIQUE, address TEXT NOT NULL,
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
    # people who are not imported: the reason of their suppression, or that they left
    "staged_away": "person_no INTEGER PRIMARY KEY, why TEXT NOT NULL) STRICT",
    # people who are subscribers already
    "staged_number": "person_no INTEGER PRIMARY KEY, subscriber_id INTEGER NOT NULL) STRICT",
}
"""Name → columns."""


@contextmanager
def staged(
    db: Database, hash_address: Callable[[str], bytes], people: Sequence[tuple[str, Entry]]
) -> Iterator[None]:
    """Stage people, each once and with the place in the file, for the length of the block.

    ``hash_address`` gives the keyed hash of an address in its folded form.
    """
    for name, columns in _TABLES.items():
        db.change(f"CREATE TEMPORARY TABLE IF NOT EXISTS {name} ({columns}")
    _add(db, hash_address, people)
    yield
    for table in _TABLES:
        db.change(f"DELETE FROM {table}")


def _add(
    db: Database, hash_address: Callable[[str], bytes], people: Sequence[tuple[str, Entry]]
) -> None:
    numbered = [(no, place, entry) for no, (place, entry) in enumerate(people, start=1)]
    names = dict.fromkeys(name for _, entry in people for name in (*entry.lists, *entry.left))
    lists = {name: no for no, name in enumerate(names, start=1)}
    db.each(
        "INSERT INTO staged_person (no, address_hash, address, name, language, timezone,"
        " consent, place, paused_until, stands_at)"
        " VALUES (:no, :address_hash, :address, :name, :language, :timezone,"
        " :consent, :place, :paused_until, :stands_at)",
        (
            {
                "no": no,
                "address_hash": hash_address(entry.address),
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
    db.each(
        "INSERT INTO staged_list (no, name) VALUES (:no, :name)",
        ({"no": no, "name": name} for name, no in lists.items()),
    )
    db.each(
        "INSERT INTO staged_subscription (list_no, person_no, state)"
        " VALUES (:list_no, :person_no, :state) ON CONFLICT DO NOTHING",
        (
            {"list_no": lists[name], "person_no": no, "state": state}
            for no, _, entry in numbered
            for state, names in (("confirmed", entry.lists), ("ended", entry.left))
            for name in names
        ),
    )
    db.each(
        "INSERT INTO staged_tag (name, person_no) VALUES (:name, :no) ON CONFLICT DO NOTHING",
        ({"name": name, "no": no} for no, _, entry in numbered for name in entry.tags),
    )
