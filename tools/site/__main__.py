"""Build the site: ``python -m tools.site FOLDER``. Ends with 1 for a broken link."""

import re
import sys
from pathlib import Path

from tools.site.pages import assemble

ROOT = Path(__file__).parents[2]
_FETCHED = re.compile(
    r"<(?:script|img|iframe|source)[^>]+src=[\"']https?:|<link[^>]+stylesheet[^>]+href=[\"']https?:"
)


def build(root: Path, out: Path) -> int:
    """Build the site of a checkout into ``out / "html"``; return an exit code."""
    from sphinx.cmd.build import build_main

    assemble(root, out / "source")
    conf = str(Path(__file__).parent)
    quiet = ["-q", "-W", "--keep-going", "-j", "auto", "-d", str(out / "trees")]
    code = build_main(["-b", "dirhtml", "-c", conf, *quiet, str(out / "source"), str(out / "html")])
    for page in sorted((out / "html").rglob("*.html")):
        if found := _FETCHED.search(page.read_text("utf-8")):
            print(f"{page}: fetches from another host: {found[0]}", file=sys.stderr)
            code = 1
    return code


if __name__ == "__main__":
    sys.exit(build(ROOT, Path(sys.argv[1])))
