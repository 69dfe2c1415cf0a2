"""Which tests ``make watch`` runs when a file was written."""

from pathlib import Path

import pytest

from tests.rows import rows
from tools.watch import beside, changed, look


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name in (
        "tests/unit/domain/test_clock.py",
        "tests/unit/providers/postal/test_send.py",
        "tests/unit/rendering/test_waiting.py",
        "tests/integration/test_postal.py",
        "tests/unit/pipeline/delivery/test_dispatch_refuses.py",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


@rows(
    ("file", "tests"),
    [
        ("newsletter/domain/clock.py", ["tests/unit/domain/test_clock.py"]),
        ("newsletter/pipeline/delivery/dispatch.py", ["tests/unit/pipeline/delivery"]),
        ("newsletter/pipeline/archive/index.py", ["tests/unit/pipeline"]),
        ("newsletter/imports.py", ["tests/unit"]),
        (
            "newsletter/providers/postal/send.py",
            ["tests/integration/test_postal.py", "tests/unit/providers/postal/test_send.py"],
        ),
        ("tests/provider_servers/postal.py", ["tests/integration/test_postal.py"]),
        ("tests/unit/domain/test_clock.py", ["tests/unit/domain/test_clock.py"]),
        ("templates/web/page.css", ["tests/unit/rendering"]),
        ("docs/officer.md", ["tests/test_docs.py"]),
        ("LICENSE", []),
    ],
)
def test_the_tests_of_a_file_are_found_by_its_path(
    file: str, tests: list[str], checkout: Path
) -> None:
    assert beside([file], checkout) == tests


def test_tests_are_not_named_beside_the_folder_that_holds_them(checkout: Path) -> None:
    files = ["newsletter/domain/clock.py", "newsletter/domain/errors.py", "README.md"]
    assert beside(files, checkout) == ["tests/test_docs.py", "tests/unit/domain"]


def test_what_is_new_or_written_again_has_changed_and_what_is_gone_has_not() -> None:
    assert changed({"a": 1, "b": 1, "gone": 1}, {"a": 1, "b": 2, "c": 1}) == ["b", "c"]


def test_what_git_leaves_out_is_not_looked_at() -> None:
    seen = look(Path(__file__).parents[2])
    assert "tests/unit/test_watch.py" in seen
    assert not any(name.startswith(".venv/") for name in seen)
