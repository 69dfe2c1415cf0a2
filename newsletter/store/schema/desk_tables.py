"""The tables of the desk: the texts that are written there, and their pictures."""

from sqlalchemy import ForeignKey, Index, text

from newsletter.domain.statements.draft import DraftText, Found, VersionKind
from newsletter.store.schema.columns import (
    document,
    flag,
    instant,
    integer,
    member,
    octets,
    table,
    words,
)

draft = table(
    "draft",
    words("key", key=True),
    words("slug", empty=True),  # of the statement; empty before it was handed in
    words("copied_of", empty=True),
    document("found", Found, empty=True),  # what an import left out and guessed
    integer("revision"),
    integer("head"),  # the version that stands in it now
    integer("handed_in", nullable=True),  # the version that the pipeline knows
    flag("taken_back"),
    instant("created_at"),
    words("created_by"),
    instant("changed_at"),
    words("changed_by"),
    instant("deleted_at", nullable=True),
    Index("ix_draft_slug", "slug", unique=True, sqlite_where=text("slug <> ''")),
    Index("ix_draft_changed_at", "changed_at", sqlite_where=text("deleted_at IS NULL")),
)

version = table(
    "version",
    integer("number", key=True),
    words("draft", ForeignKey("draft.key")),
    member("kind", VersionKind),
    words("by"),
    document("writers", tuple[str, ...]),
    document("document", DraftText, "text"),
    instant("began_at"),
    instant("at"),
    flag("closed"),
    instant("handed_in_at", nullable=True),
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
    instant("at"),
    Index(None, "draft", "at"),
)
