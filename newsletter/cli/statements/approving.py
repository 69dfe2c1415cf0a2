"""``newsletter statement approve`` and the commands around it: schedule, start, revoke, undo."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

import click

from newsletter.cli.shell import (
    Shell,
    actor,
    as_json,
    by_whom,
    in_workspace,
    print_json,
    say,
    seen_version,
    show_faults,
    statement_slug,
    version,
    wall_time,
)
from newsletter.cli.statements.statements import about
from newsletter.domain.campaigns.campaign import StartBy
from newsletter.domain.errors import Fault, InvalidInput, NotFound, Refused
from newsletter.domain.schedule import resolve
from newsletter.domain.staff.role import Role
from newsletter.domain.wording import people
from newsletter.formats.times import is_local
from newsletter.pipeline.campaigns.headcount import Outlook, outlook
from newsletter.pipeline.ledger import find_statement
from newsletter.pipeline.statements.approve import ApprovalRequest, Given
from newsletter.pipeline.statements.approve import revoke as take_back
from newsletter.pipeline.statements.translations import goes_within, siblings
from newsletter.runtime.campaigns import Campaigns
from newsletter.runtime.statements import Statements


@click.command()
@click.argument("slug")
@click.option("--by", required=True, metavar="EMAIL", help="The approver.")
@seen_version
@click.option("--despite", metavar="WHY", help="The reason to approve despite warnings.")
@click.option(
    "--no-embargo",
    is_flag=True,
    help="Confirm in your name that there is no embargo, although the text mentions one.",
)
@click.option(
    "--override",
    is_flag=True,
    help="Replace a missing approval as an admin. This takes two admins and --despite WHY.",
)
@as_json
@in_workspace
def approve(
    shell: Shell,
    slug: str,
    by: str,
    digest: str,
    despite: str | None,
    no_embargo: bool,
    override: bool,
    as_json: bool,
) -> None:
    """Approve a statement as it stands now. One byte later it counts no more.

    While a check warns, that takes --despite and a reason, which is kept with the approval.
    While its text speaks of an embargo without an end, it takes embargo_until, or --no-embargo.
    """
    with shell.services() as services:
        faults = services.statements.refresh_to_act()
        slug = _meant(services.statements, slug, faults)
        with services.store.read() as tx:
            stored = tx.statements.get(slug)
            show_faults(about(services.statements, tx, faults, stored.statement) if stored else ())
        given = services.statements.approve(
            ApprovalRequest(
                slug=slug,
                by=by,
                expect=digest or (stored.content_hash if stored else ""),
                shown=services.campaigns.terms_now(slug),
                despite=despite,
                no_embargo=no_embargo,
                override=override,
            )
        )
        late = list(_left_behind(services.statements, slug))
        with services.store.read() as tx:
            since = given.standing.complete_at or tx.now
            to_come = outlook(tx, slug, since, rules=services.campaigns.rules)
        lines = list(_answer(services.campaigns, slug, by, given, to_come))
    if as_json:
        print_json(_given(slug, given, to_come))
        return
    for line in (*lines, *(late if given.standing.approved else ())):
        say(line)


def _meant(statements: Statements, name: str, faults: Iterable[Fault]) -> str:
    try:
        return statement_slug(statements.store, name)
    except NotFound:
        show_faults(fault for fault in faults if name in fault.file)
        raise


def _given(slug: str, given: Given, to_come: Outlook | None) -> dict[str, object]:
    leaves = to_come.leaves_at.isoformat() if to_come and given.standing.approved else None
    return {
        "slug": slug,
        "digest": given.content_hash,
        "approved": given.standing.approved,
        "approved_by": [approval.by for approval in given.standing.given],
        "reasons": list(given.standing.reasons),
        "warnings": list(given.warnings),
        "audience": to_come.readers if to_come else None,
        "lists": list(to_come.lists) if to_come else [],
        "leaves_at": leaves,
    }


def _answer(
    campaigns: Campaigns, slug: str, by: str, given: Given, to_come: Outlook | None
) -> Iterator[str]:
    """Yield the version, its approver, readers and time, and how to undo the approval."""
    over = f" despite {', '.join(given.warnings)}" if given.warnings else ""
    who = ", ".join(approval.by for approval in given.standing.given)
    if given.standing.approved:
        yield f"{slug} is approved: version {version(given.content_hash)} by {who}{over}"
    else:
        yield f"noted: version {version(given.content_hash)} by {by}{over}"
        yield from given.standing.reasons
    if to_come is not None:
        titles = {offer.name: offer.title for offer in campaigns.settings.titled_lists()}
        lists = ", ".join(titles.get(name, name) for name in to_come.lists)
        of = f"who may have {to_come.corrects}" if to_come.corrects else f"on {lists}"
        people = "1 person" if to_come.readers == 1 else f"{to_come.readers:,} people"
        yield f"goes to {people} {of}"
        if given.standing.approved and campaigns.rules.start is StartBy.SENDER:
            yield f"waits for a sender to start it: newsletter statement start {slug} --by EMAIL"
        elif given.standing.approved:
            hour = f", {to_come.hour}" if to_come.hour else ""
            time = wall_time(to_come.leaves_at.replace(microsecond=0), campaigns.settings.timezone)
            yield f"leaves at {time}{hour}, while 'newsletter run' or 'newsletter worker' runs"
    yield f"to undo: newsletter statement revoke {slug} --by {by}"


def _left_behind(statements: Statements, slug: str) -> Iterator[str]:
    """Yield the translations that an approval does not cover, or that are not waited for."""
    with statements.store.read() as tx:
        statement = find_statement(tx, slug).statement
        _, others = siblings(tx, statement, statements.policy)
    if statements.settings.together:
        if statement.translation_of:
            yield f"{slug} does not go out by itself: {goes_within(statement)}"
    elif not statement.translation_of:
        for other in others:
            yield (
                f"{other.slug} ({other.language}) is not approved:"
                f" its readers get {slug}, should that begin before it is"
            )


@click.command()
@click.argument("slug")
@click.option("--by", required=True, metavar="EMAIL", help="The approver.")
@in_workspace
def revoke(shell: Shell, slug: str, by: str) -> None:
    """Revoke your approval; an admin revokes all of them."""
    with shell.services() as services:
        slug = statement_slug(services.store, slug)
        taken = take_back(slug, by=by, store=services.store)
    say(f"{taken} approval{'' if taken == 1 else 's'} of {slug} taken back")


@click.command()
@click.argument("slug")
@click.option(
    "--at", required=True, metavar="TIME", help="YYYY-MM-DD HH:MM, in the configured time zone."
)
@click.option(
    "--approve-again",
    is_flag=True,
    help="Allow an earlier time than its approvers saw; the statement then "
    "waits for a new approval.",
)
@by_whom
@in_workspace
def schedule(shell: Shell, slug: str, at: str, approve_again: bool, by: str | None) -> None:
    """Set the time of a statement, which overrules its file."""
    with shell.services() as services:
        services.statements.refresh_to_act()
        when = _instant_of(at, services.settings.timezone)
        slug = statement_slug(services.store, slug)
        _refuse_past(slug, when, services.statements)
        who = actor(services.store, by, Role.SENDER, "schedule")
        services.campaigns.starter().schedule(slug, when, by=who, anew=approve_again)
        time = wall_time(when, services.settings.timezone)
    say(f"{slug} goes out at {time}, once it is approved")


def _refuse_past(slug: str, when: datetime, statements: Statements) -> None:
    now, zone = statements.store.clock.now(), statements.settings.timezone
    if when <= now:
        raise Refused(
            f"{wall_time(when, zone)} has passed; it is {wall_time(now, zone)} now. Write a later"
            f" time, or let it leave once it is approved: 'newsletter statement unschedule {slug}'"
        )


@click.command()
@click.argument("slug")
@click.option("--approve-again", is_flag=True, help="Allow an earlier time; see schedule.")
@by_whom
@in_workspace
def unschedule(shell: Shell, slug: str, approve_again: bool, by: str | None) -> None:
    """Go back to the time in the statement's file."""
    with shell.services() as services:
        slug = statement_slug(services.store, slug)
        who = actor(services.store, by, Role.SENDER, "schedule")
        services.campaigns.starter().schedule(slug, None, by=who, anew=approve_again)
    say(f"{slug} goes out when its file says")


