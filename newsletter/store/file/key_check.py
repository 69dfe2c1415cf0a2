"""Ties a database to its keys: with others, nobody who left would be recognised any more."""

from collections.abc import Mapping

from sqlalchemy import Engine, insert, select

from newsletter.domain.errors import Refused
from newsletter.store.engine import connected
from newsletter.store.schema import tables

_meta = tables.meta


def check_keys(engine: Engine, fingerprints: Mapping[str, str]) -> None:
    """Note the fingerprint of each named key at the first start, and demand the same ever after.

    Raises Refused, naming the key, where another one stands in its place.
    """
    with connected(engine, reads=True) as connection:
        rows = connection.execute(select(_meta.c.key, _meta.c.value)).all()
    noted = {row[0]: row[1] for row in rows}
    for name, fingerprint in fingerprints.items():
        if noted.get(f"key {name}", fingerprint) != fingerprint:
            raise Refused(
                f"{name} is not the key that this database was made with, so those who left would"
                " not be recognised; put the right file back from the backup of var/keys"
            )
    missing = [
        {"key": f"key {name}", "value": fingerprint}
        for name, fingerprint in fingerprints.items()
        if f"key {name}" not in noted
    ]
    if missing:
        with connected(engine) as connection:
            connection.execute(insert(_meta).prefix_with("OR IGNORE"), missing)
