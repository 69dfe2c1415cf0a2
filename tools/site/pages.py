"""The sources of the site: the documents with links of the site, and the map as its navigation."""

import re
import shutil
from pathlib import Path

_LINK = re.compile(r"(\]\()(?!https?:|mailto:|#)([^)#\s]+)(#[^)\s]*)?(\))")
_LIST = r"(?:- \[[^]]+\]\([^)]+\)\n)+"
_DECISIONS = "\n```{toctree}\n:hidden:\n:glob:\n\n0*\n```\n"


def assemble(root: Path, out: Path) -> None:
    """Write the sources of the site. ``docs/README.md`` becomes its first page and navigation."""
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(root / "docs", out)
    sources = [*sorted((root / "docs").rglob("*.md")), *sorted(root.glob("*.md"))]
    places = {path: out / path.relative_to(_docs(root, path)) for path in sources}
    places[root / "README.md"] = out / "about.md"
    places[root / "docs" / "README.md"] = out / "index.md"
    (out / "README.md").unlink()
    for source, place in places.items():
        text = _LINK.sub(lambda found, at=source: _relinked(found, at, places, out), _read(source))
        if source.parent.name == "decisions" and source.name == "README.md":
            text += _DECISIONS
        place.write_text(_navigation(text) if place.name == "index.md" else text, "utf-8")


def _docs(root: Path, path: Path) -> Path:
    return root / "docs" if path.is_relative_to(root / "docs") else root


def _read(path: Path) -> str:
    return path.read_text("utf-8")


def _relinked(found: re.Match[str], source: Path, places: dict[Path, Path], out: Path) -> str:
    """Return a link for the site. A file that is no page is copied; a broken link stays broken."""
    target, here = (source.parent / found[2]).resolve(), places[source]
    linked = places.get(target)
    if linked is None and target.is_file():
        linked = out / "files" / target.name.replace(".md", ".txt")
        linked.parent.mkdir(exist_ok=True)
        shutil.copy(target, linked)
    up = "../" * (len(here.relative_to(out).parts) - 1)
    path = up + linked.relative_to(out).as_posix() if linked else found[2]
    return f"{found[1]}{path}{found[3] or ''}{found[4]}"


def _navigation(text: str) -> str:
    """Add each list of pages to the navigation, under its person and kind."""
    person = ""
    for head, title, listed in re.findall(rf"(?m)^(##+) (.+)\n\n({_LIST})?", text):
        person = title if head == "##" else person
        if listed:
            entries = re.sub(r"- \[([^]]+)\]\(([^)]+)\.md\)", r"\1 <\2>", listed)
            text += f"\n```{{toctree}}\n:hidden:\n:caption: {person} · {title}\n\n{entries}```\n"
    return text
