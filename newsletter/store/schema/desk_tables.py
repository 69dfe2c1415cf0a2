"""The tables of the desk: accounts of the staff, the texts they write, and what they decide."""

from sqlalchemy import ForeignKey, Index, text

from newsletter.domain.staff.account import LinkKind, Stage
from newsletter.domain.statements.draft import DraftText, Found, VersionKind
from newsletter.domain.statements.statement import Role
from newsletter.store.schema.columns import (
    content_hash,
    document,
    flag,
    instant,
    integer,
    member,
    octets,
    table,
    words,
)

credential = table(
    "credential",
    words("address", key=True),
    words("password"),
    instant("password_at"),
    words("factor", empty=True),
    instant("factor_at", nullable=True),
    integer("factor_step", zero=True),
    words("pending", empty=True),
    instant("kept_at", nullable=True),
    rowid=False,
)

recovery = table(
    "recovery",
    octets("hash", key=True),
    words("address"),
    instant("used_at", nullable=True),
    Index(None, "address"),
    rowid=False,
)

session = table(
    "session",
    octets("hash", key=True),
    words("address"),
    member("stage", Stage),
    instant("created_at"),
    instant("seen_at"),
    instant("stepped_up_at", nullable=True),
    words("browser", empty=True),
    words("network", empty=True),
    words("challenge", empty=True),
    instant("challenge_at", nullable=True),
    Index(None, "address"),
    rowid=False,
)

passkey = table(
    "passkey",
    octets("id", key=True),
    words("address"),
    words("party"),
    words("name"),
    octets("public"),
    integer("signatures"),
    instant("made_at"),
    instant("used_at", nullable=True),
    Index(None, "address"),
    rowid=False,
)

invitation = table(
    "invitation",
    integer("id", key=True),
    octets("hash", unique=True),
    member("kind", LinkKind),
    words("address"),
    member("role", Role),
    words("by"),
    instant("made_at"),
    instant("expires_at"),
    instant("used_at", nullable=True),
    instant("withdrawn_at", nullable=True),
    Index(None, "address"),
    Index(
        "ix_invitation_open",
        "expires_at",
        sqlite_where=text("used_at IS NULL AND withdrawn_at IS NULL"),
    ),
)

# Failures, each under the keyed hash of what it counts against.
throttle = table(
    "throttle",
    integer("id", key=True),
    octets("key"),
    instant("at"),
    Index(None, "key", "at"),
    Index(None, "at"),
)

# The networks from which somebody signed in: strangers' failures do not shut them out there.
familiar = table(
    "familiar",
    words("address", key=True),
    octets("network", key=True),
    instant("at"),
    rowid=False,
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
    content_hash(),
    words("by"),
    instant("at"),
    words("reason"),
    instant("closed_at", nullable=True),
    Index(None, "slug"),
)
