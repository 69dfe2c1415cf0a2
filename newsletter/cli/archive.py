"""``archive``: what went out, as files for any web server."""

from datetime import UTC, datetime
from pathlib import Path

import click

from newsletter.cli.shell import Shell, as_json, for_others, in_workspace, print_json, say


@click.group()
def archive() -> None:
    """The public archive."""


@archive.command("build")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@as_json
@in_workspace
def build(shell: Shell, folder: Path, as_json: bool) -> None:
    """Write the archive as files, for any web server.

    The same pages, feeds and pictures as 'serve' shows, without the search. DIR has to be new,
    empty, or from an earlier build: then only what changed is written, and pages of ours that are
    no longer shown are removed. Files of others in it are left alone.
    """
    from newsletter.config.loading import FILE_NAME
    from newsletter.web.public.archive.files import bring_up, files

    settings_at = (shell.folder / FILE_NAME).stat().st_mtime
    with shell.services() as services, for_others(services.umask):
        done = bring_up(
            folder, files(services.archive, began_at=datetime.fromtimestamp(settings_at, UTC))
        )
    for name in done.left:
        say(f"{folder / name} is not shown any more; it was changed since we wrote it, and stays")
    if as_json:
        print_json(vars(done))
        return
    click.echo(
        f"{folder}: {done.written} files written, {done.unchanged} unchanged,"
        f" {done.removed} removed"
    )
