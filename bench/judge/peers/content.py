"""What a mail of ours says, read off its HTML and without any of its looks: what peers are given.

They get the words as an author would write them: in blocks, without ``<wbr>``, classes and styles.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from html import unescape
from typing import Any

from lxml import etree, html

Said = dict[str, Any]
"""JSON: a block has its ``kind``, and what it holds; ``html`` is that of a line of text."""

_LOOKS = ("class", "style", "bgcolor", "align", "valign", "cellpadding", "cellspacing", "border")


def content_of(page: str) -> Said:
    """All that readers see of a mail, in its order. Raises IndexError for one of another kind."""
    whole = page.replace("<wbr>", "").encode()  # lxml takes it for an element that holds text
    tree = html.document_fromstring(whole, parser=html.HTMLParser(encoding="utf-8"))
    etree.strip_elements(tree, etree.Comment, "style", with_tail=False)
    inside = _Within(tree)
    body = tree.find("body/div")
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
            "html": inside.line("address", "line"),
        },
        "footer": [_line(one) for one in inside.all("td", "footer")[0]],
    }


_CELLS = "//td[contains(@class, 'sheet body') or contains(@class, 'sheet lead')]/*"


def words_of(page: str) -> list[str]:
    """What readers see of a page or a part of one, word by word."""
    shown = _NOT_SHOWN.sub("", page).replace("<wbr>", "")
    return _BETWEEN.sub(" ", unescape(_TAG.sub(" ", shown))).split()


_NOT_SHOWN = re.compile(r"<!--.*?-->|<(head|style|title)\b.*?</\1>", re.DOTALL)
_TAG = re.compile(r"<[^<>]*>")
_BETWEEN = re.compile(r"[\W_]+")


class _Within:
    def __init__(self, tree: Any) -> None:
        self._tree = tree

    def all(self, tag: str, name: str) -> list[Any]:
        found: list[Any] = self._tree.xpath(f"//{tag}[@class='{name}']")
        return found

    def line(self, tag: str, name: str, *, last: bool = False) -> str:
        found = self.all(tag, name)
        return _line(found[-1 if last else 0]) if found else ""

    def lines(self, tag: str, name: str) -> list[str]:
        return [_line(one) for found in self.all(tag, name)[:1] for one in found]

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
_ABOVE = ("dateline", "embargo", "release")


def _kind(one: Any) -> str:
    """The class by which our style sheet knows a block, or else its element."""
    names = [name for name in one.get("class", "").split() if name not in {"ltr", "rtl"}]
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
    return {
        "language": one.get("lang"),
        "direction": one.get("dir"),
        "blocks": list(_blocks(one)),
    }


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
    "downloads": _items,
    "notes": _items,
    "div": _translation,
}


def _line(one: Any) -> str:
    """What stands in an element, as HTML without looks."""
    bare = deepcopy(one)
    bare.tail = None
    for element in bare.iter():
        for name in _LOOKS:
            element.attrib.pop(name, None)
    whole = html.tostring(bare, encoding="unicode")
    return whole[whole.index(">") + 1 : whole.rindex("</")].strip() if "</" in whole else ""
