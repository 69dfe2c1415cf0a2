"""Run the simulation over many seeds, replay one, or look for planted bugs.

python -m tests.simulation --seeds 2000 --start 0
python -m tests.simulation --seed 4711
python -m tests.simulation --bugs --seeds 10000
python -m tests.simulation --database postgresql --seeds 2000 --keep
"""

import argparse
import gc
import logging
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.figures import keep
from tests.simulation.bugs import BUGS
from tests.simulation.host import Parts
from tests.simulation.lots import explain, first_broken, program
from tests.simulation.program import run

_NEWS = 500
"""Seeds between two lines of progress."""


def main() -> int:
    """Return 1 if a rule is broken or a planted bug is not found."""
    given = _arguments()
    logging.disable()
    if given.seed is not None:
        with _parts(given.database) as parts:
            return _replay(given.seed, parts)
    seeds = range(given.start, given.start + given.seeds)
    if given.bugs:
        return _bugs(seeds, given)
    with _parts(given.database) as parts:
        broken = _search(seeds, given.processes, parts)
    if given.keep:
        keep(f"simulation on {given.database}", seeds=len(seeds), broken=len(broken))
    return int(bool(broken))


@contextmanager
def _parts(database: str) -> Iterator[Parts | None]:
    """Run the server of a database, and yield the parts of a run on it; None for SQLite."""
    if database == "sqlite":
        yield None
        return
    from tests.simulation.server import server

    with tempfile.TemporaryDirectory() as folder, server(Path(folder)) as parts:
        yield parts


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--seeds", type=int, default=1000, help="how many")
    parser.add_argument("--start", type=int, default=0, help="the first of them")
    parser.add_argument("--seed", type=int, help="replay this one, shrunk where it breaks a rule")
    parser.add_argument("--bugs", action="store_true", help="plant each bug, and look for it")
    parser.add_argument("--processes", type=int, help="at once; else one on each processor")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--only", default="", help="bugs whose name has this in it")
    parser.add_argument("--keep", action="store_true", help="keep the figures for the docs")
    return parser.parse_args()


def _say(words: str) -> None:
    print(words, flush=True)  # noqa: T201 - what it is run for


def _replay(seed: int, parts: Parts | None) -> int:
    on_server = parts is not None
    result = run(program(seed, on_server=on_server), parts)
    whole = result.violation is None
    _say("\n".join(result.trace) if whole else explain(seed, parts, on_server=on_server))
    return int(result.violation is not None)


def _search(seeds: range, processors: int | None, parts: Parts | None) -> list[int]:
    """Return the seeds that break a rule."""
    begun, broken = time.monotonic(), list[int]()
    with ProcessPoolExecutor(processors, initializer=_collect_less) as processes:
        for done, (seed, why) in enumerate(
            processes.map(partial(_tried, parts), seeds, chunksize=10), start=1
        ):
            if why:
                broken.append(seed)
                _say(why)
            if done % _NEWS == 0:
                _say(f"{done:,} seeds in {time.monotonic() - begun:.0f} s")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    took = used.ru_utime + used.ru_stime
    _say(
        f"{len(seeds)} seeds from {seeds.start} in {took:.0f} s of CPU; broken: {broken or 'none'}"
    )
    return broken


def _collect_less() -> None:
    """Let the garbage collector pass over all modules, and less often."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _tried(parts: Parts | None, seed: int) -> tuple[int, str]:
    """Return the seed, and how it breaks a rule; empty if it does not."""
    on_server = parts is not None
    violation = run(program(seed, on_server=on_server), parts).violation
    return seed, "" if violation is None else explain(seed, parts, on_server=on_server)


def _bugs(seeds: range, given: argparse.Namespace) -> int:
    names, found = [name for name in BUGS if given.only in name], list[int]()
    with ProcessPoolExecutor(given.processes, initializer=_collect_less) as processes:
        for needed, words in processes.map(partial(_found, seeds), names):
            _say(words)
            found += [needed] if needed else []
    if given.keep:
        most = max(found, default=0)
        keep("planted bugs", bugs=len(names), found=len(found), seeds=len(seeds), most=most)
    return int(len(found) < len(names))


def _found(seeds: range, name: str) -> tuple[int, str]:
    """Return how many seeds find a bug, 0 if none does, and the outcome in words."""
    seed = first_broken(seeds, BUGS[name])
    if seed is None:
        return 0, f"{name}: not found in {len(seeds)} seeds"
    needed, violation = seed - seeds.start + 1, run(program(seed), BUGS[name]).violation
    assert "TypeError" not in str(violation), f"{name} is planted wrongly: {violation}"
    return needed, f"{name}: found by seed {seed}, after {needed:,}; {violation}"


if __name__ == "__main__":
    sys.exit(main())
