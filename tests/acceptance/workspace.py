"""A workspace of the program in a folder of its own, worked on by its command line alone."""

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import yaml

from newsletter.config import environment
from tests.acceptance.calling import call
from tests.acceptance.launching import command, ended, launch

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0
EDITOR, SECOND, WRITER, VIEWER, ADMIN = (
    f"{name}@forum.example" for name in ("editor", "second", "writer", "viewer", "admin")
)
_ENVIRONMENT = {"PATH": environment()["PATH"], "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8"}


@dataclass(frozen=True, kw_only=True)
class Finished:
    """A command that has come to its end."""

    code: int
    stdout: str
    stderr: str

    def json(self) -> Any:
        """The output of ``--json``."""
        return json.loads(self.stdout)


@dataclass(kw_only=True)
class Running:
    """A command at work."""

    process: ForkServerProcess
    out: Path
    err: Path

    def said(self) -> str:
        """Its standard error so far."""
        return self.err.read_text("utf-8") if self.err.exists() else ""

    def wait_for(self, pattern: str, seconds: float = PATIENCE) -> re.Match[str]:
        """Wait until its standard error says something."""
        found: re.Match[str] = wait_until(
            lambda: re.search(pattern, self.said()), seconds, self.said
        )
        return found

    def is_ended(self, seconds: float = 0) -> bool:
        """Return whether the process has ended, or ends within these seconds."""
        return ended(self.process, seconds)

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.is_ended(PATIENCE)

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Ask it to end."""
        assert self.process.pid is not None
        with suppress(ProcessLookupError):
            os.kill(self.process.pid, number)

    def finish(self, seconds: float = PATIENCE) -> Finished:
        """Wait for its end. No end in time, or a traceback, is a failure of the test."""
        if not self.is_ended(seconds):
            self.kill()
            raise AssertionError(f"it did not end within {seconds:g} s:\n{self.said()}")
        stderr = self.said()
        assert "Traceback" not in stderr, stderr
        assert "Warning" not in stderr, stderr
        return Finished(
            code=self.process.exitcode, stdout=self.out.read_text("utf-8"), stderr=stderr
        )


def wait_until(
    look: Callable[[], Any],
    seconds: float = PATIENCE,
    describe: Callable[[], str] = lambda: "it did not happen",
) -> Any:
    """Look again and again until there is something to see; returns it."""
    end = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < end, f"not within {seconds:g} s: {describe()}"
        time.sleep(0.02)
    return seen


@dataclass(kw_only=True)
class Workspace:
    """The workspace in ``folder``, which ``create`` makes."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    _running: list[Running] = field(default_factory=list)

    @classmethod
    def create(cls, folder: Path, **changes: Any) -> "Workspace":
        """``newsletter init``, without the example, an undo window, and a sender to start."""
        workspace = cls(folder=folder)
        folder.mkdir(parents=True)
        workspace.do("init")
        (folder / "statements" / "example.md").unlink()
        workspace.configure(
            schedule={"undo_window": "0s", "poll": "1s", "start": "approval"},
            approvals={"trust_front_matter": False},
        )
        workspace.configure(**changes)
        return workspace

    def start(self, *arguments: str, program: Callable[[Sequence[str]], None] = command) -> Running:
        """Start a command, or another ``program``, without waiting for it."""
        output = self.folder.with_name(self.folder.name + "-output")
        output.mkdir(exist_ok=True)
        place = output / f"{len(self._running)}"
        running = Running(
            process=launch(
                arguments,
                folder=self.folder,
                environment=_ENVIRONMENT | self.environment,
                stdout=place.with_suffix(".out"),
                stderr=place.with_suffix(".err"),
                program=program,
            ),
            out=place.with_suffix(".out"),
            err=place.with_suffix(".err"),
        )
        self._running.append(running)
        return running

    def do(self, *arguments: str, code: int = 0) -> Finished:
        """Run a command to its end and expect this exit code."""
        ended, stdout, stderr = call(
            arguments, folder=self.folder, environment=_ENVIRONMENT | self.environment
        )
        assert "Traceback" not in stderr, stderr
        assert "Warning" not in stderr, stderr
        done = Finished(code=ended, stdout=stdout, stderr=stderr)
        assert done.code == code, f"{' '.join(arguments)}: exit {done.code}\n{done.stderr}"
        return done

    def close(self) -> None:
        """End what a failed test left running."""
        for running in self._running:
            if not running.is_ended():
                running.kill()
            running.process.close()

    def report(self, name: str | int = 1) -> dict[str, Any]:
        """The report, whose books have to balance at every moment."""
        report: dict[str, Any] = self.do("report", str(name), "--json").json()
        states = ("pending", "accepted", "rejected", "suppressed", "cancelled", "unknown")
        assert report["audience"] == sum(report[state] for state in states), report
        return report

    def configure(self, **changes: Any) -> None:
        """Change settings: a group is merged into the present one, a provider replaces it."""
        path = self.folder / "newsletter.yaml"
        settings = yaml.safe_load(path.read_text("utf-8"))
        for key, value in changes.items():
            if isinstance(value, dict) and key != "provider":
                settings.setdefault(key, {}).update(value)
            else:
                settings[key] = value
        path.write_text(yaml.safe_dump(settings, allow_unicode=True), "utf-8")

    def use_mailgun(self, url: str, **options: Any) -> None:
        """Send through Mailgun's interface at this address."""
        mailgun = {"kind": "mailgun", "domain": "forum.example", "api_key": "key-for-tests"}
        self.configure(provider=mailgun | {"base_url": url} | options)

    def write(self, slug: str, body: str = "The Forum has resigned.", **head: Any) -> Path:
        """Write a statement."""
        fields = {"title": f"On {slug}", "author": WRITER, **head}
        path = self.folder / "statements" / f"{slug}.md"
        text = yaml.safe_dump(fields, sort_keys=False, allow_unicode=True)
        path.write_text(f"---\n{text}---\n{body}\n", "utf-8")
        return path

    def subscribe(self, addresses: Iterable[str], lists: str = "press") -> None:
        """Import subscribers."""
        path = self.folder / "readers.csv"
        rows = "".join(f"{address},{lists}\n" for address in addresses)
        path.write_text(f"email,lists\n{rows}", "utf-8")
        self.do("subscribers", "import", str(path), "--create-list")

    def hire(self, address: str = EDITOR, role: str = "approver") -> None:
        """Add a member of staff."""
        self.do("user", "add", address, "--role", role)

    def approve(self, slug: str, by: str = EDITOR, code: int = 0) -> Finished:
        """Say yes."""
        return self.do("statement", "approve", slug, "--by", by, code=code)

    def write_and_approve(
        self, slug: str, body: str = "The Forum has resigned.", **head: Any
    ) -> None:
        self.write(slug, body, **head)
        self.approve(slug)

    @property
    def database(self) -> Path:
        """The file that holds everything."""
        return self.folder / "var" / "newsletter.db"

    def sql(self, statement: str) -> None:
        """Change the database behind the program's back."""
        with closing(sqlite3.connect(self.database)) as connection, connection:
            connection.execute(statement)

    @property
    def outbox(self) -> list[Path]:
        """The messages that the embedded provider took."""
        return sorted((self.folder / "var" / "outbox").glob("*.eml"))

    @property
    def journal(self) -> list[dict[str, Any]]:
        """The lines of the embedded provider's journal."""
        path = self.folder / "var" / "outbox" / "journal.jsonl"
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def copied(pattern: Path, folder: Path) -> Path:
    """A workspace as if it had been made there; returns its folder."""
    shutil.copytree(pattern, folder)
    made_here(folder / "var")
    return folder


def made_here(state: Path) -> None:
    """Take away what tells a copy from a workspace that was made in its place."""
    database = state / "newsletter.db"
    if database.exists():
        for path in state.glob("epoch*"):
            path.unlink()
        with closing(sqlite3.connect(database)) as connection, connection:
            connection.execute("UPDATE restore_guard SET name = '', claims = 0")


def readers(count: int) -> list[str]:
    """Addresses of so many people."""
    return [f"reader{number:05}@example.org" for number in range(1, count + 1)]


def shell(*arguments: str, folder: Path) -> Finished:
    """Run ``python -m newsletter`` from scratch, as a shell does."""
    done = subprocess.run(
        [sys.executable, "-m", "newsletter", *arguments],
        cwd=folder,
        env=_ENVIRONMENT,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    return Finished(
        code=done.returncode, stdout=done.stdout.decode("utf-8"), stderr=done.stderr.decode("utf-8")
    )
