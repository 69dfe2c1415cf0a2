"""An import is taken back: who is left alone, and what is removed or restored.

It works on the whole of an import by a few statements, whose work lies in SQLite's own temporary
file: memory does not grow with the import.
"""

from sqlalchemy import Connection, text

from newsletter.domain.subscribers.audience import Undone

_TABLES = """
CREATE TEMPORARY TABLE IF NOT EXISTS undo_person (
    id INTEGER PRIMARY KEY,
    why TEXT NOT NULL
) STRICT
"""

# Of an import that was undone meanwhile nothing is left that would have to be respected.
_MARK = """
INSERT INTO undo_person (id, why)
SELECT id, CASE
    WHEN acted_after >= :number OR EXISTS (
        SELECT 1 FROM transactional_email WHERE subscriber_id = subscriber.id
    ) THEN 'acted'
    WHEN last_import > :number AND EXISTS (
        SELECT 1 FROM import AS later
        WHERE later.id > :number AND later.id <= subscriber.last_import
          AND later.undone_at IS NULL
    ) THEN 'later'
    WHEN id IN (
        SELECT CAST(member.value AS BIGINT) FROM batch CROSS JOIN json_each(batch.members) AS member
        WHERE batch.attempts > 0 AND (batch.claimed_at IS NULL OR batch.claimed_at >= :at)
        UNION ALL
        SELECT subscriber_id FROM delivery WHERE at >= :at
    ) THEN 'sent'
    ELSE ''
END
FROM subscriber
WHERE id IN (
    SELECT id FROM subscriber WHERE import_id = :number
    UNION ALL
    SELECT subscriber_id FROM import_change WHERE import_id = :number
    UNION ALL
    SELECT subscriber_id FROM subscription WHERE import_id = :number AND state <> 'ended'
    UNION ALL
    SELECT subscriber_id FROM tag WHERE import_id = :number
)
"""

_FREE = "(SELECT id FROM undo_person WHERE why = '')"

# What ended stays ended: an undo never re-subscribes.
_UNSUBSCRIBE = f"""
DELETE FROM subscription
WHERE import_id = :number AND state <> 'ended' AND subscriber_id IN {_FREE}
"""

_UNTAG = f"DELETE FROM tag WHERE import_id = :number AND subscriber_id IN {_FREE}"

# With last_import, by which no trigger takes it for an act of the person's.
_RESTORE = f"""
UPDATE subscriber
SET name = before.name, language = before.language, timezone = before.timezone,
    place = before.place, consent = before.consent, paused_until = before.paused_until,
    last_import = before.last_import
FROM import_change AS before
WHERE before.import_id = :number AND before.subscriber_id = subscriber.id
  AND subscriber.id IN {_FREE}
"""

_REMOVE = f"""
DELETE FROM subscriber
WHERE import_id = :number AND id IN {_FREE}
  AND NOT EXISTS (SELECT 1 FROM subscription WHERE subscriber_id = subscriber.id)
"""

_FORGET = """
DELETE FROM import_change WHERE import_id = :number
"""

_CLOSE_LISTS = """
DELETE FROM list
WHERE import_id = :number AND NOT EXISTS (SELECT 1 FROM subscription WHERE list_id = list.id)
"""


def undo(connection: Connection, number: int, at: int) -> Undone:
    """Take back what the import of this number, of this moment in milliseconds, did."""
    values = {"number": number, "at": at}

    def do(statement: str) -> int:
        return connection.execute(text(statement), values).rowcount

    def count(query: str) -> int:
        return int(connection.scalar(text(query), values) or 0)

    def staying(why: str) -> int:
        return int(
            connection.scalar(
                text("SELECT count(*) FROM undo_person WHERE why = :why"), {"why": why}
            )
            or 0
        )

    connection.execute(text(_TABLES))
    connection.execute(text("DELETE FROM undo_person"))
    do(_MARK)
    ended = do(_UNSUBSCRIBE)
    do(_UNTAG)
    restored, removed = do(_RESTORE), do(_REMOVE)
    do(_FORGET)
    do(_CLOSE_LISTS)
    undone = Undone(
        removed=removed,
        restored=restored,
        ended=ended,
        acted=staying("acted"),
        later=staying("later"),
        sent=staying("sent"),
        left=count(
            "SELECT count(*) FROM subscriber JOIN undo_person USING (id)"
            " WHERE import_id = :number AND why = ''"
        ),
        suppressed=count("SELECT count(*) FROM suppression WHERE import_id = :number"),
        departures=count("SELECT ended FROM import WHERE id = :number"),
    )
    connection.execute(text("DELETE FROM undo_person"))
    return undone
