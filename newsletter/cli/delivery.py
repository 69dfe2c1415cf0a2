"""Commands that send, serve pages, stop and resume: ``run``, ``worker``, ``serve``, ``stop``."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, nullcontext, suppress
from datetime import timedelta
from types import FrameType, MappingProxyType
from typing import TYPE_CHECKING

import click

from newsletter.cli import main, shell
from newsletter.documents.sandbox import ALL_GATES
from newsletter.domain.campaigns.campaign import Campaign, CampaignState
from newsletter.domain.delivery.restore_guard import HOLD_ADVICE, HoldKind
from newsletter.domain.errors import ProviderUnreachable, Refused
from newsletter.runtime.clock import require_answer
from newsletter.runtime.delivery import Delivery
from newsletter.runtime.outcome import Ending, Outcome, Run, find_outcome
from newsletter.runtime.services import Services

if TYPE_CHECKING:
    from newsletter.web.server import WebServer

_PORT_TYPE = click.IntRange(0, 65535)
host_option = click.option(
    "--host", default="127.0.0.1", show_default=True, envvar="NEWSLETTER_HOST"
)
port_option = click.option(
    "--port", default=8000, show_default=True, envvar="NEWSLETTER_PORT", type=_PORT_TYPE
)
monitoring_option = click.option(
    "--port", type=_PORT_TYPE, help="Answer monitoring at this port; without it, at none."
)

_SOCKET_KEY = "newsletter.listening"
"""Key of the listening socket in click's ``meta``."""
_MAX_NAMED = 5
"""Campaigns that the summary of a run names."""
_EXIT_CODES: Mapping[Ending, int] = MappingProxyType(
    {
        Ending.DONE: main.EXIT_DONE,
        Ending.INVALID: main.EXIT_INVALID,
        Ending.HELD: main.EXIT_REFUSED,
        Ending.REFUSED: main.EXIT_REFUSED,
        Ending.NEEDS_A_PERSON: 5,
        Ending.UNREACHABLE: main.EXIT_UNREACHABLE,
    }
)


