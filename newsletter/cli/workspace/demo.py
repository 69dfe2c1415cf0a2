"""``newsletter demo``: a whole campaign with made-up data, and a desk to try. No email is sent.

The campaign sends a statement from a file. Then three made-up people work at the desk, so that it
has a statement in each state.
"""

import secrets
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from string import ascii_lowercase
from zoneinfo import ZoneInfo

import click

from newsletter.cli.campaigns.campaigns import print_report
from newsletter.cli.delivery import work
from newsletter.cli.shell import RUN_AGAIN, Shell, say
from newsletter.cli.subscribers.moving import import_people
from newsletter.cli.workspace.setup import make_workspace
from newsletter.config.editing import edit
from newsletter.config.loading import FILE_NAME
from newsletter.domain.errors import Defect
from newsletter.domain.staff.audit import OPERATOR_NAME
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.draft import DraftText
from newsletter.formats.files import write_file
from newsletter.pipeline.campaigns.control import StartRequest
from newsletter.pipeline.campaigns.report import make_report
from newsletter.pipeline.campaigns.trial import fill, load_sample
from newsletter.pipeline.staff.people import accept, invite
from newsletter.pipeline.staff.proofs import Client
from newsletter.pipeline.statements.approve import ApprovalRequest
from newsletter.rendering.mail.files import default_templates
from newsletter.runtime.services import Services
from newsletter.sources.desk import draft_text
from newsletter.sources.statements import parse_statement
from newsletter.subscriber_files.csv_files import Instructions
from newsletter.subscriber_files.subscribers import read_people

_SLUG = "example"


@dataclass(frozen=True, kw_only=True)
class _Person:
    """A made-up member of the press office."""

    name: str
    role: Role
    does: str

    @property
    def address(self) -> str:
        return f"{self.name.partition(' ')[0].lower()}@forum.example"


_ANA = _Person(name="Ana Ruiz", role=Role.WRITER, does="writes")
_BEN = _Person(name="Ben Okafor", role=Role.APPROVER, does="approves")
_CLEO = _Person(name="Cleo Marsh", role=Role.SENDER, does="sends")
STAFF = (_ANA, _BEN, _CLEO)


@click.command()
@click.argument("folder", default="demo", type=click.Path(path_type=Path))
@click.option(
    "--serve/--no-serve", default=None, help="Serve the desk until Ctrl-C. Default: at a terminal."
)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535))
def demo(folder: Path, serve: bool | None, port: int) -> int:
    """Try newsletter with made-up data; it sends nothing."""
    number, candidate = 1, folder
    while candidate.exists() and any(candidate.iterdir()):
        number += 1
        candidate = folder.with_name(f"{folder.name}-{number}")
    folder = candidate
    # four times four letters: 75 bits, and they can be typed
    passwords = {
        person.address: "-".join(
            "".join(secrets.choice(ascii_lowercase) for _ in range(4)) for _ in range(4)
        )
        for person in STAFF
    }
    code = send_one(folder, passwords)
    serves = sys.stdout.isatty() if serve is None else serve
    with at_the_desk(folder) as services:
        _introduce(folder, passwords, port, serves=serves)
    if not serves:
        return code
    from newsletter.web.server import WebServer

    code = RUN_AGAIN
    while code == RUN_AGAIN:
        with Shell(workspace=str(folder)).services() as services:
            server = WebServer(services, host="127.0.0.1", port=port)
            code = work(services, until_idle=False, server=server)
    return code


def send_one(folder: Path, passwords: Mapping[str, str]) -> int:
    """Create a workspace in an empty folder, and send a statement. Return the exit code."""
    make_workspace(folder, {})
    example = folder / "statements" / "example.md"
    submitted_text = example.read_text(encoding="utf-8").replace("status: draft", "status: review")
    write_file(example, submitted_text.encode())
    # without a second factor, so that no authenticator app is needed
    quick = {"schedule.undo_window": "0s", "schedule.start": "approval", "schedule.poll": "1s"}
    titles = {"lists[0].title": "Press releases", "lists[1].title": "Supporters"}
    _configure(folder, quick | titles | {"desk.second_factor": "admin"})
    with Shell(workspace=str(folder)).services() as services:
        code = _send(services, folder, passwords)
        message = load_sample(_SLUG, address=None, store=services.store, links=services.links)
        page = folder / "var" / "example.html"
        write_file(page, fill(*message).html.encode())
        mails = sorted((folder / "var" / "outbox").glob("*.eml"))
        command = sys.argv[0] if sys.argv[0].endswith("newsletter") else "newsletter"
        click.echo(
            f"\nan email as it left:  {mails[0] if mails else 'none'}\n"
            f"its HTML:             {page}\n\n"
            "try next:\n"
            f"  {command} statement show example --workspace {folder}\n"
            f"  {command} audit show --workspace {folder}"
        )
    return code


