"""The parts of the scripts that need no browser, by Node's own test runner."""

import subprocess

import pytest

from tests.node import BROWSER, node


@pytest.mark.slow("Node writes and reads hundreds of documents")
def test_the_scripts_pass_their_own_tests() -> None:
    files = sorted((BROWSER / "test").glob("*.test.js"))
    assert len(files) >= 3
    done = subprocess.run(
        [node(), "--test", *files], capture_output=True, text=True, check=False, cwd=BROWSER
    )
    assert done.returncode == 0, done.stdout
