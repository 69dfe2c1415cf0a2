"""The tables of accounts: what staff sign in with, and where they are signed in.

No secret stands in them: passwords are hashed by Argon2id, words of links and sessions by SHA-256,
recovery codes and one-time codes are keyed by the workspace's key, which is no part of a database,
and of passkeys the public half is here.
"""

from sqlalchemy import Index, text

from newsletter.store.schema.columns import integer, octets, table, words

credential = table(
    "credential",
    words("address", key=True),
    words("password"),
    integer("password_at"),
    words("factor", empty=True),
    integer("factor_at", nullable=True),
    integer("factor_step", zero=True),
    words("pending", empty=True),
    integer("kept_at", nullable=True),
    rowid=False,
)

recovery = table(
    "recovery",
    octets("hash", key=True),
    words("address"),
    integer("used_at", nullable=True),
    Index(None, "address"),
    rowid=False,
)

session = table(
    "session",
    octets("hash", key=True),
    words("address"),
    words("stage"),
    integer("created_at"),
    integer("seen_at"),
    integer("stepped_up_at", nullable=True),
    words("browser", empty=True),
    words("network", empty=True),
    words("challenge", empty=True),
    integer("challenge_at", nullable=True),
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
    integer("made_at"),
    integer("used_at", nullable=True),
    Index(None, "address"),
    rowid=False,
)

invitation = table(
    "invitation",
    integer("id", key=True),
    octets("hash", unique=True),
    words("kind"),
    words("address"),
    words("role"),
    words("by"),
    integer("made_at"),
    integer("expires_at"),
    integer("used_at", nullable=True),
    integer("withdrawn_at", nullable=True),
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
    integer("at"),
    Index(None, "key", "at"),
    Index(None, "at"),
)

# The networks from which somebody signed in: strangers' failures do not shut them out there.
familiar = table(
    "familiar",
    words("address", key=True),
    octets("network", key=True),
    integer("at"),
    rowid=False,
)
