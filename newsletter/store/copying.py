"""Copies all rows of a database into a new one. Either may be SQLite or PostgreSQL."""

from contextlib import nullcontext
from datetime import datetime

from newsletter.domain.errors import Defect, NotFound, Refused
from newsletter.store.database import Backend
from newsletter.store.file.copies import hold_sending, last_numbers
from newsletter.store.schema import create, table_names

_COMPUTED_COLUMNS = {"batch.first", "batch.last", "archive_text.found", "subscriber.sought"}


def copy(
    source: Backend, target: Backend, *, at: datetime, is_move: bool = False
) -> dict[str, int]:
    """Copy all rows into another database; return table → number of copied rows.

    Nothing is sent from the copy until a person resumes sending. The copy uses no number of a link
    again. Raises NotFound if there is no source, and Refused if the target has tables. With
    ``is_move``, also Refused if another process has the source open.
    """
    if source.is_missing():
        raise NotFound(f"there is no database at {source.name}")
    if not target.is_missing():
        raise Refused(
            f"{target.name} is there already; name an empty database, or a file that is not there"
        )
    counts = {}
    writer_lock = source.block_writers() if is_move else nullcontext(lambda: None)
    with (
        writer_lock as check,
        source.transaction(is_read_only=True) as old,
        target.transaction() as new,
    ):
        # triggers would note each row as a change
        triggers = create(target, new, without_triggers=True)
        for table in table_names():
            new.change(f"DELETE FROM {table}")
            rows = old.driver.stream(f"SELECT * FROM {table}", {})
            names = [column[0] for column in rows.description]
            columns = [name for name in names if f"{table}.{name}" not in _COMPUTED_COLUMNS]
            values = (
                {name: value for name, value in zip(names, row, strict=True) if name in columns}
                for row in rows
            )
            counts[table] = new.insert_all(table, values)
            if new.value(f"SELECT COUNT(*) FROM {table}") != counts[table]:
                raise Defect(f"not all rows of {table} were copied; nothing was changed")
        for statement in triggers:
            new.change(statement)
        new.driver.follow(old.driver)
        reason = f"copied on {at:%Y-%m-%d %H:%M} UTC from {source.name}"
        hold_sending(new, reason, last_numbers(old.driver), at)
        check()
    return counts
