"""Pace kept across restarts, urgent campaigns, and a second provider to fail over to."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

WIDE = sa.Integer().with_variant(sa.BigInteger(), "postgresql")


def upgrade() -> None:
    """Go one step forward."""
    op.create_table(
        "pace",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("free_at", WIDE, nullable=False),
        sa.Column("blocked_until", WIDE, nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("failing_since", WIDE, nullable=True),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("used", WIDE, nullable=False),
        sa.PrimaryKeyConstraint("provider", "domain", name=op.f("pk_pace")),
        sqlite_with_rowid=False,
        sqlite_strict=True,
    )
    for name in ("provider", "bound_to"):
        op.add_column("batch", _text(name))
    op.execute(
        "UPDATE batch SET provider = (SELECT provider FROM campaign"
        " WHERE campaign.id = batch.campaign_id) WHERE attempts > 0"
    )
    op.add_column("campaign", _text("carrier"))
    op.add_column(
        "campaign", sa.Column("urgent", WIDE, nullable=False, server_default=sa.text("0"))
    )
    op.create_index(
        "ix_campaign_sending", "campaign", ["id"], sqlite_where=sa.text("state = 'sending'")
    )


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False, server_default=sa.text("''"))
