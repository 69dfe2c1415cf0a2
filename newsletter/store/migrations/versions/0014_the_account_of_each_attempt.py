"""To which account at the provider each attempt went, and how long a replay may be under way."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

WIDE = sa.Integer().with_variant(sa.BigInteger(), "postgresql")


def upgrade() -> None:
    """Go one step forward. Of attempts made before nobody knows the account: it stays empty."""
    for table in ("batch", "letter"):
        op.add_column(
            table, sa.Column("account", sa.Text(), nullable=False, server_default=sa.text("''"))
        )
    op.add_column("batch", sa.Column("call_until", WIDE, nullable=True))
