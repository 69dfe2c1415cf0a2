"""Corrections: what a campaign corrects, what ended it, and batches that heed no subscription."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

WIDE = sa.Integer().with_variant(sa.BigInteger(), "postgresql")


def upgrade() -> None:
    """Go one step forward."""
    for name in ("corrects", "corrected_by"):
        op.add_column(
            "campaign", sa.Column(name, sa.Text(), server_default=sa.text("''"), nullable=False)
        )
    op.add_column(
        "batch", sa.Column("regardless", WIDE, server_default=sa.text("0"), nullable=False)
    )
