"""``newsletter design``: a mail of each template, in the workspace's own brand and words."""

from pathlib import Path

import pytest

from tests.acceptance.workspace import Workspace

NAMES = [
    "admitted",
    "confirmation",
    "correction",
    "declined",
    "embargo",
    "known",
    "link",
    "move",
    "news",
    "notice",
    "preferences",
    "statement",
    "test",
]


def test_each_template_is_shown_in_the_brand(workspace: Workspace, tmp_path: Path) -> None:
    settings = workspace.folder / "newsletter.yaml"
    settings.write_text(settings.read_text().replace("#17505c", "#8a1c3b"))
    words = workspace.folder / "templates" / "words"
    words.mkdir(parents=True)
    (words / "en.po").write_text(
        'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'
        'msgctxt "yes"\nmsgid "Confirm my subscription"\nmsgstr "Count me in"\n'
    )
    out = tmp_path / "look"

    done = workspace.do("design", "--out", str(out))

    files = [f"{name}.{ending}" for name in NAMES for ending in ("html", "txt")]
    assert done.stdout.split() == [str(out / name) for name in files]
    assert all("#8a1c3b" in (out / f"{name}.html").read_text() for name in NAMES)
    said = {name: (out / f"{name}.txt").read_text() for name in NAMES}
    assert "Count me in:" in said["confirmation"]
    assert "Not for publication before" in said["embargo"]
    assert "an-earlier-statement" in said["correction"]
    assert said["test"].startswith("This is a test email.")
    workspace.do("design", "--out", str(out))


@pytest.mark.faults(seconds=10)
def test_files_of_others_are_not_replaced(workspace: Workspace, tmp_path: Path) -> None:
    out = tmp_path / "look"
    out.mkdir()
    (out / "letter.html").write_text("mine")

    done = workspace.do("design", "--out", str(out), code=4)

    assert "letter.html is none of our files" in done.stderr
    assert [path.name for path in out.iterdir()] == ["letter.html"]


def test_a_broken_template_is_told_of(workspace: Workspace, tmp_path: Path) -> None:
    (workspace.folder / "templates").mkdir(exist_ok=True)
    (workspace.folder / "templates" / "confirmation.txt.j2").write_text("{{ no_such_thing }}")

    done = workspace.do("design", "--out", str(tmp_path / "look"), code=3)

    assert "confirmation.txt.j2:1: cannot be filled: 'no_such_thing' is undefined" in done.stderr
