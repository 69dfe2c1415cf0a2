"""What a provider signed for one event alone, so that nobody tells another with it."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

WIDE = sa.Integer().with_variant(sa.BigInteger(), "postgresql")


def upgrade() -> None:
    """Go one step forward."""
    op.create_table(
        "signed",
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("at", WIDE, nullable=False),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_signed")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_signed_at"), "signed", ["at"])
