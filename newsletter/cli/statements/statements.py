"""``newsletter statement``: write, look at, approve and schedule statements."""

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from newsletter.cli.groups import Table
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
    statement_slug,
    version,
    wall_time,
)
from newsletter.cli.statements import starting
from newsletter.cli.statements.reviewing import approve, check, in_a_word, languages_of
from newsletter.cli.statements.times import instant_of
from newsletter.domain.campaigns.campaign import CampaignState
from newsletter.domain.errors import NotFound, Refused
from newsletter.domain.statements.statement import Progress, Role, Statement, StoredStatement
from newsletter.pipeline.ledger import find_statement, is_draft, standing_of
from newsletter.pipeline.naming import statement_named
from newsletter.pipeline.statements.approve import revoke as take_back
from newsletter.pipeline.statements.render import changes
from newsletter.pipeline.statements.review import overrides
from newsletter.runtime.statements import Statements
from newsletter.sources.writing import hand_in, slugify, to_markdown, write_new
from newsletter.store.sql import Transaction


@click.group(cls=Table)
def statement() -> None:
    """Write, look at, approve and schedule statements."""


@statement.command("list")
@as_json
@limited
@in_workspace
def list_statements(shell: Shell, as_json: bool, most: int | None) -> None:
    """Show statements and where each stands, the newest ones."""
    with shell.services() as services:
        faults = services.statements.refresh()
        with services.store.read() as tx:
            newest = sorted(tx.statements.newest(most), key=lambda one: one.statement.slug)
            rows = [_describe(tx, services.statements, one) for one in newest]
            count = tx.statements.count()
    show_faults(faults)
    if as_json:
        print_json(rows)
    else:
        keys = ("slug", "title", "translation_of", "standing", "campaign")
        shown = [[*(_shown(key, row[key]) for key in keys), version(row["digest"])] for row in rows]
        print_table([*keys, "version"], shown)
    say_left_out(len(rows), count)


@statement.command()
@click.argument("slug")
@as_json
@in_workspace
def show(shell: Shell, slug: str, as_json: bool) -> None:
    """Show one statement, its approvals and what it still needs."""
    with shell.services() as services:
        faults = services.statements.refresh()
        with services.store.read() as tx:
            stored = tx.statements.get(slug) or tx.statements.get(statement_named(tx, slug))
            if stored is None or not stored.present:
                show_faults(faults)
                raise NotFound(f"the file of {slug} is gone; 'newsletter statement list' shows all")
            named = {"slug": stored.statement.slug, "title": stored.statement.title}
            row = (
                named
                | _situation(tx, services.statements, stored)
                | _describe(tx, services.statements, stored)
            )
    if as_json:
        print_json(row)
        return
    for key, value in row.items():
        click.echo(f"{key + ':':<14} {_shown(key, value) or '–'}")
    click.echo(f"\n{stored.statement.body}")


def _shown(key: str, value: Any) -> str:
    """A value for people; empty where there is none."""
    if key == "campaign" and value.endswith(f" {CampaignState.ATTENTION.value}"):
        return f"{value.partition(' ')[0]} needs attention"
    if key == "despite":
        value = list(map(override_in_words, value))
    if isinstance(value, list):
        value = (", " if key in {"lists", "approved_by"} else "; ").join(value)
    return str(value or "")


