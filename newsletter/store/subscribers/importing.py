"""Imports staged people and suppressed addresses by a few statements."""

from collections.abc import Callable, Iterable
from datetime import datetime

from newsletter.domain.subscribers.audience import SuppressedEntry, SuppressionReason
from newsletter.store.database import Condition, Database

LEFT = "left"
"""The reason of people who have left a list here."""
_IS_ACCEPTED = f"""
    NOT EXISTS (SELECT 1 FROM staged_away AS away
        WHERE away.person_no = person.no AND away.why <> '{LEFT}')
"""
"""The person is not suppressed here."""
_IS_NEW = "NOT EXISTS (SELECT 1 FROM staged_number AS known WHERE known.person_no = person.no)"
_KNOWN_PEOPLE = """
    staged_number AS known JOIN staged_person AS person ON person.no = known.person_no
    JOIN subscriber ON subscriber.id = known.subscriber_id
"""
_KEPT = ("name", "language", "timezone", "place")
"""Columns that an empty value in a file does not change."""
_DIFFERS = " OR ".join(
    (
        *(f"person.{name} NOT IN ('', subscriber.{name})" for name in _KEPT),
        "(subscriber.consent = '{}' AND person.consent <> '{}')",
        # a file without a pause ends none: NULL is never greater
        "person.paused_until > COALESCE(subscriber.paused_until, person.paused_until - 1)",
    )
)
"""The entry would change the subscriber."""
_ENDING = """
    SELECT subscription.list_id, subscription.subscriber_id
    FROM staged_subscription AS named
    JOIN staged_list ON staged_list.no = named.list_no
    JOIN staged_person AS person ON person.no = named.person_no
    JOIN subscriber ON subscriber.address_hash = person.address_hash
    JOIN list ON list.name = staged_list.name
    JOIN subscription ON subscription.list_id = list.id
        AND subscription.subscriber_id = subscriber.id
    WHERE named.state = 'ended' AND subscription.state <> 'ended'
"""
"""Subscriptions that the file says have ended, also of suppressed people."""


def suppress(
    db: Database,
    entries: Iterable[SuppressedEntry],
    hash_address: Callable[[str], bytes],
    at: datetime,
    origin: str,
) -> int:
    """Suppress addresses; return how many were not suppressed before.

    A reason stays unless the new one replaces it.
    """
    rows = [
        {
            "address_hash": hash_address(entry.address),
            "address": entry.address,
            "reason": entry.reason,
            "origin": origin,
            "at": at,
            "lighter": [reason.value for reason in entry.reason.replaces],
        }
        for entry in entries
    ]
    added = db.each(
        "INSERT INTO suppression (address_hash, address, reason, origin, at)"
        " VALUES (:address_hash, :address, :reason, :origin, :at) ON CONFLICT DO NOTHING",
        rows,
    )
    db.each(
        "UPDATE suppression SET reason = :reason, origin = :origin, import_id = NULL"
        " WHERE address_hash = :address_hash"
        " AND reason IN (SELECT value FROM json_each(:lighter))",
        (row for row in rows if row["lighter"]),
    )
    return added


def bring_in_suppressions(db: Database, at: datetime, import_id: int, origin: str) -> None:
    """Suppress the staged addresses, under the number of an import."""
    db.change(
        "INSERT INTO suppression (address_hash, address, reason, origin, at, import_id)"
        " SELECT address_hash, address, reason, :origin, :at, :import_id"
        " FROM staged_suppression ORDER BY no ON CONFLICT DO NOTHING",
        origin=origin,
        at=at,
        import_id=import_id,
    )
    for reason in (each for each in SuppressionReason if each.replaces):
        db.change(
            "UPDATE suppression SET reason = :reason, origin = :origin, import_id = :import_id"
            " WHERE reason IN (SELECT value FROM json_each(:lighter)) AND address_hash IN"
            " (SELECT address_hash FROM staged_suppression WHERE reason = :reason)",
            reason=reason,
            lighter=[lighter.value for lighter in reason.replaces],
            origin=origin,
            import_id=import_id,
        )


