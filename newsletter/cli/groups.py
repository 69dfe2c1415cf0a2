"""A group of commands whose modules are imported when a command runs.

Importing the whole program takes much longer than help, completion and ``--version``. So the table
of the group names, for each command, its module and its sentence in the list. A test compares the
sentences with the commands'.
"""

import gc
from typing import Any

import click

from newsletter.imports import imported


class LazyCommand(click.Command):
    """A placeholder for a command in lists, help and completion until it runs."""

    def __init__(self, name: str, *, module: str, summary: str) -> None:
        super().__init__(name, help=summary)
        self._target = module
        """Module and name: ``newsletter.cli.statements.preview:send``."""

    def load(self) -> click.Command:
        """Import and return the command."""
        gc.disable()  # what is imported stays, and to look for rubbish in it takes a tenth
        try:
            command: click.Command = imported(self._target)
        finally:
            gc.freeze()
            gc.enable()
        return command


class Table(click.Group):
    """A group that imports a command when it runs."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Resolve the command to run, and import it."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, loaded(command), rest


def loaded(command: Any) -> Any:
    """Return the command itself, imported if it is a placeholder."""
    return command.load() if isinstance(command, LazyCommand) else command
