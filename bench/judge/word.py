"""The rules of Word, which draws the emails of Outlook for Windows, computed without it.

Each rule is a sentence of caniemail's data on ``outlook.windows`` or of Microsoft's "Word 2007 HTML
and CSS Rendering Capabilities in Outlook 2007", and computes with the email's own lengths.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from lxml import html as markup

_FOR_WORD = re.compile(r"<!--\[if (?:gte )?mso[^\]]*\]>(.*?)<!\[endif\]-->", re.DOTALL)
_FOR_OTHERS = re.compile(r"<!--\[if !mso\]><!-->.*?<!--<!\[endif\]-->", re.DOTALL)
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_MEDIA = re.compile(r"@media[^{]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}")
_LINE_OF_FONT = re.compile(r"px/(\d+px)")
_PIXELS = re.compile(r"(-?\d+)px")
_LEAST_GAP = 8
_BLOCKS = {"p", "td", "th", "li", "address", "h1", "h2", "h3", "h4", "pre"}
_CELLS = {"td", "th"}
Styles = dict[Any, dict[str, str]]
Rule = Callable[[Any, Styles], Iterator[str]]


def objections(page: str, rules: Sequence[Rule] = ()) -> tuple[str, ...]:
    """Return what Word would spoil in the HTML of an email, each thing once."""
    seen = _FOR_OTHERS.sub("", _FOR_WORD.sub(r"\1", page))
    tree = markup.document_fromstring(seen.encode(), parser=markup.HTMLParser(encoding="utf-8"))
    styles = _styles(tree)
    found = (told for rule in rules or RULES for told in rule(tree, styles))
    return tuple(dict.fromkeys(found))


def _styles(tree: Any) -> Styles:
    """Return the declarations of each element; its own win over a sheet's that are not important.

    Of two rules the later wins: in our sheets it is never the less specific one.
    """
    styles: Styles = {one: {} for one in tree.iter("*")}
    important: Styles = {one: {} for one in styles}
    for sheet in tree.iter("style"):
        for selectors, body in _RULE.findall(_MEDIA.sub("", sheet.text or "")):
            for one in tree.cssselect(selectors.strip()):
                for name, value in _declared(body).items():
                    wins = important if value.endswith("!important") else styles
                    wins[one][name] = value.removesuffix("!important").strip()
    own = {one: _declared(one.get("style", "")) for one in styles}
    return {one: styles[one] | own[one] | important[one] for one in styles}


def _declared(style: str) -> dict[str, str]:
    pairs = (part.partition(":") for part in style.split(";"))
    found = {name.strip().lower(): value.strip() for name, _, value in pairs if value}
    line = _LINE_OF_FONT.search(found.get("font", ""))
    return ({"line-height": line[1]} if line else {}) | found


def _pixels(value: str | None) -> list[int]:
    return [int(one) for one in _PIXELS.findall(value or "")]


def _inherited(one: Any, styles: Styles, name: str) -> str:
    values = (styles[each].get(name) for each in (one, *one.iterancestors()))
    return next(filter(None, values), "")


def cropped_pictures(tree: Any, styles: Styles) -> Iterator[str]:
    """A line of an exact height shows only that much of its picture (mso-line-height-rule)."""
    for picture in tree.iter("img"):
        block = next((one for one in picture.iterancestors() if one.tag in _BLOCKS), tree)
        exact = _inherited(block, styles, "mso-line-height-rule") == "exactly"
        line = _pixels(_inherited(block, styles, "line-height"))
        sizes = (picture.get("height") or "", picture.get("width") or "")
        height = next((int(size) for size in sizes if size.isdecimal()), 600)
        if exact and line and line[0] < height:
            yield f"a picture is cropped to {line[0]} of {height} pixels"


def unsized_pictures(tree: Any, _styles: Styles) -> Iterator[str]:
    """Styles give a picture no width, only the attribute does (caniemail: width)."""
    for picture in tree.iter("img"):
        if not picture.get("width", "").isdigit():
            yield "a picture has no width attribute and is drawn in its own size"


def bare_buttons(tree: Any, styles: Styles) -> Iterator[str]:
    """Padding counts in table cells alone (caniemail: padding)."""
    for link in tree.iter("a"):
        cell = next((one for one in link.iterancestors() if one.tag in _CELLS), None)
        padded = any(_pixels(styles[link].get("padding")))
        own = {} if cell is None else styles[cell]
        if padded and not any(_pixels(own.get("mso-padding-alt") or own.get("padding"))):
            yield "a link loses its padding, and its cell has none"


def tight_grounds(tree: Any, styles: Styles) -> Iterator[str]:
    """A coloured ground outside of a cell ends at its words, without the padding."""
    for one in tree.iter("p", "div", "h1", "h2", "h3", "blockquote"):
        own = styles[one].get("background-color")
        around = _inherited(one.getparent(), styles, "background-color")
        if own and own != around and any(_pixels(styles[one].get("padding"))):
            yield f"the words of a {one.tag} touch the edge of its ground"


def lost_gaps(tree: Any, styles: Styles) -> Iterator[str]:
    """Tables keep their left margin alone (MS-OODF on fo:margin), so a gap has to follow."""
    for table in tree.iter("table"):
        below = _vertical_margins(styles[table])[1]
        following = next(table.itersiblings("*"), None)
        if not below or following is None or not (following.text_content().strip("\xa0 ")):
            continue
        above = 0 if following.tag == "table" else _vertical_margins(styles[following])[0]
        if above < _LEAST_GAP:
            yield f"{below} pixels below a table are lost, and a {following.tag} touches it"


def _vertical_margins(own: dict[str, str]) -> tuple[int, int]:
    """Return the margins above and below, in pixels."""
    edges = [_pixels(edge)[0] if _pixels(edge) else 0 for edge in own.get("margin", "0").split()]
    return edges[0], edges[2 if len(edges) > 2 else 0]


def unbounded_widths(tree: Any, styles: Styles) -> Iterator[str]:
    """max-width works on tables alone, so a table of a fixed width has to hold the rest."""
    for one in tree.iter("table", "div", "td"):
        if not _pixels(styles[one].get("max-width")):
            continue
        around = (each for each in one.iterancestors() if each.tag in {"table", "td"})
        if one.tag != "table" and not any(each.get("width", "").isdigit() for each in around):
            yield f"a {one.tag} is as wide as the window: no table of a fixed width holds it"


def shown_secrets(tree: Any, styles: Styles) -> Iterator[str]:
    """display:none is not inherited by tables and not known on pictures; mso-hide is."""
    for one in tree.iter("div", "span", "p", "td", "thead", "img"):
        hidden = styles[one].get("display") == "none"
        if hidden and styles[one].get("mso-hide") != "all":
            yield f"a hidden {one.tag} may be shown: mso-hide:all is missing"


def unknown_properties(tree: Any, styles: Styles) -> Iterator[str]:
    """Word knows no positions, floats, grids and negative margins (Microsoft's list)."""
    for one in tree.iter("*"):
        own = styles[one]
        for name in ("position", "float"):
            if name in own:
                yield f"{name} is ignored"
        if own.get("display") in {"flex", "grid"}:
            yield f"display:{own['display']} is ignored"
        if any(width < 0 for name in own if "margin" in name for width in _pixels(own[name])):
            yield "a negative margin is ignored"


RULES: tuple[Rule, ...] = (
    cropped_pictures,
    unsized_pictures,
    bare_buttons,
    tight_grounds,
    lost_gaps,
    unbounded_widths,
    shown_secrets,
    unknown_properties,
)
