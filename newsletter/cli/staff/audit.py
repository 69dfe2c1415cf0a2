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
from newsletter.domain.errors import Defect
from newsletter.domain.staff.audit import AuditHead


@click.group()
def audit() -> None:
    """Show who did what, and check that nobody changed the log."""


@audit.command()
@as_json
@limited
@in_workspace
def show(shell: Shell, as_json: bool, most: int | None) -> None:
    """Show the newest lines of the log, the last one at the end."""
    with shell.services() as services, services.store.read() as tx:
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
@click.option("--expect", metavar="HEAD", help="A last line that you noted before: NUMBER:DIGEST.")
@in_workspace
def verify(shell: Shell, expect: str | None) -> None:
    """Check that the log is what was written, and all of it.

    Prints the number and the digest of its last line. Note them somewhere else: with --expect they
    prove later that what the log said then still stands in it.
    """
    noted = _head(expect) if expect else None
    with shell.services() as services, services.store.read() as tx:
        head = tx.audit.verify()
        kept = noted is None or tx.audit.digest(noted.number) == noted.digest
    if noted is not None and not kept:
        raise Defect(f"line {noted.number} of the audit log is not the one that was noted")
    lines = "1 line" if head.number == 1 else f"{head.number:,} lines"
    say(f"{lines}, none changed, none missing{', and what was noted is there' if noted else ''}")
    click.echo(str(head))


def _head(said: str) -> AuditHead:
    number, _, digest = said.strip().partition(":")
    if not number.isascii() or not number.isdecimal() or not digest:
        raise click.BadParameter("write it as 'audit verify' printed it: NUMBER:DIGEST")
    return AuditHead(number=int(number), digest=digest)