def _describe(tx: Transaction, statements: Statements, stored: StoredStatement) -> dict[str, Any]:
    standing = standing_of(tx, stored, statements.policy)
    campaign = tx.campaigns.latest(stored.statement.slug)
    return {
        "slug": stored.statement.slug,
        "title": stored.statement.title,
        "file": stored.statement.origin,
        "digest": stored.content_hash,
        "status": stored.statement.progress.value,
        "standing": in_a_word(stored, standing, statements),
        "approved_by": [yes.by for yes in standing.given],
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


def _situation(tx: Transaction, statements: Statements, stored: StoredStatement) -> dict[str, str]:
    """Where it stands, as the desk's page of it says too."""
    from newsletter.pipeline.campaigns.facts import situation_of  # lists do without

    found = situation_of(tx, stored, statements.standpoint, statements.clock.now())
    following = found.next().removeprefix("Next: ")
    said = {"state": found.state.value, "where": found.where, "next": following}
    return said | {"beside": " ".join(found.notes)}


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
    with shell.services() as services:
        text = to_markdown(
            title=title,
            body="Write the statement here, in Markdown.",
            date=services.clock.now().date(),
            author=author,
        )
        path = services.settings.statements_folder / f"{slugify(title)}.md"
        with for_others(services.umask):
            write_new(path, text)
    click.echo(str(path))


statement.later(
    "import",
    "newsletter.cli.statements.importing:import_files",  # it reads Word files and pages
    "Make statements of Word, PDF, email, HTML or text files.",
)
statement.add_command(check)


@statement.command()
@click.argument("slug")
@in_workspace
def diff(shell: Shell, slug: str) -> None:
    """Show what changed for readers since the last approval."""
    with shell.services() as services:
        services.statements.refresh()
        with services.store.read() as tx:
            lines = changes(tx, find_statement(tx, statement_named(tx, slug)))
    for line in lines:
        click.echo(line)


@statement.command()
@click.argument("slug")
@by_whom
@in_workspace
def submit(shell: Shell, slug: str, by: str | None) -> None:
    """Hand a draft in for approval.

    Its file says status: review from then on.
    """
    with shell.services() as services:
        services.statements.refresh()
        who = actor(services.store, by, Role.WRITER, "submit")
        slug = statement_slug(services.store, slug)
        with services.store.read() as tx:
            found = find_statement(tx, slug).statement
        if found.progress is not Progress.DRAFT:
            raise Refused(f"{slug} is no draft: it says status: {found.progress.value} already")
        if found.desk:
            raise Refused(is_draft(found))
        hand_in(services.settings.resolve(Path(found.origin)), found.line_of("status"))
        services.statements.refresh()
        with services.store.begin() as tx:
            now = services.clock.now()
            tx.returns.close(slug, now)
            tx.audit.enter(at=now, actor=who, action="submit", subject=slug, detail="")
    say(f"{slug} waits for approval; 'newsletter statement approve {slug} --by EMAIL' approves it")


statement.add_command(approve)


@statement.command()
@click.argument("slug")
@click.option("--by", required=True, metavar="EMAIL", help="Who takes their yes back.")
@in_workspace
def revoke(shell: Shell, slug: str, by: str) -> None:
    """Take one's yes back; an admin takes back everybody's."""
    with shell.services() as services:
        slug = statement_slug(services.store, slug)
        taken = take_back(slug, by=by, store=services.store, clock=services.clock)
    say(f"{taken} approval{'' if taken == 1 else 's'} of {slug} taken back")


@statement.command()
@click.argument("slug")
@click.option("--at", required=True, metavar="TIME", help="YYYY-MM-DD HH:MM, in the set zone.")
@by_whom
@in_workspace
def schedule(shell: Shell, slug: str, at: str, by: str | None) -> None:
    """Set when a statement goes out, over what its file says."""
    with shell.services() as services:
        services.statements.refresh()
        when = instant_of(at, services.settings.timezone)
        slug = statement_slug(services.store, slug)
        _refuse_past(slug, when, services.statements)
        services.campaigns.hand(actor(services.store, by, Role.SENDER, "schedule")).schedule(
            slug, when
        )
        time = wall_time(when, services.settings.timezone)
    say(f"{slug} goes out at {time}, once it is approved")


def _refuse_past(slug: str, when: datetime, statements: Statements) -> None:
    now, zone = statements.clock.now(), statements.settings.timezone
    if when <= now:
        raise Refused(
            f"{wall_time(when, zone)} has passed; it is {wall_time(now, zone)} now. Write a later"
            f" time, or let it leave once it is approved: 'newsletter statement unschedule {slug}'"
        )


@statement.command()
@click.argument("slug")
@by_whom
@in_workspace
def unschedule(shell: Shell, slug: str, by: str | None) -> None:
    """Go back to the time that the statement's file says."""
    with shell.services() as services:
        slug = statement_slug(services.store, slug)
        services.campaigns.hand(actor(services.store, by, Role.SENDER, "schedule")).schedule(
            slug, None
        )
    say(f"{slug} goes out when its file says")


for _command in (starting.start, starting.undo, starting.send_back):
    statement.add_command(_command)