@contextmanager
def stopped_by_signals(on_signal: Callable[[], None]) -> Iterator[None]:
    """Within the block, signals to end close the sandboxes and call ``on_signal``."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        # a sandbox may read a file for half a minute; no further one may start
        for gate in ALL_GATES:
            gate.close()
        on_signal()
        with suppress(OSError):  # the terminal may be closed
            shell.say("stopping: the calls under way end first")

    # The handlers stay until the end: a second Ctrl-C must not lose the outcome of a call.
    numbers = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        numbers.remove(signal.SIGHUP)  # nohup started it
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


until_idle_option = click.option(
    "--until-idle", is_flag=True, help="End when nothing is due or being sent; serve no pages."
)


def work(
    services: Services,
    *,
    until_idle: bool,
    server: WebServer | None = None,
    announcement: str = "",
    is_sender: bool = False,
) -> int:
    """Run the scheduler in the foreground, and the server. Return the exit code, or ``RUN_AGAIN``.

    A signal stops the server at once, while the calls under way end. If several processes share
    the sending, ``is_sender`` makes this process a worker, else it is a scheduler.
    """
    from newsletter.runtime.scheduler import Scheduler

    kind: type[Scheduler] = Scheduler
    if services.settings.shares_sending:
        from newsletter.runtime.hosts import BatchWorker, LeadingScheduler

        kind = BatchWorker if is_sender else LeadingScheduler
    scheduler = kind(services.tick)

    is_stopping = threading.Event()

    def stop() -> None:
        is_stopping.set()
        if server is not None:
            server.stop()
        scheduler.stop()

    # before the first answer: who has one may end this process
    with stopped_by_signals(stop), server or nullcontext():
        if announcement:
            shell.say(announcement)
        run = scheduler.run(until_idle=until_idle)
    if run.superseded and not is_stopping.is_set():
        shell.say("settings or keys were changed: starting again with them")
        return shell.RUN_AGAIN
    shell.say(_summarise_run(services.delivery, run))
    if not until_idle:
        return 0
    if is_stopping.is_set():
        return main.EXIT_INTERRUPTED
    outcome = find_outcome(run, store=services.store)
    for sentence in _describe_ending(outcome, run, services.settings.timezone):
        shell.say(sentence)
    if outcome.ending is Ending.INVALID:
        shell.show_faults(run.last_result.faults)
    return _EXIT_CODES[outcome.ending]


def _describe_ending(outcome: Outcome, run: Run, zone: str) -> Iterator[str]:
    if outcome.ending is Ending.HELD:
        advice = "'newsletter resume-sending --by EMAIL' resumes it"
        yield f"sending is stopped: {run.hold_reason}; {advice}"
    if outcome.ending is Ending.UNREACHABLE:
        yield _describe_unsent(outcome, run, zone)
    for campaign in outcome.scheduled:
        yield f"{campaign.slug} is scheduled for {shell.wall_time(campaign.release_at, zone)}"
    for campaign, later in outcome.later:
        hours = shell.hours_to_come(later.readers, later.next_at, later.last_at, zone)
        yield f"{campaign.slug}: {hours}; nothing is lost, run it again then"
    yield from map(_describe_decision, outcome.needing_attention)


def _summarise_run(delivery: Delivery, run: Run) -> str:
    with delivery.store.read() as tx:
        worked_on = [tx.campaigns.get(number) for number in sorted(run.worked_on)]
    lines = [
        f"{each.slug} {each.counts.accepted:,} of {each.counts.audience:,} accepted"
        for each in worked_on
        if each is not None
    ]
    more = f"; and {len(lines) - _MAX_NAMED:,} more" if len(lines) > _MAX_NAMED else ""
    return f"done: {'; '.join(lines[:_MAX_NAMED])}{more}" if lines else "done: nothing was due"


def _describe_unsent(outcome: Outcome, run: Run, zone: str) -> str:
    """Return a sentence on unsent messages, and why they wait."""
    if run.wait is not None:
        return (
            f"not all has left: waiting for the {run.wait.cause.value} until"
            f" {shell.wall_time(run.wait.until, zone)}: {run.wait.reason}; nothing is lost, run it"
            " again then"
        )
    if run.unreachable:
        return f"the provider cannot be reached; nothing is lost, try again: {run.unreachable}"
    waiting = f"{outcome.emails_waiting:,}"
    return f"emails to readers that still wait: {waiting}; nothing is lost, run it again"


def _describe_decision(campaign: Campaign) -> str:
    """Return a sentence on the decision that a campaign needs, with its command."""
    text = f"campaign {campaign.id} ({campaign.slug})"
    if campaign.state is CampaignState.ATTENTION:
        names = f"'newsletter report {campaign.id}' names them"
        return f"{text} needs a person: {campaign.reason}; {names}"
    if campaign.state is CampaignState.PAUSED:
        advice = f"; once that is settled, 'newsletter resume {campaign.id}' lets it go on"
        after = "" if "newsletter resume" in campaign.reason else advice
        return f"{text} is paused: {campaign.reason}{after}"
    rejected = f"{campaign.counts.rejected:,} rejected"
    return f"{text}: {rejected}; 'newsletter report {campaign.id}' says who and why"


@click.command()
@until_idle_option
@host_option
@port_option
@shell.with_services
def run(services: Services, until_idle: bool, host: str, port: int) -> int:
    """Send due statements, and serve the pages.

    Runs until Ctrl-C, SIGTERM or SIGHUP; with --until-idle, until nothing is left to send.
    """
    if until_idle:
        return work(services, until_idle=True)
    server = _make_server(services, host, port)
    pages = _describe_pages(services, server.address)
    return work(services, until_idle=False, server=server, announcement=pages)


def _make_server(services: Services, host: str, port: int) -> WebServer:
    """Return the web server. Its socket stays open if the command restarts with new settings."""
    from newsletter.web.server import WebServer, listen_on

    command = click.get_current_context()
    if _SOCKET_KEY not in command.meta:
        command.meta[_SOCKET_KEY] = command.with_resource(closing(listen_on(host, port)))
    return WebServer(services, host=host, port=port, listening=command.meta[_SOCKET_KEY])


def _describe_pages(services: Services, address: str) -> str:
    settings = services.settings
    # a desk with a host of its own answers only there
    at = settings.desk_url if settings.desk.url else f"{address}/desk"
    desk = f", the desk on {at}" if settings.desk.enabled else ""
    return f"readers' pages on {address}{desk}; stop with Ctrl-C"


def _work_with_monitoring(
    services: Services, host: str, port: int | None, *, until_idle: bool, is_sender: bool
) -> int:
    """Run the scheduler without pages. With a port, serve monitoring there."""
    server = None
    if port is not None:
        from newsletter.web.pages import make_monitoring
        from newsletter.web.server import WebServer

        server = WebServer(services, host=host, port=port, make=make_monitoring)
    return work(services, until_idle=until_idle, server=server, is_sender=is_sender)


@click.command()
@until_idle_option
@host_option
@monitoring_option
@shell.with_services
def worker(services: Services, until_idle: bool, host: str, port: int | None) -> int:
    """Send due statements, without serving pages.

    With 'engine: procrastinate' it sends batches, on as many machines as you like, and
    'newsletter scheduler' does the rest.
    """
    if until_idle and services.settings.shares_sending:
        raise Refused("with 'engine: procrastinate' a worker runs until it is stopped")
    return _work_with_monitoring(services, host, port, until_idle=until_idle, is_sender=True)


@click.command()
@until_idle_option
@host_option
@monitoring_option
@shell.with_services
def scheduler(services: Services, until_idle: bool, host: str, port: int | None) -> int:
    """Do all but sending batches, with 'engine: procrastinate'.

    Run one or two: the second one waits, and takes over when the first one ends or dies.
    """
    if not services.settings.shares_sending:
        raise Refused("set 'engine: procrastinate' first, or use 'newsletter worker'")
    return _work_with_monitoring(services, host, port, until_idle=until_idle, is_sender=False)


@click.command()
@host_option
@port_option
@shell.with_services
def serve(services: Services, host: str, port: int) -> int:
    """Serve only the pages."""

    def is_superseded() -> bool:
        if services.settings.is_on_server:
            require_answer(services.store)
        return services.configuration.is_superseded()

    server = _make_server(services, host, port)
    with stopped_by_signals(server.stop), server:
        shell.say(_describe_pages(services, server.address))
        return shell.RUN_AGAIN if server.wait(is_done=is_superseded) else 0


@click.command()
@port_option
def healthcheck(port: int) -> int:
    """Ask whether the service here would send what is due.

    Exits with 0 if its /readyz says so, else with 1. For containers.
    """
    from newsletter.transport.http import AnswerLost, HttpRequest
    from newsletter.transport.transport import call_once

    url = f"http://127.0.0.1:{port}/readyz"
    try:
        answer = call_once(HttpRequest(method="GET", url=url), timeout=timedelta(seconds=5))
    except (ProviderUnreachable, AnswerLost) as error:
        shell.say(f"{url}: {error}")
        return 1
    click.echo(answer.body.decode(errors="replace"))
    return 0 if answer.status == 200 else 1


@click.command()
@click.option("--reason", default="", metavar="TEXT", help="The reason.")
@shell.as_json
@shell.with_actor
def stop(services: Services, reason: str, by: str, as_json: bool) -> None:
    """Stop all sending, until it is resumed.

    Calls under way end and are booked; nothing more is claimed, also after a restart. Campaigns
    stay as they are and go on after 'newsletter resume-sending'.
    """
    stop = services.delivery.guard().stop(by=by, reason=reason)
    if as_json:
        shell.print_json({"hold": {HoldKind.STOP.value: stop}})
    shell.say(f"sending is stopped: {stop}; 'newsletter resume-sending --by EMAIL' resumes it")


@click.command("resume-sending")
@shell.as_json
@shell.with_actor
def resume_sending(services: Services, by: str, as_json: bool) -> None:
    """Resume all sending after 'newsletter stop'.

    If sending is also stopped because the database was restored or copied, it stays so until
    'newsletter db release'.
    """
    guard = services.delivery.guard()
    reasons = guard.release(by=by, kinds={HoldKind.STOP})
    remaining = guard.holds()
    if as_json:
        shell.print_json({"released": {kind.value: reason for kind, reason in reasons.items()}})
    say_resumed(reasons, remaining)


def say_resumed(reasons: Mapping[HoldKind, str], remaining: Mapping[HoldKind, str]) -> None:
    """Print the released holds, and the remaining holds with their remedies."""
    for reason in reasons.values():
        shell.say(f"sending is resumed; it was stopped: {reason}")
    for kind, reason in remaining.items():
        shell.say(f"sending is still stopped: {reason}; {HOLD_ADVICE[kind]}")
    if not reasons and not remaining:
        shell.say("sending was not stopped")
