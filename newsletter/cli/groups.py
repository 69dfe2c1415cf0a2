"""A group of commands whose modules are imported when a command runs.

Help, completion and ``--version`` take a fraction of the time that importing all commands takes.
"""

import gc
from typing import Any

import click

from newsletter.imports import import_name


class LazyCommand(click.Command):
    """A placeholder for a command in lists, help and completion until it runs."""

    def __init__(self, name: str, *, module: str, summary: str) -> None:
        super().__init__(name, help=summary)
        self.path = module
        """Module and attribute, such as ``newsletter.cli.statements.preview:send``."""


class LazyGroup(click.Group):
    """A group that imports a command when the command runs."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name, command, arguments = super().resolve_command(ctx, args)
        return name, load_command(command), arguments


def load_command(command: Any) -> Any:
    """Return a command, which is imported if it is a placeholder."""
    if not isinstance(command, LazyCommand):
        return command
    gc.disable()  # imported modules stay, and collecting among them takes a tenth of the time
    try:
        return import_name(command.path)
    finally:
        gc.freeze()
        gc.enable()
