"""``newsletter doctor``: one line for each thing that has to be right, with what to do."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import BinaryIO

import click

from newsletter.cli.shell import Shell, as_json, in_workspace, print_json
from newsletter.config import environment
from newsletter.domain.delivery.provider import Finding, Level
from newsletter.domain.errors import NewsletterError

_MOST_MAIL = 1 << 20
"""Bytes of an email that are read: its header fields come first."""
_SHOWN = {Level.OK: "ok   ", Level.WARNING: "CHECK", Level.FAULT: "FIX  "}


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
    from newsletter.runtime.diagnosis import CONNECTION

    findings = list(_examine(shell) if mail is None else _examine_mail(shell, mail))
    if as_json:
        print_json([_plain(finding) for finding in findings])
    else:
        for finding in findings:
            advice = f"; {finding.advice}" if finding.advice else ""
            click.echo(f"{_SHOWN[finding.level]} {finding.what}: {finding.detail}{advice}")
    faults = {finding.what for finding in findings if finding.level is Level.FAULT}
    return (6 if faults == {CONNECTION} else 3) if faults else 0


def _plain(finding: Finding) -> dict[str, object]:
    return {
        "what": finding.what,
        "level": finding.level.value,
        "well": finding.level is not Level.FAULT,
        "detail": finding.detail,
        "advice": finding.advice,
    }


def _examine_mail(shell: Shell, mail: BinaryIO) -> Iterator[Finding]:
    from newsletter.config.loading import FILE_NAME, load
    from newsletter.domain.delivery.authentication import examine_arrived

    settings = load(shell.folder / FILE_NAME, environment())
    return examine_arrived(mail.read(_MOST_MAIL), settings.public_url)


def _examine(shell: Shell) -> Iterator[Finding]:
    from newsletter.runtime.diagnosis import attempt, finding, of_interpreter, of_workspace

    yield of_interpreter((sys.version_info[0], sys.version_info[1], sys.version_info[2]))
    config = attempt("configuration", lambda: _configured(shell))
    yield config
    if config.level is Level.FAULT:
        return
    try:
        with shell.services() as services:
            services.tick.prepare()
            yield from of_workspace(services.statements, services.delivery)
    except NewsletterError as error:
        yield finding("workspace", well=False, detail=str(error))


def _configured(shell: Shell) -> str:
    from newsletter.config.loading import FILE_NAME, load

    path = shell.folder / FILE_NAME
    load(path, environment())
    return str(path)
