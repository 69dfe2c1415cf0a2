"""``statement import``: the pictures of a file go next to the statement."""

import base64
import io
import json
from pathlib import Path

import pytest
from PIL import Image

from newsletter.cli.statements.statements import statement
from tests.workspaces import plain_workspace

TEXT = "The library in the middle of the town opens an hour earlier from Monday on."


@pytest.mark.slow("reads in a sandbox")
def test_pictures_are_files_beside_the_statement_and_it_is_said_how_to_use_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "w").mkdir()
    workspace = plain_workspace(tmp_path / "w")
    drawn = io.BytesIO()
    Image.new("RGB", (6, 4), "navy").save(drawn, "PNG")
    source = "data:image/png;base64," + base64.b64encode(drawn.getvalue()).decode()
    page = tmp_path / "page.html"
    page.write_text(
        f"<h1>Library opens earlier</h1><p>{TEXT}</p><figure><img src='{source}' alt='The library'>"
        "<figcaption>At nine</figcaption></figure>",
        encoding="utf-8",
    )

    arguments = ["import", "--workspace", str(workspace), "--json", str(page)]
    statement.main(arguments, standalone_mode=False)

    [made] = json.loads(capsys.readouterr().out)
    [kept] = map(Path, made["pictures"])
    assert kept == workspace / "statements" / "library-opens-earlier-1.png"
    assert kept.read_bytes().startswith(b"\x89PNG")
    written = '![The library](https://…/library-opens-earlier-1.png#6x4 "At nine")'
    assert written in made["notes"][-1]
