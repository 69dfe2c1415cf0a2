"""What became of the unknown: tries at finding out, and which way it came out."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

WIDE = sa.Integer().with_variant(sa.BigInteger(), "postgresql")


def upgrade() -> None:
    """Go one step forward."""
    for name in ("tries", "absences"):
        op.add_column("batch", sa.Column(name, WIDE, nullable=False, server_default=sa.text("0")))
    op.create_index(
        "ix_batch_unknown", "batch", ["not_before"], sqlite_where=sa.text("state = 'unknown'")
    )
    op.create_table(
        "resolution",
        sa.Column("id", WIDE, nullable=False),
        sa.Column("campaign_id", WIDE, nullable=False),
        sa.Column("batch_id", WIDE, nullable=False),
        sa.Column("at", WIDE, nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("people", WIDE, nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_resolution_batch_id")),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_resolution_campaign_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resolution")),
        sqlite_strict=True,
    )
    op.create_index("ix_resolution_campaign_id", "resolution", ["campaign_id"])