@contextmanager
def at_the_desk(folder: Path) -> Iterator[Services]:
    """Open the workspace, after five more statements were written at the desk."""
    _configure(folder, {"schedule.undo_window": "5m", "schedule.start": "sender"})
    with Shell(workspace=str(folder)).services() as services:
        _submit(services, "waits")
        returned = _submit(services, "returned")
        reason = "Please name the two villages, and say what we ask for."
        services.statements.send_back(
            returned, by=_BEN.address, expect=_version(services, returned), reason=reason
        )
        _submit_and_approve(services, "approved")
        slug = _submit_and_approve(services, "scheduled")
        zone = ZoneInfo(services.settings.timezone)
        tomorrow = services.store.clock.now().astimezone(zone) + timedelta(days=1)
        nine = tomorrow.replace(hour=9, minute=0, second=0, microsecond=0)
        services.campaigns.starter().start(
            StartRequest(
                slug=slug,
                by=_CLEO.address,
                seen=_version(services, slug),
                shown=services.campaigns.current_terms(slug),
                at=nine,
            )
        )
        services.statements.writer(_ANA.address).new(_load_text(services, "draft"))
        services.tick.run()
        yield services


def _configure(folder: Path, settings: Mapping[str, str]) -> None:
    file = folder / FILE_NAME
    write_file(file, edit(file.read_text(encoding="utf-8"), settings).encode())


def _send(services: Services, folder: Path, passwords: Mapping[str, str]) -> int:
    read = read_people(folder / "subscribers.yaml", Instructions())
    import_people(services.subscribers, read, by=OPERATOR_NAME)
    for person in STAFF:
        proofs = replace(
            services.staff.proofs, client=Client(network="127.0.0.0/24", browser="the demo")
        )
        link = invite(person.address, person.role, by=OPERATOR_NAME, proofs=proofs)
        came = accept(
            link.token, name=person.name, password=passwords[person.address], proofs=proofs
        )
        if isinstance(came, str):
            raise Defect(f"the demo's own password is refused: {came}")
        with services.store.begin() as tx:
            tx.sessions.end_all(person.address)
    services.statements.refresh()
    result = services.statements.approve(_approval_request(services, _SLUG))
    say(
        f"{_BEN.address} approved {_SLUG} ({result.content_hash[:12]});"
        " the scheduler picks it up now"
    )
    code = work(services, until_idle=True)
    print_report(make_report(_SLUG, store=services.store), services.settings.timezone)
    return code


def _load_text(services: Services, name: str) -> DraftText:
    data = (default_templates() / "workspace" / "demo" / f"{name}.md").read_bytes()
    read = parse_statement(data, file=f"{name}.md", defaults=services.statements.defaults)
    if read.statement is None:
        raise Defect(f"the demo's own text has faults: {read.faults}")
    return draft_text(read.statement)


def _submit(services: Services, name: str) -> str:
    """Write and submit a text as Ana. Return its slug."""
    draft = services.statements.writer(_ANA.address).new(_load_text(services, name))
    return services.statements.submit_draft(draft.key, draft.revision, by=_ANA.address).slug


def _submit_and_approve(services: Services, name: str) -> str:
    slug = _submit(services, name)
    services.statements.approve(_approval_request(services, slug, despite="It is made up."))
    return slug


def _approval_request(services: Services, slug: str, despite: str | None = None) -> ApprovalRequest:
    terms = services.campaigns.current_terms(slug)
    return ApprovalRequest(slug=slug, by=_BEN.address, shown=terms, despite=despite)


def _version(services: Services, slug: str) -> str:
    with services.store.read() as tx:
        stored = tx.statements.get(slug)
    return stored.content_hash if stored else ""


def _introduce(folder: Path, passwords: Mapping[str, str], port: int, *, serves: bool) -> None:
    command = sys.argv[0] if sys.argv[0].endswith("newsletter") else "newsletter"
    click.echo("\nthe desk, with six statements; sign in as one of them:")
    for person in STAFF:
        click.echo(f"  {person.address:20} {passwords[person.address]}  {person.does}")
    address = f"http://localhost:{port}/desk"  # a name, as browsers have no passkeys for a number
    if serves:
        click.echo(f"open {address} (Ctrl-C ends it)")
    else:
        click.echo(f"start it: {command} run --workspace {folder}\nopen:     {address}")
