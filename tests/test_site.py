"""The site of the documents: one navigation, and a tutorial whose commands work as they are."""

import importlib.util
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.test_docs import DOCS, ROOT, read
from tools.site.pages import assemble

_TUTORIAL = DOCS / "tutorial.md"
_BINARIES = Path(sys.executable).parent


def with_sphinx(test: Callable[[Path], None]) -> Any:
    needed = pytest.mark.skipif(
        not importlib.util.find_spec("sphinx"), reason="make site installs Sphinx"
    )
    return pytest.mark.slow("Sphinx builds sites of two pages")(needed(test))


def test_each_page_is_in_the_navigation_once() -> None:
    listed = re.findall(r"(?m)^- \[[^]]+\]\(([^)]+)\)$", read(DOCS / "README.md"))
    pages = {*DOCS.glob("*.md"), *ROOT.glob("*.md"), DOCS / "decisions" / "README.md"}
    assert sorted((DOCS / target).resolve() for target in listed) == sorted(
        pages - {DOCS / "README.md"}
    )


def test_the_navigation_is_by_person_and_kind_and_links_lead_to_pages(tmp_path: Path) -> None:
    assemble(ROOT, tmp_path / "site")
    index = read(tmp_path / "site" / "index.md")
    assert ":caption: Operator · How-to\n\nInstall and upgrade <install>\n" in index
    assert "newsletter, and its promises <about>" in index
    assert "(docs/" not in read(tmp_path / "site" / "about.md")
    assert "](../architecture.md#import-rule)" in read(
        tmp_path / "site" / "decisions" / "0001-one-way-imports.md"
    )


def built(folder: Path, *links: str, tags: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    """Build the site of a checkout of three pages, one of which has these links."""
    (folder / "docs" / "decisions").mkdir(parents=True)
    said = "".join(f"[a link]({link})\n" for link in links)
    pages = {
        "README.md": "# Readme\n",
        "docs/README.md": "# Map\n\n## All\n\n### Kind\n\n- [Readme](../README.md)\n- [B](b.md)\n",
        "docs/b.md": f"# B\n\n## There\n\n{said}",
    }
    for place, text in pages.items():
        (folder / place).write_text(text)
    named = ["-c", "user.name=Ana", "-c", "user.email=ana@forum.example"]
    tagged = [["tag", tag] for tag in tags]
    for git in (["init", "-q"], ["add", "."], ["commit", "-qm", "B"], *tagged):
        subprocess.run(["git", *named, *git], cwd=folder, check=True)
    program = "import sys; from pathlib import Path; from tools.site.__main__ import build"
    run = f"{program}; sys.exit(build(Path(sys.argv[1]), Path(sys.argv[2])))"
    return subprocess.run(
        [sys.executable, "-c", run, str(folder), str(folder / "out")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@with_sphinx
def test_each_release_has_a_site(tmp_path: Path) -> None:
    done = built(tmp_path, "b.md#there", tags=("v0.9.0", "v0.10.0"))
    assert done.returncode == 0, done.stderr
    assert "url=v0.10.0/" in read(tmp_path / "out" / "html" / "index.html")
    page = read(tmp_path / "out" / "html" / "v0.9.0" / "b" / "index.html")
    listed = re.findall(r'<li><a href="../../(.+?)/">(.+?)</a></li>', page)
    assert listed == [(each, each) for each in ("v0.10.0", "v0.9.0", "next")]


@with_sphinx
def test_a_link_to_no_page_or_to_no_heading_fails_the_site(tmp_path: Path) -> None:
    done = built(tmp_path, "b.md#there", "c.md", "b.md#nowhere")
    assert done.returncode == 1
    assert re.findall(r"b\.md:\d+: WARNING: .*'(\S+)'", done.stderr) == ["c.md", "nowhere"]


@pytest.mark.slow("it runs a dozen commands, as a reader of the page does")
def test_the_commands_of_the_tutorial_send_a_statement(tmp_path: Path) -> None:
    commands = "\n".join(re.findall(r"(?ms)^```sh\n(.*?)^```$", read(_TUTORIAL)))
    assert commands.count("newsletter ") > 10

    done = subprocess.run(
        ["bash", "-e", "-c", f"PATH={_BINARIES}:$PATH\n{commands}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    for figure, count in (("accepted", 2), ("unknown", 0)):
        assert re.search(rf"(?m)^  {figure} +{count}$", done.stdout), done.stdout
    assert len(list((tmp_path / "forum" / "var" / "outbox").glob("*.eml"))) == 2
    assert (tmp_path / "forum" / "email" / "message.html").is_file()
