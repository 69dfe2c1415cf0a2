"""Build the site: ``python -m tools.site FOLDER``. Ends with 1 for a broken link.

Each release, by its tag, has a folder of its own; ``next`` is the checkout. All are built by the
tools of the checkout, so each page lists all versions.
"""

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.site.pages import assemble

ROOT = Path(__file__).parents[2]
_NEXT = "next"
_FETCHED = re.compile(
    r"<(?:script|img|iframe|source)[^>]+src=[\"']https?:|<link[^>]+stylesheet[^>]+href=[\"']https?:"
)


def build(root: Path, out: Path) -> int:
    """Build the site of a checkout into ``out / "html"``; return an exit code."""
    listed = ["git", "tag", "--list", "v*", "--sort=-version:refname"]
    tags = subprocess.run(listed, cwd=root, capture_output=True, text=True).stdout.split()
    versions = [*tags, _NEXT]
    codes = [_version(root, out, _NEXT, versions)]
    for tag in tags:
        archive = subprocess.run(["git", "archive", tag], cwd=root, check=True, capture_output=True)
        with TemporaryDirectory() as release:
            subprocess.run(["tar", "x", "-C", release], input=archive.stdout, check=True)
            codes.append(_version(Path(release), out, tag, versions))
    first = f'<meta http-equiv="refresh" content="0; url={versions[0]}/">\n'
    (out / "html" / "index.html").write_text(first, "utf-8")
    return max(codes)


def _version(root: Path, out: Path, version: str, versions: Sequence[str]) -> int:
    from sphinx.cmd.build import build_main

    assemble(root, out / "source")
    site = out / "html" / version
    conf = ["-c", str(Path(__file__).parent), "-D", f"release={version}"]
    conf += ["-D", f"html_title=newsletter {version}", "-A", f"versions={' '.join(versions)}"]
    quiet = ["-q", "-W", "--keep-going", "-j", "auto", "-d", str(out / "trees" / version)]
    code = build_main(["-b", "dirhtml", *conf, *quiet, str(out / "source"), str(site)])
    for page in sorted(site.rglob("*.html")):
        if found := _FETCHED.search(page.read_text("utf-8")):
            print(f"{page}: fetches from another host: {found[0]}", file=sys.stderr)
            code = 1
    return code


if __name__ == "__main__":
    sys.exit(build(ROOT, Path(sys.argv[1])))
