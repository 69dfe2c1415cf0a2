"""Commands are loaded when they are run, and lists of them say what the commands say."""

import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import click
import pytest

from newsletter import cli
from newsletter.cli.groups import Later, loaded
from newsletter.cli.main import newsletter

pytestmark = pytest.mark.slow("a process for each command")

CLIENTS = {"requests", "urllib3"}
SERVERS = {"starlette", "uvicorn", "apscheduler"}
READERS = {"lxml", "mammoth", "multipart"}
RENDERERS = {"jinja2", "markdown_it", "nh3", "premailer", "cssutils"}
OTHERS = {"alembic", "cryptography", "rich"}
STORE = {"sqlalchemy", "pydantic", "yaml"}
ALL = CLIENTS | SERVERS | READERS | RENDERERS | OTHERS | STORE
MODULES = "\nimport sys; print('\\n'.join(sys.modules), file=sys.stderr)"


def stand_ins(group: click.Group) -> Iterator[Later]:
    for command in group.commands.values():
        if isinstance(command, Later):
            yield command
        whole = loaded(command)
        if isinstance(whole, click.Group):
            yield from stand_ins(whole)


@pytest.mark.parametrize("command", [*stand_ins(newsletter)], ids=lambda one: one.at)
def test_a_list_says_of_a_command_what_it_says_itself(command: Later) -> None:
    whole = command.load()
    assert whole.name == command.name
    for limit in (20, 45, 60, 75, 200):
        assert command.get_short_help_str(limit) == whole.get_short_help_str(limit)


def test_no_command_is_left_out() -> None:
    modules = [import_module(one.name) for one in walk_packages(cli.__path__, "newsletter.cli.")]
    named = {id(one) for module in modules for one in vars(module).values() if is_command(one)}
    assert named == reached(newsletter)


def is_command(found: object) -> bool:
    return isinstance(found, click.Command) and not isinstance(found, Later)


def reached(command: click.Command) -> set[int]:
    found = {id(command)}
    for inner in getattr(command, "commands", {}).values():
        found |= reached(loaded(inner))
    return found


def modules_after(folder: Path, *arguments: str) -> set[str]:
    """What a process of its own has imported when the command is done."""
    program = f"from newsletter.cli.main import run; run({list(arguments)!r})"
    found = modules_of(program, folder)
    assert "newsletter.cli.main" in found
    return found


def modules_of(program: str, folder: Path) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", program + MODULES],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stderr.split())


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """What ``statement list`` has imported, where the statements have been rendered before."""
    folder = tmp_path_factory.mktemp("workspace")
    modules_after(folder, "init", ".")
    modules_after(folder, "statement", "list")
    return modules_after(folder, "statement", "list")


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_and_version_load_nothing_large(tmp_path: Path, option: str) -> None:
    assert modules_after(tmp_path, option).isdisjoint(ALL)


LOAD_ALL = """
from newsletter.cli.groups import loaded
from newsletter.cli.main import newsletter
def load(command):
    for inner in getattr(command, "commands", {}).values():
        load(loaded(inner))
load(newsletter)
"""


def test_help_of_any_command_loads_nothing_large(tmp_path: Path) -> None:
    """A command's help is its module's: no module of commands may bring settings or store."""
    found = modules_of(LOAD_ALL, tmp_path)
    assert "newsletter.cli.statements.statements" in found
    assert "newsletter.cli.delivery" in found
    assert found.isdisjoint(ALL)


def modules_in(layer: str, listed: set[str]) -> set[str]:
    """The names of those of a layer, without the packages."""
    return {
        one.rpartition(".")[2]
        for one in listed
        if one.startswith(f"newsletter.{layer}.") and not hasattr(sys.modules.get(one), "__path__")
    } - {"statements", "campaigns", "delivery"}


def test_a_list_of_statements_loads_the_store_and_the_settings_alone(listed: set[str]) -> None:
    assert listed & ALL == STORE


def test_a_list_of_statements_loads_the_stages_that_it_needs_alone(listed: set[str]) -> None:
    assert modules_in("pipeline", listed) == {
        *("ingest", "render", "inherit_approvals"),  # what is stored is brought up to date
        *("approve", "review"),  # by front matter
        *("translations", "ledger"),  # how far each is
        "restore_guard",  # no claim of the past is missing
    }


def test_a_list_of_statements_asks_of_the_store_what_it_needs_alone(listed: set[str]) -> None:
    strange = {"batches", "choices", "events", "transactional", "readers", "soundness", "unknowns"}
    assert modules_in("store", listed).isdisjoint(strange)


def test_only_the_kinds_that_are_configured_are_loaded(listed: set[str]) -> None:
    assert "newsletter.providers.outbox.options" in listed
    others = {"mailgun.send", "mailgun.events", "transport.transport", "common.webhooks"}
    others |= {"outbox.send"}  # nothing is sent
    assert listed.isdisjoint({f"newsletter.providers.{one}" for one in others})
