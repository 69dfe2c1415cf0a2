"""``newsletter doctor``: one line for each thing that has to be right, with what to do.

Source: the records of the CVE program, most of them by the Python Software Foundation
(CVEProject/cvelistV5, ``cves/YEAR/…/CVE-….json``: affected, lessThan); for CVE-2024-6923, whose
record names no version of a series, the changelogs of 3.11.10 and 3.12.5. Only holes in what we use
count: email, urllib.parse and zipfile; but not CVE-2026-1299, which needs a kind of header field
(``LiteralHeader``) that we do not write, and CVE-2025-11468, which needs comments in addresses,
which we do not take.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from newsletter.cli.shell import Shell, as_json, in_workspace, print_json
from newsletter.cli.workspace.sending_domain import examine_from_outside
from newsletter.config.environment import environment
from newsletter.domain.delivery.epoch import HoldKind
from newsletter.domain.delivery.letter import LetterState
from newsletter.domain.delivery.provider import Finding, Level
from newsletter.domain.errors import NewsletterError, ProviderUnreachable
from newsletter.domain.ports import Examiner
from newsletter.domain.statements.statement import Role
from newsletter.runtime.keys import open_to_others

if TYPE_CHECKING:
    from newsletter.runtime.services import Services
    from newsletter.store.soundness import Soundness


Version = tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class Hole:
    """A known weakness, and from which patch level on each series is without it."""

    name: str
    about: str
    mended: Mapping[tuple[int, int], int]
    """A series that is not named never had it, or was mended before its first version."""

    def is_in(self, version: Version) -> bool:
        """Whether this version has it."""
        return version[2] < self.mended.get(version[:2], 0)


HOLES = (
    Hole(
        name="CVE-2023-24329",
        about="an address with a blank before it is read as another",
        mended={(3, 11): 4},
    ),
    Hole(
        name="CVE-2024-11168",
        about="a host in brackets that is none is taken",
        mended={(3, 11): 4},
    ),
    Hole(
        name="CVE-2024-0450",
        about="a small zip file unpacks to any size",
        mended={(3, 11): 8, (3, 12): 2},
    ),
    Hole(
        name="CVE-2024-6923",
        about="a line break in a header field of a mail is written as it is",
        mended={(3, 11): 10, (3, 12): 5},
    ),
    Hole(
        name="CVE-2025-0938",
        about="a host with brackets inside is taken",
        mended={(3, 11): 12, (3, 12): 9, (3, 13): 2},
    ),
)


def holes_in(version: Version) -> tuple[Hole, ...]:
    """The known ones that a version has."""
    return tuple(hole for hole in HOLES if hole.is_in(version))


def mended_by(version: Version) -> str:
    """The first version of the same series that has none of them."""
    patch = max((hole.mended.get(version[:2], 0) for hole in HOLES), default=0)
    return f"{version[0]}.{version[1]}.{patch}"


_DAY, _LATE = timedelta(days=1), timedelta(minutes=10)
_FREE_BYTES = 200_000_000
_MOST_MAIL = 1 << 20
"""Bytes of an email that are read: its header fields come first."""
_SHOWN = {Level.OK: "ok   ", Level.WARNING: "CHECK", Level.FAULT: "FIX  "}
_CONNECTION = "provider connection"
_LOOK = 5.0
"""Seconds for looking at the file, and again for looking at what stands in it."""
_PUT_BACK = "look at the disk, and put a backup back with 'newsletter db restore'"


@click.command()
@click.option(
    "--mail",
    type=click.File("rb"),
    metavar="FILE.eml",
    help="Instead, look at a test email as it arrived in a mailbox: is it signed for us?",
)
@as_json
@in_workspace
def doctor(shell: Shell, mail: BinaryIO | None, as_json: bool) -> int:
    """Check all that has to be right, and mail nobody.

    One line for each thing: ok, CHECK where it could not be proved, FIX with what to do. The
    provider is asked about its key and the sending domain; nothing is changed there.
    """
    findings = list(_examine(shell) if mail is None else _examine_mail(shell, mail))
    if as_json:
        print_json([_plain(finding) for finding in findings])
    else:
        for finding in findings:
            advice = f"; {finding.advice}" if finding.advice else ""
            click.echo(f"{_SHOWN[finding.level]} {finding.what}: {finding.detail}{advice}")
    faults = {finding.what for finding in findings if finding.level is Level.FAULT}
    return (6 if faults == {_CONNECTION} else 3) if faults else 0


def _plain(finding: Finding) -> dict[str, object]:
    return {
        "what": finding.what,
        "level": finding.level.value,
        "well": finding.level is not Level.FAULT,
        "detail": finding.detail,
        "advice": finding.advice,
    }


def _finding(what: str, *, well: bool, detail: str) -> Finding:
    return Finding(what=what, level=Level.OK if well else Level.FAULT, detail=detail)


def _examine_mail(shell: Shell, mail: BinaryIO) -> Iterator[Finding]:
    from newsletter.config.loading import FILE_NAME, load
    from newsletter.domain.delivery.arrived import examine_arrived

    settings = load(shell.folder / FILE_NAME, environment())
    return examine_arrived(mail.read(_MOST_MAIL), settings.public_url)


def _examine(shell: Shell) -> Iterator[Finding]:
    yield _python((sys.version_info[0], sys.version_info[1], sys.version_info[2]))
    config = _attempt("configuration", lambda: _configured(shell))
    yield config
    if config.level is Level.FAULT:
        return
    try:
        with shell.services() as app:
            app.tick.prepare()
            yield _finding("database", well=True, detail=str(app.settings.database_path))
            yield from _inside(app)
    except NewsletterError as error:
        yield _finding("workspace", well=False, detail=str(error))


def _python(version: Version) -> Finding:
    detail = ".".join(map(str, version))
    holes = holes_in(version)
    if not holes:
        return _finding("python", well=True, detail=detail)
    named = "; ".join(f"{hole.name}, {hole.about}" for hole in holes)
    advice = f"update to {mended_by(version)} or newer"
    return Finding(
        what="python", level=Level.WARNING, detail=f"{detail} has {named}", advice=advice
    )


def _attempt(what: str, look: Callable[[], str]) -> Finding:
    try:
        return _finding(what, well=True, detail=look())
    except NewsletterError as error:
        return _finding(what, well=False, detail=str(error))


def _configured(shell: Shell) -> str:
    from newsletter.config.loading import FILE_NAME, load

    path = shell.folder / FILE_NAME
    load(path, environment())
    return str(path)


def _inside(app: Services) -> Iterator[Finding]:
    yield _disk(app.settings.database_path.parent)
    faults = app.statements.refresh()
    detail = "; ".join(map(str, faults)) or "all can be rendered"
    yield _finding("statements", well=not faults, detail=detail)
    with app.store.read() as tx:
        lists, roles = tx.readers.lists(), tx.staff.roles()
    counts = ", ".join(f"{name} {count:,}" for name, count in lists.items())
    advice = "none yet; 'newsletter subscribers import FILE'"
    yield _finding("subscribers", well=bool(lists), detail=counts or advice)
    staffed = any(role.includes(Role.APPROVER) for role in roles.values())
    advice = "nobody can approve; 'newsletter user add EMAIL --role approver'"
    yield _finding("staff", well=staffed, detail=_staff(roles) if staffed else advice)
    yield _hold(app)
    yield _letters(app)
    yield _attempt("audit log", lambda: _audited(app))
    yield _file(app)
    yield from map(_sound, app.store.inspect(seconds=_LOOK))
    yield _private(app)
    yield from _provider(app)
    yield from examine_from_outside(app.settings)


def _hold(app: Services) -> Finding:
    reasons = app.delivery.guard().holds()
    when = ", once the books are compared" if HoldKind.DOUBT in reasons else ""
    advice = f"{'; '.join(reasons.values())}; 'newsletter resume-sending --by EMAIL'{when}"
    return _finding("sending", well=not reasons, detail=advice if reasons else "not stopped")


def _letters(app: Services) -> Finding:
    """The letters that readers asked for within a day, and whether they get them."""
    now = app.clock.now()
    with app.store.read() as tx:
        counts, (_, due) = tx.letters.counts(now - _DAY), tx.letters.waiting()
    detail = ", ".join(f"{state.value} {count:,}" for state, count in counts.items() if count)
    late = due is not None and due < now - _LATE
    lost = counts[LetterState.UNKNOWN] + counts[LetterState.REJECTED]
    advice = "letters wait for 'newsletter run' or 'newsletter worker'" if late else ""
    if lost and not advice:
        advice = "the log of the run says why; whoever got none can ask again tomorrow"
    level = Level.WARNING if late or lost else Level.OK
    return Finding(what="letters", level=level, detail=detail or "none today", advice=advice)


def _staff(roles: dict[str, Role]) -> str:
    if not roles:
        return "none; what reviewers put into front matter counts"
    return ", ".join(f"{address} ({role.value})" for address, role in roles.items())


def _disk(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    detail = f"{free // 1_000_000:,} MB free at {folder}"
    if free < _FREE_BYTES:
        detail += f"; at least {_FREE_BYTES // 1_000_000} MB are wanted"
    return _finding("disk", well=free >= _FREE_BYTES, detail=detail)


def _file(app: Services) -> Finding:
    """Whether the database's file hangs together, as SQLite says."""
    faults = app.store.file_faults(seconds=_LOOK)
    if faults is None:
        detail = f"hangs together as far as was looked in {_LOOK:g} seconds"
        return Finding(what="file", level=Level.OK, detail=detail)
    if faults:
        detail = "; ".join(" ".join(fault.split()) for fault in faults)
        return Finding(what="file", level=Level.FAULT, detail=detail, advice=_PUT_BACK)
    return Finding(what="file", level=Level.OK, detail="hangs together")


