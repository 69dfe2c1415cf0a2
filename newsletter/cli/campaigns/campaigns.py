"""Commands for campaigns: list, return, reopen, report, pause, resume, cancel, resolve."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import click

from newsletter.cli import shell
from newsletter.domain.campaigns.campaign import Campaign, CampaignState
from newsletter.domain.delivery.batch import Resolution
from newsletter.domain.statements.content import short_hash
from newsletter.pipeline.campaigns.report import load_summary
from newsletter.pipeline.campaigns.report import make_report as make_report
from newsletter.pipeline.statements.translations import find_awaited
from newsletter.runtime.services import Services

FIGURES = ("audience", "pending", "accepted", "rejected", "suppressed", "cancelled", "unknown")


@click.group()
def campaign() -> None:
    """List campaigns, and send again what did not arrive."""


@campaign.command("list")
@shell.as_json
@shell.limited
@shell.with_services
def list_campaigns(services: Services, as_json: bool, most: int | None) -> None:
    """Show the newest campaigns in figures, the last one at the end."""
    hold, waits = shell.report_hold(services), services.delivery.waits()
    zone = services.settings.timezone
    with services.store.read() as tx:
        newest = reversed(tx.campaigns.list_newest(most))
        rows = [load_summary(tx, stored, waits) | {"hold": hold} for stored in newest]
        count = tx.campaigns.count()
    columns = ("campaign", "statement", "state", *FIGURES)
    shell.print_rows(
        rows, columns, as_json=as_json, count=count, write=lambda row: {**row, "state": _label(row)}
    )
    for row in () if as_json else rows:
        for line in _describe_wait(row, zone):
            shell.say(f"campaign {row['campaign']}: {line}")


@click.command()
@click.argument("campaign")
@shell.as_json
@shell.with_services
def report(services: Services, campaign: str, as_json: bool) -> None:
    """Show a campaign's figures, and whom it did not reach.

    Names people whose message was rejected, bounced or is unknown, and people who unsubscribed
    first.
    """
    hold = shell.report_hold(services)
    figures = make_report(
        campaign,
        store=services.store,
        waits=services.delivery.waits(),
        accounts=services.delivery.pool.accounts,
    ) | {"hold": hold}
    if as_json:
        shell.print_json(figures)
    else:
        print_report(figures, services.settings.timezone)


def print_report(figures: dict[str, Any], zone: str) -> None:
    click.echo(f"campaign {figures['campaign']}: {figures['statement']}, {_label(figures)}")
    for line in (
        *_situation(figures, zone),
        *_outcomes(figures),
        *_counted(figures),
        *_details(figures, zone),
    ):
        click.echo(f"  {line}")


def _situation(figures: Mapping[str, Any], zone: str) -> Iterator[str]:
    """Yield the reason of the campaign's state, related statements, waits and an outage."""
    if figures["reason"]:
        yield figures["reason"]
    if figures["corrects"]:
        yield f"corrects {figures['corrects']}, and goes to those who may have it"
    if figures["translates"]:
        yield f"translates {figures['translates']}, for the readers of its language"
    if figures["segment"]:
        yield f"goes to the segment {figures['segment']}"
    yield from (row["said"] for row in figures["awaited"])
    if outage := figures["outage"]:
        times = "once" if outage["tries"] == 1 else f"{outage['tries']} times"
        said = f"not handed over to {outage['people']:,}, tried {times}: {outage['reason']}"
        if figures["state"] != CampaignState.PAUSED.value:
            next_at = datetime.fromisoformat(outage["next_at"])
            said += f"; next try at {shell.wall_time(next_at, zone)}"
        yield said
    yield from _describe_wait(figures, zone)


def _outcomes(figures: Mapping[str, Any]) -> Iterator[str]:
    """Yield the number of each outcome, and the numbers that the provider's events report."""
    if figures["started_at"]:
        for name in FIGURES:
            yield f"{name:<12} {figures[name]:>9,}"
        yield f"{'left by link':<12} {figures['unsubscribed']:>9,}"
    else:
        dry_run = f"'newsletter send {figures['statement']} --dry-run'"
        estimate = f"about {figures['audience']:,} now, " * figures["estimated"]
        yield f"audience     {estimate}fixed at the start; {dry_run} counts it as of now"
    if count := figures["unknown_elsewhere"]:
        yield (
            f"{count:,} of the unknown went to another account at the provider than is configured"
            " now, or to one that nobody noted: the records of this account prove nothing,"
            " so it is not asked. Look there, then decide with 'newsletter resolve'"
        )
    if not figures["events_received"]:
        yield "delivered and bounced are not known: no events are received from the provider"
        return
    bounces = [f"{count:,} {kind}" for kind, count in figures["bounces"].items() if count]
    for name, suffix in (("delivered", ""), ("bounced", ", ".join(bounces)), ("complained", "")):
        yield f"{name:<12} {figures[name]:>9,}{f'  ({suffix})' if suffix else ''}"


