"""``newsletter audit``: who did what."""

import click

from newsletter.cli.shell import (
    Shell,
    as_json,
    in_workspace,
    limited,
    print_json,
    print_table,
    say,
    say_left_out,
)


@click.group()
def audit() -> None:
    """Show who did what, and check that nobody changed the log."""


@audit.command()
@as_json
@limited
@in_workspace
def show(shell: Shell, as_json: bool, most: int | None) -> None:
    """Show the newest lines of the log, the last one at the end."""
    with shell.app() as app, app.store.read() as tx:
        lines, count = tx.audit.newest(most)[::-1], tx.audit.count()
    rows = [
        {
            "number": line.number,
            "at": line.at.isoformat(timespec="seconds"),
            "actor": line.actor,
            "action": line.action,
            "subject": line.subject,
            "detail": line.detail,
        }
        for line in lines
    ]
    if as_json:
        print_json(rows)
    else:
        keys = ("number", "at", "actor", "action", "subject", "detail")
        print_table(keys, [[row[key] for key in keys] for row in rows])
    say_left_out(len(rows), count)


@audit.command()
@in_workspace
def verify(shell: Shell) -> None:
    """Check that each line of the log is what was written."""
    with shell.app() as app, app.store.read() as tx:
        length = tx.audit.verify()
    lines = "1 line" if length == 1 else f"{length:,} lines"
    say(f"{lines}, none changed, none missing between them")
