"""``python -m bench.startup``: what commands pay before they do anything, in CPU.

User and system CPU of whole processes, medians and least: all of them take turns, so a busy machine
is unfair to all alike. The unit is the import of the large libraries.
Bytecode is warm: each has run once before. With ``--code DIR``, another checkout is measured in the
same run; with ``--python PROGRAM``, the version installed for that interpreter, with its libraries.
Each has a workspace of its own, since their tables may differ.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.measuring import circumstances

_HERE = Path(__file__).parents[1]
_FLOOR = "import click, pydantic, yaml"
_USED = f"""{_FLOOR}
pydantic.create_model("Model", name=(str, ...))(name="used")"""
_LIBRARIES = {"import click": "import click", _FLOOR: _FLOOR, "the same, with one model": _USED}
_COMMANDS = (
    ("--version",),
    ("--help",),
    ("statement", "--help"),
    ("config", "validate"),
    ("statement", "list"),
    ("campaign", "list"),
    ("subscribers", "show", "ana@example.org"),
)


@dataclass(frozen=True, kw_only=True)
class Contender:
    """The command, its owner, and its place."""

    whose: str
    what: str
    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path


def main() -> None:
    """Measure, and print the table."""
    options = _options()
    print(circumstances(f"medians and least of {options.runs}"), "\n")
    with tempfile.TemporaryDirectory(prefix="newsletter-bench-") as made:
        contenders = [*_contenders(options, Path(made))]
        found: dict[tuple[str, str], list[float]] = {}
        for turn in range(options.runs + 1):
            for one in contenders:
                seconds = cpu_of(one.command, one.environment, one.folder)
                if turn:  # the first warms the bytecode
                    found.setdefault((one.whose, one.what), []).append(seconds)
    print(table(found))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.startup", description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--code", type=Path, action="append", default=[], metavar="DIR")
    parser.add_argument("--python", type=Path, action="append", default=[], metavar="PROGRAM")
    return parser.parse_args()


def _contenders(options: argparse.Namespace, folder: Path) -> Iterator[Contender]:
    plain = {"PATH": os.environ.get("PATH", ""), "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
    for code in (_HERE, *map(Path.resolve, options.code)):
        beside = plain | {"PYTHONPATH": str(code)}
        yield from _of(code.name, sys.executable, beside, folder / f"code-{code.name}")
    for python in options.python:
        yield from _of(str(python), str(python), plain, folder / f"python-{python.parents[1].name}")


def _of(
    whose: str, python: str, environment: Mapping[str, str], workspace: Path
) -> Iterator[Contender]:
    """The libraries alone and the commands, by one interpreter."""
    newsletter = [python, "-m", "newsletter"]
    cpu_of([*newsletter, "init", str(workspace)], environment, _HERE.parent)
    cpu_of([*newsletter, "subscribers", "import", "subscribers.yaml"], environment, workspace)
    runs = {what: ["-c", code] for what, code in _LIBRARIES.items()}
    runs |= {f"newsletter {' '.join(words)}": ["-m", "newsletter", *words] for words in _COMMANDS}
    for what, arguments in runs.items():
        yield Contender(
            whose=whose,
            what=what,
            command=[python, *arguments],
            environment=environment,
            folder=workspace,
        )


def cpu_of(command: Sequence[str], environment: Mapping[str, str], folder: Path) -> float:
    """Run a program in a folder; returns the seconds of CPU that it took, user and system.

    Raises CalledProcessError where it fails: what ends early takes less.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, env=dict(environment), cwd=folder, capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def table(seconds: Mapping[tuple[str, str], Sequence[float]]) -> str:
    """A row for each, in Markdown, with the libraries of the same interpreter as the measure."""
    rows = [
        "| whose | what | CPU ms, median | least | times the libraries, by the medians |",
        "|---|---|--:|--:|--:|",
    ]
    for (whose, what), taken in seconds.items():
        floor = median(seconds[whose, _FLOOR])
        middle, least = median(taken), min(taken)
        figures = f"{middle * 1000:.0f} | {least * 1000:.0f} | {middle / floor:.2f}"
        rows.append(f"| {whose} | `{what}` | {figures} |")
    return "\n".join(rows)


if __name__ == "__main__":
    main()
