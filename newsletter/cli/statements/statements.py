"""``newsletter statement``: write, list, show and check statements."""

from collections.abc import Iterable
from typing import Any

import click

from newsletter.cli import shell
from newsletter.cli.main import EXIT_INVALID, EXIT_REFUSED
from newsletter.cli.statements import approving
from newsletter.cli.statements.sources import import_files
from newsletter.domain.campaigns import sentences
from newsletter.domain.campaigns.campaign import CampaignState, has_begun
from newsletter.domain.campaigns.status import StatementStatus
from newsletter.domain.errors import Defect, Fault, InvalidInput, NotFound
from newsletter.domain.statements.comparison import compare_contents
from newsletter.domain.statements.content import short_hash
from newsletter.domain.statements.draft import DraftText
from newsletter.domain.statements.review import ReviewFinding, Severity, finding_of, sort_findings
from newsletter.domain.statements.statement import Progress
from newsletter.pipeline.campaigns.board import load_for_page
from newsletter.pipeline.ledger import find_slug, find_statement
from newsletter.pipeline.statements.review import describe_overrides, is_settled, review
from newsletter.pipeline.statements.translations import find_awaited
from newsletter.pipeline.status import load_statuses
from newsletter.runtime.keys import with_umask
from newsletter.runtime.services import Services
from newsletter.runtime.statements import Statements
from newsletter.sources.desk import draft_as_file
from newsletter.sources.folder import path_for_title, write_new
from newsletter.sources.statements import parse_statement
from newsletter.store.sql import Transaction


@click.group()
def statement() -> None:
    """Write, check, approve and schedule statements."""


@statement.command("list")
@shell.as_json
@shell.limited
@shell.with_services
def list_statements(services: Services, as_json: bool, most: int | None) -> None:
    """Show statements and where each stands, the newest ones."""
    faults = services.statements.refresh()
    with services.store.read() as tx:
        newest = sorted(tx.statements.list_newest(most), key=lambda stored: stored.statement.slug)
        rules = services.campaigns.rules
        rows = [_status_row(tx, status) for status in load_statuses(tx, newest, rules)]
        count = tx.statements.count()
    shell.show_faults(faults)
    shell.print_rows(
        rows,
        ("slug", "title", "translation_of", "approval", "time", "campaign", "hash"),
        as_json=as_json,
        count=count,
        write=lambda row: {
            **row,
            "campaign": _format_value("campaign", row["campaign"]),
            "hash": short_hash(row["digest"]),
        },
    )


@statement.command()
@click.argument("slug")
@shell.as_json
@shell.with_services
def show(services: Services, slug: str, as_json: bool) -> None:
    """Show one statement, its approvals and what it still needs."""
    faults = services.statements.refresh()
    with services.store.read() as tx:
        stored = tx.statements.get(slug) or tx.statements.get(find_slug(tx, slug, by_prefix=True))
        campaign = tx.campaigns.find_latest(stored.slug if stored else slug)
        if stored is None or not (stored.present or has_begun(campaign)):
            shell.show_faults(faults)
            raise NotFound(
                f"the file of {slug} is gone or faulty; 'newsletter statement list' shows all"
            )
        rules, fault = services.campaigns.rules, services.statements.fault
        status = load_for_page(tx, stored.slug, rules, fault)
        # its status as the desk's page shows it
        row = {
            "slug": stored.slug,
            "title": stored.statement.title,
            "state": status.state.value,
            "where": sentences.describe_state(status),
            "next": sentences.describe_next(status).removeprefix("Next: "),
            "also": " ".join(sentences.describe_further(status)),
        } | _status_row(tx, status)
    if as_json:
        shell.print_json(row)
        return
    del row["status"]  # in its source; "state" says more
    for key, value in row.items():
        click.echo(f"{key + ':':<14} {_format_value(key, value) or '–'}")
    click.echo(f"\n{stored.statement.body}")


