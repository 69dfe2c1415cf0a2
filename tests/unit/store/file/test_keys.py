"""A database is tied to its keys."""

import pytest
from sqlalchemy import Engine, text

from newsletter.domain.errors import Refused
from newsletter.runtime.keys import fingerprint
from newsletter.store.engine import connected
from newsletter.store.file.keys import check_keys

KEYS = {"addresses": fingerprint(b"a" * 32), "links": fingerprint(b"l" * 32)}


def rows(engine: Engine) -> dict[str, str]:
    with connected(engine, reads=True) as connection:
        return {row[0]: row[1] for row in connection.execute(text("SELECT key, value FROM meta"))}


def test_the_first_start_notes_the_keys_and_later_ones_find_them(engine: Engine) -> None:
    check_keys(engine, KEYS)
    noted = rows(engine)
    assert set(noted.values()) == set(KEYS.values())
    check_keys(engine, KEYS)
    assert rows(engine) == noted


@pytest.mark.parametrize("name", list(KEYS))
def test_another_key_in_its_place_is_refused_by_name(engine: Engine, name: str) -> None:
    check_keys(engine, KEYS)
    other = KEYS | {name: fingerprint(b"x" * 32)}
    with pytest.raises(Refused, match=f"{name} is not the key.*backup of var/keys"):
        check_keys(engine, other)
    check_keys(engine, KEYS)


def test_a_key_that_came_later_is_noted_then(engine: Engine) -> None:
    check_keys(engine, {"addresses": KEYS["addresses"]})
    check_keys(engine, KEYS)
    with pytest.raises(Refused):
        check_keys(engine, KEYS | {"links": "other"})


def test_nothing_to_note_writes_nothing(engine: Engine) -> None:
    check_keys(engine, {})
    assert rows(engine) == {}
