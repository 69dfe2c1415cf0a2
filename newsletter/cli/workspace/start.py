"""``init`` and ``demo``: the first minutes."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from newsletter.cli.campaigns.campaigns import print_report
from newsletter.cli.delivery.running import work
from newsletter.cli.shell import say
from newsletter.config.environment import environment
from newsletter.domain.errors import Refused
from newsletter.domain.statements.statement import Role
from newsletter.pipeline.campaigns.report import report
from newsletter.pipeline.campaigns.trial import filled, sample

if TYPE_CHECKING:
    from newsletter.runtime.app import App


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
        "  newsletter user add you@example.org --role admin"
    )


@click.command()
@click.argument("folder", default="demo", type=click.Path(path_type=Path))
def demo(folder: Path) -> int:
    """Try it out on made-up data: nothing leaves this machine."""
    from newsletter.config.loading import FILE_NAME
    from newsletter.runtime.wiring import opened

    folder = _unused(folder)
    make_workspace(folder)
    config = folder / FILE_NAME
    at_once = re.sub(r"undo_window: \S+", "undo_window: 0s", config.read_text(encoding="utf-8"))
    config.write_text(at_once, encoding="utf-8")
    with opened(folder, environment()) as app:
        _prepare(app, folder)
        code = work(app, until_idle=True)
        figures = report(_SLUG, store=app.store, now=app.clock.now())
        print_report(figures, app.settings.timezone)
        _show_around(app, folder)
    return code


def _unused(folder: Path) -> Path:
    number, candidate = 1, folder
    while candidate.exists() and any(candidate.iterdir()):
        number += 1
        candidate = folder.with_name(f"{folder.name}-{number}")
    return candidate


def _prepare(app: App, folder: Path) -> None:
    from newsletter.subscriber_files.subscribers import read_subscribers

    read = read_subscribers(folder / "subscribers.yaml", progress=lambda _count: None)
    with app.store.begin() as tx:
        tx.readers.upsert(read.entries, app.clock.now())
        tx.readers.suppress(read.suppressed, app.clock.now(), "the demo")
        tx.staff.put(_EDITOR, Role.APPROVER, app.clock.now())
    app.refresh()
    given = app.approve(_SLUG, by=_EDITOR)
    say(f"{_EDITOR} approved {_SLUG} ({given.digest[:12]}); the scheduler picks it up now")


def _show_around(app: App, folder: Path) -> None:
    content, recipient = sample(_SLUG, address=None, store=app.store, links=app.links)
    page = folder / "var" / "example.html"
    page.write_text(filled(content, recipient).html, encoding="utf-8")
    mails = sorted((folder / "var" / "outbox").glob("*.eml"))
    command = sys.argv[0] if sys.argv[0].endswith("newsletter") else "newsletter"
    click.echo(
        f"\na mail as it left:    {mails[0] if mails else 'none'}\n"
        f"its HTML:             {page}\n\n"
        "try next:\n"
        f"  {command} statement show example --workspace {folder}\n"
        f"  {command} audit show --workspace {folder}\n"
        f"  {command} run --workspace {folder}      (and open http://127.0.0.1:8000)"
    )
