"""``newsletter subscribers import``, ``imports``, ``undo-import`` and ``export``."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import click

from newsletter.cli import shell
from newsletter.domain.errors import InvalidInput
from newsletter.domain.subscribers import audience
from newsletter.domain.subscribers.search import SubscriberSearch, SubscriberState
from newsletter.pipeline.subscribers import imports
from newsletter.pipeline.subscribers.imports import undo
from newsletter.pipeline.subscribers.membership import require_list
from newsletter.runtime.services import Services
from newsletter.runtime.subscribers import Subscribers
from newsletter.store.sql import Transaction
from newsletter.subscriber_files import csv_files
from newsletter.subscriber_files.subscriber_file import SubscriberFile, pause_after
from newsletter.subscriber_files.subscribers import FORMAT_NAMES, PLAIN_FORMAT, read_people
from newsletter.subscriber_files.workbooks import as_table

_PROGRESS_ROWS = 100_000
"""Number of people between two messages of progress."""


def _progress_printer(what: str) -> Callable[[int], None]:
    """Return a callback that takes a count, and prints each multiple of ``_PROGRESS_ROWS``."""
    return lambda count: None if count % _PROGRESS_ROWS else shell.say(f"{what}: {count:,}")


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--dry-run", is_flag=True, help="Check the file and count the result; change nothing."
)
@click.option(
    "--format",
    "kind",
    type=click.Choice(FORMAT_NAMES),
    default=csv_files.AUTO_FORMAT,
    show_default=True,
    help="The tool that wrote the file; recognised by its columns.",
)
@shell.repeatable(
    "--list",
    "lists",
    "NAME",
    "The list for people from another tool or from a table without a column lists",
)
@click.option(
    "--create-list",
    "create_lists",
    is_flag=True,
    help="Create lists that are neither in the settings nor in the database.",
)
@shell.repeatable(
    "--column", "columns", 'OURS="HEADER"', 'The header of one of our columns, like email="E-Mail"'
)
@click.option(
    "--without",
    type=click.Choice(("unsubscribed", "cleaned")),
    multiple=True,
    help="Accept a Mailchimp export without this file.",
)
@shell.repeatable("--ignore-column", "ignored", "HEADER", "A column to ignore")
@click.option("--encoding", default="", help="The encoding of a table, like windows-1252.")
@click.option(
    "--omit-bad-rows", is_flag=True, help="Import a table without its bad rows, which are listed."
)
@shell.by_whom
@shell.as_json
@shell.in_workspace
def import_file(
    workspace: shell.Shell,
    file: Path,
    dry_run: bool,
    kind: str,
    lists: tuple[str, ...],
    create_lists: bool,
    columns: tuple[str, ...],
    without: tuple[str, ...],
    ignored: tuple[str, ...],
    encoding: str,
    omit_bad_rows: bool,
    by: str,
    as_json: bool,
) -> None:
    """Import a file of subscribers, ours or another tool's.

    YAML, CSV or a workbook (.xlsx, .ods); nothing if a line is bad. Columns may have the names of
    spreadsheets (First Name, E-mail address). Reports every bad line. A list that neither the
    settings nor the database know is refused without --create-list. An import never re-subscribes:
    a person who left a list stays away from it. A person who left, bounced or complained in the
    other tool is suppressed here. Each import has a number, with which undo-import reverses it.
    """
    instructions = csv_files.Instructions(
        kind=kind,
        lists=lists,
        encoding=encoding,
        without=without,
        headers=_parse_columns(columns),
        ignored=ignored,
        omits_bad_rows=omit_bad_rows,
    )
    read = read_people(as_table(file), instructions, progress=_progress_printer("checked"))
    with workspace.services() as services:
        result = import_people(
            services.subscribers,
            read,
            by=by,
            create_lists=create_lists,
            named_lists=lists,
            rehearse=dry_run,
        )
    left_out = [f"left out: {fault}" for fault in read.left_out]
    for note in (*read.notes, *left_out, *_notes(result)):
        shell.say(note)
    if as_json:
        skipped = {} if read.kind == PLAIN_FORMAT else {"skipped": read.skipped}
        left_out_rows = {"left_out": read.bad_rows} if read.bad_rows else {}
        shell.print_json(_import_data(result) | skipped | left_out_rows | {"sha256": read.sha256})
    else:
        number = result.number
        undo = f"import {number}: 'newsletter subscribers undo-import {number}' takes it back"
        shell.say(f"{_summary(result)}; {undo if number else 'nothing was changed'}")


def _parse_columns(columns: tuple[str, ...]) -> dict[str, str]:
    headers = {}
    for column in columns:
        name, equals, header = column.partition("=")
        name = csv_files.column_of(name)
        if not equals or not header.strip() or name not in csv_files.KNOWN_COLUMNS:
            known = ", ".join(csv_files.OUR_COLUMNS)
            message = f'{column!r} is not like email="E-Mail"; columns are {known}'
            raise InvalidInput.at("--column", message)
        headers[name] = header.strip()
    return headers


def _import_data(result: audience.ImportResult) -> dict[str, Any]:
    by_reason = {reason.value: group.people for reason, group in result.refused.items()}
    return {
        "import": result.number or None,
        **shell.pick(result, "new", "known", "changed"),
        "joined": sum(result.joined.values()),
        "lists": dict(result.joined),
        "new_lists": result.created,
        **shell.pick(result, "ended", "suppressed"),
        "refused": sum(by_reason.values()),
        "left": result.left.people,
        "refused_by_reason": by_reason,
    }


def _summary(result: audience.ImportResult) -> str:
    text = f"{result.new:,} new, {result.known:,} known, {result.suppressed:,} newly suppressed"
    if count := sum(group.people for group in result.refused.values()):
        text += f"; skipped, suppressed or erased here earlier: {count:,}"
    if result.left.people:
        text += f"; skipped, unsubscribed here earlier: {result.left.people:,}"
    return text


def _notes(result: audience.ImportResult) -> Iterator[str]:
    """Yield a sentence on each reason for skipping people, and on each change of a list."""
    reasons = [(reason.value, group) for reason, group in result.refused.items()]
    for reason, group in (*reasons, ("unsubscribed", result.left)):
        if group.people:
            first = ", ".join(f"{place} ({address})" for place, address in group.first)
            yield f"skipped: {group.people:,} {reason} here earlier, first at {first}"
    for name, people in result.joined.items():
        new = ", a new list" if name in result.created else ""
        yield f"joining {name}{new}: {people:,}"
    if result.changed:
        yield f"known people who change: {result.changed:,}"
    if result.ended:
        yield f"subscriptions that end, as the file says that they left: {result.ended:,}"


def import_people(
    subscribers: Subscribers,
    read: SubscriberFile,
    *,
    by: str,
    create_lists: bool = False,
    named_lists: Sequence[str] = (),
    rehearse: bool = False,
) -> audience.ImportResult:
    """Import a checked file, or rehearse the import. ``named_lists`` come from ``--list``."""
    plan = imports.ImportPlan(
        file=read.name,
        kind=read.kind,
        sha256=read.sha256,
        by=by,
        declared=subscribers.declared_lists,
        create_lists=create_lists,
        places={**read.lists, **dict.fromkeys(read.lists.keys() & named_lists, "--list")},
        bad_rows=read.bad_rows,
    )
    return imports.run_import(
        read.people,
        plan,
        store=subscribers.store,
        only_rehearse=rehearse,
        after_part=pause_after(_progress_printer("tried" if rehearse else "written")),
    )


@click.command("imports")
@shell.as_json
@shell.limited
@shell.with_services
def list_imports(services: Services, as_json: bool, most: int | None) -> None:
    """Show the imports, the newest ones, with what each brought."""
    with services.store.read() as tx:
        records, count = tx.imports.list_newest(most), tx.imports.count()
        zone = services.settings.timezone
    rows = [_import_row(record) for record in reversed(records)]
    columns = ("import", "at", "by", "file", "format", "new", "known", "joined", "skipped", "state")
    shell.print_rows(
        rows,
        columns,
        as_json=as_json,
        count=count,
        write=lambda row: {**row, "at": shell.wall_time(row["at"], zone)},
    )


def _import_row(record: audience.ImportRecord) -> dict[str, Any]:
    return {
        "import": record.id,
        "format": record.kind,
        "state": "undone" if record.undone_at else "done" if record.finished_at else "unfinished",
        **shell.pick(
            record, "at", "by", "file", "sha256", "new", "known", "changed", "joined", "ended"
        ),
        **shell.pick(record, "suppressed", "skipped", "undone_at", "undone_by"),
    }


@click.command("undo-import")
@click.argument("number", type=shell.POSITIVE)
@shell.as_json
@shell.with_actor
def undo_import(services: Services, number: int, by: str, as_json: bool) -> None:
    """Undo an import.

    Removes the people and subscriptions that it created, and restores the people that it changed. A
    person stays unchanged if they or the staff acted since, if a later import names them, or if a
    statement was sent to them. An undo re-subscribes no one and lifts no suppression.
    """
    undone = undo(number, by=by, store=services.store)
    if as_json:
        shell.print_json({"import": number} | vars(undone) | {"stay": undone.stay + undone.left})
        return
    for people, why in undone.reasons:
        shell.say(f"people who stay, {why}: {people:,}")
    if undone.suppressed:
        shell.say(f"addresses that stay suppressed: {undone.suppressed:,}")
    if undone.departures:
        shell.say(
            "subscriptions that stay ended, because an undo re-subscribes no one:"
            f" {undone.departures:,}"
        )
    shell.say(
        f"import {number} is undone; removed: {undone.removed:,} people, {undone.ended:,}"
        f" subscriptions; restored: {undone.restored:,} people"
    )


@click.command()
@click.option("--list", "list_name", metavar="NAME", default="", help="Only this list.")
@click.option("--bom", is_flag=True, help="Start with a byte order mark, for Excel.")
@shell.with_actor
def export(services: Services, list_name: str, bom: bool, by: str) -> None:
    """Print all people and suppressions as CSV for import.

    The file contains everything that an import can read: lists, also those that a person left,
    consent, places, tags, pauses and suppressions. A cell that a spreadsheet would take for a
    formula gets an apostrophe in front, which import removes. With --list: the people who are on it
    or left it, and no other list. In UTF-8.
    """
    erased, of_list = 0, SubscriberSearch(list=list_name)

    def find(tx: Transaction) -> tuple[csv_files.People, Iterable[audience.SuppressedEntry]]:
        nonlocal erased
        if not list_name:
            erased = tx.readers.count_erased()
            return tx.readers.stream(), tx.readers.stream_suppressions()
        require_list(tx, list_name, services.subscribers.declared_lists)
        left = tx.readers.stream(replace(of_list, state=SubscriberState.LEFT))
        return _only_list(list_name, chain(tx.readers.stream(of_list), left)), ()

    filters = [f"list: {list_name}"] if list_name else []
    for piece in services.subscribers.acts_of(by).export(find, filters, bom=bom):
        click.echo(piece, nl=False)  # in UTF-8 whatever the locale
    if erased:
        shell.say(f"left out: {erased:,} who were erased; no address of theirs is kept")


def _only_list(name: str, people: csv_files.People) -> Iterator[tuple[audience.Subscriber, str]]:
    for person, consent in people:
        lists, left = ((name,) if name in names else () for names in (person.lists, person.left))
        yield replace(person, lists=lists, left=left), consent
