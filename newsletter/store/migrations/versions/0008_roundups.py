"""Round-ups: since when each is configured, and one issue a local date."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

WIDE = sa.Integer().with_variant(sa.BigInteger(), "postgresql")


def upgrade() -> None:
    """Go one step forward."""
    op.create_table(
        "roundup",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("since", WIDE, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_roundup")),
        sqlite_with_rowid=False,
        sqlite_strict=True,
    )
    op.create_table(
        "issue",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("upto", WIDE, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("parts", sa.Text(), nullable=False),
        sa.Column("changed_at", WIDE, nullable=False),
        sa.PrimaryKeyConstraint("name", "day", name=op.f("pk_issue")),
        sqlite_with_rowid=False,
        sqlite_strict=True,
    )
