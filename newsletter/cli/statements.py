"""``newsletter statement``: write, look at, approve and schedule statements."""

from datetime import datetime
from typing import Any

import click

from newsletter.app import App
from newsletter.cli.groups import Table
from newsletter.cli.languages import in_a_word, languages_of
from newsletter.cli.reviewing import approve, check
from newsletter.cli.shell import (
    Shell,
    actor,
    as_json,
    by_whom,
    for_others,
    in_workspace,
    limited,
    override_in_words,
    print_json,
    print_table,
    say,
    say_left_out,
    show_faults,
    wall_time,
)
from newsletter.domain.errors import Fault, InvalidInput, NotFound
from newsletter.domain.schedule import resolve
from newsletter.domain.statement import Role, Statement
from newsletter.pipeline.approve import revoke as take_back
from newsletter.pipeline.compare import changes
from newsletter.pipeline.ledger import find_statement, standing_of
from newsletter.pipeline.review import overrides
from newsletter.ports import StoredStatement, Transaction
from newsletter.sources.times import is_local
from newsletter.sources.writing import slugify, to_markdown, write_new


@click.group(cls=Table)
def statement() -> None:
    """Write, look at, approve and schedule statements."""


@statement.command("list")
@as_json
@limited
@in_workspace
def list_statements(shell: Shell, as_json: bool, most: int | None) -> None:
    """Show statements and where each stands, the newest ones."""
    with shell.app() as app:
        faults = app.refresh()
        with app.store.read() as tx:
            newest = sorted(tx.statements.newest(most), key=lambda one: one.statement.slug)
            rows = [_describe(tx, app, one) for one in newest]
            count = tx.statements.count()
    show_faults(faults)
    if as_json:
        print_json(rows)
    else:
        keys = ("slug", "title", "translation_of", "standing", "campaign", "digest")
        print_table(keys, [[*(row[key] for key in keys[:-1]), row["digest"][:12]] for row in rows])
    say_left_out(len(rows), count)


@statement.command()
@click.argument("slug")
@as_json
@in_workspace
def show(shell: Shell, slug: str, as_json: bool) -> None:
    """Show one statement, its approvals and what it still needs."""
    with shell.app() as app:
        faults = app.refresh()
        with app.store.read() as tx:
            stored = tx.statements.get(slug)
            if stored is None or not stored.present:
                show_faults(faults)
                raise NotFound(f"there is no statement {slug!r}; 'statement list' shows them")
            row = _describe(tx, app, stored)
    if as_json:
        print_json(row)
        return
    for key, value in row.items():
        shown = "; ".join(map(override_in_words, value)) if key == "despite" else value
        click.echo(f"{key + ':':<14} {shown}")
    click.echo(f"\n{stored.statement.body}")


def _describe(tx: Transaction, app: App, stored: StoredStatement) -> dict[str, Any]:
    standing = standing_of(tx, stored, app.policy)
    campaign = tx.campaigns.latest(stored.statement.slug)
    return {
        "slug": stored.statement.slug,
        "title": stored.statement.title,
        "file": stored.statement.origin,
        "digest": stored.digest,
        "standing": in_a_word(stored, standing, app),
        "approved_by": [yes.by for yes in standing.counted],
        "despite": overrides(standing.counted),
        "reasons": list(standing.reasons),
        "lists": list(stored.statement.lists),
        "segment": str(stored.statement.segment or ""),
        "send_at": _said_time(stored.statement),
        "corrects": stored.statement.corrects,
        **languages_of(tx, stored, campaign),
        "notes": list(stored.statement.notes),
        "campaign": f"{campaign.id} {campaign.state.value}" if campaign else "",
    }


def _said_time(statement: Statement) -> str:
    """The time that its file says."""
    if statement.send_at is not None:
        return statement.send_at.isoformat(sep=" ", timespec="minutes")
    return str(statement.local_time or "")


@statement.command()
@click.argument("title")
@click.option("--author", default="", metavar="EMAIL", help="Who writes it.")
@in_workspace
def new(shell: Shell, title: str, author: str) -> None:
    """Begin a statement: writes statements/SLUG.md."""
    with shell.app() as app:
        text = to_markdown(
            title=title,
            body="Write the statement here, in Markdown.",
            date=app.clock.now().date(),
            author=author,
        )
        path = app.settings.statements_folder / f"{slugify(title)}.md"
        with for_others(app):
            write_new(path, text)
    click.echo(str(path))


statement.later(
    "import",
    "newsletter.cli.importing:import_files",  # it reads Word files and pages
    "Make statements of .docx, HTML, Markdown or plain text. Says all it leaves out or guesses.",
)
statement.add_command(check)


@statement.command()
@click.argument("slug")
@in_workspace
def diff(shell: Shell, slug: str) -> None:
    """Show what changed for readers since the last approval."""
    with shell.app() as app:
        app.refresh()
        with app.store.read() as tx:
            lines = changes(tx, find_statement(tx, slug))
    for line in lines:
        click.echo(line)


statement.add_command(approve)


@statement.command()
@click.argument("slug")
@click.option("--by", required=True, metavar="EMAIL", help="Who takes their yes back.")
@in_workspace
def revoke(shell: Shell, slug: str, by: str) -> None:
    """Take one's yes back; an admin takes back everybody's."""
    with shell.app() as app:
        taken = take_back(slug, by=by, store=app.store, clock=app.clock)
    say(f"{taken} approval{'' if taken == 1 else 's'} of {slug} taken back")


@statement.command()
@click.argument("slug")
@click.option("--at", required=True, metavar="TIME", help="YYYY-MM-DD HH:MM, in the set zone.")
@by_whom
@in_workspace
def schedule(shell: Shell, slug: str, at: str, by: str | None) -> None:
    """Set when a statement goes out, over what its file says."""
    with shell.app() as app:
        app.refresh()
        when = _instant(at, app.settings.timezone)
        app.hand(actor(app, by, Role.SENDER, "schedule")).schedule(slug, when)
        time = wall_time(when, app.settings.timezone)
    say(f"{slug} goes out at {time}, once it is approved")


def _instant(text: str, zone: str) -> datetime:
    if is_local(text):
        message = (
            f"{text!r} is a time by each reader's own clock, and --at sets one moment for all;"
            " write send_at: 09:00 local into the statement's file instead, and take back what"
            " --at has set with 'newsletter statement unschedule'"
        )
        raise InvalidInput([Fault(file="--at", message=message)])
    try:
        wall = datetime.fromisoformat(text)
    except ValueError as error:
        why = "" if "isoformat" in str(error) else f" ({error})"
        message = f"{text!r} is not a time{why}; write it like 2026-11-24 14:00"
        raise InvalidInput([Fault(file="--at", message=message)]) from error
    try:
        return resolve(wall, zone)
    except ValueError as error:
        raise InvalidInput([Fault(file="--at", message=str(error))]) from error


@statement.command()
@click.argument("slug")
@by_whom
@in_workspace
def unschedule(shell: Shell, slug: str, by: str | None) -> None:
    """Go back to the time that the statement's file says."""
    with shell.app() as app:
        app.hand(actor(app, by, Role.SENDER, "schedule")).schedule(slug, None)
    say(f"{slug} goes out when its file says")
