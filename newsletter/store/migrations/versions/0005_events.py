"""What providers tell later."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

WIDE = sa.Integer().with_variant(sa.BigInteger(), "postgresql")


def upgrade() -> None:
    """Go one step forward."""
    op.create_index("ix_batch_attempt_id", "batch", ["attempt_id"])

    op.create_table(
        "receipt",
        sa.Column("campaign_id", WIDE, nullable=False),
        sa.Column("subscriber_id", WIDE, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("bounce", sa.Text(), nullable=False),
        sa.Column("at", WIDE, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_receipt_campaign_id")
        ),
        sa.PrimaryKeyConstraint("campaign_id", "subscriber_id", "kind", name=op.f("pk_receipt")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_receipt_damage",
        "receipt",
        ["campaign_id", "kind", "bounce"],
        sqlite_where=sa.text("kind IN ('bounced', 'complained')"),
    )
    op.create_index(
        "ix_receipt_soft",
        "receipt",
        ["at", "subscriber_id"],
        sqlite_where=sa.text("bounce = 'soft'"),
    )

    op.create_table(
        "event",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", WIDE, nullable=False),
        sa.Column("received_at", WIDE, nullable=False),
        sa.Column("campaign_id", WIDE, nullable=True),
        sa.Column("subscriber_id", WIDE, nullable=True),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("provider", "id", name=op.f("pk_event")),
        sqlite_strict=True,
    )
    op.create_index("ix_event_campaign_id", "event", ["campaign_id"])
    op.create_index("ix_event_subscriber_id", "event", ["subscriber_id"])

    op.create_table(
        "overruled",
        sa.Column("campaign_id", WIDE, nullable=False),
        sa.Column("complained", WIDE, nullable=False),
        sa.Column("hard", WIDE, nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_overruled_campaign_id")
        ),
        sa.PrimaryKeyConstraint("campaign_id", name=op.f("pk_overruled")),
        sqlite_strict=True,
    )
