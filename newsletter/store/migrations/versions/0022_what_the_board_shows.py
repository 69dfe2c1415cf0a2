"""What the board sorts statements by, comments, and the audit log by what it speaks of."""

import json
import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

WIDE = sa.Integer().with_variant(sa.BigInteger(), "postgresql")


def upgrade() -> None:
    """Go one step forward."""
    for name in ("progress", "writers", "sought"):
        column = sa.Column(name, sa.Text(), nullable=False, server_default=sa.text("''"))
        op.add_column("statement", column)
    _fill()
    op.create_table(
        "comment",
        sa.Column("id", WIDE, nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", WIDE, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False, server_default=sa.text("''")),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comment")),
        sqlite_strict=True,
    )
    op.create_index("ix_comment_slug", "comment", ["slug"])
    op.create_index("ix_audit_subject", "audit", ["subject", "number"])


def _fill() -> None:
    """What each statement is sorted by stands in its document."""
    connection = op.get_bind()
    rows = connection.execute(sa.text("SELECT slug, document FROM statement")).all()
    change = sa.text(
        "UPDATE statement SET progress = :progress, writers = :writers, sought = :sought"
        " WHERE slug = :slug"
    )
    for slug, document in rows:
        said = json.loads(document)
        author = said.get("author", "")
        values = {
            "slug": slug,
            "progress": said.get("progress", ""),
            "writers": f" {author} " if author else "",
            "sought": _sought(f"{said.get('title', '')} {slug}"),
        }
        connection.execute(change, values)


def _sought(words: str) -> str:
    plain = unicodedata.normalize("NFKD", words.casefold())
    return "".join(one for one in plain if not unicodedata.combining(one))
