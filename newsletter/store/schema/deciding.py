"""The tables of what is decided beside approvals: a go, and a text that was sent back."""

from sqlalchemy import Index

from newsletter.store.schema.columns import integer, table, words

go = table(
    "go",
    integer("id", key=True),
    words("slug"),
    words("digest"),
    words("by"),
    integer("at"),
    integer("count"),  # of readers, as whoever said it was shown
    integer("found", zero=True),  # of readers, at a start that was paused for it
    integer("revoked_at", nullable=True),
    words("seal", empty=True),  # under our own key: without it the row counts for nothing
    Index(None, "slug"),
)

returned = table(
    "returned",
    integer("id", key=True),
    words("slug"),
    words("digest"),
    words("by"),
    integer("at"),
    words("reason"),
    integer("closed_at", nullable=True),
    Index(None, "slug"),
)
