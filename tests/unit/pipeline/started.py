"""A room that starts a campaign: made once, and copied for tests that start alike.

Most tests of later stages begin with the same campaign, and to make it takes longer than their own
steps. Every input of that campaign is part of the key: the whole database above
all, so that a test with other earlier steps does not get its state.
"""

import hashlib
import sqlite3
from collections import OrderedDict
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from newsletter.store.sql import Store
from newsletter.store.sqlite import Sqlite
from tests.fakes import FixedClock, ListSource, PlainRenderer

if TYPE_CHECKING:
    from tests.unit.pipeline.newsroom import Newsroom

_MOST_READERS, _KEPT = 30, 40
_VERSIONS = slice(18, 20)
"""The bytes that hold a file's format: no copy in memory has a log next to it."""


@dataclass(frozen=True)
class Started:
    """The database, the last line of its audit log, and what the looks of its process saw."""

    image: bytes
    head: bytes
    looks: tuple[Any, ...]


_started: OrderedDict[str, Started] = OrderedDict()


def key_of(room: "Newsroom", store: Store, readers: int, fields: dict[str, Any]) -> str | None:
    """Return the name of the start; None where each test makes its own."""
    parts = (room.clock, room.source, room.renderer)
    usual = tuple(map(type, parts)) == (FixedClock, ListSource, PlainRenderer)
    if (
        not usual
        or readers > _MOST_READERS
        or room.read.change_number is not None
        or type(store) is not Store
        or not isinstance(store.database, Sqlite)
    ):
        return None
    around = [vars(part) for part in parts] + [
        fields,
        room.rules,
        readers,
        room.review_rules.campaigns.shares_email,
    ]
    return f"{hashlib.blake2b(_image(store)).hexdigest()} {around!r}"


def keep(key: str, room: "Newsroom", store: Store) -> None:
    """Remember what came of it."""
    while len(_started) >= _KEPT:
        _started.popitem(last=False)
    _started[key] = Started(image=_image(store), head=_head(store).read_bytes(), looks=_looks(room))


def copy(key: str, room: "Newsroom", store: Store) -> bool:
    """Copy it over the present state; return False where no test has made it yet."""
    found = _started.get(key)
    if found is None:
        return False
    image = bytearray(found.image)
    image[_VERSIONS] = b"\x01\x01"
    with closing(sqlite3.connect(":memory:")) as memory, closing(_opened(store)) as file:
        memory.deserialize(bytes(image))
        memory.backup(file)
    _head(store).write_bytes(found.head)
    room.read, room.tried, room.compared, room.watch = map(_apart, found.looks)
    room.read.statements = {one.slug: one for one in room.source.statements}
    return True


def _looks(room: "Newsroom") -> tuple[Any, ...]:
    return tuple(map(_apart, (room.read, room.tried, room.compared, room.watch)))


def _apart(look: Any) -> Any:
    """Copy sets and tables, so that no test changes those of others."""
    own = {name: type(one)(one) for name, one in vars(look).items() if isinstance(one, set | dict)}
    return replace(look, **own)


def _path(store: Store) -> Path:
    return store.database.path


def _head(store: Store) -> Path:
    return _path(store).with_suffix(".audit")


def _opened(store: Store) -> sqlite3.Connection:
    return sqlite3.connect(_path(store))


def _image(store: Store) -> bytes:
    with closing(_opened(store)) as file:
        return file.serialize()
