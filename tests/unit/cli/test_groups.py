"""Commands are loaded when they are run, and lists of them say what the commands say."""

import signal
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import click
import pytest

from newsletter import cli
from newsletter.cli.main import LazyCommand, load_command, newsletter

pytestmark = pytest.mark.slow("a process for each command")

CLIENTS = {"certifi", "requests", "urllib3"}
SERVERS = {"starlette", "uvicorn", "apscheduler"}
READERS = {"lxml", "mammoth", "multipart"}
RENDERERS = {"jinja2", "markdown_it", "nh3", "premailer", "cssutils"}
OTHERS = {"cryptography"}
STORE = {"pydantic", "yaml"}
ALL = CLIENTS | SERVERS | READERS | RENDERERS | OTHERS | STORE
MODULES = "\nimport sys; print('\\n'.join(sys.modules), file=sys.stderr)"


def test_a_list_says_of_a_command_what_it_says_itself() -> None:
    for command in newsletter.commands.values():
        whole = load_command(command)
        assert whole.name == command.name
        for limit in (20, 45, 60, 75, 200):
            assert command.get_short_help_str(limit) == whole.get_short_help_str(limit)


def test_no_command_is_left_out() -> None:
    modules = [import_module(one.name) for one in walk_packages(cli.__path__, "newsletter.cli.")]
    named = {id(one) for module in modules for one in vars(module).values() if is_command(one)}
    assert named == reached(newsletter)


def is_command(found: object) -> bool:
    return isinstance(found, click.Command) and not isinstance(found, LazyCommand)


def reached(command: click.Command) -> set[int]:
    found = {id(command)}
    for inner in getattr(command, "commands", {}).values():
        found |= reached(load_command(inner))
    return found


def modules_after(folder: Path, *arguments: str) -> set[str]:
    """Return the modules that a new process has imported when the command ends."""
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
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("workspace")
    modules_after(folder, "init", ".")
    return folder


@pytest.fixture(scope="module")
def ran(workspace: Path) -> set[str]:
    return modules_after(workspace, "run", "--until-idle")


@pytest.fixture(scope="module")
def listed(workspace: Path, ran: set[str]) -> set[str]:
    """Return the modules that ``statement list`` imports once the statements are rendered."""
    return modules_after(workspace, "statement", "list")


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_and_version_load_nothing_large(tmp_path: Path, option: str) -> None:
    assert modules_after(tmp_path, option).isdisjoint(ALL)


def test_a_list_of_statements_loads_the_store_and_the_settings_alone(listed: set[str]) -> None:
    assert listed & ALL == STORE


def test_a_run_that_awaits_no_webhook_loads_no_cryptography(ran: set[str]) -> None:
    assert "apscheduler" in ran
    assert ran.isdisjoint(OTHERS)


def test_settings_in_order_are_read_without_the_words_for_faults(listed: set[str]) -> None:
    assert "newsletter.config.settings" in listed
    assert "newsletter.config.wording" not in listed


VALIDATE = """
import sys
sys.argv = ["newsletter", "config", "validate"]
from newsletter.cli.main import entry_point
entry_point()
"""
LOADED = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's job in the background has none
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "newsletter.cli":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder())
from newsletter.__main__ import entry_point
entry_point()
"""


def test_who_interrupts_it_while_it_is_loaded_sees_no_traceback(tmp_path: Path) -> None:
    words = [sys.executable, "-c", LOADED, "--help"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (-signal.SIGINT, b"")


SPY = """
import pathlib
pathlib.Path(__file__).with_name("seen").touch()
plugin = None
"""


def test_no_plugin_of_pydantic_sees_the_settings(workspace: Path) -> None:
    """Packages installed next to ours, which would see the secrets."""
    told = workspace / "spy-1.0.dist-info"
    told.mkdir()
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: spy\nVersion: 1.0\n")
    (told / "entry_points.txt").write_text("[pydantic]\nspy = spy:plugin\n")
    (workspace / "spy.py").write_text(SPY)
    modules_of(VALIDATE, workspace)  # whose folder is the first in which Python looks
    assert not (workspace / "seen").exists()


def test_only_the_kinds_that_are_configured_are_loaded(listed: set[str]) -> None:
    assert "newsletter.providers.outbox.options" in listed
    others = {"mailgun.send", "mailgun.events", "transport.transport", "common.webhooks"}
    others |= {"outbox.send"}  # nothing is sent
    assert listed.isdisjoint({f"newsletter.providers.{one}" for one in others})
