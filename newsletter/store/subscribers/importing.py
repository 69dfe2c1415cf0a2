"""The import of people: they are staged in temporary tables, then written by a few statements."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib.resources import files
from operator import attrgetter
from typing import Any

from newsletter.domain.subscribers.address import AddressHash
from newsletter.domain.subscribers.audience import (
    MAX_EXAMPLES,
    NOTED_FIELDS,
    Consent,
    Entry,
    ImportResult,
    SkippedPeople,
    SuppressionReason,
)
from newsletter.domain.subscribers.search import Origin
from newsletter.store.database import Database, as_stored
from newsletter.store.schema import split_script
from newsletter.store.subscribers.choices import consent_json

_STAGING_TABLES = tuple(
    split_script(files("newsletter.store.subscribers").joinpath("staging.sql").read_text("utf-8"))
)
"""The statements that create the temporary tables of an import."""


# CROSS JOIN below: SQLite would begin with all subscriptions of a list, or all suppressions
OPTIONAL_COLUMNS = ("name", "language", "timezone", *NOTED_FIELDS)
"""Columns of a subscriber that an empty value in the file leaves unchanged."""
PackedPerson = tuple[Any, ...]
"""A person of a file: the values of ``_PACKED_COLUMNS``, then lists and tags as in ``_Choice``."""
_PACKED_COLUMNS = (
    *("address_hash", "stands_at", "address", "consent", "paused_until"),
    *OPTIONAL_COLUMNS,
)
_Choice = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], tuple[str, ...]]
"""Lists, lists that the person left, tags, and tags to remove."""
_values_of = attrgetter(*OPTIONAL_COLUMNS, "lists", "left", "tags", "remove_tags")


def pack(
    hash_address: AddressHash, position: str, entry: Entry, agreed: Consent | None = None
) -> PackedPerson:
    """Return a person as staged, which takes a quarter of the memory.

    ``agreed`` is the consent of a person for whom the file gives none.
    """
    *optional, lists, left, tags, removed = _values_of(entry)
    return (
        *(hash_address(entry.address), position, entry.address),
        *(consent_json(entry.consent or agreed), as_stored(entry.paused_until), *optional),
        (lists, left, tags, removed),
    )


@contextmanager
def staged_people(db: Database, people: Iterable[PackedPerson]) -> Iterator[None]:
    """Stage people during the block. Each may be staged only once."""
    for table in _STAGING_TABLES:
        db.change(table)
    _stage(db, people)
    yield
    for name in re.findall(r"EXISTS (\w+)", "".join(_STAGING_TABLES)):
        db.change(f"DELETE FROM {name}")


def _stage(db: Database, people: Iterable[PackedPerson]) -> None:
    choices: dict[_Choice, int] = {}
    lists: dict[str, int] = {}
    add = db.driver.add_rows  # of tuples: a dictionary a row would take as long as the statement
    add(
        "staged_person",
        ("no", "choice_no", *_PACKED_COLUMNS),
        (
            (no, choices.setdefault(person[-1], len(choices) + 1), *person[:-1])
            for no, person in enumerate(people, start=1)
        ),
    )
    add(
        "staged_subscription",
        ("choice_no", "list_no", "state"),
        (
            (no, lists.setdefault(name, len(lists) + 1), state)
            for (joined, left, _, _), no in choices.items()
            for state, names in (("confirmed", joined), ("ended", left))
            for name in dict.fromkeys(names)
        ),
    )
    add("staged_list", ("no", "name"), ((no, name) for name, no in lists.items()))
    add(
        "staged_tag",
        ("choice_no", "name", "removed"),
        (
            (no, name, int(name in removed))
            for (_, _, tags, removed), no in choices.items()
            for name in dict.fromkeys((*tags, *removed))
        ),
    )


_HAS_LEFT = "left"
"""``staged_away.why`` of known people who unsubscribed from a list that the file names."""
_IS_NOT_SUPPRESSED = f"""
    NOT EXISTS (SELECT 1 FROM staged_away AS away
        WHERE away.person_no = person.no AND away.why <> '{_HAS_LEFT}')
