"""``newsletter init``, ``config`` and ``doctor``: create, show and check a workspace."""

import json
import platform
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import click
import yaml

from newsletter.cli import shell
from newsletter.cli.main import EXIT_INVALID, EXIT_UNREACHABLE
from newsletter.config import environment
from newsletter.config.loading import FILE_NAME, list_settings
from newsletter.config.loading import show as masked
from newsletter.config.schema import json_schema
from newsletter.domain.delivery.provider import Finding, Level
from newsletter.domain.errors import NewsletterError, Refused
from newsletter.formats.files import write_file
from newsletter.rendering.mail.files import default_templates
from newsletter.runtime import diagnosis


@click.group()
def config() -> None:
    """Show and check newsletter.yaml."""


@config.command()
@shell.as_json
@shell.in_workspace
def show(workspace: shell.Shell, as_json: bool) -> None:
    """Show all settings with their defaults; secrets are masked."""
    settings = workspace.settings()
    if as_json:
        shell.print_json(masked(settings))
    else:
        for one in list_settings(settings):
            click.echo(f"{one.key}: {one.value}")


@config.command()
@shell.in_workspace
def validate(workspace: shell.Shell) -> None:
    """Check newsletter.yaml and list every fault."""
    shell.say(f"{_validated_path(workspace)} is valid")


def _validated_path(workspace: shell.Shell) -> str:
    """Validate newsletter.yaml and return its path. Raises InvalidConfiguration."""
    workspace.settings()
    return str(workspace.folder / FILE_NAME)


@config.command()
def schema() -> None:
    """Print the JSON Schema of newsletter.yaml, for editors."""
    shell.print_json(json_schema())


_LEVEL_LABELS = {Level.OK: "ok   ", Level.WARNING: "CHECK", Level.FAULT: "FIX  "}


@click.command()
@shell.as_json
@shell.in_workspace
def doctor(workspace: shell.Shell, as_json: bool) -> int:
    """Check the workspace, the provider and the domain.

    One line for each check: ok, CHECK if it could not be verified, FIX with the remedy. The
    provider is asked about its key and the sending domain; nothing is changed there.
    """
    findings = list(_examine(workspace))
    if as_json:
        shell.print_json(
            [
                shell.pick(finding, "what", "level", "detail", "advice")
                | {"well": finding.level is not Level.FAULT}
                for finding in findings
            ]
        )
    else:
        for finding in findings:
            advice = f"; {finding.advice}" if finding.advice else ""
            click.echo(f"{_LEVEL_LABELS[finding.level]} {finding.what}: {finding.detail}{advice}")
    faults = {finding.what for finding in findings if finding.level is Level.FAULT}
    code = EXIT_UNREACHABLE if faults == {diagnosis.CONNECTION_CHECK} else EXIT_INVALID
    return code if faults else 0


def _examine(workspace: shell.Shell) -> Iterator[Finding]:
    yield diagnosis.pass_or_fail("python", is_ok=True, detail=platform.python_version())
    config = diagnosis.run_check("configuration", lambda: _validated_path(workspace))
    yield config
    if config.level is Level.FAULT:
        return
    folder = workspace.settings().database_path.parent
    # first, because a full disk may be why nothing opens
    yield diagnosis.check_space(diagnosis.free_bytes(folder), folder)
    try:
        with workspace.services() as services:
            services.tick.prepare()
            yield from diagnosis.check_workspace(services.statements, services.delivery)
            yield from diagnosis.check_lists(services.subscribers)
            yield from diagnosis.check_sign_in(services.staff)
    except NewsletterError as error:
        yield diagnosis.pass_or_fail("workspace", is_ok=False, detail=str(error))


_SETTING_LINE_PATTERN = re.compile(r"^( *)(\w+):(?: (\"[^\"]*\"|[^\s\"#][^#]*?))?(?= *(?:#|$))")


def _with_variables(example: str, variables: Mapping[str, str]) -> str:
    """Return the example settings with the values of variables such as NEWSLETTER_PUBLIC_URL."""
    path: list[str] = []
    lines = example.split("\n")
    for number, line in enumerate(lines):
        if setting := _SETTING_LINE_PATTERN.match(line):
            blanks, key, example_value = setting.groups()
            path = [*path[: len(blanks) // 2], key]
            variable = variables.get("_".join(["NEWSLETTER", *path]).upper())
            if variable is not None and example_value:
                is_text = isinstance(yaml.safe_load(example_value), str)
                value = json.dumps(variable, ensure_ascii=False) if is_text else variable
                lines[number] = line[: setting.start(3)] + value + line[setting.end(3) :]
    return "\n".join(lines)


def make_workspace(folder: Path, variables: Mapping[str, str]) -> list[Path]:
    """Write a workspace and return its files. Raises Refused if a file exists."""
    examples = default_templates() / "workspace"
    files = {
        folder / FILE_NAME: examples / "newsletter.yaml",
        folder / "subscribers.yaml": examples / "subscribers.yaml",
        folder / "statements" / "example.md": examples / "example.md",
    }
    schema = folder / "newsletter.schema.json"
    existing = [str(path) for path in (*files, schema) if path.exists()]
    if existing:
        verb = "exists" if len(existing) == 1 else "exist"
        raise Refused(f"{', '.join(existing)} {verb} already; nothing was written")
    for sub in ("statements", "templates"):
        (folder / sub).mkdir(parents=True, exist_ok=True)
    (folder / "var").mkdir(mode=0o700, exist_ok=True)
    texts = {target: example.read_text("utf-8") for target, example in files.items()}
    texts[folder / FILE_NAME] = _with_variables(texts[folder / FILE_NAME], variables)
    texts[schema] = json.dumps(json_schema(), indent=2) + "\n"
    written: list[Path] = []
    try:
        for target, text in texts.items():
            write_file(target, text.encode(), is_new=True)
            written.append(target)
    except OSError:
        for target in written:  # else a second attempt would find files that exist
            target.unlink()
        raise
    (folder / "subscribers.yaml").chmod(0o600)  # while only made-up people stand in it
    return written


@click.command()
@click.argument("folder", default=".", type=click.Path(path_type=Path))
def init(folder: Path) -> None:
    """Create a workspace: settings, a statement, subscribers.

    A variable such as NEWSLETTER_PUBLIC_URL or NEWSLETTER_SENDER_ADDRESS gives the setting of that
    name its first value.
    """
    for path in make_workspace(folder, environment()):
        click.echo(str(path))
    shell.say(
        "next: edit newsletter.yaml, then\n"
        "  newsletter doctor\n"
        "  newsletter subscribers import subscribers.yaml\n"
        "  newsletter user invite you@example.org --role admin\n"
        "  newsletter run\n"
        "and open the link of the invitation: at the desk you write, approve and send;"
        " statements/example.md is a draft and goes to no one"
    )
