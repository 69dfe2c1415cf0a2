"""Staff may have passkeys beside their apps; a session keeps what a device is to sign."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"

WIDE = sa.Integer().with_variant(sa.BigInteger(), "postgresql")


def upgrade() -> None:
    """Go one step forward."""
    op.create_table(
        "passkey",
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("public", sa.LargeBinary(), nullable=False),
        sa.Column("signatures", WIDE, nullable=False),
        sa.Column("made_at", WIDE, nullable=False),
        sa.Column("used_at", WIDE, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkey")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_passkey_address"), "passkey", ["address"])
    challenge = sa.Column("challenge", sa.Text(), nullable=False, server_default=sa.text("''"))
    op.add_column("session", challenge)
    op.add_column("session", sa.Column("challenge_at", WIDE, nullable=True))
