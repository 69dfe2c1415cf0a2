"""How long importing and exporting people takes, and in how much memory.

python -m bench.moving [PEOPLE]

Prints the table of docs/performance.md. Each command runs in a process of its own. A tenth of the
people are suppressed, and every column is filled but the pause. Meanwhile somebody else asks to
write, again and again: the longest time that they waited is the time that the lock was held.
"""

import select
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench import measuring, product
from bench.measuring import Measured, Phase, Stopwatch
from bench.sink import ROOT
from newsletter.cli.main import run
from newsletter.domain.subscribers.audience import Subscriber, SuppressionReason
from newsletter.subscriber_files.csv_files import as_csv

_PATIENCE = 1800  # seconds, for one command
_PEOPLE = 1_000_000
_MEGABYTE = 1_000_000
_PAUSE = 0.02  # seconds, between two attempts to write
_LOOK = 0.001  # seconds, between two looks while another writes
_START = datetime(2024, 5, 1, 10, tzinfo=UTC)
_HEAD = (
    "command",
    "people",
    "MB of file",
    "seconds",
    "CPU seconds",
    "CPU µs/person",
    "peak MB",
    "lock held, ms",
)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One command."""

    command: str
    people: int
    size: int
    """Of the file, in bytes."""
    measured: Measured

    def cells(self) -> Iterator[str]:
        """As the table shows it."""
        phase = self.measured.phases["command"]
        yield self.command
        yield f"{self.people:,}"
        yield f"{self.size / _MEGABYTE:.0f}"
        yield f"{phase.seconds:.0f}"
        yield f"{phase.cpu:.0f}"
        yield f"{phase.cpu / self.people * 1e6:.0f}"
        yield f"{self.measured.peak / _MEGABYTE:.0f}"
        yield f"{self.measured.phases['waiting'].seconds * 1000:.0f}"


def person(number: int) -> tuple[Subscriber, str]:
    """Somebody of whom everything is known."""
    asked = _START + timedelta(seconds=number)
    made = Subscriber(
        id=number,
        address=product.address(number),
        name=f"Ána Reader the {number}th",
        language="en",
        timezone="America/New_York",
        lists=("press", "supporters"),
        suppressed=SuppressionReason.UNSUBSCRIBED if number % 10 == 0 else None,
        place="Washington, DC",
        tags=("board-member", f"group-{number % 50}"),
        left=("events",),
    )
    return made, f'{{"source": "web form", "at": "{asked.isoformat()}"}}'


def write(path: Path, people: int) -> None:
    """A file of so many people."""
    with path.open("w", encoding="utf-8") as out:
        out.writelines(as_csv(map(person, range(people)), ()))


def measure(folder: Path, people: int) -> Iterator[Row]:
    """Rehearse an import, import, and export, in a new workspace."""
    workspace, file, out = folder / "forum", folder / "people.csv", folder / "export.csv"
    product.prepare(workspace, 0)
    write(file, people)
    importing = ("import", str(file), "--create-list")
    for command, arguments, written in (
        ("import, --dry-run", (*importing, "--dry-run"), file),
        ("import", importing, file),
        ("import again", importing, file),
        ("export", ("export",), out),
    ):
        done = _child(workspace, out, *arguments)
        size = written.stat().st_size
        yield Row(command=command, people=people, size=size, measured=done)
    assert _people(out) == _people(file), "not everybody came back"


def _people(path: Path) -> int:
    with path.open(encoding="utf-8") as lines:
        return sum("@readers.example" in line for line in lines)


def _child(workspace: Path, out: Path, *arguments: str) -> Measured:
    done = subprocess.run(
        [sys.executable, "-m", "bench.moving", "--one", str(workspace), str(out), *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        timeout=_PATIENCE,
        check=True,
    )
    return measuring.read(done.stdout)


@contextmanager
def _somebody(database: Path) -> Iterator[list[float]]:
    """Ask to write all the time, from another process; at the end note the longest wait."""
    waits: list[float] = []
    command = [sys.executable, "-m", "bench.moving", "--ask", str(database)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as asking:
        yield waits
        waits.append(float(asking.communicate()[0]))


def _ask(database: Path) -> None:
    """Ask to write until standard input is closed; print the seconds of the longest wait."""
    longest = 0.0
    # SQLite's own wait sleeps for up to 100 ms, although the lock is free before
    with closing(sqlite3.connect(database, 0, isolation_level=None)) as books:
        while not select.select([sys.stdin], [], [], _PAUSE)[0]:
            asked = time.perf_counter()
            while not _begins(books):
                time.sleep(_LOOK)
            longest = max(longest, time.perf_counter() - asked)
            books.execute("ROLLBACK")
    print(longest)


def _begins(books: sqlite3.Connection) -> bool:
    try:
        books.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise
        return False
    return True


def _one(workspace: str, out: str, *arguments: str) -> None:
    watch = Stopwatch()
    # The export goes to the file; the measurement, to the parent process.
    with (
        Path(out).open("w", encoding="utf-8") as text,
        redirect_stdout(text),
        _somebody(Path(workspace) / "var" / "newsletter.db") as waits,
        watch.running(),
    ):
        code = run(["subscribers", *arguments, "--workspace", workspace])
    assert code == 0
    waiting = Phase(seconds=waits[0], cpu=0)
    measuring.hand_in({"command": watch.phase(), "waiting": waiting})


def _table(rows: list[Row]) -> str:
    rule = ["---", *["--:"] * (len(_HEAD) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (_HEAD, rule, *(r.cells() for r in rows)))


def _main(people: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        rows = list(measure(Path(folder), people))
    print(_table(rows))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        _one(*sys.argv[2:])
    elif sys.argv[1:2] == ["--ask"]:
        _ask(Path(sys.argv[2]))
    else:
        _main(int(sys.argv[1]) if sys.argv[1:] else _PEOPLE)
