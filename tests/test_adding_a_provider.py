"""The provider that docs/adding-a-provider.md writes out works in a copy of the code."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "adding-a-provider.md").read_text("utf-8")
BLOCKS: dict[str, str] = dict(
    re.findall(r"(?ms)^```(?:python|yaml)\n# ([^\n]+)\n(.*?)^```$", PAGE),
)
SUITES = (
    "tests/integration/test_postbox.py",
    "tests/integration/test_answers_and_phases.py",
    "tests/integration/test_examination.py",
    "tests/unit/providers/test_translators.py",
)
ITS_OWN = "postbox or test_examination or test_translators"
"""What is about it: the last two suites go through all kinds, and fail for one left out."""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code with the provider of the page in it."""
    copy = tmp_path_factory.mktemp("copy")
    skipped = shutil.ignore_patterns("__pycache__", "browser", "acceptance")
    for name in ("newsletter", "templates", "tests"):
        shutil.copytree(ROOT / name, copy / name, ignore=skipped)
    shutil.copy(ROOT / "pyproject.toml", copy)
    for name, block in BLOCKS.items():
        (copy / name).parent.mkdir(exist_ok=True)
        (copy / name).write_text(block + (common_rows() if name.endswith(".yaml") else ""), "utf-8")
    return copy


def common_rows() -> str:
    """The rows of Resend's table that are not about its own answers, as the page says."""
    whole = (ROOT / "tests" / "answers" / "resend.yaml").read_text("utf-8")
    own, _, table = whole.partition("verdicts: |\n")
    names = set(re.findall(r'(?m)^  "(.+?)":', own))
    return "".join(
        line
        for line in table.splitlines(keepends=True)
        if line.partition("|")[0].strip() not in names
    )


def run(copy: Path, *command: str) -> str:
    """What a command says in the copy. Coverage is of the code itself, not of its copy."""
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=copy,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    return done.stdout


def test_every_block_of_the_page_is_a_file_that_nobody_had() -> None:
    """To add a provider, no file that there is needs an edit."""
    assert len(BLOCKS) == len(re.findall(r"(?m)^```\w", PAGE)) == 6
    assert [name for name in BLOCKS if (ROOT / name).exists()] == []


def test_the_provider_of_the_page_passes_every_suite(copy: Path) -> None:
    said = run(
        copy, "pytest", "-q", "-p", "no:cacheprovider", *SUITES, "-k", ITS_OWN, "-m", "not faults"
    )
    passed = re.search(r"(\d+) passed", said)
    assert passed, said
    assert int(passed[1]) > 40


def test_the_code_of_the_page_is_written_as_the_rest_is(copy: Path) -> None:
    files = [name for name in BLOCKS if "postbox" in name and name.endswith(".py")]
    assert len(files) == 5
    run(copy, "ruff", "check", "--no-cache", *files)
    run(copy, "ruff", "format", "--no-cache", "--check", *files)
