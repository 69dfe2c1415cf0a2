"""The tables of the staff's accounts at the desk."""

from sqlalchemy import Index

from newsletter.store.schema.columns import integer, octets, table, words

session = table(
    "session",
    octets("hash", key=True),  # SHA-256 of what the cookie holds: a stolen database opens no desk
    words("address"),
    integer("created_at"),
    integer("seen_at"),
    integer("stepped_up_at", nullable=True),
    words("browser", empty=True),
    Index(None, "address"),
    rowid=False,
)
