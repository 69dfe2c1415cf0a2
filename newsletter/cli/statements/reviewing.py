"""``newsletter statement check`` and ``approve``: what there is to say, and a person's yes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from newsletter.cli.shell import (
    Shell,
    as_json,
    in_workspace,
    print_json,
    say,
    show_faults,
    statement_slug,
    version,
    wall_time,
)
from newsletter.domain.campaigns.campaign import Campaign, StartBy
from newsletter.domain.errors import Fault, NotFound
from newsletter.domain.statements.review import ReviewFinding, Severity, in_order, remark_of
from newsletter.domain.statements.statement import (
    ApprovalStatus,
    Progress,
    Statement,
    StoredStatement,
)
from newsletter.pipeline.campaigns.outlook import Outlook, outlook
from newsletter.pipeline.ledger import find_statement
from newsletter.pipeline.naming import statement_named
from newsletter.pipeline.statements.approve import Given
from newsletter.pipeline.statements.review import is_settled, review
from newsletter.pipeline.statements.translations import (
    awaited,
    goes_within,
    siblings,
    translations_of,
)
from newsletter.runtime.campaigns import Campaigns
from newsletter.runtime.statements import Statements
from newsletter.store.sql import Transaction


def languages_of(
    tx: Transaction, stored: StoredStatement, campaign: Campaign | None
) -> dict[str, Any]:
    """Of which statement it is the translation, and who waits for one of its own."""
    return {
        "translation_of": stored.statement.translation_of,
        "language": stored.statement.language,
        "awaited": [str(one) for one in awaited(tx, campaign)] if campaign else [],
    }


def in_a_word(stored: StoredStatement, standing: ApprovalStatus, statements: Statements) -> str:
    """How a statement stands."""
    if not stored.content_hash:
        return "cannot be rendered"
    if stored.statement.translation_of and statements.settings.together:
        return f"goes out with {stored.statement.translation_of}"
    if stored.statement.progress is Progress.DRAFT:
        return "draft"
    if standing.approved:
        return "approved"
    return "changed since approval" if standing.changed else "waits for approval"


def left_behind(statements: Statements, slug: str) -> Iterator[str]:
    """What a yes does not do: that of a translation, or for those that nobody waits for."""
    with statements.store.read() as tx:
        statement = find_statement(tx, slug).statement
        _, others = siblings(tx, statement, statements.policy)
    if statements.settings.together:
        if statement.translation_of:
            yield f"{slug} does not go out by itself: {goes_within(statement)}"
    elif not statement.translation_of:
        for one in others:
            yield (
                f"{one.slug} ({one.language}) is not approved:"
                f" its readers get {slug}, should that begin before it is"
            )


BLOCKED, WARNED = 3, 4


@dataclass(frozen=True, kw_only=True)
class _Checked:
    """What there is to say, and what somebody has yet to decide on."""

    remarks: tuple[ReviewFinding, ...]
    code: int
    statements: int


@click.command()
@click.argument("slug", required=False)
@as_json
@in_workspace
def check(shell: Shell, slug: str | None, as_json: bool) -> int:
    """Check statements: what is wrong, where, and what to write.

    Without SLUG: all statements that are not approved yet, and no advice. No link is visited.
    Exits with 3 where something is blocking, and with 4 where a warning is open.
    """
    with shell.services() as services:
        checked = (
            _check_one(services.statements, slug)
            if slug is not None
            else _check_all(services.statements)
        )
    if as_json:
        print_json([_as_data(remark) for remark in checked.remarks])
        return checked.code
    for remark in checked.remarks:
        say(str(remark))
    if not checked.remarks:
        say(f"nothing wrong with {slug or f'{checked.statements} statements'}")
    return checked.code


def _check_one(statements: Statements, slug: str) -> _Checked:
    faults = statements.refresh()
    with statements.store.read() as tx:
        stored = tx.statements.get(slug)
        if stored is None or not stored.present:
            origin = stored.statement.origin if stored else ""
            own = tuple(one for one in faults if one.file == origin or slug in one.file)
            if own:
                return _checked(own, (), settled=True, statements=0)
            stored = tx.statements.get(statement_named(tx, slug))
            if stored is None or not stored.present:
                raise NotFound(f"the file of {slug} is gone; 'newsletter statement list' shows all")
        faults = _about(statements, tx, faults, stored.statement)
        [reviewed] = review(tx, [stored], statements.review_rules, statements.clock)
        settled = is_settled(tx, stored, statements.policy, statements.review_rules)
    return _checked(faults, reviewed.remarks, settled=settled, statements=1)


def _check_all(statements: Statements) -> _Checked:
    faults = statements.refresh()
    with statements.store.read() as tx:
        present = tx.statements.count()
        policy, rules = statements.policy, statements.review_rules
        open_ones = [one for one in tx.statements.unsettled() if one.present]
        handed_in = [one for one in open_ones if one.statement.progress is not Progress.DRAFT]
        awaited = [one for one in handed_in if not is_settled(tx, one, policy, rules)]
        reviews = review(tx, awaited, rules, statements.clock)
    remarks = [one for reviewed in reviews for one in reviewed.remarks]
    grave = [one for one in remarks if one.grade is not Severity.ADVICE]
    return _checked(faults, grave, settled=False, statements=present)


def _checked(
    faults: Iterable[Fault], remarks: Iterable[ReviewFinding], *, settled: bool, statements: int
) -> _Checked:
    found = in_order([*map(remark_of, faults), *remarks])
    grades = {remark.grade for remark in found}
    open_warning = Severity.WARNING in grades and not settled
    code = BLOCKED if Severity.BLOCKING in grades else WARNED if open_warning else 0
    return _Checked(remarks=found, code=code, statements=statements)


def _about(
    statements: Statements, tx: Transaction, faults: Iterable[Fault], statement: Statement
) -> tuple[Fault, ...]:
    """Those of its file, of what goes out in its mail, and of another file that bears its slug."""
    within = translations_of(tx, statement.slug) if statements.settings.together else ()
    places = {f"{statement.slug}.md", statement.origin, *(one.origin for one in within)}
    return tuple(one for one in faults if not places.isdisjoint({one.file, Path(one.file).name}))


def _as_data(remark: ReviewFinding) -> dict[str, object]:
    return {
        "place": remark.place,
        "line": remark.line,
        "grade": remark.grade.value,
        "code": remark.check.value,
        "message": remark.message,
    }


@click.command()
@click.argument("slug")
@click.option("--by", required=True, metavar="EMAIL", help="Whose yes it is.")
@click.option(
    "--digest",
    metavar="VERSION",
    default="",
    help="The version that you have seen: refuse if it changed.",
)
@click.option("--despite", metavar="WHY", help="Why, although the checks warn.")
@click.option(
    "--no-embargo",
    is_flag=True,
    help="There is no embargo, although its text spoke of one; written down in your name.",
)
@click.option(
    "--override",
    is_flag=True,
    help="As an admin, stand in for an approval that is missing: it takes two, and --despite WHY.",
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
    """Say yes to a statement as it stands now. One byte later it counts no more.

    While a check warns, that takes --despite and a reason, which is written down with the yes.
    While its text speaks of an embargo without an end, it takes embargo_until, or --no-embargo.
    """
    with shell.services() as services:
        faults = services.statements.refresh()
        slug = _meant(services.statements, slug, faults)
        with services.store.read() as tx:
            stored = tx.statements.get(slug)
            show_faults(_about(services.statements, tx, faults, stored.statement) if stored else ())
        expected = "".join(digest.split())
        given = services.statements.approve(
            slug,
            by=by,
            expect=expected,
            despite=despite,
            no_embargo=no_embargo,
            override=override,
        )
        late = list(left_behind(services.statements, slug))
        with services.store.read() as tx:
            since = given.standing.complete_at or services.clock.now()
            policy, times = services.statements.policy, services.campaigns.rules.times
            to_come = outlook(tx, slug, since, policy=policy, times=times)
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
        show_faults(one for one in faults if name in one.file)
        raise


def _given(slug: str, given: Given, to_come: Outlook | None) -> dict[str, object]:
    leaves = to_come.leaves_at.isoformat() if to_come and given.standing.approved else None
    return {
        "slug": slug,
        "digest": given.content_hash,
        "approved": given.standing.approved,
        "approved_by": [yes.by for yes in given.standing.given],
        "reasons": list(given.standing.reasons),
        "warnings": list(given.warnings),
        "audience": to_come.readers if to_come else None,
        "lists": list(to_come.lists) if to_come else [],
        "leaves_at": leaves,
    }


def _answer(
    campaigns: Campaigns, slug: str, by: str, given: Given, to_come: Outlook | None
) -> Iterator[str]:
    """Who approved which version, who gets it, when it leaves, and how to undo."""
    over = f" despite {', '.join(given.warnings)}" if given.warnings else ""
    who = ", ".join(yes.by for yes in given.standing.given)
    if given.standing.approved:
        yield f"{slug} is approved: version {version(given.content_hash)} by {who}{over}"
    else:
        yield f"noted: version {version(given.content_hash)} by {by}{over}"
        yield from given.standing.reasons
    if to_come is not None:
        titles = {one.name: one.title for one in campaigns.settings.offers()}
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
