"""Families: of which statement another one, or a campaign, is the translation."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Go one step forward."""
    for table, name in (("statement", "translation_of"), ("campaign", "translates")):
        op.add_column(
            table, sa.Column(name, sa.Text(), server_default=sa.text("''"), nullable=False)
        )
        op.create_index(f"ix_{table}_{name}", table, [name], sqlite_where=sa.text(f"{name} <> ''"))
    op.execute(
        "UPDATE statement SET translation_of ="
        " coalesce(json_extract(document, '$.translation_of'), '')"
    )