def weigh_suppressions(db: Database) -> int:
    """Return how many of the staged addresses are not suppressed yet."""
    return int(
        db.value(
            "SELECT COUNT(DISTINCT address_hash) FROM staged_suppression AS entry WHERE NOT EXISTS"
            " (SELECT 1 FROM suppression WHERE suppression.address_hash = entry.address_hash)"
        )
    )


def note_known(db: Database) -> None:
    """Note the ids of staged people who are subscribers."""
    db.change(
        "INSERT INTO staged_number (person_no, subscriber_id)"
        " SELECT person.no, subscriber.id FROM staged_person AS person"
        " JOIN subscriber ON subscriber.address_hash = person.address_hash"
        f" WHERE {_IS_ACCEPTED} AND {_IS_NEW}"
    )


def weigh(db: Database) -> tuple[int, int]:
    """Return how many staged people are new, and how many entries are of known ones."""
    entries = db.value(f"SELECT COUNT(*) FROM staged_person AS person WHERE {_IS_ACCEPTED}")
    # a file may name a new person twice
    new = db.value(
        "SELECT COUNT(DISTINCT address_hash) FROM staged_person AS person"
        f" WHERE {_IS_ACCEPTED} AND {_IS_NEW}"
    )
    return new, entries - new


def count_changed(db: Database) -> int:
    """Return how many known people the file would change."""
    return int(
        db.value(
            f"""
            SELECT COUNT(*) FROM (
                SELECT subscriber.id FROM {_KNOWN_PEOPLE} WHERE {_DIFFERS}
                UNION
                SELECT known.subscriber_id FROM staged_tag
                JOIN staged_number AS known ON known.person_no = staged_tag.person_no
                WHERE NOT EXISTS (
                    SELECT 1 FROM tag
                    WHERE tag.name = staged_tag.name AND tag.subscriber_id = known.subscriber_id)
            ) AS changed
            """
        )
    )


def count_joined(db: Database) -> dict[str, int]:
    """Return list → how many staged people would join it."""
    return dict(
        db.rows(
            f"""
            SELECT staged_list.name, COUNT(*)
            FROM staged_subscription AS named
            JOIN staged_list ON staged_list.no = named.list_no
            LEFT JOIN staged_number AS known ON known.person_no = named.person_no
            LEFT JOIN list ON list.name = staged_list.name
            WHERE named.state = 'confirmed'
                AND NOT EXISTS (
                    SELECT 1 FROM staged_away AS away
                    WHERE away.person_no = named.person_no AND away.why <> '{LEFT}')
                AND NOT EXISTS (
                    SELECT 1 FROM subscription
                    WHERE subscription.list_id = list.id
                        AND subscription.subscriber_id = known.subscriber_id)
            GROUP BY staged_list.no
            ORDER BY staged_list.name
            """
        )
    )


def count_ended(db: Database) -> int:
    """Return how many subscriptions the file would end."""
    return int(db.value(f"SELECT COUNT(*) FROM ({_ENDING}) AS ending"))


def bring_in(db: Database, at: datetime, import_id: int | None = None) -> None:
    """Add or update the staged people, their subscriptions and their tags."""
    if import_id is not None:
        _note_changes(db, import_id)
    _add_people(db, at, import_id)
    note_known(db)
    _number_lists(db, import_id)
    db.change(
        "UPDATE subscription SET state = 'ended', changed_at = :at, import_id = :import_id"
        f" WHERE (list_id, subscriber_id) IN ({_ENDING})",
        at=at,
        import_id=import_id,
    )
    # a subscription that ended stays ended, whatever a file says
    db.change(
        """
        INSERT INTO subscription (list_id, subscriber_id, state, changed_at, import_id)
        SELECT staged_list.list_id, known.subscriber_id, named.state, :at, :import_id
        FROM staged_subscription AS named
        JOIN staged_list ON staged_list.no = named.list_no
        JOIN staged_number AS known ON known.person_no = named.person_no
        ORDER BY named.list_no, named.person_no, named.state
        ON CONFLICT DO NOTHING
        """,
        at=at,
        import_id=import_id,
    )
    db.change(
        """
        INSERT INTO tag (name, subscriber_id, import_id)
        SELECT staged_tag.name, known.subscriber_id, :import_id
        FROM staged_tag JOIN staged_number AS known ON known.person_no = staged_tag.person_no
        ORDER BY staged_tag.name, staged_tag.person_no
        ON CONFLICT DO NOTHING
        """,
        import_id=import_id,
    )


