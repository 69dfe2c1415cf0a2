"""The words of what went out, to be searched. The next look fills them in."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

WIDE = sa.Integer().with_variant(sa.BigInteger(), "postgresql")


def upgrade() -> None:
    """Go one step forward."""
    op.create_table(
        "searchable",
        sa.Column("id", WIDE, nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("slug", "digest", "language", "title", "text")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_searchable")),
        sa.UniqueConstraint("slug", name=op.f("uq_searchable_slug")),
        sqlite_strict=True,
    )
    # Marks belong to the letters that they stand on: without Mn and Mc, Hindi falls apart.
    op.execute(
        "CREATE VIRTUAL TABLE searchable_words USING fts5("
        "title, text, content='searchable', content_rowid='id',"
        " tokenize=\"unicode61 remove_diacritics 2 categories 'L* N* Co Mn Mc'\")"
    )
