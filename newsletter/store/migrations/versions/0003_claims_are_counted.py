"""Claims are counted, in epochs."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

WIDE = sa.Integer().with_variant(sa.BigInteger(), "postgresql")


def upgrade() -> None:
    """Go one step forward."""
    made = op.create_table(
        "epoch",
        sa.Column("id", WIDE, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("claims", WIDE, nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_epoch_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_epoch")),
        sqlite_strict=True,
    )
    op.bulk_insert(made, [{"id": 1, "name": "", "claims": 0}])