"""
_IS_NEW = "NOT EXISTS (SELECT 1 FROM staged_number AS known WHERE known.person_no = person.no)"
_KNOWN_PEOPLE = """
    staged_number AS known JOIN staged_person AS person ON person.no = known.person_no
    JOIN subscriber ON subscriber.id = known.subscriber_id
"""
_TAGS_TO_REMOVE = """
    staged_number AS known CROSS JOIN staged_tag CROSS JOIN tag
    WHERE staged_tag.choice_no = known.choice_no AND staged_tag.removed = 1
        AND tag.name = staged_tag.name AND tag.subscriber_id = known.subscriber_id
"""
_IS_CHANGED = " OR ".join(
    (
        *(f"person.{name} NOT IN ('', subscriber.{name})" for name in OPTIONAL_COLUMNS),
        "(subscriber.consent = '{}' AND person.consent <> '{}')",
        # a later pause; without one in the file this is NULL
        "person.paused_until > COALESCE(subscriber.paused_until, person.paused_until - 1)",
    )
)
"""A condition: the import changes columns of the subscriber."""
_SELECT_ENDING = """
    SELECT subscription.list_id, subscription.subscriber_id
    FROM staged_person AS person CROSS JOIN staged_subscription AS named
    JOIN staged_list ON staged_list.no = named.list_no
    JOIN subscriber ON subscriber.address_hash = person.address_hash
    JOIN list ON list.name = staged_list.name
    CROSS JOIN subscription
    WHERE subscription.list_id = list.id AND subscription.subscriber_id = subscriber.id
        AND named.choice_no = person.choice_no AND named.state = 'ended'
        AND subscription.state <> 'ended'
"""
"""A query of the subscriptions that the file ends, also of suppressed people."""


def _stage_known(db: Database) -> None:
    db.change(
        "INSERT INTO staged_number (person_no, choice_no, subscriber_id)"
        " SELECT person.no, person.choice_no, subscriber.id FROM staged_person AS person"
        " JOIN subscriber ON subscriber.address_hash = person.address_hash"
        f" WHERE {_IS_NOT_SUPPRESSED} AND {_IS_NEW}"
    )


def count_changes(db: Database, import_id: int | None = None) -> ImportResult:
    db.change(
        "INSERT INTO staged_away (person_no, why)"
        " SELECT person.no, suppression.reason FROM staged_person AS person CROSS JOIN suppression"
        " WHERE suppression.address_hash = person.address_hash"
        # except by this import or an interrupted one of the same file
        " AND NOT EXISTS (SELECT 1 FROM import JOIN import AS this USING (sha256)"
        " WHERE this.id = :import_id AND import.id = suppression.import_id"
        " AND import.at <= suppression.at"
        " AND import.finished_at IS NULL AND import.undone_at IS NULL)",
        import_id=import_id,
    )
    # an old file may name subscribers by a former address
    db.change(
        "INSERT INTO staged_away (person_no, why) SELECT person.no, 'unsubscribed'"
        " FROM staged_person AS person WHERE EXISTS (SELECT 1 FROM address_history AS former"
        " WHERE former.address_hash = person.address_hash) AND NOT EXISTS (SELECT 1"
        " FROM subscriber WHERE subscriber.address_hash = person.address_hash)"
        " ON CONFLICT DO NOTHING"
    )
    _stage_known(db)
    db.change(_STAGE_UNSUBSCRIBED)
    [(accepted, new)] = db.rows(
        f"SELECT COUNT(*), COUNT(*) FILTER (WHERE {_IS_NEW})"
        f" FROM staged_person AS person WHERE {_IS_NOT_SUPPRESSED}"
    )
    away: dict[str, list[tuple[str, str]]] = {}
    for why, *person in db.rows(
        "SELECT away.why, person.stands_at, person.address FROM staged_away AS away"
        " JOIN staged_person AS person ON person.no = away.person_no ORDER BY person.no"
    ):
        away.setdefault(why, []).append((person[0], person[1]))
    refused = {
        why: SkippedPeople(people=len(all), first=tuple(all[:MAX_EXAMPLES]))
        for why, all in away.items()
    }
    return ImportResult(
        new=new,
        known=accepted - new,
        left=refused.pop(_HAS_LEFT, SkippedPeople()),
        refused={SuppressionReason(why): each for why, each in refused.items()},
        changed=db.value(_COUNT_CHANGED),
        joined=dict(db.rows(_COUNT_JOINED)),
        ended=db.value(f"SELECT COUNT(*) FROM ({_SELECT_ENDING}) AS ending"),
    )


_STAGE_UNSUBSCRIBED = f"""
    INSERT INTO staged_away (person_no, why)
    SELECT DISTINCT known.person_no, '{_HAS_LEFT}'
    FROM staged_number AS known CROSS JOIN staged_subscription AS named
    JOIN staged_list ON staged_list.no = named.list_no
    JOIN list ON list.name = staged_list.name
    CROSS JOIN subscription
    WHERE subscription.list_id = list.id AND subscription.subscriber_id = known.subscriber_id
        AND named.choice_no = known.choice_no AND named.state = 'confirmed'
        AND subscription.state = 'ended'
