"""The tables of the accounts of the staff: how they sign in, and what keeps others out."""

from sqlalchemy import Index, text

from newsletter.domain.staff.account import LinkKind, Stage
from newsletter.domain.staff.role import Role
from newsletter.store.schema.columns import instant, integer, member, octets, table, words

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
    integer("email_id", nullable=True),  # of the mail that brings it; null: the operator printed it
    Index(None, "address"),
    Index(
        "ix_invitation_open",
        "expires_at",
        sqlite_where=text("used_at IS NULL AND withdrawn_at IS NULL"),
    ),
)

# Failures, each under the keyed hash of what it counts against.
sign_in_failure = table(
    "sign_in_failure",
    integer("id", key=True),
    octets("key"),
    instant("at"),
    Index(None, "key", "at"),
    Index(None, "at"),
)

# The networks from which somebody signed in: strangers' failures do not shut them out there.
known_network = table(
    "known_network",
    words("address", key=True),
    octets("network", key=True),
    instant("at"),
    rowid=False,
)
