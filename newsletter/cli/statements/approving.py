"""``newsletter statement approve``, and the commands that schedule, start, revoke and undo."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import click

from newsletter.cli import shell
from newsletter.domain.archive import NoteKind
from newsletter.domain.campaigns.status import StatementStatus
from newsletter.domain.errors import InvalidInput, NotFound, Refused
from newsletter.domain.statements.content import short_hash
from newsletter.domain.typed_time import parse_instant
from newsletter.domain.wording import people
from newsletter.pipeline.archive.annotate import annotate as add_note
from newsletter.pipeline.campaigns.control import StartRequest
from newsletter.pipeline.campaigns.headcount import find_late_translations, with_readers
from newsletter.pipeline.statements.approve import ApprovalRequest, ApprovalResult
from newsletter.pipeline.statements.approve import revoke as revoke_approvals
from newsletter.pipeline.status import find_status
from newsletter.runtime.campaigns import Campaigns
from newsletter.runtime.services import Services

_TIME_HELP = "Like '2026-12-01 09:00' or 'tomorrow 9am', in the configured time zone."


@click.command()
@click.argument("slug")
@click.option("--by", required=True, metavar="EMAIL", help="The approver.")
@shell.seen_hash
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
@click.option("--returned", is_flag=True, help="Approve it although it was sent back.")
@shell.as_json
@shell.with_services
def approve(
    services: Services,
    slug: str,
    by: str,
    digest: str,
    despite: str | None,
    no_embargo: bool,
    override: bool,
    returned: bool,
    as_json: bool,
) -> None:
    """Approve a statement as it stands now. One byte later it counts no more.

    While a check warns, that takes --despite and a reason, which is kept with the approval.
    While its text speaks of an embargo without an end, it takes embargo_until, or --no-embargo.
    """
    faults = services.statements.refresh_to_act()
    try:
        slug = shell.statement_slug(services.store, slug)
    except NotFound:
        shell.show_faults(fault for fault in faults if slug in fault.file)
        raise
    with services.store.read() as tx:
        stored = tx.statements.get(slug)
        if stored:
            shell.show_faults(services.statements.faults_about(tx, stored.statement, faults))
    terms = services.campaigns.current_terms(slug)
    result = services.statements.approve(
        ApprovalRequest(
            slug=slug,
            by=by,
            expect=digest or (stored.content_hash if stored else ""),
            shown=terms if returned else replace(terms, returned_at=""),
            despite=despite,
            no_embargo=no_embargo,
            override=override,
        )
    )
    with services.store.read() as tx:
        status = find_status(tx, slug, services.campaigns.rules)
        uncovered = find_late_translations(tx, status)[1]
        status = with_readers(tx, status)
    lines = list(_confirmation(services.campaigns, status, by, result))
    if as_json:
        shell.print_json(_approval_data(status, result))
        return
    for line in lines:
        shell.say(line)
    shell.report_hold(services)
    for other in uncovered if result.approval.approved else ():
        text = f"{other.slug} ({other.language}) is not approved"
        shell.say(f"{text}: its readers get {slug}, should that begin before it is")


def _approval_data(status: StatementStatus, result: ApprovalResult) -> dict[str, object]:
    has_audience, release = status.readers is not None, status.release or status.ready_at
    return {
        "slug": status.slug,
        "digest": result.content_hash,
        "approved": result.approval.approved,
        "approved_by": [approval.by for approval in result.approval.given],
        "reasons": list(result.approval.reasons),
        "warnings": list(result.warnings),
        "audience": status.readers,
        "lists": list(status.lists) if has_audience else [],
        "leaves_at": release.isoformat()
        if release is not None and has_audience and result.approval.approved
        else None,
    }


def _confirmation(
    campaigns: Campaigns, status: StatementStatus, by: str, result: ApprovalResult
) -> Iterator[str]:
    """Yield the answer to an approval: hash, approvers, readers, time, and how to undo it."""
    slug, approved = status.slug, result.approval.approved
    despite = f" despite {', '.join(result.warnings)}" if result.warnings else ""
    approvers = ", ".join(approval.by for approval in result.approval.given)
    digest = short_hash(result.content_hash)
    if approved:
        yield f"{slug} is approved: content hash {digest} by {approvers}{despite}"
    else:
        yield f"noted: content hash {digest} by {by}{despite}"
        yield from result.approval.reasons
    if status.readers is not None:
        lists = ", ".join(campaigns.settings.titles_of(status.lists))
        corrects = status.statement.corrects
        recipients = f"who may have {corrects}" if corrects else f"on {lists}"
        yield f"goes to {people(status.readers)} {recipients}"
        if approved and not status.is_started:
            yield f"waits for a sender to start it: newsletter statement start {slug} --by EMAIL"
        elif approved:
            hour = f", {status.hour}" if status.hour else ""
            time = _wall_time(status)
            yield f"leaves at {time}{hour}, while 'newsletter run' or 'newsletter worker' runs"
    yield f"to undo: newsletter statement revoke {slug} --by {by}"


def _wall_time(status: StatementStatus) -> str:
    """Return when the first reader gets it."""
    return shell.wall_time(_leaves_at(status).replace(microsecond=0), status.rules.timezone)


def _leaves_at(status: StatementStatus) -> datetime:
    return status.release or status.ready_at or status.now


@click.command()
@click.argument("slug")
@click.option("--by", required=True, metavar="EMAIL", help="The approver.")
@shell.with_services
def revoke(services: Services, slug: str, by: str) -> None:
    """Revoke your approval; an admin revokes all of them."""
    slug = shell.statement_slug(services.store, slug)
    rules = services.campaigns.rules
    approvals = revoke_approvals(slug, by=by, store=services.store, rules=rules)
    shell.say(f"{approvals} approval{'' if approvals == 1 else 's'} of {slug} taken back")


@click.command()
@click.argument("slug")
@click.option("--at", required=True, metavar="TIME", help=_TIME_HELP)
@click.option(
    "--approve-again",
    is_flag=True,
    help="Allow an earlier time than its approvers saw; the statement then "
    "waits for a new approval.",
)
@shell.with_actor
def schedule(services: Services, slug: str, at: str, approve_again: bool, by: str) -> None:
    """Set the time of a statement, which overrules its file."""
    services.statements.refresh_to_act()
    send_at, now = _parse_at(services, at), services.store.clock.now()
    slug = shell.statement_slug(services.store, slug)
    time = shell.wall_time(send_at, services.settings.timezone)
    if send_at <= now:
        raise Refused(
            f"{time} has passed; it is {shell.wall_time(now, services.settings.timezone)} now."
            " Write a later time, or let it leave once it is approved:"
            f" 'newsletter statement unschedule {slug}'"
        )
    services.campaigns.starter().schedule(slug, send_at, by=by, renews_approvals=approve_again)
    shell.say(f"{slug} goes out at {time}, once it is approved")


@click.command()
@click.argument("slug")
@click.option("--approve-again", is_flag=True, help="Allow an earlier time; see schedule.")
@shell.with_actor
def unschedule(services: Services, slug: str, approve_again: bool, by: str) -> None:
    """Go back to the time in the statement's file."""
    slug = shell.statement_slug(services.store, slug)
    services.campaigns.starter().schedule(slug, None, by=by, renews_approvals=approve_again)
    shell.say(f"{slug} goes out at the time in its file; without one, as soon as it may")


