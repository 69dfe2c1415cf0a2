"""The steps for databases that there are, by Alembic: one file each, forward only."""
