"""The tables of texts that are written at the desk: drafts, their versions, their pictures."""

from sqlalchemy import ForeignKey, Index, text

from newsletter.store.schema.columns import integer, octets, table, words

draft = table(
    "draft",
    words("key", key=True),
    words("slug", empty=True),  # of the statement; empty before it was handed in
    words("copied_of", empty=True),
    words("found", empty=True),  # what an import left out and guessed
    integer("revision"),
    integer("head"),  # the version that stands in it now
    integer("handed_in", nullable=True),  # the version that the pipeline knows
    integer("taken_back", zero=True),
    integer("created_at"),
    words("created_by"),
    integer("changed_at"),
    words("changed_by"),
    integer("deleted_at", nullable=True),
    Index("ix_draft_slug", "slug", unique=True, sqlite_where=text("slug <> ''")),
    Index("ix_draft_changed_at", "changed_at", sqlite_where=text("deleted_at IS NULL")),
)

version = table(
    "version",
    integer("number", key=True),
    words("draft", ForeignKey("draft.key")),
    words("kind"),
    words("by"),
    words("writers"),
    words("document"),
    integer("began_at"),
    integer("at"),
    integer("closed", zero=True),
    integer("handed_in_at", nullable=True),
    words("handed_in_by", empty=True),
    Index(None, "draft", "number"),
    numbered=True,
)

picture = table(
    "picture",
    words("name", key=True),  # 128 random bits: whoever reads the mail knows it, and nobody else
    words("draft", ForeignKey("draft.key")),
    words("kind"),
    octets("data"),
    integer("width"),
    integer("height"),
    words("alt"),  # empty where it is decoration
    words("by"),
    integer("at"),
    Index(None, "draft", "at"),
)