@click.command()
@click.argument("slug")
@by_whom
@seen_version
@click.option(
    "--count",
    metavar="N",
    type=click.IntRange(min=0),
    help="The number of people that you expect; refuse another number.",
)
@click.option("--at", metavar="TIME", help="YYYY-MM-DD HH:MM, in the configured time zone.")
@in_workspace
def start(
    shell: Shell, slug: str, by: str | None, digest: str, count: int | None, at: str | None
) -> None:
    """Start an approved statement, if schedule.start is sender.

    Sending begins when the undo window ends; 'newsletter statement undo' stops it before.
    """
    from newsletter.pipeline.campaigns.control import StartRequest

    with shell.services() as services:
        services.statements.refresh_to_act()
        slug = statement_slug(services.store, slug)
        shown = services.campaigns.terms_now(slug)
        if count is not None:
            shown = replace(shown, readers=count, typed=count)
        asked = StartRequest(
            slug=slug,
            by=actor(services.store, by, Role.SENDER, "start"),
            seen=digest,
            shown=shown,
            at=_instant_of(at, services.settings.timezone) if at else None,
        )
        start = services.campaigns.starter().start(asked)
        with services.store.read() as tx:
            to_come = outlook(tx, slug, start.at, rules=services.campaigns.rules)
        leaves = to_come.leaves_at if to_come else start.at
        leaves_at = wall_time(leaves.replace(microsecond=0), services.settings.timezone)
    say(f"{slug} is started: version {version(start.content_hash)} goes to {people(start.count)}")
    say(f"leaves at {leaves_at}; to undo: newsletter statement undo {slug}")


@click.command()
@click.argument("slug")
@by_whom
@in_workspace
def undo(shell: Shell, slug: str, by: str | None) -> None:
    """Stop a statement before it is sent.

    If approvals start statements, they are revoked. If a sender does, it stays approved.
    """
    with shell.services() as services:
        slug = statement_slug(services.store, slug)
        who = actor(services.store, by, Role.APPROVER, "undo")
        approved = services.campaigns.starter().undo(slug, by=who)
    stays = "it stays approved" if approved else "it needs a new approval"
    say(f"{slug} is undone: no one got it, and {stays}")


@click.command("send-back")
@click.argument("slug")
@click.option("--by", required=True, metavar="EMAIL", help="The person who sends it back.")
@click.option("--reason", required=True, metavar="TEXT", help="The requested change.")
@seen_version
@in_workspace
def send_back(shell: Shell, slug: str, by: str, reason: str, digest: str) -> None:
    """Ask for changes in a statement, with a reason."""
    with shell.services() as services:
        services.statements.refresh_to_act()
        slug = statement_slug(services.store, slug)
        services.statements.send_back(slug, by=by, expect=digest, reason=reason)
    say(f"{slug} was sent back; it waits for its writers")


def _instant_of(text: str, zone: str) -> datetime:
    """Return the instant of a wall time in ``--at``. Raises InvalidInput."""
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
