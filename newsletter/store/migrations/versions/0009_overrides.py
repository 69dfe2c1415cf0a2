"""Approvals given over the warnings of a review: which ones, and why."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Go one step forward."""
    for name in ("despite", "warnings"):
        op.add_column(
            "approval", sa.Column(name, sa.Text(), nullable=False, server_default=sa.text("''"))
        )