"""
_COUNT_CHANGED = f"""
    SELECT COUNT(*) FROM (
        SELECT subscriber.id FROM {_KNOWN_PEOPLE} WHERE {_IS_CHANGED}
        UNION
        SELECT known.subscriber_id FROM staged_number AS known CROSS JOIN staged_tag
        WHERE staged_tag.choice_no = known.choice_no AND (staged_tag.removed = 1) = EXISTS (
            SELECT 1 FROM tag
            WHERE tag.name = staged_tag.name AND tag.subscriber_id = known.subscriber_id)
    ) AS changed
"""
_COUNT_JOINED = f"""
    SELECT staged_list.name, COUNT(*)
    FROM staged_person AS person CROSS JOIN staged_subscription AS named
    JOIN staged_list ON staged_list.no = named.list_no
    LEFT JOIN staged_number AS known ON known.person_no = person.no
    LEFT JOIN list ON list.name = staged_list.name
    WHERE named.choice_no = person.choice_no AND named.state = 'confirmed'
        AND {_IS_NOT_SUPPRESSED}
        AND NOT EXISTS (
            SELECT 1 FROM subscription
            WHERE subscription.list_id = list.id
                AND subscription.subscriber_id = known.subscriber_id)
    GROUP BY staged_list.no, staged_list.name
    ORDER BY staged_list.name
