"""The workspace, options and output that all commands share."""

import functools
import json
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from newsletter.config import environment
from newsletter.config.loading import FILE_NAME, find_workspace, load
from newsletter.config.settings import Settings
from newsletter.domain.errors import Fault, InvalidConfiguration, InvalidInput
from newsletter.domain.staff.audit import OPERATOR_NAME
from newsletter.domain.subscribers.address import fold, parse_address
from newsletter.pipeline.ledger import find_slug
from newsletter.runtime.log_lines import log_sentence
from newsletter.runtime.services import Services, open_workspace
from newsletter.store.sql import Store


@dataclass(frozen=True, kw_only=True)
class Shell:
    """The workspace that a command works on."""

    workspace: str | None = None

    @property
    def folder(self) -> Path:
        """Return the workspace's folder. Raises InvalidConfiguration if it has no settings."""
        if not self.workspace:
            return find_workspace(Path.cwd())
        folder = Path(self.workspace)
        if not (folder / FILE_NAME).exists():
            message = "does not exist; correct --workspace, or make one with: newsletter init DIR"
            raise InvalidConfiguration.at(str(folder / FILE_NAME), message)
        return folder

    def settings(self) -> Settings:
        """Return the settings in newsletter.yaml. Raises InvalidConfiguration."""
        return load(self.folder / FILE_NAME, environment())

    def services(self) -> AbstractContextManager[Services]:
        """Return the services of the workspace, for a ``with`` block, which closes them."""
        return open_workspace(self.folder, environment())


