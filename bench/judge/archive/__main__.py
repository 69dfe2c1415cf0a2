"""``python -m bench.judge.archive``: publish our statements, judge the archive, print objections.

The pages are asked for within this process. vnu judges the HTML, ``rules.py`` and ``atom.rng`` the
rest. With ``--pictures FOLDER`` a page shows each link as Slack, WhatsApp and X would preview it.
Ends with 1 if anything is objected to, with 2 if vnu is missing or a rule overlooked its sentinel.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from lxml import etree

from bench.judge import markup
from bench.judge.archive import previews, rules
from bench.judge.corpus import BRANDS, DOMAIN, EXAMPLES, KINDS
from bench.judge.judges import Judge, absent, this_machine
from tests.pages import Forum, forum

BASE = f"https://news.{DOMAIN}"
_LOGO = {"src": f"https://{DOMAIN}/logo.png", "width": 96, "height": 96}
_LISTED = ("", "subscribe", "search?q=county")
_FILES: Mapping[str, Callable[[bytes, str], Iterator[str]]] = {
    "feed.atom": rules.of_atom,
    "feed.rss": rules.of_rss,
    "feed.json": rules.of_json_feed,
    "sitemap.xml": lambda data, _: rules.of_site_map(data, BASE),
}
_BROKEN = {
    "feed.atom": b"<feed xmlns='http://www.w3.org/2005/Atom'><title>A</title></feed>",
    "feed.rss": b"<rss version='2.0'><channel><entry/></channel></rss>",
    "feed.json": b'{"items": [{}]}',
    "sitemap.xml": b"<urlset><url><loc>http://a.example</loc></url></urlset>",
}
"""A sentinel for each rule: a rule that finds nothing in it is broken."""
_BARE = "<html><head><title>A</title></head><body></body></html>"


def main() -> int:
    """Publish, judge, draw, and say how to end."""
    parser = argparse.ArgumentParser(prog="python -m bench.judge.archive", description=__doc__)
    parser.add_argument("--pictures", type=Path, help="draw the previews in this folder too")
    folder = parser.parse_args().pictures
    with tempfile.TemporaryDirectory(prefix="newsletter-judge-") as made:
        files = publish(Path(made))
    pages = {path: text for path, text in files.items() if path not in _FILES}
    said = [f"{path or '/'}: {one}" for path, one in list_objections(files)]
    silent = [*_asleep(), *(f"vnu {why}" for why in _without_vnu())]
    said += [] if silent else [f"{path or '/'}: vnu: {one}" for path, one in _checked(pages)]
    print(f"{len(pages)} pages, {len(_FILES)} files, {len(said)} objections")
    print("\n".join(sorted(set(said))))
    if folder:
        shown = {path: text for path, text in pages.items() if path not in _LISTED[1:]}
        print(previews.write_sheet(folder, BASE, shown), file=sys.stderr)
    print("\n".join(f"not judged: {one}" for one in silent), file=sys.stderr)
    return 2 if silent else 1 if said else 0


def publish(folder: Path) -> dict[str, str]:
    """Send our statements in a made-up workspace; return the archive's pages and files."""
    brand = {"color": BRANDS["briefing"].color, "logo": _LOGO}
    with forum(folder, brand=brand) as site:
        site.subscribe("ana@readers.example")
        for file in (*sorted(EXAMPLES.glob("*.md")), KINDS / "languages.md"):
            _send(site, file)
        site.services.tick.run()
        links = [path.removeprefix(f"{BASE}/") for path in _places(site)]
        paths = dict.fromkeys([*_LISTED, *links, *_FILES])
        return {path: site.get(f"/{path}").text for path in paths}


def _send(site: Forum, file: Path) -> None:
    _, head, body = file.read_text("utf-8").split("---\n", 2)
    fields: dict[str, Any] = yaml.safe_load(head)
    lost = {"author", "corrects", "embargo_until", "lists"}
    site.send(file.stem, **{k: v for k, v in fields.items() if k not in lost}, text=body)


def _places(site: Forum) -> list[str]:
    root = etree.fromstring(site.get("/sitemap.xml").body)
    return [str(one.text) for one in root.iter("{*}loc")]


def list_objections(files: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the path of a page or file and an objection of a rule to it."""
    for path, text in files.items():
        if path in _FILES:
            yield from ((path, one) for one in _FILES[path](text.encode(), f"{BASE}/{path}"))
        elif path == "" or path.startswith("archive/"):
            yield from ((path, one) for one in rules.of_card(text, f"{BASE}/{path}"))
        if path.startswith("archive/"):
            yield from ((path, one) for one in rules.of_structured_data(text))


def _asleep() -> Iterator[str]:
    for name, rule in _FILES.items():
        if not list(rule(_BROKEN[name], BASE)):
            yield f"{name}: nothing was found in a broken one"
    if not list(rules.of_card(_BARE, BASE)) or not list(rules.of_structured_data(_BARE)):
        yield "previews: nothing was missed in a bare page"


def _without_vnu() -> Iterator[str]:
    if why := absent(this_machine()).get(Judge.CHECKER):
        yield why


def _checked(pages: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    with tempfile.TemporaryDirectory(prefix="newsletter-judge-") as made:
        files = [Path(made) / f"{number}.html" for number in range(len(pages))]
        for file, text in zip(files, pages.values(), strict=True):
            file.write_text(text, "utf-8")
        for path, errors in zip(pages, markup.check(files), strict=True):
            yield from ((path, one) for one in errors)


if __name__ == "__main__":
    sys.exit(main())
