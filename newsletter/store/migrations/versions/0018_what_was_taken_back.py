"""The lines of the audit log by which a yes was taken back are found by their statement."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Go one step forward."""
    op.create_index(
        "ix_audit_revoke", "audit", ["subject"], sqlite_where=sa.text("action = 'revoke'")
    )