def _note_changes(db: Database, import_id: int) -> None:
    """Store the values that the import will change, so that it can be undone."""
    db.change(
        f"""
        INSERT INTO import_change (import_id, subscriber_id, name, language, timezone, place,
            consent, paused_until, last_import)
        SELECT :import_id, subscriber.id, subscriber.name, subscriber.language,
            subscriber.timezone, subscriber.place, subscriber.consent, subscriber.paused_until,
            subscriber.last_import
        FROM {_KNOWN_PEOPLE} WHERE {_DIFFERS} ORDER BY subscriber.id
        ON CONFLICT DO NOTHING
        """,
        import_id=import_id,
    )


def _add_people(db: Database, at: datetime, import_id: int | None) -> None:
    repeated = db.column(
        """
        SELECT no FROM (
            SELECT no, ROW_NUMBER() OVER (PARTITION BY address_hash ORDER BY no) AS mention
            FROM staged_person
        ) AS mentions WHERE mention > 1 ORDER BY no
        """
    )
    kept = ", ".join(
        f"{name} = COALESCE(NULLIF(excluded.{name}, ''), subscriber.{name})" for name in _KEPT
    )
    first = Condition(
        "person.no NOT IN (SELECT CAST(value AS BIGINT) FROM json_each(:repeated))",
        {"repeated": repeated},
    )
    # PostgreSQL changes no row twice in one statement: repeated people are added one by one
    for who in (first, *(Condition("person.no = :no", {"no": no}) for no in repeated)):
        db.change(
            f"""
            INSERT INTO subscriber (address, address_hash, name, language, timezone, place,
                consent, paused_until, added_at, import_id, last_import)
            SELECT person.address, person.address_hash, person.name, person.language,
                person.timezone, person.place, person.consent, person.paused_until,
                :at, :import_id, :import_id
            FROM staged_person AS person WHERE {_IS_ACCEPTED} AND {who} ORDER BY person.no
            ON CONFLICT (address_hash) DO UPDATE SET {kept},
                -- consent is proof: the first that is known stays
                consent = COALESCE(NULLIF(subscriber.consent, '{{}}'), excluded.consent),
                paused_until = CASE
                    WHEN excluded.paused_until
                        > COALESCE(subscriber.paused_until, excluded.paused_until - 1)
                    THEN excluded.paused_until ELSE subscriber.paused_until END,
                last_import = COALESCE(excluded.last_import, subscriber.last_import)
            """,
            who,
            at=at,
            import_id=import_id,
        )


def _number_lists(db: Database, import_id: int | None) -> None:
    """Note the id of each list; create a new list if a person of it is imported."""
    db.change(
        """
        INSERT INTO list (name, import_id)
        SELECT name, :import_id FROM staged_list WHERE EXISTS (
            SELECT 1 FROM staged_subscription AS named
            JOIN staged_number AS known ON known.person_no = named.person_no
            WHERE named.list_no = staged_list.no)
        ORDER BY no ON CONFLICT DO NOTHING
        """,
        import_id=import_id,
    )
    db.change(
        "UPDATE staged_list"
        " SET list_id = (SELECT list.id FROM list WHERE list.name = staged_list.name)"
    )
