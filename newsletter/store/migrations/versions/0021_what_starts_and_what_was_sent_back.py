"""Who started a statement, for how many readers; and what an approver sent back."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"

WIDE = sa.Integer().with_variant(sa.BigInteger(), "postgresql")


def upgrade() -> None:
    """Go one step forward."""
    op.create_table(
        "go",
        sa.Column("id", WIDE, nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", WIDE, nullable=False),
        sa.Column("count", WIDE, nullable=False),
        sa.Column("found", WIDE, nullable=False, server_default=sa.text("0")),
        sa.Column("revoked_at", WIDE, nullable=True),
        sa.Column("seal", sa.Text(), nullable=False, server_default=sa.text("''")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_go")),
        sqlite_strict=True,
    )
    op.create_table(
        "returned",
        sa.Column("id", WIDE, nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", WIDE, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("closed_at", WIDE, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_returned")),
        sqlite_strict=True,
    )
    for table in ("go", "returned"):
        op.create_index(op.f(f"ix_{table}_slug"), table, ["slug"])
        for deed, slug in (("INSERT", "NEW.slug"), ("UPDATE", "NEW.slug"), ("DELETE", "OLD.slug")):
            _note(deed, table, slug)


def _note(deed: str, table: str, slug: str) -> None:
    # the old note goes first, so that the new one has the highest number there ever was
    forget = f"DELETE FROM touched WHERE slug = {slug}"  # noqa: S608 - our own words
    note = f"touched (slug) VALUES ({slug})"
    op.execute(
        f"CREATE TRIGGER touched_by_{table}_{deed.lower()} AFTER {deed} ON {table}"
        f" BEGIN {forget}; INSERT INTO {note}; END"
    )
