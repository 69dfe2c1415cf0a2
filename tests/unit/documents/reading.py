"""The words of Markdown that readers see, for tests of imports: block by block, in order."""

import re

from markdown_it import MarkdownIt
from mdit_py_plugins.footnote import footnote_plugin


def shown(markdown: str) -> list[tuple[str, str]]:
    """Each run of words with the kind of its block: ``("h2", "What Next")``."""
    found = []
    kinds: list[str] = []
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"]).use(footnote_plugin)
    for token in parser.parse(markdown):
        if token.type.endswith("_open"):
            kinds.append(token.tag or token.type.removesuffix("_open"))
        elif token.type.endswith("_close"):
            kinds.pop()
        elif token.type == "inline":
            found.append((_kind(kinds), _words(token.children or [])))
        elif token.type in {"fence", "code_block"}:
            found.append(("pre", token.content.strip("\n")))
        elif token.type == "hr":
            found.append(("hr", ""))
    return found


def plain(text: str) -> str:
    """A text with single blanks, as imports make them."""
    return re.sub(r"\s+", " ", text).strip()


def _kind(kinds: list[str]) -> str:
    for kind in ("footnote", "blockquote", "th", "td", "li"):
        if kind in kinds:
            return kind
    return kinds[-1]


def _words(children: list) -> str:  # type: ignore[type-arg]
    out = ""
    for child in children:
        if child.type in {"text", "text_special", "code_inline"}:
            out += child.content
        elif child.type in {"softbreak", "hardbreak"}:
            out += " "
        elif child.type == "footnote_ref":
            out += f"^{child.meta['id'] + 1}"
    return out
