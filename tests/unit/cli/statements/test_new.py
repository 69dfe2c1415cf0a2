"""``statement new``: no file that its own reader would refuse."""

from pathlib import Path

import pytest

from newsletter.cli import main
from newsletter.cli.main import EXIT_INVALID
from tests.rows import rows
from tests.workspaces import plain_workspace


@rows(
    ("arguments", "said"),
    [
        ([""], "title: is missing"),
        ([" \t\u00a0"], "title: is missing"),
        (["Hours", "--author", "nobody"], "author: 'nobody' is not an address"),
        (["Hours", "--author", " "], ""),
        (["¿?"], ""),
    ],
)
def test_a_new_statement_has_a_title_and_an_author_who_can_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    workspace = plain_workspace(tmp_path)
    code = main.run(["statement", "new", "--workspace", str(workspace), *arguments])
    assert code == (EXIT_INVALID if said else 0)
    assert said in capsys.readouterr().err
    assert len([*workspace.glob("statements/*.md")]) == (not said)