def _format_value(key: str, value: Any) -> str:
    """Format the value of a row for people. Return "" for None and empty lists."""
    if key == "campaign" and value.endswith(f" {CampaignState.ATTENTION.value}"):
        return f"{value.partition(' ')[0]} needs attention"
    if key == "despite":
        value = list(map(shell.override_in_words, value))
    if isinstance(value, list):
        value = (", " if key in {"lists", "approved_by"} else "; ").join(value)
    return str(value or "")


def _status_row(tx: Transaction, status: StatementStatus) -> dict[str, Any]:
    statement, campaign = status.statement, status.campaign
    return {
        "slug": statement.slug,
        "title": statement.title,
        "file": statement.origin,
        "digest": status.email_hash,
        "status": statement.progress.value,
        "approval": _approval_label(status),
        "approved_by": [approval.by for approval in status.approval.given],
        "despite": describe_overrides(status.approval.counted),
        "reasons": list(status.approval.reasons),
        "lists": list(statement.lists),
        "segment": str(statement.segment or ""),
        # as its file says
        "send_at": statement.send_at.isoformat(sep=" ", timespec="minutes")
        if statement.send_at
        else str(statement.local_time or ""),
        "time": _format_set_time(status),
        "corrects": statement.corrects,
        "translation_of": statement.translation_of,
        "language": statement.language,
        "awaited": [str(language) for language in find_awaited(tx, campaign)] if campaign else [],
        "notes": list(statement.notes),
        "campaign": f"{campaign.id} {campaign.state.value}" if campaign else "",
    }


def _approval_label(status: StatementStatus) -> str:
    if not status.stored.content_hash:
        return "cannot be rendered"
    if status.is_within:
        return f"goes out with {status.statement.translation_of}"
    if status.statement.progress is Progress.DRAFT:
        return "draft"
    if status.approval.approved:
        return "approved"
    return "changed since approval" if status.approval.changed else "waits for approval"


def _format_set_time(status: StatementStatus) -> str:
    """Return the send time that is set, marked if it is overdue; "" if none is set."""
    if status.set_for is None or has_begun(status.campaign):
        return ""
    overdue = "overdue since " if status.is_overdue and status.approval.approved else ""
    return f"{overdue}{shell.wall_time(status.set_for, status.rules.timezone)}"


@statement.command()
@click.argument("title")
@click.option("--author", default="", metavar="EMAIL", help="The author.")
@shell.with_services
def new(services: Services, title: str, author: str) -> None:
    """Begin a statement: writes statements/SLUG.md."""
    first_text = DraftText(
        title=title,
        body="Write the statement here, in Markdown.",
        date=services.store.clock.now().date().isoformat(),
    )
    text = draft_as_file(first_text, author=author).encode()
    path = path_for_title(services.settings.statements_folder, title)
    parsed = parse_statement(text, file=str(path), defaults=services.statements.defaults)
    # a file may be without a list until its writer chooses one
    if faults := [fault for fault in parsed.faults if fault.key in {"title", "author"}]:
        raise InvalidInput(faults)
    with with_umask(services.umask):
        write_new(path, text)
    click.echo(str(path))


_CheckResult = tuple[tuple[ReviewFinding, ...], int, int]
"""The findings of a check, its exit code, and the number of statements that were checked."""


@statement.command()
@click.argument("slug", required=False)
@shell.as_json
@shell.with_services
def check(services: Services, slug: str | None, as_json: bool) -> int:
    """Check statements: each fault, its place and its remedy.

    Without SLUG: all statements that are not approved yet, without advice. No link is visited.
    Exits with 3 if a finding is blocking, and with 4 if a warning needs a decision.
    """
    statements = services.statements
    findings, code, count = _check_all(statements) if slug is None else _check_one(statements, slug)
    if as_json:
        shell.print_json(
            [
                shell.pick(finding, "place", "line", "severity", "message")
                | {"code": finding.check}
                for finding in findings
            ]
        )
        return code
    for finding in findings:
        shell.say(str(finding))
    if not findings:
        shell.say(f"nothing wrong with {slug or f'{count} statements'}")
    return code


