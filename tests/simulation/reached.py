"""The share of the program that seeds run.

python -m tests.simulation.reached --seeds 500 --keep
"""

import argparse
import logging
import sys
from pathlib import Path

from coverage import Coverage
from coverage.results import Numbers

from tests.figures import keep

_FLOOR = 75
"""Percent of the lines that 500 seeds must run."""
_ROOMS = ("pipeline", "store", "providers")
_ROOT = Path(__file__).parents[2] / "newsletter"


def main() -> int:
    """Return 1 if seeds run too few lines."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.reached")
    parser.add_argument("--seeds", type=int, default=500, help="how many")
    parser.add_argument("--start", type=int, default=0, help="the first of them")
    parser.add_argument("--keep", action="store_true", help="keep the figures for the docs")
    given = parser.parse_args()
    logging.disable()
    measuring = Coverage(
        branch=True,
        data_file=None,
        config_file=False,
        include=[str(_ROOT / room / "*") for room in _ROOMS],
    )
    with measuring.collect():
        from tests.simulation.lots import program
        from tests.simulation.program import run

        for seed in range(given.start, given.start + given.seeds):
            run(program(seed))
    total = Numbers()
    for room in _ROOMS:
        for path in (_ROOT / room).rglob("*.py"):
            total += measuring._analyze(str(path)).numbers
    lines = 100 * total.n_executed / total.n_statements
    branches = 100 * total.n_executed_branches / total.n_branches
    print(f"{lines:.1f} % of the lines, {branches:.1f} % of the branches")  # noqa: T201
    if given.keep:
        keep("reached", seeds=given.seeds, lines=round(lines), branches=round(branches))
    return int(lines < _FLOOR)


if __name__ == "__main__":
    sys.exit(main())
