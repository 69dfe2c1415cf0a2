"""``newsletter doctor``: one line for each thing that has to be right, with the mend."""

import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from newsletter.bootstrap import App
from newsletter.cli.shell import Shell, as_json, in_workspace, print_json
from newsletter.config import FILE_NAME, load
from newsletter.config.environment import environment
from newsletter.domain.errors import NewsletterError
from newsletter.domain.statement import Role
from newsletter.ports import HoldKind

_FREE_BYTES = 200_000_000


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing looked at."""

    what: str
    well: bool
    detail: str


@click.command()
@as_json
@in_workspace
def doctor(shell: Shell, as_json: bool) -> int:
    """Check the workspace, mailing nobody, and say what to mend."""
    findings = list(_examine(shell))
    if as_json:
        print_json([{"what": f.what, "well": f.well, "detail": f.detail} for f in findings])
    else:
        for finding in findings:
            click.echo(f"{'ok  ' if finding.well else 'MEND'} {finding.what}: {finding.detail}")
    return 0 if all(finding.well for finding in findings) else 3


def _examine(shell: Shell) -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding(what="python", well=sys.version_info >= (3, 11), detail=version)
    config = _attempt("configuration", lambda: _configured(shell))
    yield config
    if not config.well:
        return
    try:
        with shell.app() as app:
            yield Finding(what="database", well=True, detail=str(app.settings.database_path))
            yield from _inside(app)
    except NewsletterError as error:
        yield Finding(what="workspace", well=False, detail=str(error))


def _attempt(what: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(what=what, well=True, detail=look())
    except NewsletterError as error:
        return Finding(what=what, well=False, detail=str(error))


def _configured(shell: Shell) -> str:
    path = shell.folder / FILE_NAME
    load(path, environment())
    return str(path)


def _inside(app: App) -> Iterator[Finding]:
    yield _disk(app.settings.database_path.parent)
    faults = app.refresh()
    detail = "; ".join(map(str, faults)) or "all can be rendered"
    yield Finding(what="statements", well=not faults, detail=detail)
    with app.store.read() as tx:
        lists, roles = tx.readers.lists(), tx.staff.roles()
    counts = ", ".join(f"{name} {count:,}" for name, count in lists.items())
    advice = "none yet; 'newsletter subscribers import FILE'"
    yield Finding(what="subscribers", well=bool(lists), detail=counts or advice)
    staffed = bool(roles) or app.rules.policy.trust_front_matter
    advice = "nobody can approve; 'newsletter user add EMAIL --role approver'"
    yield Finding(what="staff", well=staffed, detail=_staff(roles) if staffed else advice)
    yield _hold(app)
    yield _attempt("audit log", lambda: _audited(app))
    yield _provider(app)


def _hold(app: App) -> Finding:
    reasons = app.guard().holds()
    when = ", once the books are compared" if HoldKind.DOUBT in reasons else ""
    advice = f"{'; '.join(reasons.values())}; 'newsletter release --by EMAIL'{when}"
    return Finding(what="hold", well=not reasons, detail=advice if reasons else "none")


def _staff(roles: dict[str, Role]) -> str:
    if not roles:
        return "none; what reviewers put into front matter counts"
    return ", ".join(f"{address} ({role.value})" for address, role in roles.items())


def _disk(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    detail = f"{free // 1_000_000:,} MB free at {folder}"
    if free < _FREE_BYTES:
        detail += f"; at least {_FREE_BYTES // 1_000_000} MB are wanted"
    return Finding(what="disk", well=free >= _FREE_BYTES, detail=detail)


def _audited(app: App) -> str:
    with app.store.read() as tx:
        return f"none of its lines was changed ({tx.audit.verify():,})"


def _provider(app: App) -> Finding:
    name = app.provider.name
    if name == "outbox":
        detail = "outbox: messages become files on this machine; no reader gets any"
    else:
        detail = (
            f"{name}: its key is set; that it is valid shows in 'newsletter send SLUG --to YOU'"
        )
    return Finding(what="provider", well=True, detail=detail)


COMMANDS = (doctor,)
