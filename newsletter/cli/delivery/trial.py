"""``send``: a dry run, or one test mail."""

from dataclasses import asdict

import click

from newsletter.cli.shell import Shell, as_json, in_workspace, print_json, say, statement_slug
from newsletter.domain.delivery.batch import Verdict
from newsletter.domain.errors import NewsletterError, ProviderUnreachable, Refused
from newsletter.pipeline.campaigns.rehearse import dry_run, lines_of


@click.command()
@click.argument("slug")
@click.option("--dry-run", is_flag=True, help="Who would get it and who would not, and why.")
@click.option("--to", metavar="EMAIL", help="Send one test mail there.")
@as_json
@in_workspace
def send(shell: Shell, slug: str, dry_run: bool, to: str | None, as_json: bool) -> None:
    """Try a statement out: a dry run, or one test mail.

    It goes to its readers by approval and 'newsletter run' alone.
    """
    if dry_run == (to is not None):
        raise click.UsageError(
            "say --dry-run or --to EMAIL; a statement goes out once it is approved,"
            " by 'newsletter run'"
        )
    if to is None:
        _show_dry_run(shell, slug, as_json)
    else:
        _send_test(shell, slug, to)


def _show_dry_run(shell: Shell, slug: str, as_json: bool) -> None:
    with shell.services() as services:
        services.statements.refresh()
        slug = statement_slug(services.store, slug)
        dry = dry_run(
            slug,
            store=services.store,
            policy=services.statements.policy,
            times=services.campaigns.rules.times,
            clock=services.clock,
        )
        zone = services.settings.timezone
    if as_json:
        excluded = [{"address": address, "reason": why} for address, why in dry.excluded]
        elsewhere = [{"address": address, "reason": why} for address, why in dry.elsewhere]
        hours = [{"at": at.isoformat(), "readers": readers} for at, readers in dry.hours]
        told = {"excluded": excluded, "elsewhere": elsewhere, "hours": hours}
        print_json(asdict(dry) | told)
    else:
        for line in lines_of(dry, zone=zone):
            click.echo(line)


def _send_test(shell: Shell, slug: str, to: str) -> None:
    with shell.services() as services:
        services.statements.refresh()
        slug = statement_slug(services.store, slug)
        outcome = services.delivery.send_test(slug, to=to).outcome
    if outcome.verdict is Verdict.ACCEPTED:
        say(f"the provider accepted the test mail to {to}")
        return
    said = f"{outcome.verdict.value}: {outcome.reason}"
    if outcome.verdict in {Verdict.RETRY, Verdict.QUOTA, Verdict.LATE}:
        raise ProviderUnreachable(f"the test mail was not handed over: {said}")
    if outcome.verdict is Verdict.UNKNOWN:
        raise NewsletterError(f"nobody knows whether the provider took the test mail: {said}")
    raise Refused(f"the provider refused the test mail: {said}")
