"""Runs the tests of what changed, whenever something did: ``python -m tools.watch``.

``tests/unit`` mirrors ``newsletter``, so the tests of a file are found by its path.
"""

import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parents[1]
SECONDS = 1.0
"""How long to wait between two looks."""
BESIDE: Mapping[str, str] = {
    "templates": "tests/unit/rendering",
    "docs": "tests/test_docs.py",
    "README.md": "tests/test_docs.py",
    "tests/answers": "tests/integration/test_answers_and_phases.py",
    "tests/events": "tests/unit/providers/test_events.py",
}
"""Tests of other files, by their place."""

State = Mapping[str, int]
"""File → when it was last written."""


def changed(before: State, now: State) -> list[str]:
    """The files that were written since, or are new."""
    return sorted(file for file, written in now.items() if before.get(file) != written)


def beside(files: Iterable[str], root: Path) -> list[str]:
    """Return the tests of these files, without those that another of them contains."""
    found = {test for file in files for test in _of(PurePosixPath(file), root)}
    return sorted(one for one in found if not found & set(map(str, PurePosixPath(one).parents)))


def _of(file: PurePosixPath, root: Path) -> Iterator[str]:
    if file.suffix == ".py" and file.name.startswith("test_"):
        yield str(file)
    elif file.parts[0] == "newsletter" and file.suffix == ".py":
        yield _mirrored(file, root)
    for place, test in BESIDE.items():
        if file.is_relative_to(place):
            yield test
    kind = f"tests/integration/test_{_kind(file)}.py"  # "" of what is no provider's: no such file
    if (root / kind).is_file():
        yield kind


def _mirrored(module: PurePosixPath, root: Path) -> str:
    """Its own tests, else those of its folder, else of the nearest folder that has some."""
    folder = PurePosixPath("tests/unit", *module.parent.parts[1:])
    own = folder / f"test_{module.stem}.py"
    if (root / own).is_file():
        return str(own)
    return next(str(one) for one in (folder, *folder.parents) if (root / one).is_dir())


def _kind(file: PurePosixPath) -> str:
    match file.parts:
        case ("newsletter", "providers", kind, _):
            return kind
        case ("tests", "provider_servers" | "answers", _):
            return file.stem
    return ""


def look(root: Path) -> State:
    """The files that git knows or would take up."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    files = [name for name in listed.stdout.splitlines() if (root / name).is_file()]
    return {name: (root / name).stat().st_mtime_ns for name in files}


def uncommitted(root: Path) -> list[str]:
    """Return the files that differ from the last commit: a watch begins with their tests."""
    command = ["git", "status", "--porcelain", "--untracked-files=all", "--no-renames"]
    said = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
    names = [line[3:] for line in said.splitlines()]
    return [name for name in names if (root / name).is_file()]


def run(tests: list[str]) -> None:
    """Those that failed last stand first."""
    print(f"\n== {' '.join(tests)}", flush=True)
    quick = ["-q", "--failed-first", "-m", "not slow and not faults"]
    subprocess.run([sys.executable, "-m", "pytest", *quick, *tests], cwd=ROOT, check=False)


def watch() -> None:
    """Until Ctrl-C."""
    before, files = look(ROOT), uncommitted(ROOT)
    print("watching; Ctrl-C ends it")
    while True:
        if tests := beside(files, ROOT):
            run(tests)
        files = []
        while not files:
            time.sleep(SECONDS)
            now = look(ROOT)
            before, files = now, changed(before, now)


if __name__ == "__main__":
    try:
        watch()
    except KeyboardInterrupt:
        print()
