"""Tables are called what the field calls them, and the hash of a content is a content hash."""

import re

from alembic import op

revision = "0024"
down_revision = "0023"

TABLES = {
    "epoch": "restore_guard",
    "familiar": "known_network",
    "go": "start",
    "letter": "transactional_email",
    "overruled": "circuit_breaker_override",
    "pace": "rate_limit",
    "receipt": "delivery_status",
    "roundup": "digest",
    "searchable": "archive_text",
    "signed": "webhook_token",
    "throttle": "sign_in_failure",
    "touched": "changed_statement",
}
HASHED = (
    "approval",
    "archive_text",
    "campaign",
    "comment",
    "content",
    "returned",
    "start",
    "statement",
)
_NEW = {**TABLES, "digest": "content_hash", "touched_by": "changed_by"}
_OLD = re.compile(r"(?<![a-z])(touched_by|" + "|".join([*TABLES, "digest"]) + r")(?![a-z])")
"""Between underscores too: indexes and triggers are called by their tables."""
_WORDS = (
    "CREATE VIRTUAL TABLE archive_words USING fts5(title, text, content='archive_text',"
    " content_rowid='id',"
    " tokenize=\"unicode61 remove_diacritics 2 categories 'L* N* Co Mn Mc'\")"
)


def upgrade() -> None:
    """Go one step forward."""
    connection = op.get_bind()
    # SQLite renames what an index or a trigger speaks of, but neither of the two itself
    found = connection.exec_driver_sql(
        "SELECT type, name, sql FROM sqlite_master"
        " WHERE type IN ('index', 'trigger') AND sql IS NOT NULL"
    ).all()
    around = [row for row in found if _OLD.search(row.sql)]
    for row in around:
        connection.exec_driver_sql(f"DROP {row.type} {row.name}")
    # it names its table in its own definition, which no renaming reaches: it is made anew below
    connection.exec_driver_sql("DROP TABLE searchable_words")
    for before, after in TABLES.items():
        connection.exec_driver_sql(f"ALTER TABLE {before} RENAME TO {after}")
    for table in HASHED:
        connection.exec_driver_sql(f"ALTER TABLE {table} RENAME COLUMN digest TO content_hash")
    for row in around:
        connection.exec_driver_sql(_OLD.sub(lambda word: _NEW[word[1]], row.sql))
    connection.exec_driver_sql(_WORDS)
    connection.exec_driver_sql("INSERT INTO archive_words (archive_words) VALUES ('rebuild')")
