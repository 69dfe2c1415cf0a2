"""What may have arrived is unknown until it is known: nothing is queued for its provider alone."""

from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Go one step forward. What was queued in doubt is in doubt again."""
    op.execute(
        "UPDATE batch SET state = 'unknown', unknown = unknown + pending, pending = 0,"
        " fence = fence + 1, not_before = 0, lease_until = NULL,"
        " settled_at = coalesce(settled_at, claimed_at)"
        " WHERE state = 'queued' AND bound_to <> ''"
    )
    op.execute("UPDATE resolution SET way = 'replay' WHERE way = 'repeat'")
    op.drop_column("batch", "bound_to")
