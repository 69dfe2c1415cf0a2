"""A database is tied to its keys."""

import pytest

from newsletter.domain.errors import Refused
from newsletter.runtime.keys import fingerprint
from newsletter.store.file.keys import check_keys
from newsletter.store.sqlite import Sqlite

KEYS = {"addresses": fingerprint(b"a" * 32), "links": fingerprint(b"l" * 32)}


def rows(database: Sqlite) -> dict[str, str]:
    with database.transaction(is_read_only=True) as db:
        return dict(db.rows("SELECT key, value FROM meta"))


def test_the_first_start_notes_the_keys_and_later_ones_find_them(database: Sqlite) -> None:
    check_keys(database, KEYS)
    noted = rows(database)
    assert set(noted.values()) == set(KEYS.values())
    check_keys(database, KEYS)
    assert rows(database) == noted


@pytest.mark.parametrize("name", list(KEYS))
def test_another_key_in_its_place_is_refused_by_name(database: Sqlite, name: str) -> None:
    check_keys(database, KEYS)
    other = KEYS | {name: fingerprint(b"x" * 32)}
    with pytest.raises(Refused, match=f"{name} is not the key.*backup of var/keys"):
        check_keys(database, other)
    check_keys(database, KEYS)


def test_a_key_that_came_later_is_noted_then(database: Sqlite) -> None:
    check_keys(database, {"addresses": KEYS["addresses"]})
    check_keys(database, KEYS)
    for other in (KEYS | {"links": "other"}, {"addresses": KEYS["addresses"]}):
        with pytest.raises(Refused):
            check_keys(database, other)


def test_nothing_to_note_writes_nothing(database: Sqlite) -> None:
    check_keys(database, {})
    assert rows(database) == {}
