"""``newsletter subscribers``: the people on the lists."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress as suppress_error
from itertools import islice
from pathlib import Path
from typing import Any

import click

from newsletter.app import App
from newsletter.cli.shell import (
    OPERATOR,
    Shell,
    actor,
    as_json,
    by_whom,
    in_workspace,
    print_json,
    say,
)
from newsletter.cli.waiting import counted
from newsletter.domain.audience import Entry, SuppressedEntry, SuppressionReason, parse_address
from newsletter.domain.errors import Fault, InvalidInput, NotFound
from newsletter.domain.statement import Role
from newsletter.ports import Readers
from newsletter.sources.exported import ExportFile
from newsletter.sources.subscribers import AUTO, KINDS, SubscribersFile, read_people

COLUMNS = ("email", "name", "lists", "language", "timezone", "consent_source", "consent_at")
_CHUNK = 1_000


@click.group()
def subscribers() -> None:
    """Import, export, look at, suppress and forget people."""


@subscribers.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Check the file, change nothing.")
@click.option(
    "--format",
    "kind",
    type=click.Choice(KINDS),
    default=AUTO,
    show_default=True,
    help="What wrote the file; found by its columns.",
)
@click.option(
    "--list",
    "lists",
    metavar="NAME",
    multiple=True,
    help="Where the people of another tool's export go; may be given several times.",
)
@as_json
@in_workspace
def import_file(
    shell: Shell, file: Path, dry_run: bool, kind: str, lists: tuple[str, ...], as_json: bool
) -> None:
    """Import a file of ours, or what another tool exported.

    YAML or CSV; all of it, or nothing. Names every bad line. Never re-subscribes anybody: who
    left a list stays away from it. Who left the other tool, bounced or complained there is
    suppressed here.
    """
    with counted("reading") as progress:
        read = read_people(file, kind=kind, lists=lists, progress=progress)
    with shell.app() as app:
        outcome = _import(app, read, file, rehearse=dry_run)
    for note in read.notes:
        say(note)
    if as_json:
        print_json(outcome | ({"skipped": read.skipped} if isinstance(read, ExportFile) else {}))
    else:
        say(_told(outcome) + ("; nothing was changed" if dry_run else ""))


def _told(outcome: Mapping[str, int]) -> str:
    told = f"{outcome['new']:,} new, {outcome['known']:,} known"
    told += f", {outcome['suppressed']:,} newly suppressed"
    if outcome["refused"]:
        told += f"; suppressed here and not taken: {outcome['refused']:,}"
    if outcome["left"]:
        told += f"; left a list here and stay away from it: {outcome['left']:,}"
    return told


class _Rehearsed(Exception):
    """Rolls a transaction back."""


def _import(
    app: App, read: SubscribersFile | ExportFile, file: Path, *, rehearse: bool
) -> dict[str, int]:
    outcome = {"refused": 0, "left": 0}
    now = app.clock.now()
    with suppress_error(_Rehearsed), counted("writing") as progress, app.store.begin() as tx:
        welcome = _welcome(progress.each(read.entries), tx.readers, outcome)
        new, known = tx.readers.upsert(welcome, now)
        suppressed = tx.readers.suppress(read.suppressed, now, f"import of {file.name}")
        outcome = {"new": new, "known": known, "suppressed": suppressed, **outcome}
        if rehearse:
            raise _Rehearsed
        detail = f"{new} new, {known} known, {suppressed} suppressed"
        tx.audit.enter(at=now, actor=OPERATOR, action="import", subject=file.name, detail=detail)
    return outcome


def _welcome(
    entries: Iterable[Entry], readers: Readers, outcome: dict[str, int]
) -> Iterator[Entry]:
    """Those who are not suppressed here; who was erased is not even written down again."""
    waiting = iter(entries)
    while chunk := list(islice(waiting, _CHUNK)):
        refused = readers.suppressed_among([entry.address for entry in chunk])
        outcome["refused"] += len(refused)
        outcome["left"] += len(readers.left_among(chunk))
        yield from (entry for entry in chunk if entry.address not in refused)


@subscribers.command()
@in_workspace
def export(shell: Shell) -> None:
    """Print all subscribers as CSV, in the form that import reads.

    Suppressed people stand in it without their lists, so that no import writes to them.
    """
    out = io.StringIO()
    with shell.app() as app, app.store.read() as tx:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(COLUMNS)
        for person, consent_json in tx.readers.all():
            consent = json.loads(consent_json)
            writer.writerow(
                [
                    person.address,
                    person.name,
                    "" if person.suppressed else ";".join(person.lists),
                    person.language,
                    person.timezone,
                    consent.get("source") or "",
                    consent.get("at") or "",
                ]
            )
            if out.tell() > 1 << 16:
                click.echo(out.getvalue(), nl=False)
                out.seek(0)
                out.truncate()
    click.echo(out.getvalue(), nl=False)


@subscribers.command()
@click.argument("address")
@as_json
@in_workspace
def show(shell: Shell, address: str, as_json: bool) -> None:
    """Show one subscriber."""
    with shell.app() as app, app.store.read() as tx:
        person = tx.readers.find(_address(address))
        reason = tx.readers.suppressed(_address(address))
    if person is None and reason is None:
        raise NotFound(f"{address} is not a subscriber")
    shown: dict[str, Any] = {
        "email": person.address if person else address,
        "name": person.name if person else "",
        "lists": list(person.lists) if person else [],
        "language": person.language if person else "",
        "timezone": person.timezone if person else "",
        "suppressed": reason.value if reason else None,
    }
    if as_json:
        print_json(shown)
    else:
        for key, value in shown.items():
            click.echo(f"{key + ':':<12} {', '.join(value) if isinstance(value, list) else value}")


@subscribers.command()
@click.argument("address")
@by_whom
@in_workspace
def suppress(shell: Shell, address: str, by: str | None) -> None:
    """Never send to an address again."""
    entry = SuppressedEntry(address=_address(address), reason=SuppressionReason.MANUAL)
    with shell.app() as app:
        who = actor(app, by, Role.SENDER, "suppress")
        with app.store.begin() as tx:
            added = tx.readers.suppress([entry], app.clock.now(), f"by {who}")
            tx.audit.enter(
                at=app.clock.now(), actor=who, action="suppress", subject="subscriber", detail=""
            )
    say(f"{address} is suppressed" + ("" if added else ", as it was before"))


@subscribers.command()
@click.argument("address")
@by_whom
@in_workspace
def forget(shell: Shell, address: str, by: str | None) -> None:
    """Erase a person, and never write to them again.

    A keyed hash of the address stays, so that no import brings it back.
    """
    with shell.app() as app:
        who = actor(app, by, Role.ADMIN, "forget")
        with app.store.begin() as tx:
            known = tx.readers.forget(_address(address), app.clock.now())
            tx.audit.enter(
                at=app.clock.now(), actor=who, action="forget", subject="subscriber", detail=""
            )
    say(f"{address} is erased" if known else f"{address} was not a subscriber; it is blocked now")


def _address(text: str) -> str:
    try:
        return parse_address(text)
    except ValueError as error:
        raise InvalidInput([Fault(file="address", message=str(error))]) from error