@click.command()
@click.argument("slug")
@shell.seen_hash
@click.option(
    "--count",
    metavar="N",
    type=click.IntRange(min=0),
    help="The number of people that you expect; refuse another number.",
)
@click.option("--at", metavar="TIME", help=_TIME_HELP)
@shell.with_actor
def start(
    services: Services, slug: str, by: str, digest: str, count: int | None, at: str | None
) -> None:
    """Start a statement that was approved without a start.

    Sending begins when the undo window ends; 'newsletter statement undo' stops it before.
    """
    services.statements.refresh_to_act()
    slug = shell.statement_slug(services.store, slug)
    terms = services.campaigns.current_terms(slug)
    if count is not None:
        terms = replace(terms, readers=count, typed_readers=count)
    request = StartRequest(
        slug=slug,
        by=by,
        seen=digest,
        shown=terms,
        at=_parse_at(services, at) if at is not None else None,
    )
    start = services.campaigns.starter().start(request)
    with services.store.read() as tx:
        status = with_readers(tx, find_status(tx, slug, services.campaigns.rules))
    digest = short_hash(start.content_hash)
    shell.say(f"{slug} is started: content hash {digest} goes to {people(start.count)}")
    undo = f"; to undo: newsletter statement undo {slug}" * (_leaves_at(status) > status.now)
    shell.say(f"leaves at {_wall_time(status)}{undo}")
    shell.report_hold(services)


@click.command()
@click.argument("slug")
@shell.with_actor
def undo(services: Services, slug: str, by: str) -> None:
    """Stop a statement before it is sent.

    If approvals start statements, they are revoked. If a sender does, it stays approved.
    """
    slug = shell.statement_slug(services.store, slug)
    approved = services.campaigns.starter().undo(slug, by=by)
    advice = "it stays approved" if approved else "it needs a new approval"
    shell.say(f"{slug} is undone: no one got it, and {advice}")


@click.command("send-back")
@click.argument("slug")
@click.option("--by", required=True, metavar="EMAIL", help="The person who sends it back.")
@click.option("--reason", required=True, metavar="TEXT", help="The requested change.")
@shell.seen_hash
@shell.with_services
def send_back(services: Services, slug: str, by: str, reason: str, digest: str) -> None:
    """Ask for changes in a statement, with a reason."""
    services.statements.refresh_to_act()
    slug = shell.statement_slug(services.store, slug)
    services.statements.send_back(slug, by=by, expect=digest, reason=reason)
    shell.say(f"{slug} was sent back; it waits for its writers")


@click.command()
@click.argument("slug")
@click.argument("words", default="")
@click.option(
    "--withdraw", "kind", flag_value=NoteKind.WITHDRAWN.value, help="Take the text off the web."
)
@click.option("--restore", "kind", flag_value=NoteKind.RESTORED.value, help="Put it back.")
@shell.with_actor
def annotate(services: Services, slug: str, words: str, kind: str | None, by: str) -> None:
    """Write a dated note on a statement's public page."""
    slug = shell.statement_slug(services.store, slug)
    add_note(slug, NoteKind(kind or "note"), words, by=by, store=services.store)
    shell.say(f"{services.settings.public_url}/archive/{slug} shows it now")


def _parse_at(services: Services, text: str) -> datetime:
    """Parse the time in ``--at``, by the rules of the desk. Raises InvalidInput."""
    now = services.store.clock.now()
    try:
        return parse_instant(text, zone=services.settings.timezone, now=now)
    except ValueError as error:
        raise InvalidInput.at("--at", str(error)) from error
