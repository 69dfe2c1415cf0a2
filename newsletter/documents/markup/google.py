"""What Google Docs saves as a web page made ordinary: its classes, its lists, its redirects."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

Element = Any

_RULE = re.compile(r"\.(c\d+)\s*\{([^{}]*)\}")
_LIST = re.compile(r"\blst-kix_(?P<name>\w{1,100})-(?P<level>\d)\b")


def is_google(root: Element) -> bool:
    """Whether a page was saved by Google Docs."""
    return any("doc-content" in (body.get("class") or "") for body in root.iter("body"))


def clean_google(root: Element) -> None:
    """Write what style sheets say into the elements, nest the lists, and mark the title."""
    rules = {
        name: said for sheet in root.iter("style") for name, said in _RULE.findall(sheet.text or "")
    }
    for element in root.iter("p", "span", "li", "h1", "h2", "h3", "h4", "h5", "h6"):
        names = (element.get("class") or "").split()
        said = [*(rules[name] for name in names if name in rules), element.get("style") or ""]
        if element.tag in {"p", "span", "li"}:
            element.set("style", ";".join(said))
        if element.tag == "p" and "title" in names:
            element.tag = "h1"
    _nest_lists(root)


def direct(address: str) -> str:
    """The address that a redirect of Google leads to; any other as it is."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return address
    if parts.hostname != "www.google.com" or parts.path != "/url":
        return address
    query = parse_qs(parts.query)
    found = query.get("q") or query.get("url") or [""]
    return found[0] if re.match(r"https?://", found[0]) else address


def _nest_lists(root: Element) -> None:
    """Put lists, which stand below each other whatever their level, into each other."""
    stack: list[tuple[str, int, Element]] = []
    for element in list(root.iter("ul", "ol")):
        found = _LIST.search(element.get("class") or "")
        if found is None:
            continue
        name, level = found["name"], int(found["level"])
        follows = bool(stack) and element.getprevious() is stack[0][2] and stack[0][0] == name
        while stack and (not follows or stack[-1][1] > level):
            stack.pop()
        if stack and stack[-1][1] == level:
            stack[-1][2].extend(list(element))
            element.drop_tree()
            continue
        if stack and len(stack[-1][2]):
            element.tail = None
            stack[-1][2][-1].append(element)
        stack.append((name, level, element))
