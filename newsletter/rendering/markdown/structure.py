"""What Markdown would leave out without a word: text that lies too deep, and lost footnotes."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.token import Token

DEEPEST = 20
"""How far quotations (each one step) and lists (each two) may stand inside of each other."""

_TOO_DEEP = "too_deep"
_NO_MARK = "footnote_without_mark"


def watch_depth(parser: MarkdownIt) -> None:
    """Let the parser leave a token where it would drop what lies deeper than ``DEEPEST``."""
    parser.options["maxNesting"] = DEEPEST + 10  # a list is two steps at once, so it is passed by
    parser.block.ruler.before("table", _TOO_DEEP, _too_deep)


def lost_footnotes(env: Mapping[str, Any]) -> Iterator[Token]:
    """A token for each footnote whose mark stands nowhere. ``env`` is the parser's own."""
    for name, number in env.get("footnotes", {}).get("refs", {}).items():
        if number < 0:
            yield Token(_NO_MARK, "", 0, content=name.removeprefix(":"))


def structure_faults(token: Token) -> Iterator[str]:
    """What readers would not see of a block, in a sentence that says what to do."""
    line = token.map[0] + 1 if token.map else 0
    if token.type == _TOO_DEEP:
        yield (
            f"line {line} of the body lies deeper than {DEEPEST // 2} lists or {DEEPEST} "
            "quotations: use fewer levels"
        )
    if token.type == _NO_MARK:
        yield (
            f"no reader would see the footnote [^{token.content}], for nothing refers to it: "
            f"write [^{token.content}] where it belongs, or remove it"
        )
    if _depth(token.children or []) > DEEPEST:
        yield (
            f"the paragraph on line {line} of the body has more than {DEEPEST} marks of emphasis "
            r"inside of each other: remove some, or write \* for a star"
        )


def nothing_seen(tokens: Sequence[Token]) -> Iterator[str]:
    """A text of which only marks are there: lines across, empty quotations, unused addresses."""
    if not any(token.content.strip() for token in tokens):
        yield "no reader would see a word of its body: look whether all of it is marks of Markdown"


def _too_deep(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    if silent or state.level <= DEEPEST:
        return False
    token = state.push(_TOO_DEEP, "", 0)
    token.map, token.content = [start, end], state.getLines(start, end, 0, False)
    state.line = end
    return True


def _depth(children: Sequence[Token]) -> int:
    return max(accumulate((child.nesting for child in children), initial=0))
