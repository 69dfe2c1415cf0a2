"""``design``: a mail of each template with made-up text, to see what a brand makes of them."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, time
from pathlib import Path

import click

from newsletter.cli.shell import Shell, in_workspace
from newsletter.domain.delivery.transactional import EmailText, News
from newsletter.domain.errors import Defect, Refused
from newsletter.domain.statements.content import Content
from newsletter.domain.statements.statement import Statement
from newsletter.rendering.mail.files import default_templates
from newsletter.runtime.statements import Statements
from newsletter.sources.statements import Defaults, parse_statement

_EXAMPLE = Path("workspace") / "example.md"
_LISTS = ("press", "supporters")
_NEWS = News(
    title="Library hours have to stay",
    label="waiting for approval",
    lines=("Waiting for 1 approval.", "Next: you or Ben can approve it."),
    url="https://desk.example/desk/statements/library-hours",
)


@click.command()
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The folder to fill.")
@in_workspace
def design(shell: Shell, out: Path) -> None:
    """Show each template with made-up text, in your brand.

    Writes mails that show what colours, logo, fixed words and your own templates come to, before
    anything is written or approved. Nothing is sent.
    """
    with shell.services() as services:
        made = dict(_mails(services.statements))
    files = {f"{name}.html": one.html for name, one in made.items()}
    files |= {f"{name}.txt": one.text for name, one in made.items()}
    out.mkdir(parents=True, exist_ok=True)
    foreign = sorted(path.name for path in out.iterdir() if path.name not in files)
    if foreign:
        raise Refused(f"{out / foreign[0]} is none of our files; name an empty folder with --out")
    for name, text in sorted(files.items()):
        (out / name).write_text(text, encoding="utf-8")
        click.echo(str(out / name))


def _mails(statements: Statements) -> Iterator[tuple[str, Content]]:
    statement = _example(statements)
    render = statements.renderer.render
    noon = datetime.combine(statements.store.clock.now().date(), time(12))
    yield "statement", render(statement)
    yield "embargo", render(replace(statement, embargo_until=noon))
    yield "correction", render(replace(statement, corrects="an-earlier-statement"))
    yield "test", render(statement, test=True)
    for says in EmailText:
        yield says.value, _letter(statements, says)


def _letter(statements: Statements, says: EmailText) -> Content:
    path = "confirm" if says in {EmailText.CONFIRMATION, EmailText.MOVE} else "preferences"
    return statements.renderer.transactional(
        says,
        language=statements.settings.language,
        url=f"{statements.settings.public_url}/{path}/their-own-link",
        lists=_LISTS,
        news=(_NEWS,),
    )


def _example(statements: Statements) -> Statement:
    settings = statements.settings
    defaults = Defaults(lists=_LISTS, language=settings.language, timezone=settings.timezone)
    data = (default_templates() / _EXAMPLE).read_bytes()
    parsed = parse_statement(data, file=_EXAMPLE.name, defaults=defaults)
    if parsed.statement is None:
        raise Defect(f"the example statement cannot be read: {parsed.faults}")
    return replace(parsed.statement, lists=_LISTS)
