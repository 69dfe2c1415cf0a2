"""Groups of commands that are loaded when they are run: a list of them loads none.

Importing all that the program can do takes far longer than most commands. So a group's table
names, for each command, where it is and what it is in a sentence; the module is imported when
somebody runs the command. A test holds the sentences against the commands' own.
"""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from newsletter.imports import imported


class Later(click.Command):
    """Stands for a command in lists, help and completion until it is run."""

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
        """Find what is to be run."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, loaded(command), rest


def loaded(command: Any) -> Any:
    """The command that this one stands for, or itself."""
    return command.load() if isinstance(command, Later) else command
