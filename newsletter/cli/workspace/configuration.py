"""``newsletter config``: look at the configuration."""

import click

from newsletter.cli.shell import Shell, as_json, in_workspace, print_json, say
from newsletter.config import environment


@click.group()
def config() -> None:
    """Show and check newsletter.yaml."""


@config.command()
@as_json
@in_workspace
def show(shell: Shell, as_json: bool) -> None:
    """Show all settings with their defaults; secrets are masked."""
    from newsletter.config.loading import FILE_NAME, load
    from newsletter.config.loading import show as masked

    settings = masked(load(shell.folder / FILE_NAME, environment()))
    if as_json:
        print_json(settings)
    else:
        for line in _lines(settings):
            click.echo(line)


def _lines(value: object, path: str = "") -> list[str]:
    if isinstance(value, dict):
        dot = f"{path}." if path else ""
        return [line for key, inner in value.items() for line in _lines(inner, f"{dot}{key}")]
    if isinstance(value, (list, tuple)) and value and isinstance(value[0], dict):
        return [
            line for place, inner in enumerate(value) for line in _lines(inner, f"{path}[{place}]")
        ]
    return [f"{path}: {', '.join(map(str, value)) if isinstance(value, (list, tuple)) else value}"]


@config.command()
@in_workspace
def validate(shell: Shell) -> None:
    """Check newsletter.yaml and list every fault."""
    from newsletter.config.loading import FILE_NAME, load

    path = shell.folder / FILE_NAME
    load(path, environment())
    say(f"{path} is valid")


@config.command()
def schema() -> None:
    """Print the JSON Schema of newsletter.yaml, for editors."""
    from newsletter.config.schema import json_schema

    print_json(json_schema())
