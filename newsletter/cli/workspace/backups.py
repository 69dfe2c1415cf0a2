"""``newsletter backup``: what a timer runs each night."""

import click

from newsletter.cli.shell import Shell, in_workspace, say
from newsletter.runtime.backups import Backups
from newsletter.runtime.keys import private
from newsletter.store.file.lock import lock_shared


@click.command()
@in_workspace
def backup(workspace: Shell) -> None:
    """Write a backup, rehearse it, and remove the oldest."""
    settings = workspace.settings()
    with private(), lock_shared(settings.in_use_path):
        file, found = Backups(settings=settings).take()
    say(f"{file} can be restored, with var/keys: {found}")