"""


def import_people(db: Database, at: datetime, origin: Origin, import_id: int | None = None) -> None:
    """Add or update the staged people, their subscriptions and their tags."""
    if import_id is not None:
        _note_changes(db, import_id)
    _add_people(db, at, origin, import_id)
    _stage_known(db)
    _stage_list_ids(db, import_id)
    db.change(
        "UPDATE subscription SET state = 'ended', changed_at = :at, import_id = :import_id"
        f" WHERE (list_id, subscriber_id) IN ({_SELECT_ENDING})",
        at=at,
        import_id=import_id,
    )
    # ended subscriptions stay ended
    db.change(
        """
        INSERT INTO subscription (list_id, subscriber_id, state, changed_at, import_id)
        SELECT staged_list.list_id, known.subscriber_id, named.state, :at, :import_id
        FROM staged_number AS known CROSS JOIN staged_subscription AS named
        JOIN staged_list ON staged_list.no = named.list_no
        WHERE named.choice_no = known.choice_no
        ORDER BY named.list_no, known.person_no, named.state
        ON CONFLICT DO NOTHING
        """,
        at=at,
        import_id=import_id,
    )
    db.change(
        "DELETE FROM tag WHERE (name, subscriber_id) IN"
        f" (SELECT tag.name, tag.subscriber_id FROM {_TAGS_TO_REMOVE})"
    )
    db.change(
        """
        INSERT INTO tag (name, subscriber_id, import_id)
        SELECT staged_tag.name, known.subscriber_id, :import_id
        FROM staged_number AS known CROSS JOIN staged_tag
        WHERE staged_tag.choice_no = known.choice_no AND staged_tag.removed = 0
        ORDER BY staged_tag.name, known.person_no
        ON CONFLICT DO NOTHING
        """,
        import_id=import_id,
    )


def _note_changes(db: Database, import_id: int) -> None:
    """Store the rows that the import will change, so that it can be undone."""
    db.change(
        f"""
        WITH lost AS (
            SELECT tag.subscriber_id,
                /*sqlite*/ json_group_array(tag.name) AS tags
                /*postgres CAST(json_agg(tag.name) AS text) AS tags */
            FROM {_TAGS_TO_REMOVE} GROUP BY tag.subscriber_id)
        INSERT INTO import_change (import_id, subscriber_id, {", ".join(OPTIONAL_COLUMNS)}, consent,
            paused_until, last_import, removed_tags)
        SELECT :import_id, subscriber.id,
            {", ".join(f"subscriber.{name}" for name in OPTIONAL_COLUMNS)}, subscriber.consent,
            subscriber.paused_until, subscriber.last_import, COALESCE(lost.tags, '[]')
        FROM {_KNOWN_PEOPLE} LEFT JOIN lost ON lost.subscriber_id = subscriber.id
        WHERE {_IS_CHANGED} OR lost.tags IS NOT NULL
        ON CONFLICT DO NOTHING
        """,
        import_id=import_id,
    )


def _add_people(db: Database, at: datetime, origin: Origin, import_id: int | None) -> None:
    assignments = ", ".join(
        f"{name} = COALESCE(NULLIF(excluded.{name}, ''), subscriber.{name})"
        for name in OPTIONAL_COLUMNS
    )
    # consent is proof: the first one stays
    db.change(
        f"""
        INSERT INTO subscriber (address, address_hash, {", ".join(OPTIONAL_COLUMNS)}, consent,
            paused_until, added_at, origin, import_id, last_import)
        SELECT person.address, person.address_hash,
            {", ".join(f"person.{name}" for name in OPTIONAL_COLUMNS)}, person.consent,
            person.paused_until, :at, :origin, :import_id, :import_id
        FROM staged_person AS person WHERE {_IS_NOT_SUPPRESSED} ORDER BY person.no
        ON CONFLICT (address_hash) DO UPDATE SET {assignments},
            consent = COALESCE(NULLIF(subscriber.consent, '{{}}'), excluded.consent),
            paused_until = CASE
                WHEN excluded.paused_until
                    > COALESCE(subscriber.paused_until, excluded.paused_until - 1)
                THEN excluded.paused_until ELSE subscriber.paused_until END,
            last_import = COALESCE(excluded.last_import, subscriber.last_import)
        """,
        at=at,
        origin=origin,
        import_id=import_id,
    )


def _stage_list_ids(db: Database, import_id: int | None) -> None:
    """Stage the id of each list. Create a new list only if it gets a subscriber."""
    db.change(
        """
        INSERT INTO list (name, import_id)
        SELECT name, :import_id FROM staged_list WHERE EXISTS (
            SELECT 1 FROM staged_subscription AS named
            JOIN staged_number AS known ON known.choice_no = named.choice_no
            WHERE named.list_no = staged_list.no)
        ORDER BY no ON CONFLICT DO NOTHING
        """,
        import_id=import_id,
    )
    db.change(
        "UPDATE staged_list"
        " SET list_id = (SELECT list.id FROM list WHERE list.name = staged_list.name)"
    )
