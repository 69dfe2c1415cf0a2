"""The provider that docs/adding-a-provider.md is about works in a copy of the code."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools import new_provider

ROOT = Path(__file__).parents[1]
PAGE = new_provider.page()
NAME = "carrierpigeon"  # longer than the example's, and sorted elsewhere
SUITES = (
    f"tests/integration/test_{NAME}.py",
    "tests/integration/test_contract.py",
    "tests/integration/test_answers_and_phases.py",
    "tests/integration/test_examination.py",
    "tests/unit/providers/test_translators.py",
)
ITS_OWN = f"{NAME} or test_examination or test_translators"
"""The tests about it: the last two suites go through all kinds, and fail for one left out."""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code with the example in it, and its compiled modules."""
    copy = tmp_path_factory.mktemp("copy")
    skipped = shutil.ignore_patterns("*.pyc.*", "browser", "acceptance")
    for name in ("newsletter", "templates", "tests"):
        shutil.copytree(ROOT / name, copy / name, ignore=skipped)
    shutil.copy(ROOT / "pyproject.toml", copy)
    new_provider.write(NAME, copy)
    return copy


def run(copy: Path, *command: str) -> str:
    """Return the output of a command in the copy. Coverage counts the code, not its copy."""
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=copy,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    return done.stdout


def test_the_page_names_every_file_of_the_example_and_nobody_had_one_of_them() -> None:
    """To add a provider, no file that there is needs an edit."""
    files = new_provider.files(NAME)
    assert len(files) == 5
    assert [
        name for name in new_provider.example() if f"(../tools/postbox/{name})" not in PAGE
    ] == []
    assert [name for name in files if (ROOT / name).exists()] == []
    assert new_provider.EXAMPLE not in "".join((*files, *files.values())).lower()


def test_each_file_asks_what_has_to_be_looked_up_for_it() -> None:
    files = new_provider.files(NAME)
    asked = [row for row in PAGE.splitlines() if re.match(r"\| [^|]+\? \|", row)]
    assert len(asked) > 10
    for row in asked:
        question = row.split(" | ")[0].removeprefix("| ")
        assert any(question in re.sub(r"\n#  ", "", text) for text in files.values()), question
    for name, text in files.items():
        assert text.startswith(f"# {new_provider.OPEN}: "), name


def test_a_name_that_is_none_or_taken_is_refused() -> None:
    for name, why in (("", "no name"), ("Post-Box", "no name"), ("mailgun", "already")):
        assert why in new_provider.fault(name)
    assert new_provider.fault(NAME) == ""


@pytest.mark.slow("all suites of a provider, in a process of its own")
def test_the_example_passes_every_suite(copy: Path) -> None:
    said = run(
        copy, "pytest", "-q", "-p", "no:cacheprovider", *SUITES, "-k", ITS_OWN, "-m", "not faults"
    )
    passed = re.search(r"(\d+) passed", said)
    assert passed, said
    assert int(passed[1]) > 40


def test_the_example_under_another_name_is_written_as_the_rest_is(copy: Path) -> None:
    files = [name for name in new_provider.files(NAME) if name.endswith(".py")]
    assert len(files) == 4
    run(copy, "ruff", "check", "--no-cache", *files)
    run(copy, "ruff", "format", "--no-cache", "--check", *files)
