"""All tables and what is run once they are made: what a new database is made of."""

from newsletter.store.schema import (
    asking,
    changes,
    desk_tables,
    event_tables,
    feed_tables,
    import_tables,
    staff_tables,
    tables,
)
from newsletter.store.schema.columns import afterwards, metadata

__all__ = [
    "asking",
    "desk_tables",
    "event_tables",
    "feed_tables",
    "import_tables",
    "metadata",
    "staff_tables",
    "tables",
]

afterwards(metadata, *changes.triggers())
