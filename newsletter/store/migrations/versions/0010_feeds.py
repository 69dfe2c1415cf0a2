"""What is remembered of feeds and their items."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

WIDE = sa.Integer().with_variant(sa.BigInteger(), "postgresql")


def upgrade() -> None:
    """Go one step forward."""
    op.create_table(
        "feed",
        _text("name"),
        _text("address"),
        *(_integer(name, nullable=True) for name in ("first_at", "visited_at", "succeeded_at")),
        _integer("next_at", nullable=True),
        _text("bookmark"),
        _integer("failures"),
        _text("failure"),
        _text("remark"),
        _integer("revision"),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_feed")),
        sqlite_strict=True,
    )
    op.create_table(
        "feed_item",
        _integer("number"),
        _text("feed"),
        *(_text(name) for name in ("id", "link", "title")),
        _integer("published", nullable=True),
        *(_text(name) for name in ("state", "fingerprint")),
        sa.Column("slug", sa.Text(), nullable=True),
        *(_text(name) for name in ("note", "document")),
        *(_integer(name) for name in ("seen_at", "changed_at")),
        sa.ForeignKeyConstraint(["feed"], ["feed.name"], name=op.f("fk_feed_item_feed")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_feed_item")),
        sa.UniqueConstraint("feed", "id", name=op.f("uq_feed_item_feed_id")),
        sa.UniqueConstraint("slug", name=op.f("uq_feed_item_slug")),
        sqlite_strict=True,
    )


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _integer(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, WIDE, nullable=nullable)
