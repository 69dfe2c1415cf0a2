"""The staff have names, accounts and sessions at the desk; invitations, failures to sign in."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

WIDE = sa.Integer().with_variant(sa.BigInteger(), "postgresql")


def upgrade() -> None:
    """Go one step forward."""
    op.add_column("staff", _words("name", empty=True))
    _credentials()
    _sessions()
    _invitations()
    _throttle()


def _words(name: str, *, empty: bool = False) -> "sa.Column[str]":
    default = sa.text("''") if empty else None
    return sa.Column(name, sa.Text(), nullable=False, server_default=default)


def _number(name: str, *, nullable: bool = False, zero: bool = False) -> "sa.Column[int]":
    default = sa.text("0") if zero else None
    return sa.Column(name, WIDE, nullable=nullable, server_default=default)


def _octets(name: str) -> "sa.Column[bytes]":
    return sa.Column(name, sa.LargeBinary(), nullable=False)


def _credentials() -> None:
    op.create_table(
        "credential",
        _words("address"),
        _words("password"),
        _number("password_at"),
        _words("factor", empty=True),
        _number("factor_at", nullable=True),
        _number("factor_step", zero=True),
        _words("pending", empty=True),
        _number("kept_at", nullable=True),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_credential")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "recovery",
        _octets("hash"),
        _words("address"),
        _number("used_at", nullable=True),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_recovery")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_recovery_address"), "recovery", ["address"])


def _sessions() -> None:
    op.create_table(
        "session",
        _octets("hash"),
        _words("address"),
        _words("stage"),
        _number("created_at"),
        _number("seen_at"),
        _number("stepped_up_at", nullable=True),
        _words("browser", empty=True),
        _words("network", empty=True),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_session")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_session_address"), "session", ["address"])


def _invitations() -> None:
    op.create_table(
        "invitation",
        _number("id"),
        _octets("hash"),
        _words("kind"),
        _words("address"),
        _words("role"),
        _words("by"),
        _number("made_at"),
        _number("expires_at"),
        _number("used_at", nullable=True),
        _number("withdrawn_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
        sa.UniqueConstraint("hash", name=op.f("uq_invitation_hash")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_invitation_address"), "invitation", ["address"])
    op.create_index(
        "ix_invitation_open",
        "invitation",
        ["expires_at"],
        sqlite_where=sa.text("used_at IS NULL AND withdrawn_at IS NULL"),
    )


def _throttle() -> None:
    op.create_table(
        "throttle",
        _number("id"),
        _octets("key"),
        _number("at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_throttle")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_throttle_key_at"), "throttle", ["key", "at"])
    op.create_index(op.f("ix_throttle_at"), "throttle", ["at"])
    op.create_table(
        "familiar",
        _words("address"),
        _octets("network"),
        _number("at"),
        sa.PrimaryKeyConstraint("address", "network", name=op.f("pk_familiar")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
