"""``python -m bench.startup``: what commands pay before they do anything, in CPU.

User and system CPU of whole processes, as medians, and as multiples of ``import click``: all of
them take turns, so a busy machine is unfair to all alike. Bytecode is warm: each has run once
before.
With ``--code DIR``, another checkout is measured in the same run.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

from bench.measuring import circumstances

_HERE = Path(__file__).parents[1]
_YARDSTICK = "import click"
_FLOOR = "import click, pydantic, sqlalchemy, yaml"
_COMMANDS = (
    ("--version",),
    ("--help",),
    ("statement", "--help"),
    ("config", "validate"),
    ("statement", "list"),
    ("campaign", "list"),
    ("subscribers", "show", "ana@example.org"),
)


def main() -> None:
    """Measure, and print the table."""
    options = _options()
    print(circumstances(f"medians of {options.runs}"), "\n")
    with tempfile.TemporaryDirectory(prefix="newsletter-bench-") as made:
        workspace = Path(made) / "workspace"
        contenders = _contenders([_HERE, *options.code], Path(made))
        cpu_of(["-m", "newsletter", "init", str(workspace)], contenders[0][2], Path(made))
        found: dict[tuple[str, str], list[float]] = {}
        for turn in range(options.runs + 1):
            for code, what, environment, arguments in contenders:
                seconds = cpu_of(arguments, environment, workspace)
                if turn:  # the first warms the bytecode
                    found.setdefault((code, what), []).append(seconds)
    print(table({key: median(times) for key, times in found.items()}))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.startup", description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--code", type=Path, action="append", default=[], metavar="DIR")
    return parser.parse_args()


def _contenders(
    codes: Sequence[Path], folder: Path
) -> list[tuple[str, str, dict[str, str], list[str]]]:
    """Whose code, what is run, with which environment and arguments."""
    plain = {"PATH": os.environ.get("PATH", ""), "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
    found = [("", what, plain, ["-c", what]) for what in (_YARDSTICK, _FLOOR)]
    for code in codes:
        environment = plain | {"PYTHONPATH": str(code.resolve())}
        for command in _COMMANDS:
            arguments = ["-m", "newsletter", *command]
            found.append((code.resolve().name, " ".join(command), environment, arguments))
    return found


def cpu_of(arguments: Sequence[str], environment: Mapping[str, str], folder: Path) -> float:
    """Run Python in a folder; returns the seconds of CPU that it took, user and system."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, *arguments]
    subprocess.run(command, env=dict(environment), cwd=folder, capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def table(seconds: Mapping[tuple[str, str], float]) -> str:
    """A row for each, in Markdown: the first is the yardstick."""
    unit = next(iter(seconds.values()))
    rows = ["| code | what | CPU ms | times `import click` |", "|---|---|--:|--:|"]
    rows += [
        f"| {code} | `{what}` | {taken * 1000:.0f} | {taken / unit:.1f} |"
        for (code, what), taken in seconds.items()
    ]
    return "\n".join(rows)


if __name__ == "__main__":
    main()
