"""``newsletter preview``: what it writes, what it replaces, and how it does without a browser."""

import re
import shutil
from pathlib import Path

import pytest

from tests.acceptance.workspace import Workspace

MAIL = ["message.html", "message.txt", "message.eml"]
VIEWS = ["light.html", "dark.html", "no-images.html", "no-styles.html", "text.html"]
PICTURE = "![A full room](https://forum.example/room.jpg#1200x675)"


def words(path: Path) -> str:
    """The text between the elements of a page."""
    html = re.sub(r"<style>.*?</style>", "", path.read_text("utf-8"), flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


@pytest.fixture
def bare(workspace: Workspace) -> Workspace:
    """A workspace on a machine without Chromium."""
    workspace.environment["PATH"] = "/nonexistent"
    return workspace


def test_a_preview_shows_the_mail_in_all_its_views(bare: Workspace, tmp_path: Path) -> None:
    when = "2099-01-05 09:00"
    head = {"summary": "One line for the inbox.", "send_at": when, "embargo_until": when}
    bare.write("news", f"A **bold** word.\n\n{PICTURE}", **head)
    out = tmp_path / "look"

    done = bare.do("preview", "news", "--out", str(out))

    assert done.stdout.split() == [str(out / name) for name in [*MAIL, "index.html", *VIEWS]]
    assert sorted(path.name for path in out.iterdir()) == sorted([*MAIL, "index.html", *VIEWS])
    sheet = words(out / "index.html")
    content_hash = bare.do("statement", "show", "news", "--json").json()["digest"]
    for part in (
        "From Example Forum &lt;news@forum.example&gt;",
        "To reader@example.org (made up)",
        "Subject On news",
        "Preview line One line for the inbox.",
        "Time in its file 2099-01-05 09:00 Embargo until 2099-01-05 09:00",
        "Not approved it has 0 of 1 approvals",
        "grey boxes stand for those of forum.example",
        content_hash,
    ):
        assert part in sheet
    for name in VIEWS:
        page = (out / name).read_text("utf-8")
        assert "bold" in page
        assert 'src="http' not in page
        assert "NLMERGE" not in page
    assert "https://forum.example/room.jpg" in (out / "message.html").read_text("utf-8")


def test_the_page_says_what_the_checks_say(bare: Workspace, tmp_path: Path) -> None:
    bare.write(
        "news", "We meet at [PLACE].", summary="One line for the inbox, as long as it should be."
    )
    out = tmp_path / "look"
    bare.do("preview", "news", "--out", str(out), "--no-screenshots")

    sheet = words(out / "index.html")

    said = bare.do("statement", "check", "news", "--json", code=4).json()
    assert {"warning", "advice"} == {remark["grade"] for remark in said}
    for remark in said:
        assert f"{remark['grade']} {remark['place']}: " in sheet
    assert "&#39;[PLACE]&#39; looks like something still to be filled in" in sheet
    assert '--by EMAIL --despite "WHY"' in sheet

    bare.write(
        "news", "We meet at noon.", summary="One line for the inbox, as long as it should be."
    )
    bare.do("preview", "news", "--out", str(out), "--no-screenshots")
    sheet = words(out / "index.html")
    assert "warning" not in sheet
    assert "--despite" not in sheet


def test_without_chromium_it_says_so_in_one_line(bare: Workspace, tmp_path: Path) -> None:
    bare.write("news")
    done = bare.do("preview", "news", "--out", str(tmp_path / "look"))
    [line] = done.stderr.splitlines()
    assert line.startswith("no screenshots were taken: none of chromium, ")
    assert line.endswith("install one, or name it with --browser")
    quiet = bare.do("preview", "news", "--out", str(tmp_path / "look"), "--no-screenshots")
    assert quiet.stderr == ""


def test_a_browser_that_is_none_stops_nothing(bare: Workspace, tmp_path: Path) -> None:
    bare.write("news")
    out = ("preview", "news", "--out", str(tmp_path / "look"), "--browser")
    missing = bare.do(*out, str(tmp_path / "none"))
    assert f"no screenshots were taken: {tmp_path / 'none'} is not a program" in missing.stderr
    ends = shutil.which("true") or "/bin/true"
    assert "no screenshots were taken: BrowserType.launch: " in bare.do(*out, ends).stderr
    assert (tmp_path / "look" / "index.html").exists()


def test_pictures_may_be_fetched_from_where_the_mail_has_them(
    bare: Workspace, tmp_path: Path
) -> None:
    bare.write("news", f"Words.\n\n{PICTURE}")
    out = tmp_path / "look"
    bare.do("preview", "news", "--out", str(out), "--with-images")
    assert "loaded from forum.example" in words(out / "index.html")
    assert "img-src data: https://forum.example" in (out / "light.html").read_text("utf-8")
    assert "img-src 'none'" in (out / "no-images.html").read_text("utf-8")


def test_nothing_is_opened_where_nobody_sits_at_a_terminal(bare: Workspace, tmp_path: Path) -> None:
    bare.write("news")
    out = tmp_path / "look"
    done = bare.do("preview", "news", "--out", str(out), "--open", "--no-screenshots")
    assert done.stderr == f"--open works on a terminal only; open {out / 'index.html'}\n"
