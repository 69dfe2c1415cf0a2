"""``init``: a new workspace."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import click

from newsletter.cli.shell import say
from newsletter.domain.errors import Refused

_EDITOR = "editor@forum.example"
_SLUG = "example"


def make_workspace(folder: Path) -> list[Path]:
    """Write a workspace and return its files. Raises Refused rather than overwrite anything."""
    from newsletter.config.loading import FILE_NAME
    from newsletter.config.schema import json_schema
    from newsletter.rendering.mail.files import default_templates

    examples = default_templates() / "workspace"
    files = {
        folder / FILE_NAME: examples / "newsletter.yaml",
        folder / "subscribers.yaml": examples / "subscribers.yaml",
        folder / "statements" / "example.md": examples / "example.md",
    }
    schema = folder / "newsletter.schema.json"
    present = [str(path) for path in (*files, schema) if path.exists()]
    if present:
        verb = "exists" if len(present) == 1 else "exist"
        raise Refused(f"{', '.join(present)} {verb} already; nothing was written")
    for sub in ("statements", "templates"):
        (folder / sub).mkdir(parents=True, exist_ok=True)
    (folder / "var").mkdir(mode=0o700, exist_ok=True)
    for target, example in files.items():
        shutil.copyfile(example, target)
    (folder / "subscribers.yaml").chmod(0o600)  # while only made-up people stand in it
    schema.write_text(json.dumps(json_schema(), indent=2) + "\n", encoding="utf-8")
    return [*files, schema]


@click.command()
@click.argument("folder", default=".", type=click.Path(path_type=Path))
def init(folder: Path) -> None:
    """Write a new workspace: settings, a statement, subscribers."""
    for path in make_workspace(folder):
        click.echo(str(path))
    say(
        "next: edit newsletter.yaml, then\n"
        "  newsletter doctor\n"
        "  newsletter subscribers import subscribers.yaml\n"
        "  newsletter user invite you@example.org --role admin\n"
        "  newsletter run\n"
        "and open the link of the invitation: at the desk you write, approve and send"
    )
