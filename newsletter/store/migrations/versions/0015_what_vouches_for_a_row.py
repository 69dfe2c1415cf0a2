"""What vouches for an approval, and when a hold ended that kept a letter back."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

WIDE = sa.Integer().with_variant(sa.BigInteger(), "postgresql")


def upgrade() -> None:
    """Go one step forward."""
    seal = sa.Column("seal", sa.Text(), nullable=False, server_default=sa.text("''"))
    op.add_column("approval", seal)
    held = sa.Column("held_until", WIDE, nullable=False, server_default=sa.text("0"))
    op.add_column("letter", held)
    op.create_index(
        "ix_letter_held", "letter", ["held_until"], sqlite_where=sa.text("held_until > 0")
    )