def in_workspace(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--workspace`` to a command, and pass it the shell as first argument."""

    @functools.wraps(command)
    def wrapped(*args: Any, workspace: str | None, **options: Any) -> Any:
        root_workspace = click.get_current_context().find_root().obj  # newsletter --workspace DIR …
        return command(Shell(workspace=workspace or root_workspace), *args, **options)

    option = click.option("--workspace", metavar="DIR", help="The folder with newsletter.yaml.")
    return option(wrapped)


POSITIVE = click.IntRange(1, (1 << 63) - 1)
"""The type of a number that the database can store."""
RUN_AGAIN = -1
"""The result with which a command asks to be run again, with the settings as they are now."""


def with_services(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--workspace`` to a command, and pass it the services as first argument."""

    @functools.wraps(command)
    def run_with_services(shell: Shell, *args: Any, **options: Any) -> Any:
        result: Any = RUN_AGAIN
        while result == RUN_AGAIN:
            with shell.services() as services:
                result = command(services, *args, **options)
        return result

    return in_workspace(run_with_services)


_MIN_HASH_DIGITS = 8


def _read_hash(_context: object, _option: object, text: str | None) -> str:
    digest = "".join((text or "").split())
    if text is not None and len(digest) < _MIN_HASH_DIGITS:  # also "", from an empty variable
        raise click.BadParameter(f"a content hash needs at least {_MIN_HASH_DIGITS} digits")
    return digest


seen_hash = click.option(
    "--digest",
    metavar="HASH",
    callback=_read_hash,
    help="The content hash that you have seen, or its beginning; refuse another one.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def limited(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--limit`` and ``--all`` to a command, and pass it ``most``; None means all."""

    @functools.wraps(command)
    def wrapped(*args: Any, limit: int, everything: bool, **options: Any) -> Any:
        return command(*args, most=None if everything else limit, **options)

    limit = click.option(
        "--limit",
        metavar="N",
        type=POSITIVE,
        default=50,  # a list may hold many years
        show_default=True,
        help="Show the newest N.",
    )
    return limit(click.option("--all", "everything", is_flag=True, help="Show all.")(wrapped))


def repeatable(
    flag: str, name: str, metavar: str, help_text: str, *, required: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add an option that may be given several times; the command gets a tuple."""
    text = f"{help_text}; repeatable."
    return click.option(flag, name, metavar=metavar, multiple=True, required=required, help=text)


def read_actor(_context: object, _option: object, text: str | None) -> str:
    """Return the folded address in ``--by``, or the operator."""
    if text is None:
        return OPERATOR_NAME
    try:
        return fold(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


by_whom = click.option(
    "--by", metavar="EMAIL", callback=read_actor, help="The person who does it, for the audit log."
)


def with_actor(command: Callable[..., Any]) -> Callable[..., Any]:
    """Pass a command the services and the actor in ``--by``. Each act checks the actor's role."""
    return by_whom(with_services(command))


def print_json(value: Any) -> None:
    """Print data as JSON on standard output. It may contain datetimes, enums and dataclasses."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=_json_default))


def _json_default(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    return value.isoformat() if isinstance(value, datetime) else asdict(value)


def pick(value: Any, *names: str) -> dict[str, Any]:
    """Return name → attribute of an object."""
    return {name: getattr(value, name) for name in names}


def address_argument(
    name: str = "address", metavar: str = "EMAIL"
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add an argument that is parsed as an email address. A wrong one raises InvalidInput."""

    def parsed(_context: click.Context, _option: click.Parameter, text: str) -> str:
        try:
            return parse_address(text)
        except ValueError as error:
            raise InvalidInput.at(metavar, str(error)) from error

    return click.argument(name, metavar=metavar, callback=parsed)


def say(message: str) -> None:
    """Print a message on standard error. If the log is JSON, log the message instead."""
    if not log_sentence(message):
        click.echo(message, err=True)


def report_hold(services: Services) -> str:
    """Print and return why sending is stopped; return "" if it is not stopped."""
    hold = "; ".join(services.delivery.guard().holds().values())
    if hold:
        say(f"sending is stopped: {hold}")
    return hold


_ESCAPES = {code: ascii(chr(code))[1:-1] for code in (*range(32), *range(127, 160))}
"""Code of a control character → its Python escape, which a terminal does not execute."""


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print a table without frames and without empty columns, each row as one line."""
    cells = [
        [in_words(cell).replace("\n", " ").translate(_ESCAPES) for cell in row] for row in rows
    ]
    indices = [at for at in range(len(columns)) if not cells or any(row[at] for row in cells)]
    lines = [[row[at] for at in indices] for row in (list(columns), *cells)]
    widths = [max(map(_width, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        padded = (
            cell + " " * (wide - _width(cell)) for cell, wide in zip(line, widths, strict=True)
        )
        click.echo("  ".join(padded).rstrip())


def print_rows(
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[str],
    *,
    as_json: bool,
    count: int = 0,
    write: Callable[[Mapping[str, Any]], Mapping[str, Any]] = dict,
) -> None:
    """Print rows as JSON, or some of their columns as a table.

    ``count`` is the number of all rows, if ``rows`` may be a part. ``write`` formats a row for the
    table.
    """
    if as_json:
        print_json(rows)
    else:
        print_table(columns, [[row.get(key) for key in columns] for row in map(write, rows)])
    if len(rows) < count:
        say(f"the newest {len(rows):,} of {count:,}; --limit N shows more, --all shows all")


def in_words(cell: Any) -> str:
    """Format a value for people: lists with commas, and yes and no for booleans."""
    if isinstance(cell, list | tuple):
        return ", ".join(map(in_words, cell))
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, Enum):
        return str(cell.value)
    return "" if cell is None else str(cell)


def statement_slug(store: Store, name: str, *, by_prefix: bool = False) -> str:
    """Resolve a slug or a campaign's number to a slug, as ``find_slug`` does."""
    with store.read() as tx:
        return find_slug(tx, name, by_prefix=by_prefix)


def _width(text: str) -> int:
    """Return the number of terminal columns of a text."""
    marks = sum(unicodedata.combining(char) != 0 for char in text)
    return len(text) - marks + sum(unicodedata.east_asian_width(char) in "WF" for char in text)


def wall_time(instant: datetime, zone: str) -> str:
    local = instant.astimezone(ZoneInfo(zone))
    seconds = f":{local:%S}" if local.second else ""
    return f"{local:%Y-%m-%d %H:%M}{seconds} ({zone})"


def hours_to_come(readers: int, next_at: datetime, last_at: datetime, zone: str) -> str:
    """Return how many readers wait for their local hour, and until when, in words."""
    wait = "1 reader waits for an hour" if readers == 1 else f"{readers:,} readers wait for an hour"
    last = "" if next_at == last_at else f", the last at {wall_time(last_at, zone)}"
    return f"{wait} of their own clocks: the next at {wall_time(next_at, zone)}{last}"


def override_in_words(override: Mapping[str, Any]) -> str:
    """Return the approver, warnings and reason of an approval despite warnings, as a phrase."""
    warnings, why = ", ".join(override["warnings"]), override["why"] or "no reason given"
    return f"{override['by']} despite {warnings}: {why}"


def show_faults(faults: Iterable[Fault]) -> None:
    """Print each fault on a line of its own, as ``say`` does."""
    for fault in faults:
        say(str(fault))
