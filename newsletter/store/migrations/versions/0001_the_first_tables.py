"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

WIDE = sa.Integer().with_variant(sa.BigInteger(), "postgresql")


def upgrade() -> None:
    """Go one step forward."""
    op.create_table(
        "approval",
        sa.Column("id", WIDE, nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("at", WIDE, nullable=False),
        sa.Column("revoked_at", WIDE, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval")),
        sqlite_strict=True,
    )
    op.create_index("ix_approval_slug", "approval", ["slug"])

    op.create_table(
        "audit",
        sa.Column("number", WIDE, nullable=False),
        sa.Column("at", WIDE, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit")),
        sqlite_strict=True,
    )
    op.create_table(
        "content",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("created_at", WIDE, nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_content")),
        sqlite_strict=True,
    )
    op.create_table(
        "list",
        sa.Column("id", WIDE, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_list")),
        sa.UniqueConstraint("name", name=op.f("uq_list_name")),
        sqlite_strict=True,
    )
    op.create_table(
        "meta",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_meta")),
        sqlite_strict=True,
    )
    op.create_table(
        "schedule",
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("send_at", WIDE, nullable=False),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_schedule")),
        sqlite_strict=True,
    )
    op.create_table(
        "staff",
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("added_at", WIDE, nullable=False),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_staff")),
        sqlite_strict=True,
    )
    op.create_table(
        "statement",
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("present", WIDE, nullable=False),
        sa.Column("changed_at", WIDE, nullable=False),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_statement")),
        sqlite_strict=True,
    )
    op.create_table(
        "subscriber",
        sa.Column("id", WIDE, nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("address_hash", sa.BLOB(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("consent", sa.Text(), nullable=False),
        sa.Column("added_at", WIDE, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriber")),
        sa.UniqueConstraint("address_hash", name=op.f("uq_subscriber_address_hash")),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_table(
        "suppression",
        sa.Column("address_hash", sa.BLOB(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("at", WIDE, nullable=False),
        sa.PrimaryKeyConstraint("address_hash", name=op.f("pk_suppression")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "campaign",
        sa.Column("id", WIDE, nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("lists", sa.Text(), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("release_at", WIDE, nullable=False),
        sa.Column("created_at", WIDE, nullable=False),
        sa.Column("started_at", WIDE, nullable=True),
        sa.Column("finished_at", WIDE, nullable=True),
        sa.ForeignKeyConstraint(["digest"], ["content.digest"], name=op.f("fk_campaign_digest")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign")),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_index("ix_campaign_slug", "campaign", ["slug"])

    op.create_table(
        "subscription",
        sa.Column("list_id", WIDE, nullable=False),
        sa.Column(
            "subscriber_id",
            WIDE,
            nullable=False,
        ),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("changed_at", WIDE, nullable=False),
        sa.Column("ended_by", WIDE, nullable=True),
        sa.ForeignKeyConstraint(["list_id"], ["list.id"], name=op.f("fk_subscription_list_id")),
        sa.PrimaryKeyConstraint("list_id", "subscriber_id", name=op.f("pk_subscription")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("ix_subscription_subscriber_id", "subscription", ["subscriber_id"])
    op.create_index("ix_subscription_ended_by", "subscription", ["ended_by"])

    op.create_table(
        "batch",
        sa.Column("id", WIDE, nullable=False),
        sa.Column("campaign_id", WIDE, nullable=False),
        sa.Column("no", WIDE, nullable=False),
        sa.Column("members", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("size", WIDE, nullable=False),
        sa.Column("pending", WIDE, nullable=False),
        sa.Column(
            "accepted",
            WIDE,
            server_default=sa.text("0"),
            nullable=False,
        ),
        sa.Column(
            "rejected",
            WIDE,
            server_default=sa.text("0"),
            nullable=False,
        ),
        sa.Column(
            "suppressed",
            WIDE,
            server_default=sa.text("0"),
            nullable=False,
        ),
        sa.Column(
            "cancelled",
            WIDE,
            server_default=sa.text("0"),
            nullable=False,
        ),
        sa.Column(
            "unknown",
            WIDE,
            server_default=sa.text("0"),
            nullable=False,
        ),
        sa.Column(
            "fence",
            WIDE,
            server_default=sa.text("0"),
            nullable=False,
        ),
        sa.Column(
            "attempts",
            WIDE,
            server_default=sa.text("0"),
            nullable=False,
        ),
        sa.Column(
            "not_before",
            WIDE,
            server_default=sa.text("0"),
            nullable=False,
        ),
        sa.Column("attempt_id", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("body_hash", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("provider_id", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("reason", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("claimed_at", WIDE, nullable=True),
        sa.Column("lease_until", WIDE, nullable=True),
        sa.Column("settled_at", WIDE, nullable=True),
        sa.CheckConstraint(
            "pending >= 0 AND accepted >= 0 AND rejected >= 0"
            " AND suppressed >= 0 AND cancelled >= 0 AND unknown >= 0",
            name=op.f("ck_batch_counts"),
        ),
        sa.CheckConstraint(
            "size = pending + accepted + rejected + suppressed + cancelled + unknown",
            name=op.f("ck_batch_balance"),
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_batch_campaign_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch")),
        sa.UniqueConstraint("campaign_id", "no", name=op.f("uq_batch_campaign_id_no")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_batch_open",
        "batch",
        ["state", "campaign_id", "no"],
        sqlite_where=sa.text("state IN ('queued', 'claimed')"),
    )

    op.create_table(
        "delivery",
        sa.Column("campaign_id", WIDE, nullable=False),
        sa.Column(
            "subscriber_id",
            WIDE,
            nullable=False,
        ),
        sa.Column("batch_id", WIDE, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("at", WIDE, nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_delivery_batch_id")),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_delivery_campaign_id")
        ),
        sa.PrimaryKeyConstraint("campaign_id", "subscriber_id", name=op.f("pk_delivery")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
