"""Opens a workspace: its settings, its keys and its database."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from newsletter.app import App
from newsletter.config import FILE_NAME, load
from newsletter.security.clock import SystemClock
from newsletter.security.keys import address_hash, fingerprint, load_keys
from newsletter.security.links import SignedLinks
from newsletter.store.binding import bind
from newsletter.store.engine import open_sqlite
from newsletter.store.schema import ensure_current
from newsletter.store.sql import SqlStore
from newsletter.store.watermark import FileWatermark


@contextmanager
def opened(workspace: Path, environ: Mapping[str, str]) -> Iterator[App]:
    """Open a workspace, and close it at the end of the block."""
    settings = load(workspace / FILE_NAME, environ)
    database, keys = settings.database_path, settings.workspace / "var" / "keys"
    database.parent.mkdir(parents=True, exist_ok=True)
    engine = open_sqlite(database)
    addresses, links = load_keys(keys / "addresses"), load_keys(keys / "links")
    store = SqlStore(engine, hash_address=address_hash(addresses[0]))
    watermark = FileWatermark(settings.epoch_path, database)
    try:
        ensure_current(engine)
        # The first key of each file is its oldest: rotation adds others below it.
        firsts = {"var/keys/addresses": addresses[0], "var/keys/links": links[0]}
        bind(engine, {name: fingerprint(key) for name, key in firsts.items()})
        yield App(
            settings=settings,
            store=store,
            watermark=watermark,
            clock=SystemClock(),
            links=SignedLinks(links),
            key=addresses[0],
        )
    finally:
        watermark.close()
        store.close()
