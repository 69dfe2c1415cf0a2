"""Formats log lines so that outsiders can neither forge a line nor fill the disk."""

import json
import logging
import re
import sys
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

_MAX_LINE_CHARS = 2_000
_MAX_TRACEBACK_LINES = 60
_WINDOW_SECONDS, _MAX_LINES_IN_WINDOW = 60.0, 10
_REQUEST_LOGGERS = ("uvicorn.error", "asyncio")
"""Loggers of libraries whose lines requests may cause."""


def limited(kind: str) -> Mapping[str, object]:
    """Return the ``extra`` of a line that outsiders may cause: ten of a kind per minute are logged.

    ``kind`` is a constant, never text of the request.
    """
    return {"limited": kind}


class LineFormatter(logging.Formatter):
    """Formats a record as one line of printable characters with its time in UTC.

    Other characters, such as terminal escapes, are written as Python escapes.
    """

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S+00:00"
    default_msec_format = ""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Return the line without traceback."""
        return _printable(super().formatMessage(record))

    def formatException(
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None]
        | tuple[None, None, None],
    ) -> str:
        """Return the traceback, indented so that no line looks like a record."""
        lines = super().formatException(ei).split("\n")[-_MAX_TRACEBACK_LINES:]
        return "\n".join(f"    {_printable(line)}" for line in lines)


class JsonFormatter(LineFormatter):
    """Formats a record as one JSON object, with each ``name=value`` as a field."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the JSON object on one line, with the traceback as a string."""
        line = _fields(record) | {
            "time": self.formatTime(record),
            "level": record.levelname,
            "logger": record.name,
            "message": _printable(record.getMessage()),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


_PLACEHOLDER_PATTERN = re.compile(r"(?:\b(\w+)=)?%[-.\d]*[a-z]")


def _fields(record: logging.LogRecord) -> dict[str, object]:
    values = record.args if isinstance(record.args, tuple) else ()
    names = _PLACEHOLDER_PATTERN.findall(str(record.msg))
    if len(names) != len(values):
        return {}
    return {
        name: _printable(value) if isinstance(value, str) else value
        for name, value in zip(names, values, strict=True)
        if name
    }


def _printable(text: str) -> str:
    if len(text) > _MAX_LINE_CHARS:
        text = f"{text[:_MAX_LINE_CHARS]}… ({len(text):,} characters)"
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)


class RateFilter(logging.Filter):
    """Passes ten lines of a kind each minute, and counts the others."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._now = now
        self._kinds: dict[str, tuple[float, int]] = {}
        """Kind → (start of its current minute, number of lines since)."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether to write a line. The first of a minute says how many were left out."""
        kind = getattr(record, "limited", "")
        if record.name in _REQUEST_LOGGERS:
            kind = f"{record.name} {record.levelname}"
        if not kind:
            return True
        now = self._now()
        began_at, count = self._kinds.get(kind, (now, 0))
        if now - began_at >= _WINDOW_SECONDS:
            if count > _MAX_LINES_IN_WINDOW:
                left_out = count - _MAX_LINES_IN_WINDOW
                record.msg = f"{record.getMessage()} (and {left_out:,} like it before)"
                record.args = None
            began_at, count = now, 0
        self._kinds[kind] = (began_at, count + 1)
        return count < _MAX_LINES_IN_WINDOW


def log_sentence(sentence: str, level: int = logging.INFO) -> bool:
    """Log a sentence for people if the log is JSON; return whether it is."""
    handlers = logging.getLogger().handlers
    is_json = any(isinstance(handler.formatter, JsonFormatter) for handler in handlers)
    if is_json:
        logging.getLogger("newsletter").log(level, "%s", sentence)
    return is_json


def set_up(level: int, *, as_json: bool = False) -> None:
    """Write the log to standard error: our records from ``level`` on, warnings of libraries."""
    handler: logging.StreamHandler[Any] = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if as_json else LineFormatter())
    handler.addFilter(RateFilter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("newsletter").setLevel(level)
    # the scheduler and the workers log these errors themselves
    for library in ("apscheduler", "procrastinate", "psycopg.pool"):
        logging.getLogger(library).setLevel(logging.CRITICAL)
