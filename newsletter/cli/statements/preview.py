"""``preview`` and ``send``: a statement's email as files, a dry run, and a test email."""

from dataclasses import asdict
from pathlib import Path

import click

from newsletter.cli import shell
from newsletter.domain.delivery.batch import Verdict
from newsletter.domain.delivery.mime import to_mime
from newsletter.domain.errors import NewsletterError, ProviderUnreachable, Refused
from newsletter.pipeline.campaigns.headcount import dry_run as count_readers
from newsletter.pipeline.campaigns.headcount import report_lines
from newsletter.pipeline.campaigns.trial import filled, sample
from newsletter.runtime.services import Services


@click.command()
@click.argument("slug")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The folder to fill.")
@click.option("--as", "address", metavar="EMAIL", help="As this subscriber gets it.")
@shell.in_workspace
def preview(workspace: shell.Shell, slug: str, out: Path, address: str | None) -> None:
    """Show an email as its subscribers would get it.

    Makes message.html, message.txt and message.eml, for a made-up reader or for a real one. The
    last opens in a mail program. The desk shows it light, dark and without pictures too.
    """
    with workspace.services() as services:
        services.statements.refresh()
        slug = shell.statement_slug(services.store, slug, by_prefix=True)
        content, recipient = sample(
            slug, address=address, store=services.store, links=services.links
        )
        message = to_mime(content=content, recipient=recipient, at=services.store.clock.now())
    mail = filled(content, recipient)
    out.mkdir(parents=True, exist_ok=True)
    for kind, data in (("html", mail.html.encode()), ("txt", mail.text.encode()), ("eml", message)):
        file = out / f"message.{kind}"
        file.write_bytes(data)
        click.echo(str(file))


@click.command()
@click.argument("slug")
@click.option("--dry-run", is_flag=True, help="Who would get it and who would not, and why.")
@click.option("--to", metavar="EMAIL", help="Send one test mail there.")
@shell.as_json
@shell.with_services
def send(services: Services, slug: str, dry_run: bool, to: str | None, as_json: bool) -> None:
    """Try a statement: a dry run, or one test email.

    It goes to its readers by approval and 'newsletter run' alone.
    """
    if dry_run == (to is not None):
        raise click.UsageError(
            "say --dry-run or --to EMAIL; a statement goes out once it is approved,"
            " by 'newsletter run'"
        )
    services.statements.refresh()
    slug = shell.statement_slug(services.store, slug, by_prefix=True)
    if to is None:
        _show_dry_run(services, slug, as_json)
    else:
        _send_test(services, slug, to)


def _show_dry_run(services: Services, slug: str, as_json: bool) -> None:
    result = count_readers(slug, store=services.store, rules=services.campaigns.rules)
    if as_json:
        excluded = [{"address": address, "reason": why} for address, why in result.excluded]
        elsewhere = [{"address": address, "reason": why} for address, why in result.elsewhere]
        hours = [{"at": at.isoformat(), "readers": readers} for at, readers in result.hours]
        tables = {"excluded": excluded, "elsewhere": elsewhere, "hours": hours}
        shell.print_json(asdict(result) | tables)
    else:
        for line in report_lines(result, zone=services.settings.timezone):
            click.echo(line)


def _send_test(services: Services, slug: str, to: str) -> None:
    outcome = services.delivery.trial_sender().send(slug, to=to).outcome
    if outcome.verdict is Verdict.ACCEPTED:
        shell.say(f"the provider accepted the test mail to {to}")
        return
    answer = f"{outcome.verdict.value}: {outcome.reason}"
    if outcome.verdict in {Verdict.RETRY, Verdict.QUOTA, Verdict.LATE}:
        raise ProviderUnreachable(f"the test email was not sent: {answer}")
    if outcome.verdict is Verdict.UNKNOWN:
        raise NewsletterError(f"the provider may have taken the test email or not: {answer}")
    raise Refused(f"the provider refused the test mail: {answer}")