def _sound(found: Soundness) -> Finding:
    part = "" if found.looked_at == found.of else f" of {found.of:,}"
    looked_at = f"{found.looked_at:,}{part}"
    if found.damaged:
        detail = f"damaged: {', '.join(found.damaged)}; {looked_at} were looked at"
        return Finding(what=found.what, level=Level.FAULT, detail=detail, advice=_PUT_BACK)
    detail = f"{looked_at} are what was stored"
    return Finding(what=found.what, level=Level.OK, detail=detail)


def _private(app: Services) -> Finding:
    """Whether nobody else can read what is kept; what could be put right was, at the opening."""
    from newsletter.runtime.wiring import kept

    open_ones = open_to_others(kept(app.settings))
    if not open_ones:
        return Finding(what="permissions", level=Level.OK, detail="only you can read what is kept")
    named = ", ".join(map(str, open_ones))
    detail = f"others may read {named}"
    advice = "take their rights away with 'chmod go-rwx', or let its owner do it"
    return Finding(what="permissions", level=Level.FAULT, detail=detail, advice=advice)


def _audited(app: Services) -> str:
    with app.store.read() as tx:
        return f"none of its lines was changed ({tx.audit.verify().number:,})"


def _provider(app: Services) -> Iterator[Finding]:
    several = len(app.delivery.lines.all) > 1
    for line, examiners in zip(app.delivery.lines.all, app.delivery.examiners, strict=True):
        found = chain.from_iterable(map(_examined, examiners))
        for finding in dict.fromkeys(found):  # what is asked for each sender may be said of all
            named = f"{line.name}: {finding.detail}"
            yield replace(finding, detail=named) if several else finding


def _examined(examiner: Examiner) -> Iterator[Finding]:
    try:
        yield from examiner.examine()
    except ProviderUnreachable as error:
        yield _finding(_CONNECTION, well=False, detail=str(error))
    except NewsletterError as error:
        yield _finding("provider", well=False, detail=str(error))
