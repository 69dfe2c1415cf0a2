"""What readers ask for by themselves: letters, consent as proof, a pause, place and tags."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

WIDE = sa.Integer().with_variant(sa.BigInteger(), "postgresql")


def upgrade() -> None:
    """Go one step forward."""
    op.add_column("subscriber", _text("place", empty=True))
    op.add_column("subscriber", _integer("paused_until", nullable=True))
    op.create_index(
        op.f("ix_subscriber_paused_until"),
        "subscriber",
        ["paused_until"],
        sqlite_where=sa.text("paused_until IS NOT NULL"),
    )
    op.create_table(
        "tag",
        _text("name"),
        _integer("subscriber_id"),
        sa.PrimaryKeyConstraint("name", "subscriber_id", name=op.f("pk_tag")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_tag_subscriber_id"), "tag", ["subscriber_id"])
    op.create_table(
        "wording",
        _text("hash"),
        _text("language"),
        _text("words"),
        _integer("first_at"),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_wording")),
        sqlite_strict=True,
    )
    op.create_table(
        "consent",
        _integer("id"),
        _integer("subscriber_id"),
        _text("list"),
        _integer("given"),
        *(_text(name) for name in ("method", "source")),
        _text("wording", empty=True),
        _integer("asked_at", nullable=True),
        _integer("at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_consent_subscriber_id"), "consent", ["subscriber_id"])
    _create_letter()


def _create_letter() -> None:
    op.create_table(
        "letter",
        _integer("id"),
        *(_text(name) for name in ("kind", "state", "address")),
        *(_octets(name) for name in ("address_hash", "mailbox_hash", "network_hash")),
        _integer("subscriber_id", nullable=True),
        *(_text(name) for name in ("name", "language", "timezone", "lists", "source")),
        _text("wording", empty=True),
        _integer("asked_at"),
        _integer("asks"),
        _integer("not_before"),
        _integer("attempts", zero=True),
        *(_text(name, empty=True) for name in ("attempt_id", "provider", "provider_id", "reason")),
        *(_integer(name, nullable=True) for name in ("claimed_at", "settled_at", "used_at")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter")),
        sqlite_strict=True,
        sqlite_autoincrement=True,
    )
    for column in ("address_hash", "mailbox_hash", "network_hash"):
        op.create_index(op.f(f"ix_letter_{column}_asked_at"), "letter", [column, "asked_at"])
    op.create_index(op.f("ix_letter_subscriber_id"), "letter", ["subscriber_id"])
    op.create_index(op.f("ix_letter_asked_at"), "letter", ["asked_at"])
    op.create_index(
        "ix_letter_open", "letter", ["not_before"], sqlite_where=sa.text("state = 'waiting'")
    )


def _text(name: str, *, empty: bool = False) -> sa.Column[str]:
    default = sa.text("''") if empty else None
    return sa.Column(name, sa.Text(), nullable=False, server_default=default)


def _integer(name: str, *, nullable: bool = False, zero: bool = False) -> sa.Column[int]:
    default = sa.text("0") if zero else None
    return sa.Column(name, WIDE, nullable=nullable, server_default=default)


def _octets(name: str) -> sa.Column[bytes]:
    return sa.Column(name, sa.BLOB(), nullable=False)
