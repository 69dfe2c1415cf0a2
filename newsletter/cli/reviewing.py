"""``newsletter statement check`` and ``approve``: what there is to say, and a person's yes."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import click

from newsletter.app import App
from newsletter.cli.languages import left_behind
from newsletter.cli.shell import Shell, as_json, in_workspace, print_json, say, show_faults
from newsletter.domain.errors import Fault, NotFound
from newsletter.domain.review import Grade, Remark, in_order, remark_of
from newsletter.domain.statement import Statement
from newsletter.pipeline.family import translations_of
from newsletter.pipeline.review import is_settled, review
from newsletter.ports import Transaction

BLOCKED, WARNED = 3, 4


@dataclass(frozen=True, kw_only=True)
class _Checked:
    """What there is to say, and what somebody has yet to decide on."""

    remarks: tuple[Remark, ...]
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
    with shell.app() as app:
        checked = _check_one(app, slug) if slug is not None else _check_all(app)
    if as_json:
        print_json([_as_data(remark) for remark in checked.remarks])
        return checked.code
    for remark in checked.remarks:
        say(str(remark))
    if not checked.remarks:
        say(f"nothing wrong with {slug or f'{checked.statements} statements'}")
    return checked.code


def _check_one(app: App, slug: str) -> _Checked:
    faults = app.refresh()
    with app.store.read() as tx:
        stored = tx.statements.get(slug)
        if stored is None or not stored.present:
            origin = stored.statement.origin if stored else ""
            faults = tuple(one for one in faults if one.file == origin or slug in one.file)
            if not faults:
                raise NotFound(f"there is no statement {slug!r}; 'statement list' shows them")
            return _checked(faults, (), settled=True, statements=0)
        faults = _about(app, tx, faults, stored.statement)
        [reviewed] = review(tx, [stored], app.review_rules, app.clock)
        settled = is_settled(tx, stored, app.policy, app.review_rules)
    return _checked(faults, reviewed.remarks, settled=settled, statements=1)


def _check_all(app: App) -> _Checked:
    faults = app.refresh()
    with app.store.read() as tx:
        present = tx.statements.count()
        policy, rules = app.policy, app.review_rules
        open_ones = [one for one in tx.statements.unsettled() if one.present]
        awaited = [one for one in open_ones if not is_settled(tx, one, policy, rules)]
        reviews = review(tx, awaited, rules, app.clock)
    remarks = [one for reviewed in reviews for one in reviewed.remarks]
    grave = [one for one in remarks if one.grade is not Grade.ADVICE]
    return _checked(faults, grave, settled=False, statements=present)


def _checked(
    faults: Iterable[Fault], remarks: Iterable[Remark], *, settled: bool, statements: int
) -> _Checked:
    found = in_order([*map(remark_of, faults), *remarks])
    grades = {remark.grade for remark in found}
    open_warning = Grade.WARNING in grades and not settled
    code = BLOCKED if Grade.BLOCKING in grades else WARNED if open_warning else 0
    return _Checked(remarks=found, code=code, statements=statements)


def _about(
    app: App, tx: Transaction, faults: Iterable[Fault], statement: Statement
) -> tuple[Fault, ...]:
    """Those of its file, of what goes out in its mail, and of another file that bears its slug."""
    within = translations_of(tx, statement.slug) if app.settings.together else ()
    places = {f"{statement.slug}.md", statement.origin, *(one.origin for one in within)}
    return tuple(one for one in faults if not places.isdisjoint({one.file, Path(one.file).name}))


def _as_data(remark: Remark) -> dict[str, object]:
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
@click.option("--digest", default="", help="The digest you have seen: refuse if it changed.")
@click.option("--despite", metavar="WHY", help="Why, although the checks warn.")
@as_json
@in_workspace
def approve(
    shell: Shell, slug: str, by: str, digest: str, despite: str | None, as_json: bool
) -> None:
    """Say yes to a statement as it stands now. One byte later it counts no more.

    While a check warns, that takes --despite and a reason, which is written down with the yes.
    """
    with shell.app() as app:
        faults = app.refresh()
        with app.store.read() as tx:
            stored = tx.statements.get(slug)
            show_faults(_about(app, tx, faults, stored.statement) if stored else ())
        given = app.approve(slug, by=by, expect=digest, despite=despite)
        late = list(left_behind(app, slug))
    over = f" despite {', '.join(given.warnings)}" if given.warnings else ""
    if as_json:
        print_json(
            {
                "slug": slug,
                "digest": given.digest,
                "approved": given.standing.approved,
                "approved_by": [yes.by for yes in given.standing.counted],
                "reasons": list(given.standing.reasons),
                "warnings": list(given.warnings),
            }
        )
    elif given.standing.approved:
        say(f"{slug} is approved ({given.digest[:12]}){over}")
        for line in late:
            say(line)
    else:
        say(f"noted ({given.digest[:12]}){over}; {'; '.join(given.standing.reasons)}")
