"""What has changed is noted as it changes, and what is open is found without what is over."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

WIDE = sa.Integer().with_variant(sa.BigInteger(), "postgresql")

OPEN = "state IN ('scheduled', 'sending', 'paused', 'attention')"
FIRST = "CAST(substr(members, 2, 20) AS INTEGER)"

# Table → what has to differ in an update so that it counts; nothing: any update does.
NOTED = {
    "statement": ("document", "digest", "fingerprint", "present"),
    "approval": (),
    "schedule": (),
    "campaign": ("digest", "state", "lists", "urgent", "release_at", "started_at", "corrected_by"),
}


def upgrade() -> None:
    """Go one step forward."""
    op.create_table(
        "touched",
        sa.Column("number", WIDE, nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_touched")),
        sa.UniqueConstraint("slug", name=op.f("uq_touched_slug")),
        sqlite_strict=True,
        sqlite_autoincrement=True,
    )
    op.execute("INSERT INTO touched (slug) SELECT slug FROM statement ORDER BY changed_at, slug")
    for table, columns in NOTED.items():
        _note("INSERT", table, "NEW.slug")
        _note("UPDATE", table, "NEW.slug", columns)
        _note("DELETE", table, "OLD.slug")
    issue = "NEW.name || '-' || NEW.day"
    _note("INSERT", "issue", issue)
    _note("UPDATE", "issue", issue, ("document", "parts"))
    op.add_column("batch", sa.Column("first", WIDE, sa.Computed(FIRST, persisted=False)))
    for name, table, parts, where in (
        ("ix_campaign_open", "campaign", ["state", "release_at"], OPEN),
        ("ix_campaign_begun", "campaign", ["started_at"], "started_at IS NOT NULL"),
        ("ix_campaign_corrects", "campaign", ["corrects"], "corrects <> ''"),
        ("ix_batch_first", "batch", ["campaign_id", "first", "no"], None),
    ):
        op.create_index(name, table, parts, sqlite_where=where and sa.text(where))


def _note(deed: str, table: str, slug: str, columns: tuple[str, ...] = ()) -> None:
    differs = " OR ".join(f"NEW.{column} IS NOT OLD.{column}" for column in columns)
    when = f" WHEN {differs}" if differs else ""
    # the old note goes first, so that the new one has the highest number there ever was
    forget = f"DELETE FROM touched WHERE slug = {slug}"  # noqa: S608 - our own words
    note = f"touched (slug) VALUES ({slug})"
    op.execute(
        f"CREATE TRIGGER touched_by_{table}_{deed.lower()} AFTER {deed} ON {table}{when}"
        f" BEGIN {forget}; INSERT INTO {note}; END"
    )
