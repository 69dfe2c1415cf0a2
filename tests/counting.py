"""What is asked of the database, counted: what must not grow with all that ever was."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event


@contextmanager
def counted() -> Iterator[Sequence[str]]:
    """The SQL statements of this process while the block lasts."""
    said: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        said.append(statement)

    log, handler = logging.getLogger("sql.newsletter"), _Noting(said)
    event.listen(Engine, "before_cursor_execute", note)
    log.setLevel(logging.DEBUG)
    log.addHandler(handler)
    try:
        yield said
    finally:
        event.remove(Engine, "before_cursor_execute", note)
        log.removeHandler(handler)
        log.setLevel(logging.NOTSET)


class _Noting(logging.Handler):
    def __init__(self, said: list[str]) -> None:
        super().__init__()
        self._said = said

    def emit(self, record: logging.LogRecord) -> None:
        self._said.append(" ".join(record.getMessage().split()))


class Anything(dict[str, object]):
    """A value for each parameter that a statement names, so that it can be explained."""

    def __missing__(self, name: str) -> object:
        return "[]"