def _check_one(statements: Statements, slug: str) -> _CheckResult:
    faults = statements.refresh()
    with statements.store.read() as tx:
        stored = tx.statements.get(slug)
        if stored is None or not stored.present:
            origin = stored.statement.origin if stored else ""
            file_faults = tuple(
                fault for fault in faults if fault.file == origin or slug in fault.file
            )
            if file_faults:
                return _collect(file_faults, (), settled=True, statements=0)
            stored = tx.statements.get(find_slug(tx, slug, by_prefix=True))
            if stored is None or not stored.present:
                raise NotFound(
                    f"the file of {slug} is gone or faulty; 'newsletter statement list' shows all"
                )
        faults = statements.faults_about(tx, stored.statement, faults)
        [result] = review(tx, [stored], statements.review_rules)
        settled = is_settled(tx, stored, statements.review_rules)
    return _collect(faults, result.findings, settled=settled, statements=1)


def _check_all(statements: Statements) -> _CheckResult:
    faults = statements.refresh()
    with statements.store.read() as tx:
        present = tx.statements.count()
        rules = statements.review_rules
        unsettled = [
            stored
            for stored in tx.statements.list_unsettled()
            if stored.present
            and stored.statement.progress is not Progress.DRAFT
            and not is_settled(tx, stored, rules)
        ]
        reviews = review(tx, unsettled, rules)
    findings = [finding for result in reviews for finding in result.findings]
    severe = [finding for finding in findings if finding.severity is not Severity.ADVICE]
    return _collect(faults, severe, settled=False, statements=present)


def _collect(
    faults: Iterable[Fault], findings: Iterable[ReviewFinding], *, settled: bool, statements: int
) -> _CheckResult:
    file_faults = sort_findings([*map(finding_of, faults), *findings])
    grades = {finding.severity for finding in file_faults}
    open_warning = Severity.WARNING in grades and not settled
    code = EXIT_INVALID if Severity.BLOCKING in grades else EXIT_REFUSED if open_warning else 0
    return file_faults, code, statements


@statement.command()
@click.argument("slug")
@shell.with_services
def diff(services: Services, slug: str) -> None:
    """Show what changed for readers since the last approval."""
    services.statements.refresh()
    with services.store.read() as tx:
        stored = find_statement(tx, find_slug(tx, slug, by_prefix=True))
        approved = [one for one in tx.approvals.list_for(stored.slug) if one.content_hash]
        if not approved:
            none = f"no one has approved {stored.slug} yet, so there is nothing to compare it with"
            raise NotFound(none)
        hashes = (approved[-1].content_hash, stored.content_hash)
        contents = tx.statements.get_contents(hashes)
    if not {*hashes} <= {*contents}:
        raise Defect(f"a stored email of {stored.slug} is damaged; 'newsletter doctor' names it")
    changes = compare_contents(*(contents[one] for one in hashes))
    for one in changes:
        click.echo(f"{one.what}:")
        for sign, text in (("-", one.before), ("+", one.after)):
            click.echo("".join(f"{sign}{line}\n" for line in text.splitlines()), nl=False)
    if not changes and len(contents) > 1:
        shell.say("nothing that readers read: its layout, a picture or a setting changed")


@statement.command()
@click.argument("slug")
@shell.with_actor
def submit(services: Services, slug: str, by: str) -> None:
    """Hand a draft in for approval.

    Its file says status: review from then on.
    """
    slug = services.statements.submit(slug, by=by)
    shell.say(
        f"{slug} waits for approval; 'newsletter statement approve {slug} --by EMAIL' approves it"
    )


_commands_elsewhere = (
    import_files,
    approving.approve,
    approving.revoke,
    approving.schedule,
    approving.unschedule,
    approving.start,
    approving.undo,
    approving.send_back,
    approving.annotate,
)
for _command in _commands_elsewhere:
    statement.add_command(_command)
