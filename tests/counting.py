"""Counts of queries, which must not grow with all history."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager


@contextmanager
def counted() -> Iterator[Sequence[str]]:
    """The SQL statements of this process while the block lasts."""
    log, handler = logging.getLogger("sql.newsletter"), _Noting()
    log.setLevel(logging.DEBUG)
    log.addHandler(handler)
    try:
        yield handler.said
    finally:
        log.removeHandler(handler)
        log.setLevel(logging.NOTSET)


class _Noting(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(" ".join(record.getMessage().split()))


class Anything(dict[str, object]):
    """A value for each parameter that a statement names, so that it can be explained."""

    def __missing__(self, name: str) -> object:
        return "[]"
