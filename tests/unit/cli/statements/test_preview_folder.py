"""The folder of a preview: its own files are renewed, and nobody else's is touched."""

from pathlib import Path

import pytest

from newsletter.cli.statements.preview import COMBINED, SCREENSHOTS, SHEET, VIEWS, Folder
from newsletter.domain.errors import Refused
from newsletter.rendering.preview import MARK
from tests.rows import rows

OURS = {SHEET: f"<!DOCTYPE html>{MARK}".encode()}


def test_a_folder_is_made_and_says_what_was_written_the_mail_first(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "a" / "b")
    folder.claim()
    folder.write(OURS)
    folder.write({"light.html": b"1", "message.html": b"2"})
    folder.write(OURS)
    assert folder.written == ("message.html", "index.html", "light.html")


@rows("name", [SHEET, COMBINED, *VIEWS, *SCREENSHOTS])
def test_a_file_of_somebody_else_is_never_replaced(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("my own page")
    with pytest.raises(Refused, match=f"{name} was not written by a preview"):
        Folder(tmp_path).claim()
    assert (tmp_path / name).read_text() == "my own page"


def test_a_link_that_leads_nowhere_is_somebody_elses_too(tmp_path: Path) -> None:
    (tmp_path / "light.html").symlink_to(tmp_path / "none")
    with pytest.raises(Refused, match="was not written by a preview"):
        Folder(tmp_path).claim()


def test_a_second_preview_takes_old_screenshots_away_and_leaves_other_files(
    tmp_path: Path,
) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    first = Folder(tmp_path)
    first.claim()
    first.write({**OURS, "light.png": b"old", COMBINED: b"old", "light.html": b"old"})

    Folder(tmp_path).claim()

    assert {path.name for path in tmp_path.iterdir()} == {"notes.txt", SHEET, "light.html"}
