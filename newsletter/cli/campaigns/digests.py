"""``newsletter digest``: list, show, make and drop digest emails."""

from typing import Any

import click

from newsletter.cli import shell
from newsletter.pipeline.campaigns.build_digest import Forecast
from newsletter.runtime.campaigns import Campaigns
from newsletter.runtime.services import Services


@click.group()
def digest() -> None:
    """Digest emails of a week or a month."""


@digest.command("list")
@shell.as_json
@shell.with_services
def list_digests(services: Services, as_json: bool) -> None:
    """Show all digest emails, when each comes next, and its last issue."""
    rows = [
        _digest_row(services.campaigns, services.campaigns.digest_builder.forecast(digest.name))
        for digest in services.campaigns.digests
    ]
    if not rows and not as_json:
        shell.say("no digest email is configured; docs/configuration.md says how, under 'digests'")
        return
    shell.print_rows(rows, ("name", "title", "rhythm", "next", "lists", "last"), as_json=as_json)


def _digest_row(campaigns: Campaigns, forecast: Forecast) -> dict[str, Any]:
    settings = forecast.digest
    return {
        "name": settings.name,
        "title": settings.title,
        "rhythm": str(settings.recurrence),
        "next": shell.wall_time(forecast.coming, campaigns.settings.timezone),
        "lists": list(settings.lists),
        "gathers": list(settings.gathers),
        "last": forecast.made[-1].slug if forecast.made else "",
    }


@digest.command()
@click.argument("name")
@shell.as_json
@shell.with_services
def show(services: Services, name: str, as_json: bool) -> None:
    """Show when one comes next, and what it would gather now."""
    forecast = services.campaigns.digest_builder.forecast(name)
    row = _digest_row(services.campaigns, forecast)
    row["would_gather"] = [{"slug": part.slug, "title": part.title} for part in forecast.parts]
    row["issues"] = [{"slug": each.slug, "parts": list(each.parts)} for each in forecast.made]
    if as_json:
        shell.print_json(row)
        return
    for key in ("title", "rhythm", "next", "lists", "gathers"):
        click.echo(f"{key + ':':<14} {shell.in_words(row[key])}")
    click.echo(f"\nwould gather now: {len(forecast.parts) or 'nothing'}")
    for part in forecast.parts:
        click.echo(f"  {part.slug}: {part.title}")
    for issue in forecast.made:
        click.echo(f"\n{issue.slug}: {', '.join(issue.parts)}")


@digest.command()
@click.argument("name")
@shell.with_actor
def make(services: Services, name: str, by: str) -> int:
    """Make today's issue now. It waits for approval like any other statement."""
    issue, summary = services.campaigns.digest_builder.make(name, by)
    faults = [fault for fault in services.statements.refresh() if issue.slug in fault.file]
    shell.say(summary)
    shell.show_faults(faults)
    click.echo(issue.slug)
    return 3 if faults else 0


@digest.command()
@click.argument("slug")
@shell.with_actor
def drop(services: Services, slug: str, by: str) -> None:
    """Drop an issue that has not begun to be sent.

    The next issue gathers its statements again.
    """
    dropped = services.campaigns.digest_builder.drop(slug, by)
    services.statements.refresh()
    shell.say(f"{dropped.slug} is dropped")
