"""Groups of commands whose modules are imported when a command runs.

Importing the whole program takes much longer than most commands. So a group's table names, for each
command, its module and its sentence in the list. A test compares the sentences with the commands'.
"""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from newsletter.imports import imported


class Later(click.Command):
    """Replaces a command in lists, help and completion until it is run."""

    def __init__(self, name: str, *, at: str, about: str) -> None:
        super().__init__(name, help=about)
        self.at = at
        """Its module and its name there: ``newsletter.cli.statements.preview:send``."""

    def load(self) -> click.Command:
        """The command itself."""
        with kept():
            command: click.Command = imported(self.at)
        return command


@contextmanager
def kept() -> Iterator[None]:
    """A block that imports much: that stays, and to look for rubbish in it takes a tenth."""
    before = len(sys.modules)
    gc.disable()
    try:
        yield
    finally:
        if len(sys.modules) > before:  # else it keeps nothing but what earlier commands left
            gc.freeze()
        gc.enable()


class Table(click.Group):
    """A group that loads a command of its table when it is run."""

    def later(self, name: str, at: str, about: str) -> None:
        """Add a command without importing it."""
        self.add_command(Later(name, at=at, about=about))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command to run."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, loaded(command), rest


def loaded(command: Any) -> Any:
    """Return the command itself, imported if it is a placeholder."""
    return command.load() if isinstance(command, Later) else command
