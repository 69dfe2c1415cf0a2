"""``preview`` and ``send``: a statement's email as files, a dry run, and a test email."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from newsletter.cli import shell
from newsletter.domain.delivery.batch import Verdict
from newsletter.domain.delivery.mime import to_mime
from newsletter.domain.errors import NewsletterError, ProviderUnreachable, Refused
from newsletter.domain.statements.content import short_hash
from newsletter.formats.files import write_file
from newsletter.pipeline.campaigns.headcount import DryRun
from newsletter.pipeline.campaigns.headcount import dry_run as count_readers
from newsletter.pipeline.campaigns.trial import fill, load_sample
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
        content, recipient = load_sample(
            slug, address=address, store=services.store, links=services.links
        )
        message = to_mime(content=content, recipient=recipient, at=services.store.clock.now())
    mail = fill(content, recipient)
    out.mkdir(parents=True, exist_ok=True)
    for kind, data in (("html", mail.html.encode()), ("txt", mail.text.encode()), ("eml", message)):
        file = out / f"message.{kind}"
        write_file(file, data)
        click.echo(str(file))


@click.command()
@click.argument("slug")
@click.option("--dry-run", is_flag=True, help="Who would get it and who would not, and why.")
@click.option("--to", metavar="EMAIL", help="Send one test mail there.")
@shell.as_json
@shell.with_services
def send(services: Services, slug: str, dry_run: bool, to: str | None, as_json: bool) -> None:
    """Try a statement: a dry run, or one test email.

    Only 'newsletter run' sends it to its readers, after its approval.
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
    answers = services.delivery.trial_sender().send(slug, to=[to])
    [outcome] = [answer.outcome for answer in answers.values()]
    if outcome.verdict is Verdict.ACCEPTED:
        shell.say(f"the provider accepted the test mail to {to}")
        return
    answer = f"{outcome.verdict.value}: {outcome.reason}"
    if outcome.verdict in {Verdict.RETRY, Verdict.QUOTA, Verdict.LATE}:
        raise ProviderUnreachable(f"the test email was not sent: {answer}")
    if outcome.verdict is Verdict.UNKNOWN:
        raise NewsletterError(f"the provider may have taken the test email or not: {answer}")
    raise Refused(f"the provider refused the test mail: {answer}")


_MAX_ADDRESSES_SHOWN = 3


def report_lines(dry: DryRun, zone: str = "UTC") -> Iterator[str]:
    """Yield a dry run in words, with the first few addresses. Times are in ``zone``."""
    if dry.ends:
        yield f"{dry.slug} would end {', '.join(dry.ends)}"
    group = f"who may have {dry.corrects} or wait for it" if dry.corrects else ""
    yield f"{dry.slug} would go to {dry.audience:,} readers {group or 'of ' + ', '.join(dry.lists)}"
    yield from (f"  {address}" for address in dry.addresses[:_MAX_ADDRESSES_SHOWN])
    if dry.audience > _MAX_ADDRESSES_SHOWN:
        yield f"  and {dry.audience - _MAX_ADDRESSES_SHOWN:,} more"
    if dry.segment:
        yield f"by the segment {dry.segment}"
        yield from [f"{dry.outside:,} more on these lists are outside it"] * (not dry.corrects)
    if dry.hours:
        yield f"by their own clocks, in {zone} that is at"
    for at, readers in dry.hours:
        yield f"  {at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}  {readers:,}"
    others = "who were to get that" if dry.corrects else "on these lists"
    yield f"{len(dry.excluded):,} {others} would not get it"
    yield from (f"  {address}: {reason}" for address, reason in dry.excluded)
    whys = Counter(why for _, why in dry.elsewhere)
    yield from (f"{many:,} more on these lists: {why}" for why, many in sorted(whys.items()))
    yield from (f"{slug} is not approved, so no one waits for it" for slug in dry.unapproved)
    approval = "approved" if dry.approved else "not approved"
    yield f"content hash {short_hash(dry.content_hash)}, {approval}"
    yield from (f"  {reason}" for reason in dry.reasons)
