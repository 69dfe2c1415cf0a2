"""Texts that are written at the desk, with their versions and their pictures."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"

WIDE = sa.Integer().with_variant(sa.BigInteger(), "postgresql")
EMPTY = sa.text("''")
NOUGHT = sa.text("0")
_TOUCHED = (
    "CREATE TRIGGER touched_by_draft_update AFTER UPDATE ON draft"
    " WHEN NEW.handed_in IS NOT OLD.handed_in OR NEW.taken_back IS NOT OLD.taken_back"
    " OR NEW.deleted_at IS NOT OLD.deleted_at"
    " BEGIN DELETE FROM touched WHERE slug = NEW.slug;"
    " INSERT INTO touched (slug) VALUES (NEW.slug); END"
)


def upgrade() -> None:
    """Go one step forward."""
    _drafts()
    _versions()
    _pictures()
    op.execute(_TOUCHED)


def _drafts() -> None:
    op.create_table(
        "draft",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False, server_default=EMPTY),
        sa.Column("copied_of", sa.Text(), nullable=False, server_default=EMPTY),
        sa.Column("found", sa.Text(), nullable=False, server_default=EMPTY),
        sa.Column("revision", WIDE, nullable=False),
        sa.Column("head", WIDE, nullable=False),
        sa.Column("handed_in", WIDE, nullable=True),
        sa.Column("taken_back", WIDE, nullable=False, server_default=NOUGHT),
        sa.Column("created_at", WIDE, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("changed_at", WIDE, nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("deleted_at", WIDE, nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_draft")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_draft_slug", "draft", ["slug"], unique=True, sqlite_where=sa.text("slug <> ''")
    )
    op.create_index(
        "ix_draft_changed_at", "draft", ["changed_at"], sqlite_where=sa.text("deleted_at IS NULL")
    )


def _versions() -> None:
    op.create_table(
        "version",
        sa.Column("number", WIDE, nullable=False),
        sa.Column("draft", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("writers", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("began_at", WIDE, nullable=False),
        sa.Column("at", WIDE, nullable=False),
        sa.Column("closed", WIDE, nullable=False, server_default=NOUGHT),
        sa.Column("handed_in_at", WIDE, nullable=True),
        sa.Column("handed_in_by", sa.Text(), nullable=False, server_default=EMPTY),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_version")),
        sa.ForeignKeyConstraint(["draft"], ["draft.key"], name=op.f("fk_version_draft")),
        sqlite_strict=True,
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_version_draft_number"), "version", ["draft", "number"])


def _pictures() -> None:
    op.create_table(
        "picture",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("draft", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("data", sa.BLOB(), nullable=False),
        sa.Column("width", WIDE, nullable=False),
        sa.Column("height", WIDE, nullable=False),
        sa.Column("alt", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", WIDE, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_picture")),
        sa.ForeignKeyConstraint(["draft"], ["draft.key"], name=op.f("fk_picture_draft")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_picture_draft_at"), "picture", ["draft", "at"])
