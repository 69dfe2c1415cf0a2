"""Writes docs/commands.md: ``python -m tools.reference.commands``."""

import sys
from collections.abc import Iterator, Mapping

import click

from newsletter.cli.main import load_command, newsletter
from tools.reference.examples import transcripts

_INTRODUCTION = """\
<!-- Generated from the commands by `python -m tools.reference.commands`. -->
# Commands

Data goes to standard output, messages and progress to standard error. No option is a secret.
[Operations](operations.md#exit-codes) lists the exit codes. Every command takes `--workspace DIR`,
the folder of newsletter.yaml; commands that report take `--json`. Lists show the newest 50;
`--limit N` and `--all` show more. Commands that change something take `--by EMAIL`, the person in
the audit log, listed below only if required. Each example shows the first lines.
"""

_SHARED_OPTIONS = {"--workspace", "--json", "--limit", "--all", "--by"}
"""Options that the introduction explains. The page repeats them only where they are required."""
_USUAL = {"[OPTIONS]", "COMMAND [ARGS]..."}


def document(examples: Mapping[str, str]) -> str:
    """The whole page, in Markdown, with what these commands print."""
    lines = [_INTRODUCTION]
    for context in _contexts(click.Context(newsletter, info_name="newsletter")):
        lines += _section(context, examples)
    return "\n".join(lines)


def _contexts(context: click.Context) -> Iterator[click.Context]:
    """The command itself, then those below it, in the order in which they were added."""
    yield context
    if isinstance(context.command, click.Group):
        for name, command in context.command.commands.items():
            yield from _contexts(
                click.Context(load_command(command), info_name=name, parent=context)
            )


def _section(context: click.Context, examples: Mapping[str, str]) -> Iterator[str]:
    path, command = context.command_path, context.command
    yield from [f"## `{path}`", ""]
    usage = " ".join(
        piece for piece in command.collect_usage_pieces(context) if piece not in _USUAL
    )
    help_text = _escaped(command.help or "")
    yield from [f"`{path} {usage}`: {help_text}" if usage else help_text, ""]
    yield from _options(context)
    if not isinstance(command, click.Group) or command.invoke_without_command:
        example = next((line for line in examples if f"{line} ".startswith(f"{path} ")), "")
        if not example:
            raise LookupError(f"tools/reference/examples.sh has no line with '{path}': write one")
        yield from ["```console", f"$ {example}", f"{examples[example]}```", ""]


def _options(context: click.Context) -> Iterator[str]:
    options = [option for option in context.command.params if isinstance(option, click.Option)]
    own = [each for each in options if each.required or _SHARED_OPTIONS.isdisjoint(each.opts)]
    rows = [record for option in own if (record := option.get_help_record(context))]
    if rows:
        yield from [f"- `{option}`: {_escaped(what)}" for option, what in rows]
        yield ""


def _escaped(text: str) -> str:
    """Help as a piece of Markdown: click's own marks go, and nothing breaks a table."""
    plain = text.replace("\b\n", "").replace("|", "\\|").replace("<", "&lt;")
    return "\n".join(line.strip() for line in plain.strip().splitlines())


if __name__ == "__main__":
    sys.stdout.write(document(transcripts()))
