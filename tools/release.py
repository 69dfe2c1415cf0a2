"""Makes a release: ``make release``. The version is that of ``newsletter/__init__.py``.

Nothing is published. In copies of the commit, wheel and sdist are built twice and must be equal to
the byte. They get a bill of materials (CycloneDX) and checksums. The wheel is installed, and its
demo run, on each Python of this machine. Then the commit gets its tag, with its part of the
changelog as the message.
"""

import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from newsletter.config import environment

ROOT = Path(__file__).parents[1]
_PIN = re.compile(r"(?m)^([a-z0-9][\w.-]*)==(\S+)")
NOT_BUNDLED = {"linkify-it", "argparse"}
"""markdown-it's dependencies of which no byte is in the scripts: build.js replaces the first by
nothing, and only markdown-it's command line uses the second."""
_BUILD = "import backend; backend.build_{}({!r}, {{'browser': 'required'}})"


def changes(changelog: str, version: str) -> str:
    """Return the section of a version. Raises ValueError if there is none with a date."""
    found = re.search(
        rf"(?ms)^## \[{re.escape(version)}\] – \d{{4}}-\d\d-\d\d\n(.*?)(?=^## |\Z)", changelog
    )
    if found is None:
        raise ValueError(f"CHANGELOG.md has no section '## [{version}] – DATE' with a date")
    return found[1].strip()


def materials(version: str, pins: dict[str, str], scripts: dict[str, Any], at: str) -> Any:
    """Return the bill of materials: packages installed with the wheel, and those in its scripts."""
    packages = [_python(name, pinned) for name, pinned in sorted(pins.items())]
    packages += [_script(name, package) for name, package in sorted(scripts.items())]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": at,
            "component": {
                "type": "application",
                "bom-ref": "newsletter",
                "name": "newsletter",
                "version": version,
                "licenses": [{"license": {"id": "MIT"}}],
            },
        },
        "components": packages,
        "dependencies": [{"ref": "newsletter", "dependsOn": [one["bom-ref"] for one in packages]}],
    }


def _python(name: str, version: str) -> dict[str, Any]:
    place = f"pkg:pypi/{name}@{version}"
    found = {"type": "library", "bom-ref": place, "name": name, "version": version, "purl": place}
    try:
        about = metadata(name)
    except PackageNotFoundError:  # of another platform
        return found
    stated = about.get("License-Expression")
    if stated:
        return found | {"licenses": [{"expression": stated}]}
    named = about.get("License") or ""
    classified = [
        one.rpartition(" :: ")[2]
        for one in about.get_all("Classifier") or ()
        if one.startswith("License ::")
    ]
    first = named.strip().partition("\n")[0] if 0 < len(named) < 100 else ""
    licence = ", ".join(classified) or first
    return found | ({"licenses": [{"license": {"name": licence}}]} if licence else {})


def _script(name: str, package: dict[str, Any]) -> dict[str, Any]:
    place = f"pkg:npm/{name.replace('@', '%40')}@{package['version']}"
    return {
        "type": "library",
        "bom-ref": place,
        "name": name,
        "version": package["version"],
        "purl": place,
        "licenses": [{"license": {"id": package["license"]}}],
    }


def bundled(root: Path) -> dict[str, Any]:
    """Return the packages that the desk's scripts are made of, as their lock has them."""
    lock = json.loads((root / "newsletter/web/browser/package-lock.json").read_text("utf-8"))
    found = {
        place.removeprefix("node_modules/"): package
        for place, package in lock["packages"].items()
        if place and not package.get("dev")
    }
    return {name: package for name, package in found.items() if name not in NOT_BUNDLED}


def built(commit: str, folder: Path, epoch: str) -> dict[str, bytes]:
    """Build sdist and wheel from a copy of the commit; return the files' bytes by their names."""
    source, made = folder / "source", folder / "made"
    source.mkdir()
    made.mkdir()
    archive = subprocess.run(["git", "archive", commit], cwd=ROOT, check=True, capture_output=True)
    subprocess.run(["tar", "x", "-C", source], input=archive.stdout, check=True)
    variables = {**environment(), "SOURCE_DATE_EPOCH": epoch, "PYTHONPATH": "tools/building"}
    for what in ("sdist", "wheel"):
        code = _BUILD.format(what, str(made))
        subprocess.run([sys.executable, "-c", code], cwd=source, env=variables, check=True)
    return {path.name: path.read_bytes() for path in sorted(made.iterdir())}


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def _objections(tag: str) -> Iterator[str]:
    if _git("status", "--porcelain"):
        yield "the tree has changes that are not committed"
    if _git("tag", "--list", tag):
        yield f"the tag {tag} exists already; raise the version in newsletter/__init__.py"


def main() -> int:
    """Make the release of the commit that is checked out."""
    text = (ROOT / "newsletter/__init__.py").read_text("utf-8")
    [version] = re.findall(r'__version__ = "(.+)"', text)
    tag, commit = f"v{version}", _git("rev-parse", "HEAD")
    try:
        message = changes((ROOT / "CHANGELOG.md").read_text("utf-8"), version)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    for objection in _objections(tag):
        print(objection, file=sys.stderr)
        return 1
    epoch, at = (
        _git("show", "-s", "--format=%ct", commit),
        _git("show", "-s", "--format=%cI", commit),
    )
    with TemporaryDirectory() as one, TemporaryDirectory() as other:
        files = built(commit, Path(one), epoch)
        if files != built(commit, Path(other), epoch):
            print("two builds differ", file=sys.stderr)
            return 1
    pins = dict(_PIN.findall((ROOT / "requirements/newsletter.lock").read_text("utf-8")))
    bill = json.dumps(materials(version, pins, bundled(ROOT), at), indent=1) + "\n"
    files[f"newsletter-{version}.cdx.json"] = bill.encode()
    sums = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in files.items())
    folder = ROOT / "dist"
    folder.mkdir(exist_ok=True)
    for name, data in {**files, "SHA256SUMS": sums.encode()}.items():
        (folder / name).write_bytes(data)
    [wheel] = folder.glob(f"newsletter-{version}-*.whl")
    subprocess.run([ROOT / ".ci/elsewhere", wheel], check=True)
    _git(
        "tag",
        "--annotate",
        tag,
        "--cleanup=verbatim",
        "--message",
        f"newsletter {version}\n\n{message}",
    )
    print(
        f"{tag} is {commit[:12]}, and its files are in dist/. To publish it: git push origin {tag}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
