"""Where the steps begin. A new database is made whole, from ``store/schema``, and takes none."""

revision = "0012"
down_revision = None
