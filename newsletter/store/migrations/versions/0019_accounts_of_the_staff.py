"""The staff have names, and sessions at the desk."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

WIDE = sa.Integer().with_variant(sa.BigInteger(), "postgresql")


def upgrade() -> None:
    """Go one step forward."""
    op.add_column(
        "staff", sa.Column("name", sa.Text(), nullable=False, server_default=sa.text("''"))
    )
    op.create_table(
        "session",
        sa.Column("hash", sa.BLOB(), primary_key=True, nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("created_at", WIDE, nullable=False),
        sa.Column("seen_at", WIDE, nullable=False),
        sa.Column("stepped_up_at", WIDE, nullable=True),
        sa.Column("browser", sa.Text(), nullable=False, server_default=sa.text("''")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("ix_session_address", "session", ["address"])
