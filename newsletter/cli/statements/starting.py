"""``newsletter statement start``, ``undo`` and ``send-back``: what is decided beside approval."""

from datetime import datetime

import click

from newsletter.cli.shell import (
    Shell,
    actor,
    by_whom,
    in_workspace,
    say,
    statement_slug,
    version,
    wall_time,
)
from newsletter.cli.statements.times import instant_of
from newsletter.domain.statements.statement import Role
from newsletter.domain.wording import people
from newsletter.pipeline.campaigns.outlook import outlook
from newsletter.runtime.campaigns import Campaigns


@click.command()
@click.argument("slug")
@by_whom
@click.option(
    "--digest",
    metavar="VERSION",
    default="",
    help="The version that you have seen: refuse if it changed.",
)
@click.option(
    "--count",
    metavar="N",
    type=click.IntRange(min=0),
    help="How many people you expect: refuse if it is another number.",
)
@click.option("--at", metavar="TIME", help="YYYY-MM-DD HH:MM, in the set zone.")
@in_workspace
def start(
    shell: Shell, slug: str, by: str | None, digest: str, count: int | None, at: str | None
) -> None:
    """Send what is approved, where schedule.start is sender.

    Nothing leaves before the time to undo is over: 'newsletter statement undo' ends it.
    """
    from newsletter.pipeline.campaigns.start import Start

    with shell.services() as services:
        services.statements.refresh()
        slug = statement_slug(services.store, slug)
        asked = Start(
            slug=slug,
            by=actor(services.store, by, Role.SENDER, "start"),
            seen="".join(digest.split()),
            shown=count,
            at=instant_of(at, services.settings.timezone) if at else None,
        )
        go = services.campaigns.starter().start(asked)
        leaves = _leaves_at(services.campaigns, slug, go.at)
    say(f"{slug} is started: version {version(go.content_hash)} goes to {people(go.count)}")
    say(f"leaves at {leaves}; to undo: newsletter statement undo {slug}")


def _leaves_at(campaigns: Campaigns, slug: str, since: datetime) -> str:
    with campaigns.store.read() as tx:
        to_come = outlook(tx, slug, since, policy=campaigns.policy, times=campaigns.rules.times)
    at = to_come.leaves_at if to_come else since
    return wall_time(at.replace(microsecond=0), campaigns.settings.timezone)


@click.command()
@click.argument("slug")
@by_whom
@in_workspace
def undo(shell: Shell, slug: str, by: str | None) -> None:
    """Let a statement not go out after all, while nobody has it.

    Where approvals start it, they are taken back; where a sender does, it stays approved.
    """
    with shell.services() as services:
        slug = statement_slug(services.store, slug)
        who = actor(services.store, by, Role.APPROVER, "undo")
        approved = services.campaigns.starter().undo(slug, by=who)
    stays = "it stays approved" if approved else "it needs a new approval"
    say(f"{slug} is undone: nobody got it, and {stays}")


@click.command("send-back")
@click.argument("slug")
@click.option("--by", required=True, metavar="EMAIL", help="Who sends it back.")
@click.option("--reason", required=True, metavar="TEXT", help="What should change.")
@click.option(
    "--digest",
    metavar="VERSION",
    default="",
    help="The version that you have seen: refuse if it changed.",
)
@in_workspace
def send_back(shell: Shell, slug: str, by: str, reason: str, digest: str) -> None:
    """Send a statement back, saying what should change."""
    with shell.services() as services:
        services.statements.refresh()
        slug = statement_slug(services.store, slug)
        services.statements.send_back(slug, by=by, expect="".join(digest.split()), reason=reason)
    say(f"{slug} was sent back; it waits for its writers")