def _counted(figures: Mapping[str, Any]) -> Iterator[str]:
    """Yield opens and clicks, each link that was followed, and why the numbers mislead."""
    if (counted := figures["counted"]) is None:
        return
    for name in ("opens", "clicks"):
        if counted[name] is not None:
            yield f"{name:<12} {counted[name]:>9,}"
    yield from (f"  {one['count']:,}  {one['link']}" for one in counted["links"] if one["count"])
    yield counted["note"]


def _details(figures: Mapping[str, Any], zone: str) -> Iterator[str]:
    """Yield the hash, approvers, providers, times, and each address that was not reached."""
    yield f"content hash {short_hash(figures['content_digest'])}"
    yield f"approved by  {', '.join(figures['approved_by'])}"
    for override in figures["despite"]:
        yield f"             {shell.override_in_words(override)}"
    yield f"provider     {', '.join(figures['providers'])}"
    for event in ("started", "finished"):
        at = figures[f"{event}_at"]
        time = shell.wall_time(datetime.fromisoformat(at), zone) if at else "not yet"
        yield f"{event:<12} {time}"
    for row in figures["exceptions"]:
        yield f"{row['state']}: {row['address']} {row['reason']}"
    for row in figures["returned"]:
        yield f"bounced ({row['bounce']}): {row['address']} {row['reason']}"
    yield from (f"unknown: {address}" for address in figures["unknown_addresses"])


def _label(row: Mapping[str, Any]) -> str:
    return "needs attention" if row["state"] == CampaignState.ATTENTION.value else row["state"]


def _describe_wait(row: Mapping[str, Any], zone: str) -> Iterator[str]:
    """Yield sentences on why a campaign waits, and until when."""
    wait, later = row["waiting"], row["later"]
    if wait:
        until = shell.wall_time(datetime.fromisoformat(wait["until"]), zone)
        yield f"waiting for the {wait['for']} until {until}: {wait['reason']}"
    if later:
        next_at, last_at = map(datetime.fromisoformat, (later["next_at"], later["last_at"]))
        yield shell.hours_to_come(later["readers"], next_at, last_at, zone)


@click.command()
@click.argument("campaign")
@shell.with_actor
def pause(services: Services, campaign: str, by: str) -> None:
    """Pause a campaign after its open calls."""
    _print_state(services.campaigns.actions_of(by).pause(campaign))


@click.command()
@click.argument("campaign")
@shell.with_actor
def resume(services: Services, campaign: str, by: str) -> None:
    """Resume a paused campaign."""
    _print_state(services.campaigns.actions_of(by).resume(campaign))


@click.command()
@click.argument("campaign")
@shell.with_actor
def cancel(services: Services, campaign: str, by: str) -> None:
    """Cancel a campaign; sent messages stay sent."""
    cancelled = services.campaigns.actions_of(by).cancel(campaign)
    _print_state(cancelled)
    with services.store.read() as tx:
        original = tx.campaigns.find_latest(cancelled.translates)
        waiting = find_awaited(tx, original) if original else ()
    for email in waiting:
        shell.say(str(email))


@click.command()
@click.argument("campaign")
@click.option(
    "--sent",
    "decision",
    flag_value=Resolution.ACCEPTED.value,
    help="The provider has the messages.",
)
@click.option(
    "--resend", "decision", flag_value=Resolution.RESEND.value, help="Send the messages again."
)
@click.option(
    "--give-up", "decision", flag_value=Resolution.GIVE_UP.value, help="Do not send the messages."
)
@shell.with_actor
def resolve(services: Services, campaign: str, decision: str | None, by: str) -> None:
    """Decide the outcome of unknown deliveries.

    A delivery is unknown if newsletter cannot tell whether the provider took the message. Look it
    up in the account at the provider first.
    """
    if decision is None:
        raise click.UsageError("say --sent, --resend or --give-up")
    resolved, people = services.campaigns.actions_of(by).resolve(campaign, Resolution(decision))
    shell.say(f"{people} decided")
    _print_state(resolved)


@campaign.command("return")
@click.argument("campaign")
@shell.with_actor
def return_to_first_provider(services: Services, campaign: str, by: str) -> None:
    """Return waiting batches to the first provider.

    After a fail-over, once the first provider is well.
    """
    _print_state(services.campaigns.actions_of(by).return_to_first_provider(campaign))


@campaign.command()
@click.argument("campaign")
@shell.with_actor
def reopen(services: Services, campaign: str, by: str) -> None:
    """Send a campaign that is over to those who did not get it.

    These are the people who were cancelled or rejected. People who may have it are left out: those
    who are unknown or were given up.
    """
    reopened, people = services.campaigns.actions_of(by).reopen(campaign)
    shell.say(f"{people:,} of {reopened.counts.audience:,} wait again")
    _print_state(reopened)


def _print_state(campaign: Campaign) -> None:
    counts = campaign.counts
    needs_attention = campaign.state is CampaignState.ATTENTION
    state = "needs attention" if needs_attention else f"is {campaign.state.value}"
    names = ("accepted", "pending", "cancelled", "unknown")
    figures = ", ".join(f"{getattr(counts, name):,} {name}" for name in names)
    shell.say(f"campaign {campaign.id} ({campaign.slug}) {state}: {figures}")
