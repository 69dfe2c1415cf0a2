"""An installation is all of the code, with the locked packages, whatever came out since."""

import re
import subprocess
import sys
import zipfile
from hashlib import sha256
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCKS = ("requirements/newsletter.lock", "requirements/dev.lock", "requirements/postgresql.lock")


def locked(name: str) -> dict[str, Requirement]:
    """Package → what a lock says of it, for this interpreter."""
    text = (ROOT / name).read_text("utf-8")
    lines = re.findall(r"(?m)^([A-Za-z0-9][^\\\n]*?)\s*\\?$", text)
    found = [Requirement(line) for line in lines]
    return {canonicalize_name(one.name): one for one in found if _applies(one)}


def _applies(requirement: Requirement, extras: frozenset[str] = frozenset()) -> bool:
    if requirement.marker is None:
        return True
    environments = [{**default_environment(), "extra": extra} for extra in (extras or {""})]
    return any(requirement.marker.evaluate(environment) for environment in environments)


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_pins_all_that_it_needs_so_that_nothing_is_left_to_resolve(name: str) -> None:
    pins = locked(name)
    open_ends, missing = [], []
    for package, pin in pins.items():
        if len(pin.specifier) != 1 or not str(pin.specifier).startswith("=="):
            open_ends.append(str(pin))
        for text in distribution(package).requires or []:
            needed = Requirement(text)
            if not _applies(needed, frozenset(pin.extras)):
                continue
            found = pins.get(canonicalize_name(needed.name))
            version = str(found.specifier).removeprefix("==") if found else "nothing"
            if found is None or not needed.specifier.contains(version, prereleases=True):
                missing.append(f"{package} needs {needed}, locked is {version}")
    assert (open_ends, missing) == ([], [])


@pytest.mark.parametrize("name", LOCKS)
def test_every_pin_has_its_hashes_and_no_host_is_named(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    for entry in re.split(r"(?m)^(?=[A-Za-z0-9])", text)[1:]:
        assert "--hash=sha256:" in entry, entry
    assert "://" not in text


def wheel(folder: Path, name: str, version: str, *needs: str) -> str:
    """Make a package of nothing; returns the line that locks it."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    wants = "".join(f"Requires-Dist: {need}\n" for need in needs)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}.py", f"version = {version!r}\n")
        archive.writestr(
            f"{info}/METADATA",
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{wants}"
            "Provides-Extra: toml\n",
        )
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return f"{name}=={version} --hash=sha256:{sha256(path.read_bytes()).hexdigest()}\n"


def install_options() -> list[str]:
    """Return the options with which the Makefile installs from a lock."""
    lines = re.findall(
        r"pip install (.*) -r requirements\S*\.lock", (ROOT / "Makefile").read_text()
    )
    assert len(lines) >= 2
    assert len(set(lines)) == 1
    return str(lines[0]).split()


def test_what_comes_out_tomorrow_changes_nothing(tmp_path: Path) -> None:
    """Also where a package asks for an extra of another, and a newer one of that is out."""
    lines = [wheel(tmp_path, "measure", "1.0")]
    lines.append(wheel(tmp_path, "report", "1.0", "measure[toml]>=1.0"))
    (tmp_path / "the.lock").write_text("".join(lines), "utf-8")
    wheel(tmp_path, "measure", "1.1")
    target = tmp_path / "installed"
    command = [sys.executable, "-m", "pip", "--isolated", "install", *install_options()]
    command += ["--no-index", "--find-links", str(tmp_path), "--target", str(target)]
    done = subprocess.run(
        [*command, "-r", str(tmp_path / "the.lock")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (target / "measure.py").read_text("utf-8") == "version = '1.0'\n"


def test_the_wheel_holds_every_module_and_template_and_nothing_of_the_tests() -> None:
    ask = (
        "from hatchling.builders.wheel import WheelBuilder;"
        "files = WheelBuilder('.').recurse_included_files();"
        "print(*(file.distribution_path for file in files), sep='\\n')"
    )
    done = subprocess.run(
        [sys.executable, "-c", ask], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    held = set(done.stdout.splitlines())
    modules = {str(path.relative_to(ROOT)) for path in (ROOT / "newsletter").rglob("*.py")}
    templates = {
        str("newsletter" / path.relative_to(ROOT))
        for path in (ROOT / "templates").rglob("*")
        if path.is_file()
    }
    assert "newsletter/templates/statement.html.j2" in templates
    assert modules | templates <= held
    assert {path.partition("/")[0] for path in held} == {"newsletter"}
